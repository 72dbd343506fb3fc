//! Timers of tasks.

use super::{Duration, Instant};
use crate::execution::{is_modelled, time};
use crate::future::is_of_this_thread;
use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

/// A future that is ready when its time has come. Nothing waits for a timer that was dropped.
///
/// In a model, virtual time passes while tasks wait for timers: see [`time`](self::super). Its task
/// must be one of [`block_on`](crate::future::block_on) or [`spawn`](crate::future::spawn): if a
/// thread waits in another way for its waker, the verdict is unknown. So it is if another task
/// drops or polls a timer while its task waits for it.
///
/// ```
/// use selvedge::future::{block_on, spawn};
/// use selvedge::sync::{Arc, Mutex};
/// use selvedge::time::{Duration, Instant, Timer};
///
/// selvedge::check(|| {
///     let log = Arc::new(Mutex::new(Vec::new()));
///     let start = Instant::now();
///     let tasks = [3, 1, 2].map(|seconds| {
///         let log = Arc::clone(&log);
///         spawn(async move {
///             Timer::after(Duration::from_secs(seconds)).await;
///             log.lock().unwrap().push(seconds);
///         })
///     });
///     tasks.map(|task| block_on(task).unwrap());
///     assert_eq!(*log.lock().unwrap(), [1, 2, 3]);
///     assert_eq!(start.elapsed(), Duration::from_secs(3));
/// });
/// ```
#[must_use = "futures do nothing unless polled"]
pub struct Timer {
    end: Instant,
    /// Its number in the process.
    number: u64,
    /// Whom a thread wakes outside of a model, once there is such a thread.
    sleeper: Option<Arc<Mutex<Waker>>>,
}

impl Timer {
    /// Creates a timer that ends when so much time has passed.
    ///
    /// # Panics
    /// If such a time cannot be told.
    pub fn after(duration: Duration) -> Timer {
        Timer::at(Instant::now() + duration)
    }

    /// Creates a timer that ends at this time.
    pub fn at(end: Instant) -> Timer {
        // Relaxed: only uniqueness matters
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Timer { end, number: NEXT.fetch_add(1, Ordering::Relaxed), sleeper: None }
    }

    /// Has a thread wake this waker outside of a model.
    fn sleeps(&mut self, waker: &Waker) {
        if let Some(sleeper) = &self.sleeper {
            sleeper.lock().unwrap_or_else(PoisonError::into_inner).clone_from(waker);
            return;
        }
        let sleeper = Arc::new(Mutex::new(waker.clone()));
        self.sleeper = Some(Arc::clone(&sleeper));
        let rest = self.end.saturating_duration_since(Instant::now());
        std::thread::spawn(move || {
            std::thread::sleep(rest);
            sleeper.lock().unwrap_or_else(PoisonError::into_inner).wake_by_ref();
        });
    }
}

impl Future for Timer {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if Instant::now() >= self.end {
            return Poll::Ready(());
        }
        match self.end.in_the_model() {
            Some(end) => {
                let waker = context.waker();
                time::set_alarm(self.number, end, waker.clone(), is_of_this_thread(waker));
            }
            None => self.sleeps(context.waker()),
        }
        Poll::Pending
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        if is_modelled() {
            time::clear_alarm(self.number);
        }
    }
}

impl fmt::Debug for Timer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timer").field("end", &self.end).finish_non_exhaustive()
    }
}

/// Waits for a future, but not longer than this. A future that is ready when its time has come has
/// come in time.
///
/// In a model, time is virtual: only where nothing else can go on, the future is too late. Whether
/// it may be dropped anywhere is for [`cancellable`](crate::future::cancellable) to explore.
///
/// ```
/// use selvedge::future::{block_on, pending};
/// use selvedge::time::{Duration, timeout};
///
/// let second = Duration::from_millis(1);
/// assert_eq!(block_on(timeout(second, async { 7 })).unwrap(), 7);
/// assert!(block_on(timeout(second, pending::<()>())).is_err());
/// ```
///
/// # Errors
/// The output is an error if the future was not ready in time.
///
/// # Panics
/// As [`Timer::after`].
pub fn timeout<F: IntoFuture>(duration: Duration, future: F) -> Timeout<F::IntoFuture> {
    Timeout { future: Box::pin(future.into_future()), timer: Timer::after(duration) }
}

/// A future that has only so much time: see [`timeout`].
#[must_use = "futures do nothing unless polled"]
pub struct Timeout<F> {
    future: Pin<Box<F>>,
    timer: Timer,
}

impl<F: Future> Future for Timeout<F> {
    type Output = Result<F::Output, Elapsed>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if let Poll::Ready(output) = self.future.as_mut().poll(context) {
            return Poll::Ready(Ok(output));
        }
        Pin::new(&mut self.timer).poll(context).map(|()| Err(Elapsed(())))
    }
}

impl<F> fmt::Debug for Timeout<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timeout").field("end", &self.timer.end).finish_non_exhaustive()
    }
}

/// The time of a [`timeout`] has passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Elapsed(());

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the time has passed")
    }
}

impl std::error::Error for Elapsed {}
