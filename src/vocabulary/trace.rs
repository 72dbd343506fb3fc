//! What happened in one execution: its events, in the order in which they took effect.

mod fingerprint;
mod words;

pub(crate) use fingerprint::Fingerprint;

use std::fmt;
use std::panic::Location;
use std::sync::atomic::Ordering;

/// A thread of an execution: 0 is the one that runs the model's closure, the others in the order of
/// their spawning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ThreadId(pub u32);

impl ThreadId {
    /// The thread that runs the model's closure.
    pub const MAIN: ThreadId = ThreadId(0);

    /// The place of this thread in [`Trace::threads`].
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// An object of an execution (a mutex, an atomic, a cell), in the order of creation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId(pub u32);

impl ObjectId {
    /// The place of this object in [`Trace::objects`].
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// What an object is.
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
    /// What was announced by its address: `cell::read`, `cell::write`, `cell::freed`
    Memory,
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
        })
    }
}

/// What a thread did, in std's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Operation {
    /// Started the thread.
    Spawn(ThreadId),
    /// Waited for the end of the thread.
    Join(ThreadId),
    /// Read an atomic; also a compare-exchange that failed.
    Load(Ordering),
    /// Wrote an atomic.
    Store(Ordering),
    /// Read and wrote an atomic in one step: its name (`fetch_add`, `swap`, `compare_exchange`).
    Rmw(&'static str, Ordering),
    /// `atomic::fence`
    Fence(Ordering),
    /// Acquired a mutex, or a reader-writer lock for writing.
    Lock,
    /// Tried to acquire; the event's value tells whether it did.
    TryLock,
    /// Released what `Lock` or `TryLock` acquired.
    Unlock,
    /// Acquired a reader-writer lock for reading.
    ReadLock,
    /// Tried to acquire for reading; the event's value tells whether it did.
    TryReadLock,
    /// Released what `ReadLock` acquired.
    ReadUnlock,
    /// Released the mutex and began to wait on the condition variable.
    Wait,
    /// Came back from a wait, with the mutex; the event's value says why.
    Wake,
    /// `Condvar::notify_one`
    NotifyOne,
    /// `Condvar::notify_all`
    NotifyAll,
    /// Consumed the thread's token, after blocking for it where need was.
    Park,
    /// Made the thread's token available.
    Unpark(ThreadId),
    /// `thread::yield_now`, `hint::spin_loop` or `thread::sleep`
    Yield,
    /// Read a cell.
    Read,
    /// Wrote a cell.
    Write,
    /// Made another handle of an `Arc`; the event's value tells how many there are then.
    Clone,
    /// Dropped a handle of an `Arc`; the event's value tells how many are left.
    Drop,
    /// Looked how many handles an `Arc` has: its name (`strong_count`, `get_mut`).
    Look(&'static str),
    /// Did what hangs on how many handles an `Arc` has: its name (`try_unwrap`, `upgrade`).
    Claim(&'static str),
    /// Announced that memory is given back.
    Free,
}

impl Operation {
    /// The word by which std calls it.
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
        }
    }

    /// The declared memory ordering, of atomics and fences.
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
            Operation::Lock | Operation::TryLock | Operation::Unlock => None,
            Operation::ReadLock | Operation::TryReadLock | Operation::ReadUnlock => None,
            Operation::Wait | Operation::Wake | Operation::NotifyOne | Operation::NotifyAll => None,
            Operation::Read | Operation::Write | Operation::Free => None,
            Operation::Clone | Operation::Drop | Operation::Look(_) | Operation::Claim(_) => None,
        }
    }

    /// Whether it can change its object's value.
    #[must_use]
    pub fn writes(self) -> bool {
        matches!(
            self,
            Operation::Store(_) | Operation::Rmw(..) | Operation::Write | Operation::Free
        )
    }

    /// Whether it reads its object's value.
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
    /// How a wait, a park or a compare-exchange came out.
    Outcome(Outcome),
}

/// How an operation came out that can do so in more than one way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// The wait was notified.
    Notified,
    /// The wait, or the park, timed out.
    TimedOut,
    /// It came back, or failed, for no reason, as std lets it.
    Spurious,
    /// The token was there.
    Unparked,
}

/// `notified`, `timed out`, `spurious`, `unparked`.
impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Outcome::Notified => "notified",
            Outcome::TimedOut => "timed out",
            Outcome::Spurious => "spurious",
            Outcome::Unparked => "unparked",
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
            Value::Outcome(outcome) => outcome.fmt(f),
        }
    }
}

/// One synchronisation operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// Who did it.
    pub thread: ThreadId,
    /// What it did.
    pub operation: Operation,
    /// To which object; `None` for operations on threads, for fences and for yields.
    pub object: Option<ObjectId>,
    /// What it read; for a plain store, what it wrote; for a notification, how many threads it
    /// woke.
    pub value: Option<Value>,
    /// What a read-modify-write left behind; `spurious` for a weak compare-exchange that failed for
    /// no reason.
    pub written: Option<Value>,
    /// Where it stands in the source.
    pub location: &'static Location<'static>,
}

/// An object that an execution created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// What it is.
    pub kind: ObjectKind,
    /// The name given to it with [`sync::name`](crate::sync::name).
    pub name: Option<String>,
    /// Where it was created; memory: where it was announced first.
    pub created: &'static Location<'static>,
}

/// Why a thread cannot go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocked {
    /// What it waits for.
    pub on: Awaited,
    /// Who holds the lock for which it waits; nobody, if that is no lock.
    pub holders: Vec<ThreadId>,
}

/// What a blocked thread waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Awaited {
    /// That this mutex or reader-writer lock is free.
    Lock(ObjectId),
    /// A notification of this condition variable.
    Notification(ObjectId),
    /// The end of this thread.
    End(ThreadId),
    /// That somebody unparks it.
    Unpark,
}

/// A thread that an execution started.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Thread {
    /// The name given to it by `thread::Builder::name`.
    pub name: Option<String>,
    /// What it waits for, if the execution ended while it could not go on; in words:
    /// [`Trace::waiting`].
    pub blocked: Option<Blocked>,
    /// What it was about to do when the execution ended, if it had not ended itself.
    pub pending: Option<(Operation, Option<ObjectId>)>,
}

/// Everything that was seen of one execution.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    /// In the order in which they took effect (under loom a load may read an older value: see
    /// [`Trace::stale`]).
    pub events: Vec<Event>,
    /// Indexed by [`ObjectId`].
    pub objects: Vec<Object>,
    /// Indexed by [`ThreadId`].
    pub threads: Vec<Thread>,
}

impl Trace {
    /// For a load at `index`: the value that was stored last before it, if the load returned
    /// another one.
    ///
    /// Only an engine with weak memory (loom) has such loads.
    #[must_use]
    pub fn stale(&self, index: usize) -> Option<Value> {
        let event = self.events.get(index)?;
        let (Operation::Load(_), Some(read)) = (event.operation, event.value) else { return None };
        let last = &self.events[self.latest_write(index)?];
        let latest = last.written.or(last.value)?;
        (latest != read).then_some(latest)
    }

    /// The place of the last write before `index` to the same object.
    #[must_use]
    pub fn latest_write(&self, index: usize) -> Option<usize> {
        let object = self.events.get(index)?.object?;
        self.events[..index].iter().rposition(|e| e.object == Some(object) && e.operation.writes())
    }

    /// Whether the event at `index` acquired a lock that its thread did not release any more.
    #[must_use]
    pub fn held_to_the_end(&self, index: usize) -> bool {
        let Some(event) = self.events.get(index) else { return false };
        let release = match event.operation {
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
            .any(|e| e.thread == event.thread && e.object == event.object && e.operation == release)
    }

    /// The threads for which a blocked thread waits: those that hold its lock, or the one whose end
    /// it awaits.
    #[must_use]
    pub fn waits_for(&self, thread: ThreadId) -> Vec<ThreadId> {
        let blocked = self.threads.get(thread.index()).and_then(|thread| thread.blocked.as_ref());
        blocked.map_or_else(Vec::new, |blocked| match blocked.on {
            Awaited::Lock(_) => blocked.holders.clone(),
            Awaited::End(other) => vec![other],
            Awaited::Notification(_) | Awaited::Unpark => Vec::new(),
        })
    }
}
