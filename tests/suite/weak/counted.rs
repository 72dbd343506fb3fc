//! Counts of owners. The last one may do what it likes, if it knows what the others did.
//!
//! rust-lang/rust #51780: `Arc::get_mut` read the count without an order.
//! Manishearth/triomphe #109: a draft of `into_unique` did not acquire what it decremented.

use super::{Data, Plain, beside, fence_if, holds, only_weak, races};
use selvedge::Kind;
use selvedge::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::{self, AcqRel, Acquire, Relaxed, Release};

/// One owner writes and leaves, and the other one asks whether it is alone.
fn asks<D: Data>(drops: Ordering, is_unique: Ordering, fence: Option<Ordering>) {
    let (count, data) = (AtomicUsize::new(2), D::new());
    let leaves = || {
        data.set(1);
        count.fetch_sub(1, drops);
    };
    beside(leaves, || {
        if count.load(is_unique) == 1 {
            fence_if(fence);
            assert_eq!(data.get(), 1, "what the other owner did is not there");
            data.set(2);
        }
    });
}

/// Both leave, and the last one frees.
fn frees<D: Data>(drops: Ordering, fence: Option<Ordering>) {
    let (count, data) = (AtomicUsize::new(2), [D::new(), D::new()]);
    let leaves = |own: usize| {
        data[own].set(1);
        if count.fetch_sub(1, drops) == 1 {
            fence_if(fence);
            assert_eq!(data[1 - own].get(), 1, "what the other owner did is not there");
            data[1 - own].set(2);
        }
    };
    beside(|| leaves(0), || leaves(1));
}

#[test]
fn an_owner_that_asks_relaxed_whether_it_is_alone_does_not_know() {
    // not alone; or alone, and what the other one did is there or not
    only_weak("atomics", (Kind::Panic, 1, 3), || asks::<AtomicUsize>(Release, Relaxed, None));
    races("asks relaxed", || asks::<Plain>(Release, Relaxed, None));
    races("drops relaxed", || asks::<Plain>(Relaxed, Acquire, None));
    for (name, is_unique, fence) in [("load", Acquire, None), ("fence", Relaxed, Some(Acquire))] {
        holds(name, 2, move || asks::<AtomicUsize>(Release, is_unique, fence));
        holds(name, 2, move || asks::<Plain>(Release, is_unique, fence));
    }
}

#[test]
fn the_last_owner_acquires_before_it_frees() {
    // either is the last, and what the other one did is there or not
    only_weak("atomics", (Kind::Panic, 2, 4), || frees::<AtomicUsize>(Release, None));
    races("does not acquire", || frees::<Plain>(Release, None));
    races("does not release", || frees::<Plain>(Acquire, None));
    for (name, drops, fence) in [("both", AcqRel, None), ("fence", Release, Some(Acquire))] {
        holds(name, 2, move || frees::<AtomicUsize>(drops, fence));
        holds(name, 2, move || frees::<Plain>(drops, fence));
    }
}
