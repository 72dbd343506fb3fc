//! Everything of loom's: its objects, which stand beside ours, and how they perform each operation.
//!
//! Under loom the meaning is loom's, because its memory model hangs on it. What it does is
//! announced before, and written down after.

pub(in crate::execution) mod atomic;
pub(in crate::execution) mod cell;
mod companion;
pub(in crate::execution) mod condvar;
pub(in crate::execution) mod count;
pub(in crate::execution) mod lock;
pub(in crate::execution) mod thread;

use super::failure::{halt, in_vain};
use super::lock::Mode;
use super::memory::cell as cells;
use super::{Engine, Pending, Seen, World, me, set_me, try_with, with};
use crate::vocabulary::trace::{ObjectId, ThreadId};
use companion::Companion;
use std::rc::Rc;
use thread::Parker;

/// loom's side of an execution.
#[derive(Default)]
pub(super) struct Side {
    /// Of the threads, by their ids.
    parkers: Vec<Option<Rc<Parker>>>,
    /// Of the objects, by their ids.
    companions: Vec<Option<Companion>>,
    /// What a thread that unwinds owes to loom, until it has unwound.
    deferred: Vec<(ThreadId, Box<dyn FnOnce()>)>,
    /// Locks that threads acquired while they unwound: loom knows nothing of them.
    shadow_locks: Vec<(ObjectId, Mode)>,
}

impl Side {
    /// Forgets an execution, but keeps the room that it had.
    pub(super) fn clear(&mut self) {
        let mut companions = std::mem::take(&mut self.companions);
        companions.clear();
        *self = Side { companions, ..Side::default() };
    }

    /// The execution has another object.
    pub(super) fn has_object(&mut self) {
        self.companions.push(None);
    }
}

/// An execution begins under loom.
pub(super) fn begin() {
    let parker = thread::main_parker();
    with(|world| world.loom.parkers.push(Some(parker)));
}

/// An operation under loom: `perform` is loom's, and may switch threads; `shadow` is what remains
/// of it while the thread unwinds or the execution has failed; `note` is told of its effect, for
/// the drawing.
pub(in crate::execution) fn step<R>(
    pending: Pending,
    perform: impl FnOnce() -> R,
    shadow: impl FnOnce() -> R,
    note: impl FnOnce(&mut World, ThreadId, &R) -> Seen,
) -> R {
    if in_vain(pending) {
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

/// Puts off what a thread that unwinds owes to loom: loom's operations may switch threads, or
/// panic.
pub(in crate::execution) fn defer(owed: Box<dyn FnOnce()>) {
    let me = me();
    try_with(|world| world.loom.deferred.push((me, owed)));
}

/// Pays what was put off, now that this thread no longer unwinds.
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
