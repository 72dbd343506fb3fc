//! Real threads that a model starts, as far as they are observed: whether they use the same
//! objects, and how they end.
//!
//! Nothing that they do is recorded, because recording would order them. Each object remembers
//! which thread used it last, and every thread that the facade starts is waited for.

use super::failure::hook;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// How many bits of a thread's number are its own. The others are its execution's.
const THREAD_BITS: u32 = 16;

thread_local! {
    /// The number of this thread if it belongs to a model on real threads, else 0.
    static NUMBER: Cell<u64> = const { Cell::new(0) };
    /// The execution to which it belongs.
    static EXECUTION: RefCell<Option<Arc<Real>>> = const { RefCell::new(None) };
}

/// One execution on real threads.
#[derive(Debug, Default)]
pub(crate) struct Real {
    /// Its number, above those of its threads.
    number: u64,
    /// Relaxed everywhere: it is read after all threads have ended.
    met: AtomicBool,
    /// Whether any object was used. Relaxed, as above.
    active: AtomicBool,
    /// Whether a static was used. Relaxed, as above.
    used_static: AtomicBool,
    members: Mutex<Members>,
    ended: Condvar,
}

#[derive(Debug, Default)]
struct Members {
    started: u64,
    running: u64,
    /// The messages of threads that panicked and were not joined.
    panicked: BTreeMap<u64, String>,
}

/// The outcome of a finished execution on real threads.
pub(crate) struct RealRun {
    /// Whether two threads used the same object.
    pub(crate) met: bool,
    /// Whether any object was used.
    pub(crate) active: bool,
    /// Whether a static was used: it goes on with what the last execution left.
    pub(crate) used_static: bool,
    /// Whether there was a second thread.
    pub(crate) started: bool,
    /// The message of a panic whose thread was not joined.
    pub(crate) unseen: Option<String>,
}

impl Real {
    /// Begins an execution whose main thread is this one.
    pub(crate) fn begin(execution: u64) -> Arc<Real> {
        let real = Arc::new(Real { number: execution << THREAD_BITS, ..Real::default() });
        NUMBER.set(real.number);
        EXECUTION.set(Some(Arc::clone(&real)));
        real
    }

    fn members(&self) -> MutexGuard<'_, Members> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the main thread. Waits for all others unless it panicked, because then they may wait
    /// for it.
    pub(crate) fn end(&self, panicked: bool) -> RealRun {
        NUMBER.set(0);
        EXECUTION.set(None);
        let mut state = self.members();
        while state.running > 0 && !panicked {
            state = self.ended.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        let unseen = state.panicked.pop_first().map(|(_, message)| message);
        let (met, active) = (self.met.load(Ordering::Relaxed), self.active.load(Ordering::Relaxed));
        let used_static = self.used_static.load(Ordering::Relaxed);
        RealRun { met, active, used_static, started: state.started > 0, unseen }
    }
}

/// Notes that this thread uses an object, which remembers the thread that used it last.
///
/// Relaxed: which thread came first does not matter, and a swap sees every change.
pub(super) fn uses(last: &AtomicU64) {
    let me = NUMBER.get();
    if me == 0 {
        return;
    }
    let before = last.swap(me, Ordering::Relaxed);
    if before == me {
        return;
    }
    let is_first = before >> THREAD_BITS != me >> THREAD_BITS;
    notes(|real| if is_first { &real.active } else { &real.met });
}

/// Sets a flag of this thread's execution, if it has one. A destructor of a thread-local may come
/// after this thread's are gone: what it does is not noted.
fn notes(flag: impl Fn(&Real) -> &AtomicBool) {
    let _ = EXECUTION.try_with(|real| {
        real.borrow().iter().for_each(|real| flag(real).store(true, Ordering::Relaxed));
    });
}

/// Notes that this thread interacts with another thread of its model.
pub(crate) fn meet() {
    notes(|real| &real.met);
}

/// Notes that this thread uses a static.
pub(super) fn uses_static() {
    notes(|real| &real.used_static);
}

/// A thread of an execution, for its joiner.
#[derive(Debug)]
pub(crate) struct Ticket {
    real: Arc<Real>,
    thread: u64,
}

impl Ticket {
    /// The joiner takes the thread's result, and its panic with it.
    pub(crate) fn joined(self) {
        self.real.members().panicked.remove(&self.thread);
    }
}

/// Adds a new thread to the execution of the thread that starts it. Returns what it runs, and its
/// ticket. Its panic counts as unseen until it is joined, unless it is `scoped`: then its scope
/// handles the panic.
pub(crate) fn join_in<F, T>(f: F, scoped: bool) -> (impl FnOnce() -> T, Option<Ticket>)
where
    F: FnOnce() -> T,
{
    let real = EXECUTION.try_with(|real| real.borrow().clone()).ok().flatten();
    let ticket = real.map(|real| {
        let thread = {
            let mut state = real.members();
            state.running += 1;
            state.started += 1;
            state.started
        };
        Ticket { real, thread }
    });
    let theirs = ticket.as_ref().map(|Ticket { real, thread }| Member {
        ticket: Ticket { real: Arc::clone(real), thread: *thread },
        scoped,
    });
    let body = move || match theirs {
        None => f(),
        Some(member) => member.run(f),
    };
    (body, ticket)
}

/// A thread that runs or will run: its execution waits for its end.
struct Member {
    ticket: Ticket,
    scoped: bool,
}

impl Member {
    fn run<T>(self, f: impl FnOnce() -> T) -> T {
        let Member { ticket: Ticket { real, thread }, scoped } = &self;
        NUMBER.set(real.number | thread & ((1 << THREAD_BITS) - 1));
        EXECUTION.set(Some(Arc::clone(real)));
        catch_unwind(AssertUnwindSafe(f)).unwrap_or_else(|payload| {
            let message = format!(
                "thread {thread} panicked and nobody joined it: {}",
                hook::message(&*payload)
            );
            if !scoped {
                real.members().panicked.insert(*thread, message);
            }
            resume_unwind(payload)
        })
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.ticket.real.members().running -= 1;
        self.ticket.real.ended.notify_all();
    }
}
