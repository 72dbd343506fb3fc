//! Memory: which store an access sees, what happens before what, and which accesses are unordered.
//!
//! Values, and the clocks that stores publish, are here and not in the user's objects, whose own
//! values only follow. [`Sequential`] says which store an access sees: another memory model stands
//! beside it.

pub(crate) mod address;
pub(crate) mod arc;
pub(crate) mod atomic;
pub(crate) mod cell;
mod clocks;
pub(in crate::execution) mod primitive;
mod sequential;

pub(crate) use primitive::Stored;

use crate::vocabulary::trace::{ObjectId, ThreadId};
use address::Bytes;
use arc::Arcs;
use clocks::Clocks;
use sequential::Sequential;
use std::sync::atomic::Ordering;

/// The memory of one execution.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    values: Sequential,
    pub(crate) clocks: Clocks,
    pub(crate) arcs: Arcs,
    /// Memory announced by its address, if any.
    bytes: Option<Bytes>,
}

impl Memory {
    /// Forgets an execution but keeps its allocations.
    pub(super) fn clear(&mut self) {
        self.values.clear();
        self.clocks.clear();
        self.arcs.clear();
        self.bytes = None;
    }

    /// Leaks what is on loom's heap: the execution has failed.
    pub(super) fn leak(&mut self) {
        std::mem::forget(self.bytes.take());
    }

    /// The value that a load sees. `fresh` is the one that the object holds, for its first use.
    fn load(
        &mut self,
        me: ThreadId,
        object: ObjectId,
        order: Ordering,
        fresh: impl FnOnce() -> Stored,
    ) -> Stored {
        self.clocks.load(me, object, order);
        self.values.seen(object, fresh)
    }

    fn store(&mut self, me: ThreadId, object: ObjectId, order: Ordering, value: Stored) {
        self.clocks.store(me, object, order);
        self.values.store(object, value);
    }

    /// The second half of a read-modify-write, which has seen a value and leaves another.
    fn modify(&mut self, me: ThreadId, object: ObjectId, order: Ordering, value: Stored) {
        self.clocks.rmw(me, object, order);
        self.values.store(object, value);
    }
}
