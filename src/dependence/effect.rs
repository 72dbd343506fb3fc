//! Effects of operations on objects. Two operations are dependent if their order can matter.

use crate::execution::{Pending, Seen, Waits};
use crate::vocabulary::trace::{ObjectId, Operation, Outcome, ThreadId, Value};
use crate::vocabulary::{MEMORY, NUMBERING, token};
use smallvec::SmallVec;

/// What an operation does to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    Read,
    Write,
    Acquire,
    AcquireShared,
    Release,
    ReleaseShared,
}

impl Effect {
    /// Whether it conflicts with every effect on its object. The others conflict with these only.
    pub(crate) fn writes(self) -> bool {
        matches!(self, Effect::Write | Effect::Acquire | Effect::Release)
    }

    pub(crate) fn acquires(self) -> bool {
        matches!(self, Effect::Acquire | Effect::AcquireShared)
    }
}

/// The effects of an operation: one or two, seldom more.
pub(crate) type Effects = SmallVec<[(ObjectId, Effect); 2]>;

/// An operation as the search sees it.
#[derive(Debug, PartialEq)]
pub(crate) struct Act {
    pub(crate) operation: Operation,
    /// At most one effect per object.
    pub(crate) effects: Effects,
    /// Whether it waits until its objects allow it.
    pub(crate) blocking: bool,
    /// What a compare-exchange must find.
    pub(crate) expected: Option<Value>,
    /// Whether it may fail, or wake, spuriously.
    pub(crate) spurious: bool,
}

impl Clone for Act {
    fn clone(&self) -> Act {
        let effects = match self.effects[..] {
            [] => Effects::new(),
            [one] => Effects::from_buf_and_len([one, one], 1),
            [one, two] => Effects::from_buf([one, two]),
            ref others => Effects::from_slice(others),
        };
        Act { effects, ..*self } // SmallVec's own clone copies one element at a time
    }
}

impl Act {
    /// The most that an announced operation may do.
    pub(crate) fn announced(pending: &Pending, thread: ThreadId) -> Act {
        let Pending { operation, object, waits, expected, spurious, .. } = *pending;
        let mut effects = Effects::new();
        let own = match operation {
            Operation::Load(_) | Operation::Read | Operation::Look(_) => Some(Effect::Read),
            Operation::Store(_) | Operation::Rmw(..) | Operation::Write => Some(Effect::Write),
            Operation::Clone | Operation::Drop | Operation::Claim(_) => Some(Effect::Write),
            Operation::Lock | Operation::TryLock => Some(Effect::Acquire),
            // readers come in only after it, and writers not yet
            Operation::Unlock | Operation::Downgrade => Some(Effect::Release),
            Operation::ReadLock | Operation::TryReadLock => Some(Effect::AcquireShared),
            Operation::ReadUnlock => Some(Effect::ReleaseShared),
            Operation::Wait | Operation::NotifyOne | Operation::NotifyAll => Some(Effect::Write),
            Operation::Poll | Operation::Signal(_) => Some(Effect::Write),
            Operation::Wake => {
                matches!(waits, Waits::Notified { timeout: true, .. }).then_some(Effect::Write)
            }
            // these act on threads, not on an object
            Operation::Spawn(_) | Operation::Join(_) | Operation::Park | Operation::Unpark(_) => {
                None
            }
            Operation::Fence(_) | Operation::Yield | Operation::Free => None,
            Operation::Waker(_) | Operation::Choose(_) | Operation::Sleep => None,
        };
        effects.extend(object.zip(own));
        match (operation, waits) {
            (Operation::Wait, Waits::Releasing { mutex, .. }) => {
                effects.push((mutex, Effect::Release))
            }
            (Operation::Wake, Waits::Notified { mutex, .. }) => {
                effects.push((mutex, Effect::Acquire))
            }
            (Operation::Park, Waits::Token { .. }) => effects.push((token(thread), Effect::Write)),
            (Operation::Unpark(other), _) => effects.push((token(other), Effect::Write)),
            // the number that a thread gets depends on which threads spawned earlier
            (Operation::Spawn(_), _) => effects.push((NUMBERING, Effect::Write)),
            // Accesses by address commute, except for whether they race, and a race shows in either
            // order.
            (Operation::Read | Operation::Write, _) if object.is_none() => {
                effects.push((MEMORY, Effect::Read))
            }
            (Operation::Free, _) => effects.push((MEMORY, Effect::Write)),
            _ => {}
        }
        let blocking = match waits {
            Waits::Never | Waits::Releasing { .. } => false,
            Waits::Token { timeout: true } | Waits::Woken { yields: true } => false,
            Waits::Lock
            | Waits::ReadLock
            | Waits::Notified { .. }
            | Waits::Notification { .. }
            | Waits::Relock
            | Waits::End(_)
            | Waits::Token { .. }
            | Waits::Woken { .. }
            | Waits::WokenUntil(_)
            | Waits::Until(_) => true,
        };
        Act { operation, effects, blocking, expected, spurious }
    }

    /// What the announced act did, as it turned out.
    pub(crate) fn done(announced: &Act, seen: &Seen) -> Act {
        let mut act = announced.clone();
        act.operation = seen.operation.unwrap_or(act.operation);
        let nothing_changed = match (act.operation, seen.value) {
            (Operation::Load(_), _) => true, // a compare-exchange that failed
            (Operation::TryLock | Operation::TryReadLock, Some(Value::Bool(got))) => !got,
            (Operation::NotifyOne | Operation::NotifyAll, Some(Value::Unsigned(woken))) => {
                woken == 0
            }
            (Operation::Poll, Some(Value::Outcome(outcome))) => outcome != Outcome::Woken,
            _ => false,
        };
        if nothing_changed {
            act.only_reads();
            if seen.refused_by_readers && act.operation == Operation::TryLock {
                act.refused_by_readers();
            }
        }
        match (act.operation, seen.value) {
            // a notification already removed this waiter from the condition variable
            (Operation::Wake, Some(Value::Outcome(Outcome::Notified))) => {
                act.effects.retain(|(_, effect)| effect.acquires());
            }
            (Operation::Wait, Some(Value::Outcome(_))) => act.leaves_at_once(),
            _ => {}
        }
        act
    }

    /// The token that it takes, and waits for: that of its thread, or of a task's waker.
    pub(crate) fn awaited_token(&self) -> Option<ObjectId> {
        let takes = matches!(self.operation, Operation::Park | Operation::Poll);
        self.effects.first().filter(|_| takes && self.blocking).map(|(token, _)| *token)
    }

    /// Whether it concerns a condition variable or a token.
    pub(crate) fn is_about_waiting(&self) -> bool {
        matches!(
            self.operation,
            Operation::Wait
                | Operation::Wake
                | Operation::NotifyOne
                | Operation::NotifyAll
                | Operation::Park
                | Operation::Unpark(_)
                | Operation::Poll
                | Operation::Signal(_)
        )
    }

    pub(crate) fn only_reads(&mut self) {
        self.effects.iter_mut().for_each(|(_, effect)| *effect = Effect::Read);
    }

    /// A try to write that only readers refuse changes nothing, but it does not commute with the
    /// readers' operations: after their release it would succeed. Treated as a mere read it would
    /// commute with them, because readers commute with reads.
    pub(crate) fn refused_by_readers(&mut self) {
        self.effects.iter_mut().for_each(|(_, effect)| *effect = Effect::Write);
    }

    /// A wait that ends spuriously or by its timeout touches its mutex only. No notification is
    /// meant for it.
    pub(crate) fn leaves_at_once(&mut self) {
        self.effects.retain(|(_, effect)| *effect == Effect::Release);
    }

    /// Whether it ended so, or is a choice to park or poll spuriously, which leaves the token
    /// alone.
    pub(crate) fn left_at_once(&self) -> bool {
        match self.operation {
            Operation::Wait => self.effects.iter().all(|(_, effect)| *effect == Effect::Release),
            Operation::Park | Operation::Poll => self.spurious,
            _ => false,
        }
    }

    pub(crate) fn changes_nothing(&self) -> bool {
        self.effects.iter().all(|(_, effect)| *effect == Effect::Read)
    }

    /// Whether the order of the two can matter.
    pub(crate) fn conflicts(&self, other: &Act) -> bool {
        self.effects.iter().any(|(object, effect)| {
            other.effects.iter().any(|(o, e)| o == object && (effect.writes() || e.writes()))
        })
    }
}
