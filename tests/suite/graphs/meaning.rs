//! What each operation accesses, and what it writes if it reads a value.
//!
//! What an object is that is no atomic, is said here once more, and not taken from the explorer.

use super::program::Op;
use std::sync::atomic::Ordering::{self, AcqRel, Acquire, Relaxed, Release};

/// What has stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Object {
    Atomic(usize),
    Lock(usize),
    Condvar(usize),
    Token(usize),
    Shared,
    Barrier,
    Once,
    Channel(usize),
}

/// What a thread's operation accesses.
pub(super) fn object(op: Op, thread: usize) -> Option<Object> {
    Some(match op {
        Op::Load(x, _) | Op::Store(x, ..) | Op::Pass(x, ..) => Object::Atomic(x),
        Op::SpinUnless(x, ..) => Object::Atomic(x),
        Op::Await(x, ..) | Op::Spin(x, ..) | Op::SpinWeak(x, ..) => Object::Atomic(x),
        Op::Add(x, ..) | Op::Swap(x, ..) => Object::Atomic(x),
        Op::Exchange(x, ..) | Op::Weak(x, ..) => Object::Atomic(x),
        Op::Lock(lock) | Op::Unlock(lock) => Object::Lock(lock),
        Op::LockInTime => Object::Lock(0),
        Op::Try(lock) | Op::UnlockTried(lock) => Object::Lock(lock),
        Op::Enqueue(lock) | Op::NotifyOne(lock) | Op::NotifyAll(lock) => Object::Condvar(lock),
        Op::Token | Op::ParkTimeout => Object::Token(thread),
        Op::Unpark(parked) => Object::Token(parked),
        Op::Arrive => Object::Barrier,
        Op::Ask | Op::Finish | Op::IsDone => Object::Once,
        Op::Init => Object::Atomic(0),
        Op::Read | Op::Write | Op::TryRead | Op::TryWrite | Op::WriteUnlock => Object::Shared,
        Op::Enter | Op::Take | Op::WriteUnlockTried => Object::Shared,
        Op::ReadUnlock | Op::ReadUnlockTried => Object::Shared,
        Op::Open(channel) | Op::Put(channel, _) => Object::Channel(channel),
        Op::Get(channel) | Op::Shut(channel, _) => Object::Channel(channel),
        _ => return None,
    })
}

/// Whether an operation that accesses something only stores.
pub(super) fn only_stores(op: Op) -> bool {
    matches!(op, Op::Store(..) | Op::Pass(..) | Op::Unlock(_) | Op::UnlockTried(_))
        || matches!(op, Op::WriteUnlock | Op::WriteUnlockTried | Op::Init | Op::Finish)
        || matches!(op, Op::Put(..) | Op::Get(_) | Op::Shut(..))
}

/// What the thread reports of an operation that reads this, and writes or does not. `early` is
/// whether its wait has ended for no reason, or by its timeout.
pub(super) fn reports(op: Op, value: u64, writes: bool, early: bool) -> Option<u64> {
    match op {
        Op::LockInTime => Some(u64::from(early)),
        Op::Load(..) | Op::Await(..) | Op::Add(..) | Op::Swap(..) => Some(value),
        Op::Exchange(..) | Op::Weak(..) | Op::Spin(..) | Op::SpinWeak(..) => Some(value),
        Op::SpinUnless(..) => Some(value),
        Op::IsDone => Some(u64::from(value == 2)),
        Op::Get(_) => Some(value / 2 % 4),
        Op::Shut(_, report) => report,
        Op::Try(_) | Op::TryRead | Op::TryWrite => Some(u64::from(!writes)),
        _ => None,
    }
}

/// What a thread's operation may write if it reads this value, and its ordering then. Nothing, if
/// it waits.
pub(super) fn writes(op: Op, last: u64, thread: usize, value: u64) -> Vec<(Option<u64>, Ordering)> {
    let one = |written, order| vec![(written, order)];
    match op {
        Op::Await(_, wanted, _) if value != wanted => Vec::new(),
        Op::Spin(_, old, new, order, _) | Op::SpinWeak(_, old, new, order, _) if value == old => {
            one(Some(new), order)
        }
        Op::SpinUnless(_, old, new, _, order) if value == old => one(Some(new), order),
        Op::SpinUnless(_, _, _, closed, _) if value == closed => one(None, Relaxed),
        Op::Spin(..) | Op::SpinWeak(..) | Op::SpinUnless(..) => Vec::new(),
        Op::Load(_, order) | Op::Await(_, _, order) => one(None, order),
        Op::Store(_, new, order) | Op::Swap(_, new, order) => one(Some(new), order),
        Op::Pass(_, more, order) => one(Some(last + more), order),
        Op::Add(_, by, order) => one(Some(value + by), order),
        Op::Exchange(_, old, new, success, _) | Op::Weak(_, old, new, success, _)
            if old == value =>
        {
            one(Some(new), success)
        }
        Op::Exchange(.., failure) | Op::Weak(.., failure) => one(None, failure),
        Op::Lock(_) | Op::LockInTime | Op::Try(_) if value == 0 => one(Some(1), Acquire),
        Op::Lock(_) | Op::LockInTime => Vec::new(),
        Op::Try(_) => one(None, Relaxed),
        Op::Unlock(_) | Op::UnlockTried(_) => one(Some(0), Release),
        Op::Enqueue(_) => one(Some(value | 1 << thread), AcqRel),
        Op::NotifyOne(_) | Op::NotifyAll(_) if value == 0 => one(None, Relaxed),
        Op::NotifyAll(_) => one(Some(0), AcqRel),
        Op::NotifyOne(_) => {
            let waits = (0..64).filter(|thread| value & 1 << thread != 0);
            waits.map(|thread| (Some(value & !(1 << thread)), AcqRel)).collect()
        }
        Op::ParkTimeout if value == 0 => one(None, Relaxed),
        Op::ParkTimeout => one(Some(0), Acquire),
        Op::Token if value == 0 => Vec::new(),
        Op::Token => one(Some(0), Acquire),
        Op::Unpark(_) => one(Some(1), Release),
        Op::Arrive => one(Some(value + 1), AcqRel),
        // 1 while somebody initialises
        Op::Ask if value == 1 => Vec::new(),
        Op::Ask => one((value == 0).then_some(1), Acquire),
        Op::Init => one(Some(7), Relaxed),
        Op::Finish => one(Some(2), Release),
        Op::IsDone => one(None, Acquire),
        Op::Enter if value == 0 => one(None, Acquire),
        Op::Take if value == 0 => one(Some(1), Acquire),
        Op::Enter | Op::Take => Vec::new(),
        // a writer counts one, a reader two
        Op::Read | Op::TryRead if value.is_multiple_of(2) => one(Some(value + 2), Acquire),
        Op::Write | Op::TryWrite if value == 0 => one(Some(1), Acquire),
        Op::Read | Op::Write => Vec::new(),
        Op::TryRead | Op::TryWrite => one(None, Relaxed),
        Op::ReadUnlock | Op::ReadUnlockTried if value < 2 => Vec::new(),
        Op::ReadUnlock | Op::ReadUnlockTried => one(Some(value - 2), Release),
        Op::WriteUnlock | Op::WriteUnlockTried => one(Some(0), Release),
        // 1 while somebody has the channel's lock, and its items behind that, the oldest first
        Op::Open(_) if value % 2 == 1 => Vec::new(),
        Op::Open(_) => one(Some(value + 1), Acquire),
        Op::Put(..) | Op::Get(_) | Op::Shut(..) if value.is_multiple_of(2) => Vec::new(),
        Op::Put(_, item) => {
            let room = (0..).find(|at| value >> (1 + 2 * at) == 0).expect("there are few items");
            one(Some(value - 1 + (item << (1 + 2 * room))), Release)
        }
        Op::Get(_) => one(Some(value / 8 * 2), Release),
        Op::Shut(..) => one(Some(value - 1), Release),
        other => unreachable!("{other:?} accesses nothing"),
    }
}
