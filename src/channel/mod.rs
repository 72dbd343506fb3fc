//! `crossbeam_channel`, as the engines see it: `bounded` and `unbounded`, any number of producers
//! and consumers.
//!
//! Without the feature `model` these are crossbeam's own types. crossbeam's channels cannot be
//! modelled, because they use std's atomics. With the feature, the channels use this crate's
//! [`Mutex`](crate::sync::Mutex) and [`Condvar`](crate::sync::Condvar), inside and outside of a
//! model. The errors are crossbeam's own types.

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
