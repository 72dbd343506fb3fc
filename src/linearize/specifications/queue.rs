//! A queue: first in, first out.

use super::Value;
use crate::linearize::Specification;
use crate::linearize::entry::Entry;
use crate::linearize::monitors::{self, Does, Judgement};
use std::collections::VecDeque;

/// An unbounded queue. Dequeuing from an empty one returns `None` and does not block.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Queue<T = i64>(pub VecDeque<T>);

/// The operations of a [`Queue`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum QueueOp<T = i64> {
    /// Adds a value at the end.
    Enqueue(T),
    /// Removes the oldest value.
    Dequeue,
}

/// What a [`QueueOp`] returns.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum QueueRet<T = i64> {
    /// The value was added.
    Enqueued,
    /// The value that was removed, or `None` if there was none.
    Dequeued(Option<T>),
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Queue(VecDeque::new())
    }
}

impl<T: Value> Specification for Queue<T> {
    type Op = QueueOp<T>;
    type Ret = QueueRet<T>;

    fn apply(&mut self, op: &QueueOp<T>) -> QueueRet<T> {
        match op {
            QueueOp::Enqueue(value) => {
                self.0.push_back(value.clone());
                QueueRet::Enqueued
            }
            QueueOp::Dequeue => QueueRet::Dequeued(self.0.pop_front()),
        }
    }

    fn is_pure_if(_op: &QueueOp<T>, ret: &QueueRet<T>) -> bool {
        matches!(ret, QueueRet::Dequeued(None))
    }

    fn refuses(&self, _op: &QueueOp<T>, ret: &QueueRet<T>) -> bool {
        matches!(ret, QueueRet::Dequeued(value) if self.0.front() != value.as_ref())
    }

    const MONITOR: &'static str = "queue";

    fn monitor(&self, entries: &[Entry<'_, Self>]) -> Option<Judgement> {
        if !self.0.is_empty() {
            return None;
        }
        let collection = monitors::collect(entries, |entry| match (entry.op, entry.returned()) {
            (QueueOp::Enqueue(value), Some(QueueRet::Enqueued) | None) => Some(Does::Insert(value)),
            (QueueOp::Dequeue, Some(QueueRet::Dequeued(value))) => {
                Some(Does::Remove(value.as_ref()))
            }
            (QueueOp::Dequeue, None) => Some(Does::PendingRemove),
            _ => None,
        });
        match collection {
            Ok(collection) => monitors::queue(collection),
            Err(judgement) => judgement,
        }
    }
}
