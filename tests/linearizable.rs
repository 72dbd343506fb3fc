//! Structures tested against sequential specifications: right ones hold, and each broken one is found and made small.
#![cfg(feature = "model")]

#[path = "linearizable/counter.rs"]
mod counter;
#[path = "linearizable/map.rs"]
mod map;
#[path = "linearizable/queue.rs"]
mod queue;
#[path = "linearizable/register.rs"]
mod register;
#[path = "linearizable/semaphore.rs"]
mod semaphore;
#[path = "linearizable/stack.rs"]
mod stack;

use selvedge::linearizable::{Failure, Verdict};
use selvedge::{Explorer, Kind, Subject, linearizable};
use std::time::{Duration, Instant};

/// Tests with the default budget: it is found, in time, and small.
#[track_caller]
fn finds<S: Subject>(kind: Kind) -> Failure<S>
where
    S::Specification: Default,
{
    let start = Instant::now();
    let verdict = linearizable::<S>().run();
    let took = start.elapsed();
    let Verdict::Violated(failure) = verdict else { panic!("{verdict:?}") };
    println!("{failure}\n{took:?}");
    assert_eq!(failure.counterexample.kind, kind, "{failure}");
    assert!(took < Duration::from_secs(10), "{took:?}");
    assert!(failure.scenario.threads.len() <= 3 && failure.scenario.size() <= 4, "{failure}");
    *failure
}

/// Tests with the default budget, with these explorers alone: it holds.
#[track_caller]
fn holds<S: Subject>(explorer: Explorer)
where
    S::Specification: Default,
{
    let verdict = linearizable::<S>().explorers([explorer]).scenarios(24).run();
    let Verdict::Holds(tested) = verdict else { panic!("{verdict:?}") };
    println!("{tested}");
}

const LOOM: Explorer = Explorer::Loom { preemption_bound: Some(2) };

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
fn a_node_that_is_published_too_early_is_found_by_loom() {
    let failure = finds::<stack::Relaxing>(Kind::NotLinearizable);
    assert_eq!(failure.counterexample.explorer, LOOM);
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
