//! Memory: which store an access sees, what happens before what, and which accesses nothing orders.
//!
//! Values, and the clocks that stores publish, stand here and not in the user's objects, whose own
//! values only follow. So whoever wants another memory changes [`Sequential`], and no operation.

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
    /// What was announced by its address, if anything was.
    bytes: Option<Bytes>,
}

impl Memory {
    /// Forgets an execution, but keeps the room that it had.
    pub(super) fn clear(&mut self) {
        self.values.clear();
        self.clocks.clear();
        self.arcs.clear();
        self.bytes = None;
    }

    /// Leaves what stands on loom's heap where it is: the execution has failed.
    pub(super) fn leak(&mut self) {
        std::mem::forget(self.bytes.take());
    }

    /// The value that a load sees; `fresh` is the one that the object holds, if nobody has used it
    /// before.
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

    /// The second half of a read-modify-write, which has seen a value and leaves another one behind
    /// it.
    fn modify(&mut self, me: ThreadId, object: ObjectId, order: Ordering, value: Stored) {
        self.clocks.rmw(me, object, order);
        self.values.store(object, value);
    }
}
