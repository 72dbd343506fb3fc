//! `Mutex`

use super::{LockResult, Named, PoisonError, TryLockError, TryLockResult};
use crate::execution::constant::{self, Lent};
use crate::execution::lock::{self, Mode};
use crate::execution::{Hold, Home};
use crate::trace::ObjectKind;
use std::cell::UnsafeCell;
use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::panic::{AssertUnwindSafe, Location};
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether a holder panicked. As in std, this is a flag beside the lock, not a lock itself.
#[derive(Debug)]
pub(super) struct Poison(UnsafeCell<AtomicBool>);

// SAFETY: 4. what is in it is only ever shared, as an atomic is
#[allow(unsafe_code)]
unsafe impl Sync for Poison {}

impl Poison {
    pub(super) const fn new() -> Poison {
        Poison(UnsafeCell::new(AtomicBool::new(false)))
    }

    /// The flag of the running execution, if the lock is a static.
    pub(super) fn of(&self, home: &Home) -> Flag<'_> {
        let flag = constant::place_of(home, &self.0, Lent::Guarded, AtomicBool::default);
        // SAFETY: see 4.; and what is made for an execution lives as long as that
        #[allow(unsafe_code)]
        Flag(unsafe { &*flag })
    }

    /// The flag of a lock that nobody else has.
    pub(super) fn into_inner(self) -> bool {
        self.0.into_inner().into_inner()
    }
}

/// The flag of a [`Poison`].
#[derive(Clone, Copy)]
pub(super) struct Flag<'a>(&'a AtomicBool);

impl Flag<'_> {
    // Relaxed, here and below, as in std: the lock itself orders these accesses
    pub(super) fn get(self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    pub(super) fn clear(self) {
        self.0.store(false, Ordering::Relaxed);
    }

    /// Ends a guard: poisons the lock if its holder started to panic while it held the lock.
    pub(super) fn done(self, panicking_before: bool) {
        if !panicking_before && std::thread::panicking() {
            self.0.store(true, Ordering::Relaxed);
        }
    }

    pub(super) fn result<T>(self, value: T) -> LockResult<T> {
        poisoned(self.get(), value)
    }
}

/// What an operation on a lock returns.
pub(super) fn poisoned<T>(is_poisoned: bool, value: T) -> LockResult<T> {
    if is_poisoned { Err(PoisonError::new(value)) } else { Ok(value) }
}

/// [`std::sync::Mutex`], modelled.
///
/// ```
/// use selvedge::sync::Mutex;
///
/// let balance = Mutex::new(0);
/// *balance.lock().unwrap() += 5;
/// assert_eq!(balance.into_inner().unwrap(), 5);
/// ```
pub struct Mutex<T: ?Sized> {
    pub(crate) home: Home,
    pub(super) std: std::sync::Mutex<()>,
    pub(super) poison: Poison,
    data: UnsafeCell<T>,
}

// SAFETY: 1. as std's: a mutex hands its data to one thread at a time, so sending it, or a
// reference to it, to another thread moves the data at the most.
#[allow(unsafe_code)]
unsafe impl<T: ?Sized + Send> Send for Mutex<T> {}
// SAFETY: see 1.
#[allow(unsafe_code)]
unsafe impl<T: ?Sized + Send> Sync for Mutex<T> {}

impl<T: ?Sized> std::panic::UnwindSafe for Mutex<T> {}
impl<T: ?Sized> std::panic::RefUnwindSafe for Mutex<T> {}

/// [`std::sync::MutexGuard`], modelled.
///
/// As in std, threads may share a guard only if they may share its data:
///
/// ```compile_fail,E0277
/// let mutex = selvedge::sync::Mutex::new(std::cell::Cell::new(0));
/// let guard = mutex.lock().unwrap();
/// std::thread::scope(|s| _ = s.spawn(|| guard.set(1)));
/// ```
#[must_use = "if unused the Mutex will immediately unlock"]
pub struct MutexGuard<'a, T: ?Sized> {
    pub(super) mutex: &'a Mutex<T>,
    /// Where the data is. A guard of a static may outlive its execution. As in std, the guard is
    /// unwind-safe whatever the data is.
    data: AssertUnwindSafe<*mut T>,
    /// What holds the lock outside of an engine.
    pub(super) std: Option<std::sync::MutexGuard<'a, ()>>,
    pub(super) panicking: bool,
    /// How the lock is held: a knockout may have skipped it.
    pub(super) hold: Hold,
    location: &'static Location<'static>,
    stays: Stays,
}

/// Makes a guard neither `Send` nor `Sync`, except through an explicit `unsafe impl`. A guard's
/// fields must not decide that: a reference to a lock may be shareable where a reference to the
/// data is not.
pub(super) type Stays = PhantomData<*const ()>;

// SAFETY: 2. as std's: all that a shared guard lends is a shared reference to the data
#[allow(unsafe_code)]
unsafe impl<T: ?Sized + Sync> Sync for MutexGuard<'_, T> {}

impl<T> Mutex<T> {
    /// Creates an unlocked mutex.
    #[track_caller]
    pub const fn new(value: T) -> Self {
        Mutex::with_home(Home::new(ObjectKind::Mutex), value)
    }

    /// Creates a mutex that is part of another facade type.
    #[track_caller]
    pub(crate) const fn part(value: T) -> Self {
        Mutex::with_home(Home::part(ObjectKind::Mutex), value)
    }

    const fn with_home(home: Home, value: T) -> Self {
        let (std, poison) = (std::sync::Mutex::new(()), Poison::new());
        Mutex { home, std, poison, data: UnsafeCell::new(value) }
    }

    /// Consumes the mutex and returns the value.
    ///
    /// # Errors
    /// If the mutex is poisoned. The error holds the value.
    pub fn into_inner(self) -> LockResult<T> {
        let Mutex { poison, data, .. } = self;
        poisoned(poison.into_inner(), data.into_inner())
    }
}

impl<T: ?Sized> Mutex<T> {
    /// Where the data is: in itself, but for a static in a model.
    fn data(&self) -> *mut T {
        constant::place(&self.home, &self.data, Lent::Guarded)
    }

    pub(super) fn poison(&self) -> Flag<'_> {
        self.poison.of(&self.home)
    }

    /// Acquires the mutex, blocking until it is available.
    ///
    /// # Errors
    /// If a holder panicked. The error holds the guard.
    ///
    /// # Panics
    /// In a model, if the mutex belongs to another execution.
    #[track_caller]
    pub fn lock(&self) -> LockResult<MutexGuard<'_, T>> {
        let (std, hold) = match self.home.is_modelled() {
            false => (
                Some(self.std.lock().unwrap_or_else(PoisonError::into_inner)),
                Hold::plain(Mode::Write),
            ),
            true => (None, lock::acquire(&self.home, Mode::Write)),
        };
        self.poison().result(self.guard(std, hold))
    }

    /// Acquires the mutex if it is available.
    ///
    /// # Errors
    /// `WouldBlock` if it is not; `Poisoned`, with the guard, if a holder panicked.
    #[track_caller]
    pub fn try_lock(&self) -> TryLockResult<MutexGuard<'_, T>> {
        let (std, hold) = match self.home.is_modelled() {
            false => match self.std.try_lock() {
                Ok(guard) => (Some(guard), Some(Hold::plain(Mode::Write))),
                Err(TryLockError::Poisoned(guard)) => {
                    (Some(guard.into_inner()), Some(Hold::plain(Mode::Write)))
                }
                Err(TryLockError::WouldBlock) => (None, None),
            },
            true => (None, lock::try_acquire(&self.home, Mode::Write)),
        };
        let hold = hold.ok_or(TryLockError::WouldBlock)?;
        Ok(self.poison().result(self.guard(std, hold))?)
    }

    #[track_caller]
    pub(super) fn guard<'a>(
        &'a self,
        std: Option<std::sync::MutexGuard<'a, ()>>,
        hold: Hold,
    ) -> MutexGuard<'a, T> {
        let (panicking, location) = (std::thread::panicking(), Location::caller());
        let data = AssertUnwindSafe(self.data());
        MutexGuard { mutex: self, data, std, panicking, hold, location, stays: PhantomData }
    }

    /// Returns `true` if a holder panicked.
    pub fn is_poisoned(&self) -> bool {
        self.poison().get()
    }

    /// Clears the poison flag.
    pub fn clear_poison(&self) {
        self.poison().clear();
    }

    /// Returns a mutable reference to the value. No locking is needed.
    ///
    /// # Errors
    /// If the mutex is poisoned. The error holds the reference.
    pub fn get_mut(&mut self) -> LockResult<&mut T> {
        let is_poisoned = self.poison().get();
        // SAFETY: 5. the mutex is borrowed exclusively, and what an execution keeps for a static is
        // behind it
        #[allow(unsafe_code)]
        poisoned(is_poisoned, unsafe { &mut *self.data() })
    }
}

impl<T: ?Sized> Deref for MutexGuard<'_, T> {
    type Target = T;

    #[track_caller]
    #[allow(unsafe_code)]
    fn deref(&self) -> &T {
        self.hold.lend(&self.mutex.home);
        // SAFETY: 3. the guard holds the lock, so no other guard lends out the data; or it was
        // knocked out, and the line above does not come back if another one does
        unsafe { &**self.data }
    }
}

impl<T: ?Sized> DerefMut for MutexGuard<'_, T> {
    #[track_caller]
    #[allow(unsafe_code)]
    fn deref_mut(&mut self) -> &mut T {
        self.hold.lend_mut(&self.mutex.home);
        // SAFETY: see 3., and the guard is borrowed exclusively
        unsafe { &mut **self.data }
    }
}

impl<T: ?Sized> Drop for MutexGuard<'_, T> {
    fn drop(&mut self) {
        if self.hold.is_here() {
            self.mutex.poison().done(self.panicking);
        }
        if self.std.is_none() {
            lock::release(&self.mutex.home, &self.hold, self.location);
        }
    }
}

impl<T: Default> Default for Mutex<T> {
    #[track_caller]
    fn default() -> Self {
        Mutex::new(T::default())
    }
}

impl<T> From<T> for Mutex<T> {
    #[track_caller]
    fn from(value: T) -> Self {
        Mutex::new(value)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for Mutex<T> {
    /// Like std's, but without the value: reading it would be an operation of its own.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mutex").field("poisoned", &self.poison().get()).finish_non_exhaustive()
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized> Named for Mutex<T> {
    fn set_name(&self, name: &str) {
        self.home.name(name);
    }
}
