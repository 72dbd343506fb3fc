//! A set.

use super::Value;
use crate::linearize::entry::Entry;
use crate::linearize::monitors::{self, Judgement};
use crate::linearize::{Specification, key};
use std::collections::BTreeSet;

/// A set. Each operation concerns one value, so histories are checked value by value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Set<T = i64>(pub BTreeSet<T>);

/// The operations of a [`Set`]; each returns a `bool`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SetOp<T = i64> {
    /// Inserts a value. Returns whether it was absent.
    Insert(T),
    /// Removes a value. Returns whether it was present.
    Remove(T),
    /// Returns whether a value is present.
    Contains(T),
}

impl<T> Default for Set<T> {
    fn default() -> Self {
        Set(BTreeSet::new())
    }
}

impl<T: Value + Ord> Specification for Set<T> {
    type Op = SetOp<T>;
    type Ret = bool;

    fn apply(&mut self, op: &SetOp<T>) -> bool {
        match op {
            SetOp::Insert(value) => self.0.insert(value.clone()),
            SetOp::Remove(value) => self.0.remove(value),
            SetOp::Contains(value) => self.0.contains(value),
        }
    }

    fn is_pure(op: &SetOp<T>) -> bool {
        matches!(op, SetOp::Contains(_))
    }

    fn is_pure_if(_op: &SetOp<T>, ret: &bool) -> bool {
        !ret
    }

    fn key(op: &SetOp<T>) -> Option<u64> {
        let (SetOp::Insert(value) | SetOp::Remove(value) | SetOp::Contains(value)) = op;
        Some(key(value))
    }

    const MONITOR: &'static str = "set";

    fn monitor(&self, entries: &[Entry<'_, Self>]) -> Option<Judgement> {
        if self.0.is_empty() { monitors::set(entries) } else { None }
    }
}
