//! A semaphore of which several permits are acquired at once.

use crate::sync::{Mutex, MutexGuard, PoisonError};
use std::collections::{BTreeSet, VecDeque};
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

/// Who gets permits first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fairness {
    /// Whoever asked first, and nobody before him.
    StrictlyFair,
    /// Anyone.
    Unfair,
}

/// Why no permits were acquired at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TryAcquireError {
    /// The semaphore is closed.
    Closed,
    /// There are not enough permits, or others have asked before.
    NoPermits,
}

/// The semaphore is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AcquireError(());

impl fmt::Display for AcquireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("semaphore closed")
    }
}

impl std::error::Error for AcquireError {}

/// A request that waits.
#[derive(Debug)]
struct Request {
    number: u64,
    permits: usize,
    waker: Waker,
}

#[derive(Debug)]
struct State {
    permits: usize,
    closed: bool,
    waiting: VecDeque<Request>,
    /// Requests that have their permits, and do not know it yet.
    granted: BTreeSet<u64>,
    requests: u64,
}

/// A semaphore of which several permits are acquired at once.
///
/// ```
/// use selvedge_shuttle as shuttle;
///
/// use shuttle::future::batch_semaphore::{BatchSemaphore, Fairness};
/// use shuttle::future::{block_on, spawn};
/// use std::sync::Arc;
///
/// shuttle::check_dfs(
///     || {
///         let room = Arc::new(BatchSemaphore::new(2, Fairness::StrictlyFair));
///         let theirs = Arc::clone(&room);
///         let other = spawn(async move {
///             theirs.acquire(2).await.unwrap();
///             theirs.release(2);
///         });
///         room.acquire_blocking(1).unwrap();
///         room.release(1);
///         block_on(other).unwrap();
///         assert_eq!(room.available_permits(), 2);
///     },
///     None,
/// );
/// ```
#[derive(Debug)]
pub struct BatchSemaphore {
    fairness: Fairness,
    state: Mutex<State>,
}

impl BatchSemaphore {
    /// Creates a semaphore with so many permits.
    #[track_caller]
    #[must_use]
    pub fn new(num_permits: usize, fairness: Fairness) -> BatchSemaphore {
        let state = State {
            permits: num_permits,
            closed: false,
            waiting: VecDeque::new(),
            granted: BTreeSet::new(),
            requests: 0,
        };
        BatchSemaphore { fairness, state: Mutex::new(state) }
    }

    #[track_caller]
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns how many permits there are.
    #[track_caller]
    #[must_use]
    pub fn available_permits(&self) -> usize {
        self.state().permits
    }

    /// Closes the semaphore: whoever waits gets an error.
    #[track_caller]
    pub fn close(&self) {
        let mut state = self.state();
        state.closed = true;
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        waiting.into_iter().for_each(|request| request.waker.wake());
    }

    /// Returns `true` if the semaphore is closed.
    #[track_caller]
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.state().closed
    }

    /// Acquires permits, if there are enough.
    ///
    /// # Errors
    /// If there are not, or the semaphore is closed.
    #[track_caller]
    pub fn try_acquire(&self, num_permits: usize) -> Result<(), TryAcquireError> {
        self.take(&mut self.state(), num_permits)
    }

    fn take(&self, state: &mut State, permits: usize) -> Result<(), TryAcquireError> {
        let comes_first = self.fairness == Fairness::Unfair || state.waiting.is_empty();
        if state.closed {
            return Err(TryAcquireError::Closed);
        }
        if state.permits < permits || !comes_first {
            return Err(TryAcquireError::NoPermits);
        }
        state.permits -= permits;
        Ok(())
    }

    /// Acquires permits, and waits until there are enough.
    pub fn acquire(&self, num_permits: usize) -> Acquire<'_> {
        Acquire { semaphore: self, permits: num_permits, number: None }
    }

    /// Acquires permits, and blocks until there are enough.
    ///
    /// # Errors
    /// If the semaphore is closed.
    #[track_caller]
    pub fn acquire_blocking(&self, num_permits: usize) -> Result<(), AcquireError> {
        super::block_on(self.acquire(num_permits))
    }

    /// Adds permits.
    #[track_caller]
    pub fn release(&self, num_permits: usize) {
        let mut state = self.state();
        state.permits += num_permits;
        let woken = self.serve(&mut state);
        drop(state);
        woken.into_iter().for_each(Waker::wake);
    }

    /// Gives permits to those that come first, or has all try again.
    fn serve(&self, state: &mut State) -> Vec<Waker> {
        if self.fairness == Fairness::Unfair {
            return state.waiting.drain(..).map(|request| request.waker).collect();
        }
        let mut woken = Vec::new();
        while let Some(first) = state.waiting.front()
            && first.permits <= state.permits
        {
            let Request { number, permits, waker } = state.waiting.pop_front().expect("the first");
            state.permits -= permits;
            state.granted.insert(number);
            woken.push(waker);
        }
        woken
    }
}

/// Waits for permits: see [`BatchSemaphore::acquire`].
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct Acquire<'a> {
    semaphore: &'a BatchSemaphore,
    permits: usize,
    /// The number of the request, once it waits.
    number: Option<u64>,
}

impl Future for Acquire<'_> {
    type Output = Result<(), AcquireError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let waker = context.waker().clone();
        let mut state = self.semaphore.state();
        if let Some(number) = self.number {
            if state.granted.remove(&number) {
                self.number = None;
                return Poll::Ready(Ok(()));
            }
            if let Some(request) = state.waiting.iter_mut().find(|one| one.number == number) {
                let before = std::mem::replace(&mut request.waker, waker);
                drop(state);
                drop(before);
                return Poll::Pending;
            }
        }
        match self.semaphore.take(&mut state, self.permits) {
            Ok(()) => {
                self.number = None;
                Poll::Ready(Ok(()))
            }
            Err(TryAcquireError::Closed) => Poll::Ready(Err(AcquireError(()))),
            Err(TryAcquireError::NoPermits) => {
                let number = state.requests;
                state.requests += 1;
                state.waiting.push_back(Request { number, permits: self.permits, waker });
                self.number = Some(number);
                Poll::Pending
            }
        }
    }
}

impl Drop for Acquire<'_> {
    fn drop(&mut self) {
        let Some(number) = self.number else { return };
        let mut state = self.semaphore.state();
        if state.granted.remove(&number) {
            state.permits += self.permits;
        }
        let place = state.waiting.iter().position(|request| request.number == number);
        let request = place.and_then(|place| state.waiting.remove(place));
        let woken = self.semaphore.serve(&mut state);
        drop(state);
        drop(request);
        woken.into_iter().for_each(Waker::wake);
    }
}
