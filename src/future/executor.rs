//! Polls futures: on this thread, or on one of their own.

use super::handle::{Cancelled, JoinHandle, Progress};
use super::task::Task;
use crate::execution::tasks;
use crate::thread;
use std::future::{Future, IntoFuture, poll_fn};
use std::panic::{Location, resume_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

/// Polls a future on this thread until it is ready, and returns its output.
///
/// ```
/// assert_eq!(selvedge::future::block_on(async { 6 * 7 }), 42);
/// ```
#[track_caller]
pub fn block_on<F: IntoFuture>(future: F) -> F::Output {
    let task = Task::new();
    task.is_mine();
    let mut future = pin!(future.into_future());
    loop {
        if let Poll::Ready(output) = poll(&task, future.as_mut()) {
            return output;
        }
        task.rests();
    }
}

/// Starts a task: a thread of its own polls the future.
///
/// Dropping the handle detaches the task. An execution ends when all tasks have ended, so one that
/// nobody wakes any more is a deadlock, detached or not. A task that panics and is never awaited
/// fails its model, as a thread does that is never joined.
///
/// ```
/// use selvedge::future::{block_on, spawn};
///
/// let answer = spawn(async { 6 * 7 });
/// assert_eq!(block_on(answer).unwrap(), 42);
/// ```
///
/// # Panics
/// If the operating system fails to create a thread. In a model: never.
#[track_caller]
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let created = Location::caller();
    let (task, progress) = (Task::new(), Progress::new());
    let (its, ends) = (Arc::clone(&task), Arc::clone(&progress));
    let future: Pin<Box<dyn Future<Output = F::Output> + Send>> = Box::pin(future);
    let thread = thread::spawn(move || {
        let outcome = tasks::caught(|| run(&its, future));
        ends.ends(created); // a thread that unwinds cannot wait for its turn under loom
        outcome.unwrap_or_else(|payload| resume_unwind(payload))
    });
    JoinHandle::new(thread, task, progress, created)
}

/// Polls a task that may be aborted: before each poll, if its handle has woken it for that. Then it
/// drops the future.
fn run<T>(
    task: &Arc<Task>,
    mut future: Pin<Box<dyn Future<Output = T> + Send>>,
) -> Result<T, Cancelled> {
    let mut aborted = task.begins();
    while !aborted {
        if let Poll::Ready(output) = poll(task, future.as_mut()) {
            return Ok(output);
        }
        aborted = task.rests();
    }
    Err(Cancelled)
}

fn poll<F: Future + ?Sized>(task: &Arc<Task>, future: Pin<&mut F>) -> Poll<F::Output> {
    let waker = task.waker();
    future.poll(&mut Context::from_waker(&waker))
}

/// Lets other tasks run: it is pending once, and wakes itself.
///
/// ```
/// selvedge::future::block_on(selvedge::future::yield_now());
/// ```
pub async fn yield_now() {
    let mut yielded = false;
    poll_fn(|context| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
