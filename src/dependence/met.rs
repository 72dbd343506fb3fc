//! Whether threads met in an execution. If no threads met, there was only one order, and nothing
//! was explored.

use crate::vocabulary::trace::{Event, ObjectId, Operation, Outcome, ThreadId, Trace, Value};
use crate::vocabulary::{PerObject, token};

/// Which thread used an object, and whether any thread changed it.
#[derive(Clone, Copy, Debug, Default)]
struct ObjectUse {
    by: Option<ThreadId>,
    several: bool,
    written: bool,
}

/// Whether two threads used the same object and one of them changed it. Spawning and joining do not
/// count.
pub(crate) fn met(trace: &Trace) -> bool {
    if trace.threads.len() < 2 {
        return false;
    }
    let mut uses: PerObject<ObjectUse> = PerObject::default();
    trace.events.iter().any(|event| {
        let Some((object, writes)) = used(event) else { return false };
        let so_far = uses.of(object);
        so_far.several |= so_far.by.is_some_and(|by| by != event.thread);
        so_far.by = Some(event.thread);
        so_far.written |= writes;
        so_far.several && so_far.written
    })
}

/// Whether two threads other than the main one did anything. If so, at least their histories can
/// differ.
pub(crate) fn both_did_something(trace: &Trace) -> bool {
    let mut others =
        trace.events.iter().map(|event| event.thread).filter(|thread| *thread != ThreadId::MAIN);
    others.next().is_some_and(|first| others.any(|thread| thread != first))
}

/// What the event used, and whether it changed that.
fn used(event: &Event) -> Option<(ObjectId, bool)> {
    match event.operation {
        Operation::Unpark(other) => Some((token(other), true)),
        // the token stayed where it was
        Operation::Park if event.value == Some(Value::Outcome(Outcome::Spurious)) => None,
        Operation::Park => Some((token(event.thread), true)),
        Operation::Poll => {
            Some((event.object?, event.value == Some(Value::Outcome(Outcome::Woken))))
        }
        Operation::Waker(_) | Operation::Choose(_) | Operation::Sleep => None,
        Operation::Spawn(_) | Operation::Join(_) | Operation::Fence(_) | Operation::Yield => None,
        Operation::Look(_) => Some((event.object?, false)),
        Operation::Clone | Operation::Drop | Operation::Claim(_) | Operation::Free => {
            Some((event.object?, true))
        }
        Operation::Load(_)
        | Operation::Read
        | Operation::ReadLock
        | Operation::TryReadLock
        | Operation::ReadUnlock => Some((event.object?, false)),
        Operation::TryLock => Some((event.object?, event.value == Some(Value::Bool(true)))),
        // no thread was waiting
        Operation::NotifyOne | Operation::NotifyAll => {
            Some((event.object?, event.value != Some(Value::Unsigned(0))))
        }
        Operation::Store(_)
        | Operation::Rmw(..)
        | Operation::Lock
        | Operation::Unlock
        | Operation::Downgrade
        | Operation::Wait
        | Operation::Wake
        | Operation::Signal(_)
        | Operation::Write => Some((event.object?, true)),
    }
}
