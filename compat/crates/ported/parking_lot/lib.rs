//! What a crate uses of parking_lot, on selvedge's locks.
//!
//! parking_lot itself finds its waiting threads by a hash of an address, and puts them to sleep by
//! a system call. No explorer controls either.

use selvedge::sync::{self, PoisonError};
use selvedge::time::Instant;
use std::ops::{Deref, DerefMut};

/// `parking_lot::Mutex`: a lock without poisoning.
#[derive(Debug, Default)]
pub struct Mutex<T>(sync::Mutex<T>);

/// `parking_lot::MutexGuard`. It is empty only while its thread waits.
#[derive(Debug)]
pub struct MutexGuard<'a, T>(Option<sync::MutexGuard<'a, T>>);

/// `parking_lot::Condvar`
#[derive(Debug, Default)]
pub struct Condvar(sync::Condvar);

impl<T> Mutex<T> {
    pub const fn new(value: T) -> Mutex<T> {
        Mutex(sync::Mutex::new(value))
    }

    #[track_caller]
    pub fn lock(&self) -> MutexGuard<'_, T> {
        MutexGuard(Some(self.0.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0.as_ref().expect("its thread does not wait")
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.0.as_mut().expect("its thread does not wait")
    }
}

impl Condvar {
    pub const fn new() -> Condvar {
        Condvar(sync::Condvar::new())
    }

    /// parking_lot returns how many threads it woke; nobody here asks.
    #[track_caller]
    pub fn notify_all(&self) -> usize {
        self.0.notify_all();
        0
    }

    #[track_caller]
    pub fn wait<T>(&self, guard: &mut MutexGuard<'_, T>) {
        let held = guard.0.take().expect("its thread does not wait");
        guard.0 = Some(self.0.wait(held).unwrap_or_else(PoisonError::into_inner));
    }

    #[track_caller]
    pub fn wait_until<T>(&self, guard: &mut MutexGuard<'_, T>, end: Instant) {
        let held = guard.0.take().expect("its thread does not wait");
        let waited = self.0.wait_timeout(held, end.duration_since(Instant::now()));
        guard.0 = Some(waited.unwrap_or_else(PoisonError::into_inner).0);
    }
}
