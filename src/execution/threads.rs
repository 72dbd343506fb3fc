//! Threads under the engines: start, end, join, park, yield.

use super::failure::{
    self, give_up_if_stalled, halt, handle_if_inert, hook, inert, panic_of_main, stack, stay,
    unwinds_under_loom,
};
use super::loom::flush_deferred;
use super::memory::robust::Strength;
use super::statics::drop_locals;
use super::step::{ends_early, perform, step};
use super::{
    Effect, Engine, Pending, Seen, Waits, World, engine, green, knockout, loom, me, tasks,
    try_with, with,
};
use crate::vocabulary::token;
use crate::vocabulary::trace::{Operation, Outcome, ThreadId, Value};
use std::panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind};

/// A started thread, for its joiner.
#[derive(Debug)]
pub(crate) struct Handle {
    pub(crate) thread: ThreadId,
    loom: Option<loom::thread::LoomHandle>,
}

/// Starts a thread that runs `body` with its identity.
///
/// # Panics
/// Outside of an engine.
#[track_caller]
pub(crate) fn spawn(name: Option<String>, body: Box<dyn FnOnce(ThreadId) + Send>) -> Handle {
    // the event is patched when the thread has its identity
    let pending = Pending::of(Operation::Spawn(ThreadId::MAIN), Location::caller());
    if inert() {
        // loom starts no thread during unwinding
        handle_if_inert(pending);
        let thread = with(|world| {
            world.failure.stalled.get_or_insert_with(|| "the start of a thread".to_string());
            world.add_thread(name)
        });
        std::mem::forget(body); // what it borrows may be gone before it is
        return Handle { thread, loom: None };
    }
    if engine() == Engine::Loom {
        let (thread, loom) = loom::thread::spawn(pending, name, body);
        return Handle { thread, loom };
    }
    let thread = step(pending, |world, me| {
        let thread = world.add_thread(name);
        world.memory.clocks.spawn(me, thread);
        (thread, Seen { operation: Some(Operation::Spawn(thread)), ..Seen::default() })
    });
    let task = green::start(thread, body);
    with(|world| {
        world.thread(thread).task = task;
        world.turns.started = Some(thread);
    });
    Handle { thread, loom: None }
}

/// What the running thread knows of each thread: of itself, how many events it has had.
pub(crate) fn clock() -> Vec<u32> {
    let known = |world: &mut World| {
        let me = me();
        let threads = (0..world.threads.len() as u32).map(ThreadId);
        let events = world.thread(me).events as u32;
        let of =
            |thread| if thread == me { events } else { world.memory.clocks.of_thread(me, thread) };
        threads.map(of).collect()
    };
    if engine() == Engine::Std { Vec::new() } else { with(known) }
}

/// Runs a thread's closure. Its panic becomes its result, as in std.
pub(crate) fn run<T>(thread: ThreadId, f: impl FnOnce() -> T) -> std::thread::Result<T> {
    match catch_unwind(AssertUnwindSafe(f)) {
        Ok(result) => {
            flush_deferred();
            Ok(result)
        }
        Err(payload) => Err(panicked(thread, payload)),
    }
}

/// Takes in the panic of a thread: compiled once, and not for each body.
fn panicked(thread: ThreadId, payload: Payload) -> Payload {
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
        world.ends_by_panic(thread, seen);
    });
    payload
}

/// What a panic carries.
type Payload = Box<dyn std::any::Any + Send>;

/// Ends a thread. `last` hands over or drops its result, then its thread-locals are dropped, then
/// its joiners may run.
pub(crate) fn finish(thread: ThreadId, last: impl FnOnce()) {
    let mut last = Some(last);
    finish_once(thread, &mut || last.take().into_iter().for_each(|last| last()));
}

/// [`finish`], compiled once, and not for each result.
fn finish_once(thread: ThreadId, last: &mut dyn FnMut()) {
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        last();
        drop_locals(thread);
    }));
    if let Err(payload) = outcome {
        if hook::ends_green_thread(&*payload) {
            resume_unwind(payload);
        }
        // std aborts the process
        with(|world| failure::end_by_panic(world, &*payload));
        halt();
    }
    flush_deferred();
    tasks::pay(thread);
    with(|world| world.thread(thread).finished = true);
}

/// Runs the main thread. Its return value is dropped. Its panic is the execution's failure.
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

/// Whether the exploration's knockout leaves this join out.
#[track_caller]
pub(crate) fn is_knocked_out() -> bool {
    knockout::plain(Location::caller(), "join").is_some()
}

/// Waits for the end of a thread. If `ordered`, that end happens before what follows.
pub(crate) fn join(handle: Handle, ordered: bool, location: &'static Location<'static>) {
    let Handle { thread, loom } = handle;
    let pending = Pending::of(Operation::Join(thread), location).waits(Waits::End(thread));
    if unwinds_under_loom() && !has_ended(thread) {
        // There is no result to continue with, and a destructor that unwraps it would abort the
        // process.
        handle_if_inert(pending);
        stay();
    }
    let meaning = |world: &mut World, me| {
        if ordered {
            world.joins(me, thread);
            world.memory.clocks.transfer(thread, me);
        } else if world.rules.weak {
            world.refuse("a join that orders nothing");
        }
        ((), Seen::default())
    };
    let std = || unreachable!("std joins its own threads");
    perform(engine(), pending, std, meaning, |pending| loom::thread::join(pending, loom));
}

/// Nobody awaits a task any more.
pub(crate) fn detach(task: &Handle) {
    if engine() != Engine::Std {
        with(|world| world.failure.detached.push(task.thread));
    }
}

/// Whether the thread has ended.
pub(crate) fn is_finished(thread: ThreadId) -> bool {
    with(|world| {
        world.turns.asked_for_an_end = true;
        if world.rules.weak {
            world.refuse("is_finished");
        }
        world.thread(thread).finished
    })
}

/// The same, for internal use: nothing that the model does depends on it.
pub(crate) fn has_ended(thread: ThreadId) -> bool {
    with(|world| world.thread(thread).finished)
}

/// The joiner takes the result, so its panic is no longer unseen. Returns whether there was one.
pub(crate) fn observed(thread: ThreadId) -> bool {
    with(|world| {
        let panicked = world.thread(thread).panicked.take();
        let was = panicked.is_some();
        // kept for `run_main`: an unwrap of this result is not the cause
        world.failure.observed = panicked.or(world.failure.observed.take());
        was
    })
}

/// Consumes the thread's token, waiting for it if necessary. May return spuriously, as std allows.
#[track_caller]
pub(crate) fn park(timeout: bool) {
    let location = Location::caller();
    if knockout::once(location, if timeout { "park_timeout" } else { "park" }).is_some() {
        return;
    }
    let may_be_spurious = !timeout
        && engine() == Engine::Shuttle
        && !inert()
        && with(|world| world.may_park_in_vain(me(), location));
    if may_be_spurious && ends_early(Operation::Park, location, (Outcome::Spurious, None), None) {
        return;
    }
    let pending = Pending::of(Operation::Park, location).waits(Waits::Token { timeout });
    let meaning = |world: &mut World, me| {
        let had = match world.acts(me, &pending) {
            Some(effect) => effect == Effect::Changes,
            None => world.thread(me).token,
        };
        world.thread(me).token &= !had;
        if had && !world.rules.terms.spurious.parks() {
            world.accesses(me, token(me), Strength::Weak, true);
        }
        if had || !world.rules.weak {
            world.memory.clocks.acquire(me, token(me));
        }
        ((), Seen::value(Value::Outcome(if had { Outcome::Unparked } else { Outcome::TimedOut })))
    };
    let std = || unreachable!("std parks its own threads");
    perform(engine(), pending, std, meaning, |pending| loom::thread::park(pending, timeout));
}

/// Makes a thread's token available.
#[track_caller]
pub(crate) fn unpark(thread: ThreadId) {
    if knockout::plain(Location::caller(), "unpark").is_some() {
        return;
    }
    let pending = Pending::of(Operation::Unpark(thread), Location::caller());
    let meaning = |world: &mut World, me| {
        world.acts(me, &pending);
        world.thread(thread).token = true;
        if !world.rules.terms.spurious.parks() {
            world.accesses(me, token(thread), Strength::Weak, false);
        }
        world.memory.clocks.release(me, token(thread));
        ((), Seen::default())
    };
    let std = || unreachable!("std unparks its own threads");
    perform(engine(), pending, std, meaning, |pending| loom::thread::unpark(pending, thread));
}

/// Lets others run. A spin loop that yields is not explored round by round.
#[track_caller]
pub(crate) fn yield_now() {
    yield_at(Location::caller());
}

pub(super) fn yield_at(location: &'static Location<'static>) {
    let pending = Pending::of(Operation::Yield, location);
    let nothing = |_: &mut World, _| ((), Seen::default());
    perform(engine(), pending, std::thread::yield_now, nothing, loom::thread::yield_now);
}

/// The name given to a thread when it was started.
pub(crate) fn name(thread: ThreadId) -> Option<String> {
    try_with(|world| world.log.trace.threads.get(thread.index())?.name.clone()).flatten()
}
