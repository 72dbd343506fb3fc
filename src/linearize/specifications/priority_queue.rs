//! A priority queue: greatest first.

use super::Value;
use crate::linearize::Specification;
use crate::linearize::entry::Entry;
use crate::linearize::monitors::{self, Does, Judgement};
use std::collections::BTreeMap;

/// A priority queue. Popping an empty one returns `None` and does not block.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PriorityQueue<T = i64>(
    /// The number of occurrences of each value.
    pub BTreeMap<T, usize>,
);

/// The operations of a [`PriorityQueue`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum PriorityQueueOp<T = i64> {
    /// Inserts a value.
    Insert(T),
    /// Removes the greatest value.
    PopMax,
}

/// What a [`PriorityQueueOp`] returns.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum PriorityQueueRet<T = i64> {
    /// The value was inserted.
    Inserted,
    /// The value that was removed, or `None` if there was none.
    Popped(Option<T>),
}

impl<T> Default for PriorityQueue<T> {
    fn default() -> Self {
        PriorityQueue(BTreeMap::new())
    }
}

impl<T: Value + Ord> Specification for PriorityQueue<T> {
    type Op = PriorityQueueOp<T>;
    type Ret = PriorityQueueRet<T>;

    fn apply(&mut self, op: &PriorityQueueOp<T>) -> PriorityQueueRet<T> {
        match op {
            PriorityQueueOp::Insert(value) => {
                *self.0.entry(value.clone()).or_insert(0) += 1;
                PriorityQueueRet::Inserted
            }
            PriorityQueueOp::PopMax => {
                PriorityQueueRet::Popped(self.0.last_entry().map(|mut greatest| {
                    let value = greatest.key().clone();
                    *greatest.get_mut() -= 1;
                    if *greatest.get() == 0 {
                        greatest.remove();
                    }
                    value
                }))
            }
        }
    }

    fn is_pure_if(_op: &PriorityQueueOp<T>, ret: &PriorityQueueRet<T>) -> bool {
        matches!(ret, PriorityQueueRet::Popped(None))
    }

    fn refuses(&self, _op: &PriorityQueueOp<T>, ret: &PriorityQueueRet<T>) -> bool {
        let greatest = self.0.last_key_value().map(|(value, _)| value);
        matches!(ret, PriorityQueueRet::Popped(value) if greatest != value.as_ref())
    }

    const MONITOR: &'static str = "priority queue";

    fn monitor(&self, entries: &[Entry<'_, Self>]) -> Option<Judgement> {
        if !self.0.is_empty() {
            return None;
        }
        let collection = monitors::collect(entries, |entry| match (entry.op, entry.returned()) {
            (PriorityQueueOp::Insert(value), Some(PriorityQueueRet::Inserted) | None) => {
                Some(Does::Insert(value))
            }
            (PriorityQueueOp::PopMax, Some(PriorityQueueRet::Popped(value))) => {
                Some(Does::Remove(value.as_ref()))
            }
            (PriorityQueueOp::PopMax, None) => Some(Does::PendingRemove),
            _ => None,
        });
        match collection {
            Ok(collection) => monitors::priority_queue(collection),
            Err(judgement) => judgement,
        }
    }
}
