//! A bounded queue between threads, as a crate with shuttle tests has it.

use crate::sync::{Condvar, Mutex};
use std::collections::VecDeque;

/// The types of the platform, or shuttle's.
mod sync {
    #[cfg(feature = "shuttle")]
    pub(crate) use shuttle::sync::{Condvar, Mutex};
    #[cfg(not(feature = "shuttle"))]
    pub(crate) use std::sync::{Condvar, Mutex};
}

/// A queue of at most so many items.
pub struct Queue<T> {
    bound: usize,
    items: Mutex<VecDeque<T>>,
    changed: Condvar,
}

impl<T> Queue<T> {
    /// Creates an empty queue.
    pub fn new(bound: usize) -> Queue<T> {
        Queue { bound, items: Mutex::new(VecDeque::new()), changed: Condvar::new() }
    }

    /// Adds an item, and waits until there is room.
    pub fn push(&self, item: T) {
        let items = self.items.lock().unwrap();
        let mut items = self.changed.wait_while(items, |items| items.len() == self.bound).unwrap();
        items.push_back(item);
        self.changed.notify_all();
    }

    /// Takes the oldest item, and waits until there is one.
    pub fn pop(&self) -> T {
        let items = self.items.lock().unwrap();
        let mut items = self.changed.wait_while(items, |items| items.is_empty()).unwrap();
        self.changed.notify_all();
        items.pop_front().expect("there is one")
    }
}
