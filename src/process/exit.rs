//! The exit of a worker, visible to every waiter as soon as it is known.

use super::Failure;
use super::link::Message;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The exit of a worker, past or future.
#[derive(Clone)]
pub struct Exit(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    ended: Condvar,
    joining: AtomicBool,
}

#[derive(Default)]
struct State {
    ended: Option<Result<(), Failure>>,
    /// The worker's reply, until `join` takes it.
    reply: Message,
    /// The callbacks to call when a thread starts to wait for the exit.
    on_join: Vec<Box<dyn Fn() + Send>>,
}

impl Exit {
    pub(super) fn new() -> Self {
        let state = Mutex::new(State::default());
        Self(Arc::new(Shared { state, ended: Condvar::new(), joining: AtomicBool::new(false) }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing that can panic runs under this lock but `on_join`, which touches no state.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Blocks until the worker has ended. Returns `Ok` if it returned a result.
    ///
    /// # Errors
    ///
    /// What went wrong with the worker.
    pub fn wait(&self) -> Result<(), Failure> {
        let mut state = self.state();
        loop {
            if let Some(ended) = &state.ended {
                return ended.clone();
            }
            state = self.0.ended.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Blocks until the worker has ended, for at most `timeout`.
    pub fn wait_timeout(&self, timeout: Duration) -> Option<Result<(), Failure>> {
        let end = Instant::now().checked_add(timeout);
        let mut state = self.state();
        loop {
            if state.ended.is_some() {
                return state.ended.clone();
            }
            let left =
                end.map_or(Duration::MAX, |end| end.saturating_duration_since(Instant::now()));
            if left.is_zero() {
                return None;
            }
            state =
                self.0.ended.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Returns how the worker ended, if it has.
    #[must_use]
    pub fn get(&self) -> Option<Result<(), Failure>> {
        self.state().ended.clone()
    }

    /// Returns whether a thread waits for the worker and cannot receive what it sends meanwhile.
    pub(crate) fn is_joining(&self) -> bool {
        self.0.joining.load(Ordering::Acquire) // pairs with the Release store in `join`
    }

    /// Calls `tell` when a thread starts to wait for the worker.
    pub(crate) fn on_join(&self, tell: impl Fn() + Send + 'static) {
        self.state().on_join.push(Box::new(tell));
    }

    /// Records that a thread waits for the worker from now on.
    pub(super) fn join(&self) {
        // pairs with the Acquire load in `is_joining`
        self.0.joining.store(true, Ordering::Release);
        self.state().on_join.iter().for_each(|tell| tell());
    }

    pub(super) fn set(&self, ended: Result<Message, Failure>) {
        let mut state = self.state();
        let (ended, reply) = match ended {
            Ok(reply) => (Ok(()), reply),
            Err(failure) => (Err(failure), Message::default()),
        };
        state.ended = Some(ended);
        state.reply = reply;
        let told = std::mem::take(&mut state.on_join);
        drop(state);
        self.0.ended.notify_all();
        // they may hold the last of something whose `drop` is not ours: not under the lock
        drop(told);
    }

    pub(super) fn take_reply(&self) -> Message {
        std::mem::take(&mut self.state().reply)
    }
}

impl fmt::Debug for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Exit").field(&self.get()).finish()
    }
}
