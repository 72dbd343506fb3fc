//! Virtual time: it passes when nothing else can go on, and then jumps to the next end of a sleep.
//!
//! A thread that has yielded waits for others, so it holds no sleep back. What a jump depends on is
//! known at every point of an execution, so it is no event: a replay has the same jumps. All that
//! was done before a jump comes before the end of each sleep that it ends. That is more than memory
//! has it: the search leaves out what a slow thread does after a sleep that was too short, and its
//! verdict says so.
//!
//! Timeouts of waits and parks take no part in this. They fire at any time, and no time passes: a
//! model in which they were ordered by their durations would hold for these durations only.

use super::failure::not_modelled;
use super::step::step;
use super::{Engine, Pending, Seen, Waits, World, engine, with};
use crate::vocabulary::trace::{Operation, ThreadId, Value};
use std::panic::Location;
use std::time::Duration;

/// The time of an execution, since it began.
#[derive(Debug, Default)]
pub(crate) struct Time {
    now: Duration,
    /// How many threads sleep.
    asleep: usize,
    /// How many steps the execution has had.
    pub(super) steps: usize,
    /// To when time has jumped, and after how many steps.
    jumps: Vec<(Duration, usize)>,
}

impl Time {
    /// Whether time has passed.
    pub(crate) fn has_passed(&self) -> bool {
        !self.jumps.is_empty()
    }

    /// How many steps came before the jump that ended a sleep.
    pub(crate) fn steps_before(&self, end: Duration) -> usize {
        self.jumps.iter().find(|(to, _)| *to >= end).map_or(0, |(_, steps)| *steps)
    }

    pub(super) fn has_come(&self, end: Duration) -> bool {
        self.now >= end
    }
}

/// The time since the execution began.
///
/// # Panics
/// Outside of an execution.
pub(crate) fn now() -> Duration {
    with(|world| world.turns.time.now)
}

/// Waits until so much time has passed.
///
/// # Panics
/// Outside of an engine.
#[track_caller]
pub(crate) fn sleep(duration: Duration) {
    if engine() == Engine::Loom {
        not_modelled("loom", "virtual time (time::sleep)");
    }
    let end = with(|world| {
        world.turns.time.asleep += 1;
        world.turns.time.now.saturating_add(duration)
    });
    let pending = Pending::of(Operation::Sleep, Location::caller()).waits(Waits::Until(end));
    step(pending, |world, _| {
        world.turns.time.asleep -= 1;
        ((), Seen::value(Value::Time(duration)))
    });
}

impl World {
    /// Lets time pass, if no thread can go on that does not wait for others.
    pub(super) fn passes_time(&mut self) {
        if self.turns.time.asleep == 0 {
            return;
        }
        let mut threads = (0..self.threads.len() as u32).map(ThreadId);
        if threads.any(|thread| self.enabled(thread) && !self.turns.yielded.contains(&thread)) {
            return;
        }
        let sleeps = self.threads.iter().filter(|state| !state.finished);
        let ends = sleeps.filter_map(|state| match state.pending?.waits {
            Waits::Until(end) => Some(end),
            _ => None,
        });
        let time = &self.turns.time;
        if let Some(next) = ends.filter(|end| !time.has_come(*end)).min() {
            self.turns.time.now = next;
            self.turns.time.jumps.push((next, self.turns.time.steps));
            self.turns.yielded.clear();
        }
    }
}
