//! Counters: one that is right, and one whose increment is split.

use proptest::prelude::*;
use selvedge::Subject;
use selvedge::linearize::Specification;
use selvedge::sync::atomic::{AtomicU64, Ordering::SeqCst};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    Increment,
    Read,
}

/// Both operations return the number after them.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct Count(u64);

impl Specification for Count {
    type Op = Op;
    type Ret = u64;

    fn apply(&mut self, op: &Op) -> u64 {
        self.0 += u64::from(*op == Op::Increment);
        self.0
    }

    fn is_pure(op: &Op) -> bool {
        *op == Op::Read
    }
}

fn operations() -> impl Strategy<Value = Op> {
    prop_oneof![Just(Op::Increment), Just(Op::Read)]
}

pub(crate) struct Counter(AtomicU64);

impl Subject for Counter {
    type Specification = Count;

    fn new() -> Self {
        Counter(AtomicU64::new(0))
    }

    fn call(&self, op: &Op) -> u64 {
        match op {
            Op::Increment => self.0.fetch_add(1, SeqCst) + 1,
            Op::Read => self.0.load(SeqCst),
        }
    }

    fn operations() -> impl Strategy<Value = Op> {
        operations()
    }
}

/// Reads, adds, writes: another increment may come in between.
pub(crate) struct Split(AtomicU64);

impl Subject for Split {
    type Specification = Count;

    fn new() -> Self {
        Split(AtomicU64::new(0))
    }

    fn call(&self, op: &Op) -> u64 {
        let seen = self.0.load(SeqCst);
        match op {
            Op::Increment => {
                self.0.store(seen + 1, SeqCst);
                seen + 1
            }
            Op::Read => seen,
        }
    }

    fn operations() -> impl Strategy<Value = Op> {
        operations()
    }
}
