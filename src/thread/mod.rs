//! `std::thread`, as the engines see it: the same names, signatures and semantics.
//!
//! In a model threads are green: they switch only at the operations of this crate, no time passes
//! in [`sleep`], and a thread that panics gives its joiner the panic, as in std. A panic that
//! nobody joined fails the model.

#[cfg(not(feature = "model"))]
pub use std::thread::*;

#[cfg(feature = "model")]
mod local;
#[cfg(feature = "model")]
mod scope;
#[cfg(feature = "model")]
mod spawn;

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
