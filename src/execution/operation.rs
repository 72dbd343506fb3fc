//! An operation, as a thread announces it and as it turned out.

use super::memory::{Does, Exchange};
use crate::vocabulary::trace::{ObjectId, Operation, ThreadId, Value};
use std::panic::Location;
use std::time::Duration;

/// An announced operation: what a thread is about to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pending {
    pub(crate) operation: Operation,
    pub(crate) object: Option<ObjectId>,
    pub(crate) location: &'static Location<'static>,
    pub(crate) waits: Waits,
    /// What a compare-exchange must find.
    pub(crate) expected: Option<Value>,
    /// The same compare-exchange as memory knows it, on green threads.
    pub(crate) exchange: Option<Exchange>,
    /// Whether it may fail, or wake, spuriously: a choice.
    pub(crate) spurious: bool,
    /// How many values it chooses among, if it is such a choice.
    pub(crate) options: u32,
    /// What it does to the counts of an `Arc`, if it does.
    pub(crate) counts: Option<Does>,
}

impl Pending {
    /// An operation on an object. It does not wait.
    pub(crate) fn on(
        object: ObjectId,
        operation: Operation,
        location: &'static Location<'static>,
    ) -> Pending {
        Pending { object: Some(object), ..Pending::of(operation, location) }
    }

    /// An operation without an object. It does not wait.
    pub(crate) fn of(operation: Operation, location: &'static Location<'static>) -> Pending {
        Pending {
            operation,
            object: None,
            location,
            waits: Waits::Never,
            expected: None,
            exchange: None,
            spurious: false,
            options: 1,
            counts: None,
        }
    }

    /// The same, but it waits.
    pub(crate) fn waits(self, waits: Waits) -> Pending {
        Pending { waits, ..self }
    }

    /// The same, but it may be served spuriously.
    pub(crate) fn spurious(self, spurious: bool) -> Pending {
        Pending { spurious, ..self }
    }
}

/// What must hold before an announced operation can take effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Waits {
    Never,
    /// Nothing. The operation releases this mutex, to wait on a condition variable.
    Releasing {
        mutex: ObjectId,
        timeout: bool,
    },
    /// The lock is free.
    Lock,
    /// No writer holds the lock.
    ReadLock,
    /// A notification came and the mutex is free; or a timeout fires, because no other thread can
    /// run.
    Notified {
        mutex: ObjectId,
        timeout: bool,
    },
    /// A notification came. With a timeout, this execution is none if it never does.
    Notification {
        timeout: bool,
    },
    /// The lock is free, and another thread has had it since this one.
    Relock,
    /// The thread has ended.
    End(ThreadId),
    /// The thread's token is available, or a timeout may fire.
    Token {
        timeout: bool,
    },
    /// So much time has passed since the execution began.
    Until(Duration),
    /// The task's waker has woken it. A task that has woken itself is polled again in any case.
    Woken {
        yields: bool,
    },
    /// The same, or so much time has passed since the execution began.
    WokenUntil(Duration),
}

/// The outcome of an operation: the values of its event.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) value: Option<Value>,
    pub(crate) written: Option<Value>,
    /// The object under which an access by address is shown. No search knows it.
    pub(crate) object: Option<ObjectId>,
    /// The operation as it turned out: a compare-exchange that failed is a load.
    pub(crate) operation: Option<Operation>,
    /// It releases a lock, and the protected data is unchanged.
    pub(crate) unchanged: bool,
    /// It was a choice without a result: no event.
    pub(crate) silent: bool,
    /// It tried to acquire for writing, and only readers refused it.
    pub(crate) refused_by_readers: bool,
}

impl Seen {
    pub(crate) fn value(value: Value) -> Seen {
        Seen { value: Some(value), ..Seen::default() }
    }
}

/// What the trace does not say about an event, but its dependencies need.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Performed {
    pub(crate) pending: Pending,
    pub(crate) seen: Seen,
    /// Which store of its object it has read, in the order of the execution, if memory is weak.
    pub(crate) read: Option<usize>,
}
