//! A task, and its waker.
//!
//! std's `Wake` trait hides clones and drops, and they are events here. So the waker is made of its
//! raw parts.

use crate::execution::tasks::{self, Cause, Turn};
use crate::execution::{Home, me};
use crate::trace::ObjectKind;
use std::mem::ManuallyDrop;
use std::panic::Location;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{RawWaker, RawWakerVTable, Waker};

/// What a task and all clones of its waker share.
pub(super) struct Task {
    home: Home,
    /// Where it was started. Where a waker is used is not known.
    created: &'static Location<'static>,
    /// The thread of a model that polls it.
    thread: AtomicU32,
    /// Whether it has woken itself since it was polled, and whether to abort itself.
    yields: AtomicBool,
    aborts_itself: AtomicBool,
    /// Whether another thread has aborted it. It may know that once it knows of the wake.
    aborted: AtomicBool,
    /// Whether anybody has woken it, outside of a model.
    woken: Mutex<bool>,
    wakes: Condvar,
}

impl Task {
    /// Creates a task.
    #[track_caller]
    pub(super) fn new() -> Arc<Task> {
        let home = Home::new(ObjectKind::Waker);
        Arc::new(Task {
            home,
            created: Location::caller(),
            thread: AtomicU32::new(u32::MAX),
            yields: AtomicBool::new(false),
            aborts_itself: AtomicBool::new(false),
            aborted: AtomicBool::new(false),
            woken: Mutex::new(false),
            wakes: Condvar::new(),
        })
    }

    /// This thread polls it from now on.
    pub(super) fn is_mine(&self) {
        // Relaxed, as all accesses below: one OS thread runs all of a model
        self.thread.store(me().0, Relaxed);
    }

    /// Its waker, for a poll.
    #[allow(unsafe_code)]
    pub(super) fn waker(self: &Arc<Task>) -> ManuallyDrop<Waker> {
        let data = Arc::as_ptr(self).cast::<()>();
        // SAFETY: 1. the functions keep the contract of wakers: they are those of an `Arc`. What is
        // returned is not dropped, so it owns no count, and `self` outlives the poll.
        ManuallyDrop::new(unsafe { Waker::new(data, &FUNCTIONS) })
    }

    /// Waits for its first poll. Returns whether it was aborted before that.
    pub(super) fn begins(&self) -> bool {
        self.is_mine();
        match self.home.is_modelled() {
            // the lock orders it
            false => *self.locked() && self.aborted.load(Relaxed),
            true => self.turns(Turn::First),
        }
    }

    /// Waits until it is polled again. Returns whether it was aborted.
    pub(super) fn rests(&self) -> bool {
        if !self.home.is_modelled() {
            let woken = self.wakes.wait_while(self.locked(), |woken| !*woken);
            *woken.unwrap_or_else(PoisonError::into_inner) = false;
            return self.aborted.load(Relaxed); // the lock orders it
        }
        match self.yields.swap(false, Relaxed) {
            true => self.turns(Turn::Yielded) || self.aborts_itself.load(Relaxed),
            false => self.turns(Turn::Pending),
        }
    }

    fn turns(&self, turn: Turn) -> bool {
        loop {
            let cause = tasks::poll(&self.home, turn, self.created);
            let has_rung = self.yields.swap(false, Relaxed); // an alarm is for this poll
            match cause {
                Cause::Alarm if !has_rung => {} // it was another task's
                Cause::Woken => return self.aborted.load(Relaxed),
                // who has not been woken must not know of an abort
                Cause::Alarm | Cause::Nothing => return false,
            }
        }
    }

    fn locked(&self) -> MutexGuard<'_, bool> {
        self.woken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes it, and for what: to be polled, or to be aborted.
    fn wakes(self: &Arc<Task>, name: &'static str, aborts: bool) {
        if !self.home.is_modelled() {
            let mut woken = self.locked();
            self.aborted.fetch_or(aborts, Relaxed); // the lock orders it
            *woken = true;
            self.wakes.notify_one();
        } else if self.thread.load(Relaxed) == me().0 {
            tasks::note(&self.home, name, self.created);
            self.yields.store(true, Relaxed);
            self.aborts_itself.fetch_or(aborts, Relaxed);
        } else {
            let (task, told) = (Arc::clone(self), tasks::told());
            let wakes = move || {
                tasks::signal(&task.home, name, task.created, &told);
                task.aborted.fetch_or(aborts, Relaxed); // no other thread has run since
            };
            // no code of another crate aborts, and what follows must find it aborted
            if aborts { wakes() } else { tasks::owe(Box::new(wakes)) }
        }
    }

    /// Has it drop its future instead of being polled the next time.
    pub(super) fn aborts(self: &Arc<Task>) {
        self.wakes("abort", true);
    }

    /// Draws that its waker is cloned or dropped.
    fn notes(&self, name: &'static str) {
        if self.home.engine_now() != crate::execution::Engine::Std {
            tasks::note(&self.home, name, self.created);
        }
    }
}

static FUNCTIONS: RawWakerVTable = RawWakerVTable::new(clone, wake, wake_by_ref, drop_waker);

/// Whether it is the waker of a task that this thread polls.
#[allow(unsafe_code)]
pub(crate) fn is_of_this_thread(waker: &Waker) -> bool {
    // SAFETY: it was made here, as its functions say, and the caller has it (2)
    let polls = || unsafe { task(waker.data()) }.thread.load(Relaxed);
    std::ptr::eq(waker.vtable(), &raw const FUNCTIONS) && polls() == me().0
}

/// Lends the task of a waker.
///
/// # Safety
/// 2. `data` must be that of a waker that was made here and is still there.
#[allow(unsafe_code)]
unsafe fn task(data: *const ()) -> ManuallyDrop<Arc<Task>> {
    // SAFETY: the pointer is that of an `Arc` (1), whose count is not touched
    ManuallyDrop::new(unsafe { Arc::from_raw(data.cast::<Task>()) })
}

#[allow(unsafe_code)]
unsafe fn clone(data: *const ()) -> RawWaker {
    // SAFETY: the caller has the waker (2)
    let task = unsafe { task(data) };
    let clone = Arc::clone(&task);
    task.notes("clone");
    RawWaker::new(Arc::into_raw(clone).cast(), &FUNCTIONS)
}

#[allow(unsafe_code)]
unsafe fn wake(data: *const ()) {
    // SAFETY: the caller gives the waker away, and with it its count (1)
    let task = unsafe { Arc::from_raw(data.cast::<Task>()) };
    task.wakes("wake", false);
}

#[allow(unsafe_code)]
unsafe fn wake_by_ref(data: *const ()) {
    // SAFETY: the caller has the waker (2)
    unsafe { task(data) }.wakes("wake_by_ref", false);
}

#[allow(unsafe_code)]
unsafe fn drop_waker(data: *const ()) {
    // SAFETY: the caller gives the waker away, and with it its count (1)
    let task = unsafe { Arc::from_raw(data.cast::<Task>()) };
    task.notes("drop");
}
