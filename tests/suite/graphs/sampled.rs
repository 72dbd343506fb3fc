//! Samples of weak memory: nothing that RC11 does not allow, and of small programs all of it.

use super::program::{Op, Outcome, Program, Reads, failing, is_stuck, outcomes, sampled};
use super::random::{Kind as Programs, random};
use super::refused::publish;
use super::steps::allowed;
use super::tokens::replay;
use super::{load, program, soaked, store};
use selvedge::sync::atomic::AtomicUsize;
use selvedge::sync::{Arc, Mutex};
use selvedge::{
    Bound, Budget, Check, Counterexample, Explorer, Extent, Kind, Verdict, hint, thread,
};
use std::collections::BTreeSet;
use std::sync::atomic::Ordering::{self, Acquire, Relaxed, Release, SeqCst};
use std::time::Duration;

const WEAK: Explorer = Explorer::Weak { seed: 0 };

/// A sampler whose loads read the newest stores.
const STRONG: Explorer = Explorer::Random { seed: 0 };

fn check(name: &str, executions: u64) -> Check<'static> {
    let check = Check::new(name).explorers([WEAK]).budget(Budget::executions(executions));
    check.shrink(Duration::ZERO)
}

/// What random programs may read, and what so many executions of each have read of that.
#[derive(Debug, Default)]
struct Seen {
    allowed: usize,
    missed: usize,
}

fn compare(explorer: Explorer, (kind, size): (Programs, usize), programs: u64, each: u64) -> Seen {
    let mut compared = Seen::default();
    for seed in 0..programs {
        let program = random(&mut fastrand::Rng::with_seed(seed), kind, size);
        let Some((_, all)) = allowed(&program, 3_000) else { continue };
        let all: BTreeSet<Reads> = all.into_keys().collect();
        let seen = sampled(explorer, &program, each);
        // an execution in vain has read a part of what others read
        let invented = seen.difference(&all).filter(|reads| !is_stuck(reads)).count();
        assert!(invented == 0 || explorer != WEAK, "seed {seed}: {program:?}: {seen:?}");
        compared.allowed += all.len();
        compared.missed += all.difference(&seen).count();
    }
    compared
}

#[test]
fn samples_of_random_programs_read_only_what_rc11_allows() {
    for (kind, size) in [
        (Programs::Atomics, 6),
        (Programs::SeqCst, 7),
        (Programs::Locks, 6),
        (Programs::Awaits, 6),
        (Programs::StrongAwaits, 6),
        (Programs::Condvars, 7),
        (Programs::Parks, 8),
        (Programs::Timeouts, 6),
        (Programs::Shared, 8),
        (Programs::Tried, 6),
        (Programs::Barriers, 6),
        (Programs::Onces, 7),
    ] {
        let seen = compare(WEAK, (kind, size), soaked(40, 4_000), soaked(100, 1_000));
        assert!(seen.missed < seen.allowed / 5, "{kind:?}: {seen:?}");
    }
}

/// A sampler that reads only the newest stores sees less.
#[test]
fn samples_of_small_programs_read_all_that_rc11_allows() {
    let mut lost = 0;
    for (kind, size) in [(Programs::Atomics, 4), (Programs::SeqCst, 5), (Programs::Locks, 4)] {
        let programs = soaked(60, 2_000);
        let weak = compare(WEAK, (kind, size), programs, soaked(1_000, 4_000));
        assert_eq!(weak.missed, 0, "{kind:?}: {weak:?}");
        lost += compare(STRONG, (kind, size), programs, 1_000).missed;
    }
    assert!(lost > 0, "{lost}");
}

/// Two threads that each store and look; that publish; that store both in opposite orders; and two
/// that look at what two others store.
fn litmus_tests() -> [Program; 4] {
    let two = |x: usize, y: usize| [store(x, Relaxed), load(y, Relaxed)];
    let looks = |x: usize, y: usize| [load(x, Acquire), load(y, Acquire)];
    [
        program(2, &[&two(0, 1), &two(1, 0)]),
        program(2, &[&[store(0, Relaxed), store(1, Relaxed)], &looks(1, 0)]),
        program(
            2,
            &[0, 1]
                .map(|x| [store(x, Relaxed), Op::Store(1 - x, 2, Relaxed)])
                .each_ref()
                .map(|ops| &ops[..]),
        ),
        program(2, &[&[store(0, Release)], &[store(1, Release)], &looks(0, 1), &looks(1, 0)]),
    ]
}

#[test]
fn samples_of_litmus_tests_have_each_outcome() {
    for program in litmus_tests() {
        let all = outcomes(Explorer::Graphs, &program);
        for seed in 0..8 {
            let seen = outcomes(Explorer::Weak { seed }, &program);
            assert_eq!(seen, all, "{program:?}");
        }
        let strong = outcomes(STRONG, &program);
        assert!(strong.is_subset(&all) && strong.len() < all.len(), "{program:?}");
    }
}

/// A store before a newer one, and a read of what another one has taken: what is forbidden is never
/// sampled.
#[test]
fn samples_of_fences_and_weak_exchanges_have_each_outcome_and_no_other() {
    let stores = |x: usize| [store(x, Relaxed), Op::Fence(SeqCst), Op::Store(1 - x, 2, Relaxed)];
    let exchanges = [Op::Weak(0, 0, 2, Relaxed, Relaxed), load(0, Relaxed)];
    for program in [
        program(2, &[&stores(0), &stores(1)]),
        program(1, &[&[Op::Add(0, 1, Relaxed)], &exchanges]),
    ] {
        let all = outcomes(Explorer::Graphs, &program);
        let seen = outcomes(WEAK, &program);
        assert_eq!(seen, all, "{program:?}");
    }
}

fn found(explorer: Explorer, program: &Program, outcome: &Outcome) -> Counterexample {
    let check = check("program", 10_000).explorers([explorer]).leaks(false);
    match check.run(failing(program, outcome)) {
        Verdict::Violated(found) => *found,
        other => panic!("{program:?}: {outcome:?}: {other:?}"),
    }
}

/// The token is one of graphs, too.
#[test]
fn a_sample_is_found_again_by_its_token() {
    let mut programs = Vec::from(litmus_tests());
    for (kind, size) in [(Programs::SeqCst, 6), (Programs::Locks, 5), (Programs::Parks, 6)] {
        let random = |seed| random(&mut fastrand::Rng::with_seed(seed), kind, size);
        programs.extend((0..12).map(random));
    }
    let mut stale = 0;
    for program in programs {
        for outcome in outcomes(Explorer::Graphs, &program) {
            let found = found(WEAK, &program, &outcome);
            for token in [found.replay.clone(), found.replay.replace("weak.0", "graphs")] {
                let again = match replay(&token, failing(&program, &outcome)) {
                    Verdict::Violated(again) => again,
                    other => panic!("{program:?}: {token}: {other:?}"),
                };
                assert_eq!(again.replay, token, "{program:?}");
                assert_eq!(again.trace.stale_reads, found.trace.stale_reads, "{program:?}");
            }
            stale += usize::from(!found.trace.stale_reads.is_empty());
        }
    }
    assert!(stale > 3, "{stale} with stale reads");
}

#[test]
fn the_same_seed_has_the_same_executions() {
    let [program, ..] = litmus_tests();
    let outcome = (vec![vec![0], vec![0]], vec![1, 1]);
    let by = |seed| {
        let found = found(Explorer::Weak { seed }, &program, &outcome);
        (found.execution, found.replay.split_once(':').map(|(_, rest)| rest.to_string()))
    };
    let all: BTreeSet<_> = (0..20).map(by).collect();
    let again: BTreeSet<_> = (0..20).map(by).collect();
    assert_eq!(all, again);
    let firsts: BTreeSet<u64> = all.iter().map(|(execution, _)| *execution).collect();
    assert!(firsts.len() > 3, "{firsts:?}");
}

/// A thread that waits in a loop, with `wait` in each round, for what another one does.
fn waits(wait: fn()) -> impl Fn() + Send + Sync {
    move || {
        let (flag, lock) = (AtomicUsize::new(0), Mutex::new(()));
        thread::scope(|s| {
            s.spawn(|| {
                let held = lock.lock().unwrap();
                for value in 1..=8 {
                    flag.store(value, Relaxed);
                }
                drop(held);
            });
            while flag.load(Relaxed) != 8 {
                wait();
            }
            while lock.try_lock().is_err() {
                wait();
            }
            while flag.compare_exchange_weak(8, 9, Relaxed, Relaxed).is_err() {
                wait();
            }
        });
    }
}

#[test]
fn a_loop_that_waits_comes_to_its_end() {
    for wait in [hint::spin_loop, thread::yield_now] {
        let verdict = check("waits", 1_000).run(waits(wait));
        let Verdict::Holds(coverage) = verdict else { panic!("{verdict:?}") };
        let run = &coverage.runs[0];
        assert_eq!((run.executions, &run.extent), (1_000, &Extent::Sampled), "{coverage}");
        assert!(run.longest < 1_000, "{run:?}");
    }
}

#[test]
fn a_sample_is_not_taken_for_all() {
    let verdict = check("publish", 50).run(|| publish(Release, Acquire));
    let Verdict::Holds(coverage) = verdict else { panic!("{verdict:?}") };
    assert_eq!(coverage.to_string(), "weak:0: sampled, 50 executions");
    assert!(!coverage.is_weak() && !coverage.is_exhaustive());
    assert_eq!("weak:7".parse(), Ok(Explorer::Weak { seed: 7 }));
    let both = check("publish", 50).explorers([Explorer::Graphs, WEAK]);
    let verdict = both.run(|| publish(Release, Acquire));
    let Verdict::Holds(coverage) = verdict else { panic!("{verdict:?}") };
    assert_eq!(coverage.runs.len(), 1, "nothing is left to be sampled: {coverage}");
}

/// A flag and its data, and three threads whose stores have 1,680 orders.
fn large(publishes: Ordering) {
    let shared = Arc::new([0; 3].map(AtomicUsize::new));
    let spawn = |body: fn(&[AtomicUsize; 3], Ordering)| {
        let theirs = Arc::clone(&shared);
        thread::spawn(move || body(&theirs, publishes))
    };
    let mut threads = vec![
        spawn(|shared, publishes| {
            shared[0].store(1, Relaxed);
            shared[1].store(1, publishes);
        }),
        spawn(|shared, _| {
            if shared[1].load(Acquire) == 1 {
                assert_eq!(shared[0].load(Relaxed), 1, "it is not there");
            }
        }),
    ];
    threads.extend(
        (0..3).map(|_| spawn(|shared, _| (0..3).for_each(|_| _ = shared[2].fetch_add(1, SeqCst)))),
    );
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

/// A model with too many executions for the budget: those that are explored differ in the last
/// threads only.
#[test]
fn a_model_that_is_too_large_to_be_explored_is_sampled() {
    let check = || Check::new("large").budget(Budget::executions(1_000));
    let Verdict::Violated(found) = check().run(|| large(Relaxed)) else { panic!("it holds") };
    assert_eq!((found.kind, found.explorer), (Kind::Panic, WEAK));
    assert_eq!(found.trace.stale_reads.len(), 1);
    let others = [Explorer::Exhaustive, Explorer::Graphs, Explorer::Portfolio { seed: 0 }];
    assert!(matches!(check().explorers(others).run(|| large(Relaxed)), Verdict::Holds(_)));
    let Verdict::Holds(coverage) = check().run(|| large(Release)) else { panic!("it is mended") };
    let weak = coverage.runs.iter().find(|run| run.explorer == WEAK).expect("it was sampled");
    assert_eq!((weak.executions, &weak.extent), (1_000, &Extent::Sampled), "{coverage}");
}

/// A thread looks at a flag. It then looks at the data, or does what has no model.
fn refused(publishes: Ordering) -> impl Fn() + Send + Sync {
    move || {
        let shared = Arc::new([AtomicUsize::new(0), AtomicUsize::new(0)]);
        let theirs = Arc::clone(&shared);
        let other = thread::spawn(move || {
            theirs[0].store(1, Relaxed);
            theirs[1].store(1, publishes);
        });
        if shared[1].load(Acquire) == 1 {
            assert_eq!(shared[0].load(Relaxed), 1, "it is not there");
        } else {
            let _ = other.is_finished();
        }
        other.join().unwrap();
    }
}

/// The explorer of graphs ends where it comes to what has no model before it has met another graph.
#[test]
fn a_sampler_looks_for_failures_where_others_have_no_model() {
    let is_open = |verdict: &Verdict| {
        matches!(verdict, Verdict::Unknown(Bound::NotModelled { engine: "graphs", .. }))
    };
    for publishes in [Relaxed, Release] {
        let verdict = super::check("refused").run(refused(publishes));
        assert!(is_open(&verdict), "{verdict:?}");
    }
    let verdict = check("refused", 100).run(refused(Relaxed));
    assert!(matches!(&verdict, Verdict::Violated(found) if found.kind == Kind::Panic));
    // those that came to their end are not all that it would have sampled
    let verdict = check("refused", 100).run(refused(Release));
    assert!(is_open(&verdict), "{verdict:?}");
    // and what has no model is said once
    let verdict = Check::new("refused").run(refused(Release));
    let Verdict::Holds(coverage) = verdict else { panic!("{verdict:?}") };
    assert!(matches!(&coverage.skipped[..], [(Explorer::Graphs, _)]), "{coverage}");
    let verdict = Check::new("refused").run(refused(Relaxed));
    assert!(matches!(&verdict, Verdict::Violated(found) if found.explorer == WEAK));
}
