//! Memory: which store an access sees, what happens before what, and which accesses are unordered.
//!
//! Values, and the clocks that stores publish, are here and not in the user's objects, whose own
//! values only follow. [`Sequential`] says which store an access sees: another memory model stands
//! beside it.

pub(crate) mod address;
mod ahead;
pub(crate) mod allocation;
pub(crate) mod arc;
pub(crate) mod atomic;
pub(crate) mod cell;
mod clocks;
pub(crate) mod copies;
mod counting;
pub(in crate::execution) mod primitive;
pub(in crate::execution) mod robust;
mod sequential;
mod touched;
pub(in crate::execution) mod unseen;
mod unsync;
mod weak;

pub(crate) use counting::{Does, Makes, Of};
pub(crate) use primitive::Stored;
pub(crate) use robust::{Anew, Robustness, Sought};
pub(crate) use weak::{Access, Exchange, FREE, Weak, Writes};

use super::{World, me};
use crate::vocabulary::trace::{ObjectId, ThreadId};
use address::Bytes;
use allocation::Allocations;
use arc::Arcs;
use clocks::Clocks;
use copies::Copies;
use robust::Races;
use sequential::Sequential;
use std::sync::atomic::Ordering;
use unsync::Stores;

/// The memory of one execution.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    values: Sequential,
    pub(crate) clocks: Clocks,
    pub(crate) arcs: Arcs,
    copies: Copies,
    allocations: Allocations,
    stores: Stores,
    /// Memory announced by its address, if any.
    bytes: Option<Bytes>,
    /// All stores, if the strategy says which of them are read.
    pub(crate) weak: Option<Box<Weak>>,
    /// The races of atomics, if they are sought.
    races: Option<Box<Races>>,
}

impl Memory {
    /// Forgets an execution but keeps its allocations.
    pub(super) fn clear(&mut self) {
        self.values.clear();
        self.clocks.clear();
        self.arcs.clear();
        self.copies.clear();
        self.allocations.clear();
        self.stores.clear();
        self.bytes = None;
        self.races.iter_mut().for_each(|races| races.clear());
    }

    /// Which races of atomics are sought, if any.
    pub(crate) fn seek_races(&mut self, sought: Option<Sought>) {
        let Some(sought) = sought else {
            self.races = None;
            return;
        };
        self.races.get_or_insert_default().sought = sought;
    }

    /// Whether the strategy says which store is read.
    pub(super) fn set_weak(&mut self, weak: bool) {
        match &mut self.weak {
            Some(stores) if weak => stores.clear(),
            stores => *stores = weak.then(Box::default),
        }
    }

    /// Leaks what is on loom's heap: the execution has failed.
    pub(super) fn leak(&mut self) {
        std::mem::forget(self.bytes.take());
    }
}

impl World {
    /// The running thread, and its own clock.
    fn now(&mut self) -> (ThreadId, u32) {
        (me(), self.memory.clocks.epoch(me()))
    }

    /// The value that an access sees. `fresh` is the one that the object holds, for its first use.
    fn seen(
        &mut self,
        me: ThreadId,
        object: ObjectId,
        access: impl FnOnce() -> Access,
        fresh: impl FnOnce() -> Stored,
    ) -> Stored {
        match &self.memory.weak {
            None => self.memory.values.seen(object, fresh),
            Some(_) => self.reads(me, &access(), fresh),
        }
    }

    /// The access has only read what it saw.
    fn learns(&mut self, me: ThreadId, object: ObjectId, order: Ordering) {
        let Memory { clocks, weak, .. } = &mut self.memory;
        match weak {
            None => clocks.load(me, object, order),
            Some(weak) => clocks.hears(me, weak.heard(object), order),
        }
        self.accesses(me, object, order, false);
    }

    fn store(
        &mut self,
        me: ThreadId,
        at: (ObjectId, Ordering),
        value: Stored,
        fresh: impl FnOnce() -> Stored,
    ) {
        self.about_to_store(me, at.0);
        match &self.memory.weak {
            None => {
                self.accesses(me, at.0, at.1, true);
                self.memory.clocks.store(me, at.0, at.1);
                self.memory.values.store(at.0, value);
            }
            Some(_) => self.stores(me, at, value, fresh),
        }
    }

    /// The second half of a read-modify-write, which has seen a value and leaves another.
    fn modify(&mut self, me: ThreadId, object: ObjectId, order: Ordering, value: Stored) {
        self.about_to_store(me, object);
        if self.memory.weak.is_none() {
            self.memory.clocks.load(me, object, order);
            self.accesses(me, object, order, true);
        }
        let Memory { clocks, weak, values, .. } = &mut self.memory;
        match weak {
            None => {
                clocks.goes_on(me, object, order);
                values.store(object, value);
            }
            Some(weak) => {
                clocks.hears(me, weak.heard(object), order);
                // it continues the release sequence from which it reads
                let mut published = clocks.published(me, order);
                published.join(weak.heard(object));
                weak.publish(object, value, published);
            }
        }
    }
}
