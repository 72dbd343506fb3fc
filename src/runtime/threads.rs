//! Threads under the engines: start, end, join, park, yield.

use super::clock::token;
use super::statics::drop_locals;
use super::step::{
    choose, defer, fail, flush_deferred, freeze, halt, in_vain, inert, loom_step, shuttle_step, stalled,
    unwinds_under_loom,
};
use super::{
    Ending, Engine, Pending, Seen, Waits, World, engine, green, hook, knockout, me, set_me, stack, try_with, with,
};
use crate::trace::{Operation, Outcome, ThreadId, Value};
use crate::verdict::{Bound, Kind};
use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind};
use std::rc::Rc;
use std::sync::atomic::Ordering::AcqRel;

/// loom's side of a thread.
pub(super) struct Parker {
    thread: loom::thread::Thread,
    /// Every park and unpark writes it, so that loom explores their orders.
    order: loom::sync::atomic::AtomicUsize,
    /// Whether the thread sleeps in `park`: loom would wake it from any other wait too.
    parked: Cell<bool>,
}

impl Parker {
    fn of(thread: loom::thread::Thread) -> Rc<Parker> {
        let order = loom::sync::atomic::AtomicUsize::new(0);
        Rc::new(Parker { thread, order, parked: Cell::new(false) })
    }
}

/// loom's side of the main thread, made at the start of every execution.
pub(super) fn main_parker() -> Rc<Parker> {
    Parker::of(loom::thread::current())
}

fn parker(thread: ThreadId) -> Rc<Parker> {
    with(|world| world.parkers[thread.index()].clone()).expect("every thread of loom has one")
}

/// A started thread, for its joiner.
#[derive(Debug)]
pub(crate) struct Handle {
    pub(crate) thread: ThreadId,
    loom: Option<loom::thread::JoinHandle<()>>,
}

fn pending(operation: Operation, waits: Waits, location: &'static Location<'static>) -> Pending {
    Pending { operation, object: None, location, waits, expected: None, spurious: false }
}

/// Starts a thread that runs `body` with its identity.
///
/// # Panics
/// Outside of an engine.
#[track_caller]
pub(crate) fn spawn(name: Option<String>, body: Box<dyn FnOnce(ThreadId) + Send>) -> Handle {
    // the event is patched when the thread has its identity
    let pending = pending(Operation::Spawn(ThreadId::MAIN), Waits::Never, Location::caller());
    let spawned = |thread| Seen { operation: Some(Operation::Spawn(thread)), ..Seen::default() };
    if inert() {
        // loom starts no thread while one unwinds
        in_vain(pending);
        let thread = with(|world| {
            world.stalled.get_or_insert_with(|| "the start of a thread".to_string());
            world.add_thread(name)
        });
        std::mem::forget(body); // what it borrows may be gone before it is
        return Handle { thread, loom: None };
    }
    match engine() {
        Engine::Std => unreachable!("std starts its own threads"),
        Engine::Shuttle => {
            let thread = shuttle_step(pending, |world, me| {
                let thread = world.add_thread(name);
                world.clocks.spawn(me, thread);
                (thread, spawned(thread))
            });
            let task = green::start(thread, body);
            with(|world| {
                world.thread(thread).task = task;
                world.started = Some(thread);
            });
            Handle { thread, loom: None }
        }
        Engine::Loom => {
            if with(|world| world.threads.len()) >= loom::MAX_THREADS {
                fail(Ending::Unknown(Bound::Threads(loom::MAX_THREADS)));
            }
            let thread = with(|world| world.add_thread(name));
            let start = || {
                let handle = loom::thread::spawn(move || {
                    set_me(thread);
                    body(thread);
                });
                let parker = Parker::of(handle.thread().clone());
                with(|world| world.parkers.push(Some(parker)));
                handle
            };
            let handle = loom_step(pending, || Some(start()), || unreachable!("seen above"), |_, _, _| spawned(thread));
            Handle { thread, loom: handle }
        }
    }
}

/// Runs what a thread is there for: its panic becomes its result, as in std.
pub(crate) fn run<T>(thread: ThreadId, f: impl FnOnce() -> T) -> std::thread::Result<T> {
    let result = catch_unwind(AssertUnwindSafe(f));
    if let Err(payload) = result {
        if hook::ends_green_thread(&*payload) {
            resume_unwind(payload);
        }
        if with(|world| world.over()) {
            halt();
        }
        give_up_if_stalled();
        flush_deferred();
        with(|world| {
            let seen = world.take_panic(thread).unwrap_or_else(|| (hook::message(&*payload), None));
            world.thread(thread).panicked = Some(seen);
        });
        return Err(payload);
    }
    flush_deferred();
    result
}

/// The end of a thread: `last` hands over its result, or drops it; its thread-locals are dropped; then its joiners
/// may go on.
pub(crate) fn finish(thread: ThreadId, last: impl FnOnce()) {
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        last();
        drop_locals(thread);
    }));
    if let Err(payload) = outcome {
        if hook::ends_green_thread(&*payload) {
            resume_unwind(payload);
        }
        // std aborts the process
        with(|world| end_by_panic(world, &*payload));
        halt();
    }
    flush_deferred();
    with(|world| world.thread(thread).finished = true);
}

/// The main thread's end: what it returned is gone, its panic is the execution's failure.
pub(crate) fn run_main(f: impl FnOnce()) {
    stack::run(ThreadId::MAIN, None, || main(f));
}

fn main(f: impl FnOnce()) {
    let result = catch_unwind(AssertUnwindSafe(f));
    if let Err(payload) = result {
        if hook::ends_green_thread(&*payload) {
            resume_unwind(payload);
        }
        with(|world| {
            let ending = panic_of_main(world, Some(&*payload));
            world.end(ending);
        });
        halt();
    }
    if with(|world| world.over()) {
        halt();
    }
    give_up_if_stalled();
    flush_deferred();
    finish(ThreadId::MAIN, || {});
}

/// How an execution ends whose main thread panicked.
pub(super) fn panic_of_main(world: &mut World, payload: Option<&(dyn Any + Send)>) -> Ending {
    let seen = world.take_panic(ThreadId::MAIN);
    let (message, location) = seen.unwrap_or_else(|| (payload.map(hook::message).unwrap_or_default(), None));
    // a main thread that unwraps another's panic fails because of the other's
    let unseen = world.threads.iter_mut().find_map(|t| t.panicked.take());
    let unwrapped = world.observed.take().filter(|_| is_about_a_join(&message));
    let (message, location) = unseen.or(unwrapped).unwrap_or((message, location));
    Ending::Violation { kind: Kind::Panic, message, location, conflict: None }
}

/// How an execution ends in which a destructor should panic while its thread unwinds.
pub(super) fn panic_while_unwinding(world: &mut World, second: &str, location: &'static Location<'static>) -> Ending {
    let first =
        world.take_panic(me()).map(|(message, _)| format!("{message}; while this unwound, ")).unwrap_or_default();
    let (message, location) = (format!("{first}{second}"), Some(location.to_string()));
    Ending::Violation { kind: Kind::Panic, message, location, conflict: None }
}

/// Ends an execution by a panic that nobody can catch: of a destructor of a thread-local, a static, a result.
pub(super) fn end_by_panic(world: &mut World, payload: &(dyn Any + Send)) {
    let (message, location) = world.take_panic(me()).unwrap_or_else(|| (hook::message(payload), None));
    let message = format!("{message}; in a destructor at the end of a thread, where std aborts the process");
    world.end(Ending::Violation { kind: Kind::Panic, message, location, conflict: None });
}

/// Ends an execution in which a thread did not wait for what it should have, while it unwound.
fn give_up_if_stalled() {
    if let Some(what) = with(|world| world.stalled.take()) {
        fail(stalled(what));
    }
}

/// Whether a join is one that the exploration's knockout leaves out.
#[track_caller]
pub(crate) fn is_knocked_out() -> bool {
    knockout::plain(Location::caller(), "join").is_some()
}

/// Waits for the end of a thread, which is `ordered` before what comes after.
#[track_caller]
pub(crate) fn join(handle: Handle, ordered: bool) {
    let Handle { thread, loom } = handle;
    let pending = pending(Operation::Join(thread), Waits::End(thread), Location::caller());
    if unwinds_under_loom() && !is_finished(thread) {
        // There is no result to go on with, and a destructor that unwraps it would abort the process.
        in_vain(pending);
        stay();
    }
    match engine() {
        Engine::Std => unreachable!("std joins its own threads"),
        Engine::Shuttle => shuttle_step(pending, |world, me| {
            if ordered {
                world.clocks.transfer(thread, me);
            }
            ((), Seen::default())
        }),
        Engine::Loom => {
            let wait = || {
                if let Some(handle) = loom {
                    handle.join().expect("its panics are caught before loom sees them");
                }
            };
            loom_step(pending, wait, || {}, |_, _, ()| Seen::default());
        }
    }
}

/// Whether the thread has ended.
pub(crate) fn is_finished(thread: ThreadId) -> bool {
    with(|world| {
        world.asked_for_an_end = true;
        world.thread(thread).finished
    })
}

/// The same, for ourselves: nothing that the model does hangs on it.
pub(crate) fn has_ended(thread: ThreadId) -> bool {
    with(|world| world.thread(thread).finished)
}

/// Stays here for ever: the execution has failed, and what is on this stack must stay where it is.
pub(crate) fn stay() -> ! {
    freeze(|world| match world.stalled.take() {
        Some(what) if me() != ThreadId::MAIN => stalled(what),
        _ => panic_of_main(world, None),
    })
}

/// The joiner takes the result: a panic in it is no longer unseen. Whether there was one.
pub(crate) fn observed(thread: ThreadId) -> bool {
    with(|world| {
        let panicked = world.thread(thread).panicked.take();
        let was = panicked.is_some();
        // kept for `run_main`: an unwrap of this result is not the cause
        world.observed = panicked.or(world.observed.take());
        was
    })
}

/// Consumes the thread's token, after waiting for it where need is; or returns for no reason, as std lets it.
#[track_caller]
pub(crate) fn park(timeout: bool) {
    let location = Location::caller();
    if knockout::once(location, if timeout { "park_timeout" } else { "park" }).is_some() {
        return;
    }
    if !timeout && engine() == Engine::Shuttle && returns_for_no_reason(location) {
        return;
    }
    let pending = pending(Operation::Park, Waits::Token { timeout }, location);
    match engine() {
        Engine::Std => unreachable!("std parks its own threads"),
        Engine::Shuttle => shuttle_step(pending, |world, me| {
            let had = std::mem::take(&mut world.thread(me).token);
            world.clocks.acquire(me, token(me));
            ((), Seen::value(Value::Outcome(if had { Outcome::Unparked } else { Outcome::TimedOut })))
        }),
        Engine::Loom if timeout => fail(Ending::Unknown(Bound::NotModelled {
            engine: "loom",
            operation: "a timeout (thread::park_timeout)".to_string(),
        })),
        Engine::Loom => {
            let me = me();
            let parker = parker(me);
            let sleep = || {
                parker.order.fetch_add(1, AcqRel); // makes parks and unparks depend on each other
                set_me(me);
                while !with(|world| std::mem::take(&mut world.thread(me).token)) {
                    parker.parked.set(true);
                    loom::thread::park();
                    set_me(me);
                }
                parker.parked.set(false);
            };
            loom_step(pending, sleep, || {}, |_, _, ()| Seen::value(Value::Outcome(Outcome::Unparked)));
        }
    }
}

/// Whether a park returns for no reason, where it may: a choice.
///
/// It is a step of its own, so that the park that follows where it does not can be blocked for ever, as where it has no
/// such choice. The step has no effect: it is ordered with nothing, and where nothing comes of it, it is no event. The
/// token, should it be there, stays: a park that took it could be followed by one that returns for no reason.
fn returns_for_no_reason(location: &'static Location<'static>) -> bool {
    if inert() || !with(|world| world.may_be_spurious(me(), location)) {
        return false;
    }
    let choice = Pending { spurious: true, ..pending(Operation::Park, Waits::Never, location) };
    shuttle_step(choice, |world, me| {
        if choose(world, 2) == 0 {
            return (false, Seen { silent: true, ..Seen::default() });
        }
        world.serve(me, location, None);
        (true, Seen::value(Value::Outcome(Outcome::Spurious)))
    })
}

/// Makes a thread's token available.
#[track_caller]
pub(crate) fn unpark(thread: ThreadId) {
    if knockout::plain(Location::caller(), "unpark").is_some() {
        return;
    }
    let pending = pending(Operation::Unpark(thread), Waits::Never, Location::caller());
    match engine() {
        Engine::Std => unreachable!("std unparks its own threads"),
        Engine::Shuttle => shuttle_step(pending, |world, me| {
            world.thread(thread).token = true;
            world.clocks.release(me, token(thread));
            ((), Seen::default())
        }),
        Engine::Loom => {
            let wake = move || {
                let parker = parker(thread);
                parker.order.fetch_add(1, AcqRel); // see `park`
                with(|world| world.thread(thread).token = true);
                if parker.parked.get() {
                    parker.thread.unpark();
                }
            };
            loom_step(pending, wake, || defer(Box::new(wake)), |_, _, ()| Seen::default());
        }
    }
}

/// Lets others run: a spin loop that yields is not explored round by round.
#[track_caller]
pub(crate) fn yield_now() {
    let pending = pending(Operation::Yield, Waits::Never, Location::caller());
    match engine() {
        Engine::Std => std::thread::yield_now(),
        Engine::Shuttle => shuttle_step(pending, |_, _| ((), Seen::default())),
        Engine::Loom => loom_step(pending, loom::thread::yield_now, || {}, |_, _, ()| Seen::default()),
    }
}

/// The name given to a thread when it was started.
pub(crate) fn name(thread: ThreadId) -> Option<String> {
    try_with(|world| world.trace.threads.get(thread.index())?.name.clone()).flatten()
}

/// With these words a scope passes on that one of its threads panicked: std's.
pub(crate) const SCOPED: &str = "a scoped thread panicked";

/// Whether a panic only passes on that a joined thread panicked. Of an `unwrap` of a join's result nothing is left but
/// std's words.
fn is_about_a_join(message: &str) -> bool {
    message.contains(": Any { .. }") || message == SCOPED
}
