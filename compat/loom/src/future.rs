//! Futures in a model.

pub use selvedge::future::block_on;
use std::task::Waker;

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
#[derive(Debug, Default)]
pub struct AtomicWaker(selvedge::future::AtomicWaker);

impl AtomicWaker {
    /// Creates one that nobody has registered at.
    #[track_caller]
    pub fn new() -> AtomicWaker {
        AtomicWaker(selvedge::future::AtomicWaker::new())
    }

    /// Replaces the waker.
    #[track_caller]
    pub fn register(&self, waker: Waker) {
        self.0.register(&waker);
    }

    /// Replaces the waker with a clone of this one.
    #[track_caller]
    pub fn register_by_ref(&self, waker: &Waker) {
        self.0.register(waker);
    }

    /// Wakes the registered waker, if there is one, and forgets it.
    #[track_caller]
    pub fn wake(&self) {
        self.0.wake();
    }

    /// Takes the registered waker, to wake it later.
    #[track_caller]
    pub fn take_waker(&self) -> Option<Waker> {
        self.0.take()
    }
}
