//! Who goes on, under shuttle: asked before each operation, and at the end of each thread.
//!
//! A thread that has been started runs up to its first announcement at once: what it does before is invisible, and
//! from then on every thread's next operation is known. Blocked threads are not offered; when no thread can go on
//! and some have not ended, that is a deadlock.

use super::green::{DRIVER, Task};
use super::{Ending, World};
use crate::explore::{Point, Strategy};
use crate::trace::ThreadId;
use crate::verdict::Bound;

/// The task that goes on; `None` if the execution has ended before its end.
pub(super) fn next(world: &mut World, strategy: &mut dyn Strategy) -> Option<Task> {
    if world.ending.is_some() {
        return None;
    }
    if let Some(started) = world.started.take().map(|started| &world.threads[started.index()])
        && started.pending.is_none()
        && !started.finished
    {
        return Some(started.task);
    }
    let repeated = strategy.repeat();
    let (chosen, several) = match repeated {
        Some((thread, several)) => (could_go_on(world, thread).then_some(thread), several),
        None => {
            let mut enabled = std::mem::take(&mut world.enabled);
            let chosen = choose(world, strategy, &mut enabled);
            let several = enabled.len() > 1;
            world.enabled = enabled;
            (chosen, several)
        }
    };
    let stuck = repeated.filter(|_| chosen.is_none());
    let stuck = stuck.map(|(thread, _)| format!("after the same choices, thread {} could not go on", thread.0));
    if let Some(why) = strategy.diverged().or(stuck) {
        let event = world.trace.events.len() + 1;
        let bound = match world.settings.replays {
            Some(_) => Bound::Replay(format!("the program is another one: before event #{event}, {why}")),
            None => Bound::NotDeterministic(why),
        };
        world.end(Ending::Unknown(bound));
        return None;
    }
    if let Some(chosen) = chosen.filter(|_| several) {
        world.schedule.push(chosen.0);
    }
    match chosen {
        Some(thread) => Some(world.threads[thread.index()].task),
        None if world.ending.is_none() => Some(DRIVER),
        None => None,
    }
}

/// The thread that goes on. If there is none, everything has ended, or the execution has.
fn choose(world: &mut World, strategy: &mut dyn Strategy, enabled: &mut Vec<ThreadId>) -> Option<ThreadId> {
    let threads = || (0..world.threads.len() as u32).map(ThreadId);
    enabled.clear();
    enabled.extend(threads().filter(|t| world.enabled(*t)));
    let only_timeouts = enabled.is_empty();
    if only_timeouts {
        enabled.extend(threads().filter(|t| world.could_time_out(*t)));
    }
    if enabled.is_empty() {
        if !world.threads.iter().all(|t| t.finished) {
            world.deadlock();
        }
        return None;
    }
    if !strategy.is_fair() && enabled.iter().any(|t| !world.yielded.contains(t)) {
        let able = enabled.len();
        enabled.retain(|t| !world.yielded.contains(t));
        world.kept_back |= enabled.len() < able;
    }
    // who did something last: a thread that has only been started has not run yet
    let last = world.trace.events.last().map(|event| event.thread);
    let current = last.filter(|thread| enabled.contains(thread));
    Some(strategy.pick(&Point { enabled, threads: &world.threads, current, only_timeouts }))
}

/// Whether the thread could be among those that are offered.
fn could_go_on(world: &World, thread: ThreadId) -> bool {
    thread.index() < world.threads.len() && (world.enabled(thread) || world.could_time_out(thread))
}
