//! Semaphores of one permit: one that is right and blocks, one that forgets to wake, and one that
//! admits too many.

use proptest::prelude::*;
use selvedge::Subject;
use selvedge::linearize::Specification;
use selvedge::sync::atomic::{AtomicU8, Ordering::SeqCst};
use selvedge::sync::{Condvar, Mutex};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    Acquire,
    TryAcquire,
    Release,
}

/// Whether a permit was acquired; a release is always possible, and there are never more than two
/// permits.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Permits(u8);

impl Default for Permits {
    fn default() -> Self {
        Permits(1)
    }
}

impl Specification for Permits {
    type Op = Op;
    type Ret = bool;

    fn apply(&mut self, op: &Op) -> bool {
        match op {
            Op::Release => {
                self.0 = 2.min(self.0 + 1);
                true
            }
            Op::Acquire | Op::TryAcquire => {
                let some = self.0 > 0;
                self.0 -= u8::from(some);
                some
            }
        }
    }

    fn is_enabled(&self, op: &Op) -> bool {
        *op != Op::Acquire || self.0 > 0
    }
}

fn operations() -> impl Strategy<Value = Op> {
    prop_oneof![Just(Op::Acquire), Just(Op::TryAcquire), Just(Op::Release)]
}

struct Semaphore {
    permits: Mutex<u8>,
    released: Condvar,
}

impl Semaphore {
    fn call(&self, op: &Op, wakes: bool) -> bool {
        let mut permits = self.permits.lock().unwrap();
        match op {
            Op::Release => {
                *permits = 2.min(*permits + 1);
                if wakes {
                    self.released.notify_one();
                }
                return true;
            }
            Op::TryAcquire if *permits == 0 => return false,
            Op::TryAcquire => {}
            Op::Acquire => {
                while *permits == 0 {
                    permits = self.released.wait(permits).unwrap();
                }
            }
        }
        *permits -= 1;
        true
    }
}

pub(crate) struct Right(Semaphore);

impl Subject for Right {
    type Specification = Permits;

    fn new() -> Self {
        Right(Semaphore { permits: Mutex::new(1), released: Condvar::new() })
    }

    fn call(&self, op: &Op) -> bool {
        self.0.call(op, true)
    }

    fn operations() -> impl Strategy<Value = Op> {
        operations()
    }
}

/// Releases without a word to those that wait.
pub(crate) struct Silent(Semaphore);

impl Subject for Silent {
    type Specification = Permits;

    fn new() -> Self {
        Silent(Right::new().0)
    }

    fn call(&self, op: &Op) -> bool {
        self.0.call(op, false)
    }

    fn operations() -> impl Strategy<Value = Op> {
        operations()
    }
}

/// Looks whether there is a permit, and takes it later. Without the operation that blocks.
pub(crate) struct OverAdmitting(AtomicU8);

impl Subject for OverAdmitting {
    type Specification = Permits;

    fn new() -> Self {
        OverAdmitting(AtomicU8::new(1))
    }

    fn call(&self, op: &Op) -> bool {
        match op {
            Op::Release => {
                self.0.fetch_update(SeqCst, SeqCst, |permits| Some(2.min(permits + 1))).is_ok()
            }
            _ => {
                let permits = self.0.load(SeqCst);
                if permits > 0 {
                    self.0.store(permits - 1, SeqCst);
                }
                permits > 0
            }
        }
    }

    fn operations() -> impl Strategy<Value = Op> {
        prop_oneof![Just(Op::TryAcquire), Just(Op::Release)]
    }
}
