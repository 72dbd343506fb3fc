//! `LazyLock`

use super::{Mutex, PoisonError};
use crate::execution;
use std::fmt;
use std::ops::Deref;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// [`std::sync::LazyLock`], modelled: in a model every execution creates its own value.
///
/// The initialiser must be a function (or a closure that captures nothing), as is usual for
/// statics.
///
/// As in std, the values are dropped with the `LazyLock`, and a static is never dropped. So a
/// static's values are never dropped and stay allocated, one value for each execution that used the
/// static. A reference to a value may outlive its execution; using its primitives is then refused.
/// If an execution ends while a `LazyLock` that it used still exists, the model has no leaks: the
/// remaining objects may be inside the `LazyLock`.
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
    /// Identifies this lock, wherever it moves; 0 until its first use in a model.
    number: AtomicUsize,
    /// The values that models created. invariant: values are only added, so references to them may
    /// live as long as this.
    made: std::sync::Mutex<Vec<Box<T>>>,
}

impl<T> LazyLock<T> {
    /// Creates a lazy value that `init` initialises on first use.
    pub const fn new(init: fn() -> T) -> Self {
        let made = std::sync::Mutex::new(Vec::new());
        LazyLock { init, std: std::sync::LazyLock::new(init), number: AtomicUsize::new(0), made }
    }

    /// Returns the value, and initialises it first if necessary.
    ///
    /// # Panics
    /// If `init` panics or has panicked before.
    #[track_caller]
    pub fn force(this: &LazyLock<T>) -> &T {
        if !execution::is_modelled() {
            return &this.std;
        }
        const KEPT: &str = "only thread-locals are destroyed before their execution";
        let key = this.key();
        // A lock of its own makes the first use a point where threads meet, and orders the
        // initialisation before every use: whatever else the value is made of is created under it.
        // It is poisoned when `init` panics.
        let lock: Rc<Mutex<()>> =
            execution::local((key + 1, None), || Mutex::first_come((), key)).expect(KEPT);
        let Ok(held) = lock.lock() else {
            panic!("LazyLock instance has previously been poisoned")
        };
        let place: Rc<usize> =
            execution::local((key, None), || this.add((this.init)())).expect(KEPT);
        drop(held);
        this.get(*place)
    }

    fn made(&self) -> std::sync::MutexGuard<'_, Vec<Box<T>>> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stores a value and returns its index.
    fn add(&self, value: T) -> usize {
        let mut made = self.made();
        made.push(Box::new(value));
        made.len() - 1
    }

    fn get(&self, place: usize) -> &T {
        let made = self.made();
        // SAFETY: 1. what is in `made` stays in it until `self` is dropped, which this borrow
        // prevents; and when the list moves, what its boxes own does not
        #[allow(unsafe_code)]
        unsafe {
            &*std::ptr::from_ref(&*made[place])
        }
    }

    /// Returns the key under which an execution keeps the value; the next key is the lock's.
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
    /// The current execution forgets the lock; the values are dropped with their list.
    fn drop(&mut self) {
        let number = *self.number.get_mut();
        if number != 0 && execution::is_modelled() {
            execution::refuse_if_weak("a LazyLock that is no static");
            execution::forget_local((number, None));
            execution::forget_local((number + 1, None));
        }
    }
}

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
