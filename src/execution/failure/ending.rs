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
}

impl World {
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
        self.never_ends(message, Some(location.to_string()));
    }

    /// Ends the execution by a livelock. Threads that can run are not blocked.
    fn never_ends(&mut self, message: String, location: Option<String>) {
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
        self.never_ends(message, pending.map(|pending| pending.location.to_string()));
    }

    /// Ends the execution because no thread can run.
    pub(crate) fn deadlock(&mut self) {
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
            (Waits::Never | Waits::Releasing { .. } | Waits::Until(_), _) => return None,
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

    /// The checks that are possible only after everything has ended: panics that were never joined,
    /// objects that were never dropped.
    pub(in crate::execution) fn settle(&mut self) {
        if self.ending.is_some() {
            return;
        }
        if let Some((thread, (message, location))) = self.take_unjoined() {
            let name = self.log.trace.thread_name(thread);
            let message = format!("{name} panicked and nobody joined it: {message}");
            return self.end(Ending::Violation {
                kind: Kind::Panic,
                message,
                location,
                conflict: None,
            });
        }
        if constant::own_objects() {
            return; // what remains may be theirs
        }
        let left = match self.rules.leaks {
            Leaks::Allowed => None,
            Leaks::Objects => self.left(|_| true),
            Leaks::Owned => self.left(|kind| kind == ObjectKind::Memory),
        };
        let arc = || match self.rules.leaks {
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
