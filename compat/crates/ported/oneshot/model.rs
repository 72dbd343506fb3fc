//! A message arrives once, or its sender is known to be gone.

use super::{Ends, Model};
use oneshot::{RecvError, TryRecvError};
use selvedge::cell::UnsafeCell;
use selvedge::{Kind, future, thread};

pub(super) const MODELS: [Model; 4] = [
    ("a message", a_message, Ends::Weak),
    ("a dropped sender", a_dropped_sender, Ends::Weak),
    ("a dropped receiver", a_dropped_receiver, Ends::Weak),
    ("an awaited message", an_awaited_message, Ends::Weak),
];
pub(super) const BUG: (&str, fn(), Kind) = ("a message", a_message, Kind::DataRace);

/// Memory of which a model says when it is used.
struct Letter(UnsafeCell<u32>);

impl Letter {
    fn new() -> Box<Letter> {
        let letter = Box::new(Letter(UnsafeCell::new(0)));
        // SAFETY: 1. it is this thread's
        letter.0.with_mut(|it| unsafe { *it = 1 });
        letter
    }

    fn read(&self) -> u32 {
        // SAFETY: 1. nobody writes it any more
        self.0.with(|it| unsafe { *it })
    }
}

fn a_message() {
    let (sender, receiver) = oneshot::channel();
    let other = thread::spawn(move || sender.send(Letter::new()).unwrap());
    assert_eq!(receiver.recv().unwrap().read(), 1);
    other.join().unwrap();
}

fn a_dropped_sender() {
    let (sender, receiver) = oneshot::channel::<Box<Letter>>();
    let other = thread::spawn(move || drop(sender));
    assert!(matches!(receiver.recv_ref(), Err(RecvError)));
    assert!(matches!(receiver.try_recv(), Err(TryRecvError::Disconnected)));
    other.join().unwrap();
}

fn a_dropped_receiver() {
    let (sender, receiver) = oneshot::channel();
    let other = thread::spawn(move || drop(receiver));
    if let Err(back) = sender.send(Letter::new()) {
        assert_eq!(back.into_inner().read(), 1);
    }
    other.join().unwrap();
}

fn an_awaited_message() {
    let (sender, receiver) = oneshot::async_channel();
    let other = thread::spawn(move || sender.send(Letter::new()).unwrap());
    assert_eq!(future::block_on(receiver).unwrap().read(), 1);
    other.join().unwrap();
}
