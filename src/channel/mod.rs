//! `crossbeam_channel`, as the engines see it: `bounded` and `unbounded`, any number of producers
//! and consumers.
//!
//! Without the feature `model` these are crossbeam's own. crossbeam's channels cannot be modelled
//! (they are made of std's atomics), so with it they are made of this crate's
//! [`Mutex`](crate::sync::Mutex) and [`Condvar`](crate::sync::Condvar), inside of a model and
//! outside; the errors are crossbeam's own types.

#[cfg(not(feature = "model"))]
pub use crossbeam_channel::*;

#[cfg(feature = "model")]
mod modelled;

#[cfg(feature = "model")]
pub use crossbeam_channel::{
    RecvError, RecvTimeoutError, SendError, SendTimeoutError, TryRecvError, TrySendError,
};
#[cfg(feature = "model")]
pub use modelled::{IntoIter, Iter, Receiver, Sender, TryIter, bounded, unbounded};
