//! Scenarios: what the strategy makes, how it shrinks, and that the small scope has each one once.

use proptest::prelude::*;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use selvedge::scenario::{Scenario, Shape, every, scenarios};
use std::collections::{BTreeSet, HashSet};

fn shape() -> Shape {
    Shape { initial: 0..=2, threads: 2..=5, operations: 1..=3, last: 0..=1 }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_scenario_has_the_shape_that_was_asked_for(scenario in scenarios(0..9_u8, shape())) {
        prop_assert!(scenario.initial.len() <= 2 && scenario.last.len() <= 1);
        prop_assert!((2..=5).contains(&scenario.threads.len()));
        prop_assert!(scenario.threads.iter().all(|ops| (1..=3).contains(&ops.len())));
    }
}

#[test]
fn threads_often_do_the_same_thing_and_often_do_not() {
    let strategy = scenarios(0..1000_u32, shape());
    let mut runner = TestRunner::deterministic();
    let drawn: Vec<_> =
        (0..200).map(|_| strategy.new_tree(&mut runner).expect("a scenario").current()).collect();
    let shares = |scenario: &&Scenario<u32>| {
        let mut threads = scenario.threads.iter().map(|ops| ops.iter().collect::<HashSet<_>>());
        let first = threads.next().expect("a thread");
        threads.any(|other| !other.is_disjoint(&first))
    };
    let sharing = drawn.iter().filter(shares).count();
    assert!(
        (50..=190).contains(&sharing),
        "{sharing} of 200 share an operation, of 1000 that there are"
    );
}

/// Shrinks as proptest does, as long as it fails.
fn shrunk(fails: impl Fn(&Scenario<u32>) -> bool) -> Vec<Scenario<u32>> {
    let strategy =
        scenarios(0..2_000_000_u32, Shape { threads: 3..=5, operations: 2..=3, ..shape() });
    let mut runner = TestRunner::deterministic();
    let mut found = Vec::new();
    while found.len() < 20 {
        let mut tree = strategy.new_tree(&mut runner).expect("a scenario");
        if !fails(&tree.current()) {
            continue;
        }
        let mut best = tree.current();
        let mut open = tree.simplify();
        while open {
            if fails(&tree.current()) {
                best = tree.current();
                open = tree.simplify();
            } else {
                open = tree.complicate();
            }
        }
        found.push(best);
    }
    found
}

#[test]
fn shrinking_takes_away_threads_then_operations_then_makes_arguments_simpler() {
    // two threads, one of which does something of a million or more
    let fails = |scenario: &Scenario<u32>| {
        scenario.threads.len() >= 2
            && scenario.threads.iter().flatten().any(|value| *value >= 1_000_000)
    };
    for scenario in shrunk(fails) {
        assert_eq!((scenario.size(), scenario.threads.len()), (2, 2), "{scenario}");
        let values: BTreeSet<u32> = scenario.threads.concat().into_iter().collect();
        assert!(
            values.contains(&1_000_000)
                && values.iter().all(|value| [0, 1_000_000].contains(value)),
            "{scenario}"
        );
    }
}

#[test]
fn shrinking_comes_to_the_same_operation_in_two_threads() {
    let fails = |scenario: &Scenario<u32>| match &scenario.threads[..] {
        [first, rest @ ..] => first.iter().any(|op| rest.iter().any(|ops| ops.contains(op))),
        [] => false,
    };
    for scenario in shrunk(fails) {
        assert_eq!(scenario, Scenario::of([vec![0], vec![0]]));
    }
}

/// A scenario's parts, its threads in their order.
type Parts = (Vec<u8>, Vec<Vec<u8>>, Vec<u8>);

/// Every scenario of the shape by brute force, threads in all orders, made one where they differ in
/// that order only.
fn naive(kinds: u8, shape: &Shape) -> BTreeSet<Parts> {
    fn lists(kinds: u8, lengths: std::ops::RangeInclusive<usize>) -> Vec<Vec<u8>> {
        let longer = |lists: &Vec<Vec<u8>>| -> Vec<Vec<u8>> {
            lists
                .iter()
                .flat_map(|list| (0..kinds).map(|kind| [&list[..], &[kind]].concat()))
                .collect()
        };
        let all = std::iter::successors(Some(vec![vec![]]), |lists| Some(longer(lists)));
        all.take(lengths.end() + 1).skip(*lengths.start()).flatten().collect()
    }
    let own = lists(kinds, shape.operations.clone());
    let mut programs: Vec<Vec<Vec<u8>>> = vec![vec![]];
    let mut all = Vec::new();
    for threads in 1..=*shape.threads.end() {
        programs = programs
            .iter()
            .flat_map(|p| own.iter().map(|ops| [&p[..], std::slice::from_ref(ops)].concat()))
            .collect();
        if shape.threads.contains(&threads) {
            all.extend(programs.iter().cloned());
        }
    }
    let mut found = BTreeSet::new();
    for mut threads in all {
        threads.sort();
        for initial in lists(kinds, shape.initial.clone()) {
            for last in lists(kinds, shape.last.clone()) {
                found.insert((initial.clone(), threads.clone(), last));
            }
        }
    }
    found
}

#[test]
fn the_small_scope_has_each_scenario_once_and_the_smallest_first() {
    let shapes = [
        Shape { initial: 0..=0, threads: 2..=3, operations: 1..=2, last: 0..=0 },
        Shape { initial: 0..=1, threads: 2..=2, operations: 1..=2, last: 0..=1 },
        Shape { initial: 1..=2, threads: 1..=3, operations: 1..=1, last: 0..=0 },
    ];
    for shape in shapes {
        for kinds in 1..=3_u8 {
            let operations: Vec<u8> = (0..kinds).collect();
            let listed: Vec<Scenario<u8>> = every(&operations, &shape).collect();
            assert!(listed.is_sorted_by_key(Scenario::size), "{shape:?}");
            let once: BTreeSet<_> = listed
                .iter()
                .cloned()
                .map(|Scenario { initial, mut threads, last }| {
                    threads.sort();
                    (initial, threads, last)
                })
                .collect();
            assert_eq!(once.len(), listed.len(), "{shape:?} of {kinds}: one of them twice");
            assert_eq!(once, naive(kinds, &shape), "{shape:?} of {kinds}");
        }
    }
}

#[test]
fn a_scenario_is_drawn_as_a_table() {
    let scenario =
        Scenario::of([vec![Some(10)], vec![None, Some(2)]]).after([None]).then([Some(1), None]);
    let drawn = concat!(
        "  first: None\n",
        "  thread 1  thread 2\n",
        "  Some(10)  None\n",
        "            Some(2)\n",
        "  last: Some(1), None\n",
    );
    assert_eq!(scenario.to_string(), drawn);
}
