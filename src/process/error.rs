//! Worker failures, with messages that say what failed and where.

use std::fmt;
use std::io;

/// A worker that returned no result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkerError {
    worker: String,
    failure: Failure,
}

/// Why a worker failed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Failure {
    /// Its function panicked.
    Panicked {
        /// The panic's message.
        message: String,
        /// `src/work.rs:12:5`, if the panic said so.
        location: Option<String>,
    },
    /// Its process exited by itself without a result; the code can be 0.
    Exited(i32),
    /// A signal killed its process.
    Signaled(i32),
    /// Its program has no function of this name.
    NotRegistered {
        /// The name of the requested function.
        name: String,
        /// The names of the existing functions.
        known: Vec<String>,
    },
    /// This program did not call [`worker_main`](super::worker_main), so a worker would run its
    /// whole `main` again.
    NoWorkerMain,
    /// The arguments or the result cannot be encoded.
    Encode(String),
    /// The arguments or the result are not an encoding of the expected type.
    Decode(String),
    /// The operating system refused.
    Io {
        /// The failed action: `start /usr/bin/program`.
        doing: String,
        /// The kind of the error.
        kind: io::ErrorKind,
        /// The operating system's message.
        message: String,
    },
}

impl WorkerError {
    pub(super) fn new(worker: &str, failure: Failure) -> Self {
        Self { worker: worker.to_string(), failure }
    }

    /// Returns the name of the worker's function.
    #[must_use]
    pub fn worker(&self) -> &str {
        &self.worker
    }

    /// Returns what went wrong.
    #[must_use]
    pub fn failure(&self) -> &Failure {
        &self.failure
    }
}

impl Failure {
    pub(super) fn io(doing: impl Into<String>, error: &io::Error) -> Self {
        Self::Io { doing: doing.into(), kind: error.kind(), message: error.to_string() }
    }
}

impl fmt::Display for WorkerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "worker `{}` {}", self.worker, self.failure)
    }
}

impl std::error::Error for WorkerError {}

/// The rest of a sentence that begins with the worker's name.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Panicked { message, location: Some(at) } => {
                write!(f, "panicked at {at}: {message}")
            }
            Failure::Panicked { message, location: None } => write!(f, "panicked: {message}"),
            Failure::Exited(code) => write!(f, "exited with code {code} and without a result"),
            Failure::Signaled(signal) => match signal_name(*signal) {
                Some(name) => write!(f, "was ended by signal {signal} ({name})"),
                None => write!(f, "was ended by signal {signal}"),
            },
            Failure::NotRegistered { name, known } if known.is_empty() => {
                write!(f, "is unknown to its program: no function {name:?} in an empty table")
            }
            Failure::NotRegistered { name, known } => {
                write!(
                    f,
                    "is unknown to its program: no function {name:?} among {}",
                    known.join(", ")
                )
            }
            Failure::NoWorkerMain => f.write_str(
                "was not started: `worker_main` must be the first line of this program's `main`",
            ),
            Failure::Encode(why) => write!(f, "has a value that cannot travel: {why}"),
            Failure::Decode(why) => write!(f, "was not understood: {why}"),
            Failure::Io { doing, message, .. } => write!(f, "failed: cannot {doing}: {message}"),
        }
    }
}

fn signal_name(signal: i32) -> Option<&'static str> {
    Some(match signal {
        1 => "SIGHUP",
        2 => "SIGINT",
        3 => "SIGQUIT",
        4 => "SIGILL",
        6 => "SIGABRT",
        8 => "SIGFPE",
        9 => "SIGKILL",
        11 => "SIGSEGV",
        13 => "SIGPIPE",
        14 => "SIGALRM",
        15 => "SIGTERM",
        24 => "SIGXCPU",
        _ => return None,
    })
}
