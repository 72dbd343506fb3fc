//! The slot in models: no wake is lost, and no item.

use async_example::Slot;
use selvedge::future::{block_on, cancellable, spawn};
use selvedge::sync::Arc;
use selvedge::{Check, Expect, Kind, rand, thread};

#[test]
fn who_waits_is_woken() {
    selvedge::check(|| {
        let slot = Arc::new(Slot::default());
        let theirs = Arc::clone(&slot);
        let item = rand::range(1..=3);
        let putter = thread::spawn(move || theirs.put(item));
        assert_eq!(block_on(slot.take()), item);
        putter.join().unwrap();
    });
}

#[test]
fn no_await_point_loses_the_item() {
    selvedge::check(|| {
        let slot = Arc::new(Slot::default());
        let theirs = Arc::clone(&slot);
        let taker = spawn(cancellable(async move { theirs.take().await }));
        assert_eq!(slot.put(7), None);
        let taken = block_on(taker).unwrap();
        assert_eq!(taken.unwrap_or_else(|| block_on(slot.take())), 7);
    });
}

#[test]
fn two_who_wait_are_too_many() {
    // the second waker replaces the first one: this slot is for one task
    let model = || {
        let slot = Arc::new(Slot::default());
        let takers = [1, 2].map(|_| {
            let theirs = Arc::clone(&slot);
            spawn(async move { theirs.take().await })
        });
        for item in [1, 2] {
            while slot.put(item).is_some() {
                thread::yield_now();
            }
        }
        takers.map(|taker| block_on(taker).unwrap());
    };
    let _ = Check::new("two wait").expect(Expect::Violation(Kind::Deadlock)).assert(model);
}
