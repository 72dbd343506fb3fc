//! Barriers and one-time initialisation, where memory is weak.
//!
//! Elsewhere both are made of a mutex and a condition variable (`sync/{barrier,once}.rs`), which
//! order more than they need to. For the explorer of graphs they are objects of their own, under
//! the identities of that mutex and of that condition variable: who comes to a barrier, and who
//! begins, comes in an order; who only passes, or finds the value there, does not.

use super::lock::{self, Mode};
use super::state::Role;
use super::step::step;
use super::{Effect, Engine, Home, Pending, Seen, Waits, World, with};
use crate::vocabulary::trace::{ObjectId, Operation, ThreadId, Value};
use smallvec::SmallVec;
use std::panic::Location;
use std::sync::atomic::Ordering::Acquire;

/// Whether memory is weak: then the object has this role. Its operations are those here.
#[track_caller]
fn plays(home: &Home, role: Role) -> bool {
    let plays = |world: &mut World| {
        let object = world.object(home.id());
        if object.role == Role::Plain {
            object.role = role;
        }
    };
    home.engine() == Engine::Shuttle
        && with(|world| {
            world.rules.weak.then(|| plays(world));
            world.rules.weak
        })
}

/// Whether an initialisation has been done, as the world has it.
fn was_done(world: &World, object: ObjectId) -> bool {
    world.objects[object.index()].role == Role::Once { done: true }
}

/// Waits until so many threads have come. Returns whether this one is the last of them. `None` if
/// memory is not weak.
#[track_caller]
pub(crate) fn meet(condvar: &Home, threads: usize) -> Option<bool> {
    if !plays(condvar, Role::Barrier { threads }) {
        return None;
    }
    let (object, location) = (condvar.id(), Location::caller());
    let comes = Pending::on(object, Operation::Wait, location);
    let passes = Pending::on(object, Operation::Wake, location)
        .waits(Waits::Notification { timeout: false });
    let is_last = step(comes, |world, me| {
        world.acts(me, &comes);
        (arrive(world, object, threads, me), Seen::default())
    });
    if !is_last {
        step(passes, |world, me| {
            world.acts(me, &passes);
            world.object(object).waiters.retain(|waiter| waiter.0 != me);
            ((), Seen::default())
        });
    }
    Some(is_last)
}

/// A thread comes. The last one lets the others go, which know from then on what it knows: all that
/// they did before.
fn arrive(world: &mut World, barrier: ObjectId, threads: usize, me: ThreadId) -> bool {
    world.memory.clocks.acquire(me, barrier);
    world.memory.clocks.release(me, barrier);
    let waiters = &mut world.object(barrier).waiters;
    let asleep: SmallVec<[ThreadId; 4]> = waiters.iter().filter(|w| !w.1).map(|w| w.0).collect();
    if asleep.len() + 1 < threads {
        waiters.push((me, false));
        return false;
    }
    waiters.iter_mut().for_each(|waiter| waiter.1 = true);
    asleep.into_iter().for_each(|other| world.memory.clocks.transfer(me, other));
    true
}

/// How an initialisation turned out for one who asked for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// It is this thread's turn, until it [finishes](finish).
    Mine,
    Done,
}

/// Waits while a thread initialises. `None` if memory is not weak.
#[track_caller]
pub(crate) fn begin(mutex: &Home) -> Option<Turn> {
    if !plays(mutex, Role::Once { done: false }) {
        return None;
    }
    let object = mutex.id();
    let pending = Pending::on(object, Operation::Lock, Location::caller()).waits(Waits::Lock);
    Some(step(pending, |world, me| {
        let is_done = match world.acts(me, &pending) {
            Some(effect) => matches!(effect, Effect::Looks { .. }),
            None => was_done(world, object),
        };
        if is_done {
            world.memory.clocks.acquire(me, object);
            return (Turn::Done, Seen::default());
        }
        lock::take(world, object, Mode::Write, me);
        (Turn::Mine, Seen::default())
    }))
}

/// The thread whose turn it is has initialised, or has failed to.
pub(crate) fn finish(mutex: &Home, done: bool, location: &'static Location<'static>) {
    if mutex.engine_now() != Engine::Shuttle {
        return;
    }
    let object = mutex.id();
    let pending = Pending::on(object, Operation::Unlock, location);
    step(pending, |world, me| {
        world.object(object).role = Role::Once { done };
        world.acts(me, &pending);
        lock::give_back(world, object, Mode::Write, me);
        ((), Seen::default())
    });
}

/// Whether it has been initialised, as far as this thread sees. `None` if memory is not weak.
#[track_caller]
pub(crate) fn is_done(mutex: &Home) -> Option<bool> {
    if !plays(mutex, Role::Once { done: false }) {
        return None;
    }
    let object = mutex.id();
    let pending = Pending::on(object, Operation::Load(Acquire), Location::caller());
    Some(step(pending, |world, me| {
        let is_done = match world.acts(me, &pending) {
            Some(effect) => effect == Effect::Looks { state: DONE },
            None => was_done(world, object),
        };
        if is_done {
            world.memory.clocks.acquire(me, object);
        }
        (is_done, Seen::value(Value::Bool(is_done)))
    }))
}

/// A thread waits for an initialisation without beginning it: nothing is known of that where memory
/// is weak.
#[track_caller]
pub(crate) fn refuses_to_wait(mutex: &Home) {
    if plays(mutex, Role::Once { done: false }) {
        with(|world| world.ending.is_none().then(|| world.refuse("a wait for an initialisation")));
    }
}

/// The state of what has been initialised.
pub(crate) const DONE: u64 = 2;
