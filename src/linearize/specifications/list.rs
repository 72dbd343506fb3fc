//! An append-only list.

use super::Value;
use crate::linearize::Specification;
use crate::linearize::entry::Entry;
use crate::linearize::monitors::{self, Judgement};

/// A list to which values are appended, and which is read as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct List<T = i64>(pub Vec<T>);

/// The operations of a [`List`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ListOp<T = i64> {
    /// Adds a value at the end.
    Append(T),
    /// Returns all values in order.
    Read,
}

/// What a [`ListOp`] returns.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ListRet<T = i64> {
    /// The value was added.
    Appended,
    /// All values in order.
    Values(Vec<T>),
}

impl<T> Default for List<T> {
    fn default() -> Self {
        List(Vec::new())
    }
}

impl<T: Value> Specification for List<T> {
    type Op = ListOp<T>;
    type Ret = ListRet<T>;

    fn apply(&mut self, op: &ListOp<T>) -> ListRet<T> {
        match op {
            ListOp::Append(value) => {
                self.0.push(value.clone());
                ListRet::Appended
            }
            ListOp::Read => ListRet::Values(self.0.clone()),
        }
    }

    fn is_pure(op: &ListOp<T>) -> bool {
        matches!(op, ListOp::Read)
    }

    fn refuses(&self, _op: &ListOp<T>, ret: &ListRet<T>) -> bool {
        matches!(ret, ListRet::Values(values) if *values != self.0)
    }

    const MONITOR: &'static str = "list";

    fn monitor(&self, entries: &[Entry<'_, Self>]) -> Option<Judgement> {
        if self.0.is_empty() { monitors::list(entries) } else { None }
    }
}
