//! A ring between one producer and one consumer: each end says how far it is, and the other one
//! believes it.
//!
//! RUSTSEC-2026-0575: heapless' `peek` read the producer's end without an order.

use super::{Data, Plain, beside, holds, only_weak, races};
use selvedge::Kind;
use selvedge::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::{self, Acquire, Relaxed, Release};

/// A ring of one slot.
struct Ring<D> {
    slot: D,
    /// How many items were taken out.
    taken: AtomicUsize,
    /// How many were put in.
    put: AtomicUsize,
    orders: Orders,
}

#[derive(Clone, Copy)]
struct Orders {
    /// Of the producer's load and store.
    put: (Ordering, Ordering),
    peek: Ordering,
    /// Of the consumer's load and store.
    take: (Ordering, Ordering),
}

const RIGHT: Orders = Orders { put: (Acquire, Release), peek: Acquire, take: (Acquire, Release) };

impl<D: Data> Ring<D> {
    fn put(&self, item: usize) {
        let (load, store) = self.orders.put;
        let put = self.put.load(Relaxed);
        if self.taken.load(load) == put {
            self.slot.set(item);
            self.put.store(put + 1, store);
        }
    }

    fn peek(&self) -> Option<usize> {
        let some = self.put.load(self.orders.peek) > self.taken.load(Relaxed);
        some.then(|| self.slot.get())
    }

    fn take(&self) -> Option<usize> {
        let (load, store) = self.orders.take;
        let taken = self.taken.load(Relaxed);
        let item = (self.put.load(load) > taken).then(|| self.slot.get())?;
        self.taken.store(taken + 1, store);
        Some(item)
    }
}

fn put_and_take<D: Data>(orders: Orders) {
    let (taken, put) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let ring = Ring { slot: D::new(), taken, put, orders };
    let puts = || [1, 2].map(|item| ring.put(item));
    let (_, seen) = beside(puts, || [ring.peek(), ring.take()]);
    assert!(seen.iter().flatten().all(|item| *item == 1), "an empty slot is seen: {seen:?}");
}

/// Nothing is there in time; or the first item is, to be taken, or to be peeked at, too, and the
/// second is put in or comes too early. Without an order, the slot may be empty then.
#[test]
fn an_item_is_seen_only_behind_what_says_that_it_is_there() {
    let (peek, take) = (Orders { peek: Relaxed, ..RIGHT }, (Relaxed, Release));
    only_weak("peek", (Kind::Panic, 2, 7), move || put_and_take::<AtomicUsize>(peek));
    for (name, orders) in [
        ("peek", peek),
        ("take", Orders { take, ..RIGHT }),
        ("put", Orders { put: (Acquire, Relaxed), ..RIGHT }),
    ] {
        races(name, move || put_and_take::<Plain>(orders));
    }
    holds("right, atomics", 5, || put_and_take::<AtomicUsize>(RIGHT));
    holds("right", 5, || put_and_take::<Plain>(RIGHT));
}

/// What is taken out is read before the slot is filled again. Only a plain read can be written
/// over.
#[test]
fn a_slot_is_filled_again_only_behind_what_says_that_it_is_free() {
    for (name, orders) in [
        ("take", Orders { take: (Acquire, Relaxed), ..RIGHT }),
        ("put", Orders { put: (Relaxed, Release), ..RIGHT }),
    ] {
        races(name, move || put_and_take::<Plain>(orders));
        holds(name, 5, move || put_and_take::<AtomicUsize>(orders));
    }
}
