//! `std::sync`, as loom has it.

pub mod atomic;
mod notify;

pub use notify::Notify;
pub use selvedge::sync::mpsc;
pub use selvedge::sync::{
    Arc, Barrier, BarrierWaitResult, Condvar, LockResult, Mutex, MutexGuard, RwLock,
    RwLockReadGuard, RwLockWriteGuard, TryLockResult, WaitTimeoutResult,
};
