//! One visible operation: announced, scheduled, performed, recorded.

use super::{Ending, Engine, Pending, Seen, World, engine, me, set_me, try_with, with};
use crate::explore::Strategy;
use crate::trace::ThreadId;
use std::cell::RefCell;
use std::rc::Rc;

/// With this payload a green thread of a failed execution unwinds.
pub(crate) struct Halt;

/// Whether operations have no more effect on the engine: the execution has failed, or this thread unwinds.
///
/// No thread may be switched while one unwinds: all green threads share the OS thread's count of panics, so another
/// one would think that it panics too.
pub(super) fn inert() -> bool {
    std::thread::panicking() || with(|world| world.over())
}

/// An operation under shuttle: `perform` is its meaning.
///
/// While a thread unwinds, the operation takes effect at once, without a scheduling point before it; an operation
/// that would have to wait there does not wait.
pub(crate) fn shuttle_step<R>(pending: Pending, perform: impl FnOnce(&mut World, ThreadId) -> (R, Seen)) -> R {
    let me = me();
    if !inert() {
        with(|world| world.thread(me).pending = Some(pending));
        shuttle::thread::yield_now();
        set_me(me);
        if with(|world| world.ending.is_some()) {
            halt();
        }
    }
    let (result, ended) = with(|world| {
        world.thread(me).pending = None;
        let before = world.over();
        let (result, seen) = perform(world, me);
        if !before {
            // an operation that breaks the model is the last event of its trace
            world.record(me, pending, seen);
            STRATEGY.with_borrow(|strategy| {
                if let Some(strategy) = strategy {
                    strategy.borrow_mut().executed(world, me, &pending, &seen);
                }
            });
        }
        (result, !before && world.over())
    });
    if ended && !std::thread::panicking() {
        halt();
    }
    result
}

/// An operation under loom: `perform` is loom's, and may switch threads; `shadow` is what remains of it while the
/// thread unwinds or the execution has failed; `note` is told of its effect, for the drawing.
pub(crate) fn loom_step<R>(
    pending: Pending,
    perform: impl FnOnce() -> R,
    shadow: impl FnOnce() -> R,
    note: impl FnOnce(&mut World, ThreadId, &R) -> Seen,
) -> R {
    if inert() {
        return shadow();
    }
    let me = me();
    flush_deferred();
    with(|world| world.thread(me).pending = Some(pending));
    let result = perform();
    set_me(me);
    let ended = with(|world| {
        world.thread(me).pending = None;
        let seen = note(world, me, &result);
        world.record(me, pending, seen);
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
    let chosen = STRATEGY.with_borrow(|strategy| strategy.as_ref().map_or(0, |s| s.borrow_mut().choose(options)));
    world.schedule.push(chosen as u32);
    chosen
}

thread_local! {
    /// Who answers the choices that are not about threads. Not in the world: shuttle's scheduler holds it too.
    static STRATEGY: RefCell<Option<Rc<RefCell<dyn Strategy>>>> = const { RefCell::new(None) };
}

/// Says who chooses in the executions of this OS thread.
pub(crate) fn set_strategy(strategy: Option<Rc<RefCell<dyn Strategy>>>) {
    STRATEGY.with_borrow_mut(|slot| *slot = strategy);
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
    match engine() {
        Engine::Shuttle => loop {
            shuttle::thread::yield_now();
        },
        Engine::Loom | Engine::Std => std::panic::resume_unwind(Box::new(Halt)),
    }
}
