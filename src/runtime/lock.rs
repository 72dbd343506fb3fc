//! Mutexes and reader-writer locks under the engines.

use super::companion;
use super::step::{defer, in_vain, loom_step, shuttle_step, unwinds_under_loom};
use super::{Engine, Hold, Home, Pending, Seen, Waits, World, engine, me, threads, with};
use crate::trace::{ObjectId, ObjectKind, Operation, ThreadId, Value};
use std::cell::RefCell;
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

/// loom's lock and the guards that are held of it. The guards stand here and not on the user's stack, where a
/// failure would drop them outside of the model. Field order: guards go before the lock that they borrow.
struct LoomLock {
    write: RefCell<Option<Guard>>,
    reads: RefCell<Vec<loom::sync::RwLockReadGuard<'static, ()>>>,
    lock: LoomKind,
}

enum LoomKind {
    Mutex(Box<loom::sync::Mutex<()>>),
    RwLock(Box<loom::sync::RwLock<()>>),
}

#[allow(dead_code, reason = "held for its destructor")]
enum Guard {
    Mutex(loom::sync::MutexGuard<'static, ()>),
    RwLock(loom::sync::RwLockWriteGuard<'static, ()>),
}

impl LoomKind {
    /// The lock, for as long as its companion lives.
    ///
    /// # Safety
    /// 1. What is borrowed from the result must be dropped, or leaked, before the companion is dropped.
    #[allow(unsafe_code)]
    unsafe fn mutex(&self) -> &'static loom::sync::Mutex<()> {
        let LoomKind::Mutex(mutex) = self else { unreachable!("a mutex's companion") };
        // SAFETY: the box gives it a fixed address; the caller answers for the lifetime (1)
        unsafe { &*std::ptr::from_ref(&**mutex) }
    }

    /// # Safety
    /// 1. As for [`LoomKind::mutex`].
    #[allow(unsafe_code)]
    unsafe fn rwlock(&self) -> &'static loom::sync::RwLock<()> {
        let LoomKind::RwLock(rwlock) = self else { unreachable!("a reader-writer lock's companion") };
        // SAFETY: the box gives it a fixed address; the caller answers for the lifetime (1)
        unsafe { &*std::ptr::from_ref(&**rwlock) }
    }
}

impl LoomLock {
    #[allow(unsafe_code)]
    fn acquire(&self, mode: Mode) {
        // SAFETY: 1. the guards stand in fields of this companion, before the lock, and leave with it
        unsafe {
            match (&self.lock, mode) {
                (LoomKind::Mutex(_), _) => {
                    let guard = self.lock.mutex().lock().expect("loom's own mutex is never poisoned: see `defer`");
                    *self.write.borrow_mut() = Some(Guard::Mutex(guard));
                }
                (LoomKind::RwLock(_), Mode::Write) => {
                    let guard = self.lock.rwlock().write().expect("loom's own lock is never poisoned: see `defer`");
                    *self.write.borrow_mut() = Some(Guard::RwLock(guard));
                }
                (LoomKind::RwLock(_), Mode::Read) => {
                    let guard = self.lock.rwlock().read().expect("loom's own lock is never poisoned: see `defer`");
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
        // The execution is over. A guard that is still here was forgotten by the model, and has no engine any more.
        std::mem::forget(self.write.take());
        std::mem::forget(self.reads.take());
    }
}

/// Makes the engine's side of a new lock.
pub(crate) fn create(home: &Home, kind: ObjectKind) {
    if engine() == Engine::Loom {
        let lock = match kind {
            ObjectKind::RwLock => LoomKind::RwLock(Box::new(loom::sync::RwLock::new(()))),
            ObjectKind::Mutex => LoomKind::Mutex(Box::new(loom::sync::Mutex::new(()))),
            ObjectKind::Condvar | ObjectKind::Atomic | ObjectKind::Cell | ObjectKind::Memory | ObjectKind::Arc => {
                unreachable!("they are no locks")
            }
        };
        companion::attach(home.id(), LoomLock { write: RefCell::default(), reads: RefCell::default(), lock });
    }
}

fn take(world: &mut World, lock: ObjectId, mode: Mode, me: ThreadId) {
    let object = world.object(lock);
    match mode {
        Mode::Write => object.writer = Some(me),
        Mode::Read => object.readers.push(me),
    }
    world.clocks.acquire(me, lock);
}

fn is_free(world: &mut World, lock: ObjectId, mode: Mode) -> bool {
    let object = world.object(lock);
    object.writer.is_none() && (mode == Mode::Read || object.readers.is_empty())
}

/// Acquires for a thread that unwinds, behind loom's back: it is released before any other thread runs.
fn take_shadow(world: &mut World, lock: ObjectId, mode: Mode) {
    take(world, lock, mode, me());
    world.shadow_locks.push((lock, mode));
}

fn give_back(world: &mut World, lock: ObjectId, mode: Mode, me: ThreadId) {
    let object = world.object(lock);
    match mode {
        Mode::Write if object.writer == Some(me) => object.writer = None,
        Mode::Write => {}
        Mode::Read => {
            // a guard may be dropped by another thread than took it: then any reader goes
            let at = object.readers.iter().position(|r| *r == me).or_else(|| object.readers.len().checked_sub(1));
            at.map(|at| object.readers.remove(at));
        }
    }
    world.clocks.release(me, lock);
}

/// Acquires, after waiting where need is.
#[track_caller]
pub(crate) fn acquire(home: &Home, mode: Mode) -> Hold {
    let hold = Hold::ask(home, mode, false, Location::caller());
    if !hold.is_skipped() {
        acquire_as(home, hold.mode, Location::caller());
    }
    hold
}

pub(super) fn acquire_as(home: &Home, mode: Mode, location: &'static Location<'static>) {
    let lock = home.id();
    let (operation, waits) = mode.lock();
    let pending = Pending { operation, object: Some(lock), location, waits, expected: None, spurious: false };
    if unwinds_under_loom() && !with(|world| is_free(world, lock, mode)) {
        // Its holder never runs again, but was stopped in the middle of something: what it holds is not lent.
        in_vain(pending);
        threads::stay();
    }
    match engine() {
        Engine::Std => {}
        Engine::Shuttle => shuttle_step(pending, |world, me| {
            take(world, lock, mode, me);
            ((), Seen::default())
        }),
        Engine::Loom => {
            let companion = companion::of::<LoomLock>(lock);
            let note = |world: &mut World, me, (): &()| {
                take(world, lock, mode, me);
                Seen::default()
            };
            let shadow = || with(|world| take_shadow(world, lock, mode));
            loom_step(pending, || companion.acquire(mode), shadow, note);
        }
    }
}

/// Acquires, if that needs no waiting.
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
    let waits = Waits::Never;
    let pending = Pending { operation, object: Some(lock), location, waits, expected: None, spurious: false };
    match engine() {
        Engine::Std => false,
        Engine::Shuttle => shuttle_step(pending, |world, me| {
            let free = is_free(world, lock, mode);
            if free {
                take(world, lock, mode, me);
            }
            (free, Seen::value(Value::Bool(free)))
        }),
        Engine::Loom => {
            let companion = companion::of::<LoomLock>(lock);
            let note = |world: &mut World, me, got: &bool| {
                if *got {
                    take(world, lock, mode, me);
                }
                Seen::value(Value::Bool(*got))
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
            loom_step(pending, || companion.try_acquire(mode), shadow, note)
        }
    }
}

/// Releases what was acquired at `location`: where a guard goes out of scope is not known, so its release is drawn at
/// the place where it began.
pub(crate) fn release(home: &Home, hold: &Hold, location: &'static Location<'static>) {
    hold.ends(home, location);
    if !hold.is_skipped() {
        release_as(home, hold.mode, hold.changes(), location);
    }
    hold.is_back(home);
}

pub(super) fn release_as(home: &Home, mode: Mode, changes: bool, location: &'static Location<'static>) {
    let lock = home.id();
    let operation = match mode {
        Mode::Write => Operation::Unlock,
        Mode::Read => Operation::ReadUnlock,
    };
    let pending =
        Pending { operation, object: Some(lock), location, waits: Waits::Never, expected: None, spurious: false };
    match home.engine_now() {
        Engine::Std => {}
        Engine::Shuttle => shuttle_step(pending, |world, me| {
            give_back(world, lock, mode, me);
            ((), Seen { unchanged: !changes, ..Seen::default() })
        }),
        Engine::Loom => {
            let companion = companion::of::<LoomLock>(lock);
            let owed = companion.clone();
            let note = |world: &mut World, me, (): &()| {
                give_back(world, lock, mode, me);
                Seen::default()
            };
            // loom's guard would poison loom's mutex while this thread unwinds: it is dropped after that
            let shadow = || {
                let shadowed = with(|world| {
                    give_back(world, lock, mode, me());
                    let at = world.shadow_locks.iter().rposition(|held| *held == (lock, mode));
                    at.map(|at| world.shadow_locks.remove(at)).is_some()
                });
                defer(Box::new(move || {
                    if shadowed {
                        owed.acquire(mode); // tells loom, if late, that this thread has used the lock
                    }
                    owed.release(mode);
                }));
            };
            loom_step(pending, || companion.release(mode), shadow, note);
        }
    }
}

/// The release that is part of a wait: its event is the wait's.
pub(super) fn release_for_wait(mutex: ObjectId) {
    companion::of::<LoomLock>(mutex).release(Mode::Write);
}

/// The acquisition that is part of a wakeup: its event is the wakeup's.
pub(super) fn acquire_after_wait(mutex: ObjectId) {
    companion::of::<LoomLock>(mutex).acquire(Mode::Write);
}
