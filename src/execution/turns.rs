//! Whose turn it is, as far as the execution itself knows: who has yielded, who was served without
//! a cause.

use super::World;
use super::operation::Seen;
use crate::vocabulary::trace::{ObjectId, Operation, Outcome, ThreadId, Value};
use smallvec::SmallVec;
use std::panic::Location;

/// What of an execution decides, beside its threads and objects, who can be chosen.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    /// Who has yielded, or parked in vain, since somebody changed something: the first one first.
    pub(super) yielded: SmallVec<[ThreadId; 4]>,
    /// Whether a thread asked if another one has ended, which is no step of either.
    pub(crate) asked_for_an_end: bool,
    /// Whether a thread that had yielded was not offered although it could have gone on.
    pub(crate) delayed: bool,
    /// The thread that was started last, if it has not run yet.
    pub(super) started: Option<ThreadId>,
    /// Room for the threads that can go on, for `schedule`.
    pub(super) enabled: Vec<ThreadId>,
    /// The choices of this execution, at the points where there was more than one option.
    pub(crate) schedule: Vec<u32>,
    /// All threads are done: what runs now are destructors of statics, for which nothing is
    /// scheduled any more.
    pub(super) closed: bool,
    /// Where a thread was served without a cause, and how often its mutex had been acquired then,
    /// if it has one.
    served: Vec<(ThreadId, &'static Location<'static>, u32)>,
}

impl Turns {
    /// Forgets an execution, but keeps the room that it had.
    pub(super) fn clear(&mut self) {
        let (enabled, mut schedule) =
            (std::mem::take(&mut self.enabled), std::mem::take(&mut self.schedule));
        schedule.clear();
        *self = Turns { enabled, schedule, ..Turns::default() };
    }

    /// Takes in what a thread has done: whether it spins, or has changed something for those who
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
            // two threads that only look and yield must not keep each other going
            Operation::Load(_) | Operation::Read | Operation::Look(_) => {}
            Operation::Lock | Operation::TryLock | Operation::ReadLock | Operation::TryReadLock => {
            }
            Operation::Unlock | Operation::ReadUnlock if seen.unchanged => {}
            _ => self.yielded.clear(),
        }
    }
}

impl World {
    /// Whether an operation may be served without a cause here: once at each place of a thread, or
    /// a loop around it would never end.
    pub(in crate::execution) fn may_be_spurious(
        &self,
        thread: ThreadId,
        location: &'static Location<'static>,
    ) -> bool {
        self.rules.spurious && !self.turns.served.iter().any(|s| (s.0, s.1) == (thread, location))
    }

    /// Whether a timeout may fire here: again at the same place only once another thread has had
    /// the mutex.
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
            .filter(|event| event.thread != thread && event.object == Some(mutex));
        events.count() as u32
    }
}
