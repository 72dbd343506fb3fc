//! The account as a subject: it behaves like a counter, and its broken form does not.

use super::{Account, Deposit, Unlocked};
use crate::linearizable::Subject;
use crate::linearize::specifications::{Counter, CounterOp, CounterRet};
use proptest::prelude::*;

fn operations() -> impl Strategy<Value = CounterOp> {
    prop_oneof![2 => Just(CounterOp::Increment), 1 => Just(CounterOp::Read)]
}

fn call(account: &impl Deposit, op: &CounterOp) -> CounterRet {
    match op {
        CounterOp::Increment => {
            account.deposit(1);
            CounterRet::Incremented
        }
        CounterOp::Read => CounterRet::Value(account.balance()),
    }
}

impl Subject for Account {
    type Specification = Counter;

    fn new() -> Self {
        Account::new(0)
    }

    fn call(&self, op: &CounterOp) -> CounterRet {
        call(self, op)
    }

    fn operations() -> impl Strategy<Value = CounterOp> {
        operations()
    }
}

impl Subject for Unlocked {
    type Specification = Counter;

    fn new() -> Self {
        Unlocked::new(0)
    }

    fn call(&self, op: &CounterOp) -> CounterRet {
        call(self, op)
    }

    fn operations() -> impl Strategy<Value = CounterOp> {
        operations()
    }
}
