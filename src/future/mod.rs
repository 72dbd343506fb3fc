//! `std::future`, and an executor for models.
//!
//! Without the feature `model` this is std's `future`: std has no executor, so what follows exists
//! in models only, and in tests of the same code outside of a model.
//!
//! In a model each task is polled by a thread of its own. Wakers are drawn: who cloned, woke or
//! dropped one. Their wakes and the polls that follow are branch points, and a poll without a wake
//! is explored once at each place of a thread ([`Check::spurious`](crate::Check::spurious)). A task
//! that nobody wakes any more is a deadlock, which names the last use of its waker.
//!
//! ```
//! use selvedge::future::{block_on, spawn};
//!
//! selvedge::check(|| {
//!     let answer = block_on(async {
//!         let half = spawn(async { 21 });
//!         2 * half.await.unwrap()
//!     });
//!     assert_eq!(answer, 42);
//! });
//! ```

pub use std::future::*;

#[cfg(feature = "model")]
mod atomic_waker;
#[cfg(feature = "model")]
mod cancel;
#[cfg(feature = "model")]
mod executor;
#[cfg(feature = "model")]
mod handle;
#[cfg(feature = "model")]
mod task;

#[cfg(feature = "model")]
pub use atomic_waker::AtomicWaker;
#[cfg(feature = "model")]
pub use cancel::{Cancellable, cancellable};
#[cfg(feature = "model")]
pub use executor::{block_on, spawn, yield_now};
#[cfg(feature = "model")]
pub use handle::{AbortHandle, JoinError, JoinHandle};
#[cfg(feature = "model")]
pub(crate) use task::is_of_this_thread;
