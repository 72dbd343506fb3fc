//! Cells under the engines: every access is checked for a data race before the pointer is handed out.

use super::companion;
use super::step::{loom_step, shuttle_step};
use super::{Ending, Engine, Home, Pending, Seen, Waits, World, engine};
use crate::trace::{ObjectId, Operation, ThreadId};
use crate::verdict::Kind;
use std::panic::Location;

/// Makes the engine's side of a new cell.
pub(crate) fn create(home: &Home) {
    if engine() == Engine::Loom {
        companion::attach(home.id(), loom::cell::UnsafeCell::new(()));
    }
}

/// Announces an access, and ends the execution if nothing orders it with an earlier one.
#[track_caller]
pub(crate) fn access(home: &Home, write: bool) {
    let cell = home.id();
    let location = Location::caller();
    let operation = if write { Operation::Write } else { Operation::Read };
    let pending =
        Pending { operation, object: Some(cell), location, waits: Waits::Never, expected: None, spurious: false };
    match home.engine() {
        Engine::Std => {}
        Engine::Shuttle => shuttle_step(pending, |world, me| {
            race(world, me, cell, write, location);
            ((), Seen::default())
        }),
        Engine::Loom => {
            let loom = companion::of::<loom::cell::UnsafeCell<()>>(cell);
            let check = || if write { loom.with_mut(|_| ()) } else { loom.with(|_| ()) };
            loom_step(pending, check, || {}, |_, _, ()| Seen::default());
        }
    }
}

/// Looks at the access that is about to happen, and ends the execution if nothing orders it with an earlier one.
pub(super) fn race(world: &mut World, me: ThreadId, cell: ObjectId, write: bool, location: &'static Location<'static>) {
    let event = world.trace.events.len();
    let race = if write {
        world.clocks.write(me, cell, event, location)
    } else {
        world.clocks.read(me, cell, event, location)
    };
    let Some(earlier) = race else { return };
    let (name, mine) = (world.trace.object_name(cell), world.trace.thread_name(me));
    let theirs = world.trace.thread_name(earlier.thread);
    let did = world.trace.events.get(earlier.event).map_or("access", |e| e.operation.name());
    let mine_did = if write { Operation::Write } else { Operation::Read }.name();
    let message = format!(
        "{mine}'s {mine_did} of {name} at {location} and {theirs}'s {did} at {}: nothing orders them",
        earlier.location
    );
    world.end(Ending::Violation {
        kind: Kind::DataRace,
        message,
        location: Some(location.to_string()),
        conflict: Some((earlier.event, event)),
    });
}
