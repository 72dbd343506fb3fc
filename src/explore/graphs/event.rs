//! The events of an execution graph: what each does, reads and writes, and what it knows.

use crate::execution::{Access, Stored, Writes};
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
    pub(super) object: Option<u32>,
    pub(super) writes: Writes,
}

impl Label {
    /// Whether another execution may call this the same. Values may differ, as addresses do.
    pub(super) fn is_like(&self, operation: Operation) -> bool {
        let key = |operation: Operation| (operation.name(), operation.ordering());
        key(self.operation) == key(operation)
    }

    /// Whether it reads a store of its object.
    pub(super) fn reads(&self) -> bool {
        matches!(
            self.operation,
            Operation::Load(_) | Operation::Rmw(..) | Operation::Lock | Operation::TryLock
        )
    }

    /// Whether it is a store that reads nothing.
    pub(super) fn only_stores(&self) -> bool {
        matches!(self.operation, Operation::Store(_) | Operation::Unlock)
    }

    pub(super) fn is_fence(&self) -> bool {
        matches!(self.operation, Operation::Fence(_))
    }

    /// Whether it waits for a value: a lock that is free.
    pub(super) fn waits(&self) -> bool {
        self.operation == Operation::Lock
    }

    /// Its ordering, if it writes or if it does not.
    pub(super) fn order(&self, writes: bool) -> Ordering {
        match (self.writes, self.operation) {
            (Writes::Exchanged { failure, .. }, _) if !writes => failure,
            (_, Operation::Lock | Operation::TryLock) => Ordering::Acquire,
            (_, Operation::Unlock) => Ordering::Release,
            (_, operation) => operation.ordering().unwrap_or(Ordering::Relaxed),
        }
    }

    pub(super) fn of(access: &Access, object: u32) -> Label {
        Label { operation: access.operation, object: Some(object), writes: access.writes }
    }
}

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
    /// Who reads what it writes.
    pub(super) readers: SmallVec<[Id; 2]>,
}

impl Event {
    pub(super) fn order(&self) -> Ordering {
        self.label.order(self.written.is_some())
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
