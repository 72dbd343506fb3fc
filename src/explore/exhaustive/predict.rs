//! What an operation would do in another place than the one where it was seen.

use super::log::{Choice, ObjectAccess, StepLog, Steps, tells};
use crate::dependence::{Act, Effect};
use crate::vocabulary::trace::{ObjectId, Operation};
use smallvec::{SmallVec, smallvec};

impl StepLog {
    /// The act as it would turn out after the steps before `i` and those of `v`, for each of its
    /// choices. It must be exact: a predicted conflict that does not happen breaks the invariant
    /// that a leaf of a wakeup tree wakes every sleeper.
    pub(super) fn predict(
        &self,
        i: usize,
        v: &[usize],
        act: &Act,
    ) -> SmallVec<[(Act, Option<Choice>); 1]> {
        let caused = self.predict_caused(i, v, act);
        if let (Operation::NotifyOne, Some(&(condvar, _))) = (act.operation, act.effects.first()) {
            let of = self.asleep(i, v, condvar);
            if of > 1 {
                return (0..of).map(|taken| (caused.clone(), Some(Choice { taken, of }))).collect();
            }
        }
        if !act.spurious || caused.changes_nothing() {
            // a compare-exchange that finds something else fails anyway
            return smallvec![(caused, None)];
        }
        let mut spurious = caused.clone();
        if act.operation == Operation::Wait {
            spurious.leaves_at_once();
        } else {
            spurious.only_reads();
        }
        smallvec![
            (caused, Some(Choice { taken: 0, of: 2 })),
            (spurious, Some(Choice { taken: 1, of: 2 }))
        ]
    }

    fn predict_caused(&self, i: usize, v: &[usize], act: &Act) -> Act {
        let mut act = act.clone();
        let Some(&(object, _)) = act.effects.first() else { return act };
        let nothing_changes = match (act.operation, act.expected) {
            (Operation::Rmw(..), Some(expected)) => {
                let last =
                    self.accesses(object, i, v).rfind(|access| access.effect == Effect::Write);
                let last = last.and_then(|access| self.steps[access.step].written);
                let known = last.or(self.initials.get(object).copied().flatten());
                known.is_some_and(|value| value != expected)
            }
            (Operation::TryLock, _) if self.holders(i, v, object, false).is_empty() => {
                if !self.holders(i, v, object, true).is_empty() {
                    act.refused_by_readers();
                }
                false
            }
            (Operation::TryLock, _) => true,
            (Operation::TryReadLock, _) => !self.holders(i, v, object, false).is_empty(),
            (Operation::NotifyOne | Operation::NotifyAll, _) => self.asleep(i, v, object) == 0,
            (Operation::Poll, _) => !self.has_token(i, v, object),
            _ => false,
        };
        if nothing_changes {
            act.only_reads();
        }
        act
    }

    /// How many threads wait on the condition variable, not yet notified, after the steps before
    /// `i` and those of `v`.
    fn asleep(&self, i: usize, v: &[usize], condvar: ObjectId) -> u32 {
        self.accesses(condvar, i, v).fold(0, |asleep: u32, access| {
            match self.steps[access.step].done.operation {
                Operation::Wait => asleep + 1,
                Operation::NotifyAll => 0,
                Operation::NotifyOne => asleep.saturating_sub(1),
                _ => asleep,
            }
        })
    }

    /// The steps that hold the lock after the steps before `i` and those of `v`. Includes readers
    /// only if `for_writing`.
    pub(super) fn holders(
        &self,
        i: usize,
        v: &[usize],
        lock: ObjectId,
        for_writing: bool,
    ) -> Steps {
        let mut writer = None;
        let mut readers = Steps::new();
        let all = self.objects.get(lock).map_or(&[][..], |log| &log.0);
        let before = &all[..all.partition_point(|access| access.step < i)];
        // an exclusive acquisition found no other holder
        let alone = before.iter().rposition(|access| access.effect == Effect::Acquire).unwrap_or(0);
        let later =
            all[before.len()..].iter().filter(|access| v.binary_search(&access.step).is_ok());
        for &ObjectAccess { step, effect, .. } in before[alone..].iter().chain(later) {
            match effect {
                Effect::Acquire => writer = Some(step),
                Effect::Release => writer = None,
                Effect::AcquireShared => readers.push(step),
                Effect::ReleaseShared => {
                    let at = readers
                        .iter()
                        .rposition(|r| self.steps[*r].thread == self.steps[step].thread);
                    at.map(|at| readers.remove(at));
                }
                Effect::Read | Effect::Write => {}
            }
        }
        if !for_writing {
            readers.clear();
        }
        readers.extend(writer);
        readers
    }

    /// The accesses to an object by the steps before `i` and those of `v`, which is sorted.
    fn accesses(
        &self,
        object: ObjectId,
        i: usize,
        v: &[usize],
    ) -> impl DoubleEndedIterator<Item = ObjectAccess> {
        let all = self.objects.get(object).map_or(&[][..], |log| &log.0);
        all.iter()
            .copied()
            .filter(move |access| access.step < i || v.binary_search(&access.step).is_ok())
    }

    /// Whether the token is available after the steps before `i` and those of `v`.
    pub(super) fn has_token(&self, i: usize, v: &[usize], token: ObjectId) -> bool {
        (0..i).chain(v.iter().copied()).fold(false, |is_there, k| {
            let step = &self.steps[k];
            let told = tells(step.thread, step.done.operation, step.object);
            let told = told.filter(|told| told.0 == token && !step.done.left_at_once());
            told.map_or(is_there, |told| told.1)
        })
    }
}
