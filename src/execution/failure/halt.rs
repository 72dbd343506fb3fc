//! An execution that has failed: no thread goes on, whatever stands on its stack.

use super::Ending;
use crate::execution::{Engine, Frozen, Pending, World, engine, green, me, try_with, with};
use crate::vocabulary::verdict::Bound;

/// With this payload a green thread of a failed execution unwinds.
pub(crate) struct Halt;

/// Whether operations have no more effect on the engine: the execution has failed, or this thread
/// unwinds under loom.
///
/// loom must not switch threads while one unwinds: it does not tell the panics of its green threads
/// apart.
pub(in crate::execution) fn inert() -> bool {
    unwinds_under_loom() || with(|world| world.over())
}

pub(in crate::execution) fn unwinds_under_loom() -> bool {
    std::thread::panicking() && engine() == Engine::Loom
}

/// The manners of an operation that has no, or only a shadow of, an effect. Whether it is one.
///
/// In an execution that has failed, user code goes on only if it caught our payload away: it is
/// sent on its way again. While a thread unwinds under loom nothing waits: what should have is
/// written down, and the execution is given up as soon as somebody catches the panic (if nobody
/// does, it has failed anyway). A destructor that would wait for ever, by a loop, is left for ever.
pub(in crate::execution) fn in_vain(pending: Pending) -> bool {
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
        world.failure.vain += 1;
        world.failure.vain > world.rules.max_events
    });
    if endless {
        freeze(|world| super::panic_of_main(world, None));
    }
    true
}

/// How an execution ends in which a thread should have waited while it unwound.
pub(in crate::execution) fn stalled(what: String) -> Ending {
    let operation = format!("waiting in a destructor while a panic unwinds, here for {what}");
    Ending::Unknown(Bound::NotModelled { engine: engine().name(), operation })
}

/// Leaves this OS thread where it is, for ever: every way back goes through destructors that hang,
/// or abort the process. Whoever waits for the exploration is told how it ended.
pub(in crate::execution) fn freeze(ending: impl FnOnce(&mut World) -> Ending) -> ! {
    try_with(|world| {
        let ending = world.ending.take().unwrap_or_else(|| ending(world));
        let trace = std::mem::take(&mut world.log.trace);
        let schedule = std::mem::take(&mut world.turns.schedule);
        let counted = world.memory.arcs.counted();
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

/// Leaves an execution that has ended, without a word.
///
/// Under shuttle the thread is never scheduled again (the explorer stops the execution); under
/// loom, which offers no such way, it unwinds.
pub(crate) fn halt() -> ! {
    // a model that catches this away, again and again, would never end
    let endless = with(|world| {
        world.failure.vain += 1;
        world.failure.vain > world.rules.max_events
    });
    match engine() {
        _ if endless => freeze(|_| unreachable!("whoever halts has ended the execution")),
        Engine::Shuttle => loop {
            green::switch_to(None);
        },
        Engine::Loom | Engine::Std => std::panic::resume_unwind(Box::new(Halt)),
    }
}
