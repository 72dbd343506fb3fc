//! A semaphore of which several permits are acquired at once.
//!
//! Each use is one step: an operation on an atomic, behind which the state changes before another
//! thread runs. To clone, drop or wake a waker is no scheduling point.

use crate::current::{TaskId, execution, has_ended, try_get_current_task};
use crate::sync::atomic::{AtomicUsize, Ordering};
use std::collections::{BTreeSet, VecDeque};
use std::fmt;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// Who gets permits first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fairness {
    /// Whoever asked first, and nobody before him, unless he lets others pass
    /// ([`BatchSemaphore::acquire_bypassable`]).
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

/// Where a request waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Behind those that have asked before.
    Back,
    /// The same, but who comes later may pass it where it cannot be served yet.
    Bypassable,
    /// Before all others: it has permits that the others may wait for.
    Front,
    /// As [`Place::Back`], but with so many permits there, all are kept for it.
    Reserving { least: usize },
}

/// A request that waits.
#[derive(Debug)]
struct Request {
    number: u64,
    permits: usize,
    place: Place,
    waker: Waker,
    /// Who has polled it last.
    task: Option<TaskId>,
}

impl Request {
    /// Whether nobody is left who waits for it.
    fn is_stale(&self) -> bool {
        self.task.is_some_and(has_ended)
    }
}

#[derive(Debug)]
struct State {
    /// In which execution it is used: that of a static begins anew in each.
    execution: u64,
    permits: usize,
    closed: bool,
    waiting: VecDeque<Request>,
    /// Who gets all permits that are there and come.
    reserved: Option<Request>,
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
    permits: usize,
    /// How often it was used.
    uses: AtomicUsize,
    state: Mutex<State>,
}

impl BatchSemaphore {
    /// Creates a semaphore with so many permits.
    #[track_caller]
    #[must_use]
    pub const fn new(num_permits: usize, fairness: Fairness) -> BatchSemaphore {
        let state = Mutex::new(State::new(0, num_permits));
        BatchSemaphore { fairness, permits: num_permits, uses: AtomicUsize::new(0), state }
    }

    /// Does the same as [`BatchSemaphore::new`].
    #[track_caller]
    #[must_use]
    pub const fn const_new(num_permits: usize, fairness: Fairness) -> BatchSemaphore {
        BatchSemaphore::new(num_permits, fairness)
    }

    #[track_caller]
    fn state(&self) -> MutexGuard<'_, State> {
        // AcqRel, with itself: each use knows of all before it
        self.uses.fetch_add(1, Ordering::AcqRel);
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.execution != execution() {
            let before = std::mem::replace(&mut *state, State::new(execution(), self.permits));
            std::mem::forget(before); // its wakers are of another execution
        }
        state
    }

    /// Returns how many permits there are for whoever asks: none while they are reserved.
    #[track_caller]
    #[must_use]
    pub fn available_permits(&self) -> usize {
        self.state().available()
    }

    /// Closes the semaphore: whoever waits gets an error.
    #[track_caller]
    pub fn close(&self) {
        let mut state = self.state();
        state.closed = true;
        let reserved = state.reserved.take();
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        waiting.into_iter().chain(reserved).for_each(|request| request.waker.wake());
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
        self.state().take(self.fairness, num_permits, Place::Back)
    }

    /// Acquires permits, and waits until there are enough.
    pub fn acquire(&self, num_permits: usize) -> Acquire<'_> {
        self.asks(num_permits, Place::Back)
    }

    fn asks(&self, permits: usize, place: Place) -> Acquire<'_> {
        Acquire { semaphore: self, permits, place, number: None }
    }

    /// Acquires permits, and lets later requests pass as long as there are not enough.
    pub fn acquire_bypassable(&self, num_permits: usize) -> Acquire<'_> {
        self.asks(num_permits, Place::Bypassable)
    }

    /// Acquires permits. As soon as `min_permits` of them are there, all are kept for this request.
    ///
    /// # Panics
    /// If the semaphore is strictly fair, if `num_permits` is zero, or if there are fewer than
    /// `min_permits`.
    pub fn acquire_reserving(&self, min_permits: usize, num_permits: usize) -> Acquire<'_> {
        let unfair = self.fairness == Fairness::Unfair;
        assert!(unfair, "only an unfair semaphore supports reservations");
        assert!(num_permits > 0 && min_permits <= num_permits, "what is reserved is acquired");
        self.asks(num_permits, Place::Reserving { least: min_permits })
    }

    /// Acquires permits, and blocks until there are enough.
    ///
    /// # Errors
    /// If the semaphore is closed.
    #[track_caller]
    pub fn acquire_blocking(&self, num_permits: usize) -> Result<(), AcquireError> {
        super::block_on(self.acquire(num_permits))
    }

    /// Acquires what is missing to so many permits, before all who wait: they may wait for what
    /// this task has already.
    ///
    /// # Panics
    /// If nothing is held, or nothing is missing.
    pub fn upgrade(&self, permits_currently_held: usize, permits_to_be_held: usize) -> Acquire<'_> {
        let missing = missing(permits_currently_held, permits_to_be_held);
        self.asks(missing, self.upgrades())
    }

    /// The same, if what is missing is there.
    ///
    /// # Errors
    /// If it is not, or the semaphore is closed.
    ///
    /// # Panics
    /// As [`BatchSemaphore::upgrade`].
    #[track_caller]
    pub fn try_upgrade(
        &self,
        permits_currently_held: usize,
        permits_to_be_held: usize,
    ) -> Result<(), TryAcquireError> {
        let missing = missing(permits_currently_held, permits_to_be_held);
        self.state().take(self.fairness, missing, self.upgrades())
    }

    fn upgrades(&self) -> Place {
        match self.fairness {
            Fairness::StrictlyFair => Place::Front,
            Fairness::Unfair => Place::Reserving { least: 0 },
        }
    }

    /// Adds permits.
    #[track_caller]
    pub fn release(&self, num_permits: usize) {
        let mut state = self.state();
        state.permits += num_permits;
        let woken = state.serve(self.fairness);
        drop(state);
        woken.into_iter().for_each(Waker::wake);
    }
}

fn missing(held: usize, wanted: usize) -> usize {
    assert!(0 < held && held < wanted, "an upgrade has some permits, and gets more");
    wanted - held
}

impl State {
    const fn new(execution: u64, permits: usize) -> State {
        State {
            execution,
            permits,
            closed: false,
            waiting: VecDeque::new(),
            reserved: None,
            granted: BTreeSet::new(),
            requests: 0,
        }
    }

    fn available(&self) -> usize {
        if self.reserved.is_some() { 0 } else { self.permits }
    }

    fn take(
        &mut self,
        fairness: Fairness,
        permits: usize,
        place: Place,
    ) -> Result<(), TryAcquireError> {
        let lets_pass =
            |first: &Request| first.place == Place::Bypassable && first.permits > self.permits;
        let comes_first = place == Place::Front
            || fairness == Fairness::Unfair
            || self.waiting.iter().all(lets_pass);
        if self.closed {
            return Err(TryAcquireError::Closed);
        }
        if permits > self.available() || !comes_first {
            return Err(TryAcquireError::NoPermits);
        }
        self.permits -= permits;
        Ok(())
    }

    /// Gives permits to those that come first, or has all try again. Returns who is to be woken.
    fn serve(&mut self, fairness: Fairness) -> Vec<Waker> {
        self.reserved.take_if(|request| request.is_stale());
        let reserved = self.reserved.take_if(|request| request.permits <= self.permits);
        let mut woken = Vec::from_iter(reserved.map(|request| self.grant(request)));
        match fairness {
            Fairness::Unfair if self.reserved.is_some() => {}
            // what is left is for whoever asks first
            Fairness::Unfair => woken.extend(self.waiting.drain(..).map(|request| request.waker)),
            Fairness::StrictlyFair => self.serve_in_order(&mut woken),
        }
        woken
    }

    fn serve_in_order(&mut self, woken: &mut Vec<Waker>) {
        self.waiting.retain(|request| !request.is_stale());
        let mut passed = 0;
        while let Some(next) = self.waiting.get(passed) {
            if next.permits <= self.permits {
                let request = self.waiting.remove(passed).expect("the next one");
                woken.push(self.grant(request));
            } else if next.place == Place::Bypassable {
                passed += 1;
            } else {
                break;
            }
        }
    }

    fn grant(&mut self, Request { number, permits, waker, .. }: Request) -> Waker {
        self.permits -= permits;
        self.granted.insert(number);
        waker
    }

    /// The request of this number, if it waits.
    fn request(&mut self, number: u64) -> Option<&mut Request> {
        let mut waiting = self.waiting.iter_mut().chain(&mut self.reserved);
        waiting.find(|request| request.number == number)
    }

    fn enqueue(&mut self, request: Request) {
        match request.place {
            Place::Front => self.waiting.push_front(request),
            Place::Reserving { least } if self.reserved.is_none() && self.permits >= least => {
                self.reserved = Some(request);
            }
            _ => self.waiting.push_back(request),
        }
    }
}

/// Waits for permits: see [`BatchSemaphore::acquire`].
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct Acquire<'a> {
    semaphore: &'a BatchSemaphore,
    permits: usize,
    place: Place,
    /// The number of the request, once it waits.
    number: Option<u64>,
}

impl Future for Acquire<'_> {
    type Output = Result<(), AcquireError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let (waker, task) = (context.waker().clone(), try_get_current_task());
        let mut state = self.semaphore.state();
        if let Some(number) = self.number {
            if state.granted.remove(&number) {
                self.number = None;
                return Poll::Ready(Ok(()));
            }
            if let Some(request) = state.request(number) {
                let before = std::mem::replace(&mut request.waker, waker);
                request.task = task;
                drop(state);
                drop(before);
                return Poll::Pending;
            }
        }
        match state.take(self.semaphore.fairness, self.permits, self.place) {
            Ok(()) => {
                self.number = None;
                Poll::Ready(Ok(()))
            }
            Err(TryAcquireError::Closed) => Poll::Ready(Err(AcquireError(()))),
            Err(TryAcquireError::NoPermits) => {
                let number = state.requests;
                state.requests += 1;
                let (permits, place) = (self.permits, self.place);
                state.enqueue(Request { number, permits, place, waker, task });
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
        let reserved = state.reserved.take_if(|request| request.number == number);
        let woken = state.serve(self.semaphore.fairness);
        drop(state);
        drop((request, reserved));
        woken.into_iter().for_each(Waker::wake);
    }
}
