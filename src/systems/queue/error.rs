//! How sending and receiving can fail, in crossbeam's terms, and how a stream can end.

use crate::process::Failure;
use crate::process::frame::{self, Exceeded, FrameError};
use std::fmt;

/// The longest item that fits through a pipe, in bytes: the first byte of a frame gives its kind.
pub(super) const LIMIT: usize = frame::LIMIT - 1;

/// Why [`send`](super::Sender::send) did not send; the item comes back.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SendError<T> {
    /// The receiver is gone.
    Disconnected(T),
    /// The item cannot travel to another process.
    Unserialisable(T, Reason),
}

/// Why [`try_send`](super::Sender::try_send) did not send; the item comes back.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TrySendError<T> {
    /// There is no room now.
    Full(T),
    /// The receiver is gone.
    Disconnected(T),
    /// The item cannot travel to another process.
    Unserialisable(T, Reason),
}

/// Why [`send_timeout`](super::Sender::send_timeout) did not send; the item comes back.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SendTimeoutError<T> {
    /// There was no room in time.
    Timeout(T),
    /// The receiver is gone.
    Disconnected(T),
    /// The item cannot travel to another process.
    Unserialisable(T, Reason),
}

/// Why an item cannot be transferred.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// Its `Serialize` refuses.
    Refused,
    /// It is longer than a frame may be: its length in bytes.
    TooLong(usize),
    /// It exceeds a limit of the decoder.
    Exceeds(Exceeded),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Refused => f.write_str("its Serialize refuses"),
            Reason::Exceeds(limit) => limit.fmt(f),
            Reason::TooLong(bytes) => {
                write!(f, "it has {bytes} bytes, and {} are the limit", LIMIT)
            }
        }
    }
}

impl<T> SendError<T> {
    /// The item.
    pub fn into_inner(self) -> T {
        match self {
            SendError::Disconnected(item) | SendError::Unserialisable(item, _) => item,
        }
    }
}

impl<T> TrySendError<T> {
    /// The item.
    pub fn into_inner(self) -> T {
        match self {
            TrySendError::Full(item)
            | TrySendError::Disconnected(item)
            | TrySendError::Unserialisable(item, _) => item,
        }
    }
}

impl<T> SendTimeoutError<T> {
    /// The item.
    pub fn into_inner(self) -> T {
        match self {
            SendTimeoutError::Timeout(item)
            | SendTimeoutError::Disconnected(item)
            | SendTimeoutError::Unserialisable(item, _) => item,
        }
    }
}

const GONE: &str = "sending on a queue whose receiver is gone";

impl<T> fmt::Display for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SendError::Disconnected(_) => f.write_str(GONE),
            SendError::Unserialisable(_, reason) => {
                write!(f, "sending an item that cannot travel: {reason}")
            }
        }
    }
}

impl<T> fmt::Display for TrySendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TrySendError::Full(_) => f.write_str("sending on a full queue"),
            TrySendError::Disconnected(_) => f.write_str(GONE),
            TrySendError::Unserialisable(_, reason) => {
                write!(f, "sending an item that cannot travel: {reason}")
            }
        }
    }
}

impl<T> fmt::Display for SendTimeoutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SendTimeoutError::Timeout(_) => f.write_str("timed out while the queue was full"),
            SendTimeoutError::Disconnected(_) => f.write_str(GONE),
            SendTimeoutError::Unserialisable(_, reason) => {
                write!(f, "sending an item that cannot travel: {reason}")
            }
        }
    }
}

// As in std: the item need not be `Debug` for the error to be.
macro_rules! opaque_debug {
    ($($name:ident),*) => {$(
        impl<T> fmt::Debug for $name<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }
        impl<T> std::error::Error for $name<T> {}
    )*};
}
opaque_debug!(SendError, TrySendError, SendTimeoutError);

/// Why [`recv`](super::Receiver::recv) received nothing: every producer has ended, and no item is
/// left.
///
/// [`producers`](super::Receiver::producers) says how they ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecvError;

/// Why [`try_recv`](super::Receiver::try_recv) received nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TryRecvError {
    /// Nothing is there now.
    Empty,
    /// Every producer has ended, and nothing is left.
    Disconnected,
}

/// Why [`recv_timeout`](super::Receiver::recv_timeout) received nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecvTimeoutError {
    /// Nothing came in time.
    Timeout,
    /// Every producer has ended, and nothing is left.
    Disconnected,
}

const ENDED: &str = "receiving from a queue that is empty and whose producers have ended";

impl fmt::Display for RecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(ENDED)
    }
}

impl fmt::Display for TryRecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if *self == TryRecvError::Empty {
            "receiving from an empty queue"
        } else {
            ENDED
        })
    }
}

impl fmt::Display for RecvTimeoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if *self == RecvTimeoutError::Timeout {
            "timed out while the queue was empty"
        } else {
            ENDED
        })
    }
}

impl std::error::Error for RecvError {}
impl std::error::Error for TryRecvError {}
impl std::error::Error for RecvTimeoutError {}

/// What the producers of a queue do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Producers {
    /// At least one can still send.
    Open,
    /// All have closed.
    Closed,
    /// All have ended, and at least one of them without closing. This is the first such death that
    /// was found.
    Died(Death),
}

/// How a producer ended without closing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Death {
    /// Its thread panicked. For a worker, with this message and at this place.
    Panicked {
        /// The panic's message, if it is known.
        message: Option<String>,
        /// Where it panicked, if that is known.
        location: Option<String>,
    },
    /// Its worker process ended.
    Worker(Failure),
    /// It sent bytes that cannot be decoded. Everything before them counts.
    Garbage(FrameError),
    /// Unknown.
    Unknown,
}

impl fmt::Display for Death {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Death::Panicked { message: Some(message), location: Some(at) } => {
                write!(f, "it panicked at {at}: {message}")
            }
            Death::Panicked { message: Some(message), .. } => write!(f, "it panicked: {message}"),
            Death::Panicked { .. } => f.write_str("its thread panicked"),
            Death::Worker(failure) => write!(f, "its process {failure}"),
            Death::Garbage(error) => write!(f, "it sent what is no item: {error}"),
            Death::Unknown => f.write_str("it is gone"),
        }
    }
}

/// A stream that was cut short: what arrived, and why no more did.
#[derive(Clone, PartialEq, Eq)]
pub struct Died<T> {
    /// All items that arrived.
    pub items: Vec<T>,
    /// How each producer that did not close ended; never empty.
    pub deaths: Vec<Death>,
}

impl<T> fmt::Display for Died<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a producer died after {} items had arrived", self.items.len())?;
        self.deaths.iter().try_for_each(|death| write!(f, ": {death}"))
    }
}

impl<T> fmt::Debug for Died<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Died")
            .field("items", &self.items.len())
            .field("deaths", &self.deaths)
            .finish()
    }
}

impl<T> std::error::Error for Died<T> {}
