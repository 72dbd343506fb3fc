//! Messages arrive in order; who waits for room or for a message is woken.

use super::{Ends, Model};
use async_channel::{bounded, unbounded};
use selvedge::cell::UnsafeCell;
use selvedge::{Kind, future, thread};

pub(super) const MODELS: [Model; 3] = [
    ("no room", no_room, Ends::Weak),
    ("a message", a_message, Ends::Weak),
    ("closed", closed, Ends::Weak),
];
pub(super) const BUG: (&str, fn(), Kind) = ("no room", no_room, Kind::Deadlock);

/// Memory of which a model says when it is used.
struct Letter(UnsafeCell<u32>);

impl Letter {
    fn new(text: u32) -> Box<Letter> {
        let letter = Box::new(Letter(UnsafeCell::new(0)));
        // SAFETY: 1. it is this thread's
        letter.0.with_mut(|it| unsafe { *it = text });
        letter
    }

    fn read(&self) -> u32 {
        // SAFETY: 1. nobody writes it any more
        self.0.with(|it| unsafe { *it })
    }
}

fn no_room() {
    let (sender, receiver) = bounded(1);
    sender.try_send(1).unwrap();
    let other = thread::spawn(move || future::block_on(sender.send(2)).unwrap());
    assert_eq!(receiver.try_recv(), Ok(1));
    other.join().unwrap();
    assert_eq!(receiver.try_recv(), Ok(2));
}

fn a_message() {
    let (sender, receiver) = bounded(1);
    let other = thread::spawn(move || {
        sender.try_send(Letter::new(1)).ok().unwrap();
        sender
    });
    assert_eq!(future::block_on(receiver.recv()).unwrap().read(), 1);
    other.join().unwrap();
}

fn closed() {
    let (sender, receiver) = unbounded::<u32>();
    let other = thread::spawn(move || drop(sender));
    assert!(future::block_on(receiver.recv()).is_err());
    other.join().unwrap();
}
