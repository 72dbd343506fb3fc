//! Maps behind a lock: one that holds it while it inserts, and one that copies, changes the copy
//! and puts it back.

use proptest::prelude::*;
use selvedge::Subject;
use selvedge::linearize::{Specification, key};
use selvedge::sync::Mutex;
use std::collections::BTreeMap;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    Insert(u8, u8),
    Get(u8),
}

/// An insertion returns what was there before.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct Map(BTreeMap<u8, u8>);

impl Specification for Map {
    type Op = Op;
    type Ret = Option<u8>;

    fn apply(&mut self, op: &Op) -> Option<u8> {
        match op {
            Op::Insert(key, value) => self.0.insert(*key, *value),
            Op::Get(key) => self.0.get(key).copied(),
        }
    }

    fn key(op: &Op) -> Option<u64> {
        let (Op::Insert(of, _) | Op::Get(of)) = op;
        Some(key(of))
    }
}

fn operations() -> impl Strategy<Value = Op> {
    prop_oneof![
        (0..3_u8, 1..4_u8).prop_map(|(key, value)| Op::Insert(key, value)),
        (0..3_u8).prop_map(Op::Get)
    ]
}

pub(crate) struct Locked(Mutex<BTreeMap<u8, u8>>);

impl Subject for Locked {
    type Specification = Map;

    fn new() -> Self {
        Locked(Mutex::default())
    }

    fn call(&self, op: &Op) -> Option<u8> {
        let mut map = self.0.lock().unwrap();
        match op {
            Op::Insert(key, value) => map.insert(*key, *value),
            Op::Get(key) => map.get(key).copied(),
        }
    }

    fn operations() -> impl Strategy<Value = Op> {
        operations()
    }
}

/// Loses what was inserted between its copy and its return.
pub(crate) struct Copying(Mutex<BTreeMap<u8, u8>>);

impl Subject for Copying {
    type Specification = Map;

    fn new() -> Self {
        Copying(Mutex::default())
    }

    fn call(&self, op: &Op) -> Option<u8> {
        let mut copy = self.0.lock().unwrap().clone();
        match op {
            Op::Insert(key, value) => {
                let before = copy.insert(*key, *value);
                *self.0.lock().unwrap() = copy;
                before
            }
            Op::Get(key) => copy.get(key).copied(),
        }
    }

    fn operations() -> impl Strategy<Value = Op> {
        operations()
    }
}
