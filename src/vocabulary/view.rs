//! What one thread knows, and what its atomics and fences publish: happens-before from declared
//! orderings.
//!
//! This follows C++20 [intro.races], [atomics.order], [atomics.fences]. There is one deviation: a
//! SeqCst fence is an acquire and a release fence, because the total order of SeqCst fences orders
//! no plain accesses by itself.

use super::VectorClock;
use std::sync::atomic::Ordering::{self, AcqRel, Acquire, Release, SeqCst};

/// Whether a load with this ordering acquires what it reads.
pub(crate) fn acquires(order: Ordering) -> bool {
    matches!(order, Acquire | AcqRel | SeqCst)
}

/// Whether a store with this ordering publishes what its thread knows.
pub(crate) fn releases(order: Ordering) -> bool {
    matches!(order, Release | AcqRel | SeqCst)
}

/// What one thread knows.
#[derive(Clone, Debug, Default)]
pub(crate) struct View {
    pub(crate) now: VectorClock,
    /// Joined by relaxed loads: what an acquire fence will acquire.
    before_acquire_fence: VectorClock,
    /// What relaxed stores publish: the clock of the last release fence.
    at_release_fence: VectorClock,
}

impl View {
    /// The thread has read a store that publishes this.
    pub(crate) fn reads(&mut self, published: &VectorClock, order: Ordering) {
        if acquires(order) {
            self.now.join(published);
        } else {
            self.before_acquire_fence.join(published);
        }
    }

    /// Returns what a store of the thread publishes.
    pub(crate) fn publishes(&self, order: Ordering) -> &VectorClock {
        if releases(order) { &self.now } else { &self.at_release_fence }
    }

    pub(crate) fn fence(&mut self, order: Ordering) {
        if acquires(order) {
            self.now.join(&self.before_acquire_fence);
        }
        if releases(order) {
            self.at_release_fence = self.now.clone();
        }
    }
}
