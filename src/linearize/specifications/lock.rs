//! A mutex and a semaphore, with blocking operations.

use crate::linearize::Specification;

/// A mutex: `lock` is enabled while it is free, `unlock` while it is held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Mutex {
    held: bool,
}

/// The operations of a [`Mutex`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MutexOp {
    /// Acquires the mutex: `Locked`. Blocks while it is held.
    Lock,
    /// Acquires the mutex without blocking: `Locked` or `WouldBlock`.
    TryLock,
    /// Releases the mutex: `Unlocked`.
    Unlock,
}

/// What a [`MutexOp`] returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MutexRet {
    /// The mutex was acquired.
    Locked,
    /// The mutex was held.
    WouldBlock,
    /// The mutex was released.
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

/// The operations of a [`Semaphore`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SemaphoreOp {
    /// Takes a permit: `Acquired`. Blocks while there is none.
    Acquire,
    /// Takes a permit without blocking: `Acquired` or `WouldBlock`.
    TryAcquire,
    /// Returns a permit: `Released`.
    Release,
}

/// What a [`SemaphoreOp`] returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SemaphoreRet {
    /// A permit was taken.
    Acquired,
    /// There was no permit.
    WouldBlock,
    /// A permit was returned.
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
