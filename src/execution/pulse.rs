//! What the OS thread that waits for an exploration sees of it, and its request to stop.

use super::Ending;
use super::failure::stack::Overflow;
use crate::vocabulary::trace::Trace;
use std::panic::Location;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

/// Signs of life. All orderings are Relaxed: these are hints between two OS threads, and nothing
/// depends on their order.
#[derive(Debug, Default)]
pub(crate) struct Pulse {
    events: AtomicU64,
    executions: AtomicU64,
    /// How many histories were examined.
    judged: AtomicU64,
    /// The estimated number of executions. 0 if there is no estimate.
    estimate: AtomicU64,
    stop: AtomicBool,
    /// Whether the explorer itself works, between two executions or after the last one.
    ours: AtomicBool,
    last: AtomicPtr<Location<'static>>,
    frozen: Mutex<Option<Frozen>>,
    overflow: OnceLock<Overflow>,
}

/// An execution whose OS thread cannot continue: what it did, and how it ended.
#[derive(Debug)]
pub(crate) struct Frozen {
    pub(crate) ending: Ending,
    pub(crate) trace: Trace,
    pub(crate) schedule: Vec<u32>,
    pub(crate) counted: Vec<u32>,
}

impl Pulse {
    /// Counts an event. Only the one OS thread on which the execution runs calls this, so no other
    /// thread stores here.
    pub(crate) fn event(&self, location: &'static Location<'static>) {
        self.events.store(self.events.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        self.last.store(std::ptr::from_ref(location).cast_mut(), Ordering::Relaxed);
    }

    pub(crate) fn execution(&self) -> u64 {
        self.executions.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// The exploration starts again from the beginning.
    pub(crate) fn begin_anew(&self) {
        self.executions.store(0, Ordering::Relaxed);
    }

    pub(crate) fn executions(&self) -> u64 {
        self.executions.load(Ordering::Relaxed)
    }

    pub(crate) fn estimate(&self) -> Option<u64> {
        Some(self.estimate.load(Ordering::Relaxed)).filter(|estimate| *estimate > 0)
    }

    pub(crate) fn estimates(&self, executions: u64) {
        self.estimate.store(executions, Ordering::Relaxed);
    }

    /// Grows with every event, execution and history. If it is unchanged, nothing happened.
    pub(crate) fn beats(&self) -> u64 {
        self.events.load(Ordering::Relaxed)
            + self.executions()
            + self.judged.load(Ordering::Relaxed)
    }

    /// Runs the explorer's own work: planning, forgetting. However long it takes, no execution is
    /// stuck in it.
    pub(crate) fn at_work<R>(&self, work: impl FnOnce() -> R) -> R {
        self.ours.store(true, Ordering::Relaxed);
        let result = work();
        self.ours.store(false, Ordering::Relaxed);
        result
    }

    /// Whether the explorer runs such work.
    pub(crate) fn is_at_work(&self) -> bool {
        self.ours.load(Ordering::Relaxed)
    }

    /// A sign of life while an execution is judged.
    pub(crate) fn beat(&self) {
        self.judged.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn freeze(&self, frozen: Frozen) {
        *self.frozen.lock().unwrap_or_else(PoisonError::into_inner) = Some(frozen);
    }

    /// The execution whose OS thread never ends, if there is one.
    pub(crate) fn frozen(&self) -> Option<Frozen> {
        self.frozen.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// A thread has overflowed its stack. A signal handler calls this on the OS thread that
    /// explores, which never comes back.
    #[cfg(unix)]
    pub(in crate::execution) fn overflows(&self, overflow: Overflow) {
        let _ = self.overflow.set(overflow); // an exploration has one OS thread, and that ends here
    }

    /// The overflow, if there was one.
    pub(crate) fn overflow(&self) -> Option<&Overflow> {
        self.overflow.get()
    }

    pub(crate) fn ask_to_stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    pub(crate) fn asked_to_stop(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// The source location of the last event.
    #[allow(unsafe_code)]
    pub(crate) fn last(&self) -> Option<&'static Location<'static>> {
        let last = self.last.load(Ordering::Relaxed);
        // SAFETY: 1. `last` is null or came from a `&'static Location<'static>` in `event`, and
        // locations are immutable data of the program, so no synchronisation is needed to read one.
        unsafe { last.as_ref() }
    }
}
