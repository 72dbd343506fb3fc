//! The exhaustive explorer: every inequivalent interleaving once.

use selvedge::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use selvedge::sync::{Arc, Condvar, Mutex, RwLock};
use selvedge::{Budget, Check, Explorer, Kind, Verdict, thread};

/// The executions of a model that holds, all of its interleavings seen.
fn executions(name: &str, model: impl Fn() + Send + Sync + 'static) -> u64 {
    let check =
        Check::new(name).explorers([Explorer::Exhaustive]).budget(Budget::executions(200_000));
    match check.run(model) {
        Verdict::Holds(coverage) if coverage.is_exhaustive() => coverage.executions(),
        other => panic!("{name}: {other:?}"),
    }
}

mod counts;
mod lasting;
mod outcomes;
mod unwinding;

mod reference {
    use selvedge::{sync, thread};
    include!("../reference/programs.rs");
}

fn spawn_all(threads: usize, body: impl Fn(usize) + Send + Sync + Clone + 'static) {
    let all: Vec<_> = (0..threads)
        .map(|i| {
            let body = body.clone();
            thread::spawn(move || body(i))
        })
        .collect();
    all.into_iter().for_each(|t| t.join().unwrap());
}

/// `cargo bench --bench reference` shows the same programs beside shuttle and loom.
#[test]
fn executions_are_the_inequivalent_interleavings() {
    for (name, _, program, optimum) in reference::PROGRAMS {
        let check = Check::new(name).explorers([Explorer::Exhaustive]).spurious(false);
        match check.budget(Budget::executions(200_000)).run(program) {
            Verdict::Holds(coverage) if coverage.is_exhaustive() => {
                assert_eq!(coverage.executions(), *optimum, "{name}");
            }
            other => panic!("{name}: {other:?}"),
        }
    }
}

/// Both orders of two weak compare-exchanges, and in each of them each may fail for no reason: the
/// one that succeeds first makes the other fail with a reason.
#[test]
fn weak_compare_exchanges_may_fail_for_no_reason() {
    let exchange = || {
        let value = Arc::new(AtomicUsize::new(0));
        let theirs = Arc::clone(&value);
        let failures = Arc::new(AtomicUsize::new(0));
        spawn_all(2, move |_| {
            if theirs.compare_exchange_weak(0, 1, SeqCst, SeqCst).is_err() {
                failures.fetch_add(1, SeqCst);
            }
        });
        selvedge::sometimes!(value.load(SeqCst) == 0, "both failed");
        selvedge::sometimes!(value.load(SeqCst) == 1, "one succeeded");
    };
    assert!(executions("weak", exchange) > 2);
    let without =
        Check::new("strong").explorers([Explorer::Exhaustive]).spurious(false).run(exchange);
    assert!(matches!(without, Verdict::Unknown(selvedge::Bound::NeverReached(_))), "{without:?}");
}

/// A wait that is not in a loop: the wakeup without a cause finds it, and is drawn.
#[test]
fn a_wait_without_a_loop_is_caught_by_a_spurious_wakeup() {
    let check = Check::new("no loop").explorers([Explorer::Exhaustive]);
    let verdict = check.run(|| {
        let shared = Arc::new((Mutex::new(false), Condvar::new()));
        let theirs = Arc::clone(&shared);
        let setter = thread::spawn(move || {
            *theirs.0.lock().unwrap() = true;
            theirs.1.notify_one();
        });
        let mut ready = shared.0.lock().unwrap();
        if !*ready {
            ready = shared.1.wait(ready).unwrap();
        }
        assert!(*ready, "woken without a cause");
        drop(ready);
        setter.join().unwrap();
    });
    let Verdict::Violated(found) = verdict else { panic!("{verdict:?}") };
    assert_eq!(found.kind, Kind::Panic);
    let woken = |event: &selvedge::trace::Event| {
        event.value == Some(selvedge::trace::Value::Outcome(selvedge::trace::Outcome::Spurious))
    };
    assert!(found.trace.events.iter().any(woken), "{found:?}");
}

/// What a check finds about a thread that parks until a flag is set: once, or as often as it takes.
fn parks(again: bool, spurious: bool) -> Verdict {
    let check = Check::new("parks").explorers([Explorer::Exhaustive]).spurious(spurious);
    check.run(move || {
        let flag = Arc::new(AtomicUsize::new(0));
        let theirs = Arc::clone(&flag);
        let parking = thread::spawn(move || {
            thread::park();
            while again && theirs.load(SeqCst) == 0 {
                thread::park();
            }
            assert_eq!(theirs.load(SeqCst), 1, "returned without a cause");
        });
        flag.store(1, SeqCst);
        parking.thread().unpark();
        parking.join().unwrap();
    })
}

#[test]
fn a_park_without_a_loop_is_caught_by_one_that_returns_for_no_reason() {
    let Verdict::Violated(found) = parks(false, true) else {
        panic!("it may return for no reason")
    };
    assert_eq!(found.kind, Kind::Panic);
    let returned = |event: &selvedge::trace::Event| {
        event.value == Some(selvedge::trace::Value::Outcome(selvedge::trace::Outcome::Spurious))
    };
    assert!(found.trace.events.iter().any(returned), "{found:?}");
    for (again, spurious) in [(true, true), (false, false)] {
        let verdict = parks(again, spurious);
        assert!(
            matches!(&verdict, Verdict::Holds(coverage) if coverage.is_exhaustive()),
            "{verdict:?}"
        );
    }
    // a park that may return for no reason may wait for ever, too
    let check = Check::new("nobody unparks").explorers([Explorer::Exhaustive]);
    let verdict = check.run(|| thread::spawn(thread::park).join().unwrap());
    assert!(
        matches!(&verdict, Verdict::Violated(found) if found.kind == Kind::Deadlock),
        "{verdict:?}"
    );
}

/// A notification and a timeout, in both orders.
#[test]
fn a_timeout_fires_before_a_notification_and_not_at_all() {
    let count = executions("timed", || {
        let shared = Arc::new((Mutex::new(false), Condvar::new()));
        let theirs = Arc::clone(&shared);
        let setter = thread::spawn(move || {
            *theirs.0.lock().unwrap() = true;
            theirs.1.notify_one();
        });
        let ready = shared.0.lock().unwrap();
        if !*ready {
            let (ready, result) =
                shared.1.wait_timeout(ready, std::time::Duration::from_secs(1)).unwrap();
            selvedge::sometimes!(result.timed_out() && !*ready, "too late");
            selvedge::sometimes!(result.timed_out() && *ready, "ready, but too late");
            selvedge::sometimes!(!result.timed_out(), "in time");
        }
        setter.join().unwrap();
    });
    assert!(count > 2, "{count}");
}

#[test]
fn readers_of_a_lock_do_not_branch() {
    // they do not meet either, so that nothing is said of the model but how many executions it has
    let counts = Check::new("rwlock").explorers([Explorer::Exhaustive]).count(|| {
        let lock = Arc::new(RwLock::new(0));
        spawn_all(3, move |_| assert_eq!(*lock.read().unwrap(), 0));
    });
    let counts = counts.unwrap();
    assert_eq!((counts.executions, counts.extent), (1, selvedge::Extent::Exhaustive));
}

/// What is planned can be as long as an execution; threads of a model have small stacks.
#[test]
fn long_executions_are_explored() {
    let stores = || {
        let value = Arc::new(AtomicUsize::new(0));
        spawn_all(3, move |thread| {
            let own = AtomicUsize::new(0);
            (0..2_000).for_each(|_| _ = own.load(SeqCst));
            value.store(thread, SeqCst);
        });
    };
    assert_eq!(executions("stores", stores), 6);
}

/// Each takes the fork on the left first: they may all wait for each other.
fn greedy_philosophers(n: usize) {
    let forks: Arc<Vec<_>> = Arc::new((0..n).map(|_| Mutex::new(())).collect());
    spawn_all(n, move |i| {
        let _left = forks[i].lock().unwrap();
        let _right = forks[(i + 1) % n].lock().unwrap();
    });
}

#[test]
fn one_execution_of_the_greedy_philosophers_deadlocks() {
    for (n, want) in [(3, 7), (4, 15), (5, 31)] {
        let check = Check::new("greedy")
            .explorers([Explorer::Exhaustive])
            .budget(Budget::executions(1_000));
        let counts = check.count(move || greedy_philosophers(n)).unwrap();
        let deadlocks = counts.violations.get(&Kind::Deadlock).copied();
        assert_eq!(
            (counts.executions, deadlocks, counts.violations.len()),
            (want, Some(1), 1),
            "{n} philosophers"
        );
    }
}

#[test]
fn a_lock_free_stack_is_explored_without_repetition() {
    let depth_first = |model: fn()| {
        let check =
            Check::new("stack").explorers([Explorer::Dfs]).budget(Budget::executions(200_000));
        match check.run(model) {
            Verdict::Holds(coverage) if coverage.is_exhaustive() => coverage.executions(),
            other => panic!("{other:?}"),
        }
    };
    let (all, inequivalent) = (
        depth_first(|| reference::treiber(2, 1)),
        executions("stack", || reference::treiber(2, 1)),
    );
    assert!(inequivalent > 1 && inequivalent < all, "{inequivalent} of {all}");
}

/// The outcomes of two threads that read x and y and then write one of them: three, of which loom
/// misses some.
#[test]
fn the_three_outcomes_of_two_reads_and_a_write_are_all_seen() {
    use std::collections::BTreeSet;
    let outcomes = std::sync::Arc::new(std::sync::Mutex::new(BTreeSet::new()));
    let seen = std::sync::Arc::clone(&outcomes);
    executions("three outcomes", move || {
        let shared = Arc::new((AtomicUsize::new(0), AtomicUsize::new(0)));
        let theirs = Arc::clone(&shared);
        let other = thread::spawn(move || {
            let read = (theirs.0.load(SeqCst), theirs.1.load(SeqCst));
            theirs.1.store(1, SeqCst);
            read
        });
        let mine = (shared.0.load(SeqCst), shared.1.load(SeqCst));
        shared.0.store(1, SeqCst);
        let theirs = other.join().unwrap();
        seen.lock().unwrap().insert((mine, theirs));
    });
    let outcomes = outcomes.lock().unwrap();
    let want = BTreeSet::from([((0, 0), (0, 0)), ((0, 1), (0, 0)), ((0, 0), (1, 0))]);
    assert_eq!(*outcomes, want);
}

/// A loop that counts its rounds: one that was kept back could have ended.
#[test]
fn a_search_that_kept_a_spinning_thread_back_is_not_called_exhaustive() {
    let check = Check::new("rounds").explorers([Explorer::Exhaustive]);
    let verdict = check.run(|| {
        let shared = Arc::new((AtomicUsize::new(0), AtomicUsize::new(0)));
        let theirs = Arc::clone(&shared);
        let patient = thread::spawn(move || {
            for _ in 0..3 {
                if theirs.0.load(SeqCst) != 0 {
                    return;
                }
                thread::yield_now();
            }
            theirs.1.store(1, SeqCst);
        });
        assert!(shared.1.load(SeqCst) < 2);
        shared.0.store(1, SeqCst);
        patient.join().unwrap();
    });
    match verdict {
        Verdict::Holds(coverage) => assert!(!coverage.is_exhaustive(), "{coverage}"),
        other => panic!("{other:?}"),
    }
}

/// Depth-first search does not offer a thread that has yielded while others can go on: it must not
/// claim all.
#[test]
fn a_depth_first_search_that_kept_a_yielding_thread_back_is_not_called_exhaustive() {
    let yields = || {
        let shared = Arc::new(AtomicUsize::new(0));
        let theirs = Arc::clone(&shared);
        let polite = thread::spawn(move || {
            thread::yield_now();
            theirs.store(1, SeqCst);
        });
        assert!(shared.load(SeqCst) < 2);
        polite.join().unwrap();
    };
    match Check::new("polite").explorers([Explorer::Dfs]).run(yields) {
        Verdict::Holds(coverage) => assert!(!coverage.is_exhaustive(), "{coverage}"),
        other => panic!("{other:?}"),
    }
    assert_eq!(
        executions("polite", yields),
        2,
        "one yield is no spin: both orders of the load and the store"
    );
}

/// What is promised after so many executions at the most.
fn promised(executions: u64) -> (u64, Option<u64>) {
    let mut last = None;
    let check = Check::new("estimate")
        .explorers([Explorer::Exhaustive])
        .budget(Budget::executions(executions));
    let _ = check.progress(|so_far| last = Some(so_far)).run(|| reference::unlocked(3, 2));
    let last = last.expect("progress is told at the end");
    (last.executions, last.estimate)
}

/// An estimate is known early, and at the end it is the number.
#[test]
fn the_executions_to_come_are_estimated() {
    assert_eq!(promised(100_000), (7_134, Some(7_134)));
    let (executions, estimate) = promised(1_000);
    let estimate = estimate.expect("a share of the tree has been explored");
    assert!(
        executions == 1_000 && estimate > 1_500 && estimate < 71_340,
        "{estimate} after {executions}"
    );
}
