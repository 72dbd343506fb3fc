//! Threads under loom: start, join, park, yield.

use super::{defer, step};
use crate::execution::failure::{fail, not_modelled};
use crate::execution::{Ending, Pending, Seen, me, set_me, with};
use crate::vocabulary::trace::{Operation, Outcome, ThreadId, Value};
use crate::vocabulary::verdict::Bound;
use std::cell::Cell;
use std::rc::Rc;
use std::sync::atomic::Ordering::AcqRel;

/// loom's side of a thread.
pub(super) struct Parker {
    thread: ::loom::thread::Thread,
    /// Every park and unpark writes it, so that loom explores their orders.
    order: ::loom::sync::atomic::AtomicUsize,
    /// Whether the thread sleeps in `park`. loom would wake it from any other wait too.
    parked: Cell<bool>,
}

impl Parker {
    fn of(thread: ::loom::thread::Thread) -> Rc<Parker> {
        let order = ::loom::sync::atomic::AtomicUsize::new(0);
        Rc::new(Parker { thread, order, parked: Cell::new(false) })
    }
}

/// loom's side of the main thread, created at the start of every execution.
pub(super) fn main_parker() -> Rc<Parker> {
    Parker::of(::loom::thread::current())
}

fn parker(thread: ThreadId) -> Rc<Parker> {
    with(|world| world.loom.parkers[thread.index()].clone()).expect("every thread of loom has one")
}

/// A loom thread, for its joiner.
#[derive(Debug)]
pub(in crate::execution) struct LoomHandle(::loom::thread::JoinHandle<()>);

/// Starts a thread.
pub(in crate::execution) fn spawn(
    pending: Pending,
    name: Option<String>,
    body: Box<dyn FnOnce(ThreadId) + Send>,
) -> (ThreadId, Option<LoomHandle>) {
    if with(|world| world.threads.len()) >= ::loom::MAX_THREADS {
        fail(Ending::Unknown(Bound::Threads(::loom::MAX_THREADS)));
    }
    let thread = with(|world| world.add_thread(name));
    let start = || {
        let handle = ::loom::thread::spawn(move || {
            set_me(thread);
            body(thread);
        });
        let parker = Parker::of(handle.thread().clone());
        with(|world| world.loom.parkers.push(Some(parker)));
        Some(LoomHandle(handle))
    };
    let seen = Seen { operation: Some(Operation::Spawn(thread)), ..Seen::default() };
    let handle = step(pending, start, || unreachable!("`spawn` has asked"), |_, _, _| seen);
    (thread, handle)
}

/// Waits for the end of a thread.
pub(in crate::execution) fn join(pending: Pending, handle: Option<LoomHandle>) {
    let wait = || {
        if let Some(LoomHandle(handle)) = handle {
            handle.join().expect("its panics are caught before loom sees them");
        }
    };
    step(pending, wait, || {}, |_, _, ()| Seen::default());
}

/// Consumes the thread's token, waiting for it if necessary.
pub(in crate::execution) fn park(pending: Pending, timeout: bool) {
    if timeout {
        not_modelled("loom", "a timeout (thread::park_timeout)");
    }
    let me = me();
    let parker = parker(me);
    let sleep = || {
        parker.order.fetch_add(1, AcqRel); // makes parks and unparks depend on each other
        set_me(me);
        while !with(|world| std::mem::take(&mut world.thread(me).token)) {
            parker.parked.set(true);
            ::loom::thread::park();
            set_me(me);
        }
        parker.parked.set(false);
    };
    step(pending, sleep, || {}, |_, _, ()| Seen::value(Value::Outcome(Outcome::Unparked)));
}

/// Makes a thread's token available.
pub(in crate::execution) fn unpark(pending: Pending, thread: ThreadId) {
    let wake = move || {
        let parker = parker(thread);
        parker.order.fetch_add(1, AcqRel); // see `park`
        with(|world| world.thread(thread).token = true);
        if parker.parked.get() {
            parker.thread.unpark();
        }
    };
    step(pending, wake, || defer(Box::new(wake)), |_, _, ()| Seen::default());
}

/// Lets others run.
pub(in crate::execution) fn yield_now(pending: Pending) {
    step(pending, ::loom::thread::yield_now, || {}, |_, _, ()| Seen::default());
}
