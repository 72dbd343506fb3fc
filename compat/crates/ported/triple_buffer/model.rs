//! A reader sees the newest of what was published, whole.

use super::{Ends, Model};
use selvedge::cell::UnsafeCell;
use selvedge::{Kind, thread};
use triple_buffer::TripleBuffer;

pub(super) const MODELS: [Model; 1] = [("two letters", two_letters, Ends::Weak)];
pub(super) const BUG: (&str, fn(), Kind) = ("two letters", two_letters, Kind::DataRace);

/// Memory of which a model says when it is used.
#[derive(Default)]
struct Letter(UnsafeCell<u32>);

fn two_letters() {
    let (mut input, mut output) = TripleBuffer::<Letter>::default().split();
    let writer = thread::spawn(move || {
        for letter in 1..=2 {
            // SAFETY: 1. the buffer is this thread's
            input.input_buffer_mut().0.with_mut(|it| unsafe { *it = letter });
            input.publish();
        }
    });
    let mut last = 0;
    for _ in 0..2 {
        // SAFETY: 1. the buffer is this thread's
        let read = output.read().0.with(|it| unsafe { *it });
        assert!(read >= last);
        last = read;
    }
    writer.join().unwrap();
    // SAFETY: 1. the buffer is this thread's
    assert_eq!(output.read().0.with(|it| unsafe { *it }), 2);
}
