//! Counters: one with separate increment and read, one with fetch-and-add.

use crate::linearize::Specification;
use crate::linearize::entry::Entry;
use crate::linearize::monitors::{self, Judgement};

/// A counter that is incremented by one and read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Counter(pub u64);

/// The operations of a [`Counter`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CounterOp {
    /// Adds one.
    Increment,
    /// Returns the count.
    Read,
}

/// What a [`CounterOp`] returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CounterRet {
    /// One was added.
    Incremented,
    /// The count.
    Value(u64),
}

impl Specification for Counter {
    type Op = CounterOp;
    type Ret = CounterRet;

    fn apply(&mut self, op: &CounterOp) -> CounterRet {
        match op {
            CounterOp::Increment => {
                self.0 += 1;
                CounterRet::Incremented
            }
            CounterOp::Read => CounterRet::Value(self.0),
        }
    }

    fn is_pure(op: &CounterOp) -> bool {
        *op == CounterOp::Read
    }

    const MONITOR: &'static str = "counter";

    fn monitor(&self, entries: &[Entry<'_, Self>]) -> Option<Judgement> {
        monitors::counter(self.0, entries)
    }
}

/// A counter with fetch-and-add, which wraps around.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct FetchAdd(pub i64);

/// Adds this to a [`FetchAdd`] and returns the previous value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FetchAddOp(pub i64);

impl Specification for FetchAdd {
    type Op = FetchAddOp;
    type Ret = i64;

    fn apply(&mut self, op: &FetchAddOp) -> i64 {
        let before = self.0;
        self.0 = before.wrapping_add(op.0);
        before
    }

    fn is_pure(op: &FetchAddOp) -> bool {
        op.0 == 0
    }

    const MONITOR: &'static str = "fetch-add";

    fn monitor(&self, entries: &[Entry<'_, Self>]) -> Option<Judgement> {
        monitors::fetch_add(self.0, entries)
    }
}
