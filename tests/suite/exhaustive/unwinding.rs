//! What a thread does while it unwinds is a step like any other: destructors, guards that go one
//! after the other.

use super::outcomes::outcomes;
use selvedge::sync::atomic::{AtomicU32, Ordering::SeqCst};
use selvedge::sync::{Arc, Condvar, Mutex, TryLockError};
use selvedge::{Check, Expect, Explorer, Extent, Kind, Verdict, thread};
use std::collections::BTreeSet;

/// Every explorer of ours that can see all of a small model.
const ALL: [Explorer; 4] = [
    Explorer::Exhaustive,
    Explorer::Dfs,
    Explorer::Random { seed: 1 },
    Explorer::Portfolio { seed: 1 },
];

/// What `model` returned in some execution.
fn outcomes_of<T: Ord + Send + 'static>(
    explorer: Explorer,
    model: impl Fn() -> T + Send + Sync + 'static,
) -> BTreeSet<T> {
    outcomes(explorer, model).0
}

struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

#[test]
fn a_destructor_that_unwinds_takes_effect_after_others_have_looked() {
    for explorer in ALL {
        let seen = outcomes_of(explorer, || {
            let flag = Arc::new(AtomicU32::new(0));
            let theirs = Arc::clone(&flag);
            let thread = thread::spawn(move || {
                let _sets = OnDrop(|| theirs.store(1, SeqCst));
                panic!("on purpose")
            });
            let seen = flag.load(SeqCst);
            assert!(thread.join().is_err());
            (seen, flag.load(SeqCst))
        });
        assert_eq!(seen, BTreeSet::from([(0, 1), (1, 1)]), "{explorer}");
    }
}

#[test]
fn guards_that_unwind_go_one_after_the_other() {
    for explorer in ALL {
        let seen = outcomes_of(explorer, || {
            let locks = Arc::new((Mutex::new(()), Mutex::new(())));
            let theirs = Arc::clone(&locks);
            let thread = thread::spawn(move || {
                let _guards = (theirs.1.lock(), theirs.0.lock());
                panic!("on purpose")
            });
            let poisoned = locks.1.lock().is_err();
            let held = matches!(locks.0.try_lock(), Err(TryLockError::WouldBlock));
            assert!(thread.join().is_err());
            (poisoned, held)
        });
        assert!(
            seen.contains(&(true, true)) && seen.contains(&(false, false)),
            "{explorer}: {seen:?}"
        );
    }
}

/// `std::thread::panicking` is true of the thread that unwinds, and of no other one: each asks
/// between its steps.
#[test]
fn a_thread_panics_while_another_one_unwinds_and_a_third_does_not() {
    for explorer in ALL {
        let orders = outcomes_of(explorer, || {
            let order = Arc::new(AtomicU32::new(0));
            let panics = |digit: u32| {
                let order = Arc::clone(&order);
                move || {
                    let step = || order.store(order.load(SeqCst) * 10 + digit, SeqCst);
                    let _asks = OnDrop(|| {
                        assert!(std::thread::panicking());
                        step();
                        assert!(std::thread::panicking());
                    });
                    panic!("on purpose")
                }
            };
            let threads = [thread::spawn(panics(1)), thread::spawn(panics(2))];
            assert!(!std::thread::panicking());
            let seen = order.load(SeqCst);
            assert!(!std::thread::panicking());
            assert!(
                threads.into_iter().all(|thread: thread::JoinHandle<()>| thread.join().is_err())
            );
            (seen, order.load(SeqCst))
        });
        assert!(orders.contains(&(1, 12)) && orders.contains(&(2, 21)), "{explorer}: {orders:?}");
        assert!(
            orders.contains(&(0, 1)) || !matches!(explorer, Explorer::Exhaustive | Explorer::Dfs),
            "{orders:?}"
        );
    }
}

/// std's own mutex asks std whether its holder panics: it is poisoned by the one who does, and by
/// no other.
#[test]
fn a_mutex_of_std_is_not_poisoned_by_who_does_not_panic() {
    let seen = outcomes_of(Explorer::Exhaustive, || {
        let flag = Arc::new(AtomicU32::new(0));
        let theirs = Arc::clone(&flag);
        let thread = thread::spawn(move || {
            let _sets = OnDrop(|| theirs.store(1, SeqCst));
            panic!("on purpose")
        });
        let own = std::sync::Mutex::new(());
        let guard = own.lock();
        let seen = flag.load(SeqCst);
        drop(guard);
        assert!(!own.is_poisoned());
        assert!(thread.join().is_err());
        seen
    });
    assert_eq!(seen, BTreeSet::from([0, 1]));
}

#[test]
fn a_destructor_that_unwinds_may_wait_start_threads_and_join_them() {
    let model = || {
        let shared = Arc::new((Mutex::new(0), Condvar::new()));
        let theirs = Arc::clone(&shared);
        let thread = thread::spawn(move || {
            let _waits = OnDrop(|| {
                let mine = Arc::clone(&theirs);
                let helper = thread::spawn(move || *mine.0.lock().unwrap() += 1);
                let mut count = theirs.0.lock().unwrap();
                while *count < 2 {
                    count = theirs.1.wait(count).unwrap();
                }
                drop(count);
                helper.join().unwrap();
            });
            panic!("on purpose")
        });
        *shared.0.lock().unwrap() += 1;
        shared.1.notify_all();
        // the helper may have come last, and it notifies nobody
        shared.1.notify_all();
        assert!(thread.join().is_err());
    };
    // the helper's deposit may come after the last notification: then the destructor waits for
    // ever, which is said
    let verdict = Check::new("waits").explorers([Explorer::Exhaustive]).run(model);
    let Verdict::Violated(found) = verdict else { panic!("{verdict:?}") };
    assert_eq!(found.kind, Kind::Deadlock, "{}", found.message);
    let again = Check::new("waits")
        .explorers([Explorer::Exhaustive])
        .expect(Expect::Violation(Kind::Deadlock));
    let replay =
        selvedge::Config { replay: Some(found.replay.clone()), ..selvedge::Config::default() };
    assert!(matches!(
        again.config(replay).run(model),
        Verdict::Violated(again) if again.kind == Kind::Deadlock
    ));
}

/// loom cannot switch there: it says so.
#[test]
fn loom_calls_itself_bounded_where_a_thread_unwinds() {
    let verdict =
        Check::new("loom").explorers([Explorer::Loom { preemption_bound: None }]).run(|| {
            let flag = Arc::new(AtomicU32::new(0));
            let theirs = Arc::clone(&flag);
            let thread = thread::spawn(move || {
                let _sets = OnDrop(|| theirs.store(1, SeqCst));
                theirs.store(2, SeqCst);
                panic!("on purpose")
            });
            flag.load(SeqCst);
            assert!(thread.join().is_err());
        });
    let Verdict::Holds(coverage) = verdict else { panic!("{verdict:?}") };
    assert_eq!(coverage.runs[0].extent, Extent::Bounded(selvedge::Bound::Unwinding));
}
