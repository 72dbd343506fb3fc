//! Which engine drives this thread: announce, perform, record.
//!
//! loom and shuttle run all green threads of an execution on the OS thread that started it, so plain thread-locals
//! say which engine drives, which green thread runs, and what has happened so far. Under shuttle this module owns
//! the *meaning* of every primitive (who holds, who waits, who may go on) and uses shuttle for green threads and
//! switching only: one scheduling point an operation, strictly before it. Under loom the meaning is loom's, because
//! its memory model hangs on it; here are only its companions, its events, and its manners when an execution fails.
//!
//! This module and [`explore`](crate::explore) are the only ones that name loom or shuttle.

pub(crate) mod address;
pub(crate) mod arc;
pub(crate) mod atomic;
pub(crate) mod cell;
mod clock;
mod clocks;
mod companion;
pub(crate) mod condvar;
#[cfg(unix)]
mod fault;
pub(crate) mod green;
mod home;
pub(crate) mod hook;
pub(crate) mod knockout;
pub(crate) mod last_words;
pub(crate) mod lock;
mod past;
mod pulse;
pub(crate) mod real;
mod schedule;
pub(crate) mod stack;
mod statics;
mod step;
pub(crate) mod threads;
mod unwinding;
mod watch;
mod world;

pub(crate) use crate::verdict::Engine;
pub(crate) use arc::Counted;
pub(crate) use clock::{Clock, MEMORY, NUMBERING, PerObject, token};
pub(crate) use home::Home;
pub(crate) use pulse::{Frozen, Pulse};
pub(crate) use statics::{forget_local, local};
use step::fail;
pub(crate) use step::{Halt, leave, set_strategy, with_strategy};
pub(crate) use watch::Hold;
pub(crate) use world::{Ending, Pending, Seen, Settings, ThreadState, Waits, World};

use crate::trace::ThreadId;
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};

thread_local! {
    static ENGINE: Cell<Engine> = const { Cell::new(Engine::Std) };
    static ME: Cell<ThreadId> = const { Cell::new(ThreadId::MAIN) };
    /// The number of the running execution, unique in this process; 0 outside of one.
    static EXECUTION: Cell<u64> = const { Cell::new(0) };
    static WORLD: RefCell<Option<Box<World>>> = const { RefCell::new(None) };
    /// The world of an execution that is over, for the room that it has.
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

/// Lends the state of the running execution to `f`, which must neither switch threads nor call the user's code.
///
/// # Panics
/// Outside of an execution.
pub(crate) fn with<R>(f: impl FnOnce(&mut World) -> R) -> R {
    WORLD.with_borrow_mut(|world| f(world.as_deref_mut().expect("inside an execution")))
}

/// Like [`with`], but `None` outside of an execution.
pub(crate) fn try_with<R>(f: impl FnOnce(&mut World) -> R) -> Option<R> {
    WORLD.try_with(|world| world.try_borrow_mut().ok().and_then(|mut world| world.as_deref_mut().map(f))).ok().flatten()
}

/// How many events the green thread that runs now has had; `None` on a real thread.
pub(crate) fn events_of_mine() -> Option<u64> {
    (engine() != Engine::Std).then(|| with(|world| world.thread(me()).events))
}

/// Starts an execution: its world is empty, its main thread runs.
pub(crate) fn begin(settings: &Settings) {
    let world = match SPARE.take() {
        Some(mut world) => {
            world.renew(settings);
            world
        }
        None => Box::new(World::new(settings.clone())),
    };
    ENGINE.set(settings.engine);
    ME.set(ThreadId::MAIN);
    EXECUTION.set(world.execution);
    past::begins(world.execution);
    cell::forget();
    stack::forget_names();
    WORLD.with_borrow_mut(|slot| *slot = Some(world));
    if settings.engine == Engine::Loom {
        let parker = threads::main_parker();
        with(|world| world.parkers.push(Some(parker)));
    }
}

/// Gives the world of an execution back that came to its end.
pub(crate) fn keep(world: Box<World>) {
    SPARE.set(Some(world));
}

/// Ends the execution: takes its world.
///
/// Values of thread-locals of a finished execution are dropped, still inside of it; those of a failed one are leaked,
/// because the engine's objects in them no longer have an engine. Values of lazy statics stay with the statics.
pub(crate) fn end() -> Option<Box<World>> {
    let failed = try_with(|world| {
        world.closed = true;
        world.abandoned = world.ending.is_some();
        world.has_statics = statics::owns_values(&world.statics);
        world.abandoned
    })?;
    if failed {
        std::mem::forget(with(|world| std::mem::take(&mut world.statics)));
    } else if let Err(payload) = catch_unwind(AssertUnwindSafe(statics::drop_all)) {
        with(|world| threads::end_by_panic(world, &*payload));
    }
    let mut world = WORLD.with_borrow_mut(Option::take);
    if let Some(world) = &mut world {
        past::ends(world.execution, world.is_held());
        if world.ending.is_some() {
            std::mem::forget(std::mem::take(&mut world.companions));
            std::mem::forget(world.memory.take());
            std::mem::forget(std::mem::take(&mut world.deferred));
            std::mem::forget(std::mem::take(&mut world.parkers));
        } else {
            world.settle();
        }
    }
    ENGINE.set(Engine::Std);
    EXECUTION.set(0);
    world
}
