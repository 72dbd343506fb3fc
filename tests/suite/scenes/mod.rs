//! Counterexamples made by hand, one a file, so that the lines that they quote stay where they are.

pub(crate) mod crowd;
pub(crate) mod deadlock;
pub(crate) mod long;
pub(crate) mod lost_update;
pub(crate) mod lost_wakeup;
pub(crate) mod race;
pub(crate) mod real;
pub(crate) mod stale;
pub(crate) mod weak;

use selvedge::trace::{
    Awaited, Blocked, Event, Object, ObjectId, ObjectKind, Operation, Thread, ThreadId, Trace,
    Value,
};
use std::panic::Location;

/// The thread that runs the model's closure.
pub(crate) const MAIN: ThreadId = ThreadId::MAIN;

/// A trace that grows.
pub(crate) struct Scene {
    pub(crate) trace: Trace,
}

impl Scene {
    /// With the main thread only.
    pub(crate) fn new() -> Self {
        Scene { trace: Trace { threads: vec![Thread::default()], ..Trace::default() } }
    }

    /// The main thread starts another one.
    #[track_caller]
    pub(crate) fn spawn(&mut self, name: Option<&str>) -> ThreadId {
        let id = ThreadId(self.trace.threads.len() as u32);
        self.trace.threads.push(Thread { name: name.map(str::to_string), ..Thread::default() });
        self.does(MAIN, Operation::Spawn(id), None, None, None);
        id
    }

    #[track_caller]
    pub(crate) fn object(&mut self, kind: ObjectKind, name: Option<&str>) -> ObjectId {
        let id = ObjectId(self.trace.objects.len() as u32);
        self.trace.objects.push(Object {
            kind,
            name: name.map(str::to_string),
            created: Location::caller(),
        });
        id
    }

    #[track_caller]
    pub(crate) fn does(
        &mut self,
        thread: ThreadId,
        operation: Operation,
        object: Option<ObjectId>,
        value: Option<u64>,
        written: Option<u64>,
    ) -> usize {
        let (value, written) = (value.map(Value::Unsigned), written.map(Value::Unsigned));
        self.trace.events.push(Event {
            thread,
            operation,
            object,
            value,
            written,
            location: Location::caller(),
        });
        self.trace.events.len() - 1
    }

    /// An operation without a value.
    #[track_caller]
    pub(crate) fn on(&mut self, thread: ThreadId, operation: Operation, object: ObjectId) -> usize {
        self.does(thread, operation, Some(object), None, None)
    }

    /// A read or a write.
    #[track_caller]
    pub(crate) fn with(
        &mut self,
        thread: ThreadId,
        operation: Operation,
        object: ObjectId,
        value: u64,
    ) -> usize {
        self.does(thread, operation, Some(object), Some(value), None)
    }

    /// An operation on threads.
    #[track_caller]
    pub(crate) fn plain(&mut self, thread: ThreadId, operation: Operation) -> usize {
        self.does(thread, operation, None, None, None)
    }

    /// The execution ends while the thread waits.
    pub(crate) fn blocked(&mut self, thread: ThreadId, on: Awaited, holders: &[ThreadId]) {
        self.trace.threads[thread.index()].blocked =
            Some(Blocked { on, holders: holders.to_vec() });
    }
}
