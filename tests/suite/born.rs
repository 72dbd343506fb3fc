//! Objects and threads that are made while others run: the exhaustive explorer against depth-first
//! search.
//!
//! `oracle` makes all objects before any thread runs, so that they have the same numbers in every
//! execution. Here threads make atomics, hand them to each other in slots, and start further
//! threads: what stands for what must not hang on the order in which it was made. The reference is
//! the depth-first explorer, which knows of no dependency. More programs with SOAK=1.

use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use selvedge::sync::atomic::{AtomicU64, Ordering::SeqCst};
use selvedge::sync::{Arc, Mutex};
use selvedge::{Budget, Check, Explorer, Extent, thread};
use std::cell::Cell;
use std::collections::BTreeSet;
use std::sync::{Mutex as StdMutex, PoisonError};

/// What a thread does.
#[derive(Clone, Debug)]
enum Op {
    Load,
    Store(u64),
    /// Makes an atomic and puts it into the slot.
    Make(usize, u64),
    /// Adds to the atomic in the slot, if there is one.
    Use(usize),
    /// Makes an atomic that nobody else sees, and writes it.
    Private,
    /// Starts a thread that does this, and does not wait for it.
    Spawn(Vec<Op>),
}

fn op(depth: usize) -> BoxedStrategy<Op> {
    let slot = 0..2_usize;
    let flat = prop_oneof![
        2 => select(vec![Op::Load, Op::Store(1), Op::Store(2), Op::Private]),
        2 => (slot.clone(), 0..3_u64).prop_map(|(slot, value)| Op::Make(slot, value)),
        3 => slot.prop_map(Op::Use),
    ];
    if depth > 0 {
        return flat.boxed();
    }
    prop_oneof![5 => flat, 1 => prop::collection::vec(op(depth + 1), 1..=2).prop_map(Op::Spawn)]
        .boxed()
}

fn programs() -> impl Strategy<Value = Vec<Vec<Op>>> {
    prop::collection::vec(prop::collection::vec(op(0), 1..=3), 2..=3)
}

/// What an execution shows: for each place of the program, what was seen there, and what the shared
/// atomic held last.
type Outcome = (Vec<(String, u64)>, u64);

struct World {
    shared: AtomicU64,
    slots: [Mutex<Option<Arc<AtomicU64>>>; 2],
    /// Not modelled: written between two operations, where nothing is switched.
    log: StdMutex<Vec<(String, u64)>>,
}

impl World {
    fn saw(&self, place: &str, value: u64) {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).push((place.to_string(), value));
    }
}

/// The threads that it started, with those that they started.
fn run(world: &Arc<World>, place: &str, ops: &[Op]) -> Vec<thread::JoinHandle<()>> {
    let mut started = Vec::new();
    for (number, op) in ops.iter().enumerate() {
        let place = format!("{place}.{number}");
        match op {
            Op::Load => world.saw(&place, world.shared.load(SeqCst)),
            Op::Store(value) => world.shared.store(*value, SeqCst),
            Op::Make(slot, value) => {
                let made = Arc::new(AtomicU64::new(*value));
                *world.slots[*slot].lock().unwrap() = Some(made);
            }
            Op::Use(slot) => {
                let found = world.slots[*slot].lock().unwrap().clone();
                let seen = found.map_or(99, |found| found.fetch_add(10, SeqCst));
                world.saw(&place, seen);
            }
            Op::Private => AtomicU64::new(0).store(1, SeqCst),
            Op::Spawn(ops) => {
                let (world, ops) = (Arc::clone(world), ops.clone());
                started.push(thread::spawn(move || drop(run(&world, &place, &ops))));
            }
        }
    }
    started
}

/// The outcomes of a program; `None` if that takes too long.
fn outcomes(
    program: &[Vec<Op>],
    explorer: Explorer,
    most: u64,
) -> Option<(u64, BTreeSet<Outcome>)> {
    let seen = Arc::new(StdMutex::new(BTreeSet::new()));
    let theirs = Arc::clone(&seen);
    let program = program.to_vec();
    // threads that nobody waits for may end after main: the outcome is taken when the world goes
    let check =
        Check::new("born").explorers([explorer]).budget(Budget::executions(most)).again_always();
    let counts = check.count(move || {
        let world = Arc::new(World {
            shared: AtomicU64::new(0),
            slots: [Mutex::new(None), Mutex::new(None)],
            log: StdMutex::default(),
        });
        let threads = program.iter().cloned().enumerate().map(|(number, ops)| {
            let world = Arc::clone(&world);
            thread::spawn(move || run(&world, &number.to_string(), &ops))
        });
        let threads: Vec<_> = threads.collect();
        let started: Vec<_> =
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
        started.into_iter().for_each(|thread| thread.join().unwrap());
        let mut log =
            std::mem::take(&mut *world.log.lock().unwrap_or_else(PoisonError::into_inner));
        log.sort();
        let last = world.shared.load(SeqCst);
        theirs.lock().unwrap_or_else(PoisonError::into_inner).insert((log, last));
    });
    let counts = counts.unwrap_or_else(|bound| panic!("{bound}"));
    assert!(counts.violations.is_empty(), "{:?}", counts.violations);
    let seen = std::mem::take(&mut *seen.lock().unwrap_or_else(PoisonError::into_inner));
    (counts.extent == Extent::Exhaustive).then_some((counts.executions, seen))
}

/// Why the two differ, if they do; how many executions each had, and how many outcomes there are.
fn compare(program: &[Vec<Op>], most: u64) -> Result<(u64, u64, usize), TestCaseError> {
    let Some((dfs, wanted)) = outcomes(program, Explorer::Dfs, most) else {
        return Err(TestCaseError::reject("too large"));
    };
    let Some((executions, seen)) = outcomes(program, Explorer::Exhaustive, dfs + 1) else {
        return Err(TestCaseError::fail(format!(
            "more executions than depth-first search, which had {dfs}"
        )));
    };
    let missed: Vec<_> = wanted.difference(&seen).collect();
    let made_up: Vec<_> = seen.difference(&wanted).collect();
    prop_assert!(missed.is_empty() && made_up.is_empty(), "missed {missed:?}, made up {made_up:?}");
    Ok((executions, dfs, wanted.len()))
}

/// Found by a soak: two threads that start one each were mistaken for each other, and the model
/// called not deterministic.
#[test]
fn threads_that_start_threads_at_the_same_time_are_told_apart() {
    let program =
        [vec![Op::Load, Op::Spawn(vec![Op::Load])], vec![Op::Spawn(vec![Op::Load]), Op::Store(1)]];
    let (_, _, outcomes) = compare(&program, 100_000).expect("both see the same");
    assert!(outcomes > 1);
}

#[test]
fn what_is_made_on_the_way_is_told_apart() {
    let soak = std::env::var("SOAK").is_ok_and(|soak| soak == "1");
    let config = Config {
        cases: if soak { 20_000 } else { 150 },
        failure_persistence: None,
        max_shrink_time: 20_000,
        max_global_rejects: u32::MAX,
        ..Config::default()
    };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner =
        if soak { TestRunner::new(config) } else { TestRunner::new_with_rng(config, rng) };
    let (several, ours, theirs) = (Cell::new(0_u32), Cell::new(0), Cell::new(0));
    let result = runner.run(&programs(), |program| {
        let most = if soak { 50_000 } else { 1_500 };
        let (executions, dfs, outcomes) = compare(&program, most)?;
        several.set(several.get() + u32::from(outcomes > 1));
        ours.set(ours.get() + executions);
        theirs.set(theirs.get() + dfs);
        Ok(())
    });
    match result {
        Ok(()) => {}
        Err(TestError::Fail(why, program)) => panic!("{why}\n{program:#?}"),
        Err(error) => panic!("{error}"),
    }
    println!(
        "{} of the programs with several outcomes; {} executions, {} depth first",
        several.get(),
        ours.get(),
        theirs.get()
    );
    assert!(several.get() > 50, "{} programs with several outcomes are no oracle", several.get());
}
