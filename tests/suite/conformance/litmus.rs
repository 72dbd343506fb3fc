//! Litmus tests: what each engine says of memory, by its exact set of outcomes.

use super::helpers::{DFS, LOOM, check, in_words, outcomes};
use selvedge::cell::UnsafeCell;
use selvedge::sync::Arc;
use selvedge::sync::atomic::Ordering::{self, Acquire, Relaxed, Release, SeqCst};
use selvedge::sync::atomic::{AtomicUsize, fence};
use selvedge::{Explorer, Kind, Verdict, thread};
use std::collections::BTreeSet;

/// Each thread writes its own and reads the other's.
fn store_buffering(order: Ordering) -> (usize, usize) {
    let shared = Arc::new((AtomicUsize::new(0), AtomicUsize::new(0)));
    let theirs = Arc::clone(&shared);
    let (store, load) = if order == SeqCst { (SeqCst, SeqCst) } else { (Relaxed, Relaxed) };
    let other = thread::spawn(move || {
        theirs.1.store(1, store);
        theirs.0.load(load)
    });
    shared.0.store(1, store);
    let mine = shared.1.load(load);
    (mine, other.join().unwrap())
}

#[test]
fn store_buffering_shows_with_relaxed_under_loom_and_never_with_seqcst() {
    let strong = BTreeSet::from([(0, 1), (1, 0), (1, 1)]);
    let weak: BTreeSet<_> = strong.iter().copied().chain([(0, 0)]).collect();
    assert_eq!(outcomes(LOOM, || store_buffering(Relaxed)), weak);
    assert_eq!(outcomes(LOOM, || store_buffering(SeqCst)), strong);
    // on shuttle's green threads memory is sequentially consistent, whatever is declared
    for explorer in [Explorer::Exhaustive, DFS] {
        assert_eq!(outcomes(explorer, || store_buffering(Relaxed)), strong, "{explorer}");
        assert_eq!(outcomes(explorer, || store_buffering(SeqCst)), strong, "{explorer}");
    }
}

/// Data in a cell, published by a flag in one of several ways.
#[derive(Clone, Copy, Debug)]
enum By {
    Orderings(Ordering, Ordering),
    Fences,
    ReleaseSequence,
}

fn message_passing(by: By) {
    struct Shared {
        data: UnsafeCell<u32>,
        flag: AtomicUsize,
    }
    // SAFETY: the flag is to order the accesses; where it does not, the model reports it before the
    // second access
    unsafe impl Sync for Shared {}
    let shared = Arc::new(Shared { data: UnsafeCell::new(0), flag: AtomicUsize::new(0) });
    let theirs = Arc::clone(&shared);
    let writer = thread::spawn(move || {
        // SAFETY: see `Sync`
        theirs.data.with_mut(|data| unsafe { *data = 7 });
        match by {
            By::Orderings(store, _) => theirs.flag.store(1, store),
            By::Fences => {
                fence(Release);
                theirs.flag.store(1, Relaxed);
            }
            By::ReleaseSequence => {
                theirs.flag.store(1, Release);
                theirs.flag.fetch_add(1, Relaxed); // continues the release sequence of the store
            }
        }
    });
    let seen = match by {
        By::Orderings(_, load) => shared.flag.load(load) == 1,
        By::Fences => {
            let seen = shared.flag.load(Relaxed) == 1;
            fence(Acquire);
            seen
        }
        By::ReleaseSequence => shared.flag.load(Acquire) == 2,
    };
    if seen {
        // SAFETY: see `Sync`
        assert_eq!(shared.data.with(|data| unsafe { *data }), 7);
    }
    writer.join().unwrap();
}

#[test]
fn a_relaxed_publication_is_a_data_race_in_every_engine() {
    for by in [
        By::Orderings(Relaxed, Relaxed),
        By::Orderings(Relaxed, Acquire),
        By::Orderings(Release, Relaxed),
    ] {
        for explorer in [Explorer::Exhaustive, DFS, LOOM] {
            match check(explorer).run(move || message_passing(by)) {
                Verdict::Violated(found) => {
                    assert_eq!(found.kind, Kind::DataRace, "{explorer}, {by:?}: {}", found.message);
                    let lines: Vec<_> = found.conflicts.iter().map(|(a, b)| (*a, *b)).collect();
                    let [(first, second)] = lines[..] else {
                        panic!("{explorer}, {by:?}: {lines:?}")
                    };
                    let of = |at: usize| found.trace.events[at].operation.name();
                    assert_eq!(
                        BTreeSet::from([of(first), of(second)]),
                        BTreeSet::from(["get", "set"]),
                        "{explorer}"
                    );
                }
                other => panic!("{explorer}, {by:?}: {}", in_words(&other)),
            }
        }
    }
}

#[test]
fn what_orders_a_publication_holds_in_every_engine() {
    for by in [
        By::Orderings(Release, Acquire),
        By::Orderings(SeqCst, SeqCst),
        By::Fences,
        By::ReleaseSequence,
    ] {
        for explorer in [Explorer::Exhaustive, DFS, LOOM] {
            match check(explorer).run(move || message_passing(by)) {
                Verdict::Holds(coverage) => {
                    assert!(coverage.executions() > 1, "{explorer}, {by:?}: {coverage}")
                }
                other => panic!("{explorer}, {by:?}: {}", in_words(&other)),
            }
        }
    }
}
