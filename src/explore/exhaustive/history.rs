//! One execution as the search sees it: its steps, what happens before what, and which pairs of steps race.
//!
//! Most executions begin as the one before them did: those steps stay, and are only gone through again.

use super::effect::{Act, Effect};
use super::race::Race;
use super::wakeup::Choice;
use crate::runtime::{Clock, NUMBERING, Pending, PerObject, Seen, Waits, World};
use crate::trace::{ObjectId, Operation, ThreadId, Value};
use smallvec::{SmallVec, smallvec};

/// Steps, by their places; few in most cases.
pub(super) type Steps = SmallVec<[usize; 4]>;

/// A step of an execution.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) thread: ThreadId,
    /// Its number among its thread's, from 1.
    pub(super) seq: u32,
    /// The object of its operation: for a wakeup, the condition variable.
    pub(super) object: Option<ObjectId>,
    /// The same, as the world counted it when the step was first done.
    counted: Option<ObjectId>,
    pub(super) announced: Act,
    pub(super) done: Act,
    pub(super) choice: Option<Choice>,
    /// What its thread knew before its conflicts, and after them.
    pub(super) before: Clock,
    pub(super) after: Clock,
    /// Earlier steps with which this one is in a race that might be reversed.
    pub(super) races: SmallVec<[Race; 2]>,
    pub(super) saw: Option<Value>,
    /// It released a lock, and what that protects was as before.
    pub(super) unchanged: bool,
    written: Option<Value>,
    /// An unpark of a thread that had its token already.
    redundant: bool,
}

/// A step's access to an object, and what was last before it, itself included.
#[derive(Clone, Copy, Debug)]
struct Access {
    step: usize,
    effect: Effect,
    write: Option<usize>,
    acquired: Option<usize>,
}

/// All accesses to an object.
#[derive(Debug, Default)]
struct ObjectHistory(Vec<Access>);

impl ObjectHistory {
    fn write(&self) -> Option<usize> {
        self.0.last()?.write
    }

    fn acquired(&self) -> Option<usize> {
        self.0.last()?.acquired
    }

    /// Those that do not write, since the last that does.
    fn reads(&self) -> impl Iterator<Item = usize> {
        self.0.iter().rev().take_while(|a| !a.effect.writes()).map(|a| a.step)
    }

    /// Those that acquired as one of several, since somebody was alone.
    fn shared(&self) -> impl Iterator<Item = usize> {
        let since = self.0.iter().rev().take_while(|a| a.effect != Effect::Acquire);
        since.filter(|a| a.effect == Effect::AcquireShared).map(|a| a.step)
    }
}

/// Who waits on a condition variable, and which step notified it.
type Waiters = SmallVec<[(ThreadId, Option<usize>); 4]>;

/// The steps of a thread, and the one that started it.
#[derive(Debug, Default)]
struct ThreadHistory {
    started: Option<usize>,
    steps: Vec<usize>,
}

/// Names for objects that do not hang on the order in which they were made: what is planned in one execution is compared
/// with what happens in others. (The world counts objects, and so do traces and tokens.)
#[derive(Debug, Default)]
struct Numbers {
    /// For each thread, for each object that it made.
    given: Vec<Vec<Option<ObjectId>>>,
    count: u32,
}

impl Numbers {
    fn of(&mut self, world: &World, object: ObjectId) -> ObjectId {
        let (thread, nth) = world.objects[object.index()].born;
        if self.given.len() <= thread.index() {
            self.given.resize_with(thread.index() + 1, Vec::new);
        }
        let (given, nth) = (&mut self.given[thread.index()], nth as usize);
        if given.len() <= nth {
            given.resize(nth + 1, None);
        }
        *given[nth].get_or_insert_with(|| {
            self.count += 1;
            ObjectId(self.count - 1)
        })
    }
}

/// The execution so far.
#[derive(Debug, Default)]
pub(super) struct History {
    pub(super) steps: Vec<Step>,
    threads: Vec<ThreadHistory>,
    objects: PerObject<ObjectHistory>,
    waiters: PerObject<Waiters>,
    /// Whether a thread has its token.
    tokens: Vec<bool>,
    numbers: Numbers,
    /// The values with which atomics were created, as far as a compare-exchange may find them.
    initials: PerObject<Option<Value>>,
    /// What a thread knows that has done nothing, and was started by none.
    nothing: Clock,
}

impl History {
    /// Begins another execution, which begins with so many of the steps of the last one.
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

    pub(super) fn clock(&self, thread: ThreadId) -> &Clock {
        let Some(history) = self.threads.get(thread.index()) else { return &self.nothing };
        history.steps.last().copied().or(history.started).map_or(&self.nothing, |step| &self.steps[step].after)
    }

    /// The steps of a thread.
    pub(super) fn of(&self, thread: ThreadId) -> &[usize] {
        self.threads.get(thread.index()).map_or(&[], |thread| &thread.steps)
    }

    /// The last step of each thread.
    pub(super) fn latest(&self) -> Steps {
        self.threads.iter().filter_map(|thread| thread.steps.last().copied()).collect()
    }

    /// Whether what the object holds, or protects, may have changed between the two steps of a thread.
    pub(super) fn has_changed(&self, object: ObjectId, then: usize, now: usize) -> bool {
        let all = self.objects.get(object).map_or(&[][..], |history| &history.0);
        let between = |step: usize| all.partition_point(|access| access.step < step);
        all[between(then + 1)..between(now)].iter().any(|access| match access.effect {
            Effect::Write => true,
            Effect::Release => !self.steps[access.step].unchanged,
            Effect::Read | Effect::Acquire | Effect::AcquireShared | Effect::ReleaseShared => false,
        })
    }

    /// The notification that has reached the waiter.
    pub(super) fn notifier(&self, condvar: ObjectId, thread: ThreadId) -> Option<usize> {
        self.waiters.get(condvar)?.iter().find(|w| w.0 == thread)?.1
    }

    pub(super) fn has_token_now(&self, thread: ThreadId) -> bool {
        self.tokens.get(thread.index()).copied().unwrap_or(false)
    }

    /// Whether the thread had its token before it was given or taken.
    fn set_token(&mut self, thread: ThreadId, token: bool) -> bool {
        if self.tokens.len() <= thread.index() {
            self.tokens.resize(thread.index() + 1, false);
        }
        std::mem::replace(&mut self.tokens[thread.index()], token)
    }

    /// `later` happens after `earlier`, or is it.
    pub(super) fn follows(&self, later: usize, earlier: usize) -> bool {
        let step = &self.steps[earlier];
        self.steps[later].after.get(step.thread) >= step.seq
    }

    /// Of each thread, how many steps every step after the first `kept` ones follows.
    pub(super) fn followed(&self, kept: usize) -> Clock {
        let Some((first, others)) = self.steps.get(kept..).and_then(|new| new.split_first()) else {
            return self.nothing.clone();
        };
        let mut followed = first.after.clone();
        others.iter().for_each(|step| followed.meet(&step.after));
        followed
    }

    /// The name of an object.
    pub(super) fn number(&mut self, world: &World, object: ObjectId) -> ObjectId {
        self.numbers.of(world, object)
    }

    /// An announced operation, on objects by their names.
    pub(super) fn announced(&mut self, world: &World, thread: ThreadId, pending: &Pending) -> Act {
        let object = pending.object.map(|object| self.number(world, object));
        let waits = match pending.waits {
            Waits::Releasing { mutex, timeout } => Waits::Releasing { mutex: self.number(world, mutex), timeout },
            Waits::Notified { mutex, timeout } => Waits::Notified { mutex: self.number(world, mutex), timeout },
            other => other,
        };
        let mut act = Act::announced(&Pending { object, waits, ..*pending }, thread);
        if act.operation == Operation::Wake {
            // a timeout is a choice of the wait, and where it is none the rest is blocked: every wakeup that is a step
            // was notified
            act.effects.retain(|(_, effect)| effect.acquires());
        }
        if pending.object.is_some_and(|object| world.objects[object.index()].first_come) {
            act.effects.push((NUMBERING, Effect::Write)); // it has another name if another thread makes it
        }
        self.note_initial(world, pending, object);
        act
    }

    fn note_initial(&mut self, world: &World, pending: &Pending, named: Option<ObjectId>) {
        if let (Some(_), Some(object), Some(named)) = (pending.expected, pending.object, named) {
            *self.initials.of(named) = world.objects[object.index()].initial;
        }
    }

    /// Goes through a step again that was kept from the last execution; false if it is another one.
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
            object = pending.object.map(|object| self.number(world, object));
        }
        self.note_initial(world, pending, object);
        let step = &mut self.steps[index];
        if (step.thread, step.announced.operation, step.object) != (thread, pending.operation, object) {
            return false;
        }
        // the same values, but for addresses
        step.announced.expected = pending.expected;
        step.written = written(&step.done, seen);
        if step.done.is_about_waiting() {
            let (operation, by_itself, object, choice) =
                (step.done.operation, step.done.left_at_once(), step.object, step.choice);
            self.enact(index, thread, operation, by_itself, object, choice);
        }
        true
    }

    /// Writes down a step that has taken effect.
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
        let done = Act::done(&announced, world, pending, seen);
        let object = pending.object.map(|object| self.number(world, object));
        let mut before = self.clock(thread).clone();
        for cause in causes {
            before.join(&self.steps[*cause].after);
        }
        if let Operation::Join(child) = done.operation {
            before.join(self.clock(child));
        }
        let (notifier, redundant) = self.enact(index, thread, done.operation, done.left_at_once(), object, choice);
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

    /// What a step means for who waits and who has a token; a wait may end by itself. The notification that enabled the
    /// step, if it is a wakeup that was notified, and whether it is an unpark of a thread that had its token.
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
                if let Some(chosen) = asleep.get_mut(choice.map_or(0, |choice| choice.taken as usize)) {
                    chosen.1 = Some(index);
                }
            }
            (Operation::Wake, Some(condvar)) => {
                let waiters = self.waiters.of(condvar);
                if let Some(at) = waiters.iter().position(|w| w.0 == thread) {
                    return (waiters.remove(at).1, false);
                }
            }
            (Operation::Unpark(other), _) => return (None, self.set_token(other, true)),
            (Operation::Park, _) if !by_itself => _ = self.set_token(thread, false),
            _ => {}
        }
        (None, false)
    }

    /// Calls `f` with every earlier step that the act directly depends on.
    fn conflicts(&self, act: &Act, mut f: impl FnMut(&Step)) {
        for (object, effect) in &act.effects {
            let Some(history) = self.objects.get(*object) else { continue };
            history.write().into_iter().for_each(|w| f(&self.steps[w]));
            if effect.writes() {
                history.reads().for_each(|r| f(&self.steps[r]));
            }
        }
    }

    fn note(&mut self, index: usize, done: &Act) {
        for (object, effect) in &done.effects {
            let history = self.objects.of(*object);
            let write = if effect.writes() { Some(index) } else { history.write() };
            let acquired = if *effect == Effect::Acquire { Some(index) } else { history.acquired() };
            history.0.push(Access { step: index, effect: *effect, write, acquired });
        }
    }

    /// Earlier steps with which `act` of `thread` is in an immediate race that might be reversed.
    ///
    /// A blocking acquisition races with earlier acquisitions, never with the release that enables it.
    pub(super) fn candidates(&self, thread: ThreadId, act: &Act, before: &Clock) -> Steps {
        let mut found = Steps::new();
        for (object, effect) in &act.effects {
            let Some(history) = self.objects.get(*object) else { continue };
            match effect {
                Effect::Acquire if act.blocking => {
                    found.extend(history.acquired());
                    found.extend(history.shared());
                }
                Effect::AcquireShared if act.blocking => {
                    let attempt = |w: &usize| self.steps[*w].done.operation == Operation::TryLock;
                    found.extend(history.acquired());
                    found.extend(history.write().filter(attempt)); // also one that readers refused
                }
                _ if act.blocking && act.operation == Operation::Park => {
                    // the unpark that made the token available is what enabled it
                    found.extend(history.write().filter(|w| self.steps[*w].redundant));
                }
                _ => {
                    found.extend(history.write());
                    if effect.writes() {
                        found.extend(history.reads());
                    }
                }
            }
        }
        found.sort_unstable();
        found.dedup();
        found.retain(|c| self.steps[*c].thread != thread && self.steps[*c].seq > before.get(self.steps[*c].thread));
        if found.len() < 2 {
            return found;
        }
        let all = found.clone();
        found.retain(|c| !all.iter().any(|d| d != c && self.follows(*d, *c)));
        found
    }

    /// The act as it would turn out after the steps before `i` and those of `v`, by each of its choices. It must be
    /// exact: a predicted conflict that does not happen breaks the invariant that a leaf of a wakeup tree wakes every
    /// sleeper.
    pub(super) fn predict(&self, i: usize, v: &[usize], act: &Act) -> SmallVec<[(Act, Option<Choice>); 1]> {
        let caused = self.predict_caused(i, v, act);
        if let (Operation::NotifyOne, Some(&(condvar, _))) = (act.operation, act.effects.first()) {
            let of = self.asleep(i, v, condvar);
            if of > 1 {
                return (0..of).map(|taken| (caused.clone(), Some(Choice { taken, of }))).collect();
            }
        }
        if !act.spurious || caused.changes_nothing() {
            return smallvec![(caused, None)]; // a compare-exchange that finds something else fails anyway
        }
        let mut spurious = caused.clone();
        if act.operation == Operation::Wait {
            spurious.leaves_at_once();
        } else {
            spurious.only_reads();
        }
        smallvec![(caused, Some(Choice { taken: 0, of: 2 })), (spurious, Some(Choice { taken: 1, of: 2 }))]
    }

    fn predict_caused(&self, i: usize, v: &[usize], act: &Act) -> Act {
        let mut act = act.clone();
        let Some(&(object, _)) = act.effects.first() else { return act };
        let nothing_changes = match (act.operation, act.expected) {
            (Operation::Rmw(..), Some(expected)) => {
                let last = self.accesses(object, i, v).rfind(|access| access.effect == Effect::Write);
                let last = last.and_then(|access| self.steps[access.step].written);
                last.or(self.initials.get(object).copied().flatten()) != Some(expected)
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
            _ => false,
        };
        if nothing_changes {
            act.only_reads();
        }
        act
    }

    /// How many threads wait on the condition variable, and were not notified, after the steps before `i` and those of `v`.
    fn asleep(&self, i: usize, v: &[usize], condvar: ObjectId) -> u32 {
        self.accesses(condvar, i, v).fold(0, |asleep: u32, access| match self.steps[access.step].done.operation {
            Operation::Wait => asleep + 1,
            Operation::NotifyAll => 0,
            Operation::NotifyOne => asleep.saturating_sub(1),
            _ => asleep,
        })
    }

    /// The steps that hold the lock after the steps before `i` and those of `v`; readers only if a writer asks.
    pub(super) fn holders(&self, i: usize, v: &[usize], lock: ObjectId, for_writing: bool) -> Steps {
        let mut writer = None;
        let mut readers = Steps::new();
        let all = self.objects.get(lock).map_or(&[][..], |history| &history.0);
        let before = &all[..all.partition_point(|access| access.step < i)];
        // whoever is alone with it came when nobody held it
        let alone = before.iter().rposition(|access| access.effect == Effect::Acquire).unwrap_or(0);
        let later = all[before.len()..].iter().filter(|access| v.binary_search(&access.step).is_ok());
        for &Access { step, effect, .. } in before[alone..].iter().chain(later) {
            match effect {
                Effect::Acquire => writer = Some(step),
                Effect::Release => writer = None,
                Effect::AcquireShared => readers.push(step),
                Effect::ReleaseShared => {
                    let at = readers.iter().rposition(|r| self.steps[*r].thread == self.steps[step].thread);
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

    /// The accesses to an object by the steps before `i` and those of `v`, which are in order.
    fn accesses(&self, object: ObjectId, i: usize, v: &[usize]) -> impl DoubleEndedIterator<Item = Access> {
        let all = self.objects.get(object).map_or(&[][..], |history| &history.0);
        all.iter().copied().filter(move |access| access.step < i || v.binary_search(&access.step).is_ok())
    }

    /// Whether the thread has its token after the steps before `i` and those of `v`.
    pub(super) fn has_token(&self, i: usize, v: &[usize], thread: ThreadId) -> bool {
        (0..i).chain(v.iter().copied()).fold(false, |token, k| match self.steps[k].done.operation {
            Operation::Unpark(other) if other == thread => true,
            Operation::Park if self.steps[k].thread == thread && !self.steps[k].done.left_at_once() => false,
            _ => token,
        })
    }
}

/// The value that a step left behind in an atomic.
fn written(done: &Act, seen: &Seen) -> Option<Value> {
    seen.written.or(seen.value.filter(|_| matches!(done.operation, Operation::Store(_))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::{Counted, Engine, Pulse, Settings, set_me};
    use crate::trace::{Object, ObjectKind};
    use std::panic::Location;
    use std::sync::Arc;

    /// Threads make an object each, in this order: the names of what they made, in the order of the threads.
    fn names(history: &mut History, makers: [u32; 3]) -> [ObjectId; 3] {
        let mut world = World::new(Settings {
            engine: Engine::Shuttle,
            pulse: Arc::new(Pulse::default()),
            max_events: 100,
            leaks: true,
            spurious: true,
            most_events: None,
            replays: None,
            judged: false,
            counted: Counted::Places(Vec::new()),
        });
        (0..2).for_each(|_| _ = world.add_thread(None));
        let mut made = [ObjectId(0); 3];
        for maker in makers {
            set_me(ThreadId(maker));
            let object = Object { kind: ObjectKind::Atomic, name: None, created: Location::caller() };
            made[maker as usize] = world.create(object);
        }
        set_me(ThreadId::MAIN);
        made.map(|object| history.number(&world, object))
    }

    #[test]
    fn the_names_of_objects_do_not_hang_on_the_order_in_which_they_were_made() {
        let mut history = History::default();
        let first = names(&mut history, [0, 1, 2]);
        assert!(first[0] != first[1] && first[1] != first[2] && first[0] != first[2]);
        assert_eq!(names(&mut history, [2, 0, 1]), first);
    }
}
