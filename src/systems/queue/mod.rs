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
//! The models show these guarantees:
//!
//! * Nothing is lost: [`drain`](Receiver::drain) returns every item that was sent, in the order of
//!   each sender.
//! * The end of the stream is a fact, never a guess: every sender has closed or is known to have
//!   died, and no item is left. [`is_empty`](Receiver::is_empty) says nothing about it.
//! * "Finished" and "died" are answers of different types. A sender that dies, at any step, leaves
//!   the items that it had sent before.
//! * No thread sleeps for ever: closing, dying and the receiver's end wake the waiting threads.
//!
//! Processes share no lock and no counter: a worker has its own socket, and its death harms no
//! other process. A worker's `join` reads what the worker still sends, so joining before draining
//! does not block.
//!
//! # How it differs from `std::sync::mpsc`
//!
//! Room is counted per sender. Items of different senders arrive in no particular order. A sender
//! is not `Sync`: clone it.

use super::Model;
use crate::sync::Arc;

// The fault comes first: it can break the rest.
mod fault;
// How a sleeper is woken; one lane; many lanes; the two ends; the connection between processes.
mod bell;
mod error;
mod hub;
mod lane;
mod pipe;
mod receiver;
mod sender;
// The uses of the queue.
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

/// A queue in which each sender has room for `capacity` items.
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
