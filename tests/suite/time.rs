//! Virtual time: it jumps where nothing else can go on.

use selvedge::report::Style;
use selvedge::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use selvedge::sync::{Arc, Mutex};
use selvedge::time::{Duration, Instant, sleep};
use selvedge::verdict::{Bound, Kind};
use selvedge::{Budget, Check, Config, Explorer, Extent, Verdict, report, thread};
use std::collections::BTreeSet;

const SECOND: Duration = Duration::from_secs(1);

fn executions(name: &str, model: fn()) -> u64 {
    match Check::new(name).explorers([Explorer::Exhaustive]).run(model) {
        Verdict::Holds(coverage) => {
            assert_eq!(coverage.runs[0].extent, Extent::Bounded(Bound::Sleeps), "{name}");
            coverage.executions()
        }
        other => panic!("{name}: {other:?}"),
    }
}

#[test]
fn sleeps_end_in_the_order_of_their_ends_and_the_clock_agrees() {
    let model = || {
        let log = Arc::new(Mutex::new(Vec::new()));
        let start = Instant::now();
        let sleepers = [3, 1, 2].map(|seconds| {
            let log = Arc::clone(&log);
            thread::spawn(move || {
                sleep(seconds * SECOND);
                assert_eq!(start.elapsed(), seconds * SECOND);
                log.lock().unwrap().push(seconds);
            })
        });
        sleepers.into_iter().for_each(|sleeper| sleeper.join().unwrap());
        assert_eq!(*log.lock().unwrap(), [1, 2, 3]);
        assert_eq!(Instant::now() - start, 3 * SECOND);
    };
    assert_eq!(executions("order", model), 1);
}

#[test]
fn sleeps_that_end_together_do_so_in_any_order() {
    let model = || {
        let value = Arc::new(AtomicUsize::new(0));
        let sleepers = [1, 2].map(|mine| {
            let value = Arc::clone(&value);
            thread::spawn(move || {
                sleep(SECOND);
                value.store(mine, SeqCst);
            })
        });
        sleepers.into_iter().for_each(|sleeper| sleeper.join().unwrap());
        selvedge::sometimes!(value.load(SeqCst) == 1, "the second one comes first");
        selvedge::sometimes!(value.load(SeqCst) == 2, "the first one comes first");
    };
    assert_eq!(executions("together", model), 2);
}

#[test]
fn a_sleep_ends_when_all_others_wait_for_it() {
    let model = || {
        let flag = Arc::new(AtomicUsize::new(0));
        let theirs = Arc::clone(&flag);
        let setter = thread::spawn(move || {
            sleep(SECOND);
            theirs.store(1, SeqCst);
        });
        while flag.load(SeqCst) == 0 {
            thread::yield_now();
        }
        setter.join().unwrap();
    };
    executions("spins", model);
    let model = || {
        let lock = Arc::new(Mutex::new(0));
        let theirs = Arc::clone(&lock);
        let holder = thread::spawn(move || {
            let mut value = theirs.lock().unwrap();
            sleep(SECOND);
            *value += 1;
        });
        *lock.lock().unwrap() += 1;
        holder.join().unwrap();
        assert_eq!(*lock.lock().unwrap(), 2);
    };
    assert_eq!(executions("holds a lock", model), 2);
}

/// Fails if the sleeper is the last one to store.
fn too_long() {
    let value = Arc::new(AtomicUsize::new(0));
    let theirs = Arc::clone(&value);
    let sleeper = thread::spawn(move || {
        sleep(2 * SECOND);
        theirs.store(1, SeqCst);
    });
    sleep(SECOND);
    value.store(2, SeqCst);
    sleeper.join().unwrap();
    assert_eq!(value.load(SeqCst), 2, "it was overwritten");
}

#[test]
fn a_failure_is_drawn_with_its_sleeps_and_replayed() {
    for explorer in [Explorer::Exhaustive, Explorer::Portfolio { seed: 1 }, Explorer::Dfs] {
        let check = || Check::new("sleeps").explorers([explorer]);
        let found = |check: Check<'_>| match check.run(too_long) {
            Verdict::Violated(found) if found.kind == Kind::Panic => *found,
            other => panic!("{explorer}: {other:?}"),
        };
        let first = found(check());
        let text = report::timeline::counterexample(&first, &Style::Plain);
        assert!(text.contains("sleep 1s") && text.contains("sleep 2s"), "{text}");
        let config =
            Config { replay: Some(first.replay.clone()), failures: None, ..Config::default() };
        assert_eq!(found(check().config(config)).trace, first.trace, "{explorer}");
    }
}

#[test]
fn weak_memory_and_loom_have_no_time() {
    for explorer in [Explorer::Graphs, Explorer::Loom { preemption_bound: None }] {
        match Check::new("none").explorers([explorer]).run(too_long) {
            Verdict::Unknown(Bound::NotModelled { .. }) => {}
            other => panic!("{explorer}: {other:?}"),
        }
    }
}

#[test]
fn outside_of_a_model_time_is_real() {
    let start = Instant::now();
    sleep(Duration::from_millis(2));
    assert!(start.elapsed() >= Duration::from_millis(2));
    assert_eq!(start.duration_since(start + SECOND), Duration::ZERO);
    assert_eq!((start + SECOND) - SECOND, start);
}

#[derive(Clone, Copy, Debug)]
enum Op {
    Load,
    Store(usize),
    /// Adds under the lock.
    Add,
    Sleep(u32),
    Now,
}

const OPS: [Op; 7] =
    [Op::Load, Op::Store(1), Op::Store(2), Op::Add, Op::Sleep(1), Op::Sleep(2), Op::Now];

/// The outcomes of a program under an explorer. `None` if it has too many executions.
fn outcomes(program: &[Vec<Op>], explorer: Explorer) -> Option<(BTreeSet<String>, u64)> {
    let outcomes = std::sync::Arc::new(std::sync::Mutex::new(BTreeSet::new()));
    let (sees, program) = (std::sync::Arc::clone(&outcomes), program.to_vec());
    let check = Check::new("time").explorers([explorer]).budget(Budget::executions(30_000));
    let check = check.alone(true);
    let check = if explorer == Explorer::Dfs { check.again_never() } else { check.again_always() };
    let counts = check.count(move || {
        let shared = Arc::new((AtomicUsize::new(0), Mutex::new(0), Instant::now()));
        let threads = program.clone().into_iter().map(|ops| {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                let mut seen = Vec::new();
                for op in ops {
                    match op {
                        Op::Load => seen.push(shared.0.load(SeqCst)),
                        Op::Store(value) => shared.0.store(value, SeqCst),
                        Op::Add => {
                            let mut sum = shared.1.lock().unwrap();
                            *sum += 1;
                            seen.push(*sum);
                        }
                        Op::Sleep(seconds) => sleep(seconds * SECOND),
                        Op::Now => seen.push(shared.2.elapsed().as_secs() as usize),
                    }
                }
                seen
            })
        });
        let threads: Vec<_> = threads.collect();
        let seen: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
        sees.lock().unwrap().insert(format!("{seen:?} {}", shared.0.load(SeqCst)));
    });
    let counts = counts.unwrap_or_else(|bound| panic!("{explorer}: {bound}"));
    assert!(counts.violations.is_empty(), "{explorer}");
    let is_over = !matches!(counts.extent, Extent::Bounded(Bound::Executions(_)));
    let seen = std::mem::take(&mut *outcomes.lock().unwrap());
    is_over.then_some((seen, counts.executions))
}

#[test]
fn every_outcome_of_every_schedule_is_seen() {
    let programs = if std::env::var("SOAK").is_ok_and(|soak| soak == "1") { 1_000 } else { 60 };
    let (mut compared, mut fewer, mut seed) = (0, 0, 0);
    while compared < programs {
        seed += 1;
        let mut random = fastrand::Rng::with_seed(seed);
        let mut ops = |most| {
            let count = random.usize(1..=most);
            (0..count).map(|_| random.choice(OPS).expect("there are some")).collect()
        };
        let program: Vec<Vec<Op>> = vec![ops(3), ops(3), ops(2)];
        let Some((wanted, schedules)) = outcomes(&program, Explorer::Dfs) else { continue };
        let exhaustive = outcomes(&program, Explorer::Exhaustive).expect("it has fewer than all");
        assert_eq!(exhaustive.0, wanted, "{seed}: {program:?}");
        compared += 1;
        fewer += u32::from(exhaustive.1 < schedules);
    }
    assert!(fewer > programs / 2, "{fewer}");
}
