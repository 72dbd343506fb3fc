//! Which thread runs next under shuttle. Asked before each operation and at the end of each thread.
//!
//! A started thread runs up to its first announcement at once. What it does before that is
//! invisible, and from then on every thread's next operation is known. Blocked threads are not
//! offered. If no thread can run and some have not ended, that is a deadlock.

use super::green::{DRIVER, Task};
use super::{Ending, Offers, Point, Stop, Strategy, World};
use crate::vocabulary::trace::{Operation, ThreadId};
use crate::vocabulary::verdict::Bound;
use smallvec::SmallVec;

/// What a schedule has instead of a thread where a thread waits in a loop for ever.
pub(crate) const NOBODY: u32 = u32::MAX;

/// The task that runs next. `None` if the execution was cut short.
pub(super) fn next(world: &mut World, strategy: &mut dyn Strategy) -> Option<Task> {
    if world.ending.is_some() {
        return None;
    }
    if let Some(started) = world.turns.started.take().map(|started| &world.threads[started.index()])
        && started.pending.is_none()
        && !started.finished
    {
        return Some(started.task);
    }
    world.leaves_tasks();
    if world.ending.is_some() || world.rules.weak && stops(world, strategy) {
        return None;
    }
    world.passes_time();
    if world.ending.is_some() {
        return None;
    }
    let repeated = strategy.repeat(world);
    let (chosen, several) = match repeated {
        Some((thread, several)) => (could_run(world, thread).then_some(thread), several),
        None => {
            let mut enabled = std::mem::take(&mut world.turns.enabled);
            let chosen = choose(world, strategy, &mut enabled);
            world.turns.enabled = enabled;
            chosen
        }
    };
    if world.rules.weak && stops(world, strategy) {
        return None;
    }
    let stuck = repeated.filter(|_| chosen.is_none());
    let stuck = stuck
        .map(|(thread, _)| format!("after the same choices, thread {} could not go on", thread.0));
    if let Some(why) = strategy.diverged().or(stuck) {
        let event = world.log.trace.events.len() + 1;
        let bound = match world.rules.replays {
            Some(_) => {
                Bound::Replay(format!("the program is another one: before event #{event}, {why}"))
            }
            None => Bound::NotDeterministic(why),
        };
        world.end(Ending::Unknown(bound));
        return None;
    }
    if let Some(chosen) = chosen.filter(|_| several) {
        world.turns.schedule.push(chosen.0);
    }
    match chosen {
        Some(thread) => Some(world.threads[thread.index()].task),
        None if world.ending.is_none() => Some(DRIVER),
        None => None,
    }
}

/// Whether the strategy ends the execution here.
fn stops(world: &mut World, strategy: &mut dyn Strategy) -> bool {
    match strategy.stops() {
        None => return false,
        Some(Stop::InVain) => world.end(Ending::InVain),
        Some(Stop::Livelock(thread, after)) => {
            // so a token tells this from a thread that runs on
            world.turns.schedule.extend([NOBODY, after as u32]);
            world.spins(thread);
        }
    }
    true
}

/// The thread that runs next, and whether it was one of several. If there is none, all threads have
/// ended, or the execution has.
///
/// The set of threads that a schedule chose among must not depend on the strategy: a replay asks
/// for it with its own.
fn choose(
    world: &mut World,
    strategy: &mut dyn Strategy,
    enabled: &mut Vec<ThreadId>,
) -> (Option<ThreadId>, bool) {
    let threads = || (0..world.threads.len() as u32).map(ThreadId);
    enabled.clear();
    enabled.extend(threads().filter(|t| world.enabled(*t)));
    // a replay has another strategy: who is held off counts
    let mut held_off = enabled.len();
    let enters = |thread: &ThreadId| {
        let pending = &world.threads[thread.index()].pending;
        pending.as_ref().is_some_and(|pending| pending.operation == Operation::ReadLock)
    };
    if world.rules.weak && enabled.iter().any(enters) {
        enabled.retain(|thread| !strategy.holds_off(world, *thread));
        if enabled.is_empty() && held_off > 0 {
            world.end(Ending::InVain);
            return (None, false);
        }
    }
    held_off -= enabled.len();
    // time passes while no thread can run, or those that can only wait for others
    let mut late: SmallVec<[ThreadId; 4]> = SmallVec::new();
    if enabled.iter().all(|t| world.turns.yielded.contains(t)) {
        late.extend(threads().filter(|t| !enabled.contains(t) && world.could_time_out(*t)));
    }
    let able = enabled.len() + late.len();
    if able == 0 {
        if !world.threads.iter().all(|t| t.finished) {
            world.gets_stuck();
        }
        return (None, false);
    }
    let offers = strategy.offers();
    let mut only_timeouts = enabled.is_empty();
    if offers == Offers::Able {
        only_timeouts |= !late.is_empty()
            && enabled.iter().all(|t| strategy.waits(*t, &world.threads[t.index()]));
        if only_timeouts {
            enabled.clear();
            enabled.extend(late);
        }
    } else {
        enabled.extend(late);
        enabled.sort_unstable();
    }
    if offers == Offers::Fair {
        let yielded = |t: &ThreadId| world.turns.yielded.iter().position(|y| y == t);
        match enabled.iter().filter_map(|t| Some((yielded(t)?, *t))).min() {
            Some((_, first)) if enabled.iter().all(|t| yielded(t).is_some()) => {
                enabled.retain(|t| *t == first)
            }
            _ => enabled.retain(|t| yielded(t).is_none()),
        }
        world.turns.delayed |= enabled.len() < able;
    }
    // the thread of the last event: a thread that was only started has not run yet
    let last = world.log.trace.events.last().map(|event| event.thread);
    let current = last.filter(|thread| enabled.contains(thread));
    let several = able + held_off > 1;
    (
        Some(strategy.pick(&Point {
            enabled,
            threads: &world.threads,
            objects: &world.objects,
            current,
            only_timeouts,
            several,
        })),
        several,
    )
}

/// Whether the thread could be among those offered.
fn could_run(world: &World, thread: ThreadId) -> bool {
    thread.index() < world.threads.len() && (world.enabled(thread) || world.could_time_out(thread))
}
