//! A mutex and a semaphore, whose operations wait.

use crate::linearize::Specification;

/// A mutex: `lock` is enabled while nobody holds it, `unlock` while somebody does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Mutex {
    held: bool,
}

/// What can be done to a [`Mutex`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MutexOp {
    /// Takes the mutex: `Locked`. Waits while it is held.
    Lock,
    /// The same without waiting: `Locked` or `WouldBlock`.
    TryLock,
    /// Gives it back: `Unlocked`.
    Unlock,
}

/// What a [`MutexOp`] returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MutexRet {
    /// The mutex was taken.
    Locked,
    /// It was not: it was held.
    WouldBlock,
    /// It was given back.
    Unlocked,
}

impl Specification for Mutex {
    type Op = MutexOp;
    type Ret = MutexRet;

    fn apply(&mut self, op: &MutexOp) -> MutexRet {
        let held = std::mem::replace(&mut self.held, *op != MutexOp::Unlock);
        match op {
            MutexOp::TryLock if held => MutexRet::WouldBlock,
            MutexOp::Lock | MutexOp::TryLock => MutexRet::Locked,
            MutexOp::Unlock => MutexRet::Unlocked,
        }
    }

    fn is_enabled(&self, op: &MutexOp) -> bool {
        match op {
            MutexOp::Lock => !self.held,
            MutexOp::TryLock => true,
            MutexOp::Unlock => self.held,
        }
    }

    fn is_pure_if(_op: &MutexOp, ret: &MutexRet) -> bool {
        *ret == MutexRet::WouldBlock
    }
}

/// A semaphore: `acquire` is enabled while there is a permit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Semaphore {
    /// How many permits there are.
    pub permits: usize,
}

/// What can be done to a [`Semaphore`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SemaphoreOp {
    /// Takes a permit: `Acquired`. Waits while there is none.
    Acquire,
    /// The same without waiting: `Acquired` or `WouldBlock`.
    TryAcquire,
    /// Gives a permit: `Released`.
    Release,
}

/// What a [`SemaphoreOp`] returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SemaphoreRet {
    /// A permit was taken.
    Acquired,
    /// None was taken: there was none.
    WouldBlock,
    /// A permit was given.
    Released,
}

impl Specification for Semaphore {
    type Op = SemaphoreOp;
    type Ret = SemaphoreRet;

    fn apply(&mut self, op: &SemaphoreOp) -> SemaphoreRet {
        match op {
            SemaphoreOp::Release => {
                self.permits += 1;
                SemaphoreRet::Released
            }
            SemaphoreOp::Acquire | SemaphoreOp::TryAcquire => match self.permits.checked_sub(1) {
                Some(rest) => {
                    self.permits = rest;
                    SemaphoreRet::Acquired
                }
                None => SemaphoreRet::WouldBlock,
            },
        }
    }

    fn is_enabled(&self, op: &SemaphoreOp) -> bool {
        *op != SemaphoreOp::Acquire || self.permits > 0
    }

    fn is_pure_if(_op: &SemaphoreOp, ret: &SemaphoreRet) -> bool {
        *ret == SemaphoreRet::WouldBlock
    }
}
