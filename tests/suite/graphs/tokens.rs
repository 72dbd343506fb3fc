//! Tokens of weak memory: every execution of random programs is found again by its token.

use super::check;
use super::program::{Outcome, Program, failing, outcomes};
use super::random::{Kind as Programs, random};
use selvedge::sync::atomic::AtomicUsize;
use selvedge::sync::{Arc, Mutex};
use selvedge::{Bound, Check, Config, Counterexample, Explorer, Kind, Verdict, thread};
use std::sync::atomic::Ordering::{self, Acquire, Relaxed, Release, SeqCst};
use std::time::Duration;

/// The execution of a program with this outcome.
fn found(program: &Program, outcome: &Outcome) -> Counterexample {
    let check = check("program").leaks(false).shrink(Duration::ZERO);
    match check.run(failing(program, outcome)) {
        Verdict::Violated(found) => *found,
        other => panic!("{program:?}: {outcome:?}: {other:?}"),
    }
}

pub(super) fn replay(token: &str, model: impl Fn() + Send + Sync + 'static) -> Verdict {
    let config = Config { replay: Some(token.to_string()), failures: None, explorers: None };
    Check::new("program").leaks(false).config(config).run(model)
}

/// What an execution did, as far as its trace shows it.
fn shown(found: &Counterexample) -> Vec<impl PartialEq + std::fmt::Debug> {
    let events = found.trace.events.iter();
    events.map(|e| (e.thread, e.operation, e.object, e.value, e.written)).collect()
}

/// A token's choices, one after the other, and what stands before and behind them.
fn choices(token: &str) -> (String, Vec<u32>, String) {
    let mut parts = token.splitn(4, ':');
    let (version, explorer) = (parts.next().unwrap(), parts.next().unwrap());
    let (schedule, model) = (parts.next().unwrap(), parts.next().unwrap());
    let (schedule, events) = schedule.split_once('.').unwrap();
    let (schedule, locks) = schedule.split_at(schedule.find('+').unwrap_or(schedule.len()));
    let runs = schedule.split('-').filter(|run| !run.is_empty()).map(|run| {
        let (choice, times) = run.split_once('x').unwrap_or((run, "1"));
        (choice.parse::<u32>().unwrap(), times.parse::<usize>().unwrap())
    });
    let choices = runs.flat_map(|(choice, times)| std::iter::repeat_n(choice, times)).collect();
    (format!("{version}:{explorer}:"), choices, format!("{locks}.{events}:{model}"))
}

/// Replays each execution of random programs by its token, and by the token with one number
/// changed: that is another execution, or none.
/// At least so many executions of them are found.
fn round_trips(kind: Programs, size: usize, count: usize, least: usize) {
    let (mut again, mut others, mut refused) = (0, 0, 0);
    for seed in 0..count as u64 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let program = random(&mut rng, kind, size);
        for outcome in outcomes(Explorer::Graphs, &program) {
            let found = found(&program, &outcome);
            let Verdict::Violated(same) = replay(&found.replay, failing(&program, &outcome)) else {
                panic!("{program:?}: {outcome:?}: {}", found.replay)
            };
            assert_eq!(shown(&same), shown(&found), "{program:?}: {}", found.replay);
            assert_eq!(same.replay, found.replay, "{program:?}");
            again += 1;
            let (before, choices, behind) = choices(&found.replay);
            let Some(at) = (!choices.is_empty()).then(|| rng.usize(..choices.len())) else {
                continue;
            };
            let mut choices: Vec<String> = choices.iter().map(ToString::to_string).collect();
            choices[at] = (choices[at].parse::<u32>().unwrap() ^ 1).to_string();
            let token = format!("{before}{}{behind}", choices.join("-"));
            match replay(&token, failing(&program, &outcome)) {
                // with the same reads only if the stores stand in another order
                Verdict::Violated(other) => {
                    assert_ne!(other.replay, found.replay, "{program:?}: {token}");
                    others += 1;
                }
                Verdict::Unknown(Bound::Replay(_)) => refused += 1,
                other => panic!("{program:?}: {token}: {other:?}"),
            }
        }
    }
    assert!(again >= least && refused > again / 2, "{again}, {others}, {refused}");
}

#[test]
fn each_execution_of_atomics_is_found_again_by_its_token() {
    round_trips(Programs::Atomics, 5, 40, 41);
}

#[test]
fn each_execution_of_seqcst_is_found_again_by_its_token() {
    round_trips(Programs::SeqCst, 6, 40, 41);
}

#[test]
fn each_execution_with_locks_is_found_again_by_its_token() {
    round_trips(Programs::Locks, 5, 40, 41);
}

#[test]
fn each_execution_with_other_objects_is_found_again_by_its_token() {
    round_trips(Programs::Condvars, 5, 30, 15);
    round_trips(Programs::Parks, 5, 30, 15);
    round_trips(Programs::Tried, 4, 15, 15);
    round_trips(Programs::Shared, 4, 15, 15);
}

#[test]
fn each_execution_with_loops_that_wait_is_found_again_by_its_token() {
    round_trips(Programs::Awaits, 6, 40, 30);
}

/// The end of a thread that waits in a loop for ever is in its token.
#[test]
fn a_livelock_is_found_again_by_its_token() {
    let model = |order| {
        move || {
            let shared = Arc::new([AtomicUsize::new(0), AtomicUsize::new(0)]);
            let theirs = Arc::clone(&shared);
            let waiter = thread::spawn(move || {
                while theirs[0].load(order) == 0 {
                    thread::yield_now();
                }
            });
            shared[1].store(1, Release);
            waiter.join().unwrap();
        }
    };
    for order in [Relaxed, SeqCst] {
        let Verdict::Violated(found) = check("program").run(model(order)) else {
            panic!("it ends")
        };
        assert_eq!((found.kind, &found.caveat), (Kind::Livelock, &None), "{found:?}");
        let Verdict::Violated(again) = replay(&found.replay, model(order)) else {
            panic!("{}", found.replay)
        };
        assert_eq!((again.kind, &again.message), (found.kind, &found.message));
    }
}

/// A flag and data, and what is read of both.
fn publishes(stores: Ordering, loads: Ordering) {
    let shared = Arc::new([AtomicUsize::new(0), AtomicUsize::new(0)]);
    let theirs = Arc::clone(&shared);
    let writer = thread::spawn(move || {
        theirs[0].store(1, Relaxed);
        theirs[1].store(1, stores);
    });
    if shared[1].load(loads) == 1 {
        assert_eq!(shared[0].load(Relaxed), 1);
    }
    writer.join().unwrap();
}

/// The token is of the program with weaker orderings: its events are the same. An execution that
/// the mended program cannot have is no violation of it.
#[test]
fn a_token_of_an_execution_that_stronger_orderings_forbid_says_so() {
    let Verdict::Violated(found) = check("program").run(|| publishes(Relaxed, Relaxed)) else {
        panic!("it is relaxed")
    };
    assert!(!found.replay.is_empty() && found.caveat.is_none(), "{found:?}");
    let by = |stores, loads| replay(&found.replay, move || publishes(stores, loads));
    assert!(matches!(by(Release, Relaxed), Verdict::Violated(_)));
    match by(Release, Acquire) {
        Verdict::Unknown(Bound::Replay(why)) => {
            assert!(why.contains("at event #") && why.contains("read so old a store"), "{why}");
        }
        other => panic!("{other:?}"),
    }
}

/// Two threads that store to two atomics the other way round. What is left of both is known only
/// when each is read through an exclusive borrow.
#[test]
fn the_order_of_stores_that_nobody_reads_is_part_of_the_token() {
    let model = |orders: [Ordering; 2]| {
        move || {
            let shared = Arc::new([AtomicUsize::new(0), AtomicUsize::new(0)]);
            let threads = [0, 1].map(|i| {
                let theirs = Arc::clone(&shared);
                thread::spawn(move || {
                    theirs[i].store(1, orders[0]);
                    theirs[1 - i].store(2, orders[1]);
                })
            });
            threads.into_iter().for_each(|thread| thread.join().unwrap());
            let [x, y] = Arc::try_unwrap(shared).unwrap();
            assert!(x.into_inner() + y.into_inner() != 2, "both are 1");
        }
    };
    let Verdict::Violated(found) = check("program").run(model([Release, Release])) else {
        panic!("2+2W is allowed")
    };
    assert!(matches!(replay(&found.replay, model([Release, Release])), Verdict::Violated(_)));
    match replay(&found.replay, model([SeqCst, SeqCst])) {
        Verdict::Unknown(Bound::Replay(why)) => assert!(why.contains("behind what"), "{why}"),
        other => panic!("{other:?}"),
    }
}

/// Two locks, taken in opposite orders by two threads while a third one only tries.
fn opposite_orders() {
    let locks = Arc::new([Mutex::new(()), Mutex::new(())]);
    let threads = [0, 1].map(|i| {
        let theirs = Arc::clone(&locks);
        thread::spawn(move || drop((theirs[i].lock().unwrap(), theirs[1 - i].lock().unwrap())))
    });
    drop(locks[0].try_lock());
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

#[test]
fn a_deadlock_is_found_again_by_its_token() {
    let Verdict::Violated(found) = check("program").run(opposite_orders) else {
        panic!("it deadlocks")
    };
    assert_eq!((found.kind, &found.caveat), (Kind::Deadlock, &None), "{found:?}");
    assert!(found.trace.stale_reads.is_empty(), "{found:?}");
    let Verdict::Violated(again) = replay(&found.replay, opposite_orders) else {
        panic!("{}", found.replay)
    };
    assert_eq!((shown(&again), again.kind), (shown(&found), Kind::Deadlock));
}
