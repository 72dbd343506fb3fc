//! The bell: how one sleeper waits for something that others store in atomics.
//!
//! A thread that has changed something rings, which costs a fence and a load as long as no thread
//! sleeps. The sleeper announces itself, and then looks once more. Both have a fence between their
//! store and their load, so at least one of them sees the other's store (Dekker's argument).

use crate::sync::atomic::{AtomicBool, Ordering, fence};
use crate::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// A bell for one sleeper at a time, and data under its lock.
#[derive(Debug)]
pub(super) struct Bell<D> {
    sleeping: AtomicBool,
    data: Mutex<D>,
    rung: Condvar,
}

impl<D> Bell<D> {
    pub(super) fn new(name: &str, data: D) -> Self {
        let bell =
            Self { sleeping: AtomicBool::new(false), data: Mutex::new(data), rung: Condvar::new() };
        crate::sync::name(&bell.sleeping, &format!("{name} asleep"));
        crate::sync::name(&bell.data, &format!("{name} lock"));
        crate::sync::name(&bell.rung, &format!("{name} bell"));
        bell
    }

    #[track_caller] // knockouts are told by the caller's line
    pub(super) fn lock(&self) -> MutexGuard<'_, D> {
        // nothing is half done if a holder panics
        self.data.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the sleeper look again. The change must be stored before.
    pub(super) fn ring(&self) {
        // between the caller's store and this load; its partner is in `wait_until`
        fence(Ordering::SeqCst);
        // Relaxed: the fences order it, and the lock orders the rest
        if self.sleeping.load(Ordering::Relaxed) {
            // The sleeper holds the lock from its last look until it waits. So once the lock is
            // free here, the sleeper either waits or looks later.
            drop(self.lock());
            self.rung.notify_one();
        }
    }

    /// Looks until there is something to see. `None` if nothing appears until `deadline`.
    pub(super) fn wait_until<R>(
        &self,
        deadline: Option<Instant>,
        mut look: impl FnMut(&mut D) -> Option<R>,
    ) -> Option<R> {
        let mut data = self.lock();
        self.sleeping.store(true, Ordering::Relaxed); // Relaxed: as in `ring`
        // between this store and the loads of `look`; its partner is in `ring`
        fence(Ordering::SeqCst);
        let seen = loop {
            if let Some(seen) = look(&mut data) {
                break Some(seen);
            }
            data = match deadline {
                None => self.rung.wait(data).unwrap_or_else(PoisonError::into_inner),
                Some(deadline) => match deadline.checked_duration_since(Instant::now()) {
                    None => break None,
                    Some(left) => {
                        self.rung.wait_timeout(data, left).unwrap_or_else(PoisonError::into_inner).0
                    }
                },
            };
        };
        // Relaxed: if it is seen late, it costs a useless ring
        self.sleeping.store(false, Ordering::Relaxed);
        drop(data);
        seen
    }
}

/// How often to yield before sleeping. The wake-up is expensive (measured: 16 yields make the same
/// ring faster by a factor of 75). In a model, yields would only add more of the same schedules.
pub(super) fn yields() -> u32 {
    if !crate::execution::is_modelled() { 16 } else { 0 }
}
