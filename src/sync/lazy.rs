//! `LazyLock`

use super::Mutex;
use crate::runtime::{self, Engine};
use std::fmt;
use std::ops::Deref;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};

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
    /// Tells it from all others, wherever it moves; 0 until its first use in a model.
    number: AtomicUsize,
}

impl<T> LazyLock<T> {
    /// A value that `init` makes at the first use.
    pub const fn new(init: fn() -> T) -> Self {
        LazyLock { init, std: std::sync::LazyLock::new(init), number: AtomicUsize::new(0) }
    }

    /// The value, made now if it was not yet.
    ///
    /// # Panics
    /// If `init` panics, or has panicked before.
    #[track_caller]
    pub fn force(this: &LazyLock<T>) -> &T {
        if runtime::engine() == Engine::Std {
            return &this.std;
        }
        const KEPT: &str = "only thread-locals are destroyed before their execution";
        let key = this.key();
        // A lock of its own makes the first use a point where threads meet, and orders the initialisation before
        // every use: whatever else the value is made of is created under it. It is poisoned when `init` panics.
        let lock: Rc<Mutex<()>> = runtime::local((key + 1, None), || Mutex::first_come(())).expect(KEPT);
        let Ok(held) = lock.lock() else { panic!("LazyLock instance has previously been poisoned") };
        let value = runtime::local((key, None), this.init).expect(KEPT);
        drop(held);
        // SAFETY: 1. the execution holds this `Rc` until all of its threads are done, or leaks it, or until `this` is
        // dropped; the reference cannot outlive `this`, nor a static's its execution (a model's values are refused
        // elsewhere); and the value stays where it is in the `Rc`
        #[allow(unsafe_code)]
        unsafe {
            &*Rc::as_ptr(&value)
        }
    }

    /// Under what an execution keeps the value; the number after it is the lock's.
    fn key(&self) -> usize {
        // Relaxed, here and below: only uniqueness matters
        static NEXT: AtomicUsize = AtomicUsize::new(1);
        let fresh = NEXT.fetch_add(2, Ordering::Relaxed);
        match self.number.compare_exchange(0, fresh, Ordering::Relaxed, Ordering::Relaxed) {
            Ok(_) => fresh,
            Err(number) => number,
        }
    }
}

impl<T> Drop for LazyLock<T> {
    fn drop(&mut self) {
        let number = *self.number.get_mut();
        if number != 0 && runtime::engine() != Engine::Std {
            runtime::forget_local((number, None));
            runtime::forget_local((number + 1, None));
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
