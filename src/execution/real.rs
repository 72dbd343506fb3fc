//! Real threads that a model starts, as far as they are seen: whether they use the same objects,
//! and how they end.
//!
//! Nothing of what they do is recorded, for that would order them. Each object remembers who used
//! it last, and each thread that the facade starts is waited for.

use super::failure::hook;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// How many bits of a thread's number are its own; the others are its execution's.
const THREAD_BITS: u32 = 16;

thread_local! {
    /// The number of this thread, if it is one of a model on real threads; else 0.
    static NUMBER: Cell<u64> = const { Cell::new(0) };
    /// The execution that it is part of.
    static EXECUTION: RefCell<Option<Arc<Real>>> = const { RefCell::new(None) };
}

/// One execution on real threads.
#[derive(Debug, Default)]
pub(crate) struct Real {
    /// Its number, above those of its threads.
    number: u64,
    /// Relaxed everywhere: it is read when all threads have ended.
    met: AtomicBool,
    /// Whether any object was used. Relaxed, as above.
    active: AtomicBool,
    state: Mutex<State>,
    ended: Condvar,
}

#[derive(Debug, Default)]
struct State {
    started: u64,
    running: u64,
    /// Of threads that panicked, and that nobody has joined: what they say.
    panicked: BTreeMap<u64, String>,
}

/// What is known of an execution on real threads that is over.
pub(crate) struct Seen {
    /// Whether two threads used the same object.
    pub(crate) met: bool,
    /// Whether any object was used.
    pub(crate) active: bool,
    /// Whether there was a second thread.
    pub(crate) started: bool,
    /// A panic that nobody has joined.
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

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The end of the main thread: waits for all others, unless it panicked, for then they may wait
    /// for it.
    pub(crate) fn end(&self, panicked: bool) -> Seen {
        NUMBER.set(0);
        EXECUTION.set(None);
        let mut state = self.state();
        while state.running > 0 && !panicked {
            state = self.ended.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        let unseen = state.panicked.pop_first().map(|(_, message)| message);
        let (met, active) = (self.met.load(Ordering::Relaxed), self.active.load(Ordering::Relaxed));
        Seen { met, active, started: state.started > 0, unseen }
    }
}

/// Notes that this thread uses an object, which remembers who used it last.
///
/// Relaxed: who came first does not matter, and a swap sees every change.
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
    EXECUTION.with_borrow(|real| {
        let flags = real.iter().map(|real| if is_first { &real.active } else { &real.met });
        flags.for_each(|flag| flag.store(true, Ordering::Relaxed));
    });
}

/// Notes that this thread has to do with another one of its model.
pub(crate) fn meet() {
    EXECUTION
        .with_borrow(|real| real.iter().for_each(|real| real.met.store(true, Ordering::Relaxed)));
}

/// A thread of an execution, for whoever joins it.
#[derive(Debug)]
pub(crate) struct Ticket {
    real: Arc<Real>,
    thread: u64,
}

impl Ticket {
    /// Somebody takes the thread's result, and its panic with it.
    pub(crate) fn joined(self) {
        self.real.state().panicked.remove(&self.thread);
    }
}

/// Takes a new thread into the execution of the one that starts it: what it is to run, and its
/// ticket. Its panic is unseen until it is joined, unless it is `scoped`: then its scope sees to
/// that.
pub(crate) fn join_in<F, T>(f: F, scoped: bool) -> (impl FnOnce() -> T, Option<Ticket>)
where
    F: FnOnce() -> T,
{
    let real = EXECUTION.with_borrow(Option::clone);
    let ticket = real.map(|real| {
        let thread = {
            let mut state = real.state();
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

/// A thread that runs, or is to run: an execution waits for its end.
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
                real.state().panicked.insert(*thread, message);
            }
            resume_unwind(payload)
        })
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.ticket.real.state().running -= 1;
        self.ticket.real.ended.notify_all();
    }
}
