//! Condition variables under the engines.
//!
//! Under shuttle a wait is two operations: release-and-enqueue, then wake with the mutex, once
//! notified and the mutex is free. `notify_one` wakes any waiter, as POSIX and std allow: an
//! explored choice. A spurious wakeup or a timeout is a choice at the first operation, which then
//! only releases the mutex. The second operation then waits for the mutex alone. This loses no
//! behaviour: until its time is over, such a waiter can only be missed, by a notification that
//! reaches another waiter or none. Each thread has that choice once per place. After that, a
//! timeout fires when no other thread can run.
//!
//! If memory is weak, a wait is four operations, for each is an event of its own: enqueue, release
//! the mutex, be notified, acquire the mutex. Which waiter a notification wakes is a part of its
//! event: how many there are is known only from the state that it reads.

use super::memory::robust::Strength;
use super::step::{choose, ends_early, perform, step};
use super::{Effect, Engine, Home, Pending, Seen, Waits, World, engine, me, with};
use super::{knockout, lock, loom};
use crate::vocabulary::trace::{ObjectId, Operation, Outcome, ThreadId, Value};
use smallvec::SmallVec;
use std::panic::Location;

pub(super) fn enqueue(world: &mut World, condvar: ObjectId, mutex: ObjectId, me: ThreadId) {
    world.object(condvar).waiters.push((me, false));
    let object = world.object(mutex);
    if object.writer == Some(me) {
        object.writer = None;
    }
    world.memory.clocks.release(me, mutex);
}

/// Removes the thread from the waiters and acquires the mutex for it. Returns whether it was
/// notified.
pub(super) fn wake(world: &mut World, condvar: ObjectId, mutex: ObjectId, me: ThreadId) -> bool {
    let waiters = &mut world.object(condvar).waiters;
    let notified = waiters.iter().position(|w| w.0 == me).is_some_and(|at| waiters.remove(at).1);
    world.object(mutex).writer = Some(me);
    world.memory.clocks.acquire(me, mutex);
    notified
}

pub(super) fn wait_seen(notified: bool) -> Seen {
    Seen::value(Value::Outcome(if notified { Outcome::Notified } else { Outcome::TimedOut }))
}

/// Whether the exploration's knockout turns this wait into a plain release and reacquisition of the
/// mutex.
#[track_caller]
pub(crate) fn is_knocked_out(condvar: &Home, mutex: &Home, operation: &'static str) -> bool {
    let location = Location::caller();
    if condvar.is_part() || knockout::once(location, operation).is_none() {
        return false;
    }
    lock::release_as(mutex, lock::Mode::Write, true, location);
    lock::acquire_as(mutex, lock::Mode::Write, location);
    true
}

/// What may end a wait besides a notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EarlyEnd {
    Never,
    /// A spurious wakeup.
    Spurious,
    Timeout,
}

/// Releases the mutex, waits, reacquires the mutex. Returns whether a timeout ended the wait.
#[track_caller]
pub(crate) fn wait(condvar: &Home, mutex: &Home, early_end: EarlyEnd) -> bool {
    let location = Location::caller();
    let timeout = early_end == EarlyEnd::Timeout;
    if engine() == Engine::Shuttle && with(|world| world.rules.weak) {
        return wait_weakly(condvar.id(), mutex, location, early_end);
    }
    let (condvar, mutex) = (condvar.id(), mutex.id());
    let waiting =
        Pending::on(condvar, Operation::Wait, location).waits(Waits::Releasing { mutex, timeout });
    let waking =
        Pending::on(condvar, Operation::Wake, location).waits(Waits::Notified { mutex, timeout });
    match engine() {
        Engine::Loom => loom::condvar::wait(waiting, waking, (condvar, mutex), timeout),
        Engine::Shuttle | Engine::Std => {
            let spurious = match early_end {
                EarlyEnd::Never => false,
                EarlyEnd::Spurious => with(|world| world.may_be_spurious(me(), location)),
                EarlyEnd::Timeout => with(|world| world.may_time_out(me(), location, mutex)),
            };
            wait_here(waiting.spurious(spurious), waking, (condvar, mutex), timeout)
        }
    }
}

/// The two operations of a wait on green threads.
fn wait_here(
    waiting: Pending,
    waking: Pending,
    (condvar, mutex): (ObjectId, ObjectId),
    timeout: bool,
) -> bool {
    let why =
        Seen::value(Value::Outcome(if timeout { Outcome::TimedOut } else { Outcome::Spurious }));
    let awake = step(waiting, |world, me| {
        let leaves = waiting.spurious && choose(world, 2) == 1;
        if !leaves {
            // who leaves at once has no part in what is notified
            let told = timeout || !world.rules.terms.spurious.others();
            let strength = if told { Strength::Weak } else { Strength::Waiting };
            world.accesses(me, condvar, strength, true);
        }
        enqueue(world, condvar, mutex, me);
        if !leaves {
            return (false, Seen::default());
        }
        world.serve(me, waiting.location, Some(mutex));
        // as if it had been notified
        world.object(condvar).waiters.last_mut().expect("just enqueued").1 = true;
        (true, why)
    });
    let waits = Waits::Notified { mutex, timeout: timeout && !awake };
    step(waking.waits(waits), |world, me| {
        let notified = wake(world, condvar, mutex, me) && !awake;
        (timeout && !notified, if awake { why } else { wait_seen(notified) })
    })
}

/// The operations of a wait if memory is weak. Returns whether a timeout ended the wait.
///
/// One that ends early is never in the queue: until its time is over it can only be missed. So one
/// with a timeout that is in the queue to the end is no execution, but a part of the one in which
/// it has timed out. Where its timeout may not fire again yet, it fires as soon as another thread
/// has had the mutex.
fn wait_weakly(
    condvar: ObjectId,
    mutex: &Home,
    location: &'static Location<'static>,
    early_end: EarlyEnd,
) -> bool {
    let timeout = early_end == EarlyEnd::Timeout;
    let (can_fire, is_spurious) = with(|world| {
        (
            world.may_time_out(me(), location, mutex.id()),
            early_end == EarlyEnd::Spurious && world.may_be_spurious(me(), location),
        )
    });
    let outcome = if timeout { Outcome::TimedOut } else { Outcome::Spurious };
    let choice = |mutex| ends_early(Operation::Wait, location, (outcome, None), Some(mutex));
    if (timeout || is_spurious) && choice(mutex.id()) {
        lock::release_as(mutex, lock::Mode::Write, true, location);
        if timeout && !can_fire {
            lock::acquire_after_others(mutex.id(), location);
        } else {
            lock::acquire_as(mutex, lock::Mode::Write, location);
        }
        return timeout;
    }
    let enqueues = Pending::on(condvar, Operation::Wait, location);
    let waits = Waits::Notification { timeout };
    let wakes = Pending::on(condvar, Operation::Wake, location).waits(waits);
    step(enqueues, |world, me| {
        world.acts(me, &enqueues);
        world.object(condvar).waiters.push((me, false));
        ((), Seen::default())
    });
    lock::release_as(mutex, lock::Mode::Write, true, location);
    step(wakes, |world, me| {
        world.acts(me, &wakes);
        world.object(condvar).waiters.retain(|waiter| waiter.0 != me);
        ((), wait_seen(true))
    });
    lock::acquire_as(mutex, lock::Mode::Write, location);
    false
}

/// Wakes one waiter or all of them.
#[track_caller]
pub(crate) fn notify(condvar: &Home, all: bool) {
    let location = Location::caller();
    let Some(all) = knockout::notification(condvar, all, location) else { return };
    let (engine, condvar) = (condvar.engine_now(), condvar.id());
    let operation = if all { Operation::NotifyAll } else { Operation::NotifyOne };
    let pending = Pending::on(condvar, operation, location);
    let meaning = |world: &mut World, me| {
        world.accesses(me, condvar, Strength::Waiting, false);
        // Sorted by identity, so that a choice names the same thread in equivalent executions.
        let mut asleep: SmallVec<[(ThreadId, usize); 4]> = {
            let waiters = world.object(condvar).waiters.iter().enumerate();
            waiters.filter(|(_, waiter)| !waiter.1).map(|(at, waiter)| (waiter.0, at)).collect()
        };
        asleep.sort_unstable();
        let chosen = match world.acts(me, &pending) {
            Some(Effect::Looks { .. }) => &[],
            Some(Effect::Wakes(thread)) => {
                asleep.retain(|waiter| waiter.0 == thread);
                &asleep[..]
            }
            None if !all && !asleep.is_empty() => {
                let at = choose(world, asleep.len());
                &asleep[at..=at]
            }
            Some(Effect::Changes) | None => &asleep[..],
        };
        for (_, at) in chosen {
            world.object(condvar).waiters[*at].1 = true;
        }
        ((), Seen::value(Value::Unsigned(chosen.len() as u64)))
    };
    perform(
        engine,
        pending,
        || (),
        meaning,
        |pending| loom::condvar::notify(pending, condvar, all),
    );
}
