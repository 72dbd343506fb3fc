//! Registers: one of two halves that are written one after the other; and one behind a
//! reader-writer lock.

use proptest::prelude::*;
use selvedge::Subject;
use selvedge::linearize::Specification;
use selvedge::sync::RwLock;
use selvedge::sync::atomic::{AtomicU8, Ordering::SeqCst};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    Write(u8),
    Read,
}

/// A write returns what it wrote.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct Register(u8);

impl Specification for Register {
    type Op = Op;
    type Ret = (u8, u8);

    fn apply(&mut self, op: &Op) -> (u8, u8) {
        if let Op::Write(value) = op {
            self.0 = *value;
        }
        (self.0, self.0)
    }
}

pub(crate) fn operations() -> impl Strategy<Value = Op> {
    prop_oneof![(0..4_u8).prop_map(Op::Write), Just(Op::Read)]
}

/// Two halves that must be equal, and are not while one of them is written.
pub(crate) struct Torn(AtomicU8, AtomicU8);

impl Subject for Torn {
    type Specification = Register;

    fn new() -> Self {
        Torn(AtomicU8::new(0), AtomicU8::new(0))
    }

    fn call(&self, op: &Op) -> (u8, u8) {
        match op {
            Op::Write(value) => {
                self.0.store(*value, SeqCst);
                self.1.store(*value, SeqCst);
                (*value, *value)
            }
            Op::Read => (self.0.load(SeqCst), self.1.load(SeqCst)),
        }
    }

    fn operations() -> impl Strategy<Value = Op> {
        operations()
    }
}

/// The same behind a lock.
pub(crate) struct Locked(RwLock<(u8, u8)>);

impl Subject for Locked {
    type Specification = Register;

    fn new() -> Self {
        Locked(RwLock::new((0, 0)))
    }

    fn call(&self, op: &Op) -> (u8, u8) {
        match op {
            Op::Write(value) => {
                *self.0.write().unwrap() = (*value, *value);
                (*value, *value)
            }
            Op::Read => *self.0.read().unwrap(),
        }
    }

    fn operations() -> impl Strategy<Value = Op> {
        operations()
    }
}
