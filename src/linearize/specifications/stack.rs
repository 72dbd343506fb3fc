//! A stack: last in, first out.

use super::Value;
use crate::linearize::Specification;
use crate::linearize::entry::Entry;
use crate::linearize::monitors::{self, Does, Judgement};

/// An unbounded stack. Popping an empty one returns `None` and does not block.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Stack<T = i64>(pub Vec<T>);

/// The operations of a [`Stack`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum StackOp<T = i64> {
    /// Pushes a value.
    Push(T),
    /// Removes the value on top.
    Pop,
}

/// What a [`StackOp`] returns.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum StackRet<T = i64> {
    /// The value was pushed.
    Pushed,
    /// The value that was removed, or `None` if there was none.
    Popped(Option<T>),
}

impl<T> Default for Stack<T> {
    fn default() -> Self {
        Stack(Vec::new())
    }
}

impl<T: Value> Specification for Stack<T> {
    type Op = StackOp<T>;
    type Ret = StackRet<T>;

    fn apply(&mut self, op: &StackOp<T>) -> StackRet<T> {
        match op {
            StackOp::Push(value) => {
                self.0.push(value.clone());
                StackRet::Pushed
            }
            StackOp::Pop => StackRet::Popped(self.0.pop()),
        }
    }

    fn is_pure_if(_op: &StackOp<T>, ret: &StackRet<T>) -> bool {
        matches!(ret, StackRet::Popped(None))
    }

    fn refuses(&self, _op: &StackOp<T>, ret: &StackRet<T>) -> bool {
        matches!(ret, StackRet::Popped(value) if self.0.last() != value.as_ref())
    }

    const MONITOR: &'static str = "stack";

    fn monitor(&self, entries: &[Entry<'_, Self>]) -> Option<Judgement> {
        if !self.0.is_empty() {
            return None;
        }
        let collection = monitors::collect(entries, |entry| match (entry.op, entry.returned()) {
            (StackOp::Push(value), Some(StackRet::Pushed) | None) => Some(Does::Insert(value)),
            (StackOp::Pop, Some(StackRet::Popped(value))) => Some(Does::Remove(value.as_ref())),
            (StackOp::Pop, None) => Some(Does::PendingRemove),
            _ => None,
        });
        match collection {
            Ok(collection) => monitors::stack(collection),
            Err(judgement) => judgement,
        }
    }
}
