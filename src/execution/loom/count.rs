//! The count of an `Arc` whose operations are steps, under loom. An atomic represents it, and every
//! operation changes that atomic. The count itself is std's.

use super::{companion, defer, step as loom_step};
use crate::execution::with;
use crate::execution::{Pending, Seen, me, set_me};
use crate::vocabulary::trace::ObjectId;
use std::cell::Cell;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

/// Orders the operations.
type CountOrder = ::loom::sync::atomic::AtomicUsize;

/// Creates loom's side of a counted `Arc`.
pub(in crate::execution) fn create(arc: ObjectId) {
    with(|world| companion::attach(world, arc, CountOrder::new(0)));
}

/// One operation. `perform` does it, and returns how many handles it left or saw.
pub(in crate::execution) fn step<R>(
    pending: Pending,
    arc: ObjectId,
    releases: bool,
    perform: impl FnOnce() -> (R, usize),
    seen: impl FnOnce(usize) -> Seen,
) -> R {
    let order = companion::of::<CountOrder>(arc);
    let ordering = if releases { Release } else { Relaxed }; // see `acquire`
    let owed = order.clone();
    let perform = Cell::new(Some(perform));
    let once = || (perform.take().expect("one of the two"))();
    let access = || {
        order.fetch_add(1, ordering);
        once()
    };
    let shadow = || {
        defer(Box::new(move || _ = owed.fetch_add(1, ordering)));
        once()
    };
    loom_step(pending, access, shadow, |_, _, (_, count)| seen(*count)).0
}

/// Orders what follows after the operations that released.
pub(in crate::execution) fn acquire() {
    let me = me();
    ::loom::sync::atomic::fence(Acquire); // of the releases in `step`: the earlier drops
    set_me(me);
}
