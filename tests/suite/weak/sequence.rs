//! A sequence lock: its reader must not take for old what is half new.
//!
//! python/cpython #121368 had neither fence. softmata/horus #156 had a releasing store for that of
//! the writer. dora-rs/dora #3288 had none of the reader, and the writer's last behind its store.

use super::{beside, fence_if, holds, only_weak};
use selvedge::Kind;
use selvedge::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::{self, Acquire, Relaxed, Release};

/// The orderings of a writer and of a reader.
#[derive(Clone, Copy)]
struct Orders {
    /// Of the writer's first store of the sequence, and of the fence behind that.
    begins: (Ordering, Option<Ordering>),
    /// Of its last store.
    ends: Ordering,
    /// Of the reader's first load of the sequence.
    starts: Ordering,
    /// Of the fence before its second load, and of that.
    validates: (Option<Ordering>, Ordering),
}

const RIGHT: Orders = Orders {
    begins: (Relaxed, Some(Release)),
    ends: Release,
    starts: Acquire,
    validates: (Some(Acquire), Relaxed),
};

fn write_and_read(orders: Orders) {
    let sequence = AtomicUsize::new(0);
    let data = [AtomicUsize::new(0), AtomicUsize::new(0)];
    let write = || {
        sequence.store(1, orders.begins.0);
        fence_if(orders.begins.1);
        data.iter().for_each(|half| half.store(1, Relaxed));
        sequence.store(2, orders.ends);
    };
    let read = || {
        let before = sequence.load(orders.starts);
        let [one, other] = &data;
        let seen = [one.load(Relaxed), other.load(Relaxed)];
        fence_if(orders.validates.0);
        let unchanged = sequence.load(orders.validates.1) == before;
        (unchanged && before.is_multiple_of(2)).then_some((before, seen))
    };
    if let ((), Some((before, seen))) = beside(write, read) {
        assert_eq!(seen, [before / 2; 2], "at {before}");
    }
}

/// A reader that starts at 1 sees any data (4), and then 1 or 2. One that starts at 2 sees all, and
/// 2. One that starts at 0 sees no new data, and then any of 3, or some (3), and then 1 or 2. Each
/// broken form adds some new data between 0 and 0, or some old data between 2 and 2.
#[test]
fn a_sequence_lock_without_its_fences_shows_halves() {
    for (name, orders) in [
        ("no fence of the reader", Orders { validates: (None, Relaxed), ..RIGHT }),
        ("a load for that fence", Orders { validates: (None, Acquire), ..RIGHT }),
        ("no fence of the writer", Orders { begins: (Relaxed, None), ..RIGHT }),
        ("a store for that fence", Orders { begins: (Release, None), ..RIGHT }),
        ("the writer's last store", Orders { ends: Relaxed, ..RIGHT }),
        ("the reader's first load", Orders { starts: Relaxed, ..RIGHT }),
    ] {
        only_weak(name, (Kind::Panic, 3, 21), move || write_and_read(orders));
    }
    holds("both fences", 18, || write_and_read(RIGHT));
}
