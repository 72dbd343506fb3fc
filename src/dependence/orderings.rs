//! Whether something that a model watches depends on orderings. If not, no model can notice that
//! one is weaker.
//!
//! An ordering exists for what it publishes. In an execution of the unchanged model, what a thread
//! has done to a watched cell spreads to other threads through every object by which they meet. If
//! another thread then touches that cell, one of the two writes, and an atomic or a fence was on
//! the way, then that atomic or fence may be what orders them. A cell that only locks, spawns and
//! joins protect says nothing about orderings. Neither does a cell that no two threads touch.

use crate::vocabulary::trace::{Event, ObjectId, ObjectKind, Operation, ThreadId, Trace};
use std::collections::BTreeMap;

/// Which thread accessed which cell, and whether that was a write.
type CellUse = (ObjectId, ThreadId, bool);

/// Known accesses to cells, and whether an atomic or a fence was on the way.
type Known = BTreeMap<CellUse, bool>;

fn join(known: &mut Known, other: &Known, by_atomic: bool) {
    for (access, atomic) in other {
        *known.entry(*access).or_default() |= atomic | by_atomic;
    }
}

/// Whether, in this execution, the order of two accesses to a watched cell may depend on an atomic
/// or a fence.
pub(crate) fn depends_on_orderings(trace: &Trace) -> bool {
    let mut threads: Vec<Known> = vec![Known::default(); trace.threads.len()];
    let mut messages: BTreeMap<ObjectId, Known> = BTreeMap::new();
    let mut tokens: BTreeMap<ThreadId, Known> = BTreeMap::new();
    for event in &trace.events {
        let Event { thread, operation, object, .. } = *event;
        let me = thread.index();
        match operation {
            Operation::Read | Operation::Write | Operation::Free => {
                let Some(cell) = object.filter(|cell| is_plain(trace, *cell)) else { continue };
                let writes = operation != Operation::Read;
                let others = |((c, t, wrote), _): &(&CellUse, &bool)| {
                    *c == cell && *t != thread && (writes || *wrote)
                };
                if threads[me].iter().filter(others).any(|(_, atomic)| *atomic) {
                    return true;
                }
                threads[me].insert((cell, thread, writes), false);
            }
            Operation::Spawn(child) => {
                let known = threads[me].clone();
                join(&mut threads[child.index()], &known, false);
            }
            Operation::Join(child) => {
                let known = threads[child.index()].clone();
                join(&mut threads[me], &known, false);
            }
            Operation::Unpark(other) => join(tokens.entry(other).or_default(), &threads[me], false),
            Operation::Park => join(&mut threads[me], tokens.entry(thread).or_default(), false),
            Operation::Load(_) | Operation::Store(_) | Operation::Rmw(..) => {
                let Some(atomic) = object else { continue };
                let (mine, there) = (&mut threads[me], messages.entry(atomic).or_default());
                if operation.reads() {
                    join(mine, there, true);
                }
                if operation.writes() {
                    join(there, mine, true);
                }
            }
            Operation::Lock | Operation::TryLock | Operation::Unlock => {
                meet(&mut threads, &mut messages, event)
            }
            Operation::ReadLock | Operation::TryReadLock | Operation::Downgrade => {
                meet(&mut threads, &mut messages, event)
            }
            Operation::ReadUnlock | Operation::Wait | Operation::Wake => {
                meet(&mut threads, &mut messages, event)
            }
            Operation::NotifyOne | Operation::NotifyAll => meet(&mut threads, &mut messages, event),
            Operation::Poll | Operation::Signal(_) => meet(&mut threads, &mut messages, event),
            Operation::Drop | Operation::Claim(_) => meet(&mut threads, &mut messages, event),
            // a fence orders through the atomics around it
            Operation::Fence(_) | Operation::Yield | Operation::Clone | Operation::Look(_) => {}
            Operation::Waker(_) | Operation::Choose(_) | Operation::Sleep => {}
        }
    }
    false
}

fn is_plain(trace: &Trace, object: ObjectId) -> bool {
    let kind = trace.objects.get(object.index()).map(|object| object.kind);
    matches!(kind, Some(ObjectKind::Cell | ObjectKind::Memory))
}

/// At a lock or a condition variable: the thread learns what was left there, and leaves what it
/// knows.
fn meet(threads: &mut [Known], messages: &mut BTreeMap<ObjectId, Known>, event: &Event) {
    let Some(object) = event.object else { return };
    let (mine, there) = (&mut threads[event.thread.index()], messages.entry(object).or_default());
    join(mine, there, false);
    join(there, mine, false);
}
