//! One execution as the search sees it: its steps, happens-before, and which pairs of steps race.
//!
//! Most executions begin like the previous one. Those steps stay in the log, and are only replayed.

use super::names::Names;
use crate::dependence::{Act, Effect};
use crate::execution::{Pending, Seen, Waits, World};
use crate::vocabulary::trace::{ObjectId, Operation, ThreadId, Value};
use crate::vocabulary::{PerObject, VectorClock, token};
use smallvec::SmallVec;

/// Steps, by index. There are few in most cases.
pub(super) type Steps = SmallVec<[usize; 4]>;

/// A race of a step with an earlier one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Race {
    pub(super) with: usize,
    /// How many steps of its execution the last planned reversal depended on.
    pub(super) depends: usize,
}

impl Race {
    pub(super) fn new(with: usize) -> Race {
        Race { with, depends: usize::MAX }
    }
}

/// What a step with several outcomes did: a choice that is not about threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Choice {
    pub(super) taken: u32,
    /// How many options it had.
    pub(super) of: u32,
}

/// A step of an execution.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) thread: ThreadId,
    /// Its number among its thread's steps, from 1.
    pub(super) seq: u32,
    /// The object of its operation: for a wakeup, the condition variable.
    pub(super) object: Option<ObjectId>,
    /// The same, by the world's number when the step was first done.
    counted: Option<ObjectId>,
    pub(super) announced: Act,
    pub(super) done: Act,
    pub(super) choice: Option<Choice>,
    /// What its thread knew before its conflicts, and after them.
    pub(super) before: VectorClock,
    pub(super) after: VectorClock,
    /// Earlier steps with which this one is in a race that may be reversible.
    pub(super) races: SmallVec<[Race; 2]>,
    pub(super) saw: Option<Value>,
    /// It released a lock, and the protected data was unchanged.
    pub(super) unchanged: bool,
    pub(super) written: Option<Value>,
    /// It makes a token available that already was.
    pub(super) redundant: bool,
}

/// A step's access to an object, and the last write and acquisition up to and including it.
#[derive(Clone, Copy, Debug)]
pub(super) struct ObjectAccess {
    pub(super) step: usize,
    pub(super) effect: Effect,
    write: Option<usize>,
    acquired: Option<usize>,
}

/// All accesses to an object.
#[derive(Debug, Default)]
pub(super) struct ObjectHistory(pub(super) Vec<ObjectAccess>);

impl ObjectHistory {
    pub(super) fn write(&self) -> Option<usize> {
        self.0.last()?.write
    }

    pub(super) fn acquired(&self) -> Option<usize> {
        self.0.last()?.acquired
    }

    /// Accesses that do not write, since the last write.
    pub(super) fn reads(&self) -> impl Iterator<Item = usize> {
        self.0.iter().rev().take_while(|a| !a.effect.writes()).map(|a| a.step)
    }

    /// Shared acquisitions since the last exclusive one.
    pub(super) fn shared(&self) -> impl Iterator<Item = usize> {
        let since = self.0.iter().rev().take_while(|a| a.effect != Effect::Acquire);
        since.filter(|a| a.effect == Effect::AcquireShared).map(|a| a.step)
    }
}

/// The threads that wait on a condition variable, and the step that notified each.
type Waiters = SmallVec<[(ThreadId, Option<usize>); 4]>;

/// The steps of a thread, and the step that spawned it.
#[derive(Debug, Default)]
struct ThreadHistory {
    started: Option<usize>,
    steps: Vec<usize>,
}

/// The execution so far.
#[derive(Debug, Default)]
pub(super) struct StepLog {
    pub(super) steps: Vec<Step>,
    threads: Vec<ThreadHistory>,
    pub(super) objects: PerObject<ObjectHistory>,
    waiters: PerObject<Waiters>,
    /// Whether each token is available: those of threads, and those of tasks' wakers.
    tokens: PerObject<bool>,
    names: Names,
    /// The initial values of atomics, as far as a compare-exchange may find them.
    pub(super) initials: PerObject<Option<Value>>,
    /// The clock of a thread that has done nothing and was spawned by none.
    nothing: VectorClock,
}

impl StepLog {
    /// Begins another execution, which repeats the first `kept` steps of the last one.
    pub(super) fn begin(&mut self, kept: usize) {
        self.steps.truncate(kept);
        for thread in &mut self.threads {
            thread.steps.truncate(thread.steps.partition_point(|step| *step < kept));
            thread.started = thread.started.filter(|step| *step < kept);
        }
        for object in self.objects.iter_mut() {
            object.0.truncate(object.0.partition_point(|access| access.step < kept));
        }
        self.waiters.clear();
        self.tokens.clear();
    }

    fn thread(&mut self, thread: ThreadId) -> &mut ThreadHistory {
        if self.threads.len() <= thread.index() {
            self.threads.resize_with(thread.index() + 1, ThreadHistory::default);
        }
        &mut self.threads[thread.index()]
    }

    pub(super) fn clock(&self, thread: ThreadId) -> &VectorClock {
        let Some(log) = self.threads.get(thread.index()) else { return &self.nothing };
        log.steps
            .last()
            .copied()
            .or(log.started)
            .map_or(&self.nothing, |step| &self.steps[step].after)
    }

    /// The steps of a thread.
    pub(super) fn of(&self, thread: ThreadId) -> &[usize] {
        self.threads.get(thread.index()).map_or(&[], |thread| &thread.steps)
    }

    /// The last step of each thread.
    pub(super) fn latest(&self) -> Steps {
        self.threads.iter().filter_map(|thread| thread.steps.last().copied()).collect()
    }

    /// The last step of each thread among the first `steps`.
    pub(super) fn latest_before(&self, steps: usize) -> Steps {
        let before = |thread: &ThreadHistory| {
            let count = thread.steps.partition_point(|step| *step < steps);
            count.checked_sub(1).map(|last| thread.steps[last])
        };
        self.threads.iter().filter_map(before).collect()
    }

    /// Whether the object's value, or the data that it protects, may have changed between two steps
    /// of a thread.
    pub(super) fn has_changed(&self, object: ObjectId, then: usize, now: usize) -> bool {
        let all = self.objects.get(object).map_or(&[][..], |log| &log.0);
        let between = |step: usize| all.partition_point(|access| access.step < step);
        all[between(then + 1)..between(now)].iter().any(|access| match access.effect {
            Effect::Write => true,
            Effect::Release => !self.steps[access.step].unchanged,
            Effect::Read | Effect::Acquire | Effect::AcquireShared | Effect::ReleaseShared => false,
        })
    }

    /// The notification that reached the waiter.
    pub(super) fn notifier(&self, condvar: ObjectId, thread: ThreadId) -> Option<usize> {
        self.waiters.get(condvar)?.iter().find(|w| w.0 == thread)?.1
    }

    pub(super) fn has_token_now(&self, thread: ThreadId) -> bool {
        self.tokens.get(token(thread)).copied().unwrap_or(false)
    }

    /// Whether `later` is `earlier` or happens after it.
    pub(super) fn follows(&self, later: usize, earlier: usize) -> bool {
        let step = &self.steps[earlier];
        self.steps[later].after.get(step.thread) >= step.seq
    }

    /// For each thread, how many of its steps precede every step after the first `kept` ones.
    pub(super) fn followed(&self, kept: usize) -> VectorClock {
        let Some((first, others)) = self.steps.get(kept..).and_then(|new| new.split_first()) else {
            return self.nothing.clone();
        };
        let mut followed = first.after.clone();
        others.iter().for_each(|step| followed.meet(&step.after));
        followed
    }

    /// The name of an object.
    pub(super) fn named(&mut self, world: &World, object: ObjectId) -> ObjectId {
        self.names.of(world, object)
    }

    /// An announced operation, with its objects by name.
    pub(super) fn announced(&mut self, world: &World, thread: ThreadId, pending: &Pending) -> Act {
        let object = pending.object.map(|object| self.named(world, object));
        let waits = match pending.waits {
            Waits::Releasing { mutex, timeout } => {
                Waits::Releasing { mutex: self.named(world, mutex), timeout }
            }
            Waits::Notified { mutex, timeout } => {
                Waits::Notified { mutex: self.named(world, mutex), timeout }
            }
            // whoever could go on in any case comes before a wake, too
            Waits::WokenUntil(end) if world.turns.time.has_come(end) => {
                Waits::Woken { yields: true }
            }
            other => other,
        };
        let mut act = Act::announced(&Pending { object, waits, ..*pending }, thread);
        if act.operation == Operation::Wake {
            // A timeout is a choice of the wait, and without that choice the rest is blocked. So
            // every wakeup that is a step was notified.
            act.effects.retain(|(_, effect)| effect.acquires());
        }
        self.note_initial(world, pending, object);
        act
    }

    fn note_initial(&mut self, world: &World, pending: &Pending, named: Option<ObjectId>) {
        if let (Some(_), Some(object), Some(named)) = (pending.expected, pending.object, named) {
            *self.initials.of(named) = world.objects[object.index()].initial;
        }
    }

    /// Replays a step kept from the last execution. Returns false if it is another step.
    pub(super) fn repeat(
        &mut self,
        world: &World,
        index: usize,
        thread: ThreadId,
        pending: &Pending,
        seen: &Seen,
    ) -> bool {
        let step = &self.steps[index];
        let mut object = step.object;
        if step.counted != pending.object {
            object = pending.object.map(|object| self.named(world, object));
        }
        self.note_initial(world, pending, object);
        let step = &mut self.steps[index];
        if step.thread != thread
            || step.object != object
            || step.announced.operation != pending.operation
        {
            return false;
        }
        // the same values, except for addresses
        step.announced.expected = pending.expected;
        step.written = written(&step.done, seen);
        if step.done.is_about_waiting() {
            let (operation, by_itself, object, choice) =
                (step.done.operation, step.done.left_at_once(), step.object, step.choice);
            self.enact(index, thread, operation, by_itself, object, choice);
        }
        true
    }

    /// Records a step that has taken effect.
    pub(super) fn push(
        &mut self,
        world: &World,
        thread: ThreadId,
        pending: &Pending,
        seen: &Seen,
        choice: Option<Choice>,
        causes: &[usize],
    ) {
        let index = self.steps.len();
        let announced = self.announced(world, thread, pending);
        let done = Act::done(&announced, seen);
        let object = pending.object.map(|object| self.named(world, object));
        let mut before = self.clock(thread).clone();
        for cause in causes {
            before.join(&self.steps[*cause].after);
        }
        if let Operation::Join(child) = done.operation {
            before.join(self.clock(child));
        }
        let (notifier, redundant) =
            self.enact(index, thread, done.operation, done.left_at_once(), object, choice);
        notifier.into_iter().for_each(|n| before.join(&self.steps[n].after));
        let seq = before.get(thread) + 1;
        let races = self.candidates(thread, &done, &before).into_iter().map(Race::new).collect();
        let mut after = before.clone();
        self.conflicts(&done, |step| after.join(&step.after));
        after.set(thread, seq);
        if let Operation::Spawn(child) = done.operation {
            self.thread(child).started = Some(index);
        }
        self.thread(thread).steps.push(index);
        self.note(index, &done);
        let written = written(&done, seen);
        self.steps.push(Step {
            thread,
            seq,
            object,
            counted: pending.object,
            announced,
            done,
            choice,
            before,
            after,
            races,
            saw: seen.value,
            unchanged: seen.unchanged,
            written,
            redundant,
        });
    }

    /// Applies a step to waiters and tokens. A wait may end by itself. Returns the notification
    /// that enabled the step, if it is a notified wakeup, and whether it makes a token available
    /// that already was.
    fn enact(
        &mut self,
        index: usize,
        thread: ThreadId,
        operation: Operation,
        by_itself: bool,
        object: Option<ObjectId>,
        choice: Option<Choice>,
    ) -> (Option<usize>, bool) {
        match (operation, object) {
            (Operation::Wait, Some(condvar)) => {
                self.waiters.of(condvar).push((thread, by_itself.then_some(index)));
            }
            (Operation::NotifyAll, Some(condvar)) => {
                let asleep = self.waiters.of(condvar).iter_mut().filter(|w| w.1.is_none());
                asleep.for_each(|w| w.1 = Some(index));
            }
            (Operation::NotifyOne, Some(condvar)) => {
                let mut asleep: SmallVec<[_; 4]> =
                    self.waiters.of(condvar).iter_mut().filter(|w| w.1.is_none()).collect();
                asleep.sort_by_key(|w| w.0);
                if let Some(chosen) =
                    asleep.get_mut(choice.map_or(0, |choice| choice.taken as usize))
                {
                    chosen.1 = Some(index);
                }
            }
            (Operation::Wake, Some(condvar)) => {
                let waiters = self.waiters.of(condvar);
                if let Some(at) = waiters.iter().position(|w| w.0 == thread) {
                    return (waiters.remove(at).1, false);
                }
            }
            _ => {}
        }
        match tells(thread, operation, object) {
            Some((token, true)) => {
                return (None, std::mem::replace(self.tokens.of(token), true));
            }
            Some((token, false)) if !by_itself => *self.tokens.of(token) = false,
            Some(_) | None => {}
        }
        (None, false)
    }

    /// Calls `f` with every earlier step on which the act directly depends.
    fn conflicts(&self, act: &Act, mut f: impl FnMut(&Step)) {
        for (object, effect) in &act.effects {
            let Some(log) = self.objects.get(*object) else { continue };
            log.write().into_iter().for_each(|w| f(&self.steps[w]));
            if effect.writes() {
                log.reads().for_each(|r| f(&self.steps[r]));
            }
        }
    }

    fn note(&mut self, index: usize, done: &Act) {
        for (object, effect) in &done.effects {
            let log = self.objects.of(*object);
            let write = if effect.writes() { Some(index) } else { log.write() };
            let acquired = if *effect == Effect::Acquire { Some(index) } else { log.acquired() };
            log.0.push(ObjectAccess { step: index, effect: *effect, write, acquired });
        }
    }
}

/// The token that an operation makes available or takes, and whether it is available afterwards.
pub(super) fn tells(
    thread: ThreadId,
    operation: Operation,
    object: Option<ObjectId>,
) -> Option<(ObjectId, bool)> {
    match operation {
        Operation::Unpark(other) => Some((token(other), true)),
        Operation::Park => Some((token(thread), false)),
        Operation::Signal(_) => Some((object?, true)),
        Operation::Poll => Some((object?, false)),
        _ => None,
    }
}

/// The value that a step left in an atomic.
fn written(done: &Act, seen: &Seen) -> Option<Value> {
    seen.written.or(seen.value.filter(|_| matches!(done.operation, Operation::Store(_))))
}
