//! `Arc`: what its drops order, who is last, and what that costs.

use super::outcomes::outcomes;
use selvedge::cell::UnsafeCell;
use selvedge::sync::atomic::{AtomicU32, Ordering::Relaxed, Ordering::SeqCst};
use selvedge::sync::{Arc, Mutex, Weak};
use selvedge::{Bound, Check, Config, Explorer, Kind, Verdict, thread};
use std::collections::BTreeSet;

const LOOM: Explorer = Explorer::Loom { preemption_bound: None };

fn violation(explorer: Explorer, model: impl Fn() + Send + Sync + 'static) -> Kind {
    match Check::new("violation").explorers([explorer]).run(model) {
        Verdict::Violated(found) => found.kind,
        verdict => panic!("{explorer}: {verdict:?}"),
    }
}

/// A destructor that reads what another owner wrote: the last drop acquires what the drops before
/// it released.
struct Owned {
    cell: UnsafeCell<u32>,
    calls: AtomicU32,
}
// SAFETY: 1. the cell is written by one thread, before it drops its handle, and read by the
// destructor
unsafe impl Sync for Owned {}

impl Drop for Owned {
    fn drop(&mut self) {
        // SAFETY: 1. nobody else has the value
        self.cell.with(|p| unsafe { assert_eq!(*p, 1) });
    }
}

#[test]
fn the_last_owner_comes_after_what_the_others_did() {
    for explorer in [Explorer::Exhaustive, Explorer::Dfs, LOOM] {
        outcomes(explorer, || {
            let mine = Arc::new(Owned { cell: UnsafeCell::new(0), calls: AtomicU32::new(0) });
            let theirs = Arc::clone(&mine);
            thread::spawn(move || {
                // SAFETY: 1. see `Owned`
                theirs.cell.with_mut(|p| unsafe { *p = 1 });
                theirs.calls.fetch_add(1, Relaxed);
            });
            mine.calls.fetch_add(1, Relaxed);
        });
    }
}

/// Under loom the first execution may be the one in which the order of the drops is what matters:
/// it is not told as a race.
#[test]
fn what_the_drops_of_others_order_is_no_race_in_the_first_execution_either() {
    for explorer in [Explorer::Exhaustive, LOOM] {
        outcomes(explorer, || {
            let mine = Arc::new(Owned { cell: UnsafeCell::new(0), calls: AtomicU32::new(0) });
            let writer = Arc::clone(&mine);
            let other = thread::spawn(move || {
                // SAFETY: 1. see `Owned`
                writer.cell.with_mut(|p| unsafe { *p = 1 });
                writer.calls.store(1, Relaxed);
            });
            while mine.calls.load(Relaxed) == 0 {
                thread::yield_now();
            }
            thread::yield_now(); // so that the other one comes first
            drop(mine);
            drop(other);
        });
        let (seen, _) = outcomes(explorer, || {
            let mut mine = Arc::new((UnsafeOwned(UnsafeCell::new(0)), AtomicU32::new(0)));
            let theirs = Arc::clone(&mine);
            let other = thread::spawn(move || {
                // SAFETY: 1. the other thread comes by it only when this one has dropped its handle
                theirs.0.0.with_mut(|p| unsafe { *p = 1 });
                theirs.1.store(1, Relaxed);
            });
            while mine.1.load(Relaxed) == 0 {
                thread::yield_now();
            }
            thread::yield_now();
            // SAFETY: 1. `get_mut` says that nobody else is there, and acquires
            let read = Arc::get_mut(&mut mine).map(|both| both.0.0.with(|p| unsafe { *p }));
            other.join().unwrap();
            read
        });
        // loom does not come by the other order: who yields waits for others there
        assert!(seen.contains(&Some(1)), "{explorer}");
        assert!(seen.contains(&None) || explorer == LOOM, "{explorer}");
    }
}

struct UnsafeOwned(UnsafeCell<u32>);
// SAFETY: 1. that is what is checked
unsafe impl Sync for UnsafeOwned {}

/// Whose drop is the last is seen in both ways, if the destructor tells: also against the order of
/// what came before.
#[test]
fn each_owner_is_the_last_one_where_that_can_be_seen() {
    struct Tells(Arc<AtomicU32>, AtomicU32);
    impl Drop for Tells {
        fn drop(&mut self) {
            self.0.store(1, SeqCst);
        }
    }
    for explorer in [Explorer::Exhaustive, Explorer::Dfs] {
        let (seen, _) = outcomes(explorer, || {
            let gone = Arc::new(AtomicU32::new(0));
            let mine = Arc::new(Tells(Arc::clone(&gone), AtomicU32::new(0)));
            let theirs = Arc::clone(&mine);
            let other = thread::spawn(move || _ = theirs.1.fetch_add(1, SeqCst));
            let came = mine.1.fetch_add(1, SeqCst);
            drop(mine);
            let was_gone = gone.load(SeqCst);
            other.join().unwrap();
            (came, was_gone)
        });
        // who came second and is not the last: the other one came, and had not dropped its handle
        // yet
        assert_eq!(seen, BTreeSet::from([(0, 0), (0, 1), (1, 0), (1, 1)]), "{explorer}");
    }
}

#[test]
fn who_looks_at_a_count_sees_every_count() {
    for explorer in [Explorer::Exhaustive, Explorer::Dfs, LOOM] {
        let other = |mine: &Arc<u32>| {
            let theirs = Arc::clone(mine);
            thread::spawn(move || drop(theirs))
        };
        let (seen, _) = outcomes(explorer, move || {
            let mine = Arc::new(0);
            let other = other(&mine);
            let alone = Arc::try_unwrap(mine).is_ok();
            other.join().unwrap();
            alone
        });
        assert_eq!(seen, BTreeSet::from([false, true]), "{explorer}: try_unwrap");
        let (seen, _) = outcomes(explorer, move || {
            let mut mine = Arc::new(0);
            let other = other(&mine);
            let (alone, count) = (Arc::get_mut(&mut mine).is_some(), Arc::strong_count(&mine));
            other.join().unwrap();
            (alone, count)
        });
        assert_eq!(
            seen,
            BTreeSet::from([(false, 1), (false, 2), (true, 1)]),
            "{explorer}: get_mut"
        );
        let (seen, _) = outcomes(explorer, move || {
            let mine = Arc::new(0);
            let other = other(&mine);
            let mine = Arc::into_inner(mine).is_some();
            other.join().unwrap();
            mine
        });
        assert_eq!(seen, BTreeSet::from([false, true]), "{explorer}: into_inner");
        let (seen, _) = outcomes(explorer, || {
            let mine = Arc::new(0);
            let weak = Arc::downgrade(&mine);
            let other = thread::spawn(move || weak.upgrade().is_some());
            drop(mine);
            other.join().unwrap()
        });
        assert_eq!(seen, BTreeSet::from([false, true]), "{explorer}: upgrade");
    }
}

/// Of two owners that ask with `into_inner`, exactly one gets the value; with `try_unwrap`, perhaps
/// none.
#[test]
fn of_two_that_ask_for_the_value_one_gets_it() {
    let ask = |ask: fn(Arc<u32>) -> bool| {
        outcomes(Explorer::Exhaustive, move || {
            let mine = Arc::new(0);
            let theirs = Arc::clone(&mine);
            let other = thread::spawn(move || ask(theirs));
            let mine = ask(mine);
            (mine, other.join().unwrap())
        })
        .0
    };
    assert_eq!(
        ask(|arc| Arc::into_inner(arc).is_some()),
        BTreeSet::from([(false, true), (true, false)])
    );
    assert_eq!(
        ask(|arc| Arc::try_unwrap(arc).is_ok()),
        BTreeSet::from([(false, false), (false, true), (true, false)])
    );
}

/// A value that is reached through the count alone: `get_mut` orders nothing where it fails.
#[test]
fn a_count_that_is_looked_at_orders_nothing() {
    struct Slot(UnsafeCell<u32>);
    // SAFETY: 1. none: it is broken
    unsafe impl Sync for Slot {}
    for explorer in [Explorer::Exhaustive, LOOM] {
        let kind = violation(explorer, || {
            let mine = Arc::new(());
            let slot = Arc::new(Slot(UnsafeCell::new(0)));
            let (theirs, there) = (Arc::clone(&mine), Arc::clone(&slot));
            let other = thread::spawn(move || {
                // SAFETY: 1. none: it is broken
                there.0.with_mut(|p| unsafe { *p = 1 });
                drop(theirs);
            });
            if Arc::strong_count(&mine) == 1 {
                // SAFETY: 1. none: it is broken
                slot.0.with(|p| unsafe { *p });
            }
            other.join().unwrap();
        });
        assert_eq!(kind, Kind::DataRace, "{explorer}");
    }
}

/// Clones and drops are no branch points by themselves.
#[test]
fn counting_costs_no_execution_where_nobody_looks() {
    let counter = |end: fn(Arc<Mutex<u32>>)| {
        outcomes(Explorer::Exhaustive, move || {
            let account = Arc::new(Mutex::new(0));
            let tellers = [1, 2].map(|_| {
                let account = Arc::clone(&account);
                thread::spawn(move || {
                    let account = Arc::clone(&account);
                    (0..2).for_each(|_| *account.lock().unwrap() += 1);
                })
            });
            tellers.into_iter().for_each(|teller| teller.join().unwrap());
            end(account);
        })
        .1
    };
    assert_eq!(counter(drop), 6);
    // after the joins, everybody else's handles are gone
    assert_eq!(
        counter(|account| assert_eq!(Arc::try_unwrap(account).unwrap().into_inner().unwrap(), 4)),
        6
    );
    assert_eq!(counter(|mut account| assert!(Arc::get_mut(&mut account).is_some())), 6);
}

#[test]
fn a_token_replays_an_execution_with_counts() {
    let model = || {
        let mine = Arc::new(0);
        let theirs = Arc::clone(&mine);
        let other = thread::spawn(move || drop(theirs));
        assert!(Arc::try_unwrap(mine).is_err(), "the other one is still there");
        other.join().unwrap();
    };
    for explorer in [Explorer::Exhaustive, Explorer::Pct { seed: 1, depth: 3 }, LOOM] {
        let Verdict::Violated(found) = Check::new("counts").explorers([explorer]).run(model) else {
            panic!("{explorer}: no violation")
        };
        let replay = Some(found.replay.clone());
        let again = Check::new("counts")
            .config(selvedge::Config { replay, ..selvedge::Config::default() })
            .run(model);
        let Verdict::Violated(again) = again else { panic!("{explorer}: {again:?}") };
        assert_eq!(again.trace, found.trace, "{explorer}");
    }
}

/// A model that keeps std's `Arc` is not called wrong for what that orders.
#[test]
fn an_arc_of_std_gives_no_false_alarm() {
    let verdict = Check::new("std").run(|| {
        let mine =
            std::sync::Arc::new(Owned { cell: UnsafeCell::new(0), calls: AtomicU32::new(0) });
        let theirs = std::sync::Arc::clone(&mine);
        thread::spawn(move || {
            // SAFETY: 1. see `Owned`
            theirs.cell.with_mut(|p| unsafe { *p = 1 });
            theirs.calls.fetch_add(1, Relaxed);
        });
        mine.calls.fetch_add(1, Relaxed);
    });
    let Verdict::Unknown(bound) = verdict else { panic!("{verdict:?}") };
    assert!(bound.to_string().contains("selvedge::sync::Arc"), "{bound}");
}

#[test]
fn handles_are_as_std_has_them() {
    let shared: Arc<[u32]> = Arc::from(vec![1, 2]);
    assert_eq!((shared.len(), Arc::strong_count(&shared)), (2, 1));
    let text: Arc<str> = Arc::from("selvedge");
    assert_eq!(&*Arc::<[u8]>::from(text), b"selvedge");
    let mut owned = Arc::new(String::from("a"));
    let other = Arc::clone(&owned);
    Arc::make_mut(&mut owned).push('b');
    assert_eq!((&owned[..], &other[..], Arc::ptr_eq(&owned, &other)), ("ab", "a", false));
    let (mut list, mut word) = (Arc::<[u32]>::from([1, 2]), Arc::<str>::from("word"));
    let (lists, words) = (Arc::clone(&list), Arc::clone(&word));
    Arc::make_mut(&mut list)[0] = 7;
    Arc::make_mut(&mut word).make_ascii_uppercase();
    assert_eq!(
        (&list[..], &lists[..], &*word, &*words),
        (&[7, 2][..], &[1, 2][..], "WORD", "word")
    );
    let weak = Arc::downgrade(&list);
    Arc::make_mut(&mut list)[1] = 8;
    assert!(weak.upgrade().is_none(), "the value has been moved away from it");
    assert_eq!(
        Arc::<u32>::new_zeroed().as_ptr().is_null(),
        Arc::<[u32]>::new_zeroed_slice(2).is_empty()
    );
    let cyclic = Arc::new_cyclic(|me: &Weak<(u32, Weak<u32>)>| {
        assert!(me.upgrade().is_none());
        (7, Weak::new())
    });
    assert_eq!((cyclic.0, Arc::weak_count(&cyclic)), (7, 0));
    let raw = Arc::into_raw(other);
    // SAFETY: 1. the pointer comes from `into_raw`
    let other = unsafe {
        Arc::increment_strong_count(raw);
        Arc::decrement_strong_count(raw);
        Arc::from_raw(raw)
    };
    assert_eq!((Arc::strong_count(&other), &other[..]), (1, "a"));
    let any: Arc<dyn std::any::Any + Send + Sync> =
        Arc::from(std::sync::Arc::new(5_u32) as std::sync::Arc<dyn std::any::Any + Send + Sync>);
    assert_eq!(any.downcast::<u32>().map(|five| *five).ok(), Some(5));
    assert_eq!(std::sync::Arc::from(Arc::new(5)), std::sync::Arc::new(5));
}

/// The same handle through a raw pointer, and through std, is counted on.
#[test]
fn raw_handles_are_counted_in_a_model() {
    let (seen, _) = outcomes(Explorer::Exhaustive, || {
        let mine = Arc::new(0);
        let raw = Arc::into_raw(Arc::clone(&mine)).addr();
        let other = thread::spawn(move || {
            // SAFETY: 1. the pointer comes from `into_raw`
            drop(unsafe { Arc::from_raw(std::ptr::with_exposed_provenance::<i32>(raw)) });
        });
        let count = Arc::strong_count(&mine);
        other.join().unwrap();
        count
    });
    assert_eq!(seen, BTreeSet::from([1, 2]));
}

/// A token says which `Arc`s are counted. A mended program may need more of them: its one execution
/// is then over, and does not begin anew.
#[test]
fn a_token_is_replayed_once_although_the_mended_program_counts_more() {
    let model = |is_mended: bool| {
        move || {
            let mine = Arc::new(AtomicU32::new(0));
            let theirs = Arc::clone(&mine);
            let other = thread::spawn(move || theirs.store(1, Relaxed));
            let seen = mine.load(Relaxed);
            if is_mended {
                _ = Arc::strong_count(&mine);
            }
            other.join().unwrap();
            assert!(is_mended || seen == 0);
        }
    };
    for explorer in [Explorer::Exhaustive, Explorer::Graphs] {
        let check = |config| Check::new("mended").explorers([explorer]).config(config);
        let found = match check(Config { replay: None, failures: None, explorers: None })
            .run(model(false))
        {
            Verdict::Violated(found) => found,
            other => panic!("{other:?}"),
        };
        let again = Config { replay: Some(found.replay.clone()), failures: None, explorers: None };
        match check(again).run(model(true)) {
            Verdict::Unknown(Bound::Replay(_)) => {}
            other => panic!("{explorer}: {other:?}"),
        }
    }
}
