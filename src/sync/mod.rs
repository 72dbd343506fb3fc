//! `std::sync`, as the engines see it: the same names, signatures and semantics.
//!
//! Without the feature `model` these *are* std's own types, and the dependency tree has nothing
//! else. With it, each type holds its data itself and asks at run time which engine drives the
//! current thread. Outside of a model it behaves like std's type. Under loom or shuttle its
//! operations are scheduled, recorded and judged.
//!
//! [`Arc`]'s reference counting is a branch point only where it can matter (an idiomatic loom
//! harness pays 115 to 290 times as many executions for it). A model may also use std's own `Arc`;
//! the ordering that it provides is not seen.
//!
//! Constructors are `const` as in std, and a static begins each execution with its constant:
//!
//! ```
//! use selvedge::sync::atomic::{AtomicUsize, Ordering::Relaxed};
//! use selvedge::thread;
//!
//! static HITS: AtomicUsize = AtomicUsize::new(0);
//!
//! selvedge::check(|| {
//!     let other = thread::spawn(|| HITS.fetch_add(1, Relaxed));
//!     HITS.fetch_add(1, Relaxed);
//!     other.join().unwrap();
//!     assert_eq!(HITS.load(Relaxed), 2);
//! });
//! assert_eq!(HITS.load(Relaxed), 0); // what models do is not seen outside of them
//! ```

#[cfg(not(feature = "model"))]
pub use std::sync::*;

#[cfg(feature = "model")]
mod arc;
#[cfg(feature = "model")]
pub mod atomic;
#[cfg(feature = "model")]
mod barrier;
#[cfg(feature = "model")]
mod condvar;
#[cfg(feature = "model")]
mod lazy;
#[cfg(feature = "model")]
pub mod mpsc;
#[cfg(feature = "model")]
mod mutex;
#[cfg(feature = "model")]
mod once;
#[cfg(feature = "model")]
mod rwlock;

#[cfg(feature = "model")]
#[allow(deprecated, reason = "std has it")]
pub use self::once::ONCE_INIT;
#[cfg(feature = "model")]
pub use self::{
    arc::{Arc, Weak},
    barrier::{Barrier, BarrierWaitResult},
    condvar::{Condvar, WaitTimeoutResult},
    lazy::LazyLock,
    mutex::{Mutex, MutexGuard},
    once::{Once, OnceLock, OnceState},
    rwlock::{RwLock, RwLockReadGuard, RwLockWriteGuard},
};
#[cfg(feature = "model")]
pub use std::sync::{LockResult, PoisonError, TryLockError, TryLockResult};

/// Gives an object the name under which counterexamples draw it.
///
/// Outside of a model, and without the feature `model`, this does nothing.
///
/// ```
/// use selvedge::sync::{self, Mutex};
///
/// let balance = Mutex::new(0);
/// sync::name(&balance, "balance");
/// ```
pub fn name<T: Named + ?Sized>(object: &T, name: &str) {
    object.set_name(name);
}

/// An object that [`name`] can name.
pub trait Named {
    #[doc(hidden)]
    fn set_name(&self, name: &str);
}

#[cfg(not(feature = "model"))]
impl<T: ?Sized> Named for T {
    fn set_name(&self, _name: &str) {}
}
