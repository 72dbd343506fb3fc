//! Structures tested against sequential specifications: right ones hold, and each broken one is
//! found and made small.

mod apart;
mod counter;
mod foreign;
mod map;
mod queue;
mod register;
mod semaphore;
mod stack;

use selvedge::linearizable::{Failure, Linearizable, Op, Verdict};
use selvedge::linearize::Criterion;
use selvedge::linearize::specifications::BoundedQueue;
use selvedge::scenario::{Scenario, Shape, every};
use selvedge::{Bound, Budget, Config, Expect, Explorer, Kind, Subject, linearizable};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

/// Tests with the default budget: it is found, in time, and small.
#[track_caller]
fn finds<S: Subject>(kind: Kind) -> Failure<S>
where
    S::Specification: Default,
{
    finds_by(kind, linearizable::<S>())
}

/// The same for a test with explorers of its own.
#[track_caller]
fn finds_by<S: Subject>(kind: Kind, test: Linearizable<S>) -> Failure<S> {
    let start = Instant::now();
    let verdict = test.run();
    let took = start.elapsed();
    let Verdict::Violated(failure) = verdict else { panic!("{verdict:?}") };
    assert_eq!(failure.counterexample.kind, kind, "{failure}");
    assert!(took < Duration::from_secs(10), "{took:?}");
    assert!(failure.scenario.threads.len() <= 3 && failure.scenario.size() <= 4, "{failure}");
    *failure
}

/// It holds, with this explorer alone; by count, so that it is the same on every machine.
#[track_caller]
fn holds<S: Subject>(explorer: Explorer)
where
    S::Specification: Default,
{
    let test =
        linearizable::<S>().explorers([explorer]).scenarios(32).budget(Budget::executions(4_000));
    let verdict = test.run();
    let Verdict::Holds(tested) = verdict else { panic!("{verdict:?}") };
    assert!(
        tested.scenarios >= 20 && tested.histories >= 60 && tested.executions > tested.scenarios,
        "{tested}"
    );
}

const LOOM: Explorer = Explorer::Loom { preemption_bound: Some(2) };

const GRAPHS: Explorer = Explorer::Graphs;

#[test]
fn what_holds_under_weak_memory_holds_with_happens_before_as_its_time() {
    /// Every scenario in every execution. There are fewer histories than interleavings have: times
    /// that nobody can compare are none.
    #[track_caller]
    fn holds<S: Subject>()
    where
        S::Specification: Default,
    {
        let verdict = linearizable::<S>().explorers([GRAPHS]).scenarios(16).run();
        let Verdict::Holds(tested) = verdict else { panic!("{verdict:?}") };
        let all = (tested.scenarios, tested.exhaustive, &tested.skipped);
        assert_eq!(all, (16, 16, &None), "{tested}");
        assert!(tested.histories >= 16 && tested.executions > 16, "{tested}");
    }
    holds::<counter::Counter>();
    holds::<stack::Treiber>();
    holds::<queue::MichaelScott>();
    holds::<register::Locked>();
    holds::<map::Locked>();
    holds::<semaphore::Right>();
}

#[test]
fn what_is_broken_is_found_under_weak_memory() {
    #[track_caller]
    fn finds<S: Subject>()
    where
        S::Specification: Default,
    {
        let verdict = linearizable::<S>().explorers([GRAPHS]).run();
        let Verdict::Violated(failure) = verdict else { panic!("{verdict:?}") };
        assert_eq!(failure.counterexample.kind, Kind::NotLinearizable, "{failure}");
    }
    finds::<counter::Split>();
    finds::<stack::Reusing>();
    finds::<stack::Relaxing>();
    finds::<queue::Missing>();
    finds::<register::Torn>();
    finds::<map::Copying>();
    finds::<semaphore::OverAdmitting>();
}

#[test]
fn a_counter_holds() {
    holds::<counter::Counter>(Explorer::Exhaustive);
    holds::<counter::Counter>(LOOM);
}

#[test]
fn a_stack_without_locks_holds() {
    holds::<stack::Treiber>(Explorer::Exhaustive);
    holds::<stack::Treiber>(LOOM);
}

#[test]
fn a_queue_without_locks_holds() {
    holds::<queue::MichaelScott>(Explorer::Exhaustive);
    holds::<queue::MichaelScott>(LOOM);
}

#[test]
fn a_register_and_a_map_behind_locks_hold() {
    holds::<register::Locked>(Explorer::Exhaustive);
    holds::<register::Locked>(LOOM);
    holds::<map::Locked>(Explorer::Exhaustive);
    holds::<map::Locked>(LOOM);
}

#[test]
fn a_semaphore_that_blocks_for_ever_where_it_must_holds() {
    holds::<semaphore::Right>(Explorer::Exhaustive);
}

#[test]
fn a_split_increment_is_found() {
    finds::<counter::Split>(Kind::NotLinearizable);
}

#[test]
fn aba_is_found() {
    finds::<stack::Reusing>(Kind::NotLinearizable);
}

#[test]
fn a_node_that_is_published_too_early_is_found_by_default() {
    let failure = finds::<stack::Relaxing>(Kind::NotLinearizable);
    assert_eq!(failure.counterexample.explorer, GRAPHS);
}

#[test]
fn a_node_that_is_published_too_early_is_found_by_loom() {
    let failure =
        finds_by::<stack::Relaxing>(Kind::NotLinearizable, linearizable().explorers([LOOM]));
    assert_eq!(failure.counterexample.explorer, LOOM);
}

#[test]
fn a_node_that_is_published_too_early_is_found_in_a_sample() {
    let test = linearizable().explorers([Explorer::Weak { seed: 0 }]);
    let failure = finds_by::<stack::Relaxing>(Kind::NotLinearizable, test);
    assert!(failure.to_string().contains("stale: does not see"), "{failure}");
}

#[test]
fn a_dequeue_that_can_miss_is_found() {
    finds::<queue::Missing>(Kind::NotLinearizable);
}

#[test]
fn a_torn_read_is_found() {
    finds::<register::Torn>(Kind::NotLinearizable);
}

#[test]
fn a_lost_update_is_found() {
    finds::<map::Copying>(Kind::NotLinearizable);
}

#[test]
fn a_semaphore_that_admits_too_many_is_found() {
    finds::<semaphore::OverAdmitting>(Kind::NotLinearizable);
}

#[test]
fn a_semaphore_that_forgets_to_wake_is_found() {
    finds::<semaphore::Silent>(Kind::Deadlock);
}

// What the exhaustive explorer leaves out as equivalent has other histories: a depth-first search
// comes by all of them.

/// Explores the scenario, with one explorer alone: the kind of violation, and whether that was
/// everything.
fn alone<S: Subject>(scenario: &Scenario<Op<S>>, explorer: Explorer) -> Option<Kind>
where
    S::Specification: Default,
{
    let test =
        linearizable::<S>().scenario(scenario.clone()).explorers([explorer]).shrink(Duration::ZERO);
    match test.budget(Budget::executions(200_000)).run() {
        Verdict::Holds(tested) => {
            assert_eq!(tested.exhaustive, 1, "{explorer}: {tested}");
            None
        }
        Verdict::Violated(failure) => Some(failure.counterexample.kind),
        // its history is right, and that no two of its threads do anything that is seen is not the
        // question here
        Verdict::Unknown(Bound::NothingExplored, tested) if tested.exhaustive == 1 => None,
        Verdict::Unknown(bound, tested) => panic!("{explorer}: {bound} ({tested})"),
    }
}

/// Every small scenario of these operations: how many are violated, and the same ones for both
/// explorers.
#[track_caller]
fn agrees<S: Subject>(ops: &[Op<S>], operations: usize) -> usize
where
    S::Specification: Default,
{
    let shape = Shape { initial: 0..=1, threads: 2..=2, operations: 1..=operations, last: 0..=1 };
    let mut violated = 0;
    for scenario in every(ops, &shape) {
        let (ours, theirs) =
            (alone::<S>(&scenario, Explorer::Exhaustive), alone::<S>(&scenario, Explorer::Dfs));
        assert_eq!(ours, theirs, "{scenario}");
        violated += usize::from(ours.is_some());
    }
    violated
}

#[test]
fn equivalent_executions_have_no_other_verdict() {
    use counter::Op::*;
    use register::Op::{Read as Look, Write};
    assert_eq!(agrees::<counter::Counter>(&[Increment, Read], 2), 0);
    assert!(agrees::<counter::Split>(&[Increment, Read], 2) > 10);
    assert!(agrees::<register::Torn>(&[Write(1), Look], 1) > 1);
    assert!(agrees::<apart::Own>(&[Write(1), Look], 2) > 10);
    assert!(agrees::<apart::Blind>(&[Write(1), Look], 2) > 10);
    assert_eq!(agrees::<queue::MichaelScott>(&[queue::Op::Enqueue(1), queue::Op::Dequeue], 1), 0);
    assert!(
        agrees::<map::Copying>(&[map::Op::Insert(1, 1), map::Op::Insert(2, 1), map::Op::Get(1)], 1)
            > 1
    );
}

#[test]
fn three_threads_agree_too() {
    use register::Op::{Read, Write};
    let scenario = Scenario::of([vec![Write(1)], vec![Read], vec![Read, Write(2)]]);
    assert_eq!(alone::<register::Locked>(&scenario, Explorer::Exhaustive), None);
    assert_eq!(alone::<register::Locked>(&scenario, Explorer::Dfs), None);
    for explorer in [Explorer::Exhaustive, Explorer::Dfs] {
        assert_eq!(alone::<apart::Own>(&scenario, explorer), Some(Kind::NotLinearizable));
    }
}

// The weaker criteria.

#[track_caller]
fn under<S: Subject>(criterion: Criterion) -> Option<Kind>
where
    S::Specification: Default,
{
    let test = linearizable::<S>().criterion(criterion).explorers([Explorer::Exhaustive]);
    let verdict = test.budget(Budget::executions(10_000)).run();
    assert!(!matches!(verdict, Verdict::Unknown(..)), "{verdict:?}");
    verdict.kind()
}

#[test]
fn each_criterion_allows_what_it_should() {
    use Criterion::{Linearizable, QuiescentlyConsistent, SequentiallyConsistent};
    let wrong = Some(Kind::NotLinearizable);
    assert_eq!(under::<apart::Own>(SequentiallyConsistent), None);
    assert_eq!(under::<apart::Own>(QuiescentlyConsistent), wrong);
    assert_eq!(under::<apart::Own>(Linearizable), wrong);
    assert_eq!(under::<apart::Buffered>(QuiescentlyConsistent), None);
    assert_eq!(under::<apart::Buffered>(SequentiallyConsistent), wrong);
    assert_eq!(under::<apart::Buffered>(Linearizable), wrong);
    assert_eq!(under::<counter::Split>(SequentiallyConsistent), wrong);
    assert_eq!(under::<counter::Split>(QuiescentlyConsistent), wrong);
}

// Verdicts, replays, reports.

#[test]
fn the_smallest_scenario_comes_first_where_every_one_is_taken() {
    use counter::Op::{Increment, Read};
    let test = linearizable::<counter::Split>()
        .every([Increment, Read])
        .initial(0..=0)
        .last(0..=0)
        .threads(2..=2);
    let Verdict::Violated(failure) = test.run() else { panic!("it is broken") };
    assert_eq!(failure.scenario, Scenario::of([vec![Increment], vec![Increment]]));
    let test =
        linearizable::<counter::Counter>().every([Increment, Read]).initial(0..=0).last(0..=1);
    let verdict = test.operations(1..=2).threads(2..=2).explorers([Explorer::Exhaustive]).run();
    let Verdict::Holds(tested) = verdict else { panic!("{verdict:?}") };
    // 2 + 4 programs of a thread: 21 pairs of them, each with nothing after it, and with 2
    // operations
    assert_eq!((tested.scenarios, tested.exhaustive), (63, 63), "{tested}");
}

#[test]
fn the_same_seed_sees_the_same_and_another_does_not() {
    let tested = |seed| {
        let test = linearizable::<counter::Counter>().seed(seed).scenarios(16);
        let verdict = test.budget(Budget::executions(4_000)).run();
        let Verdict::Holds(tested) = verdict else { panic!("{verdict:?}") };
        tested
    };
    assert_eq!(tested(1), tested(1));
    assert_ne!(tested(1).histories, tested(2).histories);
}

#[test]
fn nothing_explored_never_holds() {
    let test = || linearizable::<counter::Counter>();
    let nothing = [
        test().scenarios(0).run(),
        test().every([]).run(),
        test().explorers([]).run(),
        test().budget(Budget::executions(0)).run(),
        test().budget(Budget::time(Duration::ZERO)).run(),
    ];
    for verdict in nothing {
        assert!(matches!(verdict, Verdict::Unknown(Bound::NothingExplored, _)), "{verdict:?}");
    }
}

#[test]
fn real_threads_are_recorded_by_the_clock() {
    let threads =
        |test: Linearizable<counter::Counter>| test.explorers([Explorer::Threads]).scenarios(8);
    let verdict = threads(linearizable()).budget(Budget::executions(800)).run();
    let Verdict::Holds(tested) = verdict else { panic!("{verdict:?}") };
    assert_eq!((tested.exhaustive, tested.executions), (0, 800), "{tested}");
    let blind = linearizable::<apart::Blind>().explorers([Explorer::Threads]).run();
    let Verdict::Violated(failure) = blind else { panic!("{blind:?}") };
    assert_eq!(failure.counterexample.kind, Kind::NotLinearizable);
    assert!(failure.counterexample.replay.is_empty() && failure.history.is_some());
}

/// It holds on real threads.
#[track_caller]
fn holds_for_real<S: Subject>(test: Linearizable<S>) {
    let verdict =
        test.explorers([Explorer::Threads]).scenarios(8).budget(Budget::executions(800)).run();
    let Verdict::Holds(tested) = verdict else { panic!("{verdict:?}") };
    assert!(tested.executions == 800 && tested.histories > 8, "{tested}");
}

#[test]
fn the_queues_of_crossbeam_hold_on_real_threads() {
    holds_for_real(linearizable::<foreign::Unbounded>());
    holds_for_real(Linearizable::<foreign::Bounded>::new(BoundedQueue::new(foreign::CAPACITY)));
    // by count: how far real threads come in a time hangs on what else runs
    let backwards = linearizable::<foreign::Backwards>().explorers([Explorer::Threads]);
    let backwards = backwards.budget(Budget::executions(100_000)).run();
    let Verdict::Violated(failure) = backwards else { panic!("{backwards:?}") };
    assert_eq!(failure.counterexample.kind, Kind::NotLinearizable);
}

fn with(replay: Option<&str>) -> Config {
    Config { replay: replay.map(ToString::to_string), failures: None, explorers: None }
}

#[test]
fn a_failure_is_replayed_by_its_token() {
    for explorer in [Explorer::Exhaustive, LOOM, Explorer::Dfs, Explorer::Portfolio { seed: 3 }] {
        let test = || linearizable::<counter::Split>().explorers([explorer]).name("split counter");
        let Verdict::Violated(failure) = test().config(with(None)).run() else {
            panic!("{explorer} finds it")
        };
        let again = test().config(with(Some(&failure.counterexample.replay))).run();
        let Verdict::Violated(again) = again else { panic!("{explorer}: {again:?}") };
        assert_eq!(again.scenario, failure.scenario);
        assert_eq!(again.counterexample.trace, failure.counterexample.trace, "{explorer}");
        assert_eq!(again.counterexample.message, failure.counterexample.message);
    }
    let other = linearizable::<counter::Counter>()
        .name("other")
        .config(with(Some("v1:dfs:0:split_counter/0/0")));
    assert!(
        matches!(other.scenarios(4).run(), Verdict::Holds(_)),
        "a token of another test is not for this one"
    );
    for gone in ["v1:dfs:0:split/0/0/9999", "v1:dfs:0:split/every/3", "v1:dfs:0:split"] {
        let verdict = linearizable::<counter::Split>().name("split").config(with(Some(gone))).run();
        assert!(matches!(verdict, Verdict::Unknown(Bound::Replay(_), _)), "{gone}: {verdict:?}");
    }
}

#[test]
fn a_failure_is_a_page_that_a_person_can_act_on() {
    use counter::Op::Increment;
    let scenario = Scenario::of([vec![Increment], vec![Increment]]);
    let test = linearizable::<counter::Split>().scenario(scenario).name("split").config(with(None));
    let panicked = catch_unwind(AssertUnwindSafe(|| test.assert())).expect_err("it is broken");
    let page = panicked.downcast_ref::<String>().expect("a text");
    let parts = [
        "  thread 1   thread 2\n  Increment  Increment\n",
        "violated: split · not linearizable · exhaustive",
        "atomic 1.load -> 0",
        "not linearizable: no order of the operations explains what they returned",
        "thread 1   |---Increment -> 1---|",
        "thread 2    |--Increment -> 1--|",
        "in this order: Increment -> 1 (thread 1)",
        "then cannot follow: Increment -> 1 (thread 2)",
        "replay: SELVEDGE_REPLAY=v1:exhaustive:",
        "let scenario = Scenario::of([vec![Increment], vec![Increment]]);",
        "::counter::Split>().scenario(scenario).assert();",
    ];
    let mut rest = page.as_str();
    for part in parts {
        rest = rest
            .split_once(part)
            .unwrap_or_else(|| panic!("{part:?} is missing, or not in its place:\n{page}"))
            .1;
    }
}

#[test]
fn a_broken_structure_is_a_test_that_must_be_caught_by_its_kind() {
    let _ =
        linearizable::<counter::Split>().expect(Expect::Violation(Kind::NotLinearizable)).assert();
    let wrong = linearizable::<counter::Split>().expect(Expect::Violation(Kind::Deadlock));
    assert!(catch_unwind(AssertUnwindSafe(|| wrong.assert())).is_err());
    let right = linearizable::<counter::Counter>()
        .expect(Expect::Violation(Kind::NotLinearizable))
        .scenarios(8);
    assert!(catch_unwind(AssertUnwindSafe(|| right.assert())).is_err());
}
