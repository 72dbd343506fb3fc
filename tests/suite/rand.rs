//! Data as choices: explored where they are few, sampled where they are many, and in the token.

use selvedge::report::Style;
use selvedge::verdict::Bound;
use selvedge::{Budget, Check, Config, Counterexample, Explorer, Extent, Verdict, rand, report};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

/// What a model on one thread returns, in all executions of an explorer, and the extent.
fn all<T: Ord + Send + 'static>(
    explorer: Explorer,
    draw: impl Fn() -> T + Send + Sync + 'static,
) -> (BTreeSet<T>, u64, Extent) {
    let seen = Arc::new(Mutex::new(BTreeSet::new()));
    let sees = Arc::clone(&seen);
    let check = Check::new("data").alone(true).explorers([explorer]);
    let check = check.budget(Budget::executions(100_000)).again_always();
    let counts = check.count(move || {
        let drawn = draw();
        sees.lock().unwrap().insert(drawn);
    });
    let counts = counts.unwrap();
    let seen = std::mem::take(&mut *seen.lock().unwrap());
    (seen, counts.executions, counts.extent)
}

const SEARCHES: [Explorer; 3] = [Explorer::Exhaustive, Explorer::Graphs, Explorer::Dfs];

#[test]
fn few_values_are_all_explored_each_once() {
    for explorer in SEARCHES {
        let (seen, executions, extent) = all(explorer, || (rand::bool(), rand::range(-1..=3_i8)));
        assert_eq!((seen.len(), executions), (10, 10), "{explorer}");
        assert!(seen.contains(&(true, -1)) && seen.contains(&(false, 3)), "{explorer}");
        assert!(!matches!(extent, Extent::Bounded(_)), "{explorer}: {extent:?}");
        let (orders, executions, _) = all(explorer, || {
            let mut order = [1, 2, 3, 4];
            rand::shuffle(&mut order);
            order
        });
        assert_eq!((orders.len(), executions), (24, 24), "{explorer}");
        assert_eq!(all(explorer, || rand::choose(&['a', 'b', 'c']).copied()).0.len(), 3);
    }
}

#[test]
fn many_values_are_sampled_and_the_extent_says_so() {
    for explorer in SEARCHES {
        let (seen, executions, extent) = all(explorer, || rand::range(0..1_000_u32));
        assert_eq!((seen.len(), executions), (16, 16), "{explorer}");
        assert!(seen.contains(&0) && seen.contains(&999), "{explorer}");
        assert_eq!(extent, Extent::Bounded(Bound::Values(16, 1_000)), "{explorer}");
        let (seen, _, _) = all(explorer, || rand::range::<i64>(..));
        assert!(seen.contains(&i64::MIN) && seen.contains(&i64::MAX), "{explorer}");
    }
    let (seen, _, extent) = all(Explorer::Random { seed: 7 }, || rand::range(0..1_000_u32));
    assert!(seen.len() > 900, "a sampler draws from all: {}", seen.len());
    assert_eq!(extent, Extent::Sampled);
}

fn drawn(found: &Counterexample) -> String {
    report::timeline::counterexample(found, &Style::Plain)
}

#[test]
fn what_was_chosen_is_drawn_and_replayed() {
    let model = || {
        let (side, amount) = (rand::bool(), rand::range(0..100_000_u32));
        assert!(!side || amount != 99_999, "the last one");
    };
    let found = |check: Check<'_>| match check.alone(true).run(model) {
        Verdict::Violated(found) => *found,
        other => panic!("{other:?}"),
    };
    for explorer in [Explorer::Exhaustive, Explorer::Graphs] {
        let first = found(Check::new("token").explorers([explorer]));
        let text = drawn(&first);
        assert!(text.contains("rand::bool -> true"), "{text}");
        assert!(text.contains("rand::range -> 99999"), "{text}");
        let config =
            Config { replay: Some(first.replay.clone()), failures: None, ..Config::default() };
        let again = found(Check::new("token").explorers([explorer]).config(config));
        assert_eq!(first.trace, again.trace, "{explorer}");
    }
}

#[test]
fn what_a_search_leaves_out_a_sampler_comes_by() {
    let model = || assert_ne!(rand::range(0..200_u32), 77);
    let check = || Check::new("rare").alone(true);
    let search = check().explorers([Explorer::Exhaustive]).run(model);
    assert!(matches!(search, Verdict::Holds(_)), "{search:?}");
    assert!(matches!(check().run(model), Verdict::Violated(_)), "the default check samples, too");
}

#[test]
fn outside_of_a_model_values_are_random() {
    let seen: BTreeSet<u8> = (0..1_000).map(|_| rand::range(10..=12)).collect();
    assert_eq!(seen, BTreeSet::from([10, 11, 12]));
    let flips: BTreeSet<bool> = (0..100).map(|_| rand::bool()).collect();
    assert_eq!(flips.len(), 2);
}
