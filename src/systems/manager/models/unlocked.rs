//! A core that threads share without its lock.
#![allow(unsafe_code)] // the data race is what this is for

use super::setting::{core, item, join, spawn};
use crate::cell::UnsafeCell;
use crate::systems::manager::core::{ConnectionId, Core};
use crate::systems::manager::protocol::{
    Call, Create, ListOperation, ObjectId, Operation, Request,
};
use std::sync::Arc;

struct Unlocked(UnsafeCell<Core>);

// SAFETY: none: this is the data race that must be caught. Engines run one thread at a time, so it
// does no harm there, and `MODELS` run nowhere else.
unsafe impl Sync for Unlocked {}

impl Unlocked {
    fn new(core: Core) -> Self {
        Unlocked(UnsafeCell::new(core))
    }

    fn call(&self, connection: ConnectionId, request: Request) {
        // SAFETY: none, as above.
        self.0.with_mut(|core| unsafe { (*core).apply(connection, request) });
    }
}

pub(super) fn unlocked_core() {
    let mut core = core();
    let first = core.connect(None).expect("there is room");
    core.apply(first, Request::Create(Create::List));
    let second = core.connect(Some(ObjectId(0))).expect("there is room");
    let push = |n| {
        let operation = Operation::List(ListOperation::Push(item(n)));
        Request::Call(Call { object: ObjectId(0), fence: None, operation })
    };
    let core = Arc::new(Unlocked::new(core));
    let others = Arc::clone(&core);
    let other = spawn("other", move || others.call(second, push(1)));
    core.call(first, push(2));
    join(other);
}
