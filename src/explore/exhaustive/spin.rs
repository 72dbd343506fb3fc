//! Threads that spin: they are delayed, and an unproductive round is not explored twice.
//!
//! A thread that is about to yield where it yielded before may be in a loop that waits for other
//! threads. It is delayed until no other thread can run, so that the execution ends. What it could
//! have done earlier is planned from the races of its next round, as for any thread. That alone
//! leaves nothing out, but a loop has any number of rounds. So the search is cut where rounds
//! repeat themselves. What comes after such a round happens after everything that was done before,
//! and is not reversed with it, as if the loop assumed that it ends: Kokologiannakis, Ren,
//! Vafeiadis, "Dynamic Partial Order Reductions for Spinloops", FMCAD 2021. An execution without
//! the round, in which the thread sees at once what it waits for, has the same outcome, and is
//! explored too.
//!
//! A round visibly changes nothing if it only reads, and sees what the previous round saw. With
//! locks, no guard may have been borrowed exclusively either. Otherwise a round counts as
//! unproductive after it was like the previous ones a few times. The same holds for a round that
//! ends with a timeout of a park at the same place as an earlier one. Whether the cut part could
//! have mattered is unknowable from outside (a loop may count its rounds, two loops may share a
//! line). So a search that was cut reports that it is bounded, never exhaustive.

use super::log::{Step, StepLog, Steps};
use crate::execution::{Pending, Seen, Waits};
use crate::vocabulary::trace::{Operation, Outcome, ThreadId, Value};
use smallvec::SmallVec;
use std::panic::Location;

/// Where a thread has yielded, and where its timeouts have fired.
#[derive(Debug, Default)]
struct Spin {
    yields: Vec<&'static Location<'static>>,
    timeouts: Vec<&'static Location<'static>>,
}

/// What each thread does that may be a round of a loop.
#[derive(Debug, Default)]
pub(super) struct Spins {
    threads: Vec<Spin>,
}

impl Spins {
    /// Forgets an execution.
    pub(super) fn clear(&mut self) {
        self.threads.clear();
    }

    /// Whether no thread has done anything of the kind.
    pub(super) fn is_empty(&self) -> bool {
        self.threads.is_empty()
    }

    /// Registers a step.
    pub(super) fn see(&mut self, thread: ThreadId, pending: &Pending, seen: &Seen) {
        let yields = match pending.operation {
            Operation::Yield => true,
            Operation::Park if seen.value == Some(Value::Outcome(Outcome::TimedOut)) => false,
            _ => return,
        };
        if self.threads.len() <= thread.index() {
            self.threads.resize_with(thread.index() + 1, Spin::default);
        }
        let spin = &mut self.threads[thread.index()];
        let places = if yields { &mut spin.yields } else { &mut spin.timeouts };
        if !places.contains(&pending.location) {
            places.push(pending.location);
        }
    }

    /// Whether the thread is delayed: it may be in a loop that waits for others.
    pub(super) fn delays(&self, log: &StepLog, thread: ThreadId, pending: &Pending) -> bool {
        let Some(spin) = self.threads.get(thread.index()) else { return false };
        match (pending.operation, pending.waits) {
            (Operation::Yield, _) => spin.yields.contains(&pending.location),
            (_, Waits::Token { timeout: true }) if !log.has_token_now(thread) => {
                spin.timeouts.contains(&pending.location)
            }
            _ => false,
        }
    }

    /// Whether the search is cut there.
    pub(super) fn is_cut(&self, log: &StepLog, thread: ThreadId, pending: &Pending) -> bool {
        self.delays(log, thread, pending)
            && (pending.operation != Operation::Yield
                || Round::of(log, thread).is_some_and(|round| round.repeats()))
    }

    /// Additional steps that come before the next one of the thread.
    pub(super) fn causes(&self, log: &StepLog, thread: ThreadId, pending: &Pending) -> Steps {
        match self.is_cut(log, thread, pending) {
            true => log.latest(),
            false => Steps::new(),
        }
    }
}

/// What a thread has done since its last yield, and before it.
struct Round<'a> {
    log: &'a StepLog,
    now: &'a [usize],
    before: &'a [usize],
}

impl<'a> Round<'a> {
    /// The thread's current round, if it has yielded.
    fn of(log: &'a StepLog, thread: ThreadId) -> Option<Round<'a>> {
        let steps = log.of(thread);
        let last =
            steps.iter().rposition(|step| log.steps[*step].done.operation == Operation::Yield)?;
        let (before, now) = steps.split_at(last + 1);
        Some(Round { log, now, before })
    }

    /// Whether enough of the last rounds were like this one. A round ends with any number of
    /// yields: the delays of a backoff grow.
    fn repeats(&self) -> bool {
        let now = self.proper(self.now);
        let Some(doing) = now.iter().map(|step| Doing::of(&self.log.steps[*step])).max() else {
            return false; // a thread that only yields does not wait for anything
        };
        let is_yield = |step: &usize| self.log.steps[*step].done.operation == Operation::Yield;
        let mut rounds = self.before.rsplit(is_yield).map(|round| self.proper(round)).skip(1);
        let yields_again = rounds.clone().next().is_some_and(|round| round.is_empty());
        let most = if yields_again { doing.most().max(BACKOFFS) } else { doing.most() };
        let mut rounds = rounds.by_ref().filter(|round| !round.is_empty());
        (1..=most).all(|nth| {
            let Some(round) = rounds.next() else { return false };
            // what comes before the loop may be in front of its first round
            let front = round.len().checked_sub(now.len());
            let Some(front) = front.filter(|front| *front == 0 || nth == most) else {
                return false;
            };
            now.iter().zip(&round[front..]).all(|(now, then)| self.is_like(doing, *now, *then))
        })
    }

    /// The steps of a round without those that belong to the yield of a task.
    fn proper(&self, round: &[usize]) -> SmallVec<[usize; 8]> {
        round.iter().copied().filter(|step| !is_of_a_yield(&self.log.steps[*step])).collect()
    }

    /// Whether a step of this round is like a step of an earlier round.
    fn is_like(&self, doing: Doing, now: usize, then: usize) -> bool {
        let (one, other) = (&self.log.steps[now], &self.log.steps[then]);
        let same = (one.done.operation, one.object) == (other.done.operation, other.object);
        if doing == Doing::Changes {
            return same;
        }
        // Plain memory shows no value, nor does lock-protected data. Nothing may have been written
        // there in between.
        let unseen = one.saw.is_none().then_some(one.object).flatten();
        let has_changed = unseen.is_some_and(|object| self.log.has_changed(object, then, now));
        same && one.saw == other.saw && (doing == Doing::Locks || !has_changed)
    }
}

/// Whether the step only belongs to the yield of a task: it wakes itself, and is polled again.
fn is_of_a_yield(step: &Step) -> bool {
    match step.done.operation {
        Operation::Waker(_) => true,
        Operation::Poll => step.saw == Some(Value::Outcome(Outcome::Yielded)),
        _ => false,
    }
}

/// A few yields in a row may be no loop. The number of repetitions after which they are taken for
/// one.
const BACKOFFS: usize = 4;

/// What a round does, at most.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Doing {
    Reads,
    Locks,
    Changes,
}

impl Doing {
    fn of(step: &Step) -> Doing {
        match step.done.operation {
            _ if !step.done.effects.is_empty() && step.done.changes_nothing() => Doing::Reads,
            Operation::Unlock if !step.unchanged => Doing::Locks,
            Operation::Lock | Operation::TryLock | Operation::Unlock => Doing::Reads,
            Operation::ReadLock | Operation::TryReadLock | Operation::ReadUnlock => Doing::Reads,
            _ => Doing::Changes,
        }
    }

    /// The number of repetitions after which a round counts as unproductive.
    fn most(self) -> usize {
        match self {
            Doing::Reads => 1,
            Doing::Locks => 3,
            Doing::Changes => 8,
        }
    }
}
