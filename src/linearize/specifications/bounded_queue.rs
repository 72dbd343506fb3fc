//! A bounded queue with blocking operations, which can be closed: a channel.

use super::Value;
use crate::linearize::Specification;
use std::collections::VecDeque;

/// A queue that holds at most its capacity, and can be closed.
///
/// An enqueue blocks while the queue is full and open, a dequeue while it is empty and open: they
/// are not enabled then. The values in a closed queue can still be dequeued.
///
/// ```
/// use selvedge::linearize::Specification;
/// use selvedge::linearize::specifications::{BoundedQueue, BoundedQueueOp, BoundedQueueRet};
///
/// let mut queue = BoundedQueue::new(1);
/// assert_eq!(queue.apply(&BoundedQueueOp::Enqueue(7)), BoundedQueueRet::Enqueued);
/// assert!(!queue.is_enabled(&BoundedQueueOp::Enqueue(8)));
/// assert_eq!(queue.apply(&BoundedQueueOp::TryEnqueue(8)), BoundedQueueRet::Full);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BoundedQueue<T = i64> {
    values: VecDeque<T>,
    capacity: usize,
    closed: bool,
}

/// The operations of a [`BoundedQueue`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum BoundedQueueOp<T = i64> {
    /// Adds a value at the end: `Enqueued` or `Closed`. Blocks while the queue is full and open.
    Enqueue(T),
    /// Adds a value at the end without blocking: `Enqueued`, `Full` or `Closed`.
    TryEnqueue(T),
    /// Removes the oldest value: `Dequeued`, or `Closed` if there is none and none will come.
    /// Blocks while the queue is empty and open.
    Dequeue,
    /// Removes the oldest value without blocking: `Dequeued`, `Empty` or `Closed`.
    TryDequeue,
    /// Closes the queue: `Closed`. It may be closed already.
    Close,
}

/// What a [`BoundedQueueOp`] returns.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum BoundedQueueRet<T = i64> {
    /// The value was added.
    Enqueued,
    /// The value was not added: there was no room.
    Full,
    /// The value that was removed.
    Dequeued(T),
    /// There was no value.
    Empty,
    /// The queue is closed, and nothing was added or removed.
    Closed,
}

impl<T> BoundedQueue<T> {
    /// Creates an empty queue of this capacity.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        BoundedQueue { values: VecDeque::new(), capacity, closed: false }
    }
}

impl<T: Value> Specification for BoundedQueue<T> {
    type Op = BoundedQueueOp<T>;
    type Ret = BoundedQueueRet<T>;

    fn apply(&mut self, op: &BoundedQueueOp<T>) -> BoundedQueueRet<T> {
        match op {
            BoundedQueueOp::Enqueue(_) | BoundedQueueOp::TryEnqueue(_) if self.closed => {
                BoundedQueueRet::Closed
            }
            BoundedQueueOp::Enqueue(_) | BoundedQueueOp::TryEnqueue(_)
                if self.values.len() >= self.capacity =>
            {
                BoundedQueueRet::Full
            }
            BoundedQueueOp::Enqueue(value) | BoundedQueueOp::TryEnqueue(value) => {
                self.values.push_back(value.clone());
                BoundedQueueRet::Enqueued
            }
            BoundedQueueOp::Dequeue | BoundedQueueOp::TryDequeue => match self.values.pop_front() {
                Some(value) => BoundedQueueRet::Dequeued(value),
                None if self.closed => BoundedQueueRet::Closed,
                None => BoundedQueueRet::Empty,
            },
            BoundedQueueOp::Close => {
                self.closed = true;
                BoundedQueueRet::Closed
            }
        }
    }

    fn is_enabled(&self, op: &BoundedQueueOp<T>) -> bool {
        match op {
            BoundedQueueOp::Enqueue(_) => self.closed || self.values.len() < self.capacity,
            BoundedQueueOp::Dequeue => self.closed || !self.values.is_empty(),
            BoundedQueueOp::TryEnqueue(_) | BoundedQueueOp::TryDequeue | BoundedQueueOp::Close => {
                true
            }
        }
    }

    fn is_pure_if(op: &BoundedQueueOp<T>, ret: &BoundedQueueRet<T>) -> bool {
        match ret {
            BoundedQueueRet::Full | BoundedQueueRet::Empty => true,
            BoundedQueueRet::Closed => *op != BoundedQueueOp::Close,
            BoundedQueueRet::Enqueued | BoundedQueueRet::Dequeued(_) => false,
        }
    }
}
