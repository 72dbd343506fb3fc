//! Tasks under the engines: what wakes them, and what waits for that.
//!
//! A task is polled by a thread. Its waker has a token, which has nothing to do with that of the
//! thread: a wake makes it available, and a poll that was pending goes on when it is, and consumes
//! it. So two wakes before a poll are one. Between two polls a task may also be polled for no
//! reason, as the contract of futures allows: an explored choice, once at each place of a thread.
//!
//! A task that wakes itself while it is polled does what `thread::yield_now` does. No other thread
//! is meant, so it is no use of the token.

use super::failure::{hook, inert};
use super::memory::robust::Strength;
use super::step::{ends_early, perform};
use super::{Effect, Engine, Home, Pending, Seen, Waits, World, engine, loom, me, threads, with};
use crate::vocabulary::trace::{Operation, Outcome, ThreadId, Value};
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

/// Waits until the task is polled. Returns whether a waker has woken it.
///
/// Where the task was pending is not known. What it did last stands for that place, and `created`
/// if it did nothing.
pub(crate) fn poll(waker: &Home, turn: Turn, created: &'static Location<'static>) -> bool {
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
        return false;
    }
    let object = waker.id();
    let yields = turn != Turn::Pending;
    let pending = Pending::on(object, Operation::Poll, location).waits(Waits::Woken { yields });
    let meaning = |world: &mut World, me| {
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
    perform(engine(), pending, std, meaning, |pending| loom::task::poll(pending, object, turn))
}

pub(super) fn polled(woken: bool, turn: Turn) -> Seen {
    Seen::value(Value::Outcome(match turn {
        Turn::First if !woken => Outcome::First,
        Turn::Yielded if !woken => Outcome::Yielded,
        Turn::First | Turn::Pending | Turn::Yielded => Outcome::Woken,
    }))
}

/// Wakes a task of another thread. `name` says how.
pub(crate) fn signal(waker: &Home, name: &'static str, created: &'static Location<'static>) {
    let object = waker.id();
    let pending = Pending::on(object, Operation::Signal(name), created);
    let meaning = |world: &mut World, me| {
        world.acts(me, &pending);
        world.object(object).woken = true;
        world.accesses(me, object, Strength::Weak, true);
        world.memory.clocks.release(me, object);
        ((), Seen::default())
    };
    perform(engine(), pending, || (), meaning, |pending| loom::task::signal(pending, object));
}

/// Draws a use of a waker that no other thread can see.
pub(crate) fn note(waker: &Home, name: &'static str, created: &'static Location<'static>) {
    let seen = Seen { object: Some(waker.id()), ..Seen::default() };
    let pending = Pending::of(Operation::Waker(name), created);
    perform(engine(), pending, || (), |_, _| ((), seen), |pending| loom::task::note(pending, seen));
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
