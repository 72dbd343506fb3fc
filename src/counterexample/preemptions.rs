//! Counts the preemptions of a trace.

use crate::trace::{Event, ObjectId, Operation, ThreadId, Trace, Value};
use std::collections::{HashMap, HashSet};

/// Returns the preemptions of a trace: switches away from a thread whose next operation could have
/// taken effect.
///
/// They are counted from the events alone, so the count means the same under every engine. A
/// thread's next operation is known if it happened later, or was pending at the end.
pub(crate) fn preemptions(trace: &Trace) -> usize {
    let mut held = Held::default();
    let mut count = 0;
    for (at, event) in trace.events.iter().enumerate() {
        held.see(event);
        let later = &trace.events[at + 1..];
        let switched = later.first().is_some_and(|next| next.thread != event.thread);
        let resumed =
            later.iter().find(|e| e.thread == event.thread).map(|e| (e.operation, e.object));
        let never_did = trace.threads.get(event.thread.index()).and_then(|thread| thread.pending);
        let could_go_on = resumed.or(never_did).is_some_and(|own| held.allows(own, later));
        count += usize::from(switched && could_go_on && event.operation != Operation::Yield);
    }
    count
}

/// Which thread holds which lock.
#[derive(Default)]
struct Held {
    writers: HashMap<ObjectId, ThreadId>,
    readers: HashMap<ObjectId, HashSet<ThreadId>>,
}

impl Held {
    fn see(&mut self, event: &Event) {
        let Some(object) = event.object else { return };
        let got = event.value != Some(Value::Bool(false));
        match event.operation {
            Operation::Lock => drop(self.writers.insert(object, event.thread)),
            Operation::TryLock if got => drop(self.writers.insert(object, event.thread)),
            Operation::Unlock => drop(self.writers.remove(&object)),
            Operation::Downgrade => {
                self.writers.remove(&object);
                _ = self.readers.entry(object).or_default().insert(event.thread);
            }
            Operation::ReadLock => {
                _ = self.readers.entry(object).or_default().insert(event.thread);
            }
            Operation::TryReadLock if got => {
                _ = self.readers.entry(object).or_default().insert(event.thread);
            }
            Operation::ReadUnlock => {
                _ = self.readers.entry(object).or_default().remove(&event.thread);
            }
            _ => {}
        }
    }

    /// Whether the operation could have taken effect now, before all of `later`.
    fn allows(&self, (operation, object): (Operation, Option<ObjectId>), later: &[Event]) -> bool {
        let free = |object| !self.writers.contains_key(&object);
        match (operation, object) {
            (Operation::Lock, Some(lock)) => {
                free(lock) && self.readers.get(&lock).is_none_or(HashSet::is_empty)
            }
            (Operation::ReadLock, Some(lock)) => free(lock),
            (Operation::Join(thread), _) => !later.iter().any(|e| e.thread == thread),
            // a thread that waits, parks or sleeps gives the processor away by itself
            (Operation::Wake | Operation::Park | Operation::Poll | Operation::Sleep, _) => false,
            _ => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::Thread;
    use std::panic::Location;
    use std::sync::atomic::Ordering::SeqCst;

    fn trace(events: &[(u32, Operation, u32)]) -> Trace {
        let event = |&(thread, operation, object): &(u32, Operation, u32)| Event {
            thread: ThreadId(thread),
            operation,
            object: Some(ObjectId(object)),
            value: None,
            written: None,
            location: Location::caller(),
        };
        Trace { events: events.iter().map(event).collect(), ..Trace::default() }
    }

    #[test]
    fn a_switch_in_the_middle_is_a_preemption_and_one_at_the_end_is_not() {
        let (load, store) = (Operation::Load(SeqCst), Operation::Store(SeqCst));
        assert_eq!(
            preemptions(&trace(&[(1, load, 0), (2, load, 0), (2, store, 0), (1, store, 0)])),
            1
        );
        assert_eq!(
            preemptions(&trace(&[(1, load, 0), (1, store, 0), (2, load, 0), (2, store, 0)])),
            0
        );
    }

    #[test]
    fn a_switch_away_from_a_thread_that_must_wait_is_none() {
        let (lock, unlock) = (Operation::Lock, Operation::Unlock);
        let waits = [(1, lock, 0), (2, Operation::Yield, 9), (1, unlock, 0), (2, lock, 0)];
        assert_eq!(
            preemptions(&trace(&waits)),
            1,
            "thread 1 was stopped with the lock; thread 2 waited for it"
        );
        let join = Operation::Join(ThreadId(1));
        assert_eq!(preemptions(&trace(&[(0, lock, 0), (1, unlock, 1), (0, join, 2)])), 0);
    }

    #[test]
    fn a_thread_that_never_runs_again_was_preempted_if_it_could_have_gone_on() {
        let mut deadlock = trace(&[(0, Operation::Lock, 0), (1, Operation::Lock, 1)]);
        deadlock.threads = vec![Thread::default(); 2];
        deadlock.threads[0].pending = Some((Operation::Lock, Some(ObjectId(1))));
        deadlock.threads[1].pending = Some((Operation::Lock, Some(ObjectId(0))));
        assert_eq!(preemptions(&deadlock), 1);
    }
}
