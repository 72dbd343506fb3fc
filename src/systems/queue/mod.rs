//! Queue: one single-producer lane for each sender, one receiver, between threads and between
//! processes.
//!
//! ```
//! use selvedge::systems::queue::bounded;
//! use std::thread;
//!
//! let (sender, receiver) = bounded(4);
//! let producer = thread::spawn(move || {
//!     for n in 1..=5 {
//!         sender.send(n * n).unwrap();
//!     }
//! }); // dropping the sender closes it
//! assert_eq!(receiver.drain(), Ok(vec![1, 4, 9, 16, 25]));
//! producer.join().unwrap();
//! ```
//!
//! What it promises, and the models show:
//!
//! * Nothing is lost: [`drain`](Receiver::drain) returns every item that was sent, each sender's in
//!   its order.
//! * The end of the stream is a fact, never a guess: every sender has closed or is known to have
//!   died, and nothing is left. [`is_empty`](Receiver::is_empty) says nothing about it.
//! * "Finished" and "died" are answers of different types. A sender that dies, at whatever step,
//!   leaves what it had sent before.
//! * Nobody sleeps for ever: closing, dying and the receiver's end wake who waits.
//!
//! No lock and no counter is shared between processes: a worker has a socket of its own, and its
//! death can harm nobody else. A worker's `join` takes in what the worker still sends, so joining
//! before draining ends.
//!
//! # How it differs from `std::sync::mpsc`
//!
//! Room is counted for each sender. Items of different senders arrive in no particular order. A
//! sender is not `Sync`: clone it.

use super::Model;
use crate::sync::Arc;

// The fault first: it is what the rest may be broken by.
mod fault;
// How a sleeper is woken; one lane; many lanes; the two ends; the way between processes.
mod bell;
mod error;
mod hub;
mod lane;
mod pipe;
mod receiver;
mod sender;
// What is done with it.
mod demo;
mod models;
pub mod subject;

pub use demo::{Demo, DemoError, demo, register};
pub use error::{
    Death, Died, Producers, Reason, RecvError, RecvTimeoutError, SendError, SendTimeoutError,
    TryRecvError, TrySendError,
};
pub use pipe::check_bytes;
pub use receiver::Receiver;
pub use sender::Sender;

/// The models of this system.
pub const MODELS: &[Model] = models::MODELS;

/// A queue in which each sender has room for so many items.
///
/// # Panics
///
/// If `capacity` is 0.
#[must_use]
pub fn bounded<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    let (local, receiver) = bounded_with(capacity, fault::Fault::None);
    (Sender::local(local), receiver)
}

/// The same, with a fault, and with the end that models use.
fn bounded_with<T>(capacity: usize, fault: fault::Fault) -> (hub::Local<T>, Receiver<T>) {
    assert!(capacity > 0, "a queue without room");
    let hub = Arc::new(hub::Hub::new("receiver", hub::Arrivals::new()));
    let local = hub::Local::new(&hub, capacity, fault, |_| ());
    (local, Receiver::new(hub, capacity))
}
