//! Notifications that are lost: a waiter registers and then looks at a flag, a notifier sets the
//! flag and then looks for waiters. Each may miss the other, unless one order holds for all.
//!
//! rust-lang/futures-rs #219 is of this shape (its `Lock` had `Acquire` and `Release`). The swaps
//! that were proposed there do not help: see "swaps". event-listener has a fence on each side.

use super::{beside, fence_if, holds, only_weak};
use selvedge::Kind;
use selvedge::sync::Mutex;
use selvedge::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::{self, AcqRel, Acquire, Relaxed, Release, SeqCst};

#[derive(Clone, Copy)]
struct Side {
    says: Access,
    fence: Option<Ordering>,
    looks: Access,
}

#[derive(Clone, Copy)]
enum Access {
    Plain(Ordering),
    /// A read-modify-write.
    Add(Ordering),
}
use Access::{Add, Plain};

impl Side {
    /// Says that it is there, and returns whether the other one is.
    fn meets(self, own: &AtomicUsize, other: &AtomicUsize) -> bool {
        match self.says {
            Plain(order) => own.store(1, order),
            Add(order) => _ = own.fetch_add(1, order),
        }
        fence_if(self.fence);
        match self.looks {
            Plain(order) => other.load(order) == 1,
            Add(order) => other.fetch_add(0, order) == 1,
        }
    }
}

const ORDERED: Side = Side { says: Plain(Release), fence: None, looks: Plain(Acquire) };
const SWAPS: Side = Side { says: Add(AcqRel), ..ORDERED };
const TOTAL: Side = Side { says: Plain(SeqCst), fence: None, looks: Plain(SeqCst) };
const FENCED: Side = Side { says: Plain(Relaxed), fence: Some(SeqCst), looks: Plain(Relaxed) };

/// How futures' `AtomicWaker` is used: all that is ordered is the state of the waker itself.
const REGISTERS: Side = Side { says: Add(AcqRel), fence: None, looks: Plain(Relaxed) };
const WAKES: Side = Side { says: Plain(Relaxed), fence: None, looks: Add(AcqRel) };

/// Whoever sleeps was seen.
fn is_seen(waiter: Side, notifier: Side) {
    let (flag, waiters) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let wait = || !waiter.meets(&waiters, &flag);
    let (asleep, woken) = beside(wait, || notifier.meets(&flag, &waiters));
    assert!(woken || !asleep, "a notification is lost");
}

/// The waiter sleeps at a gate that the notifier opens if it sees somebody.
fn sleeps(waiter: Side, notifier: Side) {
    let (flag, waiters, gate) = (AtomicUsize::new(0), AtomicUsize::new(0), Mutex::new(()));
    let closed = gate.lock().unwrap();
    let wait = || {
        if !waiter.meets(&waiters, &flag) {
            drop(gate.lock().unwrap());
        }
    };
    let notify = || {
        if notifier.meets(&flag, &waiters) {
            drop(closed);
        } else {
            // it stays closed: nobody is there
            std::mem::forget(closed);
        }
    };
    beside(wait, notify);
}

#[test]
fn a_notification_is_lost_where_no_order_holds_for_all() {
    for (name, waiter, notifier) in [
        ("release, acquire", ORDERED, ORDERED),
        ("swaps", SWAPS, SWAPS),
        ("one side in order", TOTAL, ORDERED),
        ("one fence", FENCED, ORDERED),
        ("weak fences", Side { fence: Some(AcqRel), ..FENCED }, FENCED),
        ("one look", TOTAL, Side { looks: Plain(Acquire), ..TOTAL }),
        ("registers relaxed", Side { says: Add(Relaxed), ..REGISTERS }, WAKES),
        ("wakes relaxed", REGISTERS, Side { looks: Add(Relaxed), ..WAKES }),
    ] {
        // each sees the other, or not
        only_weak(name, (Kind::Panic, 1, 4), move || is_seen(waiter, notifier));
        only_weak(name, (Kind::Deadlock, 1, 4), move || sleeps(waiter, notifier));
    }
}

#[test]
fn a_notification_arrives_where_one_order_holds_for_all() {
    for (name, waiter, notifier) in [
        ("SeqCst", TOTAL, TOTAL),
        ("fences", FENCED, FENCED),
        ("SeqCst and a fence", TOTAL, FENCED),
        ("a waker", REGISTERS, WAKES),
    ] {
        // never that neither sees the other
        holds(name, 3, move || is_seen(waiter, notifier));
        holds(name, 3, move || sleeps(waiter, notifier));
    }
}
