//! What happens before what in one finished execution. Histories need it: their real time must be
//! the model's own.
//!
//! On shuttle's green threads the relation is dependency. Executions that differ only in the order
//! of independent events are one execution to the exhaustive explorer (Mazurkiewicz), so every
//! order that the relation leaves open is a possible one. Under loom, and where memory is weak, it
//! is happens-before, from the declared orderings: there is no other time between threads. Where
//! the trace does not determine the relation, dependency is made larger and happens-before smaller.
//! So nothing impossible is ever called possible.

use super::effect::{Act, Effects};
use crate::execution::{Log, Performed, Waits, World};
use crate::vocabulary::trace::{Event, ObjectId, Operation, Outcome, Trace, Value};
use crate::vocabulary::view::View;
use crate::vocabulary::{VectorClock, token};
use std::collections::HashMap;

/// For each event, what is known after it, itself included.
pub(crate) fn known(world: &World) -> Vec<VectorClock> {
    let Log { trace, performed, .. } = &world.log;
    let mut views: Vec<View> = vec![View::default(); trace.threads.len()];
    let mut weak = Causality::of(world);
    let mut shuttle = Dependency::default();
    let mut all: Vec<VectorClock> = Vec::with_capacity(trace.events.len());
    for (at, (event, performed)) in trace.events.iter().zip(performed).enumerate() {
        if let Operation::Join(child) = event.operation {
            let theirs = views[child.index()].now.clone();
            let mine = &mut views[event.thread.index()].now;
            mine.join(&theirs);
            mine.tick(child); // its end: what it did after its last event is over too
        }
        let mine = &mut views[event.thread.index()];
        mine.now.tick(event.thread);
        match world.rules.is_weak() {
            true => weak.see(trace, at, performed, mine),
            false => shuttle.see(trace, at, performed, &all, &mut mine.now),
        }
        let now = mine.now.clone();
        if let Operation::Spawn(child) = event.operation {
            views[child.index()].now = now.clone();
        }
        all.push(now);
    }
    all
}

/// The effects of an event on its objects.
fn effects(event: &Event, performed: &Performed) -> Effects {
    Act::done(&Act::announced(&performed.pending, event.thread), &performed.seen).effects
}

/// The last write of each object, and the reads since.
#[derive(Default)]
struct Dependency {
    objects: HashMap<ObjectId, (Option<usize>, Vec<usize>)>,
}

impl Dependency {
    fn see(
        &mut self,
        trace: &Trace,
        at: usize,
        performed: &Performed,
        all: &[VectorClock],
        now: &mut VectorClock,
    ) {
        let event = &trace.events[at];
        for (object, effect) in &effects(event, performed) {
            let (write, reads) = self.objects.entry(*object).or_default();
            write.iter().for_each(|w| now.join(&all[*w]));
            if effect.writes() {
                reads.iter().for_each(|r| now.join(&all[*r]));
                (*write, *reads) = (Some(at), Vec::new());
            } else {
                reads.push(at);
            }
        }
        // A notified waiter no longer has an effect on the condition variable, but its notification
        // has. If there were several, the trace does not say which one it was.
        if event.operation == Operation::Wake
            && event.value == Some(Value::Outcome(Outcome::TimedOut))
        {
            // it fired because no other thread could run
            all.iter().for_each(|known| now.join(known));
        } else if event.operation == Operation::Wake {
            let same = |e: &Event| e.object == event.object;
            let before = &trace.events[..at];
            let wait = before
                .iter()
                .rposition(|e| e.thread == event.thread && e.operation == Operation::Wait);
            for i in wait.unwrap_or(0)..at {
                let notifies =
                    matches!(before[i].operation, Operation::NotifyOne | Operation::NotifyAll);
                if notifies && same(&before[i]) {
                    now.join(&all[i]);
                }
            }
        }
    }
}

/// Happens-before as in C++20 ([intro.races], [atomics.order], [atomics.fences]), as far as a trace
/// shows it.
///
/// loom does not say which store a load read. If several stores left the value that was read, only
/// what all of them make known counts as known. Release sequences go through
/// read-modify-writes. The single order of all `SeqCst` operations is left out: it is not
/// happens-before.
#[derive(Default)]
struct Causality {
    /// What the stores of an object publish, with the values that they left, in modification order.
    stores: HashMap<ObjectId, Vec<(Option<Value>, VectorClock)>>,
    /// What a thread learns by acquiring a lock, for writing and for reading.
    locks: HashMap<ObjectId, (VectorClock, VectorClock)>,
    /// What a thread learns by parking.
    tokens: HashMap<ObjectId, VectorClock>,
}

impl Causality {
    fn of(world: &World) -> Causality {
        let objects = (0..).map(ObjectId).zip(&world.objects);
        // any thread that can name an atomic knows its creation
        let created = objects.filter(|(_, object)| object.initial.is_some());
        let stores = created
            .map(|(id, object)| (id, vec![(object.initial, VectorClock::default())]))
            .collect();
        Causality { stores, ..Causality::default() }
    }

    fn see(&mut self, trace: &Trace, at: usize, performed: &Performed, view: &mut View) {
        let event = &trace.events[at];
        let me = event.thread;
        let got = event.value != Some(Value::Bool(false));
        match (event.operation, event.object) {
            (Operation::Load(order), Some(object)) => {
                view.reads(&self.published(object, event, performed), order)
            }
            (Operation::Store(order), Some(object)) => {
                let published = view.publishes(order).clone();
                self.stores.entry(object).or_default().push((event.value, published));
            }
            (Operation::Rmw(_, order), Some(object)) => {
                // it continues the release sequence from which it reads
                let mut published = self.published(object, event, performed);
                view.reads(&published, order);
                published.join(view.publishes(order));
                self.stores.entry(object).or_default().push((event.written, published));
            }
            (Operation::Fence(order), _) => view.fence(order),
            (Operation::Lock, Some(lock)) => self.lock(lock, &mut view.now),
            (Operation::TryLock, Some(lock)) if got => self.lock(lock, &mut view.now),
            (Operation::ReadLock, Some(lock)) => self.read_lock(lock, &mut view.now),
            (Operation::TryReadLock, Some(lock)) if got => self.read_lock(lock, &mut view.now),
            (Operation::Unlock | Operation::Downgrade, Some(lock)) => {
                self.locks.entry(lock).or_default().0.join(&view.now)
            }
            (Operation::ReadUnlock, Some(lock)) => {
                self.locks.entry(lock).or_default().1.join(&view.now)
            }
            (Operation::Unpark(other), _) => {
                self.tokens.entry(token(other)).or_default().join(&view.now)
            }
            (Operation::Park, _) => {
                if let Some(published) = self.tokens.get(&token(me)) {
                    view.now.join(published);
                }
            }
            _ => {}
        }
        match performed.pending.waits {
            Waits::Releasing { mutex, .. } => {
                self.locks.entry(mutex).or_default().0.join(&view.now)
            }
            Waits::Notified { mutex, .. } => self.lock(mutex, &mut view.now),
            _ => {}
        }
    }

    fn lock(&mut self, lock: ObjectId, now: &mut VectorClock) {
        let (writers, readers) = self.locks.entry(lock).or_default();
        now.join(writers);
        now.join(readers);
    }

    fn read_lock(&mut self, lock: ObjectId, now: &mut VectorClock) {
        now.join(&self.locks.entry(lock).or_default().0);
    }

    /// What the store publishes that an event has read.
    fn published(&self, object: ObjectId, event: &Event, performed: &Performed) -> VectorClock {
        let Some(read) = performed.read else { return self.candidates(object, event.value) };
        // the initial store is the first one
        let store = self.stores.get(&object).and_then(|stores| stores.get(read));
        store.map_or_else(VectorClock::default, |(_, published)| published.clone())
    }

    /// What every store of the object that left this value publishes.
    fn candidates(&self, object: ObjectId, value: Option<Value>) -> VectorClock {
        let stores = self.stores.get(&object).into_iter().flatten();
        let mut published =
            stores.filter(|(left, _)| *left == value || left.is_none()).map(|(_, known)| known);
        let Some(mut read) = published.next().cloned() else { return VectorClock::default() };
        published.for_each(|other| read.meet(other));
        read
    }
}
