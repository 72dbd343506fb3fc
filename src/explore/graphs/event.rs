//! The events of an execution graph: what each does, reads and writes, and what it knows.

use super::act::{Act, Step};
use crate::execution::{Access, Exchange, FREE, Stored, Writes};
use crate::vocabulary::VectorClock;
use crate::vocabulary::trace::{Operation, ThreadId};
use crate::vocabulary::view::releases;
use smallvec::SmallVec;
use std::sync::atomic::Ordering;

/// An event: the n-th of its thread, from 1. Threads have numbers of their own here, which do not
/// depend on the order of an execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Id {
    pub(super) thread: u32,
    pub(super) nth: u32,
}

/// The store with which each object begins.
pub(super) const INITIAL: Id = Id { thread: u32::MAX, nth: 0 };

/// Whether a clock knows an event.
pub(super) fn knows(clock: &VectorClock, event: Id) -> bool {
    event == INITIAL || clock.get(ThreadId(event.thread)) >= event.nth
}

/// What an event is before it has read anything.
#[derive(Clone, Copy, Debug)]
pub(super) struct Label {
    pub(super) operation: Operation,
    /// The object that it accesses.
    pub(super) object: Option<u32>,
    pub(super) does: Does,
    /// Whether it is a loop that waits: it reads only what ends the loop.
    pub(super) awaits: bool,
}

/// What an event does.
#[derive(Clone, Copy, Debug)]
pub(super) enum Does {
    /// What an access of an atomic writes; nothing, if it is none.
    Writes(Writes),
    Acts(Act),
}

/// An event without a value.
pub(super) const NOTHING: Does = Does::Writes(Writes::Nothing);

/// The state of an object that is no atomic.
pub(super) fn state(stored: Stored) -> u64 {
    let Stored::Bits(state) = stored else { unreachable!("only atomics have pointers") };
    state
}

impl Label {
    /// Whether another execution may call this the same. Values may differ, as addresses do.
    pub(super) fn is_like(&self, operation: Operation) -> bool {
        let key = |operation: Operation| (operation.name(), operation.ordering());
        key(self.operation) == key(operation)
    }

    /// Whether it reads a store of its object.
    pub(super) fn reads(&self) -> bool {
        self.object.is_some() && !self.only_stores()
    }

    /// Whether it is a store that reads nothing.
    pub(super) fn only_stores(&self) -> bool {
        match self.does {
            Does::Writes(_) => matches!(self.operation, Operation::Store(_)),
            Does::Acts(act) => act.only_stores(),
        }
    }

    /// Whether it takes what several may have, in no order.
    pub(super) fn shares(&self) -> bool {
        matches!(self.does, Does::Acts(act) if act.shares())
    }

    /// What it writes if it reads this, and takes this option.
    pub(super) fn after(&self, read: Stored, option: usize) -> Option<Stored> {
        match self.does {
            Does::Writes(writes) => writes.after(read, option),
            Does::Acts(act) => match act.step(state(read), option) {
                Step::Writes(state) => Some(Stored::Bits(state)),
                Step::Looks | Step::Waits => None,
            },
        }
    }

    /// How many options it has if it reads this.
    pub(super) fn options(&self, read: Stored) -> usize {
        match self.does {
            Does::Writes(writes) => writes.options(read),
            Does::Acts(act) => act.options(state(read)),
        }
    }

    /// Whether it can take effect if it reads this. If not, it waits.
    pub(super) fn accepts(&self, read: Stored) -> bool {
        match self.does {
            Does::Writes(_) => true,
            Does::Acts(act) => act.step(state(read), 0) != Step::Waits,
        }
    }

    pub(super) fn exchange(&self) -> Option<Exchange> {
        match self.does {
            Does::Writes(Writes::Exchanged { exchange, .. }) => Some(exchange),
            Does::Writes(_) | Does::Acts(_) => None,
        }
    }

    /// Whether it is a compare-exchange that finds what it expects here.
    pub(super) fn expects(&self, read: Stored) -> bool {
        self.exchange().is_some_and(|exchange| exchange.expected == read)
    }

    /// Whether it is a compare-exchange that waits until it finds what it expects.
    pub(super) fn takes(&self) -> bool {
        self.awaits && self.exchange().is_some()
    }

    /// What a store stores.
    pub(super) fn stores(&self) -> Option<Stored> {
        self.only_stores().then(|| self.after(FREE, 0)).flatten()
    }

    pub(super) fn is_fence(&self) -> bool {
        matches!(self.operation, Operation::Fence(_))
    }

    /// Its ordering, if it writes this, or nothing.
    pub(super) fn order(&self, written: Option<Stored>) -> Ordering {
        match self.does {
            Does::Writes(Writes::Exchanged { exchange, .. }) if written.is_none() => {
                exchange.failure
            }
            Does::Writes(_) => self.operation.ordering().unwrap_or(Ordering::Relaxed),
            Does::Acts(act) => act.order(written.map(state)),
        }
    }

    /// An act that accesses no object.
    pub(super) fn apart(operation: Operation, act: Act) -> Label {
        Label { operation, object: None, does: Does::Acts(act), awaits: false }
    }

    /// Whether it is a choice, and nothing else.
    pub(super) fn is_choice(&self) -> bool {
        matches!(self.does, Does::Acts(Act::Choose { .. }))
    }

    /// Whether it leaves everything as it was if it writes nothing: another one that is the same
    /// may follow, and change nothing either.
    pub(super) fn only_looks(&self) -> bool {
        match self.does {
            Does::Writes(_) => self.is_fence() || self.reads(),
            Does::Acts(Act::TryLock | Act::TryReadLock | Act::TryWriteLock) => true,
            Does::Acts(Act::TryPoll) => true,
            Does::Acts(Act::Counts(_)) => true,
            Does::Acts(_) => false,
        }
    }

    pub(super) fn of(access: &Access, object: u32) -> Label {
        let does = Does::Writes(access.writes);
        Label { operation: access.operation, object: Some(object), does, awaits: false }
    }
}

/// Who reads a store.
pub(super) type Readers = SmallVec<[Id; 2]>;

/// What an event knows, and what others learn from it. Clocks count events of threads.
#[derive(Clone, Debug, Default)]
pub(super) struct Knowledge {
    /// All that had to be there before it: program order and reads-from, and itself.
    pub(super) past: VectorClock,
    /// What happened before it, and itself.
    pub(super) before: VectorClock,
    /// What an acquirer of this store learns.
    pub(super) message: VectorClock,
    /// What its thread knew at its last release fence.
    pub(super) released: VectorClock,
    /// What an acquire fence of its thread would learn.
    pub(super) heard: VectorClock,
}

#[derive(Clone, Debug)]
pub(super) struct Event {
    pub(super) label: Label,
    /// The store from which it reads, if it reads one yet, and the value.
    pub(super) source: Option<(Id, Stored)>,
    /// Which of its options it takes.
    pub(super) option: usize,
    pub(super) written: Option<Stored>,
    /// When it was added. A read that reads something else keeps its stamp.
    pub(super) stamp: u32,
    /// A read was turned to a store that has this in its past: it is never taken away.
    pub(super) frozen: bool,
    /// Its number among the stores of its object, in the running execution.
    pub(super) stored_as: usize,
    pub(super) knowledge: Knowledge,
    /// What its thread has done and learned up to here, as a number: with the same history, a
    /// thread goes on in the same way.
    pub(super) history: u64,
    /// Who reads what it writes.
    pub(super) readers: Readers,
}

impl Event {
    pub(super) fn order(&self) -> Ordering {
        self.label.order(self.written)
    }

    pub(super) fn is_sc(&self) -> bool {
        self.order() == Ordering::SeqCst
    }

    pub(super) fn releases(&self) -> bool {
        releases(self.order())
    }

    /// The object, of an event that accesses one.
    pub(super) fn object(&self) -> u32 {
        self.label.object.expect("it accesses an object")
    }

    /// The store from which it reads, of an event that reads.
    pub(super) fn from(&self) -> Id {
        self.source.expect("it reads").0
    }
}
