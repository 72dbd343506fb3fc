//! Cancellation: a future that is dropped where it is pending.

use crate::execution::{data, is_modelled};
use std::fmt;
use std::future::{Future, IntoFuture};
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Makes a future that may be dropped at each of its await points: then its output is `None`.
///
/// In a model, whether that happens is a choice wherever the future is pending, as with a timeout
/// or the other branch of a `select!`. All of them are explored, and which one was taken is drawn.
/// A thread takes each call in the source only once, or a loop around it would never end. loom has
/// no model of such choices. Outside of a model the future is never dropped.
///
/// ```
/// use selvedge::future::{block_on, cancellable, spawn};
/// use selvedge::sync::{Arc, Mutex};
///
/// selvedge::check(|| {
///     let item = Arc::new(Mutex::new(Some(7)));
///     let theirs = Arc::clone(&item);
///     let ready = spawn(async {});
///     let got = block_on(cancellable(async move {
///         let _ = ready.await;
///         theirs.lock().unwrap().take() // only once nothing is awaited any more
///     }));
///     let left = item.lock().unwrap().take();
///     assert_eq!(got.flatten().or(left), Some(7)); // no await point loses it
/// });
/// ```
#[track_caller]
pub fn cancellable<F: IntoFuture>(future: F) -> Cancellable<F::IntoFuture> {
    let future = Some(Box::pin(future.into_future()));
    Cancellable { future, created: Location::caller() }
}

/// A future that may be dropped where it is pending: see [`cancellable`].
#[must_use = "futures do nothing unless polled"]
pub struct Cancellable<F> {
    future: Option<Pin<Box<F>>>,
    created: &'static Location<'static>,
}

impl<F: Future> Future for Cancellable<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let future = self.future.as_mut().expect("it is not polled after it was ready");
        if let Poll::Ready(output) = future.as_mut().poll(context) {
            self.future = None;
            return Poll::Ready(Some(output));
        }
        if is_modelled() && data::cancels(self.created) {
            self.future = None;
            return Poll::Ready(None);
        }
        Poll::Pending
    }
}

impl<F> fmt::Debug for Cancellable<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cancellable").finish_non_exhaustive()
    }
}
