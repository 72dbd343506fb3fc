//! Halting a failed execution: no thread continues, whatever is on its stack.

use super::Ending;
use crate::execution::{Engine, Frozen, Pending, World, engine, green, me, try_with, with};
use crate::vocabulary::verdict::Bound;

/// The payload that unwinds a green thread of a failed execution.
pub(crate) struct Halt;

/// Whether operations have no more effect on the engine: the execution has failed, or this thread
/// unwinds under loom.
///
/// loom must not switch threads during unwinding: it does not tell the panics of its green threads
/// apart.
pub(in crate::execution) fn inert() -> bool {
    unwinds_under_loom() || with(|world| world.over())
}

pub(in crate::execution) fn unwinds_under_loom() -> bool {
    std::thread::panicking() && engine() == Engine::Loom
}

/// Handles the operation if it is inert: it then has no effect, or only a shadow of one. Returns
/// whether it is inert.
///
/// After an execution has failed, user code continues only if it caught our payload. It then
/// unwinds again. While a thread unwinds under loom, nothing waits. A wait that should have
/// happened is noted, and the execution is given up as soon as the panic is caught (if it is not
/// caught, the execution has failed anyway). A destructor that would loop for ever is abandoned.
pub(in crate::execution) fn handle_if_inert(pending: Pending) -> bool {
    let me = me();
    if !unwinds_under_loom() {
        return match with(|world| {
            (world.turns.closed, world.ending.is_some(), world.failure.stalled.take())
        }) {
            (true, ..) => true,
            (_, true, _) => halt(),
            (.., Some(what)) => fail(stalled(what)),
            _ => false,
        };
    }
    let endless = with(|world| {
        if !world.over() {
            world.failure.merged = true;
            world.thread(me).pending = Some(pending);
            if !world.enabled(me) && world.failure.stalled.is_none() {
                world.failure.stalled =
                    world.blocked(me).map(|blocked| world.log.trace.waiting(&blocked));
            }
            world.thread(me).pending = None;
        }
        world.failure.inert_operations += 1;
        world.failure.inert_operations > world.rules.max_events
    });
    if endless {
        freeze(|world| super::panic_of_main(world, None));
    }
    true
}

/// How an execution ends when an unwinding thread should have waited.
pub(in crate::execution) fn stalled(what: String) -> Ending {
    let operation = format!("waiting in a destructor while a panic unwinds, here for {what}");
    Ending::Unknown(Bound::NotModelled { engine: engine().name(), operation })
}

/// Parks this OS thread for ever: every way back goes through destructors that hang or abort the
/// process. The thread that waits for the exploration gets the ending.
pub(in crate::execution) fn freeze(ending: impl FnOnce(&mut World) -> Ending) -> ! {
    try_with(|world| {
        let ending = world.ending.take().unwrap_or_else(|| ending(world));
        let counted = world.counted();
        let trace = std::mem::take(&mut world.log.trace);
        let schedule = std::mem::take(&mut world.turns.schedule);
        world.rules.pulse.freeze(Frozen { ending, trace, schedule, counted });
    });
    loop {
        std::thread::park();
    }
}

/// Ends the execution here.
pub(in crate::execution) fn fail(ending: Ending) -> ! {
    with(|world| world.end(ending));
    halt();
}

/// Gives up: an engine has no model of this operation.
pub(in crate::execution) fn not_modelled(engine: &'static str, operation: &str) -> ! {
    let operation = operation.to_string();
    fail(Ending::Unknown(Bound::NotModelled { engine, operation }))
}

/// Gives up this execution, and where memory is weak no other one.
pub(in crate::execution) fn refuse(operation: &str) {
    let is_weak = with(|world| {
        if world.rules.weak && world.ending.is_none() {
            world.refuse(operation);
        }
        world.rules.weak
    });
    if !is_weak {
        not_modelled("selvedge", operation);
    }
}

/// Leaves an ended execution silently.
///
/// Under shuttle the thread is never scheduled again (the explorer stops the execution). loom
/// offers no such way, so the thread unwinds.
pub(crate) fn halt() -> ! {
    // a model that keeps catching this would never end
    let endless = with(|world| {
        world.failure.inert_operations += 1;
        world.failure.inert_operations > world.rules.max_events
    });
    match engine() {
        _ if endless => freeze(|_| unreachable!("whoever halts has ended the execution")),
        Engine::Shuttle => loop {
            green::switch_to(None);
        },
        Engine::Loom | Engine::Std => std::panic::resume_unwind(Box::new(Halt)),
    }
}
