//! Each thread has its own value, and who iterates sees the values of the others whole.

use super::{Ends, Model};
use selvedge::cell::UnsafeCell;
use selvedge::{Kind, thread};
use thread_local::ThreadLocal;

pub(super) const MODELS: [Model; 2] =
    [("two threads", two_threads, Ends::Weak), ("an iterator", an_iterator, Ends::Weak)];
pub(super) const BUG: (&str, fn(), Kind) = ("two threads", two_threads, Kind::Panic);

/// Memory of which a model says when it is used.
struct Letter(UnsafeCell<u32>);

// SAFETY: 1. who uses it when is what the models check
unsafe impl Sync for Letter {}

impl Letter {
    fn new(text: u32) -> Letter {
        let letter = Letter(UnsafeCell::new(0));
        // SAFETY: 1. it is this thread's
        letter.0.with_mut(|it| unsafe { *it = text });
        letter
    }

    fn read(&self) -> u32 {
        // SAFETY: 1. nobody writes it any more
        self.0.with(|it| unsafe { *it })
    }
}

/// Both find that a bucket for two is to be made. A thread that comes late takes the number of the
/// one that has gone, and the letter.
fn two_threads() {
    let local = ThreadLocal::new();
    local.get_or(|| Letter::new(0));
    thread::scope(|scope| {
        for text in [1, 2] {
            let local = &local;
            scope.spawn(move || {
                let letter = local.get_or(|| Letter::new(text));
                assert!(local.get().is_some_and(|found| std::ptr::eq(found, letter)));
                letter.read()
            });
        }
    });
}

fn an_iterator() {
    let local = ThreadLocal::with_capacity(1);
    thread::scope(|scope| {
        scope.spawn(|| local.get_or(|| Letter::new(1)).read());
        assert!(local.iter().all(|letter| letter.read() == 1));
    });
    assert_eq!(local.iter().count(), 1);
}
