//! A token that a thread parks on: who takes it must know what all those did that have put it
//! there.
//!
//! rust-lang/rust #53366: `park` took a token away by a store, and `unpark` left one alone that was
//! there.

use super::{Data, Plain, beside, holds, only_weak, races};
use selvedge::Kind;
use selvedge::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::{self, AcqRel, Acquire, Relaxed, Release};

const EMPTY: usize = 0;
const NOTIFIED: usize = 1;

#[derive(Clone, Copy)]
enum Unpark {
    Swap(Ordering),
    /// Leaves a token alone that is already there.
    Exchange,
}

#[derive(Clone, Copy)]
enum Park {
    Swap(Ordering),
    Exchange(Ordering),
    /// Reads the token, and takes it away by a store.
    Store,
}

impl Unpark {
    fn put(self, token: &AtomicUsize) {
        match self {
            Unpark::Swap(order) => _ = token.swap(NOTIFIED, order),
            Unpark::Exchange => {
                _ = token.compare_exchange(EMPTY, NOTIFIED, Release, Relaxed);
            }
        }
    }
}

impl Park {
    /// Takes the token if it is there.
    fn take(self, token: &AtomicUsize) -> bool {
        match self {
            Park::Swap(order) => token.swap(EMPTY, order) == NOTIFIED,
            Park::Exchange(order) => {
                token.compare_exchange(NOTIFIED, EMPTY, order, Relaxed).is_ok()
            }
            Park::Store => {
                let there = token.load(Acquire) == NOTIFIED;
                if there {
                    token.store(EMPTY, Release);
                }
                there
            }
        }
    }
}

/// One thread has something for the other.
fn one<D: Data>(unpark: Unpark, park: Park) {
    let (token, data) = (AtomicUsize::new(EMPTY), D::new());
    let unparks = || {
        data.set(1);
        unpark.put(&token);
    };
    beside(unparks, || {
        if park.take(&token) {
            assert_eq!(data.get(), 1, "what was unparked for is not there");
        }
    });
}

/// Two have something. If a token is left, the thread looks again; if none is, it has seen all.
fn two(unpark: Unpark, park: Park) {
    let (token, data) = (AtomicUsize::new(EMPTY), [(); 2].map(|()| AtomicUsize::new(0)));
    let unparks = |nth: usize| {
        data[nth].store(1, Relaxed);
        unpark.put(&token);
    };
    let parks = || park.take(&token).then(|| [data[0].load(Relaxed), data[1].load(Relaxed)]);
    let seen = beside(|| unparks(0), || beside(|| unparks(1), parks).1).1;
    let left = token.load(Relaxed) == NOTIFIED;
    assert!(left || seen == Some([1, 1]), "an unpark is lost: {seen:?}");
}

/// The three swaps of a token stand in any of 6 orders. If two are before the one that takes it, or
/// one is, each of the data that it has not acquired is there or not.
#[test]
fn a_token_that_is_taken_relaxed_brings_nothing_along() {
    for (name, unpark, park) in [
        ("swap", Unpark::Swap(Release), Park::Swap(Relaxed)),
        ("exchange", Unpark::Swap(Release), Park::Exchange(Relaxed)),
        ("unpark", Unpark::Swap(Relaxed), Park::Swap(Acquire)),
    ] {
        only_weak(name, (Kind::Panic, 1, 3), move || one::<AtomicUsize>(unpark, park));
        races(name, move || one::<Plain>(unpark, park));
        only_weak(name, (Kind::Panic, 6, 18), move || two(unpark, park));
    }
    for (name, unpark, park) in [
        ("swap", Unpark::Swap(Release), Park::Swap(Acquire)),
        ("both", Unpark::Swap(AcqRel), Park::Swap(AcqRel)),
        ("exchange", Unpark::Swap(Release), Park::Exchange(Acquire)),
    ] {
        holds(name, 2, move || one::<AtomicUsize>(unpark, park));
        holds(name, 2, move || one::<Plain>(unpark, park));
        holds(name, 8, move || two(unpark, park));
    }
}

/// A failed exchange writes nothing, so it releases nothing: of two who unpark, the second one's
/// data may not be there when the token of the first is taken.
#[test]
fn a_token_that_is_already_there_must_be_put_there_again() {
    only_weak("unpark", (Kind::Panic, 2, 10), || two(Unpark::Exchange, Park::Swap(Acquire)));
    holds("one unparks", 2, || one::<Plain>(Unpark::Exchange, Park::Swap(Acquire)));
}

/// A store reads nothing, so it acquires nothing: the token that it takes away may be another one
/// than the token that was read.
#[test]
fn a_token_must_be_read_as_it_is_taken_away() {
    only_weak("park", (Kind::Panic, 2, 12), || two(Unpark::Swap(Release), Park::Store));
    holds("one unparks", 2, || one::<Plain>(Unpark::Swap(Release), Park::Store));
}
