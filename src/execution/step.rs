//! One visible operation: announced, scheduled, performed, recorded.

use super::failure::{halt, handle_if_inert};
use super::memory::cell;
use super::strategy::with_strategy;
use super::{Engine, Pending, Seen, World, green, me, schedule, set_me, tasks, with};
use crate::vocabulary::trace::{ObjectId, Operation, Outcome, ThreadId, Value};
use std::panic::Location;

/// Performs an operation under the engine that drives this thread. This is the only place where the
/// engines part.
///
/// `std` performs it on real threads, `meaning` is its effect on the world on green threads, and
/// `loom` performs it with loom's objects.
pub(super) fn perform<R>(
    engine: Engine,
    pending: Pending,
    std: impl FnOnce() -> R,
    meaning: impl FnOnce(&mut World, ThreadId) -> (R, Seen),
    loom: impl FnOnce(Pending) -> R,
) -> R {
    match engine {
        Engine::Std => std(),
        Engine::Shuttle => step(pending, meaning),
        Engine::Loom => loom(pending),
    }
}

/// An operation on green threads. `meaning` is its effect.
pub(super) fn step<R>(
    pending: Pending,
    meaning: impl FnOnce(&mut World, ThreadId) -> (R, Seen),
) -> R {
    let me = me();
    tasks::pay(me);
    cell::last(Engine::Shuttle);
    let announced = announce(me, pending) || !handle_if_inert(pending);
    let done = with(|world| {
        if announced && world.ending.is_some() {
            return None; // the execution ended while others ran
        }
        world.thread(me).pending = None;
        world.does(me);
        let before = world.over();
        let (result, seen) = meaning(world, me);
        Some((result, !before && took_effect(world, me, &pending, &seen)))
    });
    match done {
        Some((result, false)) => result,
        _ => halt(),
    }
}

/// Records something on green threads that no other thread can see. It is no scheduling point.
pub(super) fn record(pending: Pending, seen: Seen) {
    if with(|world| world.over()) {
        handle_if_inert(pending);
        return;
    }
    let me = me();
    let ended = with(|world| {
        world.record(me, &pending, &seen);
        world.over()
    });
    if ended {
        halt();
    }
}

/// Reports an operation to the log and the strategy. Returns whether it ended the execution.
#[inline(never)] // one for all operations
fn took_effect(world: &mut World, me: ThreadId, pending: &Pending, seen: &Seen) -> bool {
    if !seen.silent {
        // an operation that violates the model is the last event of its trace
        world.record(me, pending, seen);
    }
    world.turns.time.steps += 1;
    with_strategy(|strategy| strategy.executed(world, me, pending, seen));
    world.over()
}

/// Announces the thread's next operation and returns when it is its turn. Returns false if nothing
/// is scheduled any more.
fn announce(me: ThreadId, pending: Pending) -> bool {
    let scheduled = with(|world| {
        if world.over() {
            return None;
        }
        if world.is_ahead(me, &pending) || world.rules.weak && world.refuses(&pending) {
            return Some(None); // it has ended
        }
        let state = world.thread(me);
        state.pending = Some(pending);
        let mine = state.task;
        Some(Some((mine, with_strategy(|strategy| schedule::next(world, strategy)))))
    });
    let Some(scheduled) = scheduled else { return false };
    let Some((mine, next)) = scheduled else { return true };
    if next != Some(mine) {
        green::switch_to(next);
        set_me(me);
    }
    true
}

/// Called when a shuttle thread has ended: its task lets others run until it is needed again.
pub(crate) fn leave() {
    let next = with(|world| with_strategy(|strategy| schedule::next(world, strategy)));
    if next != green::chosen() {
        green::switch_to(next);
    }
}

/// Whether an operation ends spuriously, or by its timeout: a choice.
///
/// The choice is a step of its own. So if it declines, the operation that follows can block for
/// ever, exactly as one without the choice can. The step has no effect and is ordered with nothing.
/// If it declines, it is no event. The token of a park, if available, stays: a park that took it
/// could be followed by one that returns spuriously. `object` is the one under which it is shown.
pub(super) fn ends_early(
    operation: Operation,
    location: &'static Location<'static>,
    (outcome, object): (Outcome, Option<ObjectId>),
    mutex: Option<ObjectId>,
) -> bool {
    let choice = Pending::of(operation, location).spurious(true);
    step(choice, |world, me| {
        world.acts(me, &choice);
        if choose(world, 2) == 0 {
            return (false, Seen { silent: true, ..Seen::default() });
        }
        world.serve(me, location, mutex);
        (true, Seen { object, ..Seen::value(Value::Outcome(outcome)) })
    })
}

/// A choice that is not about threads: which of `options` happens.
pub(super) fn choose(world: &mut World, options: usize) -> usize {
    if options < 2 || world.over() {
        return 0;
    }
    let chosen = with_strategy(|strategy| strategy.choose(options));
    world.turns.schedule.push(chosen as u32);
    chosen
}
