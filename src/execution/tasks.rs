//! Tasks under the engines: what wakes them, and what waits for that.
//!
//! A task is polled by a thread. Its waker has a token, which has nothing to do with that of the
//! thread: a wake makes it available, and a poll that was pending goes on when it is, and consumes
//! it. So two wakes before a poll are one. Between two polls a task may also be polled for no
//! reason, as the contract of futures allows: an explored choice, once at each place of a thread.
//!
//! A task that wakes itself while it is polled does what `thread::yield_now` does. No other thread
//! is meant, so it is no use of the token.
//!
//! A waker is used inside of other crates' code, which may hold a lock of the operating system
//! then. On green threads no other thread may run before that lock is released. So a wake is owed:
//! it takes effect where its thread has its next operation, behind all that no engine sees. And a
//! clone or a drop, which no other thread can see, is no scheduling point.

use super::failure::{hook, inert};
use super::memory::robust::Strength;
use super::step::{ends_early, perform, record};
use super::{
    Effect, Engine, Home, Pending, Seen, Waits, World, engine, loom, me, threads, time, with,
};
use crate::vocabulary::VectorClock;
use crate::vocabulary::trace::{Operation, Outcome, ThreadId, Value};
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind};

/// Why a task is polled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    First,
    /// It was pending, and waits until it is woken.
    Pending,
    /// It was pending, and has woken itself.
    Yielded,
}

/// What has ended the wait for a poll.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    Woken,
    /// An alarm of this thread has rung. Whether it was one of this task is for its waker to say.
    Alarm,
    /// Nothing: it was not pending, or this is a poll for no reason.
    Nothing,
}

/// Waits until the task is polled: until a waker has woken it, or an alarm of this thread rings.
///
/// Where the task was pending is not known. What it did last stands for that place, and `created`
/// if it did nothing.
pub(crate) fn poll(waker: &Home, turn: Turn, created: &'static Location<'static>) -> Cause {
    pay(me());
    let location = with(|world| world.last_place(me())).unwrap_or(created);
    if turn == Turn::Yielded {
        threads::yield_at(location);
    }
    let may_be_spurious = turn == Turn::Pending
        && engine() == Engine::Shuttle
        && !inert()
        && with(|world| world.may_be_spurious(me(), location));
    let spurious = (Outcome::Spurious, Some(waker.id()));
    if may_be_spurious && ends_early(Operation::Poll, location, spurious, None) {
        return Cause::Nothing;
    }
    let object = waker.id();
    let waits = match time::alarm(me()).filter(|_| turn == Turn::Pending) {
        Some(end) => Waits::WokenUntil(end),
        None => Waits::Woken { yields: turn != Turn::Pending },
    };
    let pending = Pending::on(object, Operation::Poll, location).waits(waits);
    let meaning = |world: &mut World, me| {
        time::stops_waiting(world, waits);
        let had = match world.acts(me, &pending) {
            Some(effect) => effect == Effect::Changes,
            None => world.object(object).woken,
        };
        world.object(object).woken &= !had;
        world.accesses(me, object, Strength::Weak, had);
        if had {
            world.memory.clocks.acquire(me, object);
        }
        (had, polled(had, turn))
    };
    let std = || unreachable!("outside of an engine a task waits by itself");
    with(|world| time::waits(world, waits));
    let woken =
        perform(engine(), pending, std, meaning, |pending| loom::task::poll(pending, object, turn));
    time::ring(me());
    match turn {
        _ if woken => Cause::Woken,
        Turn::Pending => Cause::Alarm,
        Turn::First | Turn::Yielded => Cause::Nothing,
    }
}

pub(super) fn polled(woken: bool, turn: Turn) -> Seen {
    Seen::value(Value::Outcome(match turn {
        Turn::First if !woken => Outcome::First,
        Turn::Yielded if !woken => Outcome::Yielded,
        Turn::Pending if !woken => Outcome::TimedOut,
        Turn::First | Turn::Pending | Turn::Yielded => Outcome::Woken,
    }))
}

/// What a wake tells its task: what this thread knows now. What it does next is no part of that.
pub(crate) fn told() -> VectorClock {
    let mut told = VectorClock::default();
    if engine() == Engine::Shuttle {
        with(|world| world.memory.clocks.release_into(me(), &mut told));
    }
    told
}

/// Wakes a task of another thread, and tells it this. `name` says how.
pub(crate) fn signal(
    waker: &Home,
    name: &'static str,
    created: &'static Location<'static>,
    told: &VectorClock,
) {
    let object = waker.id();
    let pending = Pending::on(object, Operation::Signal(name), created);
    let meaning = |world: &mut World, me| {
        world.acts(me, &pending);
        world.object(object).woken = true;
        world.accesses(me, object, Strength::Weak, true);
        world.memory.clocks.tells(object, told);
        ((), Seen::default())
    };
    perform(engine(), pending, || (), meaning, |pending| loom::task::signal(pending, object));
}

/// Draws a use of a waker that no other thread can see, behind all that this thread owes.
pub(crate) fn note(waker: &Home, name: &'static str, created: &'static Location<'static>) {
    let seen = Seen { object: Some(waker.id()), ..Seen::default() };
    let pending = Pending::of(Operation::Waker(name), created);
    match engine() {
        Engine::Std => {}
        Engine::Loom => loom::task::note(pending, seen),
        Engine::Shuttle if owes(me()) => owe(Box::new(move || record(pending, seen))),
        Engine::Shuttle => record(pending, seen),
    }
}

/// What a thread owes.
type Debt = Box<dyn FnOnce()>;

thread_local! {
    /// What threads owe on green threads, in order.
    static OWED: RefCell<Vec<(ThreadId, Debt)>> = const { RefCell::new(Vec::new()) };
}

/// Performs something before this thread's next operation, or at its end.
pub(crate) fn owe(debt: Debt) {
    match engine() == Engine::Shuttle && !with(|world| world.over()) {
        true => OWED.with_borrow_mut(|owed| owed.push((me(), debt))),
        false => debt(),
    }
}

fn owes(thread: ThreadId) -> bool {
    OWED.with_borrow(|owed| owed.iter().any(|(by, _)| *by == thread))
}

/// Performs what this thread owes.
#[inline]
pub(super) fn pay(me: ThreadId) {
    if OWED.with_borrow(|owed| !owed.is_empty()) {
        pay_all(me);
    }
}

fn pay_all(me: ThreadId) {
    // all at once: each is an operation, which pays what is owed before it
    let mine: Vec<_> =
        OWED.with_borrow_mut(|owed| owed.extract_if(.., |(thread, _)| *thread == me).collect());
    mine.into_iter().for_each(|(_, debt)| debt());
}

/// Forgets what an execution owed: a failed one has left it open, and what it has must stay.
pub(super) fn forget() {
    OWED.take().into_iter().for_each(std::mem::forget);
}

/// Runs a task. Its panic is returned, unless it is one by which an execution ends.
pub(crate) fn caught<T>(run: impl FnOnce() -> T) -> std::thread::Result<T> {
    catch_unwind(AssertUnwindSafe(run)).map_err(|payload| {
        if hook::ends_green_thread(&*payload) {
            resume_unwind(payload);
        }
        payload
    })
}

impl World {
    /// Where the thread has performed its last operation, as far as that is known.
    fn last_place(&self, thread: ThreadId) -> Option<&'static Location<'static>> {
        let mut events = self.log.trace.events.iter().rev();
        let has_a_place = |operation| !matches!(operation, Operation::Waker(_));
        let last = events.find(|event| event.thread == thread && has_a_place(event.operation));
        last.map(|event| event.location)
    }
}
