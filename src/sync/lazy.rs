//! `LazyLock`

use super::{Mutex, PoisonError};
use crate::runtime::{self, Engine};
use std::fmt;
use std::ops::Deref;
use std::rc::Rc;

/// [`std::sync::LazyLock`], modelled: in a model it is made anew in every execution, and dropped at its end.
///
/// Only a function (or a closure that captures nothing) can be its initialiser, as is usual for statics.
///
/// ```
/// use selvedge::sync::{LazyLock, Mutex};
///
/// static BALANCE: LazyLock<Mutex<u64>> = LazyLock::new(|| Mutex::new(0));
/// *BALANCE.lock().unwrap() += 5;
/// ```
pub struct LazyLock<T: 'static> {
    init: fn() -> T,
    std: std::sync::LazyLock<T>,
}

impl<T> LazyLock<T> {
    /// A value that `init` makes at the first use.
    pub const fn new(init: fn() -> T) -> Self {
        LazyLock { init, std: std::sync::LazyLock::new(init) }
    }

    /// The value, made now if it was not yet.
    #[track_caller]
    pub fn force(this: &LazyLock<T>) -> &T {
        if runtime::engine() == Engine::Std {
            return &this.std;
        }
        let address = std::ptr::from_ref(this).addr();
        // A lock of its own makes the first use a point where threads meet, and orders the initialisation before
        // every use. The odd address keeps it apart from the value.
        let lock = runtime::local((address.wrapping_add(1), None), || Mutex::new(()));
        let held = lock.lock().unwrap_or_else(PoisonError::into_inner);
        let value = runtime::local((address, None), this.init);
        drop(held);
        // SAFETY: 1. the execution holds this `Rc` until all of its threads are done, or leaks it; a reference
        // cannot outlive the thread's use of the static in its execution (a model's values are refused elsewhere)
        #[allow(unsafe_code)]
        unsafe {
            &*Rc::as_ptr(&value)
        }
    }
}

// SAFETY: 2. as std's: the value is initialised once, and shared from then on
#[allow(unsafe_code)]
unsafe impl<T: Send + Sync> Sync for LazyLock<T> {}

impl<T> Deref for LazyLock<T> {
    type Target = T;

    #[track_caller]
    fn deref(&self) -> &T {
        LazyLock::force(self)
    }
}

impl<T: fmt::Debug> fmt::Debug for LazyLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LazyLock").finish_non_exhaustive()
    }
}
