//! `RwLock`

use super::mutex::{Flag, Poison, Stays, poisoned};
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

/// [`std::sync::RwLock`], modelled.
///
/// ```
/// use selvedge::sync::RwLock;
///
/// let rate = RwLock::new(3);
/// assert_eq!(*rate.read().unwrap(), 3);
/// *rate.write().unwrap() = 4;
/// ```
pub struct RwLock<T: ?Sized> {
    home: Home,
    std: std::sync::RwLock<()>,
    poison: Poison,
    data: UnsafeCell<T>,
}

// SAFETY: 1. as std's: readers share the data, writers have it for themselves.
#[allow(unsafe_code)]
unsafe impl<T: ?Sized + Send> Send for RwLock<T> {}
// SAFETY: see 1.
#[allow(unsafe_code)]
unsafe impl<T: ?Sized + Send + Sync> Sync for RwLock<T> {}

impl<T: ?Sized> std::panic::UnwindSafe for RwLock<T> {}
impl<T: ?Sized> std::panic::RefUnwindSafe for RwLock<T> {}

/// [`std::sync::RwLockReadGuard`], modelled.
#[must_use = "if unused the RwLock will immediately unlock"]
pub struct RwLockReadGuard<'a, T: ?Sized> {
    lock: &'a RwLock<T>,
    /// Where the data is. A guard of a static may outlive its execution.
    data: *const T,
    std: Option<std::sync::RwLockReadGuard<'a, ()>>,
    hold: Hold,
    location: &'static Location<'static>,
    /// See [`Stays`]. As in std, the guard is as unwind-safe as the data.
    stays: PhantomData<*const T>,
}

/// [`std::sync::RwLockWriteGuard`], modelled.
#[must_use = "if unused the RwLock will immediately unlock"]
pub struct RwLockWriteGuard<'a, T: ?Sized> {
    lock: &'a RwLock<T>,
    /// As that of a reader. As in std, the guard is unwind-safe whatever the data is.
    data: AssertUnwindSafe<*mut T>,
    std: Option<std::sync::RwLockWriteGuard<'a, ()>>,
    panicking: bool,
    /// How the lock is held: a knockout may have skipped or demoted it.
    hold: Hold,
    location: &'static Location<'static>,
    stays: Stays,
}

// SAFETY: 2. as std's: all that a shared guard lends is a shared reference to the data
#[allow(unsafe_code)]
unsafe impl<T: ?Sized + Sync> Sync for RwLockReadGuard<'_, T> {}
// SAFETY: see 2.
#[allow(unsafe_code)]
unsafe impl<T: ?Sized + Sync> Sync for RwLockWriteGuard<'_, T> {}

impl<T> RwLock<T> {
    /// Creates an unlocked lock.
    #[track_caller]
    pub const fn new(value: T) -> Self {
        RwLock {
            home: Home::new(ObjectKind::RwLock),
            std: std::sync::RwLock::new(()),
            poison: Poison::new(),
            data: UnsafeCell::new(value),
        }
    }

    /// Consumes the lock and returns the value.
    ///
    /// # Errors
    /// If the lock is poisoned. The error holds the value.
    pub fn into_inner(self) -> LockResult<T> {
        let RwLock { poison, data, .. } = self;
        poisoned(poison.into_inner(), data.into_inner())
    }
}

impl<T: ?Sized> RwLock<T> {
    /// Where the data is: in itself, but for a static in a model.
    fn data(&self) -> *mut T {
        constant::place(&self.home, &self.data, Lent::Guarded)
    }

    fn poison(&self) -> Flag<'_> {
        self.poison.of(&self.home)
    }

    /// Acquires the lock for reading, blocking until no writer holds it.
    ///
    /// std says that this might panic or deadlock if the thread is already reading. In a model it
    /// is a violation, unless [`Check::recursive_reads`](crate::Check::recursive_reads) allows it.
    ///
    /// # Errors
    /// If a writer panicked. The error holds the guard.
    #[track_caller]
    pub fn read(&self) -> LockResult<RwLockReadGuard<'_, T>> {
        let (std, hold) = match self.home.is_modelled() {
            false => (
                Some(self.std.read().unwrap_or_else(PoisonError::into_inner)),
                Hold::plain(Mode::Read),
            ),
            true => (None, lock::acquire(&self.home, Mode::Read)),
        };
        self.poison().result(self.reader(std, hold))
    }

    /// Acquires the lock for writing, blocking until no thread holds it.
    ///
    /// # Errors
    /// If a writer panicked. The error holds the guard.
    #[track_caller]
    pub fn write(&self) -> LockResult<RwLockWriteGuard<'_, T>> {
        let (std, hold) = match self.home.is_modelled() {
            false => (
                Some(self.std.write().unwrap_or_else(PoisonError::into_inner)),
                Hold::plain(Mode::Write),
            ),
            true => (None, lock::acquire(&self.home, Mode::Write)),
        };
        self.poison().result(self.writer(std, hold))
    }

    /// Acquires the lock for reading if no writer holds it.
    ///
    /// # Errors
    /// `WouldBlock` if a writer holds it; `Poisoned`, with the guard, if a writer panicked.
    #[track_caller]
    pub fn try_read(&self) -> TryLockResult<RwLockReadGuard<'_, T>> {
        let (std, hold) = match self.home.is_modelled() {
            false => match self.std.try_read() {
                Ok(guard) => (Some(guard), Some(Hold::plain(Mode::Read))),
                Err(TryLockError::Poisoned(guard)) => {
                    (Some(guard.into_inner()), Some(Hold::plain(Mode::Read)))
                }
                Err(TryLockError::WouldBlock) => (None, None),
            },
            true => (None, lock::try_acquire(&self.home, Mode::Read)),
        };
        let hold = hold.ok_or(TryLockError::WouldBlock)?;
        Ok(self.poison().result(self.reader(std, hold))?)
    }

    /// Acquires the lock for writing if no thread holds it.
    ///
    /// # Errors
    /// `WouldBlock` if a thread holds it; `Poisoned`, with the guard, if a writer panicked.
    #[track_caller]
    pub fn try_write(&self) -> TryLockResult<RwLockWriteGuard<'_, T>> {
        let (std, hold) = match self.home.is_modelled() {
            false => match self.std.try_write() {
                Ok(guard) => (Some(guard), Some(Hold::plain(Mode::Write))),
                Err(TryLockError::Poisoned(guard)) => {
                    (Some(guard.into_inner()), Some(Hold::plain(Mode::Write)))
                }
                Err(TryLockError::WouldBlock) => (None, None),
            },
            true => (None, lock::try_acquire(&self.home, Mode::Write)),
        };
        let hold = hold.ok_or(TryLockError::WouldBlock)?;
        Ok(self.poison().result(self.writer(std, hold))?)
    }

    #[track_caller]
    fn reader<'a>(
        &'a self,
        std: Option<std::sync::RwLockReadGuard<'a, ()>>,
        hold: Hold,
    ) -> RwLockReadGuard<'a, T> {
        let (data, location) = (self.data().cast_const(), Location::caller());
        RwLockReadGuard { lock: self, data, std, hold, location, stays: PhantomData }
    }

    #[track_caller]
    fn writer<'a>(
        &'a self,
        std: Option<std::sync::RwLockWriteGuard<'a, ()>>,
        hold: Hold,
    ) -> RwLockWriteGuard<'a, T> {
        let (panicking, location) = (std::thread::panicking(), Location::caller());
        let data = AssertUnwindSafe(self.data());
        RwLockWriteGuard { lock: self, data, std, panicking, hold, location, stays: PhantomData }
    }

    /// Returns `true` if a writer panicked.
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
    /// If the lock is poisoned. The error holds the reference.
    pub fn get_mut(&mut self) -> LockResult<&mut T> {
        let is_poisoned = self.poison().get();
        // SAFETY: 4. the lock is borrowed exclusively, and what an execution keeps for a static is
        // behind it
        #[allow(unsafe_code)]
        poisoned(is_poisoned, unsafe { &mut *self.data() })
    }
}

impl<'a, T: ?Sized> RwLockWriteGuard<'a, T> {
    /// Keeps the lock for reading, without a moment in which another writer could take it.
    ///
    /// The explorer of graphs has no model of this: it says `unknown`. Nor has loom.
    #[track_caller]
    pub fn downgrade(mut guard: Self) -> RwLockReadGuard<'a, T> {
        let (lock, data, location) = (guard.lock, *guard.data, Location::caller());
        let hold = std::mem::replace(&mut guard.hold, Hold::plain(Mode::Write));
        let std = guard.std.take();
        std::mem::forget(guard); // its destructor would unlock
        let (std, hold) = match std {
            Some(std) => (Some(std::sync::RwLockWriteGuard::downgrade(std)), hold),
            None => (None, lock::downgrade(&lock.home, hold)),
        };
        RwLockReadGuard { lock, data: data.cast_const(), std, hold, location, stays: PhantomData }
    }
}

impl<T: ?Sized> Deref for RwLockReadGuard<'_, T> {
    type Target = T;

    #[track_caller]
    #[allow(unsafe_code)]
    fn deref(&self) -> &T {
        self.hold.lend(&self.lock.home);
        // SAFETY: 3. the guard holds the lock for reading, so nobody lends out the data for
        // writing; or it was knocked out, and the line above does not come back if somebody does
        unsafe { &*self.data }
    }
}

impl<T: ?Sized> Deref for RwLockWriteGuard<'_, T> {
    type Target = T;

    #[track_caller]
    #[allow(unsafe_code)]
    fn deref(&self) -> &T {
        self.hold.lend(&self.lock.home);
        // SAFETY: 4. as 3., and this guard holds the lock for writing, so nobody else lends out the
        // data at all
        unsafe { &**self.data }
    }
}

impl<T: ?Sized> DerefMut for RwLockWriteGuard<'_, T> {
    #[track_caller]
    #[allow(unsafe_code)]
    fn deref_mut(&mut self) -> &mut T {
        self.hold.lend_mut(&self.lock.home);
        // SAFETY: see 4., and the guard is borrowed exclusively
        unsafe { &mut **self.data }
    }
}

impl<T: ?Sized> Drop for RwLockReadGuard<'_, T> {
    fn drop(&mut self) {
        if self.std.is_none() {
            lock::release(&self.lock.home, &self.hold, self.location);
        }
    }
}

impl<T: ?Sized> Drop for RwLockWriteGuard<'_, T> {
    fn drop(&mut self) {
        if self.hold.is_here() {
            self.lock.poison().done(self.panicking);
        }
        if self.std.is_none() {
            lock::release(&self.lock.home, &self.hold, self.location);
        }
    }
}

impl<T: Default> Default for RwLock<T> {
    #[track_caller]
    fn default() -> Self {
        RwLock::new(T::default())
    }
}

impl<T> From<T> for RwLock<T> {
    #[track_caller]
    fn from(value: T) -> Self {
        RwLock::new(value)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLock<T> {
    /// Like std's, but without the value: reading it would be an operation of its own.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RwLock").field("poisoned", &self.poison().get()).finish_non_exhaustive()
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLockReadGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLockWriteGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized> Named for RwLock<T> {
    fn set_name(&self, name: &str) {
        self.home.name(name);
    }
}
