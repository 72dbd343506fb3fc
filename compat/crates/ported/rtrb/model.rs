//! A queue of one thread to another: in order, each item once, and what is left is dropped.

use super::{Ends, Model};
use rtrb::RingBuffer;
use selvedge::cell::UnsafeCell;
use selvedge::{Kind, thread};

pub(super) const MODELS: [Model; 2] =
    [("three letters", three_letters, Ends::Weak), ("a letter left", a_letter_left, Ends::Weak)];
pub(super) const BUG: (&str, fn(), Kind) = ("a letter left", a_letter_left, Kind::DataRace);

/// Memory of which a model says when it is used.
struct Letter(UnsafeCell<u32>);

impl Letter {
    fn new(text: u32) -> Letter {
        let letter = Letter(UnsafeCell::new(0));
        letter.write(text);
        letter
    }

    fn write(&self, text: u32) {
        // SAFETY: 1. it is this thread's
        self.0.with_mut(|it| unsafe { *it = text });
    }

    fn read(&self) -> u32 {
        // SAFETY: 1. it is this thread's
        self.0.with(|it| unsafe { *it })
    }
}

impl Drop for Letter {
    fn drop(&mut self) {
        self.write(0);
    }
}

/// Through a buffer with room for two.
fn three_letters() {
    let (mut producer, mut consumer) = RingBuffer::new(2);
    let writer = thread::spawn(move || {
        for text in 1..=3 {
            while producer.is_full() {
                thread::yield_now();
            }
            producer.push(Letter::new(text)).ok().unwrap();
        }
    });
    for text in 1..=3 {
        while consumer.is_empty() {
            thread::yield_now();
        }
        assert_eq!(consumer.pop().unwrap().read(), text);
    }
    writer.join().unwrap();
}

/// Whoever comes last drops the letter.
fn a_letter_left() {
    let (mut producer, consumer) = RingBuffer::new(1);
    let writer = thread::spawn(move || producer.push(Letter::new(1)).ok().unwrap());
    drop(consumer);
    writer.join().unwrap();
}
