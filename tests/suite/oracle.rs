//! The exhaustive explorer against an independent enumerator, on random programs.
//!
//! A program is interpreted twice: on the facade, under the explorer, and by `naive`, which goes
//! through every interleaving. Both must see the same outcomes, and the explorer must run exactly
//! one execution for each Mazurkiewicz trace. More programs with SOAK=1.

mod naive;
mod outcome;
mod program;
mod real;

use outcome::Outcome;
use program::Program;
use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use selvedge::{Budget, Explorer, Extent, Kind};
use std::cell::Cell;
use std::collections::BTreeSet;

fn soak() -> bool {
    std::env::var("SOAK").is_ok_and(|soak| soak == "1")
}

/// How far the explorer may be from one execution for each trace.
#[derive(Clone, Copy)]
enum Optimal {
    Exactly,
    /// At least one for each trace, and at the most this many.
    Within(u64),
    /// No more than there are traces, which tell more apart than the explorer does.
    Fewer,
    /// As many as it takes; and of executions that do not come to their end, whether there are any.
    Finished,
}

#[derive(Default)]
struct Totals {
    programs: Cell<u64>,
    traces: Cell<u64>,
    executions: Cell<u64>,
    stuck: Cell<u64>,
}

fn add(cell: &Cell<u64>, n: u64) {
    cell.set(cell.get() + n);
}

/// Compares the two on one program; why they differ, if they do. Rounds of spinning that read
/// something new are told apart, which the enumerator does not do: four threads that await had
/// 100,611 executions for 1,463 traces.
fn compare(program: &Program, optimal: Optimal, totals: &Totals) -> Result<(), TestCaseError> {
    let limits = Limits { prefixes: if soak() { 20_000 } else { 4_000 }, executions: 1_000_000 };
    compare_with(Explorer::Exhaustive, limits, program, optimal, totals)
}

/// What is too much, for the enumerator and for the explorer.
#[derive(Clone, Copy)]
struct Limits {
    prefixes: usize,
    executions: u64,
}

/// Of programs that are known.
const FEW: Limits = Limits { prefixes: 20_000, executions: 2_000 };

fn compare_with(
    explorer: Explorer,
    limits: Limits,
    program: &Program,
    optimal: Optimal,
    totals: &Totals,
) -> Result<(), TestCaseError> {
    let Some(naive) = naive::enumerate(program, limits.prefixes) else {
        return Err(TestCaseError::reject("too large"));
    };
    let (counts, seen) = real::explore(program, explorer, Budget::executions(limits.executions))
        .map_err(|bound| TestCaseError::fail(bound.to_string()))?;
    let fail = |what: String| Err(TestCaseError::fail(what));
    if let Extent::Bounded(bound @ selvedge::Bound::Executions(_)) = &counts.extent {
        return fail(format!("bounded by {bound}"));
    }
    let counts_too =
        |outcome: &&Outcome| !(matches!(optimal, Optimal::Finished) && outcome.is_stuck());
    let outcomes: BTreeSet<&Outcome> = seen.keys().filter(counts_too).collect();
    let wanted: BTreeSet<&Outcome> = naive.outcomes.iter().filter(counts_too).collect();
    if let Some(missed) = wanted.difference(&outcomes).next() {
        return fail(format!(
            "missed, {} of {}: {missed:?}",
            wanted.difference(&outcomes).count(),
            wanted.len()
        ));
    }
    if let Some(made_up) = outcomes.difference(&wanted).next() {
        return fail(format!("made up: {made_up:?}"));
    }
    let stuck: u64 = counts.violations.values().sum();
    let other =
        counts.violations.keys().find(|kind| !matches!(kind, Kind::Deadlock | Kind::Livelock));
    let (executions, traces) = (counts.executions, naive.traces);
    let right = match optimal {
        Optimal::Exactly => {
            executions == traces && stuck == naive.stuck && counts.extent == Extent::Exhaustive
        }
        Optimal::Fewer => executions <= traces,
        Optimal::Finished => (stuck > 0) == (naive.stuck > 0),
        Optimal::Within(factor) => executions >= traces && executions <= factor * traces,
    };
    if !right || other.is_some() {
        return fail(format!(
            "{executions} executions ({:?}) of {traces} traces ({} stuck)",
            counts.violations, naive.stuck
        ));
    }
    if executions > 1 {
        add(&totals.programs, 1);
    }
    add(&totals.traces, traces);
    add(&totals.executions, executions);
    add(&totals.stuck, naive.stuck);
    Ok(())
}

/// So many programs, or the smallest on which the two differ.
fn all_agree(
    name: &str,
    (few, many): (u32, u32),
    strategy: impl Strategy<Value = Program>,
    optimal: impl Fn(&Program) -> Optimal,
) {
    let cases = if soak() { many } else { few };
    let config = Config {
        cases,
        failure_persistence: None,
        max_shrink_time: 20_000,
        max_global_rejects: u32::MAX,
        ..Config::default()
    };
    // the same programs every day, other ones in a soak
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner =
        if soak() { TestRunner::new(config) } else { TestRunner::new_with_rng(config, rng) };
    let totals = Totals::default();
    match runner.run(&strategy, |program| compare(&program, optimal(&program), &totals)) {
        Ok(()) => {}
        Err(TestError::Fail(why, program)) => panic!("{name}: {why}\n{program:#?}"),
        Err(error) => panic!("{name}: {error}"),
    }
    let Totals { programs, traces, executions, stuck } = totals;
    let (programs, traces, executions) = (programs.get(), traces.get(), executions.get());
    println!(
        "{name}: {cases} programs, {programs} with a choice; {executions} executions of {traces} \
         traces, {} stuck",
        stuck.get()
    );
    assert!(programs > u64::from(cases) / 3, "{name}: {programs} programs are no oracle");
}

/// Two unparks of a thread that has its token are dependent though they commute: which of them a
/// park consumed is part of a trace, but not of what can be reversed. Hence a factor. The
/// enumerator lets a timeout fire at any moment; the explorer knows that the first is as good as
/// any other.
#[test]
fn every_outcome_is_seen_and_every_trace_once() {
    all_agree("oracle", (1_000, 50_000), program::programs(), |program| match () {
        () if program.times_out() => Optimal::Fewer,
        () if program.unparks_twice() => Optimal::Within(2),
        () => Optimal::Exactly,
    });
}

/// A thread that spins until an atomic is set. Rounds that change nothing are not told apart. A
/// spin that never ends is a livelock, at which an execution is over: what the others would still
/// have done is not explored.
#[test]
fn every_outcome_of_spinning_programs_is_seen() {
    all_agree("spinning", (300, 10_000), program::spinning(), |_| Optimal::Finished);
}

/// Threads that panic, with destructors and guards that go while they unwind.
#[test]
fn every_outcome_of_programs_that_unwind_is_seen_and_every_trace_once() {
    all_agree("unwinding", (500, 20_000), program::unwinding(), |program| match () {
        () if program.unparks_twice() => Optimal::Within(2),
        () => Optimal::Exactly,
    });
}

/// What others see while a thread unwinds is missed where that is one step.
#[test]
fn the_oracle_catches_unwinding_that_is_one_step() {
    use program::Op::{Load, Lock, OnDrop, Panic, Store, TryLock};
    let destructors = vec![OnDrop(vec![Store(0, 1), Store(1, 1)], vec![Panic])];
    let guards = vec![Lock(1, vec![Lock(0, vec![Panic])])];
    for (unwinds, looks) in
        [(destructors, vec![Load(1), Load(0)]), (guards, vec![Lock(0, vec![TryLock(1, vec![])])])]
    {
        let program = Program(vec![unwinds, looks]);
        let whole = naive::enumerate(&program, FEW.prefixes).expect("small").outcomes;
        let merged = naive::enumerate_merged(&program, FEW.prefixes).expect("small").outcomes;
        assert!(merged.is_subset(&whole) && merged.len() < whole.len(), "{program:?}");
        let agrees =
            compare_with(Explorer::Exhaustive, FEW, &program, Optimal::Exactly, &Totals::default());
        assert!(agrees.is_ok(), "{agrees:?}");
    }
}

/// Found by a soak, each of them a kind of its own.
#[test]
fn programs_on_which_the_two_once_differed_agree() {
    use program::Op::{
        Add, Await, Cas, Grab, If, Load, Lock, NotifyOne, Store, TryRead, WaitOnce, WaitTimeout,
        Write, Yield, Yields,
    };
    // what can be turned round hangs on what comes after it, also where an execution begins as the
    // last one did
    let suffix = Program(vec![
        vec![Store(0, 0)],
        vec![Cas(0, 0, 1), Cas(0, 1, 0), If(1, vec![]), Store(1, 2)],
        vec![If(1, vec![If(1, vec![])]), Store(0, 1)],
        vec![Load(1), If(1, vec![Store(0, 2), If(1, vec![Store(1, 2)])])],
    ]);
    // two threads are deadlocked while the third could only time out: their operations race all the
    // same
    let late = Program(vec![
        vec![WaitTimeout],
        vec![TryRead(vec![Write(vec![])])],
        vec![TryRead(vec![]), Write(vec![NotifyOne])],
    ]);
    // which of two waiters each of two notifications wakes: explored by each of the choices, again
    // and again
    let twice = Program(vec![vec![NotifyOne], vec![WaitOnce], vec![WaitOnce], vec![NotifyOne]]);
    // a wakeup that was notified touches the mutex only, even where a timeout could have ended the
    // wait
    let timed = Program(vec![
        vec![WaitTimeout, Lock(0, vec![])],
        vec![WaitTimeout],
        vec![NotifyOne],
        vec![NotifyOne],
    ]);
    // a thread that yields twice, though not in a loop
    let apart =
        Program(vec![vec![Store(0, 1)], vec![If(0, vec![If(0, vec![Yield]), If(0, vec![Yield])])]]);
    // what is planned is also done by a thread that would be kept back there
    let yields = Program(vec![vec![Store(0, 1)], vec![Yields, Store(0, 2)], vec![Load(0)]]);
    let spins = Program(vec![
        vec![Store(1, 1), Load(0)],
        vec![Add(0), Await(1), Add(1)],
        vec![Store(1, 0), Await(1)],
        vec![Store(1, 1), Load(0)],
    ]);
    // of two threads that are kept back, one counts its rounds
    let counts = Program(vec![vec![Yields, Store(0, 1)], vec![Await(0)]]);
    // the rounds of a loop that does not end are not turned round with what came before them
    let endless =
        Program(vec![vec![Grab(1)], vec![Grab(0)], vec![Grab(1), Cas(0, 1, 0)], vec![Grab(0)]]);
    let exactly = [suffix, twice, apart].map(|program| (program, Optimal::Exactly));
    let fewer = [late, timed].map(|program| (program, Optimal::Fewer));
    let finished = [yields, spins, counts].map(|program| (program, Optimal::Finished));
    let known =
        exactly.into_iter().chain(fewer).chain(finished).chain([(endless, Optimal::Within(3))]);
    for (program, optimal) in known {
        if let Err(why) =
            compare_with(Explorer::Exhaustive, FEW, &program, optimal, &Totals::default())
        {
            panic!("{why}\n{program:#?}");
        }
    }
}

/// What the oracle says of an explorer that is not exhaustive, or not optimal.
fn refusal(explorer: Explorer, executions: u64) -> String {
    let limits = Limits { executions, ..FEW };
    use program::Op::{Load, Store};
    let program =
        Program(vec![vec![Store(0, 1), Store(1, 1)], vec![Load(1), Load(0)], vec![Load(0)]]);
    match compare_with(explorer, limits, &program, Optimal::Exactly, &Totals::default()) {
        Ok(()) => String::new(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn the_oracle_catches_explorers_that_miss_or_repeat() {
    assert_eq!(refusal(Explorer::Exhaustive, 1_000), "");
    let sampled = refusal(Explorer::Random { seed: 1 }, 3);
    assert!(sampled.contains("missed"), "{sampled}");
    let repeats = refusal(Explorer::Dfs, 1_000);
    assert!(repeats.contains("traces"), "{repeats}");
}
