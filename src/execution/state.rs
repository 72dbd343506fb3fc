//! The state of threads and of objects: which thread holds, which waits, what is announced.

use super::World;
use super::failure::Panic;
use super::green::Task;
use super::memory::cell::Lasting;
use super::operation::{Pending, Waits};
use crate::vocabulary::trace::{ObjectId, ThreadId, Value};
use smallvec::SmallVec;
use std::panic::Location;

#[derive(Debug, Default)]
pub(crate) struct ThreadState {
    pub(crate) pending: Option<Pending>,
    pub(crate) finished: bool,
    /// The shuttle task that runs it.
    pub(super) task: Task,
    /// How many events it has had.
    pub(crate) events: u64,
    /// How many objects it has created.
    pub(super) made: u32,
    /// Accesses to cells whose closures run, innermost last.
    pub(super) lasting: Vec<Lasting>,
    /// How many values the thread is dropping as the last owner of one of our `Arc`s.
    pub(super) last_owner_of: usize,
    /// Where those of them were created whose counts are no steps.
    pub(super) uncounted: SmallVec<[&'static Location<'static>; 1]>,
    /// `park`'s token.
    pub(crate) token: bool,
    /// It panicked and was not joined.
    pub(crate) panicked: Option<Panic>,
}

/// What an object is for the search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// What its kind says.
    Plain,
    /// A one-time initialisation, where memory is weak, and whether its turn ends well.
    Once { done: bool },
    /// A barrier of so many threads, where memory is weak.
    Barrier { threads: usize },
}

#[derive(Debug)]
pub(crate) struct ObjectState {
    /// The thread that created it, and its number among that thread's objects. It is the same in
    /// every execution in which that thread does the same, whatever the others do. For a static it
    /// is nobody, and a number that it has in the process.
    pub(crate) born: (ThreadId, u32),
    pub(crate) role: Role,
    /// Whether it is a part of another facade type.
    pub(crate) part: bool,
    pub(crate) writer: Option<ThreadId>,
    /// Who held it for writing last.
    pub(crate) last: Option<ThreadId>,
    pub(crate) readers: SmallVec<[ThreadId; 4]>,
    /// Threads that wait on the condition variable, in order of arrival. True once notified.
    pub(crate) waiters: SmallVec<[(ThreadId, bool); 4]>,
    /// The value with which an atomic was created.
    pub(crate) initial: Option<Value>,
    pub(super) dropped: bool,
    /// Whether a waker has woken its task since the task was polled.
    pub(super) woken: bool,
}

impl World {
    pub(super) fn is_free(&self, lock: ObjectId) -> bool {
        let object = &self.objects[lock.index()];
        object.writer.is_none() && object.readers.is_empty()
    }

    /// Whether the thread's announced operation could take effect now.
    pub(crate) fn enabled(&self, thread: ThreadId) -> bool {
        let state = &self.threads[thread.index()];
        let Some(pending) = state.pending.filter(|_| !state.finished) else { return false };
        let object = |id: ObjectId| &self.objects[id.index()];
        match (pending.waits, pending.object) {
            (Waits::Lock, Some(lock)) => self.is_free(lock),
            (Waits::Relock, Some(lock)) => self.is_free(lock) && object(lock).last != Some(thread),
            (Waits::ReadLock, Some(lock)) => object(lock).writer.is_none(),
            (Waits::Notified { mutex, .. }, Some(condvar)) => {
                self.is_free(mutex) && object(condvar).waiters.contains(&(thread, true))
            }
            (Waits::Notification { .. }, Some(condvar)) => {
                object(condvar).waiters.contains(&(thread, true))
            }
            (Waits::End(other), _) => self.threads[other.index()].finished,
            (Waits::Token { timeout }, _) => timeout || state.token,
            (Waits::Woken { yields }, Some(waker)) => yields || object(waker).woken,
            (Waits::WokenUntil(end), Some(waker)) => {
                object(waker).woken || self.turns.time.has_come(end)
            }
            (Waits::Until(end), _) => self.turns.time.has_come(end),
            (Waits::Never | Waits::Releasing { .. }, _) => true,
            (
                Waits::Lock
                | Waits::ReadLock
                | Waits::Notified { .. }
                | Waits::Notification { .. }
                | Waits::Woken { .. }
                | Waits::WokenUntil(_)
                | Waits::Relock,
                None,
            ) => {
                unreachable!("they wait for an object")
            }
        }
    }

    /// Whether the thread could run if its timeout fired.
    pub(crate) fn could_time_out(&self, thread: ThreadId) -> bool {
        let state = &self.threads[thread.index()];
        let waits = state.pending.filter(|_| !state.finished).map(|pending| pending.waits);
        matches!(waits, Some(Waits::Notified { mutex, timeout: true }) if self.is_free(mutex))
    }
}
