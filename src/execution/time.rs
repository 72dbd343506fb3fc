//! Virtual time: it passes when nothing else can go on, and then jumps to the next end of a sleep.
//!
//! A thread that has yielded waits for others, so it holds no sleep back. What a jump depends on is
//! known at every point of an execution, so it is no event: a replay has the same jumps. All that
//! was done before a jump comes before the end of each sleep that it ends. That is more than memory
//! has it: the search leaves out what a slow thread does after a sleep that was too short, and its
//! verdict says so.
//!
//! A timer of a task is an alarm of the thread that has polled it last: while the task is pending,
//! that thread also waits for the time. How long it waits is fixed where it begins to: there is no
//! model of another thread that takes the timer away meanwhile. Nor is there one of an executor of
//! the user's own, whose thread waits for something else: nobody would ring the alarm.
//!
//! Timeouts of waits and parks take no part in this. They fire at any time, and no time passes: a
//! model in which they were ordered by their durations would hold for these durations only.

use super::failure::{Ending, not_modelled};
use super::step::step;
use super::{Engine, Pending, Seen, ThreadState, Waits, World, engine, me, with};
use crate::vocabulary::trace::{Operation, ThreadId, Value};
use crate::vocabulary::verdict::Bound;
use std::cell::RefCell;
use std::panic::Location;
use std::task::Waker;
use std::time::Duration;

/// The time of an execution, since it began.
#[derive(Debug, Default)]
pub(crate) struct Time {
    now: Duration,
    /// How many threads wait for the time.
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

    /// Whether a thread waits for the time.
    pub(super) fn is_awaited(&self) -> bool {
        self.asleep > 0
    }

    pub(crate) fn has_come(&self, end: Duration) -> bool {
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
    let end = with(|world| world.turns.time.now.saturating_add(duration));
    let waits = Waits::Until(end);
    let pending = Pending::of(Operation::Sleep, Location::caller()).waits(waits);
    with(|world| self::waits(world, waits));
    step(pending, |world, _| {
        stops_waiting(world, waits);
        ((), Seen::value(Value::Time(duration)))
    });
}

/// A thread is about to wait, maybe for the time.
pub(super) fn waits(world: &mut World, waits: Waits) {
    world.turns.time.asleep += usize::from(until(waits).is_some());
}

pub(super) fn stops_waiting(world: &mut World, waits: Waits) {
    world.turns.time.asleep -= usize::from(until(waits).is_some());
}

/// When time lets a thread go on, if it waits for that.
fn until(waits: Waits) -> Option<Duration> {
    match waits {
        Waits::Until(end) | Waits::WokenUntil(end) => Some(end),
        _ => None,
    }
}

/// What a timer has set.
struct Alarm {
    timer: u64,
    thread: ThreadId,
    end: Duration,
    waker: Waker,
    /// Whether the waker is that of a task of ours that this thread polls.
    own: bool,
}

thread_local! {
    /// The alarms of an execution. They are not in the world, because to drop a waker is an event.
    static ALARMS: RefCell<Vec<Alarm>> = const { RefCell::new(Vec::new()) };
}

/// Has a waker woken when so much time has passed since the execution began, instead of what the
/// timer has set before. `own` says whether it is the waker of a task of ours that this thread
/// polls.
///
/// # Panics
/// Outside of an engine.
pub(crate) fn set_alarm(timer: u64, end: Duration, waker: Waker, own: bool) {
    if engine() == Engine::Loom {
        not_modelled("loom", "virtual time (time::Timer)");
    }
    with(|world| {
        if world.rules.weak && world.ending.is_none() {
            world.refuse("time::Timer");
        }
    });
    let alarm = Alarm { timer, thread: me(), end, waker, own };
    let before = take_from_nobody(timer);
    ALARMS.with_borrow_mut(|alarms| alarms.push(alarm));
    drop(before);
}

/// The timer is not waited for any more.
pub(crate) fn clear_alarm(timer: u64) {
    drop(take_from_nobody(timer));
}

/// Takes what a timer has set. Ends the execution if another thread waits for it.
fn take_from_nobody(timer: u64) -> Vec<Alarm> {
    let taken = take_alarms(|set| set.timer == timer);
    let is_awaited = |world: &mut World| {
        let waits = |thread: ThreadId| world.threads[thread.index()].waits_for_time();
        let mut others = taken.iter().map(|alarm| alarm.thread).filter(|thread| *thread != me());
        world.ending.is_none() && others.any(waits)
    };
    if !taken.is_empty() && with(is_awaited) {
        not_modelled("selvedge", "a Timer that another task drops or polls");
    }
    taken
}

fn take_alarms(is_one: impl Fn(&Alarm) -> bool) -> Vec<Alarm> {
    ALARMS.with_borrow_mut(|alarms| alarms.extract_if(.., |alarm| is_one(alarm)).collect())
}

/// When the next alarm of this thread rings.
pub(super) fn alarm(me: ThreadId) -> Option<Duration> {
    ALARMS.with_borrow(|alarms| {
        alarms.iter().filter(|alarm| alarm.thread == me).map(|alarm| alarm.end).min()
    })
}

/// Wakes those whose time has come.
pub(super) fn ring(me: ThreadId) {
    if alarm(me).is_some() {
        let now = now();
        let due = take_alarms(|alarm| alarm.thread == me && alarm.end <= now);
        due.into_iter().for_each(|alarm| alarm.waker.wake());
    }
}

/// Forgets the alarms of an execution: a failed one has left them set, and what it has must stay.
pub(super) fn forget() {
    ALARMS.take().into_iter().for_each(std::mem::forget);
}

impl ThreadState {
    fn waits(&self) -> Option<Waits> {
        self.pending.filter(|_| !self.finished).map(|pending| pending.waits)
    }

    fn waits_for_time(&self) -> bool {
        self.waits().and_then(until).is_some()
    }

    /// Whether a waker could let it go on.
    fn waits_for_a_wake(&self) -> bool {
        matches!(
            self.waits(),
            Some(
                Waits::Token { .. }
                    | Waits::Notified { .. }
                    | Waits::Notification { .. }
                    | Waits::Woken { .. }
            )
        )
    }
}

impl World {
    /// Ends the execution if no thread can go on, or one that waits in a loop, and an alarm might
    /// help that nobody rings.
    pub(super) fn needs_an_alarm(&mut self, spins: Option<ThreadId>) -> bool {
        if spins.is_none() && !self.threads.iter().any(ThreadState::waits_for_a_wake) {
            return false;
        }
        self.misses(|_, alarm| !alarm.own || spins == Some(alarm.thread))
    }

    /// Ends the execution if the time of an alarm has come that nobody rings.
    fn misses_an_alarm(&mut self) {
        self.misses(|world, alarm| {
            let waits = world.threads[alarm.thread.index()].waits_for_a_wake()
                || world.turns.yielded.contains(&alarm.thread);
            !alarm.own && waits && world.turns.time.has_come(alarm.end)
        });
    }

    fn misses(&mut self, is_one: impl Fn(&World, &Alarm) -> bool) -> bool {
        let is_missed = ALARMS.with_borrow(|alarms| alarms.iter().any(|alarm| is_one(self, alarm)));
        if is_missed {
            let operation = "a Timer that no task of selvedge's polls".to_string();
            self.end(Ending::Unknown(Bound::NotModelled { engine: "selvedge", operation }));
        }
        is_missed
    }

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
        let ends = sleeps.filter_map(|state| until(state.pending?.waits));
        let time = &self.turns.time;
        if let Some(next) = ends.filter(|end| !time.has_come(*end)).min() {
            self.turns.time.now = next;
            self.turns.time.jumps.push((next, self.turns.time.steps));
            self.misses_an_alarm();
            self.turns.yielded.clear();
        }
    }
}
