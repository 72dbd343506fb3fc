//! Atomics and fences under loom.
//!
//! loom keeps the values, with a history. The std atomic follows as a shadow, which destructors of
//! a failed execution see. A `SeqCst` access has a `SeqCst` fence on both sides, because loom
//! treats `SeqCst` accesses as `AcqRel` (its issue 180).

use super::{companion, defer, step};
use crate::execution::memory::atomic::{exchanged, rmw_seen};
use crate::execution::memory::primitive::{Primitive, Rmw};
use crate::execution::{Pending, Seen, World, with};
use crate::vocabulary::trace::ObjectId;
use std::rc::Rc;
use std::sync::atomic::Ordering::{self, Relaxed, SeqCst};

/// Creates loom's side of a new atomic.
pub(in crate::execution) fn create<T: Primitive>(world: &mut World, atomic: ObjectId, value: T) {
    companion::attach(world, atomic, value.loom());
}

/// loom's side of an atomic.
fn side<T: Primitive>(atomic: ObjectId, std: &T::Std) -> Rc<T::Loom> {
    if !companion::is_attached(atomic) {
        let value = T::load(std, SeqCst); // one OS thread: see `settle`
        with(|world| companion::attach(world, atomic, value.loom()));
    }
    companion::of(atomic)
}

fn fenced<R>(order: Ordering, access: impl FnOnce() -> R) -> R {
    if order != SeqCst {
        return access();
    }
    ::loom::sync::atomic::fence(SeqCst); // for loom, orders this access after what came before
    let result = access();
    ::loom::sync::atomic::fence(SeqCst); // and before what comes after
    result
}

pub(in crate::execution) fn load<T: Primitive>(
    pending: Pending,
    atomic: ObjectId,
    std: &T::Std,
    order: Ordering,
) -> T {
    let loom = side::<T>(atomic, std);
    let access = || fenced(order, || T::loom_load(&loom, order));
    step(pending, access, || T::load(std, SeqCst), |_, _, value| Seen::value(value.value()))
}

pub(in crate::execution) fn store<T: Primitive>(
    pending: Pending,
    atomic: ObjectId,
    std: &T::Std,
    value: T,
    order: Ordering,
) {
    let loom = side::<T>(atomic, std);
    let access = || fenced(order, || T::loom_store(&loom, value, order));
    let owed = loom.clone();
    let shadow = || {
        T::store(std, value, SeqCst); // one OS thread
        let value = value.erased();
        defer(Box::new(move || T::Erased::loom_store(&owed, value, order)));
    };
    step(pending, access, shadow, |_, _, ()| {
        T::store(std, value, SeqCst); // one OS thread
        Seen::value(value.value())
    });
}

pub(in crate::execution) fn rmw<T: Primitive>(
    pending: Pending,
    atomic: ObjectId,
    std: &T::Std,
    (rmw, operand): (Rmw, T),
    order: Ordering,
) -> T {
    // the shadow follows, and is read back for the trace
    let follow = || {
        let old = T::rmw(std, rmw, operand, SeqCst); // one OS thread
        (old, T::load(std, SeqCst))
    };
    let loom = side::<T>(atomic, std);
    let access = || fenced(order, || T::loom_rmw(&loom, rmw, operand, order));
    let owed = loom.clone();
    let shadow = || {
        let operand = operand.erased();
        defer(Box::new(move || {
            T::Erased::loom_rmw(&owed, rmw, operand, order);
        }));
        follow().0
    };
    step(pending, access, shadow, |_, _, old| {
        T::store(std, *old, SeqCst); // one OS thread
        rmw_seen(*old, follow().1)
    })
}

pub(in crate::execution) fn compare_exchange<T: Primitive>(
    pending: Pending,
    atomic: ObjectId,
    std: &T::Std,
    (current, new): (T, T),
    (success, failure): (Ordering, Ordering),
) -> Result<T, T> {
    let loom = side::<T>(atomic, std);
    let strongest = if success == SeqCst || failure == SeqCst { SeqCst } else { success };
    let access =
        || fenced(strongest, || T::loom_compare_exchange(&loom, current, new, success, failure));
    let owed = loom.clone();
    let shadow = || {
        let result = T::compare_exchange(std, current, new, SeqCst, SeqCst); // one OS thread
        if result.is_ok() {
            let new = new.erased();
            defer(Box::new(move || T::Erased::loom_store(&owed, new, SeqCst)));
        }
        result
    };
    step(pending, access, shadow, |_, _, result| {
        if result.is_ok() {
            T::store(std, new, SeqCst); // one OS thread
        }
        exchanged(*result, new, failure)
    })
}

/// Copies loom's value to the std atomic, for an exclusive borrow.
pub(in crate::execution) fn settle<T: Primitive>(atomic: ObjectId, std: &mut T::Std) {
    if let Some(loom) = companion::detach::<T::Loom>(atomic) {
        // Relaxed, and one OS thread: an exclusive borrow is ordered after every other access.
        T::store(std, T::loom_load(&loom, Relaxed), Relaxed);
    }
}

pub(in crate::execution) fn fence(pending: Pending, order: Ordering) {
    step(pending, || ::loom::sync::atomic::fence(order), || {}, |_, _, ()| Seen::default());
}
