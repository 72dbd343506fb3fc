//! `LazyLock`

use super::{Mutex, PoisonError};
use crate::execution;
use std::fmt;
use std::ops::Deref;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// [`std::sync::LazyLock`], modelled: in a model every execution makes a value of its own.
///
/// Only a function (or a closure that captures nothing) can be its initialiser, as is usual for
/// statics.
///
/// As in std, the values go when the `LazyLock` goes, and a static never goes: its values are not
/// dropped, and their memory stays in use, one value for each execution that used the static. A
/// reference to a value may outlive the execution; the primitives in the value are refused then. A
/// model whose executions end while a `LazyLock` that they used is still there has no leaks: what
/// is left may stand in the `LazyLock`.
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
    /// What models made of it. invariant: values are added only, so that references to them may
    /// live as long as this.
    made: std::sync::Mutex<Vec<Box<T>>>,
}

impl<T> LazyLock<T> {
    /// A value that `init` makes at the first use.
    pub const fn new(init: fn() -> T) -> Self {
        let made = std::sync::Mutex::new(Vec::new());
        LazyLock { init, std: std::sync::LazyLock::new(init), number: AtomicUsize::new(0), made }
    }

    /// The value, made now if it was not yet.
    ///
    /// # Panics
    /// If `init` panics, or has panicked before.
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
            execution::local((key + 1, None), || Mutex::first_come(())).expect(KEPT);
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

    /// Keeps a value, and says where.
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
    /// The execution that runs forgets it; the values go with their list.
    fn drop(&mut self) {
        let number = *self.number.get_mut();
        if number != 0 && execution::is_modelled() {
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
