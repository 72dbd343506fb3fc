//! What is made at its first use. Whoever comes second must not only hear that it is there.

use super::{Data, Plain, beside, holds, only_weak, races};
use selvedge::Kind;
use selvedge::sync::Mutex;
use selvedge::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::{self, Acquire, Relaxed, Release};

/// Each looks, and makes it under a lock if it must. The slab of tokio-rs/loom #260 is
/// allocated like this, and its first look is relaxed.
fn under_a_lock<D: Data>(first_look: Ordering) {
    let (made, data, lock) = (AtomicUsize::new(0), D::new(), Mutex::new(()));
    let get = || {
        if made.load(first_look) == 0 {
            let _making = lock.lock().unwrap();
            if made.load(Relaxed) == 0 {
                data.set(1);
                made.store(1, Release);
            }
        }
        assert_eq!(data.get(), 1, "what was made is not there");
    };
    beside(get, get);
}

/// Each makes its own, and the first one is kept: so do the `race` types of once_cell. A
/// compare-exchange that fails is a load, with an ordering of its own.
fn by_a_race<D: Data>(success: Ordering, failure: Ordering) {
    let (kept, made) = (AtomicUsize::new(0), [D::new(), D::new()]);
    let get = |own: usize| {
        made[own].set(1);
        let kept = kept.compare_exchange(0, 1 + own, success, failure);
        let place = kept.map_or_else(|theirs| theirs - 1, |_| own);
        assert_eq!(made[place].get(), 1, "what was made is not there");
    };
    beside(|| get(0), || get(1));
}

/// Either makes it, and the other one sees it at the first look or under the lock.
#[test]
fn a_relaxed_first_look_is_not_enough() {
    only_weak("atomics", (Kind::Panic, 2, 6), || under_a_lock::<AtomicUsize>(Relaxed));
    races("cells", || under_a_lock::<Plain>(Relaxed));
    holds("atomics, right", 4, || under_a_lock::<AtomicUsize>(Acquire));
    holds("cells, right", 4, || under_a_lock::<Plain>(Acquire));
}

/// Either is first.
#[test]
fn whoever_loses_a_race_acquires_what_has_won() {
    for (name, success, failure) in [("failure", Release, Relaxed), ("success", Acquire, Acquire)] {
        only_weak(name, (Kind::Panic, 2, 4), move || by_a_race::<AtomicUsize>(success, failure));
        races(name, move || by_a_race::<Plain>(success, failure));
    }
    holds("atomics, right", 2, || by_a_race::<AtomicUsize>(Release, Acquire));
    holds("cells, right", 2, || by_a_race::<Plain>(Release, Acquire));
}
