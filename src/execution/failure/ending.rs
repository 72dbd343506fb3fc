//! How an execution is cut short, or is found wrong at its end.

use crate::execution::state::ObjectState;
use crate::execution::{Waits, World, constant, knockout};
use crate::vocabulary::leaks::Leaks;
use crate::vocabulary::trace::{Awaited, Blocked, ObjectId, ObjectKind, ThreadId};
use crate::vocabulary::verdict::{Bound, Kind};
use std::panic::Location;

/// How an execution was cut short.
#[derive(Clone, Debug)]
pub(crate) enum Ending {
    Violation {
        kind: Kind,
        message: String,
        location: Option<String>,
        conflict: Option<(usize, usize)>,
    },
    Unknown(Bound),
    /// It had more events than allowed, or the exploration begins anew.
    GivenUp,
    /// It counts for nothing: it is a part of other executions, or was a trial.
    InVain,
    /// All threads have ended but tasks that nobody awaits, and these may be left behind. Some of
    /// them could go on, if they are cut short.
    Left {
        cut: bool,
    },
}

/// The message of a panic, and its place.
pub(crate) type Panic = (String, Option<String>);

/// Recorded panics, and threads that were left in the middle of something.
#[derive(Debug, Default)]
pub(crate) struct State {
    /// Panics that the hook saw: the last two of each thread, in order.
    panics: Vec<(ThreadId, Panic)>,
    /// The threads that ended by a panic, in order: the first is mostly the cause of the others.
    ended_by_panics: Vec<ThreadId>,
    /// The last panic that a joiner took as a result.
    pub(crate) observed: Option<Panic>,
    /// What an unwinding thread should have waited for, and did not. What follows is no execution
    /// of the model.
    pub(in crate::execution) stalled: Option<String>,
    /// Whether a thread did something during unwinding that was no step of its own.
    pub(crate) merged: bool,
    /// How many operations had no effect any more, or only a shadow of one.
    pub(in crate::execution) inert_operations: usize,
    /// Threads were left in the middle of their work, with everything on their stacks.
    pub(crate) abandoned: bool,
    /// The tasks that nobody awaits.
    pub(in crate::execution) detached: Vec<ThreadId>,
    /// How many events there were when all others had ended.
    detached_since: Option<usize>,
}

impl World {
    /// Ends the execution if only tasks are left that may be, and they wait, or have gone on for
    /// long enough.
    pub(in crate::execution) fn leaves_tasks(&mut self) {
        /// How many events they may have in any case.
        const SOME: usize = 100;
        if !self.rules.terms.detached {
            return;
        }
        let threads = (0..).map(ThreadId).zip(&self.threads);
        let left = threads.filter(|(_, state)| !state.finished).map(|(thread, _)| thread);
        if !left.clone().all(|thread| self.failure.detached.contains(&thread)) {
            return;
        }
        let events = self.log.trace.events.len();
        let since = *self.failure.detached_since.get_or_insert(events);
        let mut able = left.clone().filter(|thread| self.enabled(*thread));
        let waits = able.clone().all(|thread| self.turns.yielded.contains(&thread));
        if left.clone().next().is_some() && (waits || events > 2 * since + SOME) {
            let cut = able.next().is_some() || self.turns.time.is_awaited();
            self.settle_panics();
            self.end(Ending::Left { cut }); // unless there was one
        }
    }

    /// Records a panic of a thread.
    pub(in crate::execution) fn panicked(&mut self, thread: ThreadId, panic: Panic) {
        let mut earlier =
            (0..self.failure.panics.len()).rev().filter(|at| self.failure.panics[*at].0 == thread);
        earlier.nth(1).map(|oldest| self.failure.panics.remove(oldest));
        self.failure.panics.push((thread, panic));
    }

    /// The thread's last panic that has not been taken yet.
    pub(in crate::execution) fn take_panic(&mut self, thread: ThreadId) -> Option<Panic> {
        let last = self.failure.panics.iter().rposition(|(panicked, _)| *panicked == thread)?;
        Some(self.failure.panics.remove(last).1)
    }

    /// Whether operations are neither scheduled nor recorded any more.
    pub(in crate::execution) fn over(&self) -> bool {
        self.turns.closed || self.ending.is_some()
    }

    /// Whether a thread may still hold what its locks protect, although the execution is over: it
    /// was left in the middle, or it forgot a guard.
    pub(in crate::execution) fn is_held(&self) -> bool {
        let unwatched = knockout::is_of_a_lock(); // a guard may hold nothing
        let held = |o: &ObjectState| {
            o.writer.is_some() || !o.readers.is_empty() || unwatched && !o.dropped
        };
        self.failure.abandoned || self.objects.iter().any(held)
    }

    /// Ends the execution, unless it has already ended.
    pub(crate) fn end(&mut self, ending: Ending) {
        if self.ending.is_some() {
            return;
        }
        for (state, drawn) in self.threads.iter().zip(&mut self.log.trace.threads) {
            drawn.pending =
                state.pending.filter(|_| !state.finished).map(|p| (p.operation, p.object));
        }
        self.ending = Some(ending);
    }

    /// Ends the execution because it has more events than any that makes progress.
    pub(in crate::execution) fn livelock(
        &mut self,
        thread: ThreadId,
        location: &'static Location<'static>,
    ) {
        let unwinds = self.take_panic(thread).filter(|_| std::thread::panicking());
        let unwinds = unwinds.map(|(message, _)| format!(", while a thread unwinds: {message}"));
        let message =
            format!("no end after {} events{}", self.rules.max_events, unwinds.unwrap_or_default());
        self.never_ends(thread, message, Some(location.to_string()));
    }

    /// Ends the execution by a livelock. Threads that can run are not blocked.
    fn never_ends(&mut self, thread: ThreadId, message: String, location: Option<String>) {
        if self.needs_an_alarm(Some(thread)) {
            return;
        }
        for i in 0..self.threads.len() {
            let waits = Some(ThreadId(i as u32)).filter(|thread| !self.enabled(*thread));
            self.log.trace.threads[i].blocked = waits.and_then(|thread| self.blocked(thread));
        }
        self.end(Ending::Violation { kind: Kind::Livelock, message, location, conflict: None });
    }

    /// Ends the execution because this thread waits in a loop, and no other thread can run.
    pub(in crate::execution) fn spins(&mut self, thread: ThreadId) {
        let name = self.log.trace.thread_name(thread);
        let message = format!("{name} waits in a loop, and no other thread can run");
        let pending = self.threads[thread.index()].pending;
        self.never_ends(thread, message, pending.map(|pending| pending.location.to_string()));
    }

    /// Ends the execution because no thread can run.
    pub(crate) fn deadlock(&mut self) {
        if self.needs_an_alarm(None) {
            return;
        }
        let mut stuck = Vec::new();
        for thread in (0..self.threads.len() as u32).map(ThreadId) {
            if let Some(blocked) = self.blocked(thread) {
                stuck.push(format!(
                    "{} waits for {}",
                    self.log.trace.thread_name(thread),
                    self.log.trace.waiting(&blocked)
                ));
                self.log.trace.threads[thread.index()].blocked = Some(blocked);
            }
        }
        self.end(Ending::Violation {
            kind: Kind::Deadlock,
            message: stuck.join("; "),
            location: None,
            conflict: None,
        });
    }

    /// What the thread waits for.
    pub(in crate::execution) fn blocked(&self, thread: ThreadId) -> Option<Blocked> {
        let state = &self.threads[thread.index()];
        let pending = state.pending.filter(|_| !state.finished)?;
        let on = match (pending.waits, pending.object) {
            (Waits::Lock | Waits::ReadLock | Waits::Relock, Some(lock)) => Awaited::Lock(lock),
            (Waits::Notified { mutex, .. }, Some(condvar)) => {
                let notified = self.objects[condvar.index()].waiters.contains(&(thread, true));
                if notified { Awaited::Lock(mutex) } else { Awaited::Notification(condvar) }
            }
            (Waits::Notification { .. }, Some(condvar)) => Awaited::Notification(condvar),
            (Waits::End(other), _) => Awaited::End(other),
            (Waits::Token { .. }, _) => Awaited::Unpark,
            (Waits::Woken { .. }, Some(waker)) => Awaited::Wake(waker),
            (Waits::Never | Waits::Releasing { .. }, _) => return None,
            (Waits::Until(_) | Waits::WokenUntil(_), _) => return None,
            (
                Waits::Lock
                | Waits::ReadLock
                | Waits::Notified { .. }
                | Waits::Notification { .. }
                | Waits::Woken { .. }
                | Waits::Relock,
                None,
            ) => {
                unreachable!("they wait for an object")
            }
        };
        let holders = match on {
            Awaited::Lock(lock) => {
                let lock = &self.objects[lock.index()];
                lock.writer.iter().chain(&lock.readers).copied().collect()
            }
            Awaited::Notification(_) | Awaited::End(_) => Vec::new(),
            Awaited::Unpark | Awaited::Wake(_) => Vec::new(),
        };
        Some(Blocked { on, holders })
    }

    /// Ends a thread by a panic that a joiner may take.
    pub(in crate::execution) fn ends_by_panic(&mut self, thread: ThreadId, panic: Panic) {
        self.thread(thread).panicked = Some(panic);
        self.failure.ended_by_panics.push(thread);
    }

    /// Takes the first panic that no joiner has taken.
    pub(in crate::execution) fn take_unjoined(&mut self) -> Option<(ThreadId, Panic)> {
        let threads = &mut self.threads;
        let mut in_order = self.failure.ended_by_panics.iter();
        in_order.find_map(|&thread| Some((thread, threads[thread.index()].panicked.take()?)))
    }

    /// Ends the execution if a thread has panicked and nobody has joined it.
    fn settle_panics(&mut self) {
        let unjoined = if self.ending.is_none() { self.take_unjoined() } else { None };
        if let Some((thread, (message, location))) = unjoined {
            let name = self.log.trace.thread_name(thread);
            let message = format!("{name} panicked and nobody joined it: {message}");
            self.end(Ending::Violation { kind: Kind::Panic, message, location, conflict: None });
        }
    }

    /// The checks that are possible only after everything has ended: panics that were never joined,
    /// objects that were never dropped.
    pub(in crate::execution) fn settle(&mut self) {
        self.settle_panics();
        if self.ending.is_some() || constant::own_objects() {
            return; // what remains may be theirs
        }
        let left = match self.rules.terms.leaks {
            Leaks::Allowed => None,
            Leaks::Objects => self.left(|_| true),
            Leaks::Owned => self.left(|kind| kind == ObjectKind::Memory),
        };
        let arc = || match self.rules.terms.leaks {
            Leaks::Owned => self.memory.arcs.left(),
            Leaks::Objects | Leaks::Allowed => None,
        };
        if let Some((message, location)) = left.or_else(arc) {
            let location = Some(location.to_string());
            self.end(Ending::Violation { kind: Kind::Leak, message, location, conflict: None });
        }
    }

    /// The first object of these kinds that was never dropped, in words.
    fn left(
        &self,
        is_one: impl Fn(ObjectKind) -> bool,
    ) -> Option<(String, &'static Location<'static>)> {
        let objects = &self.log.trace.objects;
        let mut left = (0..)
            .zip(&self.objects)
            .zip(objects)
            .filter(|((_, state), object)| !state.dropped && is_one(object.kind));
        let ((first, _), object) = left.next()?;
        let (name, count) = (self.log.trace.object_name(ObjectId(first)), 1 + left.count());
        Some((format!("{name} was never dropped ({count} such objects)"), object.created))
    }
}
