//! The errors between a client and its manager, in one type.

use super::protocol::{CodecError, Refusal};
use crate::process::{Failure, WorkerError};
use std::fmt;

/// Why a manager did not perform an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ManagerError {
    /// The manager is gone, or has ended this connection. All later operations through it return
    /// the same error.
    Disconnected {
        /// How it ended.
        exit: ManagerExit,
    },
    /// The manager refuses. Nothing has changed.
    Refused(Refusal),
    /// Only the first operations of a batch were done.
    Interrupted {
        /// This many took effect.
        done: u64,
        /// Why the next one was not done.
        refusal: Refusal,
    },
    /// A value cannot be encoded, or an item is not of the requested type.
    Codec(CodecError),
    /// The reply does not fit the request.
    Protocol(String),
    /// A worker failed.
    Worker(WorkerError),
    /// A worker ran to its end and reports that it could not do its work.
    Child(String),
    /// The operating system refused: the attempted operation, and the system's message.
    Io(String),
}

/// How a manager ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ManagerExit {
    /// It was shut down by its owner.
    ShutDown,
    /// Its process failed.
    Failed(Failure),
    /// Only the process that started it can know.
    Unknown,
}

impl ManagerError {
    pub(super) fn io(doing: &str, error: impl fmt::Display) -> Self {
        ManagerError::Io(format!("cannot {doing}: {error}"))
    }
}

impl fmt::Display for ManagerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ManagerError::Disconnected { exit } => write!(f, "the manager {exit}"),
            ManagerError::Refused(refusal) => write!(f, "the manager refuses: {refusal}"),
            ManagerError::Interrupted { done, refusal } => {
                write!(f, "a batch ended after {done} operations: {refusal}")
            }
            ManagerError::Codec(error) => error.fmt(f),
            ManagerError::Protocol(what) => write!(f, "the manager answers out of turn: {what}"),
            ManagerError::Worker(error) => error.fmt(f),
            ManagerError::Child(what) => write!(f, "a worker could not do its work: {what}"),
            ManagerError::Io(what) => f.write_str(what),
        }
    }
}

/// The rest of a sentence that begins with `the manager`.
impl fmt::Display for ManagerExit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ManagerExit::ShutDown => f.write_str("was shut down"),
            ManagerExit::Failed(failure) => failure.fmt(f),
            ManagerExit::Unknown => f.write_str("is gone"),
        }
    }
}

impl std::error::Error for ManagerError {}

impl From<CodecError> for ManagerError {
    fn from(error: CodecError) -> Self {
        ManagerError::Codec(error)
    }
}

impl From<Refusal> for ManagerError {
    fn from(refusal: Refusal) -> Self {
        ManagerError::Refused(refusal)
    }
}

impl From<WorkerError> for ManagerError {
    fn from(error: WorkerError) -> Self {
        ManagerError::Worker(error)
    }
}
