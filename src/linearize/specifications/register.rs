//! Registers: one with read and write, and one that also has compare-and-swap.

use super::Value;
use crate::linearize::Specification;
use crate::linearize::entry::Entry;
use crate::linearize::monitors::{self, Judgement};

/// A register that is read and written. It holds its initial value: `Register(None)` for none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Register<T = i64>(pub T);

/// The operations of a [`Register`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RegisterOp<T = i64> {
    /// Returns the value.
    Read,
    /// Replaces the value.
    Write(T),
}

/// What a [`RegisterOp`] returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RegisterRet<T = i64> {
    /// The value.
    Value(T),
    /// The value was replaced.
    Written,
}

impl<T: Value> Specification for Register<T> {
    type Op = RegisterOp<T>;
    type Ret = RegisterRet<T>;

    fn apply(&mut self, op: &RegisterOp<T>) -> RegisterRet<T> {
        match op {
            RegisterOp::Read => RegisterRet::Value(self.0.clone()),
            RegisterOp::Write(value) => {
                self.0 = value.clone();
                RegisterRet::Written
            }
        }
    }

    fn is_pure(op: &RegisterOp<T>) -> bool {
        matches!(op, RegisterOp::Read)
    }

    fn refuses(&self, _op: &RegisterOp<T>, ret: &RegisterRet<T>) -> bool {
        matches!(ret, RegisterRet::Value(value) if *value != self.0)
    }

    const MONITOR: &'static str = "register";

    fn monitor(&self, entries: &[Entry<'_, Self>]) -> Option<Judgement> {
        monitors::register(&self.0, entries)
    }
}

/// A register that also has compare-and-swap. It holds its initial value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct CasRegister<T = i64>(pub T);

/// The operations of a [`CasRegister`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CasRegisterOp<T = i64> {
    /// Returns the value.
    Read,
    /// Replaces the value.
    Write(T),
    /// Replaces the value if it is the expected one.
    CompareAndSwap {
        /// The expected value.
        expected: T,
        /// The new value.
        new: T,
    },
}

/// What a [`CasRegisterOp`] returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CasRegisterRet<T = i64> {
    /// The value.
    Value(T),
    /// The value was replaced.
    Written,
    /// Whether the value was the expected one and was replaced.
    Swapped(bool),
}

impl<T: Value> Specification for CasRegister<T> {
    type Op = CasRegisterOp<T>;
    type Ret = CasRegisterRet<T>;

    fn apply(&mut self, op: &CasRegisterOp<T>) -> CasRegisterRet<T> {
        match op {
            CasRegisterOp::Read => CasRegisterRet::Value(self.0.clone()),
            CasRegisterOp::Write(value) => {
                self.0 = value.clone();
                CasRegisterRet::Written
            }
            CasRegisterOp::CompareAndSwap { expected, new } => {
                let swapped = self.0 == *expected;
                if swapped {
                    self.0 = new.clone();
                }
                CasRegisterRet::Swapped(swapped)
            }
        }
    }

    fn is_pure(op: &CasRegisterOp<T>) -> bool {
        match op {
            CasRegisterOp::Read => true,
            CasRegisterOp::Write(_) => false,
            CasRegisterOp::CompareAndSwap { expected, new } => expected == new,
        }
    }

    fn is_pure_if(_op: &CasRegisterOp<T>, ret: &CasRegisterRet<T>) -> bool {
        matches!(ret, CasRegisterRet::Swapped(false))
    }

    fn refuses(&self, op: &CasRegisterOp<T>, ret: &CasRegisterRet<T>) -> bool {
        match (op, ret) {
            (_, CasRegisterRet::Value(value)) => *value != self.0,
            (CasRegisterOp::CompareAndSwap { expected, .. }, CasRegisterRet::Swapped(swapped)) => {
                *swapped != (*expected == self.0)
            }
            _ => false,
        }
    }
}
