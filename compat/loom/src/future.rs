//! Futures in a model.

use selvedge::sync::{Mutex, PoisonError};
use selvedge::thread::{self, Thread};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

/// Wakes by unparking.
struct Unparks(Thread);

impl Wake for Unparks {
    #[track_caller]
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }

    #[track_caller]
    fn wake_by_ref(self: &Arc<Self>) {
        self.0.unpark();
    }
}

/// Polls a future until it is ready, and blocks while it is not woken. It may also poll spuriously,
/// as an executor does.
#[track_caller]
pub fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unparks(thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
        thread::park();
    }
}

/// A waker that one task registers and others wake.
///
/// ```
/// use selvedge_loom as loom;
///
/// use loom::future::{AtomicWaker, block_on};
/// use loom::sync::Arc;
/// use loom::sync::atomic::{AtomicBool, Ordering::{Acquire, Release}};
/// use std::task::Poll;
///
/// loom::model(|| {
///     let done = Arc::new((AtomicBool::new(false), AtomicWaker::new()));
///     let theirs = Arc::clone(&done);
///     let worker = loom::thread::spawn(move || {
///         theirs.0.store(true, Release);
///         theirs.1.wake();
///     });
///     block_on(std::future::poll_fn(|context| {
///         done.1.register_by_ref(context.waker());
///         if done.0.load(Acquire) { Poll::Ready(()) } else { Poll::Pending }
///     }));
///     worker.join().unwrap();
/// });
/// ```
#[derive(Debug)]
pub struct AtomicWaker(Mutex<Option<Waker>>);

impl AtomicWaker {
    /// Creates one that nobody has registered at.
    #[track_caller]
    pub fn new() -> AtomicWaker {
        AtomicWaker(Mutex::new(None))
    }

    /// Replaces the waker.
    #[track_caller]
    pub fn register(&self, waker: Waker) {
        let mut place = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = place.replace(waker);
        drop(place);
        drop(before); // the last owner of a task may run anything
    }

    /// Replaces the waker with a clone of this one.
    #[track_caller]
    pub fn register_by_ref(&self, waker: &Waker) {
        self.register(waker.clone());
    }

    /// Wakes the registered waker, if there is one, and forgets it.
    #[track_caller]
    pub fn wake(&self) {
        self.take_waker().into_iter().for_each(Waker::wake);
    }

    /// Takes the registered waker, to wake it later.
    #[track_caller]
    pub fn take_waker(&self) -> Option<Waker> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Default for AtomicWaker {
    #[track_caller]
    fn default() -> AtomicWaker {
        AtomicWaker::new()
    }
}
