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
    if let Some(started) = world.threads.iter().find(|t| t.pending.is_none() && !t.finished) {
        return Some(started.task);
    }
    let mut enabled = std::mem::take(&mut world.enabled);
    let chosen = choose(world, strategy, &mut enabled);
    world.enabled = enabled;
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
    if enabled.is_empty() {
        enabled.extend(threads().filter(|t| world.could_time_out(*t)));
    }
    if enabled.is_empty() {
        if !world.threads.iter().all(|t| t.finished) {
            world.deadlock();
        }
        return None;
    }
    if !strategy.is_fair() && enabled.iter().any(|t| !world.threads[t.index()].yielded) {
        let able = enabled.len();
        enabled.retain(|t| !world.threads[t.index()].yielded);
        world.kept_back |= enabled.len() < able;
    }
    // who did something last: a thread that has only been started has not run yet
    let last = world.trace.events.last().map(|event| event.thread);
    let current = last.filter(|thread| enabled.contains(thread));
    let chosen = strategy.pick(&Point { enabled, threads: &world.threads, current });
    if let Some(why) = strategy.diverged() {
        let bound = if world.settings.replays { Bound::Replay(why) } else { Bound::NotDeterministic(why) };
        world.end(Ending::Unknown(bound));
        return None;
    }
    if enabled.len() > 1 {
        world.schedule.push(chosen.0);
    }
    Some(chosen)
}
