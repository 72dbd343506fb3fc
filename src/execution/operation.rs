//! An operation: as a thread announces it, and as it turned out.

use crate::vocabulary::trace::{ObjectId, Operation, ThreadId, Value};
use std::panic::Location;

/// An announced operation: what a thread is about to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pending {
    pub(crate) operation: Operation,
    pub(crate) object: Option<ObjectId>,
    pub(crate) location: &'static Location<'static>,
    pub(crate) waits: Waits,
    /// What a compare-exchange must find.
    pub(crate) expected: Option<Value>,
    /// Whether it may fail, or wake, without a cause: a choice.
    pub(crate) spurious: bool,
}

impl Pending {
    /// An operation on an object, which waits for nothing.
    pub(crate) fn on(
        object: ObjectId,
        operation: Operation,
        location: &'static Location<'static>,
    ) -> Pending {
        Pending { object: Some(object), ..Pending::of(operation, location) }
    }

    /// An operation without an object, which waits for nothing.
    pub(crate) fn of(operation: Operation, location: &'static Location<'static>) -> Pending {
        Pending {
            operation,
            object: None,
            location,
            waits: Waits::Never,
            expected: None,
            spurious: false,
        }
    }

    /// The same, but it waits.
    pub(crate) fn waits(self, waits: Waits) -> Pending {
        Pending { waits, ..self }
    }

    /// The same, but it may be served without a cause.
    pub(crate) fn spurious(self, spurious: bool) -> Pending {
        Pending { spurious, ..self }
    }
}

/// What must be before an announced operation can take effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Waits {
    Never,
    /// For nothing; it releases this mutex, to wait on a condition variable.
    Releasing {
        mutex: ObjectId,
        timeout: bool,
    },
    /// The lock is free.
    Lock,
    /// No writer holds the lock.
    ReadLock,
    /// A notification came, and the mutex is free; or a timeout fires, because nobody else can go
    /// on.
    Notified {
        mutex: ObjectId,
        timeout: bool,
    },
    /// The thread has ended.
    End(ThreadId),
    /// The thread's token is there, or a timeout may fire.
    Token {
        timeout: bool,
    },
}

/// The values of an event.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) value: Option<Value>,
    pub(crate) written: Option<Value>,
    /// As what an access by an address is drawn: no search knows it.
    pub(crate) object: Option<ObjectId>,
    /// The operation as it turned out: a compare-exchange that failed is a load.
    pub(crate) operation: Option<Operation>,
    /// It releases a lock, and what that protects is as it was before.
    pub(crate) unchanged: bool,
    /// It was a choice of which nothing came: no event.
    pub(crate) silent: bool,
    /// It tried to acquire for writing, and readers alone refused it.
    pub(crate) refused_by_readers: bool,
}

impl Seen {
    pub(crate) fn value(value: Value) -> Seen {
        Seen { value: Some(value), ..Seen::default() }
    }
}

/// What the trace does not tell of an event, for whoever asks afterwards what it depended on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Performed {
    pub(crate) pending: Pending,
    pub(crate) seen: Seen,
}
