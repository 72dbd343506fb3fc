//! One visible operation: announced, scheduled, performed, recorded.

use super::{
    Ending, Engine, Frozen, Pending, Seen, World, cell, engine, green, me, schedule, set_me, threads, try_with, with,
};
use crate::explore::Strategy;
use crate::trace::ThreadId;
use crate::verdict::Bound;
use std::cell::RefCell;

/// With this payload a green thread of a failed execution unwinds.
pub(crate) struct Halt;

/// Whether operations have no more effect on the engine: the execution has failed, or this thread unwinds under loom.
///
/// loom must not switch threads while one unwinds: it does not tell the panics of its green threads apart.
pub(super) fn inert() -> bool {
    unwinds_under_loom() || with(|world| world.over())
}

pub(super) fn unwinds_under_loom() -> bool {
    std::thread::panicking() && engine() == Engine::Loom
}

/// The manners of an operation that has no, or only a shadow of, an effect. Whether it is one.
///
/// In an execution that has failed, user code goes on only if it caught our payload away: it is sent on its way
/// again. While a thread unwinds under loom nothing waits: what should have is written down, and the execution is given
/// up as soon as somebody catches the panic (if nobody does, it has failed anyway). A destructor that would wait for
/// ever, by a loop, is left for ever.
pub(super) fn in_vain(pending: Pending) -> bool {
    let me = me();
    if !unwinds_under_loom() {
        return match with(|world| (world.closed, world.ending.is_some(), world.stalled.take())) {
            (true, ..) => true,
            (_, true, _) => halt(),
            (.., Some(what)) => fail(stalled(what)),
            _ => false,
        };
    }
    let endless = with(|world| {
        if !world.over() {
            world.merged = true;
            world.thread(me).pending = Some(pending);
            if !world.enabled(me) && world.stalled.is_none() {
                world.stalled = world.blocked(me).map(|blocked| world.trace.waiting(&blocked));
            }
            world.thread(me).pending = None;
        }
        world.vain += 1;
        world.vain > world.settings.max_events
    });
    if endless {
        freeze(|world| threads::panic_of_main(world, None));
    }
    true
}

/// How an execution ends in which a thread should have waited while it unwound.
pub(super) fn stalled(what: String) -> Ending {
    let operation = format!("waiting in a destructor while a panic unwinds, here for {what}");
    Ending::Unknown(Bound::NotModelled { engine: engine().name(), operation })
}

/// Leaves this OS thread where it is, for ever: every way back goes through destructors that hang, or abort the
/// process. Whoever waits for the exploration is told how it ended.
pub(super) fn freeze(ending: impl FnOnce(&mut World) -> Ending) -> ! {
    try_with(|world| {
        let ending = world.ending.take().unwrap_or_else(|| ending(world));
        let trace = std::mem::take(&mut world.trace);
        let schedule = std::mem::take(&mut world.schedule);
        let counted = world.arcs.counted();
        world.settings.pulse.freeze(Frozen { ending, trace, schedule, counted });
    });
    loop {
        std::thread::park();
    }
}

/// An operation under shuttle: `perform` is its meaning.
pub(crate) fn shuttle_step<R>(pending: Pending, perform: impl FnOnce(&mut World, ThreadId) -> (R, Seen)) -> R {
    let me = me();
    cell::last(Engine::Shuttle);
    let announced = announce(me, pending) || !in_vain(pending);
    let done = with(|world| {
        if announced && world.ending.is_some() {
            return None; // while others ran
        }
        world.thread(me).pending = None;
        let before = world.over();
        let (result, seen) = perform(world, me);
        Some((result, !before && took_effect(world, me, &pending, &seen)))
    });
    match done {
        Some((result, false)) => result,
        _ => halt(),
    }
}

/// Tells everybody of an operation; whether that was the end of the execution.
#[inline(never)] // one for all operations
fn took_effect(world: &mut World, me: ThreadId, pending: &Pending, seen: &Seen) -> bool {
    if !seen.silent {
        // an operation that breaks the model is the last event of its trace
        world.record(me, pending, seen);
    }
    with_strategy(|strategy| strategy.executed(world, me, pending, seen));
    world.over()
}

/// Says what the thread is about to do, and comes back when it is its turn; false if nothing is scheduled any more.
fn announce(me: ThreadId, pending: Pending) -> bool {
    let scheduled = with(|world| {
        if world.over() {
            return None;
        }
        let state = world.thread(me);
        state.pending = Some(pending);
        let mine = state.task;
        Some((mine, with_strategy(|strategy| schedule::next(world, strategy))))
    });
    let Some((mine, next)) = scheduled else { return false };
    if next != Some(mine) {
        green::switch_to(next);
        set_me(me);
    }
    true
}

/// A thread of shuttle's has ended, and its task lets others run until it is needed again.
pub(crate) fn leave() {
    let next = with(|world| with_strategy(|strategy| schedule::next(world, strategy)));
    if next != green::chosen() {
        green::switch_to(next);
    }
}

/// An operation under loom: `perform` is loom's, and may switch threads; `shadow` is what remains of it while the
/// thread unwinds or the execution has failed; `note` is told of its effect, for the drawing.
pub(crate) fn loom_step<R>(
    pending: Pending,
    perform: impl FnOnce() -> R,
    shadow: impl FnOnce() -> R,
    note: impl FnOnce(&mut World, ThreadId, &R) -> Seen,
) -> R {
    if in_vain(pending) {
        return shadow();
    }
    let me = me();
    cell::last(Engine::Loom);
    flush_deferred();
    with(|world| world.thread(me).pending = Some(pending));
    let result = perform();
    set_me(me);
    let ended = with(|world| {
        world.thread(me).pending = None;
        let seen = note(world, me, &result);
        world.record(me, &pending, &seen);
        world.ending.is_some()
    });
    if ended {
        halt();
    }
    result
}

/// Puts off what a thread that unwinds owes to loom: loom's operations may switch threads, or panic.
pub(super) fn defer(owed: Box<dyn FnOnce()>) {
    let me = me();
    try_with(|world| world.deferred.push((me, owed)));
}

/// Pays what was put off, now that this thread no longer unwinds.
pub(super) fn flush_deferred() {
    if std::thread::panicking() {
        return;
    }
    let me = me();
    while let Some(owed) = with(|world| {
        let at = world.deferred.iter().position(|(thread, _)| *thread == me)?;
        Some(world.deferred.remove(at).1)
    }) {
        owed();
        set_me(me);
    }
}

/// A choice that is not about threads: which of `options` happens.
pub(crate) fn choose(world: &mut World, options: usize) -> usize {
    if options < 2 || world.over() {
        return 0;
    }
    let chosen = with_strategy(|strategy| strategy.choose(options));
    world.schedule.push(chosen as u32);
    chosen
}

thread_local! {
    /// Who chooses. Not in the world, because it is shown the world.
    static STRATEGY: RefCell<Option<Box<dyn Strategy>>> = const { RefCell::new(None) };
}

/// Says who chooses in the executions of this OS thread; who did before.
pub(crate) fn set_strategy(strategy: Option<Box<dyn Strategy>>) -> Option<Box<dyn Strategy>> {
    STRATEGY.replace(strategy)
}

/// Lends the one who chooses.
pub(crate) fn with_strategy<R>(f: impl FnOnce(&mut dyn Strategy) -> R) -> R {
    STRATEGY.with_borrow_mut(|strategy| f(&mut **strategy.as_mut().expect("an exploration on shuttle has one")))
}

/// Ends the execution here.
pub(crate) fn fail(ending: Ending) -> ! {
    with(|world| world.end(ending));
    halt();
}

/// Leaves an execution that has ended, without a word.
///
/// Under shuttle the thread is never scheduled again (the explorer stops the execution); under loom, which offers no
/// such way, it unwinds.
pub(crate) fn halt() -> ! {
    // a model that catches this away, again and again, would never end
    let endless = with(|world| {
        world.vain += 1;
        world.vain > world.settings.max_events
    });
    match engine() {
        _ if endless => freeze(|_| unreachable!("whoever halts has ended the execution")),
        Engine::Shuttle => loop {
            green::switch_to(None);
        },
        Engine::Loom | Engine::Std => std::panic::resume_unwind(Box::new(Halt)),
    }
}
