//! Mutexes and reader-writer locks under the engines.

use super::failure::{handle_if_inert, not_modelled, stay, unwinds_under_loom};
use super::step::perform;
use super::{Effect, Ending, Engine, Hold, Home, Pending, Seen, Waits, World, engine, loom, with};
use crate::vocabulary::trace::{ObjectId, Operation, ThreadId, Value};
use crate::vocabulary::verdict::{Bound, Kind};
use std::panic::Location;

/// For writing, or for reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Write,
    Read,
}

impl Mode {
    fn lock(self) -> (Operation, Waits) {
        match self {
            Mode::Write => (Operation::Lock, Waits::Lock),
            Mode::Read => (Operation::ReadLock, Waits::ReadLock),
        }
    }
}

pub(super) fn take(world: &mut World, lock: ObjectId, mode: Mode, me: ThreadId) {
    let object = world.object(lock);
    match mode {
        Mode::Write => object.writer = Some(me),
        Mode::Read => object.readers.push(me),
    }
    world.memory.clocks.acquire(me, lock);
    if mode == Mode::Write {
        world.memory.clocks.acquire_readers(me, lock);
    }
    world.orders_by(lock);
}

pub(super) fn is_free(world: &World, lock: ObjectId, mode: Mode) -> bool {
    let object = &world.objects[lock.index()];
    object.writer.is_none() && (mode == Mode::Read || object.readers.is_empty())
}

pub(super) fn give_back(world: &mut World, lock: ObjectId, mode: Mode, me: ThreadId) {
    let object = world.object(lock);
    match mode {
        Mode::Write if object.writer == Some(me) => (object.writer, object.last) = (None, Some(me)),
        Mode::Write => {}
        Mode::Read => {
            // a guard may be dropped on another thread: then any reader is removed
            let at = object
                .readers
                .iter()
                .position(|r| *r == me)
                .or_else(|| object.readers.len().checked_sub(1));
            at.map(|at| object.readers.remove(at));
        }
    }
    match mode {
        Mode::Write => world.memory.clocks.release(me, lock),
        Mode::Read => world.memory.clocks.release_reader(me, lock),
    }
}

/// Acquires the lock, waiting if necessary.
#[track_caller]
pub(crate) fn acquire(home: &Home, mode: Mode) -> Hold {
    let hold = Hold::ask(home, mode, false, Location::caller());
    if !hold.is_skipped() {
        acquire_as(home, hold.mode, Location::caller());
    }
    hold
}

pub(super) fn acquire_as(home: &Home, mode: Mode, location: &'static Location<'static>) {
    let (operation, waits) = mode.lock();
    acquire_announced(Pending::on(home.id(), operation, location).waits(waits), mode);
}

/// Acquires a lock again, once another thread has had it.
pub(super) fn acquire_after_others(lock: ObjectId, location: &'static Location<'static>) {
    let pending = Pending::on(lock, Operation::Lock, location).waits(Waits::Relock);
    acquire_announced(pending, Mode::Write);
}

fn acquire_announced(pending: Pending, mode: Mode) {
    let lock = pending.object.expect("a lock");
    if unwinds_under_loom() && !with(|world| is_free(world, lock, mode)) {
        // Its holder never runs again, and was stopped in the middle of something. What it holds is
        // not lent.
        handle_if_inert(pending);
        stay();
    }
    let meaning = |world: &mut World, me| {
        world.acts(me, &pending);
        reads_once(world, &pending, mode, me);
        take(world, lock, mode, me);
        ((), Seen::default())
    };
    perform(engine(), pending, || (), meaning, |pending| loom::lock::acquire(pending, lock, mode));
}

/// Ends the execution where a thread reads a lock that it is already reading, if it may not. A try
/// may, for it never waits. loom takes such a reader out with its first guard.
pub(super) fn reads_once(world: &mut World, pending: &Pending, mode: Mode, me: ThreadId) {
    let lock = pending.object.expect("a lock");
    if mode == Mode::Write || !world.objects[lock.index()].readers.contains(&me) {
        return;
    }
    if pending.waits == Waits::Never || world.rules.terms.recursive_reads {
        if world.rules.engine == Engine::Loom {
            let operation = "an RwLock that a thread reads again".to_string();
            world.end(Ending::Unknown(Bound::NotModelled { engine: "loom", operation }));
        }
        return;
    }
    let trace = &world.log.trace;
    let (mine, name) = (trace.thread_name(me), trace.object_name(lock));
    let message = format!(
        "{mine} reads {name} again, which it is reading: if a writer waits in between, this might \
         deadlock; Check::recursive_reads(true) allows it"
    );
    let location = Some(pending.location.to_string());
    world.end(Ending::Violation { kind: Kind::Deadlock, message, location, conflict: None });
}

/// Acquires the lock if that needs no waiting.
#[track_caller]
pub(crate) fn try_acquire(home: &Home, mode: Mode) -> Option<Hold> {
    let hold = Hold::ask(home, mode, true, Location::caller());
    (hold.is_skipped() || try_acquire_as(home, hold.mode, Location::caller())).then_some(hold)
}

fn try_acquire_as(home: &Home, mode: Mode, location: &'static Location<'static>) -> bool {
    let lock = home.id();
    let operation = match mode {
        Mode::Write => Operation::TryLock,
        Mode::Read => Operation::TryReadLock,
    };
    let pending = Pending::on(lock, operation, location);
    let meaning = |world: &mut World, me| {
        let free = match world.acts(me, &pending) {
            Some(effect) => effect == Effect::Changes,
            None => is_free(world, lock, mode),
        };
        if free {
            take(world, lock, mode, me);
        } else {
            world.tries_in_vain(me, lock);
        }
        (free, tried(world, lock, free))
    };
    perform(
        engine(),
        pending,
        || false,
        meaning,
        |pending| loom::lock::try_acquire(pending, lock, mode),
    )
}

/// The outcome of a try.
pub(super) fn tried(world: &World, lock: ObjectId, got: bool) -> Seen {
    let refused_by_readers = !got && world.objects[lock.index()].writer.is_none();
    Seen { refused_by_readers, ..Seen::value(Value::Bool(got)) }
}

/// Keeps for reading what is held for writing.
#[track_caller]
pub(crate) fn downgrade(home: &Home, mut hold: Hold) -> Hold {
    if !hold.is_here() {
        hold.mode = Mode::Read; // its execution is over
        return hold;
    }
    let (lock, location) = (home.id(), Location::caller());
    hold.ends(home, location);
    hold.is_back(home);
    let pending = Pending::on(lock, Operation::Downgrade, location);
    let meaning = |world: &mut World, me| {
        give_back(world, lock, Mode::Write, me);
        world.object(lock).readers.push(me);
        ((), Seen::default())
    };
    if !hold.is_skipped() && hold.mode == Mode::Write {
        perform(
            home.engine_now(),
            pending,
            || (),
            meaning,
            |_| not_modelled("loom", "RwLockWriteGuard::downgrade"),
        );
    }
    hold.mode = Mode::Read;
    hold
}

/// Releases what was acquired at `location`. The place where a guard goes out of scope is unknown,
/// so its release is shown at the place of its acquisition.
pub(crate) fn release(home: &Home, hold: &Hold, location: &'static Location<'static>) {
    if !hold.is_here() {
        return; // its execution is over
    }
    hold.ends(home, location);
    if !hold.is_skipped() {
        release_as(home, hold.mode, hold.changes(), location);
    }
    hold.is_back(home);
}

pub(super) fn release_as(
    home: &Home,
    mode: Mode,
    changes: bool,
    location: &'static Location<'static>,
) {
    let lock = home.id();
    let operation = match mode {
        Mode::Write => Operation::Unlock,
        Mode::Read => Operation::ReadUnlock,
    };
    let pending = Pending::on(lock, operation, location);
    let meaning = |world: &mut World, me| {
        world.acts(me, &pending);
        give_back(world, lock, mode, me);
        ((), Seen { unchanged: !changes, ..Seen::default() })
    };
    perform(
        home.engine_now(),
        pending,
        || (),
        meaning,
        |pending| loom::lock::release(pending, lock, mode),
    );
}
