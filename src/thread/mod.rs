//! `std::thread`, as the engines see it: the same names, signatures and semantics.
//!
//! In a model threads are green: they switch only at the operations of this crate, and no time
//! passes in [`sleep`]. As in std, joining a thread that panicked returns the panic. A panic in a
//! thread that is never joined fails the model.

#[cfg(not(feature = "model"))]
pub use std::thread::*;

#[cfg(feature = "model")]
mod local;
#[cfg(feature = "model")]
mod scope;
#[cfg(feature = "model")]
mod spawn;

#[cfg(feature = "model")]
#[doc(hidden)]
pub use self::spawn::{clock, spawn_green};
#[cfg(feature = "model")]
#[allow(deprecated, reason = "std has them")]
pub use self::spawn::{park_timeout_ms, sleep_ms};
#[cfg(feature = "model")]
pub use self::{
    local::{AccessError, LocalKey},
    scope::{Scope, ScopedJoinHandle, scope},
    spawn::{
        Builder, JoinHandle, Thread, ThreadId, current, park, park_timeout, sleep, spawn, yield_now,
    },
};
#[cfg(feature = "model")]
pub use std::thread::{Result, available_parallelism, panicking};
