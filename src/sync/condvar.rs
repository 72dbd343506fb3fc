//! `Condvar`

use super::{LockResult, MutexGuard, Named, PoisonError};
use crate::execution::condvar::{self, EarlyEnd};
use crate::execution::lock::Mode;
use crate::execution::{Hold, Home};
use crate::trace::ObjectKind;
use std::fmt;
use std::time::{Duration, Instant};

/// [`std::sync::Condvar`], modelled.
///
/// In a model:
///
/// * `notify_one` wakes any one of the waiters.
/// * A wait may wake spuriously, once at each place of a thread (never under loom).
/// * A timeout may fire at any time, and no time passes. loom has no model of timeouts: under loom
///   the check is `Unknown`.
///
/// ```
/// use selvedge::sync::{Arc, Condvar, Mutex};
/// use selvedge::thread;
///
/// let ready = Arc::new((Mutex::new(false), Condvar::new()));
/// let theirs = Arc::clone(&ready);
/// let worker = thread::spawn(move || {
///     *theirs.0.lock().unwrap() = true;
///     theirs.1.notify_one();
/// });
/// let guard = ready.1.wait_while(ready.0.lock().unwrap(), |ready| !*ready).unwrap();
/// assert!(*guard);
/// drop(guard);
/// worker.join().unwrap();
/// ```
pub struct Condvar {
    pub(super) home: Home,
    std: std::sync::Condvar,
    /// Whether a wait without a timeout may wake spuriously.
    early_end: EarlyEnd,
}

/// [`std::sync::WaitTimeoutResult`], modelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitTimeoutResult(bool);

impl WaitTimeoutResult {
    /// Returns `true` if the wait ended because its timeout elapsed.
    #[must_use]
    pub fn timed_out(&self) -> bool {
        self.0
    }
}

impl Condvar {
    /// Creates a condition variable without waiters.
    #[track_caller]
    #[must_use]
    pub const fn new() -> Self {
        Condvar::with_home(Home::new(ObjectKind::Condvar), EarlyEnd::Spurious)
    }

    /// Creates one whose waits never wake spuriously. It is for types that wait in an internal
    /// loop, which users do not see.
    #[track_caller]
    pub(crate) const fn steady() -> Self {
        Condvar::with_home(Home::part(ObjectKind::Condvar), EarlyEnd::Never)
    }

    const fn with_home(home: Home, early_end: EarlyEnd) -> Self {
        Condvar { home, std: std::sync::Condvar::new(), early_end }
    }

    /// Releases the guard's mutex, blocks until notified, and acquires the mutex again.
    ///
    /// # Errors
    /// If the mutex is poisoned by then. The error holds the guard.
    #[track_caller]
    pub fn wait<'a, T: ?Sized>(
        &self,
        mut guard: MutexGuard<'a, T>,
    ) -> LockResult<MutexGuard<'a, T>> {
        match are_modelled(self, &guard) {
            false => {
                let (mutex, std) = dismantle(guard);
                let std = self.std.wait(std).unwrap_or_else(PoisonError::into_inner);
                mutex.poison().result(mutex.guard(Some(std), Hold::plain(Mode::Write)))
            }
            true => {
                guard.hold.before_wait(&guard.mutex.home);
                if !condvar::is_knocked_out(&self.home, &guard.mutex.home, "wait") {
                    condvar::wait(&self.home, &guard.mutex.home, self.early_end);
                }
                guard.mutex.poison().result(guard)
            }
        }
    }

    /// Blocks while `condition` is true.
    ///
    /// # Errors
    /// If the mutex is poisoned by then. The error holds the guard.
    #[track_caller]
    pub fn wait_while<'a, T: ?Sized, F: FnMut(&mut T) -> bool>(
        &self,
        mut guard: MutexGuard<'a, T>,
        mut condition: F,
    ) -> LockResult<MutexGuard<'a, T>> {
        while condition(&mut *guard) {
            guard = self.wait(guard)?;
        }
        Ok(guard)
    }

    /// Blocks until notified, for at most `timeout`.
    ///
    /// # Errors
    /// If the mutex is poisoned by then. The error holds the guard and the result.
    #[track_caller]
    pub fn wait_timeout<'a, T: ?Sized>(
        &self,
        mut guard: MutexGuard<'a, T>,
        timeout: Duration,
    ) -> LockResult<(MutexGuard<'a, T>, WaitTimeoutResult)> {
        match are_modelled(self, &guard) {
            false => {
                let (mutex, std) = dismantle(guard);
                let (std, result) =
                    self.std.wait_timeout(std, timeout).unwrap_or_else(PoisonError::into_inner);
                mutex.poison().result((
                    mutex.guard(Some(std), Hold::plain(Mode::Write)),
                    WaitTimeoutResult(result.timed_out()),
                ))
            }
            true => {
                guard.hold.before_wait(&guard.mutex.home);
                let timed_out =
                    condvar::is_knocked_out(&self.home, &guard.mutex.home, "wait_timeout")
                        || condvar::wait(&self.home, &guard.mutex.home, EarlyEnd::Timeout);
                guard.mutex.poison().result((guard, WaitTimeoutResult(timed_out)))
            }
        }
    }

    /// Blocks while `condition` is true, for at most `timeout`.
    ///
    /// # Errors
    /// If the mutex is poisoned by then. The error holds the guard and the result.
    #[track_caller]
    pub fn wait_timeout_while<'a, T: ?Sized, F: FnMut(&mut T) -> bool>(
        &self,
        mut guard: MutexGuard<'a, T>,
        timeout: Duration,
        mut condition: F,
    ) -> LockResult<(MutexGuard<'a, T>, WaitTimeoutResult)> {
        let start = Instant::now();
        let modelled = self.home.is_modelled();
        while condition(&mut *guard) {
            // in a model no time passes: the first timeout that fires is the end of the wait
            let left = if modelled { Some(timeout) } else { timeout.checked_sub(start.elapsed()) };
            let Some(left) = left else { return Ok((guard, WaitTimeoutResult(true))) };
            let (again, result) = self.wait_timeout(guard, left)?;
            guard = again;
            if modelled && result.timed_out() {
                let still = condition(&mut *guard);
                return Ok((guard, WaitTimeoutResult(still)));
            }
        }
        Ok((guard, WaitTimeoutResult(false)))
    }

    /// Wakes one waiter.
    #[track_caller]
    pub fn notify_one(&self) {
        match self.home.is_modelled() {
            false => self.std.notify_one(),
            true => condvar::notify(&self.home, false),
        }
    }

    /// Wakes all waiters.
    #[track_caller]
    pub fn notify_all(&self) {
        match self.home.is_modelled() {
            false => self.std.notify_all(),
            true => condvar::notify(&self.home, true),
        }
    }
}

/// Whether an engine drives both the condition variable and the mutex.
#[track_caller]
fn are_modelled<T: ?Sized>(condvar: &Condvar, guard: &MutexGuard<'_, T>) -> bool {
    guard.mutex.home.is_modelled(); // refuses a guard that was kept from another execution
    assert!(
        guard.hold.is_here(),
        "selvedge: this guard was taken in another execution of the model, or outside of it"
    );
    condvar.home.is_modelled()
}

/// Takes std's guard out of ours without unlocking anything.
fn dismantle<'a, T: ?Sized>(
    mut guard: MutexGuard<'a, T>,
) -> (&'a super::Mutex<T>, std::sync::MutexGuard<'a, ()>) {
    let std = guard.std.take().expect("outside of an engine, a guard holds std's");
    let mutex = guard.mutex;
    std::mem::forget(guard); // its destructor would unlock
    (mutex, std)
}

impl Default for Condvar {
    #[track_caller]
    fn default() -> Self {
        Condvar::new()
    }
}

impl fmt::Debug for Condvar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Condvar").finish_non_exhaustive()
    }
}

impl Named for Condvar {
    fn set_name(&self, name: &str) {
        self.home.name(name);
    }
}
