//! Memory that the model has allocated, and must free.

use crate::execution::try_with;
use crate::vocabulary::trace::{Object, ObjectId, ObjectKind};
use std::collections::BTreeMap;
use std::panic::Location;

/// The memory that is allocated, by its address.
#[derive(Debug, Default)]
pub(super) struct Allocations(BTreeMap<usize, ObjectId>);

impl Allocations {
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

/// Memory at this address is allocated, unless it is null.
#[track_caller]
pub(crate) fn made(address: usize) {
    if address == 0 {
        return;
    }
    let created = Location::caller();
    try_with(|world| {
        let object = world.create(Object { kind: ObjectKind::Memory, name: None, created });
        world.memory.allocations.0.insert(address, object);
    });
}

/// Memory at this address is freed. What no execution has allocated is not known.
pub(crate) fn freed(address: usize) {
    try_with(|world| {
        if let Some(object) = world.memory.allocations.0.remove(&address) {
            world.drop_object(object);
        }
    });
}
