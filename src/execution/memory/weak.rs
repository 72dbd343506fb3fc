//! Weak memory: every store of an execution is kept, and the strategy says which one is read.
//!
//! What happens before what follows from the stores that were read, not from those that came last.
//! So each store keeps what it publishes. What this explorer has no model of is refused as soon as
//! it is announced: a verdict about something else would be a wrong verdict.

use super::primitive::{Primitive, Rmw};
use super::{Memory, Stored};
use crate::execution::strategy::{Acted, Effect, another, with_strategy};
use crate::execution::{Counted, Ending, Pending, Waits, World};
use crate::vocabulary::trace::{ObjectId, ObjectKind, Operation, ThreadId};
use crate::vocabulary::verdict::{Bound, Kind};
use crate::vocabulary::{PerObject, VectorClock};
use std::sync::atomic::Ordering::{self, Relaxed};

/// An access that reads, as the strategy needs to know it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Access {
    pub(crate) operation: Operation,
    pub(crate) object: ObjectId,
    pub(crate) writes: Writes,
}

/// A compare-exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Exchange {
    pub(crate) expected: Stored,
    pub(crate) new: Stored,
    pub(crate) failure: Ordering,
}

/// What an access writes, as a function of what it reads.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Writes {
    Nothing,
    Always(Stored),
    Modified {
        rmw: Rmw,
        operand: Stored,
        by: fn(Rmw, Stored, Stored) -> Stored,
    },
    /// If `fails`, it may fail although it finds what it expects: its second option.
    Exchanged {
        exchange: Exchange,
        fails: bool,
    },
}

impl Writes {
    /// What it writes if it reads this, and takes this option.
    pub(crate) fn after(&self, read: Stored, option: usize) -> Option<Stored> {
        match *self {
            Writes::Nothing => None,
            Writes::Always(value) => Some(value),
            Writes::Modified { rmw, operand, by } => Some(by(rmw, read, operand)),
            Writes::Exchanged { exchange, .. } => {
                (read == exchange.expected && option == 0).then_some(exchange.new)
            }
        }
    }

    /// How many options it has if it reads this.
    pub(crate) fn options(&self, read: Stored) -> usize {
        match *self {
            Writes::Exchanged { exchange, fails: true } if read == exchange.expected => 2,
            _ => 1,
        }
    }
}

/// What std's atomic of this type makes of two values.
pub(super) fn modified<T: Primitive>(rmw: Rmw, read: Stored, operand: Stored) -> Stored {
    let std = T::std(T::of(read));
    T::rmw(&std, rmw, T::of(operand), Relaxed);
    T::load(&std, Relaxed).stored()
}

/// A store, and what an acquirer learns from it.
#[derive(Clone, Debug)]
struct Published {
    value: Stored,
    clock: VectorClock,
}

/// The stores of one object, in the order of this execution. The initial one comes first.
#[derive(Debug, Default)]
struct Kept {
    stores: Vec<Published>,
    /// The thread that created the object, and the time of that on its clock.
    born: Option<(ThreadId, u32)>,
    /// How many stores came before the last exclusive borrow.
    before: usize,
}

/// The stores of an execution.
#[derive(Debug, Default)]
pub(crate) struct Weak {
    objects: PerObject<Kept>,
    /// Which store of its object was read last, and how many came before the first that is kept.
    read: usize,
    before: usize,
}

impl Weak {
    /// Forgets an execution but keeps its allocations.
    pub(super) fn clear(&mut self) {
        self.objects.iter_mut().for_each(|kept| {
            kept.stores.clear();
            (kept.born, kept.before) = (None, 0);
        });
        (self.read, self.before) = (0, 0);
    }

    /// The initial value of an object that has been accessed.
    pub(crate) fn initial(&self, object: ObjectId) -> Option<Stored> {
        self.objects.get(object)?.stores.first().map(|store| store.value)
    }

    /// The value that was stored last in the order of this execution.
    pub(crate) fn last(&self, object: ObjectId) -> Option<Stored> {
        self.objects.get(object)?.stores.last().map(|store| store.value)
    }

    fn count(&self, object: ObjectId) -> usize {
        self.objects.get(object).map_or(0, |kept| kept.stores.len())
    }

    /// Which store of its object was read last.
    pub(super) fn read(&self) -> usize {
        self.read
    }

    /// The same, counted from the object's creation on, whatever has borrowed it exclusively.
    pub(crate) fn last_read(&self) -> usize {
        self.before + self.read
    }

    /// What the store that was read last publishes.
    pub(super) fn heard(&self, object: ObjectId) -> &VectorClock {
        &self.objects.get(object).expect("it was read").stores[self.read].clock
    }

    pub(super) fn publish(&mut self, object: ObjectId, value: Stored, clock: VectorClock) {
        self.objects.of(object).stores.push(Published { value, clock });
    }
}

/// Where the numbers of locks begin, behind those of the places that create `Arc`s.
const FIRST_LOCK: u32 = 1 << 16;

impl World {
    /// Whether the readers of a lock come in an order: some thread tries to take it. Where that is
    /// found out, the exploration begins anew.
    pub(crate) fn is_ordered(&self, lock: ObjectId) -> bool {
        let objects = &self.log.trace.objects;
        let is_tried = || match &self.rules.counted {
            Counted::Places(places) => places.contains(&objects[lock.index()].created),
            Counted::Nth(numbers) => {
                let before = objects[..lock.index()].iter();
                let nth = before.filter(|object| object.kind == ObjectKind::RwLock).count();
                numbers.contains(&(FIRST_LOCK + nth as u32))
            }
        };
        objects[lock.index()].kind != ObjectKind::RwLock || is_tried()
    }

    /// What a token says of this execution besides its choices: which `Arc`s are counted, and the
    /// readers of which locks come in an order.
    pub(crate) fn counted(&self) -> Vec<u32> {
        let mut counted = self.memory.arcs.counted();
        if self.rules.weak {
            let objects = (0..).map(ObjectId).zip(&self.log.trace.objects);
            let locks = objects.filter(|(_, object)| object.kind == ObjectKind::RwLock);
            let ordered = (FIRST_LOCK..).zip(locks).filter(|(_, (lock, _))| self.is_ordered(*lock));
            counted.extend(ordered.map(|(number, _)| number));
        }
        counted
    }

    /// An object is created: what uses it must know of that.
    pub(in crate::execution) fn born(&mut self, me: ThreadId, object: ObjectId) {
        let since = (me, self.memory.clocks.epoch(me));
        self.born_at(since, object);
    }

    /// The same for an object that is older than this execution has known.
    pub(in crate::execution) fn born_at(&mut self, since: (ThreadId, u32), object: ObjectId) {
        if let Some(weak) = &mut self.memory.weak {
            weak.objects.of(object).born = Some(since);
        }
    }

    /// Called before each use of an object. `fresh` is its value if this is the first one.
    fn uses(&mut self, me: ThreadId, object: ObjectId, fresh: impl FnOnce() -> Stored) {
        let Some(weak) = &mut self.memory.weak else { return };
        let kept = weak.objects.of(object);
        let unordered = kept
            .born
            .filter(|(maker, at)| *maker != me && !self.memory.clocks.knows(me, *maker, *at));
        if kept.stores.is_empty() {
            let clock = VectorClock::default();
            kept.stores.push(Published { value: fresh(), clock });
        }
        if unordered.is_some() {
            let name = self.log.trace.object_name(object);
            let mine = self.log.trace.thread_name(me);
            self.end(Ending::Violation {
                kind: Kind::DataRace,
                message: format!("{mine} uses {name}, and nothing orders its creation before that"),
                location: None,
                conflict: None,
            });
        }
    }

    /// The value that a weak access reads.
    pub(super) fn reads(
        &mut self,
        me: ThreadId,
        access: &Access,
        fresh: impl FnOnce() -> Stored,
    ) -> Stored {
        let object = access.object;
        self.uses(me, object, fresh);
        let asked = if self.over() {
            Ok(with_strategy(|strategy| strategy.newest(self, object)))
        } else {
            with_strategy(|strategy| strategy.reads(self, me, access))
        };
        let back = asked.as_ref().map_or(0, |at| self.stores_of(object).saturating_sub(at + 1));
        self.chose_store(object, back);
        let Memory { weak: Some(weak), .. } = &mut self.memory else {
            unreachable!("the memory is weak")
        };
        let Kept { stores, before, .. } = weak.objects.of(object);
        let read = asked.as_ref().map_or(0, |at| *at);
        let value = stores[read].value;
        (weak.read, weak.before) = (read, *before);
        if let Err(ending) = asked {
            self.end(ending);
        }
        value
    }

    /// How many stores the object has had in this execution, with the initial one.
    pub(crate) fn stores_of(&self, object: ObjectId) -> usize {
        self.memory.weak.as_ref().map_or(0, |weak| weak.count(object))
    }

    /// An access to an object has chosen one of the object's stores: by which a token finds it
    /// again.
    fn chose_store(&mut self, object: ObjectId, back: usize) {
        if self.stores_of(object) > 1 && !self.over() {
            self.turns.schedule.push(back as u32);
        }
    }

    /// A store takes effect.
    pub(super) fn stores(
        &mut self,
        me: ThreadId,
        (object, order): (ObjectId, Ordering),
        value: Stored,
        fresh: impl FnOnce() -> Stored,
    ) {
        self.uses(me, object, fresh);
        if self.stores_of(object) > 1 && !self.over() {
            let back = with_strategy(|strategy| strategy.overtakes(self, me, object));
            self.chose_store(object, back);
        }
        let clock = self.memory.clocks.published(me, order);
        self.memory.weak.iter_mut().for_each(|weak| weak.publish(object, value, clock.clone()));
    }

    /// What an announced operation on an object that is no atomic does. `None` if the object's
    /// state says that: memory is not weak, or the execution is over.
    ///
    /// All changes of an object are one chain, so its state and its clock are right as they are.
    /// What only looks may see an older state.
    pub(in crate::execution) fn acts(&mut self, me: ThreadId, pending: &Pending) -> Option<Effect> {
        self.memory.weak.as_ref()?;
        if let Some(object) = pending.object {
            self.uses(me, object, || FREE);
        }
        if self.over() {
            return None;
        }
        match with_strategy(|strategy| strategy.acts(self, me, pending)) {
            Ok(Acted { effect, choices }) => {
                let (back, stores) = choices[0];
                self.memory.weak.iter_mut().for_each(|weak| weak.read = stores - 1 - back);
                let told = choices.iter().filter(|(_, of)| *of > 1);
                self.turns.schedule.extend(told.map(|(taken, _)| *taken as u32));
                Some(effect)
            }
            Err(ending) => {
                self.end(ending);
                None
            }
        }
    }

    /// The newest value of an object that is borrowed exclusively. All accesses so far happen
    /// before that, and all later ones after it: from here on it is another object, which begins
    /// with what the borrower leaves.
    pub(super) fn newest(&mut self, me: ThreadId, object: ObjectId) -> Option<Stored> {
        self.memory.weak.as_ref()?.objects.get(object)?.stores.first()?;
        let newest = with_strategy(|strategy| strategy.newest(self, object));
        let kept = self.memory.weak.as_mut()?.objects.of(object);
        let stores = std::mem::take(&mut kept.stores);
        kept.before += stores.len() - 1; // the first of the next ones is no store
        self.numbers_anew(me, object);
        self.born(me, object);
        stores.get(newest).map(|store| store.value)
    }

    /// No thread can run, and some have not ended.
    pub(in crate::execution) fn gets_stuck(&mut self) {
        let waits = |waits: Waits| {
            let mut pending = self.threads.iter().filter(|t| !t.finished).filter_map(|t| t.pending);
            self.rules.weak && pending.any(|pending| pending.waits == waits)
        };
        if waits(Waits::Notification { timeout: true }) {
            self.end(Ending::InVain); // the timeout has fired, in another one
        } else if waits(Waits::Relock) {
            self.refuse("a timeout that fires again and again");
        } else {
            self.deadlock();
        }
    }

    /// Ends the execution: there is no model of this. Others are explored, and the verdict is open.
    pub(in crate::execution) fn refuse(&mut self, operation: &str) {
        let operation = operation.to_string();
        self.end(Ending::Unknown(Bound::NotModelled { engine: "graphs", operation }));
    }

    /// Whether memory is weak and there is no model of the announced operation. That has then ended
    /// the execution.
    pub(in crate::execution) fn refuses(&mut self, pending: &Pending) -> bool {
        if self.memory.weak.is_none() {
            return false;
        }
        let object = pending.object.map(ObjectId::index);
        let kind = object.map(|object| self.log.trace.objects[object].kind);
        let modelled = match pending.operation {
            Operation::Load(_) | Operation::Store(_) | Operation::Rmw(..) => true,
            Operation::Fence(_) | Operation::Spawn(_) | Operation::Join(_) => true,
            Operation::Read | Operation::Write | Operation::Yield => true,
            Operation::TryLock | Operation::TryReadLock
                if pending.object.is_some_and(|lock| !self.is_ordered(lock)) =>
            {
                if let Counted::Nth(_) = self.rules.counted {
                    let why = "a lock is tried whose readers come in no order".to_string();
                    self.end(another(self, why));
                    return true;
                }
                let place = object.map(|lock| self.log.trace.objects[lock].created);
                self.memory.arcs.learned.extend(place);
                self.end(Ending::GivenUp);
                return true;
            }
            Operation::Lock | Operation::TryLock | Operation::Unlock => true,
            Operation::ReadLock | Operation::TryReadLock | Operation::ReadUnlock => true,
            Operation::Wait | Operation::Wake | Operation::NotifyOne | Operation::NotifyAll => true,
            Operation::Park | Operation::Unpark(_) => true,
            Operation::Poll | Operation::Signal(_) | Operation::Waker(_) => true,
            Operation::Choose(_) => true,
            _ => pending.counts.is_some(),
        };
        if !modelled && self.ending.is_none() {
            let of = kind.map_or(String::new(), |kind| format!(" of a {kind}"));
            self.refuse(&format!("{}{of}", pending.operation.name()));
        }
        !modelled
    }
}

/// The state with which an object that is no atomic begins.
pub(crate) const FREE: Stored = Stored::Bits(0);
