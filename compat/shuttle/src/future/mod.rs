//! Futures in a model: an executor, by shuttle's names.

pub mod batch_semaphore;

use crate::current::{Heritage, Lives};
pub use selvedge::future::{AbortHandle, block_on, yield_now};
use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};

/// Starts a task, which a thread of its own polls.
///
/// ```
/// use selvedge_shuttle as shuttle;
///
/// use shuttle::future;
///
/// shuttle::check_dfs(
///     || {
///         let half = future::spawn(async { 21 });
///         assert_eq!(future::block_on(async { 2 * half.await.unwrap() }), 42);
///     },
///     None,
/// );
/// ```
#[track_caller]
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    start(future)
}

#[track_caller]
fn start<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    let task = selvedge::future::spawn(Local(child(future)));
    JoinHandle { task, output: PhantomData }
}

/// A task's future, with what its starter leaves it.
fn child<F: Future>(future: F) -> Pin<Box<Child<F>>> {
    Box::pin(Child {
        lives: None,
        heritage: Some(Heritage::of_mine(None)),
        future: Box::pin(future),
    })
}

struct Child<F> {
    /// While the task runs.
    lives: Option<Lives>,
    heritage: Option<Heritage>,
    future: Pin<Box<F>>,
}

impl<F: Future> Future for Child<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if let Some(heritage) = self.heritage.take() {
            self.lives = heritage.goes_to_me();
        }
        self.future.as_mut().poll(context)
    }
}

/// Starts a task that need not be `Send`: all tasks of a model run on one thread of the operating
/// system.
///
/// # Panics
/// Outside of a model.
#[track_caller]
pub fn spawn_local<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    let _in_a_model = crate::current::me();
    start(future)
}

/// What stays on one thread of the operating system, although its type does not know it.
struct Local<T>(T);

// SAFETY: 1. `spawn` has something that is `Send`. `spawn_local` has a model around it, whose tasks
// are green threads on one thread of the operating system, and a `JoinHandle` is `Send` only if its
// output is.
unsafe impl<T> Send for Local<T> {}

impl<F: Future + ?Sized> Future for Local<Pin<Box<F>>> {
    type Output = Local<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(context).map(Local)
    }
}

/// Owns a task: a future of its output. Dropping it detaches the task.
pub struct JoinHandle<T> {
    task: selvedge::future::JoinHandle<Local<T>>,
    /// Another thread of the operating system may have the handle only if it may have the output.
    output: PhantomData<Arc<Mutex<T>>>,
}

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.task.fmt(f)
    }
}

impl<T> JoinHandle<T> {
    /// Has the task drop its future instead of polling it the next time.
    pub fn abort(&self) {
        self.task.abort();
    }

    /// Returns a handle that only aborts the task.
    pub fn abort_handle(&self) -> AbortHandle {
        self.task.abort_handle()
    }

    /// Returns `true` if the task has ended.
    #[track_caller]
    pub fn is_finished(&self) -> bool {
        self.task.is_finished()
    }
}

impl<T> Future for JoinHandle<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(match ready!(Pin::new(&mut self.task).poll(context)) {
            Ok(Local(output)) => Ok(output),
            Err(error) => match error.try_into_panic() {
                Ok(payload) => std::panic::resume_unwind(payload),
                Err(_) => Err(JoinError::Cancelled),
            },
        })
    }
}

/// Why a task has no output.
#[derive(Debug)]
pub enum JoinError {
    /// It was aborted.
    Cancelled,
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            JoinError::Cancelled => f.write_str("task was cancelled"),
        }
    }
}

impl std::error::Error for JoinError {}
