//! What awaits a task, and what aborts it.

use super::task::Task;
use crate::execution::memory::atomic::{self, Rmw};
use crate::execution::{Home, Stored};
use crate::thread;
use crate::trace::{ObjectKind, Operation};
use std::any::Any;
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

/// A waker is there for the end of the task.
const AWAITED: u8 = 1;
/// The task has ended.
const ENDED: u8 = 2;

/// How far a task is, for who awaits it.
pub(super) struct Progress {
    home: Home,
    state: AtomicU8,
    /// It is used right behind a change of the state, before anything else happens.
    waker: Mutex<Option<Waker>>,
}

impl Progress {
    #[track_caller]
    pub(super) fn new() -> Arc<Progress> {
        let home = Home::valued(ObjectKind::Task, (Stored::Bits(0), atomic::create::<u8>));
        Arc::new(Progress { home, state: AtomicU8::new(0), waker: Mutex::new(None) })
    }

    /// Changes the state, and the waker as `then` does, which knows the state before.
    fn does<R>(
        &self,
        (name, rmw, bits): (&'static str, Rmw, u8),
        at: &'static Location<'static>,
        then: impl FnOnce(u8, &mut Option<Waker>) -> R,
    ) -> R {
        let locked = || self.waker.lock().unwrap_or_else(PoisonError::into_inner);
        // outside of a model, the lock makes it one step
        atomic::known::<u8>(&self.home, &self.state);
        let held = (!self.home.is_modelled()).then(locked);
        // AcqRel, with itself: who finds that the task has ended knows all that it did
        let order = Ordering::AcqRel;
        let operation = (Operation::Rmw(name, order), at);
        let before = atomic::rmw_as::<u8>(&self.home, &self.state, (rmw, bits), order, operation);
        then(before, &mut held.unwrap_or_else(locked))
    }

    /// The task has ended.
    pub(super) fn ends(&self, at: &'static Location<'static>) {
        let waker = self.does(("end", Rmw::Or, ENDED), at, |_, waker| waker.take());
        waker.into_iter().for_each(Waker::wake);
    }

    /// Whether the task has ended. If not, the waker is there when it does.
    fn has_ended(&self, waker: &Waker, at: &'static Location<'static>) -> bool {
        let mut clone = Some(waker.clone()); // an event of its own, so it comes before
        self.does(("await", Rmw::Or, AWAITED), at, |before, waker| {
            if before & ENDED == 0 {
                std::mem::swap(waker, &mut clone);
            }
            before & ENDED != 0
        })
    }

    /// Nobody awaits the task any more.
    fn forgets(&self, at: &'static Location<'static>) {
        let waker = self.does(("detach", Rmw::And, !AWAITED), at, |_, waker| waker.take());
        drop(waker); // an event of its own, so it comes afterwards
    }
}

/// A task was aborted before it was ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cancelled;

/// Why a task has no output: it was aborted, or it panicked.
pub struct JoinError(Option<Mutex<Box<dyn Any + Send>>>);

impl JoinError {
    /// Returns `true` if the task was aborted.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.is_none()
    }

    /// Returns `true` if the task panicked.
    #[must_use]
    pub fn is_panic(&self) -> bool {
        self.0.is_some()
    }

    /// Returns what the panic of the task carries.
    ///
    /// # Errors
    /// Returns the error if the task was aborted.
    pub fn try_into_panic(self) -> Result<Box<dyn Any + Send>, JoinError> {
        match self.0 {
            Some(payload) => Ok(payload.into_inner().unwrap_or_else(PoisonError::into_inner)),
            None => Err(self),
        }
    }
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_panic() { "the task panicked" } else { "the task was aborted" })
    }
}

impl fmt::Debug for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_panic() { "JoinError::Panic" } else { "JoinError::Cancelled" })
    }
}

impl std::error::Error for JoinError {}

/// Owns a task: a future of its output. Dropping it detaches the task.
///
/// ```
/// use selvedge::future::{block_on, pending, spawn};
///
/// let task = spawn(pending::<()>());
/// task.abort();
/// assert!(block_on(task).unwrap_err().is_cancelled());
/// ```
#[must_use = "dropping the handle detaches the task"]
pub struct JoinHandle<T> {
    thread: Option<thread::JoinHandle<Result<T, Cancelled>>>,
    abort: AbortHandle,
    /// Whether its waker may be there.
    polled: bool,
}

impl<T> JoinHandle<T> {
    pub(super) fn new(
        thread: thread::JoinHandle<Result<T, Cancelled>>,
        task: Arc<Task>,
        progress: Arc<Progress>,
        created: &'static Location<'static>,
    ) -> JoinHandle<T> {
        let abort = AbortHandle { task, progress, created };
        JoinHandle { thread: Some(thread), abort, polled: false }
    }

    /// Has the task drop its future instead of polling it the next time.
    ///
    /// A task that is being polled goes on to its next await point. If it is ready by then, it is
    /// not aborted.
    pub fn abort(&self) {
        self.abort.abort();
    }

    /// Returns a handle that only aborts the task.
    #[must_use]
    pub fn abort_handle(&self) -> AbortHandle {
        self.abort.clone()
    }

    /// Returns `true` if the task has ended.
    #[track_caller]
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.abort.is_finished()
    }
}

impl<T> Future for JoinHandle<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let AbortHandle { progress, created, .. } = self.abort.clone();
        self.polled = true;
        if !progress.has_ended(context.waker(), created) {
            return Poll::Pending;
        }
        let thread = self.thread.take().expect("a handle is not polled after it was ready");
        Poll::Ready(match thread.join_at(created) {
            Ok(result) => result.map_err(|Cancelled| JoinError(None)),
            Err(payload) => Err(JoinError(Some(Mutex::new(payload)))),
        })
    }
}

// nothing in it is pinned
impl<T> Unpin for JoinHandle<T> {}

impl<T> Drop for JoinHandle<T> {
    fn drop(&mut self) {
        let Some(thread) = &self.thread else { return };
        // a thread that is none of its execution's cannot take part in it, and must not panic here
        if self.polled && !self.abort.progress.home.is_over() {
            self.abort.progress.forgets(self.abort.created);
        }
        thread.detach();
    }
}

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinHandle").finish_non_exhaustive()
    }
}

/// Aborts a task, and does not own it: see [`JoinHandle::abort_handle`].
#[derive(Clone)]
pub struct AbortHandle {
    task: Arc<Task>,
    progress: Arc<Progress>,
    created: &'static Location<'static>,
}

impl AbortHandle {
    /// Does the same as [`JoinHandle::abort`].
    pub fn abort(&self) {
        self.task.aborts();
    }

    /// Returns `true` if the task has ended.
    #[track_caller]
    #[must_use]
    pub fn is_finished(&self) -> bool {
        let Progress { home, state, .. } = &*self.progress;
        // with the end of the task, which releases
        atomic::load::<u8>(home, state, Ordering::Acquire) & ENDED != 0
    }
}

impl fmt::Debug for AbortHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AbortHandle").finish_non_exhaustive()
    }
}
