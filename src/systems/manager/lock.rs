//! A lock at a manager. A connection holds it, so the death of its owner releases and poisons it.

use super::client::{Client, Object, Transport, refused, unexpected};
use super::error::ManagerError;
use super::protocol::{Fence, ObjectId, Refusal, Reply, Request};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::{Arc, LockResult, PoisonError};

/// A lock at a manager.
///
/// Each hold has its own connection. When the process that holds it dies, the manager sees that
/// connection end. The lock is then released, and poisoned as a std mutex is. It is not reentrant.
///
/// ```
/// use selvedge::systems::manager::{Functions, Manager};
///
/// let manager = Manager::spawn(Functions::new())?;
/// let (lock, balance) = (manager.lock()?, manager.value(&1)?);
/// let guard = lock.lock()?.expect("no owner died");
/// let balance = balance.fenced(guard.fence()); // refused if this hold is over
/// balance.set(&(balance.get()? + 1))?;
/// guard.unlock()?;
/// # Ok::<(), selvedge::systems::manager::ManagerError>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LockProxy {
    object: Object,
}

impl LockProxy {
    pub(super) fn new(client: &Arc<Client>, id: ObjectId) -> Self {
        LockProxy { object: Object::new(client, id) }
    }

    /// Blocks until the caller has the lock. The inner result is std's: an earlier owner died, or
    /// panicked.
    ///
    /// # Errors
    /// The manager is gone, or refuses.
    pub fn lock(&self) -> Result<LockResult<LockGuard<'_>>, ManagerError> {
        self.acquire(Request::Acquire(self.object.id()))
    }

    /// Acquires the lock if it is free now.
    ///
    /// # Errors
    /// As [`lock`](Self::lock).
    pub fn try_lock(&self) -> Result<Option<LockResult<LockGuard<'_>>>, ManagerError> {
        match self.acquire(Request::TryAcquire(self.object.id())) {
            Err(ManagerError::Refused(Refusal::Locked)) => Ok(None),
            result => result.map(Some),
        }
    }

    /// Clears the poison, once the protected data is consistent again.
    ///
    /// # Errors
    /// As [`lock`](Self::lock).
    pub fn clear_poison(&self) -> Result<(), ManagerError> {
        match self.object.client().call(Request::ClearPoison(self.object.id()))? {
            Reply::Done => Ok(()),
            reply => Err(unexpected(reply)),
        }
    }

    fn acquire(&self, request: Request) -> Result<LockResult<LockGuard<'_>>, ManagerError> {
        let link = self.object.dedicated()?;
        match link.call(request)? {
            Reply::Acquired { token, poisoned } => {
                let guard = LockGuard {
                    lock: self,
                    link: Some(link),
                    fence: Fence { lock: self.object.id(), token },
                };
                Ok(if poisoned { Err(PoisonError::new(guard)) } else { Ok(guard) })
            }
            reply => {
                self.object.give_back(link);
                Err(unexpected(reply))
            }
        }
    }
}

/// A hold of a [`LockProxy`]: dropping it releases the lock, and poisons it if the thread is
/// panicking.
#[must_use = "the lock is released at once if the guard is not kept"]
pub struct LockGuard<'lock> {
    lock: &'lock LockProxy,
    // `None` once the lock is released.
    link: Option<Transport>,
    fence: Fence,
}

impl LockGuard<'_> {
    /// Proof of this hold, for writes that must not happen after it.
    #[must_use]
    pub fn fence(&self) -> Fence {
        self.fence
    }

    /// Releases the lock, and reports failure; dropping the guard does not report it.
    ///
    /// # Errors
    /// The manager is gone.
    pub fn unlock(mut self) -> Result<(), ManagerError> {
        self.release()
    }

    fn release(&mut self) -> Result<(), ManagerError> {
        let Some(link) = self.link.take() else { return Ok(()) };
        let request = Request::Unlock { fence: self.fence, poison: std::thread::panicking() };
        refused(link.call(request)?)?;
        self.lock.object.give_back(link);
        Ok(())
    }
}

impl Drop for LockGuard<'_> {
    fn drop(&mut self) {
        // If it fails the manager is gone, and the lock with it.
        let _ = self.release();
    }
}

impl fmt::Debug for LockGuard<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LockGuard").field("fence", &self.fence).finish_non_exhaustive()
    }
}
