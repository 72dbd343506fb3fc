//! `std::sync`, as shuttle has it. Its `Arc` is std's.

pub mod atomic;

pub use selvedge::sync::{
    Barrier, BarrierWaitResult, Condvar, LockResult, Mutex, MutexGuard, Once, OnceState,
    PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, TryLockError, TryLockResult,
    WaitTimeoutResult, mpsc,
};
pub use std::sync::{Arc, Weak};
