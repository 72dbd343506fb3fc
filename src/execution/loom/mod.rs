//! The loom side of the execution: loom's objects beside ours, and how they perform each operation.
//!
//! Under loom the meaning is loom's, because its memory model depends on it. An operation is
//! announced before, and recorded after.

pub(in crate::execution) mod atomic;
pub(in crate::execution) mod cell;
mod companion;
pub(in crate::execution) mod condvar;
pub(in crate::execution) mod count;
pub(in crate::execution) mod lock;
pub(in crate::execution) mod task;
pub(in crate::execution) mod thread;

use super::failure::{halt, handle_if_inert};
use super::lock::Mode;
use super::memory::cell as cells;
use super::{Engine, Pending, Seen, World, me, set_me, try_with, with};
use crate::vocabulary::trace::{ObjectId, ObjectKind, ThreadId};
use companion::Companion;
use std::rc::Rc;
use thread::Parker;

/// loom's side of an execution.
#[derive(Default)]
pub(super) struct Side {
    /// Of the threads, indexed by id.
    parkers: Vec<Option<Rc<Parker>>>,
    /// Of the objects, indexed by id.
    companions: Vec<Option<Companion>>,
    /// Operations that an unwinding thread owes to loom until it has unwound.
    deferred: Vec<(ThreadId, Box<dyn FnOnce()>)>,
    /// Locks that threads acquired during unwinding: loom does not know about them.
    shadow_locks: Vec<(ObjectId, Mode)>,
}

impl Side {
    /// Forgets an execution but keeps its allocations.
    pub(super) fn clear(&mut self) {
        let mut companions = std::mem::take(&mut self.companions);
        companions.clear();
        *self = Side { companions, ..Side::default() };
    }

    /// Adds a slot for a new object.
    pub(super) fn has_object(&mut self) {
        self.companions.push(None);
    }
}

/// Creates loom's side of an object that is no atomic. An atomic's type knows how.
pub(super) fn create(world: &mut World, object: ObjectId, kind: ObjectKind) {
    match kind {
        ObjectKind::Mutex => lock::create_mutex(world, object),
        ObjectKind::RwLock => lock::create_rwlock(world, object),
        ObjectKind::Condvar => condvar::create(world, object),
        ObjectKind::Cell => cell::create(world, object),
        ObjectKind::Waker => task::create(world, object),
        ObjectKind::Atomic | ObjectKind::Task | ObjectKind::AtomicWaker => {}
        ObjectKind::Memory | ObjectKind::Arc => {}
    }
}

/// Begins an execution under loom.
pub(super) fn begin() {
    let parker = thread::main_parker();
    with(|world| world.loom.parkers.push(Some(parker)));
}

/// An operation under loom. `perform` is loom's part, and may switch threads. `shadow` replaces it
/// while the thread unwinds or after the execution has failed. `note` reports its effect, for the
/// trace.
pub(in crate::execution) fn step<R>(
    pending: Pending,
    perform: impl FnOnce() -> R,
    shadow: impl FnOnce() -> R,
    note: impl FnOnce(&mut World, ThreadId, &R) -> Seen,
) -> R {
    if handle_if_inert(pending) {
        return shadow();
    }
    let me = me();
    cells::last(Engine::Loom);
    flush_deferred();
    with(|world| world.thread(me).pending = Some(pending));
    let result = perform();
    set_me(me);
    let ended = with(|world| {
        world.thread(me).pending = None;
        let seen = note(world, me, &result);
        world.record(me, &pending, &seen);
        world.ending.is_some()
    });
    if ended {
        halt();
    }
    result
}

/// Defers what an unwinding thread owes to loom: loom's operations may switch threads, or panic.
pub(in crate::execution) fn defer(owed: Box<dyn FnOnce()>) {
    let me = me();
    try_with(|world| world.loom.deferred.push((me, owed)));
}

/// Performs the deferred operations, now that this thread no longer unwinds.
pub(in crate::execution) fn flush_deferred() {
    if std::thread::panicking() {
        return;
    }
    let me = me();
    while let Some(owed) = with(|world| {
        let at = world.loom.deferred.iter().position(|(thread, _)| *thread == me)?;
        Some(world.loom.deferred.remove(at).1)
    }) {
        owed();
        set_me(me);
    }
}
