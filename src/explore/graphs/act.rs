//! What is no atomic: each operation on an object is a function of the object's small state.
//!
//! An operation that changes the state is a read-modify-write, or a store where the state before
//! does not matter. So all changes of one object are one chain, and the order of an execution
//! agrees with it. An operation that leaves the state as it is only looks: it is a load, and may be
//! stale. An operation that cannot take effect yet waits.
//!
//! An operation acquires and releases what std says of it, and no more. A lock does not release:
//! who fails to take it, and then has a fence, must not learn what its holder knew. (A prototype
//! whose locks released missed a graph in twenty thousand.)

use crate::execution::gate::DONE;
use crate::execution::{Does, Makes};
use std::sync::atomic::Ordering::{self, AcqRel, Acquire, Relaxed, Release};

/// An operation on an object that is no atomic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    /// The state of a mutex is odd while it is held, and then says which thread has released it.
    Lock,
    TryLock,
    Unlock {
        thread: u32,
    },
    /// Waits until another thread has had it: a timeout that fires again.
    Relock {
        thread: u32,
    },
    /// The state of a lock is one if it is held for writing, and two for each reader.
    WriteLock,
    TryWriteLock,
    WriteUnlock,
    ReadLock,
    TryReadLock,
    ReadUnlock,
    /// The same where readers come in no order (`sharing.rs`). The state is one if the lock is held
    /// for writing.
    Enter,
    Leave {
        lock: u32,
    },
    Write,
    /// The state of a thread's token is one if it is available, and so is that of a task's waker.
    Park,
    TryPark,
    Unpark,
    /// As `TryPark`: a task that has woken itself takes what others have done for it.
    TryPoll,
    /// The state of a condition variable is a bit for each thread that waits.
    Enqueue {
        thread: u32,
    },
    /// Which one it wakes is its option.
    NotifyOne,
    NotifyAll,
    /// Goes on when the thread has been taken out of the queue. It reads nothing: it comes after
    /// the first change that did so, as a join comes after the end of a thread. As a load it would
    /// have to read that one, although the thread may have heard of later ones on other ways.
    Notified {
        thread: u32,
        condvar: u32,
    },
    /// The state of a barrier is how many have come so far.
    Arrive,
    /// Goes on when as many have come as the barrier waits for: as `Notified`.
    Pass {
        barrier: u32,
        threads: u64,
    },
    /// The state of an initialisation: not yet, begun, done.
    Begin,
    Finish {
        done: bool,
    },
    IsDone,
    /// The state of an `Arc` is how many handles there are, or how many `Weak`s.
    Counts(Does),
    /// Which value it takes is its option, or whether a wait ends for no reason. It accesses
    /// nothing.
    Choose {
        of: u32,
    },
}

/// What an act does in a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Waits,
    Looks,
    Writes(u64),
}

/// The highest number of a thread that can wait for a notification, and one.
pub(super) const QUEUE: u32 = u64::BITS;

impl Act {
    /// What it does in this state, if it takes this option.
    pub(super) fn step(self, state: u64, option: usize) -> Step {
        let when = |holds: bool, then: u64, otherwise: Step| {
            if holds { Step::Writes(then) } else { otherwise }
        };
        match self {
            Act::Lock => when(state & 1 == 0, 1, Step::Waits),
            Act::TryLock => when(state & 1 == 0, 1, Step::Looks),
            Act::Relock { thread } => {
                when(state & 1 == 0 && state != released(thread), 1, Step::Waits)
            }
            Act::Unlock { thread } => Step::Writes(released(thread)),
            Act::WriteLock => when(state == 0, 1, Step::Waits),
            Act::TryWriteLock => when(state == 0, 1, Step::Looks),
            Act::WriteUnlock => Step::Writes(0),
            Act::ReadLock => when(state & 1 == 0, state + 2, Step::Waits),
            Act::TryReadLock => when(state & 1 == 0, state + 2, Step::Looks),
            Act::ReadUnlock => Step::Writes(state.wrapping_sub(2)),
            Act::Enter if state == 0 => Step::Looks,
            Act::Enter => Step::Waits,
            Act::Write => when(state == 0, 1, Step::Waits),
            Act::Park => when(state == 1, 0, Step::Waits),
            Act::TryPark | Act::TryPoll => when(state == 1, 0, Step::Looks),
            Act::Unpark => Step::Writes(1),
            Act::Enqueue { thread } => Step::Writes(state | 1 << thread),
            Act::NotifyOne => match nth_bit(state, option) {
                Some(thread) => Step::Writes(state & !(1 << thread)),
                None => Step::Looks,
            },
            Act::NotifyAll => when(state != 0, 0, Step::Looks),
            Act::Arrive => Step::Writes(state + 1),
            Act::Begin if state == DONE => Step::Looks,
            Act::Begin => when(state == 0, 1, Step::Waits),
            Act::Finish { done } => Step::Writes(if done { DONE } else { 0 }),
            Act::IsDone | Act::Leave { .. } | Act::Choose { .. } => Step::Looks,
            Act::Notified { .. } | Act::Pass { .. } => Step::Looks,
            Act::Counts(does) => match does.makes(state) {
                Makes::This(count) => Step::Writes(count),
                Makes::Nothing => Step::Looks,
            },
        }
    }

    /// How many options it has in this state.
    pub(super) fn options(self, state: u64) -> usize {
        match self {
            Act::NotifyOne => state.count_ones().max(1) as usize,
            Act::Choose { of } => of as usize,
            _ => 1,
        }
    }

    /// The thread that it wakes, if it is one of several.
    pub(super) fn wakes(self, state: u64, option: usize) -> Option<u32> {
        (self == Act::NotifyOne).then(|| nth_bit(state, option)).flatten()
    }

    /// Whether it is a store: the state before does not matter, and nobody else can change it.
    pub(super) fn only_stores(self) -> bool {
        matches!(self, Act::Unlock { .. } | Act::WriteUnlock | Act::Finish { .. })
    }

    /// The object of an act that comes after a change of it without reading that.
    pub(super) fn follows(self) -> Option<u32> {
        match self {
            Act::Notified { condvar, .. } => Some(condvar),
            Act::Pass { barrier, .. } => Some(barrier),
            _ => None,
        }
    }

    /// Whether such an act can go on in this state. `own` is what its thread's last operation on
    /// the object read.
    pub(super) fn goes_on(self, own: u64, state: u64) -> bool {
        match self {
            Act::Notified { thread, .. } => state & 1 << thread == 0,
            Act::Pass { threads, .. } => state >= (own / threads + 1) * threads,
            _ => true,
        }
    }

    /// Whether it takes what several may have, in no order.
    pub(super) fn shares(self) -> bool {
        matches!(self, Act::Enter | Act::Write)
    }

    /// Its ordering, if it writes this state, or none.
    pub(super) fn order(self, written: Option<u64>) -> Ordering {
        let writes = written.is_some();
        match self {
            Act::Counts(does) => does.order(written),
            Act::Enter | Act::Begin | Act::IsDone => Acquire,
            Act::Arrive => AcqRel,
            Act::Finish { .. } => Release,
            Act::Lock | Act::TryLock | Act::Relock { .. } if writes => Acquire,
            Act::WriteLock | Act::TryWriteLock | Act::Write if writes => Acquire,
            Act::Park | Act::TryPark | Act::TryPoll if writes => Acquire,
            Act::ReadLock | Act::TryReadLock if writes => Acquire,
            Act::Unlock { .. } | Act::WriteUnlock | Act::ReadUnlock | Act::Unpark => Release,
            // POSIX has them synchronise, and no notification is earlier than what it follows
            Act::Enqueue { .. } | Act::NotifyOne | Act::NotifyAll if writes => AcqRel,
            _ => Relaxed,
        }
    }
}

/// The state of a mutex that this thread has released.
fn released(thread: u32) -> u64 {
    2 * (u64::from(thread) + 1)
}

/// The place of the n-th bit that is set.
fn nth_bit(state: u64, nth: usize) -> Option<u32> {
    let rest = (0..nth).fold(state, |rest, _| rest & rest.wrapping_sub(1));
    (rest != 0).then(|| rest.trailing_zeros())
}
