//! One execution as the search sees it: its steps, what happens before what, and which pairs of steps race.

use super::effect::{Act, Effect};
use super::wakeup::Choice;
use crate::runtime::{Pending, Seen, World};
use crate::trace::{ObjectId, Operation, ThreadId, Value};
use std::collections::HashMap;

/// How many steps of each thread are known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Clock(Vec<u32>);

impl Clock {
    pub(super) fn join(&mut self, other: &Clock) {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        for (mine, theirs) in self.0.iter_mut().zip(&other.0) {
            *mine = (*mine).max(*theirs);
        }
    }

    pub(super) fn get(&self, thread: ThreadId) -> u32 {
        self.0.get(thread.index()).copied().unwrap_or(0)
    }

    fn set(&mut self, thread: ThreadId, seq: u32) {
        if self.0.len() <= thread.index() {
            self.0.resize(thread.index() + 1, 0);
        }
        self.0[thread.index()] = seq;
    }
}

/// A step of an execution.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) thread: ThreadId,
    /// Its number among its thread's, from 1.
    pub(super) seq: u32,
    pub(super) announced: Act,
    pub(super) done: Act,
    pub(super) choice: Option<Choice>,
    /// What its thread knew before its conflicts, and after them.
    pub(super) before: Clock,
    pub(super) after: Clock,
    /// Earlier steps with which this one is in a race that might be reversed.
    pub(super) races: Vec<usize>,
    written: Option<Value>,
    /// An unpark of a thread that had its token already.
    redundant: bool,
}

#[derive(Debug, Default)]
struct ObjectHistory {
    write: Option<usize>,
    reads: Vec<usize>,
    acquired: Option<usize>,
    shared: Vec<usize>,
}

/// The execution so far.
#[derive(Debug, Default)]
pub(super) struct History {
    pub(super) steps: Vec<Step>,
    clocks: Vec<Clock>,
    objects: HashMap<ObjectId, ObjectHistory>,
    /// Who waits on a condition variable, and which step notified it.
    waiters: HashMap<ObjectId, Vec<(ThreadId, Option<usize>)>>,
    tokens: HashMap<ThreadId, bool>,
    initial: HashMap<ObjectId, Value>,
}

impl History {
    pub(super) fn clock(&mut self, thread: ThreadId) -> &mut Clock {
        if self.clocks.len() <= thread.index() {
            self.clocks.resize_with(thread.index() + 1, Clock::default);
        }
        &mut self.clocks[thread.index()]
    }

    pub(super) fn last_write(&self, object: ObjectId) -> Option<usize> {
        self.objects.get(&object).and_then(|o| o.write)
    }

    /// The notification that has reached the waiter.
    pub(super) fn notifier(&self, condvar: ObjectId, thread: ThreadId) -> Option<usize> {
        self.waiters.get(&condvar)?.iter().find(|w| w.0 == thread)?.1
    }

    pub(super) fn has_token_now(&self, thread: ThreadId) -> bool {
        self.tokens.get(&thread).copied().unwrap_or(false)
    }

    /// `later` happens after `earlier`, or is it.
    pub(super) fn follows(&self, later: usize, earlier: usize) -> bool {
        let step = &self.steps[earlier];
        self.steps[later].after.get(step.thread) >= step.seq
    }

    /// Writes down a step that has taken effect.
    pub(super) fn push(
        &mut self,
        world: &World,
        thread: ThreadId,
        pending: &Pending,
        seen: &Seen,
        choice: Option<Choice>,
        cause: &[usize],
    ) {
        let index = self.steps.len();
        let announced = Act::announced(pending, thread);
        let done = Act::done(world, pending, thread, seen);
        let mut before = self.clock(thread).clone();
        for cause in cause {
            before.join(&self.steps[*cause].after);
        }
        self.causes(index, thread, &done, pending.object, choice, &mut before);
        let seq = before.get(thread) + 1;
        let races = self.candidates(thread, &done, &before);
        let mut after = before.clone();
        self.conflicts(&done, |step| after.join(&step.after));
        after.set(thread, seq);
        for (object, _) in &done.effects {
            if let Some(initial) = world.objects.get(object.index()).and_then(|o| o.initial) {
                self.initial.insert(*object, initial);
            }
        }
        let redundant = match done.operation {
            Operation::Unpark(other) => self.tokens.insert(other, true).unwrap_or(false),
            Operation::Park => {
                self.tokens.insert(thread, false);
                false
            }
            _ => false,
        };
        if let Operation::Spawn(child) = done.operation {
            *self.clock(child) = after.clone();
        }
        *self.clock(thread) = after.clone();
        self.note(index, &done);
        let written = seen.written.or(seen.value.filter(|_| matches!(done.operation, Operation::Store(_))));
        self.steps.push(Step { thread, seq, announced, done, choice, before, after, races, written, redundant });
    }

    /// An operation that took effect together with the last step, of the same thread.
    pub(super) fn extend(&mut self, world: &World, thread: ThreadId, pending: &Pending, seen: &Seen) {
        let Some(index) = self.steps.len().checked_sub(1) else { return };
        let done = Act::done(world, pending, thread, seen);
        let before = self.steps[index].before.clone();
        let races = self.candidates(thread, &done, &before);
        let mut after = self.steps[index].after.clone();
        self.conflicts(&done, |step| after.join(&step.after));
        self.note(index, &done);
        *self.clock(thread) = after.clone();
        let step = &mut self.steps[index];
        step.after = after;
        step.races.extend(races.into_iter().filter(|race| *race != index));
        step.done.effects.extend(done.effects.iter().copied());
        step.announced.effects.extend(done.effects);
    }

    /// What enabled the step, beside its conflicts: a thread's end, a notification.
    fn causes(
        &mut self,
        index: usize,
        thread: ThreadId,
        done: &Act,
        object: Option<ObjectId>,
        choice: Option<Choice>,
        before: &mut Clock,
    ) {
        match (done.operation, object) {
            (Operation::Join(child), _) => before.join(&self.clock(child).clone()),
            (Operation::Wait, Some(condvar)) => {
                let notified = done.left_at_once().then_some(index); // by itself
                self.waiters.entry(condvar).or_default().push((thread, notified));
            }
            (Operation::NotifyOne | Operation::NotifyAll, Some(condvar)) => {
                let waiters = self.waiters.entry(condvar).or_default();
                let mut asleep: Vec<_> = waiters.iter_mut().filter(|w| w.1.is_none()).collect();
                asleep.sort_by_key(|w| w.0);
                if done.operation == Operation::NotifyAll {
                    asleep.into_iter().for_each(|w| w.1 = Some(index));
                } else if let Some(chosen) = asleep.into_iter().nth(choice.map_or(0, |choice| choice.taken as usize)) {
                    chosen.1 = Some(index);
                }
            }
            (Operation::Wake, Some(condvar)) => {
                let waiters = self.waiters.entry(condvar).or_default();
                if let Some(at) = waiters.iter().position(|w| w.0 == thread) {
                    let (_, notifier) = waiters.remove(at);
                    notifier.into_iter().for_each(|n| before.join(&self.steps[n].after));
                }
            }
            _ => {}
        }
    }

    /// Calls `f` with every earlier step that the act directly depends on.
    fn conflicts(&self, act: &Act, mut f: impl FnMut(&Step)) {
        for (object, effect) in &act.effects {
            let Some(history) = self.objects.get(object) else { continue };
            history.write.iter().for_each(|w| f(&self.steps[*w]));
            if effect.writes() {
                history.reads.iter().for_each(|r| f(&self.steps[*r]));
            }
        }
    }

    fn note(&mut self, index: usize, done: &Act) {
        for (object, effect) in &done.effects {
            let history = self.objects.entry(*object).or_default();
            match effect {
                Effect::Acquire => {
                    history.acquired = Some(index);
                    history.shared.clear();
                }
                Effect::AcquireShared => history.shared.push(index),
                _ => {}
            }
            if effect.writes() {
                history.write = Some(index);
                history.reads.clear();
            } else {
                history.reads.push(index);
            }
        }
    }

    /// Earlier steps with which `act` of `thread` is in an immediate race that might be reversed.
    ///
    /// A blocking acquisition races with earlier acquisitions, never with the release that enables it.
    pub(super) fn candidates(&self, thread: ThreadId, act: &Act, before: &Clock) -> Vec<usize> {
        let mut found: Vec<usize> = Vec::new();
        for (object, effect) in &act.effects {
            let Some(history) = self.objects.get(object) else { continue };
            match effect {
                Effect::Acquire if act.blocking => {
                    found.extend(history.acquired);
                    found.extend(&history.shared);
                }
                Effect::AcquireShared if act.blocking => {
                    let attempt = |w: &usize| self.steps[*w].done.operation == Operation::TryLock;
                    found.extend(history.acquired);
                    found.extend(history.write.filter(attempt)); // also one that readers refused
                }
                _ if act.blocking && act.operation == Operation::Park => {
                    // the unpark that made the token available is what enabled it
                    found.extend(history.write.filter(|w| self.steps[*w].redundant));
                }
                _ => {
                    found.extend(history.write);
                    if effect.writes() {
                        found.extend(&history.reads);
                    }
                }
            }
        }
        found.sort_unstable();
        found.dedup();
        found.retain(|c| self.steps[*c].thread != thread && self.steps[*c].seq > before.get(self.steps[*c].thread));
        let all = found.clone();
        found.retain(|c| !all.iter().any(|d| d != c && self.follows(*d, *c)));
        found
    }

    /// The act as it would turn out after the steps before `i` and those of `v`, by each of its choices. It must be
    /// exact: a predicted conflict that does not happen breaks the invariant that a leaf of a wakeup tree wakes every
    /// sleeper.
    pub(super) fn predict(&self, i: usize, v: &[usize], act: &Act) -> Vec<(Act, Option<Choice>)> {
        let caused = self.predict_caused(i, v, act);
        if !act.spurious || caused.changes_nothing() {
            return vec![(caused, None)]; // a compare-exchange that finds something else fails anyway
        }
        let mut spurious = caused.clone();
        if act.operation == Operation::Wait {
            spurious.leaves_at_once();
        } else {
            spurious.only_reads();
        }
        vec![(caused, Some(Choice { taken: 0, of: 2 })), (spurious, Some(Choice { taken: 1, of: 2 }))]
    }

    fn predict_caused(&self, i: usize, v: &[usize], act: &Act) -> Act {
        let mut act = act.clone();
        let Some(&(object, _)) = act.effects.first() else { return act };
        let steps = || (0..i).chain(v.iter().copied()).map(|k| &self.steps[k]);
        let effects = || steps().filter_map(|s| s.done.effects.iter().find(|e| e.0 == object).map(|e| (s, e.1)));
        let nothing_changes = match (act.operation, act.expected) {
            (Operation::Rmw(..), Some(expected)) => {
                let last = effects().rfind(|(_, e)| *e == Effect::Write).and_then(|(s, _)| s.written);
                last.or(self.initial.get(&object).copied()) != Some(expected)
            }
            (Operation::TryLock, _) if self.holders(i, v, object, false).is_empty() => {
                if !self.holders(i, v, object, true).is_empty() {
                    act.refused_by_readers();
                }
                false
            }
            (Operation::TryLock, _) => true,
            (Operation::TryReadLock, _) => !self.holders(i, v, object, false).is_empty(),
            (Operation::NotifyOne | Operation::NotifyAll, _) => {
                let mut asleep = 0_usize;
                for (step, _) in effects() {
                    match step.done.operation {
                        Operation::Wait => asleep += 1,
                        Operation::NotifyAll => asleep = 0,
                        Operation::NotifyOne => asleep = asleep.saturating_sub(1),
                        Operation::Wake => asleep = asleep.saturating_sub(1), // by its timeout: else it is no effect here
                        _ => {}
                    }
                }
                asleep == 0
            }
            _ => false,
        };
        if nothing_changes {
            act.only_reads();
        }
        act
    }

    /// The steps that hold the lock after the steps before `i` and those of `v`; readers only if a writer asks.
    pub(super) fn holders(&self, i: usize, v: &[usize], lock: ObjectId, for_writing: bool) -> Vec<usize> {
        let mut writer = None;
        let mut readers: Vec<usize> = Vec::new();
        for k in (0..i).chain(v.iter().copied()) {
            let step = &self.steps[k];
            for (_, effect) in step.done.effects.iter().filter(|e| e.0 == lock) {
                match effect {
                    Effect::Acquire => writer = Some(k),
                    Effect::Release => writer = None,
                    Effect::AcquireShared => readers.push(k),
                    Effect::ReleaseShared => {
                        let at = readers.iter().rposition(|r| self.steps[*r].thread == step.thread);
                        at.map(|at| readers.remove(at));
                    }
                    Effect::Read | Effect::Write => {}
                }
            }
        }
        writer.into_iter().chain(if for_writing { readers } else { Vec::new() }).collect()
    }

    /// Whether the thread has its token after the steps before `i` and those of `v`.
    pub(super) fn has_token(&self, i: usize, v: &[usize], thread: ThreadId) -> bool {
        (0..i).chain(v.iter().copied()).fold(false, |token, k| match self.steps[k].done.operation {
            Operation::Unpark(other) if other == thread => true,
            Operation::Park if self.steps[k].thread == thread => false,
            _ => token,
        })
    }
}
