//! `Barrier`

use super::{Condvar, Mutex};
use crate::execution::{gate, knockout};
use std::fmt;
use std::panic::Location;

/// [`std::sync::Barrier`], on the modelled mutex and condition variable.
///
/// ```
/// use selvedge::{sync::Barrier, thread};
///
/// let start = Barrier::new(2);
/// thread::scope(|s| {
///     s.spawn(|| start.wait());
///     start.wait();
/// });
/// ```
pub struct Barrier {
    state: Mutex<State>,
    open: Condvar,
    threads: usize,
}

struct State {
    arrived: usize,
    generation: usize,
}

/// [`std::sync::BarrierWaitResult`], modelled.
pub struct BarrierWaitResult(bool);

impl BarrierWaitResult {
    /// Returns `true` if this thread is the one that arrived last and opened the barrier.
    #[must_use]
    pub fn is_leader(&self) -> bool {
        self.0
    }
}

impl Barrier {
    /// Creates a barrier that opens once `threads` threads wait at it.
    #[track_caller]
    #[must_use]
    pub const fn new(threads: usize) -> Self {
        let state = Mutex::part(State { arrived: 0, generation: 0 });
        Barrier { state, open: Condvar::steady(), threads }
    }

    /// Blocks until all threads have reached the barrier.
    #[track_caller]
    pub fn wait(&self) -> BarrierWaitResult {
        if knockout::plain(Location::caller(), "barrier").is_some() {
            return BarrierWaitResult(false);
        }
        if let Some(is_leader) = gate::meet(&self.open.home, self.threads) {
            return BarrierWaitResult(is_leader);
        }
        let mut state = self.state.lock().unwrap_or_else(super::PoisonError::into_inner);
        state.arrived += 1;
        if state.arrived < self.threads {
            let generation = state.generation;
            while state.generation == generation {
                state = self.open.wait(state).unwrap_or_else(super::PoisonError::into_inner);
            }
            BarrierWaitResult(false)
        } else {
            state.arrived = 0;
            state.generation = state.generation.wrapping_add(1);
            self.open.notify_all();
            BarrierWaitResult(true)
        }
    }
}

impl fmt::Debug for Barrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Barrier").finish_non_exhaustive()
    }
}

impl fmt::Debug for BarrierWaitResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BarrierWaitResult").field("is_leader", &self.0).finish()
    }
}
