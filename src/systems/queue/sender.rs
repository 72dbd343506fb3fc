//! The sending end of a queue, in this process or in a worker.

use super::error::{Death, SendError, SendTimeoutError, TrySendError};
use super::hub::Local;
use super::lane::PushError;
use super::pipe::{self, Pipe, WriteError};
use crate::process::handle;
use crate::sync::Arc;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de, de::DeserializeOwned, ser};
use std::cell::RefCell;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The sending end of a queue. Each clone is a separate producer with its own room.
///
/// It can be an argument of a worker ([`Worker::spawn`](crate::process::Worker::spawn)): the worker
/// gets a new producer of the same queue. Dropping a sender closes it, as [`close`](Self::close)
/// does. Dropping it while the thread panics does not close it: its producer has then died. A
/// producer whose process ended before it closed has died too.
pub struct Sender<T> {
    /// `None` only during its drop.
    end: Option<End<T>>,
}

enum End<T> {
    /// A `RefCell`, because a lane has one producer: a sender is not `Sync`.
    Local(RefCell<Local<T>>),
    /// In a worker. All clones there share one connection, and so one order of items.
    Pipe(Arc<Mutex<Pipe<T>>>),
}

fn lock<T>(pipe: &Mutex<Pipe<T>>) -> MutexGuard<'_, Pipe<T>> {
    pipe.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<T> Sender<T> {
    pub(super) fn local(local: Local<T>) -> Self {
        Self { end: Some(End::Local(RefCell::new(local))) }
    }

    pub(super) fn pipe(pipe: Pipe<T>) -> Self {
        Self { end: Some(End::Pipe(Arc::new(Mutex::new(pipe)))) }
    }

    fn end(&self) -> &End<T> {
        self.end.as_ref().expect("taken only by drop")
    }

    /// Sends an item, waiting until there is room.
    ///
    /// In a worker, the operating system has the item when this returns: the item survives the
    /// worker's death.
    ///
    /// # Errors
    ///
    /// Returns the item if the receiver (or its process) is gone, or the item cannot be
    /// transferred.
    pub fn send(&self, item: T) -> Result<(), SendError<T>> {
        self.send_until(item, None).map_err(|error| match error {
            TrySendError::Full(item) | TrySendError::Disconnected(item) => {
                SendError::Disconnected(item)
            }
            TrySendError::Unserialisable(item, reason) => SendError::Unserialisable(item, reason),
        })
    }

    /// Sends an item, waiting for room at most for `timeout`.
    ///
    /// # Errors
    ///
    /// Returns the item as [`send`](Self::send) does, and also if there was no room in time.
    pub fn send_timeout(&self, item: T, timeout: Duration) -> Result<(), SendTimeoutError<T>> {
        self.send_until(item, Instant::now().checked_add(timeout)).map_err(|error| match error {
            TrySendError::Full(item) => SendTimeoutError::Timeout(item),
            TrySendError::Disconnected(item) => SendTimeoutError::Disconnected(item),
            TrySendError::Unserialisable(item, reason) => {
                SendTimeoutError::Unserialisable(item, reason)
            }
        })
    }

    /// Sends an item if there is room now.
    ///
    /// In a worker, the end of a long item may remain unsent. The next call, or the sender's drop,
    /// sends it.
    ///
    /// # Errors
    ///
    /// Returns the item as [`send`](Self::send) does, and also if there is no room.
    pub fn try_send(&self, item: T) -> Result<(), TrySendError<T>> {
        match self.end() {
            End::Local(local) => pushed(local.borrow_mut().try_push(item)),
            End::Pipe(pipe) => written(lock(pipe).send(item, pipe::Wait::Never)),
        }
    }

    fn send_until(&self, item: T, deadline: Option<Instant>) -> Result<(), TrySendError<T>> {
        match self.end() {
            End::Local(local) => pushed(local.borrow_mut().push(item, deadline, || false)),
            End::Pipe(pipe) => written(
                lock(pipe).send(item, deadline.map_or(pipe::Wait::Forever, pipe::Wait::Until)),
            ),
        }
    }

    /// Declares that nothing more comes. The stream has ended when all its senders have closed.
    pub fn close(self) {
        drop(self);
    }

    /// Whether the receiver is gone, as far as is known now.
    #[must_use]
    pub fn is_disconnected(&self) -> bool {
        match self.end() {
            End::Local(local) => local.borrow().lane().is_gone(),
            End::Pipe(pipe) => lock(pipe).is_disconnected(),
        }
    }

    /// The number of items for which this sender's lane has room. In a worker it is `None`: as many
    /// as the socket holds.
    #[must_use]
    pub fn capacity(&self) -> Option<usize> {
        match self.end() {
            End::Local(local) => Some(local.borrow().lane().capacity()),
            End::Pipe(_) => None,
        }
    }
}

fn pushed<T>(result: Result<(), PushError<T>>) -> Result<(), TrySendError<T>> {
    result.map_err(|error| match error {
        PushError::Full(item) => TrySendError::Full(item),
        PushError::Disconnected(item) => TrySendError::Disconnected(item),
        PushError::Died => unreachable!("a fault of models, which use the lane itself"),
    })
}

fn written<T>(result: Result<(), WriteError<T>>) -> Result<(), TrySendError<T>> {
    result.map_err(|error| match error {
        WriteError::Full(item) => TrySendError::Full(item),
        WriteError::Disconnected(item) => TrySendError::Disconnected(item),
        WriteError::Unserialisable(item, reason) => TrySendError::Unserialisable(item, reason),
    })
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        Self {
            end: Some(match self.end() {
                End::Local(local) => End::Local(RefCell::new(local.borrow().sibling(|_| ()))),
                End::Pipe(pipe) => End::Pipe(Arc::clone(pipe)),
            }),
        }
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        let panicking = std::thread::panicking();
        match self.end.take() {
            Some(End::Local(local)) if panicking => {
                local.into_inner().die(Death::Panicked { message: None, location: None });
            }
            Some(End::Local(local)) => local.into_inner().close(),
            Some(End::Pipe(pipe)) if panicking => lock(&pipe).panicked(),
            Some(End::Pipe(_)) | None => {} // the last clone closes
        }
    }
}

impl<T: DeserializeOwned + Send + 'static> Serialize for Sender<T> {
    /// Makes a new producer of the queue and sends it along. Works among a worker's arguments only.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let place = match self.end() {
            End::Local(local) => pipe::open(&local.borrow()),
            End::Pipe(_) => Err(handle::refuse(
                "a sender that came from another process cannot travel on".into(),
            )),
        };
        place.map_err(ser::Error::custom)?.serialize(serializer)
    }
}

impl<'de, T: Serialize> Deserialize<'de> for Sender<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let fd = handle::take(u32::deserialize(deserializer)?).map_err(de::Error::custom)?;
        Ok(Self::pipe(Pipe::new(fd)))
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").finish_non_exhaustive()
    }
}
