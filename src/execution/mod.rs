//! The engine that drives this thread: announce, perform, record.
//!
//! loom and shuttle run all green threads of an execution on the OS thread that started it. So
//! plain thread-locals hold which engine drives, which green thread runs, and what has happened so
//! far. Under shuttle this module owns the *meaning* of every primitive (which thread holds it,
//! which waits, which may run). Shuttle only provides green threads and switching: one scheduling
//! point per operation, strictly before it. Under loom the meaning is loom's, because its memory
//! model depends on it. This module then holds only the companions, the events, and the handling of
//! a failed execution.
//!
//! Only this module and [`explore`](crate::explore) name loom or shuttle.

mod birth;
pub(crate) mod condvar;
pub(crate) mod constant;
pub(crate) mod data;
pub(crate) mod failure;
pub(crate) mod gate;
pub(crate) mod green;
mod home;
pub(crate) mod knockout;
pub(crate) mod lock;
mod log;
mod loom;
pub(crate) mod memory;
mod operation;
mod pulse;
pub(crate) mod real;
mod region;
mod rules;
mod schedule;
mod state;
mod statics;
mod step;
mod strategy;
pub(crate) mod tasks;
pub(crate) mod threads;
pub(crate) mod time;
mod turns;
mod watch;
mod world;

pub(crate) use crate::vocabulary::Engine;
pub(crate) use failure::{Ending, FailedExecution, Halt, Teller};
pub(crate) use home::Home;
pub(crate) use log::Log;
pub(crate) use memory::copies::COPIES;
pub(crate) use memory::{
    Access, Anew, Does, Exchange, FREE, Makes, Of, Robustness, Sought, Stored, Writes,
};
pub(crate) use operation::{Pending, Performed, Seen, Waits};
pub(crate) use pulse::{Frozen, Pulse};
pub(crate) use rules::{Counted, Rules};
pub(crate) use schedule::NOBODY;
pub(crate) use state::{ObjectState, Role, ThreadState};
pub(crate) use statics::{ALL, local};
pub(crate) use step::leave;
pub(crate) use strategy::{
    Acted, Effect, Offers, Point, Race, Reasons, Stop, Strategy, another, set_strategy,
    with_strategy,
};
pub(crate) use watch::Hold;
pub(crate) use world::{COMPILER, World};

use crate::vocabulary::trace::ThreadId;
use failure::{past, stack};
use memory::cell;
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};

thread_local! {
    static ENGINE: Cell<Engine> = const { Cell::new(Engine::Std) };
    static ME: Cell<ThreadId> = const { Cell::new(ThreadId::MAIN) };
    /// The number of the running execution, unique in this process; 0 outside of one.
    static EXECUTION: Cell<u64> = const { Cell::new(0) };
    static WORLD: RefCell<Option<Box<World>>> = const { RefCell::new(None) };
    /// The world of a finished execution, kept for its allocations.
    static SPARE: Cell<Option<Box<World>>> = const { Cell::new(None) };
}

/// The engine that drives this thread.
pub(crate) fn engine() -> Engine {
    ENGINE.get()
}

/// The green thread that runs now.
pub(crate) fn me() -> ThreadId {
    ME.get()
}

pub(crate) fn set_me(thread: ThreadId) {
    ME.set(thread);
}

pub(crate) fn execution() -> u64 {
    EXECUTION.get()
}

/// Whether an engine drives this thread. If not, the facade's operations are std's.
pub(crate) fn is_modelled() -> bool {
    engine() != Engine::Std
}

/// Lends the state of the running execution to `f`, which must neither switch threads nor call the
/// user's code.
///
/// # Panics
/// Outside of an execution.
pub(crate) fn with<R>(f: impl FnOnce(&mut World) -> R) -> R {
    WORLD.with_borrow_mut(|world| {
        let world = world.as_deref_mut().expect("inside an execution");
        birth::take_in(world);
        f(world)
    })
}

/// Like [`with`], but `None` outside of an execution.
pub(crate) fn try_with<R>(f: impl FnOnce(&mut World) -> R) -> Option<R> {
    WORLD
        .try_with(|world| {
            let mut world = world.try_borrow_mut().ok()?;
            let world = world.as_deref_mut()?;
            birth::take_in(world);
            Some(f(world))
        })
        .ok()
        .flatten()
}

/// How many events the running green thread has had. `None` on a real thread.
pub(crate) fn events_of_mine() -> Option<u64> {
    (engine() != Engine::Std).then(|| with(|world| world.thread(me()).events))
}

/// Starts an execution: its world is empty and its main thread runs.
pub(crate) fn begin(rules: &Rules) {
    let world = match SPARE.take() {
        Some(mut world) => {
            world.renew(rules);
            world
        }
        None => Box::new(World::new(rules.clone())),
    };
    ENGINE.set(rules.engine);
    ME.set(ThreadId::MAIN);
    EXECUTION.set(world.log.execution);
    birth::executes(world.log.execution);
    past::begins(world.log.execution);
    cell::forget();
    tasks::forget();
    time::forget();
    stack::forget();
    WORLD.with_borrow_mut(|slot| *slot = Some(world));
    if rules.engine == Engine::Loom {
        loom::begin();
    }
}

/// Keeps the world of a finished execution for reuse.
pub(crate) fn keep(world: Box<World>) {
    SPARE.set(Some(world));
}

/// Ends the execution and takes its world.
///
/// The thread-locals of a finished execution are dropped, still inside of it. Those of a failed
/// execution are leaked, because the engine's objects in them no longer have an engine. What
/// references to statics may live on stays.
pub(crate) fn end() -> Option<Box<World>> {
    let failed = try_with(|world| {
        world.turns.closed = true;
        world.failure.abandoned = world.ending.is_some();
        world.failure.abandoned
    })?;
    if failed {
        std::mem::forget(with(|world| std::mem::take(&mut world.statics)));
    } else if let Err(payload) = catch_unwind(AssertUnwindSafe(statics::drop_all)) {
        with(|world| failure::end_by_panic(world, &*payload));
    }
    let mut world = WORLD.with_borrow_mut(Option::take);
    if let Some(world) = &mut world {
        past::ends(world.log.execution, world.is_held());
        if world.ending.is_some() {
            std::mem::forget(std::mem::take(&mut world.loom));
            world.memory.leak();
        } else {
            world.settle();
        }
    }
    constant::end(|lock| !failed && world.as_ref().is_some_and(|world| world.is_free(lock)));
    ENGINE.set(Engine::Std);
    EXECUTION.set(0);
    birth::executes(0);
    world
}
