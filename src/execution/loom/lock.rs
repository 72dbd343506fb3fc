//! Mutexes and reader-writer locks under loom.

use super::{companion, defer, step};
use crate::execution::lock::{Mode, give_back, is_free, reads_once, take, tried};
use crate::execution::{Pending, Seen, World, me, with};
use crate::vocabulary::trace::ObjectId;
use std::cell::RefCell;

/// loom's lock and the guards held of it. The guards are here and not on the user's stack, where a
/// failure would drop them outside of the model. Field order: guards are dropped before the lock
/// that they borrow.
struct LoomLock {
    write: RefCell<Option<Guard>>,
    reads: RefCell<Vec<::loom::sync::RwLockReadGuard<'static, ()>>>,
    lock: LoomKind,
}

enum LoomKind {
    Mutex(Box<::loom::sync::Mutex<()>>),
    RwLock(Box<::loom::sync::RwLock<()>>),
}

#[allow(dead_code, reason = "held for its destructor")]
enum Guard {
    Mutex(::loom::sync::MutexGuard<'static, ()>),
    RwLock(::loom::sync::RwLockWriteGuard<'static, ()>),
}

impl LoomKind {
    /// The lock, for as long as its companion lives.
    ///
    /// # Safety
    /// 1. Anything borrowed from the result must be dropped, or leaked, before the companion is
    ///    dropped.
    #[allow(unsafe_code)]
    unsafe fn mutex(&self) -> &'static ::loom::sync::Mutex<()> {
        let LoomKind::Mutex(mutex) = self else { unreachable!("a mutex's companion") };
        // SAFETY: the box gives it a fixed address; the caller answers for the lifetime (1)
        unsafe { &*std::ptr::from_ref(&**mutex) }
    }

    /// # Safety
    /// 1. As for [`LoomKind::mutex`].
    #[allow(unsafe_code)]
    unsafe fn rwlock(&self) -> &'static ::loom::sync::RwLock<()> {
        let LoomKind::RwLock(rwlock) = self else {
            unreachable!("a reader-writer lock's companion")
        };
        // SAFETY: the box gives it a fixed address; the caller answers for the lifetime (1)
        unsafe { &*std::ptr::from_ref(&**rwlock) }
    }
}

impl LoomLock {
    #[allow(unsafe_code)]
    fn acquire(&self, mode: Mode) {
        // SAFETY: 1. the guards are in fields of this companion, before the lock, and are dropped
        // or leaked with it
        unsafe {
            match (&self.lock, mode) {
                (LoomKind::Mutex(_), _) => {
                    let guard = self
                        .lock
                        .mutex()
                        .lock()
                        .expect("loom's own mutex is never poisoned: see `defer`");
                    *self.write.borrow_mut() = Some(Guard::Mutex(guard));
                }
                (LoomKind::RwLock(_), Mode::Write) => {
                    let guard = self
                        .lock
                        .rwlock()
                        .write()
                        .expect("loom's own lock is never poisoned: see `defer`");
                    *self.write.borrow_mut() = Some(Guard::RwLock(guard));
                }
                (LoomKind::RwLock(_), Mode::Read) => {
                    let guard = self
                        .lock
                        .rwlock()
                        .read()
                        .expect("loom's own lock is never poisoned: see `defer`");
                    self.reads.borrow_mut().push(guard);
                }
            }
        }
    }

    #[allow(unsafe_code)]
    fn try_acquire(&self, mode: Mode) -> bool {
        // SAFETY: 1. as in `acquire`
        unsafe {
            match (&self.lock, mode) {
                (LoomKind::Mutex(_), _) => {
                    let guard = self.lock.mutex().try_lock().ok();
                    let got = guard.is_some();
                    if got {
                        *self.write.borrow_mut() = guard.map(Guard::Mutex);
                    }
                    got
                }
                (LoomKind::RwLock(_), Mode::Write) => {
                    let guard = self.lock.rwlock().try_write().ok();
                    let got = guard.is_some();
                    if got {
                        *self.write.borrow_mut() = guard.map(Guard::RwLock);
                    }
                    got
                }
                (LoomKind::RwLock(_), Mode::Read) => {
                    let guard = self.lock.rwlock().try_read().ok();
                    let got = guard.is_some();
                    self.reads.borrow_mut().extend(guard);
                    got
                }
            }
        }
    }

    fn release(&self, mode: Mode) {
        // taken out first: dropping a guard enters loom
        match mode {
            Mode::Write => drop(self.write.borrow_mut().take()),
            Mode::Read => drop(self.reads.borrow_mut().pop()),
        }
    }
}

impl Drop for LoomLock {
    fn drop(&mut self) {
        // The execution is over. The model forgot a guard that is still here, and its engine is
        // gone.
        std::mem::forget(self.write.take());
        std::mem::forget(self.reads.take());
    }
}

/// Creates loom's side of a new mutex.
pub(super) fn create_mutex(world: &mut World, lock: ObjectId) {
    attach(world, lock, LoomKind::Mutex(Box::new(::loom::sync::Mutex::new(()))));
}

/// Creates loom's side of a new reader-writer lock.
pub(super) fn create_rwlock(world: &mut World, lock: ObjectId) {
    attach(world, lock, LoomKind::RwLock(Box::new(::loom::sync::RwLock::new(()))));
}

fn attach(world: &mut World, lock: ObjectId, kind: LoomKind) {
    let (write, reads) = (RefCell::default(), RefCell::default());
    companion::attach(world, lock, LoomLock { write, reads, lock: kind });
}

/// Acquires for an unwinding thread, without loom's knowledge. The lock is released before any
/// other thread runs.
fn take_shadow(world: &mut World, lock: ObjectId, mode: Mode) {
    take(world, lock, mode, me());
    world.loom.shadow_locks.push((lock, mode));
}

/// Acquires the lock, waiting if necessary.
pub(in crate::execution) fn acquire(pending: Pending, lock: ObjectId, mode: Mode) {
    let companion = companion::of::<LoomLock>(lock);
    let note = |world: &mut World, me, (): &()| {
        reads_once(world, &pending, mode, me);
        take(world, lock, mode, me);
        Seen::default()
    };
    let shadow = || with(|world| take_shadow(world, lock, mode));
    step(pending, || companion.acquire(mode), shadow, note);
}

/// Acquires the lock if that needs no waiting.
pub(in crate::execution) fn try_acquire(pending: Pending, lock: ObjectId, mode: Mode) -> bool {
    let companion = companion::of::<LoomLock>(lock);
    let note = |world: &mut World, me, got: &bool| {
        if *got {
            reads_once(world, &pending, mode, me);
            take(world, lock, mode, me);
        }
        tried(world, lock, *got)
    };
    let shadow = || {
        with(|world| {
            let free = is_free(world, lock, mode);
            if free {
                take_shadow(world, lock, mode);
            }
            free
        })
    };
    step(pending, || companion.try_acquire(mode), shadow, note)
}

/// Releases the lock.
pub(in crate::execution) fn release(pending: Pending, lock: ObjectId, mode: Mode) {
    let companion = companion::of::<LoomLock>(lock);
    let owed = companion.clone();
    let note = |world: &mut World, me, (): &()| {
        give_back(world, lock, mode, me);
        Seen::default()
    };
    // loom's guard would poison loom's mutex during unwinding, so it is dropped later
    let shadow = || {
        let shadowed = with(|world| {
            give_back(world, lock, mode, me());
            let at = world.loom.shadow_locks.iter().rposition(|held| *held == (lock, mode));
            at.map(|at| world.loom.shadow_locks.remove(at)).is_some()
        });
        defer(Box::new(move || {
            if shadowed {
                owed.acquire(mode); // tells loom, if late, that this thread has used the lock
            }
            owed.release(mode);
        }));
    };
    step(pending, || companion.release(mode), shadow, note);
}

/// The release that is part of a wait: its event is the wait's.
pub(super) fn release_for_wait(mutex: ObjectId) {
    companion::of::<LoomLock>(mutex).release(Mode::Write);
}

/// The acquisition that is part of a wakeup: its event is the wakeup's.
pub(super) fn acquire_after_wait(mutex: ObjectId) {
    companion::of::<LoomLock>(mutex).acquire(Mode::Write);
}
