//! What one thread publishes to a second one, and that one to a third: the third must know what
//! the first did, too.

use super::{Data, Plain, beside, fence_if, holds, only_weak, races};
use selvedge::Kind;
use selvedge::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::{self, AcqRel, Acquire, Relaxed, Release};

/// How the second thread hears of the first, and tells the third.
#[derive(Clone, Copy)]
struct Middle {
    hears: Ordering,
    fence: Option<Ordering>,
    tells: Ordering,
}

const RIGHT: Middle = Middle { hears: Acquire, fence: None, tells: Release };
const FENCED: Middle = Middle { hears: Relaxed, fence: Some(AcqRel), tells: Relaxed };

/// Three threads and two flags.
fn relayed<D: Data>(middle: Middle) {
    let (data, flags) = (D::new(), [AtomicUsize::new(0), AtomicUsize::new(0)]);
    let first = || {
        data.set(1);
        flags[0].store(1, Release);
    };
    let second = || {
        if flags[0].load(middle.hears) == 1 {
            fence_if(middle.fence);
            flags[1].store(1, middle.tells);
        }
    };
    let third = || {
        if flags[1].load(Acquire) == 1 {
            assert_eq!(data.get(), 1, "what the first one did is not there");
        }
    };
    beside(first, || beside(second, third));
}

/// Three threads and one flag. The second one changes what it reads: by a relaxed
/// read-modify-write, or by a load and a store.
fn passed_on<D: Data>(exchanges: bool) {
    let (data, flag) = (D::new(), AtomicUsize::new(0));
    let first = || {
        data.set(1);
        flag.store(1, Release);
    };
    let second = || {
        if exchanges {
            let _ = flag.compare_exchange(1, 2, Relaxed, Relaxed);
        } else if flag.load(Relaxed) == 1 {
            flag.store(2, Release);
        }
    };
    let third = || {
        if flag.load(Acquire) == 2 {
            assert_eq!(data.get(), 1, "what the first one did is not there");
        }
    };
    beside(first, || beside(second, third));
}

#[test]
fn a_relay_without_an_order_passes_nothing_on() {
    for (name, middle) in [
        ("hears relaxed", Middle { hears: Relaxed, ..RIGHT }),
        ("tells relaxed", Middle { tells: Relaxed, ..RIGHT }),
        ("the fence does not acquire", Middle { fence: Some(Release), ..FENCED }),
        ("the fence does not release", Middle { fence: Some(Acquire), ..FENCED }),
    ] {
        // the second hears nothing; or it does, and the third hears nothing; or that does, too, and
        // has the data or not
        only_weak(name, (Kind::Panic, 1, 4), move || relayed::<AtomicUsize>(middle));
        races(name, move || relayed::<Plain>(middle));
    }
}

#[test]
fn a_relay_with_an_order_passes_on_what_it_was_told() {
    for (name, middle) in [("right", RIGHT), ("fenced", FENCED)] {
        holds(name, 3, move || relayed::<AtomicUsize>(middle));
        holds(name, 3, move || relayed::<Plain>(middle));
    }
}

/// A read-modify-write continues the release sequence of what it reads, and a store ends it.
#[test]
fn a_relaxed_exchange_passes_on_what_a_releasing_store_does_not() {
    // the second reads 0, and the third 0 or 1; or it reads 1, and the third 0, 1 or 2, and then
    // it has the data or not
    only_weak("store", (Kind::Panic, 1, 6), || passed_on::<AtomicUsize>(false));
    races("store", || passed_on::<Plain>(false));
    holds("exchange", 5, || passed_on::<AtomicUsize>(true));
    holds("exchange", 5, || passed_on::<Plain>(true));
}
