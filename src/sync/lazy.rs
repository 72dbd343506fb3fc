//! `LazyLock`

use super::Once;
use std::cell::UnsafeCell;
use std::fmt;
use std::ops::Deref;
use std::panic::{RefUnwindSafe, UnwindSafe};

/// [`std::sync::LazyLock`], modelled.
///
/// A static is initialised anew in each execution of a model that uses it. As in std, what a static
/// holds is never dropped: the value of each execution stays allocated, for a reference to it may
/// outlive the execution. Objects inside of such a value are no leak of the model.
///
/// ```
/// use selvedge::sync::{LazyLock, Mutex};
///
/// static BALANCE: LazyLock<Mutex<u64>> = LazyLock::new(|| Mutex::new(0));
/// *BALANCE.lock().unwrap() += 5;
/// ```
pub struct LazyLock<T, F = fn() -> T> {
    once: Once,
    value: UnsafeCell<Option<T>>,
    /// What makes the value. In a static it stays: each execution, and whoever is outside of all,
    /// calls a copy.
    init: UnsafeCell<Option<F>>,
}

// SAFETY: 1. as std's: the value is made and written once, inside of `once`, and shared from then
// on; and so is `init` taken
#[allow(unsafe_code)]
unsafe impl<T: Send + Sync, F: Send> Sync for LazyLock<T, F> {}

impl<T: RefUnwindSafe + UnwindSafe, F: UnwindSafe> RefUnwindSafe for LazyLock<T, F> {}
impl<T: UnwindSafe, F: UnwindSafe> UnwindSafe for LazyLock<T, F> {}

impl<T, F: FnOnce() -> T> LazyLock<T, F> {
    /// Creates a lazy value that `init` initialises on first use.
    #[track_caller]
    pub const fn new(init: F) -> Self {
        LazyLock {
            once: Once::new(),
            value: UnsafeCell::new(None),
            init: UnsafeCell::new(Some(init)),
        }
    }

    /// Returns the value, and initialises it first if necessary.
    ///
    /// # Panics
    /// If `init` panics or has panicked before.
    #[track_caller]
    pub fn force(this: &LazyLock<T, F>) -> &T {
        this.once.call(true, |state| {
            assert!(!state.is_poisoned(), "LazyLock instance has previously been poisoned");
            let made = (this.take())();
            // SAFETY: 2. `once` lets one thread in, and nobody reads before it has completed
            #[allow(unsafe_code)]
            unsafe {
                *this.once.place_of(&this.value) = Some(made);
            }
        });
        // SAFETY: 3. `once` has completed: nobody writes the value any more
        #[allow(unsafe_code)]
        let value = unsafe { (*this.once.place_of(&this.value)).as_ref() };
        value.expect("just initialised")
    }

    /// What makes the value, for the one who is in `once`.
    fn take(&self) -> F {
        const ONCE: &str = "nobody has called it";
        let init = self.init.get();
        // SAFETY: 4. `once` lets one thread in. 5. a static's is a constant, which nobody changes
        // or drops: a copy of its bytes is what the compiler would make of the constant once more
        #[allow(unsafe_code)]
        unsafe {
            match self.once.is_static() {
                true => init.read().expect(ONCE),
                false => (*init).take().expect(ONCE),
            }
        }
    }
}

impl<T, F: FnOnce() -> T> Deref for LazyLock<T, F> {
    type Target = T;

    #[track_caller]
    fn deref(&self) -> &T {
        LazyLock::force(self)
    }
}

impl<T: Default> Default for LazyLock<T> {
    #[track_caller]
    fn default() -> Self {
        LazyLock::new(T::default)
    }
}

impl<T, F> fmt::Debug for LazyLock<T, F> {
    /// Shows only the type: reading the value would be an operation of its own.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LazyLock").finish_non_exhaustive()
    }
}
