//! The log of an execution: its events, and the limits on their number.

use super::World;
use super::failure::Ending;
use super::operation::{Pending, Performed, Seen};
use crate::vocabulary::trace::{Event, Fingerprint, ThreadId, Trace};
use crate::vocabulary::verdict::Bound;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// What an execution has done so far.
#[derive(Debug)]
pub(crate) struct Log {
    /// The number of the execution, unique in this process.
    pub(crate) execution: u64,
    pub(crate) trace: Trace,
    /// What the trace does not say about each event. Empty if it is not needed.
    pub(crate) performed: Vec<Performed>,
    /// Its first events before the trace was reordered.
    pub(crate) fingerprint: Option<Fingerprint>,
    /// Conditions of `sometimes!`, and whether they were ever true.
    pub(crate) sometimes: BTreeMap<&'static str, bool>,
}

/// A number that no other execution of this process has.
fn unique() -> u64 {
    // Relaxed: only uniqueness matters
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

impl Log {
    pub(super) fn new() -> Log {
        Log {
            execution: unique(),
            trace: Trace::default(),
            performed: Vec::new(),
            fingerprint: None,
            sometimes: BTreeMap::new(),
        }
    }

    /// Begins another execution, reusing this one's allocations.
    pub(super) fn renew(&mut self) {
        self.execution = unique();
        self.trace.events.clear();
        self.trace.threads.clear();
        self.trace.objects.clear();
        self.trace.stale_reads.clear();
        self.trace.race.clear();
        self.performed.clear();
        self.fingerprint = None;
        self.sometimes.clear();
    }
}

impl World {
    /// Records an operation that has taken effect. Ends the execution if that was one too many.
    pub(crate) fn record(&mut self, thread: ThreadId, pending: &Pending, seen: &Seen) {
        let operation = seen.operation.unwrap_or(pending.operation);
        self.rules.pulse.event(pending.location);
        self.thread(thread).events += 1;
        self.turns.see(thread, operation, seen);
        if self.rules.judged {
            let read = self.memory.weak.as_ref().map(|weak| weak.last_read());
            self.log.performed.push(Performed { pending: *pending, seen: *seen, read });
        }
        self.log.trace.events.push(Event {
            thread,
            operation,
            object: seen.object.or(pending.object),
            value: seen.value,
            written: seen.written,
            location: pending.location,
        });
        self.limit(thread, pending);
    }

    /// Ends the execution if it differs from the replayed one, or has run for long enough.
    fn limit(&mut self, thread: ThreadId, pending: &Pending) {
        let events = self.log.trace.events.len();
        if let Some(why) = self.rules.replays.as_ref().and_then(|was| was.differs(&self.log.trace))
        {
            self.ending = None; // whatever this event did wrong, the token has another event
            self.end(Ending::Unknown(Bound::Replay(why)));
        }
        if self.rules.pulse.asked_to_stop() {
            self.end(Ending::Unknown(Bound::Time(Duration::ZERO)));
        } else if self.rules.most_events.is_some_and(|most| events > most) {
            self.ending = None; // whatever this event did wrong, it was too late
            self.end(Ending::GivenUp);
        } else if events > self.rules.max_events && self.rules.weak {
            // a loop that waits for another thread: the search runs one thread after the other
            self.refuse("a loop without an end in sight");
        } else if events > self.rules.max_events {
            self.livelock(thread, pending.location);
        }
    }
}
