//! What the execution knows about whose turn it is: which threads yielded, which were served
//! spuriously.

use super::World;
use super::operation::Seen;
use super::time::Time;
use crate::vocabulary::trace::{ObjectId, Operation, Outcome, ThreadId, Value};
use smallvec::SmallVec;
use std::panic::Location;

/// The parts of an execution, besides its threads and objects, that decide which thread can be
/// chosen.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    /// Threads that yielded, or parked without success, since the last change, oldest first.
    pub(in crate::execution) yielded: SmallVec<[ThreadId; 4]>,
    /// Whether a thread asked if another one has ended, which is no step of either.
    pub(crate) asked_for_an_end: bool,
    /// Whether a thread that had yielded was not offered although it could run.
    pub(crate) delayed: bool,
    /// The thread started last, if it has not run yet.
    pub(super) started: Option<ThreadId>,
    /// Room for the threads that can run, for `schedule`.
    pub(super) enabled: Vec<ThreadId>,
    /// The most values that a choice had, if they were too many to explore each.
    pub(crate) many: Option<u32>,
    pub(crate) time: Time,
    /// The choices of this execution, at points with more than one option.
    pub(crate) schedule: Vec<u32>,
    /// All threads are done. Only destructors of statics run, and nothing is scheduled for them.
    pub(super) closed: bool,
    /// Where a thread was served spuriously, and how often its mutex, if any, had been used by
    /// others until then.
    served: Vec<(ThreadId, &'static Location<'static>, u32)>,
}

impl Turns {
    /// Forgets an execution but keeps its allocations.
    pub(super) fn clear(&mut self) {
        let (enabled, mut schedule) =
            (std::mem::take(&mut self.enabled), std::mem::take(&mut self.schedule));
        schedule.clear();
        *self = Turns { enabled, schedule, ..Turns::default() };
    }

    /// Notes what a thread has done: whether it spins, or has changed something for threads that
    /// do.
    pub(super) fn see(&mut self, thread: ThreadId, operation: Operation, seen: &Seen) {
        let spins = match operation {
            Operation::Yield => true,
            Operation::Park => matches!(seen.value, Some(Value::Outcome(Outcome::TimedOut))),
            _ => false,
        };
        match operation {
            _ if spins => {
                self.yielded.retain(|yielded| *yielded != thread);
                self.yielded.push(thread);
            }
            // two threads that only look and yield must not keep each other running
            Operation::Load(_) | Operation::Read | Operation::Look(_) => {}
            Operation::Lock | Operation::TryLock | Operation::ReadLock | Operation::TryReadLock => {
            }
            Operation::Unlock | Operation::ReadUnlock if seen.unchanged => {}
            Operation::Waker(_) | Operation::Choose(_) => {}
            Operation::Poll if seen.value == Some(Value::Outcome(Outcome::Yielded)) => {}
            _ => self.yielded.clear(),
        }
    }
}

impl World {
    /// Whether an operation other than a park may be served spuriously here: once per thread and
    /// place, or a loop around it would never end.
    pub(in crate::execution) fn may_be_spurious(
        &self,
        thread: ThreadId,
        location: &'static Location<'static>,
    ) -> bool {
        self.rules.terms.spurious.others() && !self.was_served(thread, location)
    }

    /// The same for a park.
    pub(in crate::execution) fn may_park_in_vain(
        &self,
        thread: ThreadId,
        location: &'static Location<'static>,
    ) -> bool {
        self.rules.terms.spurious.parks() && !self.was_served(thread, location)
    }

    /// Whether something was already served here.
    pub(in crate::execution) fn was_served(
        &self,
        thread: ThreadId,
        location: &'static Location<'static>,
    ) -> bool {
        self.turns.served.iter().any(|s| (s.0, s.1) == (thread, location))
    }

    /// Whether a timeout may fire here. It fires again at the same place only after another thread
    /// has had the mutex.
    pub(in crate::execution) fn may_time_out(
        &self,
        thread: ThreadId,
        location: &'static Location<'static>,
        mutex: ObjectId,
    ) -> bool {
        let others = self.acquired_by_others(thread, mutex);
        !self.turns.served.iter().any(|s| (s.0, s.1, s.2) == (thread, location, others))
    }

    pub(in crate::execution) fn serve(
        &mut self,
        thread: ThreadId,
        location: &'static Location<'static>,
        mutex: Option<ObjectId>,
    ) {
        let others = mutex.map_or(0, |mutex| self.acquired_by_others(thread, mutex));
        self.turns.served.push((thread, location, others));
    }

    fn acquired_by_others(&self, thread: ThreadId, mutex: ObjectId) -> u32 {
        let events = self
            .log
            .trace
            .events
            .iter()
            .filter(|event| event.thread != thread && event.object == Some(mutex))
            // those before this thread's own last acquisition are the same in every replay
            .filter(|event| !self.rules.weak || event.operation == Operation::Unlock);
        events.count() as u32
    }
}
