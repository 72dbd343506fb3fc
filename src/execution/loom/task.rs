//! Tasks under loom: a wake and the poll that follows.

use super::{companion, defer, step};
use crate::execution::tasks::{Turn, polled};
use crate::execution::{Pending, Seen, World, me, set_me, with};
use crate::vocabulary::trace::ObjectId;
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::atomic::Ordering::AcqRel;

/// loom's side of a waker.
struct Bell {
    /// Every wake and poll writes it, so that loom explores their orders.
    order: ::loom::sync::atomic::AtomicUsize,
    /// The thread that sleeps until it rings. loom would wake it from any other wait too.
    asleep: RefCell<Option<::loom::thread::Thread>>,
}

/// Creates loom's side of a new waker.
pub(super) fn create(world: &mut World, waker: ObjectId) {
    let order = ::loom::sync::atomic::AtomicUsize::new(0);
    companion::attach(world, waker, Bell { order, asleep: RefCell::default() });
}

/// Waits until the task is polled. Returns whether a waker has woken it.
pub(in crate::execution) fn poll(pending: Pending, waker: ObjectId, turn: Turn) -> bool {
    let bell: Rc<Bell> = companion::of(waker);
    let me = me();
    let is_woken = || with(|world| std::mem::take(&mut world.object(waker).woken));
    let sleep = || {
        bell.order.fetch_add(1, AcqRel); // makes wakes and polls depend on each other
        set_me(me);
        let mut woken = is_woken();
        while !woken && turn == Turn::Pending {
            bell.asleep.replace(Some(::loom::thread::current()));
            ::loom::thread::park();
            set_me(me);
            woken = is_woken();
        }
        bell.asleep.take();
        woken
    };
    step(pending, sleep, is_woken, |_, _, woken| polled(*woken, turn))
}

/// Wakes a task.
pub(in crate::execution) fn signal(pending: Pending, waker: ObjectId) {
    let wake = move || {
        let bell: Rc<Bell> = companion::of(waker);
        bell.order.fetch_add(1, AcqRel); // see `poll`
        with(|world| world.object(waker).woken = true);
        if let Some(thread) = &*bell.asleep.borrow() {
            thread.unpark();
        }
    };
    step(pending, wake, || defer(Box::new(wake)), |_, _, ()| Seen::default());
}

/// Draws a use of a waker that no other thread can see.
pub(in crate::execution) fn note(pending: Pending, seen: Seen) {
    step(pending, || {}, || {}, |_, _, ()| seen);
}
