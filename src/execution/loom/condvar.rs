//! Condition variables under loom.
//!
//! loom's own keeps a guard on the waiter's stack, which aborts the process when an execution
//! fails. This one is built from loom's park and unpark, with an atomic as its point of dependence.
//! It is first in, first out, like loom's own. Timeouts cannot be modelled here.

use super::{companion, lock, step};
use crate::execution::World;
use crate::execution::condvar::{enqueue, wait_seen, wake};
use crate::execution::failure::{handle_if_inert, inert, not_modelled};
use crate::execution::{Pending, Seen, me, set_me, with};
use crate::vocabulary::trace::{ObjectId, ThreadId, Value};
use std::cell::RefCell;
use std::sync::atomic::Ordering::AcqRel;

struct LoomCondvar {
    /// Every operation writes it, so that loom explores their orders.
    order: ::loom::sync::atomic::AtomicUsize,
    waiters: RefCell<Vec<(ThreadId, ::loom::thread::Thread)>>,
}

/// Creates loom's side of a new condition variable.
pub(super) fn create(world: &mut World, condvar: ObjectId) {
    let order = ::loom::sync::atomic::AtomicUsize::new(0);
    companion::attach(world, condvar, LoomCondvar { order, waiters: RefCell::default() });
}

/// Releases the mutex, waits, reacquires the mutex. It never times out.
pub(in crate::execution) fn wait(
    waiting: Pending,
    waking: Pending,
    (condvar, mutex): (ObjectId, ObjectId),
    timeout: bool,
) -> bool {
    if inert() {
        handle_if_inert(waking);
        return false;
    }
    if timeout {
        not_modelled("loom", "a timeout (Condvar::wait_timeout)");
    }
    let companion = companion::of::<LoomCondvar>(condvar);
    let me = me();
    let begin = || {
        companion.order.fetch_add(1, AcqRel); // makes waits and notifications depend on each other
        companion.waiters.borrow_mut().push((me, ::loom::thread::current()));
    };
    step(
        waiting,
        begin,
        || {},
        |world, me, ()| {
            enqueue(world, condvar, mutex, me);
            Seen::default()
        },
    );
    lock::release_for_wait(mutex);
    let notified = || with(|world| !world.object(condvar).waiters.contains(&(me, false)));
    let sleep = || {
        while !notified() {
            ::loom::thread::park();
            set_me(me);
        }
        lock::acquire_after_wait(mutex);
        false
    };
    step(waking, sleep, || false, |world, me, _| wait_seen(wake(world, condvar, mutex, me)))
}

/// Wakes one waiter or all of them.
pub(in crate::execution) fn notify(pending: Pending, condvar: ObjectId, all: bool) {
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
    step(pending, wake, || 0, |_, _, count| Seen::value(Value::Unsigned(*count as u64)));
}
