//! A place for one item, which a task waits for.

use selvedge::sync::{Mutex, MutexGuard, PoisonError};
use std::future::poll_fn;
use std::task::{Poll, Waker};

/// Holds one item at the most.
pub struct Slot<T> {
    state: Mutex<State<T>>,
}

struct State<T> {
    item: Option<T>,
    waker: Option<Waker>,
}

impl<T> Default for Slot<T> {
    fn default() -> Slot<T> {
        Slot { state: Mutex::new(State { item: None, waker: None }) }
    }
}

impl<T> Slot<T> {
    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts an item, and wakes who waits. Returns what was there.
    pub fn put(&self, item: T) -> Option<T> {
        let mut state = self.state();
        let before = state.item.replace(item);
        let waker = state.waker.take();
        drop(state); // who is woken needs the lock
        waker.into_iter().for_each(Waker::wake);
        before
    }

    /// Waits for an item, and takes it. Dropped while it waits, it has taken nothing.
    pub async fn take(&self) -> T {
        poll_fn(|context| {
            let mut state = self.state();
            match state.item.take() {
                Some(item) => Poll::Ready(item),
                None => {
                    state.waker = Some(context.waker().clone());
                    Poll::Pending
                }
            }
        })
        .await
    }
}
