//! Cells under the engines. Every access is checked for a data race before the pointer is handed
//! out.
//!
//! An access lasts while its closure runs, but not beyond the closure's last operation, which may
//! pass the right to access on to another thread. Which operation is the last is known only when
//! the closure ends. So the cell is accessed again before each operation but the first, if the
//! thread did something in between that could have passed the right on.

use super::unseen::unseen_order;
use crate::execution::failure::inert;
use crate::execution::step::perform;
use crate::execution::{
    Ending, Engine, Home, Pending, Seen, World, engine, execution, loom, me, try_with, with,
};
use crate::vocabulary::trace::{ObjectId, Operation, ThreadId};
use crate::vocabulary::verdict::Kind;
use std::cell::Cell;
use std::panic::Location;

/// An access that has begun and not ended yet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lasting {
    /// The access, by its number in the execution.
    nth: usize,
    cell: ObjectId,
    write: bool,
    location: &'static Location<'static>,
    /// What the thread had released when it last accessed the cell. Under loom, what it had done.
    since: u64,
}

thread_local! {
    /// How many accesses last, over all threads of the execution. Most operations need to know no
    /// more.
    static LASTING: Cell<usize> = const { Cell::new(0) };
    /// How many accesses of the execution have begun.
    static BEGUN: Cell<usize> = const { Cell::new(0) };
}

/// Forgets the accesses of an execution: a failed one has left them open.
pub(in crate::execution) fn forget() {
    LASTING.set(0);
    BEGUN.set(0);
}

/// An access that ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Lasts {
    execution: u64,
    nth: usize,
}

impl Lasts {
    /// Repeats the access if the thread may have passed its right on since.
    pub(crate) fn go_on(&self) {
        if self.execution != 0 && self.execution == execution() {
            last(engine());
        }
    }
}

impl Drop for Lasts {
    fn drop(&mut self) {
        if self.execution != 0 && self.execution == execution() {
            let ended = try_with(|world| {
                // mostly the last one; pointers may end in any order
                let lasting = &mut world.thread(me()).lasting;
                let place = lasting.iter().rposition(|access| access.nth == self.nth);
                place.map(|place| lasting.remove(place))
            });
            LASTING.set(LASTING.get() - usize::from(ended.flatten().is_some()));
        }
    }
}

/// The running thread's progress in operations that can pass a right on.
fn so_far(world: &mut World) -> u64 {
    let me = me();
    match world.rules.engine {
        Engine::Loom => world.thread(me).events,
        Engine::Std | Engine::Shuttle => u64::from(world.memory.clocks.epoch(me)),
    }
}

/// Begins an access. Ends the execution if the access is unordered with an earlier one.
#[track_caller]
pub(crate) fn access(home: &Home, write: bool) -> Lasts {
    let engine = home.engine();
    let (cell, location) = (home.id(), Location::caller());
    if engine == Engine::Std {
        return Lasts { execution: 0, nth: 0 };
    }
    once(engine, cell, write, location);
    let nth = BEGUN.replace(BEGUN.get() + 1);
    with(|world| {
        let since = so_far(world);
        world.thread(me()).lasting.push(Lasting { nth, cell, write, location, since });
    });
    LASTING.set(LASTING.get() + 1);
    Lasts { execution: execution(), nth }
}

/// Called before an operation within lasting accesses. Repeats the access to each cell whose right
/// the thread may have passed on.
#[inline]
pub(in crate::execution) fn last(engine: Engine) {
    if LASTING.get() > 0 {
        last_of_mine(engine);
    }
}

#[cold]
fn last_of_mine(engine: Engine) {
    if inert() || with(|world| world.thread(me()).lasting.is_empty()) {
        return;
    }
    let accesses = with(|world| std::mem::take(&mut world.thread(me()).lasting));
    let accesses: Vec<Lasting> = accesses
        .into_iter()
        .map(|access| {
            let now = with(so_far);
            if access.since == now {
                return access;
            }
            once(engine, access.cell, access.write, access.location);
            Lasting { since: with(so_far), ..access }
        })
        .collect();
    with(|world| world.thread(me()).lasting = accesses);
}

/// An access, as one operation.
fn once(engine: Engine, cell: ObjectId, write: bool, location: &'static Location<'static>) {
    let operation = if write { Operation::Write } else { Operation::Read };
    let meaning = |world: &mut World, me| {
        race(world, me, cell, write, location);
        ((), Seen::default())
    };
    let pending = Pending::on(cell, operation, location);
    perform(engine, pending, || (), meaning, |pending| loom::cell::access(pending, cell, write));
}

/// Checks the access that is about to happen. Ends the execution if it is unordered with an earlier
/// one.
pub(in crate::execution) fn race(
    world: &mut World,
    me: ThreadId,
    cell: ObjectId,
    write: bool,
    location: &'static Location<'static>,
) {
    let event = world.log.trace.events.len();
    world.accesses_cell_after(world.memory.clocks.of_another(me, cell, write));
    let race = if write {
        world.memory.clocks.write(me, cell, event, location)
    } else {
        world.memory.clocks.read(me, cell, event, location)
    };
    let Some(earlier) = race else { return };
    if let Some(unseen) = unseen_order(world) {
        return world.end(unseen);
    }
    let (name, mine) = (world.log.trace.object_name(cell), world.log.trace.thread_name(me));
    let theirs = world.log.trace.thread_name(earlier.thread);
    let did = world.log.trace.events.get(earlier.event).map_or("access", |e| e.operation.name());
    let mine_did = if write { Operation::Write } else { Operation::Read }.name();
    let message = format!(
        "{mine}'s {mine_did} of {name} at {location} and {theirs}'s {did} at {}: nothing orders \
         them",
        earlier.location
    );
    world.end(Ending::Violation {
        kind: Kind::DataRace,
        message,
        location: Some(location.to_string()),
        conflict: Some((earlier.event, event)),
    });
}
