//! The events of one execution, in the order in which they took effect.

mod fingerprint;
mod stale;
mod words;

pub(crate) use fingerprint::Fingerprint;
pub use stale::{Lack, StaleRead, Why};

use std::fmt;
use std::panic::Location;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// A thread of an execution. 0 runs the model's closure; the others are numbered in spawn order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ThreadId(pub u32);

impl ThreadId {
    /// The thread that runs the model's closure.
    pub const MAIN: ThreadId = ThreadId(0);

    /// Returns the index of this thread in [`Trace::threads`].
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// An object of an execution (a mutex, an atomic, a cell), numbered in creation order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId(pub u32);

impl ObjectId {
    /// Returns the index of this object in [`Trace::objects`].
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// The kind of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ObjectKind {
    /// `sync::Mutex`
    Mutex,
    /// `sync::RwLock`
    RwLock,
    /// `sync::Condvar`
    Condvar,
    /// An integer, boolean or pointer of `sync::atomic`
    Atomic,
    /// `cell::UnsafeCell`
    Cell,
    /// `sync::Arc`, where its count matters
    Arc,
    /// Memory announced by its address: `cell::read`, `cell::write`, `cell::freed`
    Memory,
    /// What wakes a task of `future`: all clones of its waker
    Waker,
    /// What tells the end of a task of `future` to who awaits it
    Task,
    /// `future::AtomicWaker`
    AtomicWaker,
}

impl ObjectKind {
    /// Whether no thread can hold what is in such an object.
    pub(crate) fn lends_nothing(self) -> bool {
        use ObjectKind::{Atomic, AtomicWaker, Task, Waker};
        matches!(self, Atomic | AtomicWaker | Task | Waker)
    }
}

impl fmt::Display for ObjectKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            ObjectKind::Mutex => "mutex",
            ObjectKind::RwLock => "rwlock",
            ObjectKind::Condvar => "condvar",
            ObjectKind::Atomic => "atomic",
            ObjectKind::Cell => "cell",
            ObjectKind::Arc => "arc",
            ObjectKind::Memory => "memory",
            ObjectKind::Waker => "waker",
            ObjectKind::Task => "task",
            ObjectKind::AtomicWaker => "atomic waker",
        })
    }
}

/// An operation of a thread, in std's terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Operation {
    /// Spawned the thread.
    Spawn(ThreadId),
    /// Joined the thread.
    Join(ThreadId),
    /// Loaded an atomic, also by a compare-exchange that failed.
    Load(Ordering),
    /// Stored to an atomic.
    Store(Ordering),
    /// Read and wrote an atomic in one step, with its name (`fetch_add`, `swap`,
    /// `compare_exchange`).
    Rmw(&'static str, Ordering),
    /// `atomic::fence`
    Fence(Ordering),
    /// Acquired a mutex, or a reader-writer lock for writing.
    Lock,
    /// Tried to acquire; the event's value tells whether it succeeded.
    TryLock,
    /// Released what `Lock` or `TryLock` acquired.
    Unlock,
    /// Kept for reading what it held for writing.
    Downgrade,
    /// Acquired a reader-writer lock for reading.
    ReadLock,
    /// Tried to acquire for reading; the event's value tells whether it succeeded.
    TryReadLock,
    /// Released what `ReadLock` acquired.
    ReadUnlock,
    /// Released the mutex and started to wait on the condition variable.
    Wait,
    /// Returned from a wait, with the mutex; the event's value says why.
    Wake,
    /// `Condvar::notify_one`
    NotifyOne,
    /// `Condvar::notify_all`
    NotifyAll,
    /// Consumed the thread's token, after blocking for it if necessary.
    Park,
    /// Made the thread's token available.
    Unpark(ThreadId),
    /// `thread::yield_now`, `hint::spin_loop` or `thread::sleep`
    Yield,
    /// Read a cell.
    Read,
    /// Wrote a cell.
    Write,
    /// Cloned an `Arc`; the event's value is the new count.
    Clone,
    /// Dropped a handle of an `Arc`; the event's value is the remaining count.
    Drop,
    /// Read the count of an `Arc`, with its name (`strong_count`, `get_mut`).
    Look(&'static str),
    /// Did something that depends on the count of an `Arc`, with its name (`try_unwrap`,
    /// `upgrade`).
    Claim(&'static str),
    /// Announced that memory is freed.
    Free,
    /// Went on to poll a future again, after waiting for its waker if necessary; the event's value
    /// says why.
    Poll,
    /// Woke a task, with its name (`wake`, `wake_by_ref`, `abort`).
    Signal(&'static str),
    /// Chose a value, or that a future is dropped where it is pending, with its name
    /// (`rand::range`, `cancel`); the event's value is the one that was chosen.
    Choose(&'static str),
    /// `time::sleep`: the time that had to pass has passed.
    Sleep,
    /// Did something with a waker that no other thread can see, with its name (`clone`, `drop`; a
    /// task that wakes itself while it is polled).
    Waker(&'static str),
}

impl Operation {
    /// Returns its name in std.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Operation::Spawn(_) => "spawn",
            Operation::Join(_) => "join",
            Operation::Load(_) => "load",
            Operation::Store(_) => "store",
            Operation::Rmw(name, _) => name,
            Operation::Fence(_) => "fence",
            Operation::Lock => "lock",
            Operation::TryLock => "try_lock",
            Operation::Unlock => "unlock",
            Operation::Downgrade => "downgrade",
            Operation::ReadLock => "read",
            Operation::TryReadLock => "try_read",
            Operation::ReadUnlock => "read unlock",
            Operation::Wait => "wait",
            Operation::Wake => "woken",
            Operation::NotifyOne => "notify_one",
            Operation::NotifyAll => "notify_all",
            Operation::Park => "park",
            Operation::Unpark(_) => "unpark",
            Operation::Yield => "yield",
            Operation::Read => "get",
            Operation::Write => "set",
            Operation::Clone => "clone",
            Operation::Drop => "drop",
            Operation::Look(name) | Operation::Claim(name) => name,
            Operation::Free => "freed",
            Operation::Poll => "poll",
            Operation::Sleep => "sleep",
            Operation::Signal(name) | Operation::Waker(name) | Operation::Choose(name) => name,
        }
    }

    /// Returns the declared memory ordering, of atomics and fences.
    #[must_use]
    pub fn ordering(self) -> Option<Ordering> {
        match self {
            Operation::Load(o)
            | Operation::Store(o)
            | Operation::Rmw(_, o)
            | Operation::Fence(o) => Some(o),
            Operation::Spawn(_)
            | Operation::Join(_)
            | Operation::Park
            | Operation::Unpark(_)
            | Operation::Yield => None,
            Operation::Lock | Operation::TryLock | Operation::Unlock | Operation::Downgrade => None,
            Operation::ReadLock | Operation::TryReadLock | Operation::ReadUnlock => None,
            Operation::Wait | Operation::Wake | Operation::NotifyOne | Operation::NotifyAll => None,
            Operation::Read | Operation::Write | Operation::Free => None,
            Operation::Clone | Operation::Drop | Operation::Look(_) | Operation::Claim(_) => None,
            Operation::Poll | Operation::Signal(_) | Operation::Waker(_) => None,
            Operation::Choose(_) | Operation::Sleep => None,
        }
    }

    /// Returns `true` if it can change its object's value.
    #[must_use]
    pub fn writes(self) -> bool {
        matches!(
            self,
            Operation::Store(_) | Operation::Rmw(..) | Operation::Write | Operation::Free
        )
    }

    /// Returns `true` if it reads its object's value.
    #[must_use]
    pub fn reads(self) -> bool {
        matches!(self, Operation::Load(_) | Operation::Rmw(..) | Operation::Read)
    }
}

/// A value that an operation read or wrote, as far as it can be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Value {
    /// An unsigned integer.
    Unsigned(u64),
    /// A signed integer.
    Signed(i64),
    /// A boolean.
    Bool(bool),
    /// A pointer, by its address.
    Pointer(usize),
    /// How long a sleep was.
    Time(Duration),
    /// The outcome of a wait, a park or a compare-exchange.
    Outcome(Outcome),
}

/// The outcome of an operation that has more than one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// The wait was notified.
    Notified,
    /// The wait or the park timed out.
    TimedOut,
    /// The operation returned or failed spuriously, as std permits.
    Spurious,
    /// The token was available.
    Unparked,
    /// The task was woken.
    Woken,
    /// The task woke itself while it was polled, and nobody else woke it.
    Yielded,
    /// The task is polled for the first time.
    First,
}

/// `notified`, `timed out`, `spurious`, `unparked`, `woken`, `yielded`, `first`.
impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Outcome::Notified => "notified",
            Outcome::TimedOut => "timed out",
            Outcome::Spurious => "spurious",
            Outcome::Unparked => "unparked",
            Outcome::Woken => "woken",
            Outcome::Yielded => "yielded",
            Outcome::First => "first",
        })
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Unsigned(n) => n.fmt(f),
            Value::Signed(n) => n.fmt(f),
            Value::Bool(b) => b.fmt(f),
            Value::Pointer(0) => f.pad("null"),
            Value::Pointer(p) => write!(f, "{p:#x}"),
            Value::Time(duration) => f.pad(&format!("{duration:?}")),
            Value::Outcome(outcome) => outcome.fmt(f),
        }
    }
}

/// One synchronisation operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// The thread.
    pub thread: ThreadId,
    /// The operation.
    pub operation: Operation,
    /// The object; `None` for operations on threads, for fences and for yields.
    pub object: Option<ObjectId>,
    /// The value that it read; for a plain store, the value that it wrote; for a notification, how
    /// many threads it woke.
    pub value: Option<Value>,
    /// The value after a read-modify-write; `spurious` for a weak compare-exchange that failed
    /// spuriously.
    pub written: Option<Value>,
    /// Its place in the source.
    pub location: &'static Location<'static>,
}

/// An object that an execution created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// Its kind.
    pub kind: ObjectKind,
    /// The name given with [`sync::name`](crate::sync::name).
    pub name: Option<String>,
    /// Where it was created; for memory, where it was first announced.
    pub created: &'static Location<'static>,
}

/// Why a thread is blocked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocked {
    /// What it waits for.
    pub on: Awaited,
    /// The threads that hold the lock it waits for; empty if it does not wait for a lock.
    pub holders: Vec<ThreadId>,
}

/// What a blocked thread waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Awaited {
    /// The release of this mutex or reader-writer lock.
    Lock(ObjectId),
    /// A notification of this condition variable.
    Notification(ObjectId),
    /// The end of this thread.
    End(ThreadId),
    /// An unpark by another thread.
    Unpark,
    /// A wake by this waker.
    Wake(ObjectId),
}

/// A thread that an execution started.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Thread {
    /// The name given with `thread::Builder::name`.
    pub name: Option<String>,
    /// What it waits for, if it was blocked when the execution ended; as text: [`Trace::waiting`].
    pub blocked: Option<Blocked>,
    /// Its pending operation when the execution ended, if it had not ended itself.
    pub pending: Option<(Operation, Option<ObjectId>)>,
}

/// Everything that was seen of one execution.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    /// The events in the order in which they took effect (under loom, and in graphs, a load may
    /// read an older value: see [`Trace::stale`]).
    pub events: Vec<Event>,
    /// The objects, indexed by [`ObjectId`].
    pub objects: Vec<Object>,
    /// The threads, indexed by [`ThreadId`].
    pub threads: Vec<Thread>,
    /// The reads of older values with their reasons, by explorers that know which store is read
    /// (graphs).
    pub stale_reads: Vec<StaleRead>,
    /// What the reads lack that lead from the first access of a data race to the second, by the
    /// same explorers: with it, the two were ordered. Empty if nothing leads there.
    pub race: Vec<Lack>,
}

impl Trace {
    /// Returns, for a load at `index`, the last value stored before it, if the load returned
    /// another one.
    ///
    /// Only explorers of weak memory (loom, graphs) have such loads.
    #[must_use]
    pub fn stale(&self, index: usize) -> Option<Value> {
        let event = self.events.get(index)?;
        let (Operation::Load(_), Some(read)) = (event.operation, event.value) else { return None };
        let last = &self.events[self.latest_write(index)?];
        let latest = last.written.or(last.value)?;
        (latest != read).then_some(latest)
    }

    /// Returns the place of the last write before `index` to the same object.
    #[must_use]
    pub fn latest_write(&self, index: usize) -> Option<usize> {
        let object = self.events.get(index)?.object?;
        self.events[..index].iter().rposition(|e| e.object == Some(object) && e.operation.writes())
    }

    /// Returns `true` if the event at `index` acquired a lock that its thread did not release.
    #[must_use]
    pub fn held_to_the_end(&self, index: usize) -> bool {
        let Some(event) = self.events.get(index) else { return false };
        let is_downgrade = |e: &Event| {
            let was_writer = matches!(event.operation, Operation::Lock | Operation::TryLock);
            was_writer && e.operation == Operation::Downgrade
        };
        let release = match event.operation {
            Operation::Downgrade => Operation::ReadUnlock,
            Operation::Lock => Operation::Unlock,
            Operation::TryLock if event.value == Some(Value::Bool(true)) => Operation::Unlock,
            Operation::ReadLock => Operation::ReadUnlock,
            Operation::TryReadLock if event.value == Some(Value::Bool(true)) => {
                Operation::ReadUnlock
            }
            _ => return false,
        };
        let later = &self.events[index + 1..];
        !later
            .iter()
            .filter(|e| e.thread == event.thread && e.object == event.object)
            .any(|e| e.operation == release || is_downgrade(e))
    }

    /// Returns the threads that a blocked thread waits for: those that hold its lock, or the one
    /// that it joins.
    #[must_use]
    pub fn waits_for(&self, thread: ThreadId) -> Vec<ThreadId> {
        let blocked = self.threads.get(thread.index()).and_then(|thread| thread.blocked.as_ref());
        blocked.map_or_else(Vec::new, |blocked| match blocked.on {
            Awaited::Lock(_) => blocked.holders.clone(),
            Awaited::End(other) => vec![other],
            Awaited::Notification(_) | Awaited::Unpark | Awaited::Wake(_) => Vec::new(),
        })
    }
}
