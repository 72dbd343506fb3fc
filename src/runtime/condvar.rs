//! Condition variables under the engines.
//!
//! Under shuttle a wait is two operations: release-and-enqueue, then (once notified and the mutex is free) wake with
//! the mutex. `notify_one` wakes any waiter, as POSIX and std allow: an explored choice. A spurious wakeup, and a
//! timeout, is a choice of the first of the two operations: then it only releases the mutex, and the second waits for
//! nothing but the mutex. That loses no behaviour: until its time is over, such a waiter can only be missed, by a
//! notification that reaches another or nobody. Each thread has that choice once at each place; beyond it, a timeout
//! fires when nobody else can go on.
//!
//! loom's own condition variable keeps a guard on the waiter's stack, which aborts the process when an execution
//! fails: this one is made of loom's park and unpark, with an atomic as its point of dependence. It is first in,
//! first out, like loom's own. Timeouts cannot be modelled there.

use super::companion;
use super::step::{choose, fail, in_vain, inert, loom_step, shuttle_step};
use super::{Ending, Engine, Home, Pending, Seen, Waits, World, engine, me, with};
use super::{knockout, lock};
use crate::trace::{ObjectId, Operation, Outcome, ThreadId, Value};
use crate::verdict::Bound;
use smallvec::SmallVec;
use std::cell::RefCell;
use std::panic::Location;
use std::sync::atomic::Ordering::AcqRel;

struct LoomCondvar {
    /// Every operation writes it, so that loom explores their orders.
    order: loom::sync::atomic::AtomicUsize,
    waiters: RefCell<Vec<(ThreadId, loom::thread::Thread)>>,
}

/// Makes the engine's side of a new condition variable.
pub(crate) fn create(home: &Home) {
    if engine() == Engine::Loom {
        let order = loom::sync::atomic::AtomicUsize::new(0);
        companion::attach(home.id(), LoomCondvar { order, waiters: RefCell::default() });
    }
}

fn enqueue(world: &mut World, condvar: ObjectId, mutex: ObjectId, me: ThreadId) {
    world.object(condvar).waiters.push((me, false));
    let object = world.object(mutex);
    if object.writer == Some(me) {
        object.writer = None;
    }
    world.clocks.release(me, mutex);
}

/// Takes the thread from the waiters, the mutex for it; whether it had been notified.
fn wake(world: &mut World, condvar: ObjectId, mutex: ObjectId, me: ThreadId) -> bool {
    let waiters = &mut world.object(condvar).waiters;
    let notified = waiters.iter().position(|w| w.0 == me).is_some_and(|at| waiters.remove(at).1);
    world.object(mutex).writer = Some(me);
    world.clocks.acquire(me, mutex);
    notified
}

fn wait_seen(notified: bool) -> Seen {
    Seen::value(Value::Outcome(if notified { Outcome::Notified } else { Outcome::TimedOut }))
}

/// Whether this wait does not wait, as the exploration's knockout: then it has only released the mutex, and taken it
/// again.
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

/// What may end a wait beside a notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Beside {
    Nothing,
    /// Nothing at all has to happen.
    Spurious,
    Timeout,
}

/// Releases the mutex, waits, takes the mutex again. Whether a timeout ended the wait.
#[track_caller]
pub(crate) fn wait(condvar: &Home, mutex: &Home, beside: Beside) -> bool {
    let (condvar, mutex_id) = (condvar.id(), mutex.id());
    let location = Location::caller();
    let timeout = beside == Beside::Timeout;
    let releasing = Waits::Releasing { mutex: mutex_id, timeout };
    let spurious = match beside {
        _ if engine() != Engine::Shuttle => false,
        Beside::Nothing => false,
        Beside::Spurious => with(|world| world.may_be_spurious(me(), location)),
        Beside::Timeout => with(|world| world.may_time_out(me(), location, mutex_id)),
    };
    let object = Some(condvar);
    let waiting = Pending { operation: Operation::Wait, object, location, waits: releasing, expected: None, spurious };
    let waits = Waits::Notified { mutex: mutex_id, timeout };
    let waking = Pending { operation: Operation::Wake, object, location, waits, expected: None, spurious: false };
    match engine() {
        Engine::Std => unreachable!("std waits on its own condition variable"),
        Engine::Shuttle => {
            let why = Seen::value(Value::Outcome(if timeout { Outcome::TimedOut } else { Outcome::Spurious }));
            let awake = shuttle_step(waiting, |world, me| {
                enqueue(world, condvar, mutex_id, me);
                if !waiting.spurious || choose(world, 2) == 0 {
                    return (false, Seen::default());
                }
                world.serve(me, location, Some(mutex_id));
                // as if somebody had notified it
                world.object(condvar).waiters.last_mut().expect("just enqueued").1 = true;
                (true, why)
            });
            let waits = Waits::Notified { mutex: mutex_id, timeout: timeout && !awake };
            shuttle_step(Pending { waits, ..waking }, |world, me| {
                let notified = wake(world, condvar, mutex_id, me) && !awake;
                (timeout && !notified, if awake { why } else { wait_seen(notified) })
            })
        }
        Engine::Loom if inert() => {
            in_vain(waking);
            false
        }
        Engine::Loom if timeout => fail(Ending::Unknown(Bound::NotModelled {
            engine: "loom",
            operation: "a timeout (Condvar::wait_timeout)".to_string(),
        })),
        Engine::Loom => {
            let companion = companion::of::<LoomCondvar>(condvar);
            let me = me();
            let begin = || {
                companion.order.fetch_add(1, AcqRel); // makes waits and notifications depend on each other
                companion.waiters.borrow_mut().push((me, loom::thread::current()));
            };
            loom_step(
                waiting,
                begin,
                || {},
                |world, me, ()| {
                    enqueue(world, condvar, mutex_id, me);
                    Seen::default()
                },
            );
            lock::release_for_wait(mutex_id);
            let notified = || with(|world| !world.object(condvar).waiters.contains(&(me, false)));
            let sleep = || {
                while !notified() {
                    loom::thread::park();
                    super::set_me(me);
                }
                lock::acquire_after_wait(mutex_id);
                false
            };
            loom_step(waking, sleep, || false, |world, me, _| wait_seen(wake(world, condvar, mutex_id, me)))
        }
    }
}

/// Wakes one waiter, or all.
#[track_caller]
pub(crate) fn notify(condvar: &Home, all: bool) {
    let all = match knockout::notification(condvar, all, Location::caller()) {
        Some(all) => all,
        None => return,
    };
    let condvar_engine = condvar.engine_now();
    let condvar = condvar.id();
    let operation = if all { Operation::NotifyAll } else { Operation::NotifyOne };
    let pending = Pending {
        operation,
        object: Some(condvar),
        location: Location::caller(),
        waits: Waits::Never,
        expected: None,
        spurious: false,
    };
    match condvar_engine {
        Engine::Std => {}
        Engine::Shuttle => shuttle_step(pending, |world, _| {
            // in the order of their identities, so that a choice names the same thread in equivalent executions
            let mut asleep: SmallVec<[(ThreadId, usize); 4]> = {
                let waiters = world.object(condvar).waiters.iter().enumerate();
                waiters.filter(|(_, waiter)| !waiter.1).map(|(at, waiter)| (waiter.0, at)).collect()
            };
            asleep.sort_unstable();
            let chosen = if all || asleep.is_empty() {
                &asleep[..]
            } else {
                let at = choose(world, asleep.len());
                &asleep[at..=at]
            };
            for (_, at) in chosen {
                world.object(condvar).waiters[*at].1 = true;
            }
            ((), Seen::value(Value::Unsigned(chosen.len() as u64)))
        }),
        Engine::Loom => {
            let companion = companion::of::<LoomCondvar>(condvar);
            let wake = || {
                companion.order.fetch_add(1, AcqRel); // see `wait`
                let count = if all { usize::MAX } else { 1 };
                let mut waiters = companion.waiters.borrow_mut();
                let count = count.min(waiters.len());
                let woken: Vec<_> = waiters.drain(..count).collect();
                drop(waiters);
                with(|world| {
                    for (thread, _) in &woken {
                        let waiters = &mut world.object(condvar).waiters;
                        if let Some(waiter) = waiters.iter_mut().find(|w| w.0 == *thread) {
                            waiter.1 = true;
                        }
                    }
                });
                for (_, thread) in woken {
                    thread.unpark();
                }
                count
            };
            loom_step(pending, wake, || 0, |_, _, count| Seen::value(Value::Unsigned(*count as u64)));
        }
    }
}
