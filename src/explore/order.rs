//! What happens before what in one execution that is over: for histories, whose real time must be the model's own.
//!
//! On shuttle's green threads the relation is dependency: executions that differ only in the order of independent
//! events are one execution to the exhaustive explorer (Mazurkiewicz), so every order that the relation leaves open is
//! one that could have been. Under loom it is happens-before, from the declared orderings: there is no other time
//! between threads. Where the relation cannot be told from the trace it is made larger under dependency, and smaller
//! under happens-before: so that nothing is said to be possible that is not.

use super::exhaustive::effect::{Act, Effects};
use crate::runtime::{Engine, Pending, Seen, Waits, World, token};
use crate::trace::{Event, ObjectId, Operation, Outcome, ThreadId, Trace, Value};
use std::collections::HashMap;
use std::sync::atomic::Ordering::{self, AcqRel, Acquire, Release, SeqCst};

/// For each thread, how many of its events are known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Known(Vec<u32>);

impl Known {
    /// How many events of the thread are known.
    pub(crate) fn of(&self, thread: ThreadId) -> u32 {
        self.0.get(thread.index()).copied().unwrap_or(0)
    }

    fn join(&mut self, other: &Known) {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        for (mine, theirs) in self.0.iter_mut().zip(&other.0) {
            *mine = (*mine).max(*theirs);
        }
    }

    /// What both know.
    fn meet(&mut self, other: &Known) {
        self.0.truncate(other.0.len());
        for (mine, theirs) in self.0.iter_mut().zip(&other.0) {
            *mine = (*mine).min(*theirs);
        }
    }

    fn tick(&mut self, thread: ThreadId) {
        if self.0.len() <= thread.index() {
            self.0.resize(thread.index() + 1, 0);
        }
        self.0[thread.index()] += 1;
    }
}

/// What an event did, as far as the trace does not tell.
#[derive(Clone, Debug)]
pub(crate) struct Deed {
    pending: Pending,
    effects: Effects,
}

impl Deed {
    /// Of an operation that has just taken effect.
    pub(crate) fn of(world: &World, thread: ThreadId, pending: Pending, seen: &Seen) -> Deed {
        Deed { pending, effects: Act::done(&Act::announced(&pending, thread), world, &pending, seen).effects }
    }
}

/// For each event, what is known once it has happened, itself included.
pub(crate) fn known(world: &World) -> Vec<Known> {
    let World { trace, deeds, settings, .. } = world;
    let mut threads: Vec<Known> = vec![Known::default(); trace.threads.len()];
    let mut loom = Causality::of(world);
    let mut shuttle = Dependency::default();
    let mut all: Vec<Known> = Vec::with_capacity(trace.events.len());
    for (at, (event, deed)) in trace.events.iter().zip(deeds).enumerate() {
        let me = event.thread;
        if let Operation::Join(child) = event.operation {
            let theirs = threads[child.index()].clone();
            threads[me.index()].join(&theirs);
            threads[me.index()].tick(child); // its end: what it did after its last event is over too
        }
        threads[me.index()].tick(me);
        match settings.engine {
            Engine::Loom => loom.see(trace, at, deed, &mut threads[me.index()]),
            Engine::Shuttle | Engine::Std => shuttle.see(trace, at, deed, &all, &mut threads[me.index()]),
        }
        if let Operation::Spawn(child) = event.operation {
            threads[child.index()] = threads[me.index()].clone();
        }
        all.push(threads[me.index()].clone());
    }
    all
}

/// The last write, and the reads since, of each object.
#[derive(Default)]
struct Dependency {
    objects: HashMap<ObjectId, (Option<usize>, Vec<usize>)>,
}

impl Dependency {
    fn see(&mut self, trace: &Trace, at: usize, deed: &Deed, all: &[Known], now: &mut Known) {
        for (object, effect) in &deed.effects {
            let (write, reads) = self.objects.entry(*object).or_default();
            write.iter().for_each(|w| now.join(&all[*w]));
            if effect.writes() {
                reads.iter().for_each(|r| now.join(&all[*r]));
                (*write, *reads) = (Some(at), Vec::new());
            } else {
                reads.push(at);
            }
        }
        // a waiter that was notified has no effect on the condition variable any more, but its notification has: the
        // trace does not say which it was, if there were several
        let event = &trace.events[at];
        if event.operation == Operation::Wake && event.value == Some(Value::Outcome(Outcome::TimedOut)) {
            // it fired because nobody else could go on
            all.iter().for_each(|known| now.join(known));
        } else if event.operation == Operation::Wake {
            let same = |e: &Event| e.object == event.object;
            let before = &trace.events[..at];
            let wait = before.iter().rposition(|e| e.thread == event.thread && e.operation == Operation::Wait);
            for i in wait.unwrap_or(0)..at {
                let notifies = matches!(before[i].operation, Operation::NotifyOne | Operation::NotifyAll);
                if notifies && same(&before[i]) {
                    now.join(&all[i]);
                }
            }
        }
    }
}

/// Happens-before as C++20 has it ([intro.races], [atomics.order], [atomics.fences]), of what a trace shows.
///
/// Which store a load read is not in the trace: of several with the value that was read, only what all of them make
/// known is known. Release sequences go through read-modify-writes. That `SeqCst` operations have one order between
/// all of them is left out: it is no happens-before.
#[derive(Default)]
struct Causality {
    /// What the stores of an object publish, with the values they left behind, in modification order.
    stores: HashMap<ObjectId, Vec<(Option<Value>, Known)>>,
    /// What is known to whoever acquires a lock, for writing and for reading.
    locks: HashMap<ObjectId, (Known, Known)>,
    /// What park learns.
    tokens: HashMap<ObjectId, Known>,
    /// Per thread: what an acquire fence will make known, and what relaxed stores publish.
    fences: HashMap<ThreadId, (Known, Known)>,
}

impl Causality {
    fn of(world: &World) -> Causality {
        let objects = (0..).map(ObjectId).zip(&world.objects);
        // whoever can name an atomic knows its creation
        let created = objects.filter(|(_, object)| object.initial.is_some());
        let stores = created.map(|(id, object)| (id, vec![(object.initial, Known::default())])).collect();
        Causality { stores, ..Causality::default() }
    }

    fn see(&mut self, trace: &Trace, at: usize, deed: &Deed, now: &mut Known) {
        let event = &trace.events[at];
        let me = event.thread;
        let got = event.value != Some(Value::Bool(false));
        match (event.operation, event.object) {
            (Operation::Load(order), Some(object)) => {
                let read = self.candidates(object, event.value);
                self.read(me, &read, order, now);
            }
            (Operation::Store(order), Some(object)) => {
                let published = self.published(me, order, now);
                self.stores.entry(object).or_default().push((event.value, published));
            }
            (Operation::Rmw(_, order), Some(object)) => {
                // it continues the release sequence that it reads from
                let read = self.candidates(object, event.value);
                self.read(me, &read, order, now);
                let mut published = self.published(me, order, now);
                published.join(&read);
                self.stores.entry(object).or_default().push((event.written, published));
            }
            (Operation::Fence(order), _) => {
                let (read, publish) = self.fences.entry(me).or_default();
                if matches!(order, Acquire | AcqRel | SeqCst) {
                    now.join(read);
                }
                if matches!(order, Release | AcqRel | SeqCst) {
                    *publish = now.clone();
                }
            }
            (Operation::Lock, Some(lock)) => self.lock(lock, now),
            (Operation::TryLock, Some(lock)) if got => self.lock(lock, now),
            (Operation::ReadLock, Some(lock)) => self.read_lock(lock, now),
            (Operation::TryReadLock, Some(lock)) if got => self.read_lock(lock, now),
            (Operation::Unlock, Some(lock)) => self.locks.entry(lock).or_default().0.join(now),
            (Operation::ReadUnlock, Some(lock)) => self.locks.entry(lock).or_default().1.join(now),
            (Operation::Unpark(other), _) => self.tokens.entry(token(other)).or_default().join(now),
            (Operation::Park, _) => {
                if let Some(published) = self.tokens.get(&token(me)) {
                    now.join(published);
                }
            }
            _ => {}
        }
        match deed.pending.waits {
            Waits::Releasing { mutex, .. } => self.locks.entry(mutex).or_default().0.join(now),
            Waits::Notified { mutex, .. } => self.lock(mutex, now),
            _ => {}
        }
    }

    fn lock(&mut self, lock: ObjectId, now: &mut Known) {
        let (writers, readers) = self.locks.entry(lock).or_default();
        now.join(writers);
        now.join(readers);
    }

    fn read_lock(&mut self, lock: ObjectId, now: &mut Known) {
        now.join(&self.locks.entry(lock).or_default().0);
    }

    /// What is published by whichever store of the object left this value behind.
    fn candidates(&self, object: ObjectId, value: Option<Value>) -> Known {
        let stores = self.stores.get(&object).into_iter().flatten();
        let mut published = stores.filter(|(left, _)| *left == value || left.is_none()).map(|(_, known)| known);
        let Some(mut read) = published.next().cloned() else { return Known::default() };
        published.for_each(|other| read.meet(other));
        read
    }

    /// `me` has read a store that publishes this.
    fn read(&mut self, me: ThreadId, published: &Known, order: Ordering, now: &mut Known) {
        match order {
            Acquire | AcqRel | SeqCst => now.join(published),
            _ => self.fences.entry(me).or_default().0.join(published),
        }
    }

    fn published(&mut self, me: ThreadId, order: Ordering, now: &Known) -> Known {
        match order {
            Release | AcqRel | SeqCst => now.clone(),
            _ => self.fences.entry(me).or_default().1.clone(),
        }
    }
}
