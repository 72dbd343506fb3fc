//! The models of one crate, and its planted bug: run by compat/crates/std.

mod model;

use selvedge::report::{Style, timeline};
use selvedge::{Check, Expect, Kind, Verdict};
use std::time::Instant;

/// What becomes of a model of the crate as it is.
#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(dead_code, reason = "each crate has some of them")]
enum Ends {
    /// It holds in every execution that weak memory allows.
    Weak,
    /// It holds in every interleaving.
    Exhaustive,
    /// It holds as far as a bound allows.
    Bounded,
    /// It does not hold: the crate does not promise that.
    Violated(Kind),
}

type Model = (&'static str, fn(), Ends);

/// Checks a model. Returns how often it ran, and how many milliseconds.
fn check((name, model, ends): Model) -> (u64, u128) {
    let start = Instant::now();
    let expect = match ends {
        Ends::Violated(kind) => Expect::Violation(kind),
        Ends::Weak | Ends::Exhaustive | Ends::Bounded => Expect::Holds,
    };
    let (ended, executions) = match Check::new(name).expect(expect).assert(model) {
        Verdict::Violated(found) => {
            println!("\n{}", timeline::counterexample(&found, &Style::Plain));
            (Ends::Violated(found.kind), found.execution)
        }
        Verdict::Holds(coverage) => {
            let ended = match (coverage.is_weak(), coverage.is_exhaustive()) {
                (true, _) => Ends::Weak,
                (false, true) => Ends::Exhaustive,
                (false, false) => Ends::Bounded,
            };
            (ended, coverage.executions())
        }
        Verdict::Unknown(_) => unreachable!("it was asserted"),
    };
    assert_eq!(ended, ends, "{name}");
    (executions, start.elapsed().as_millis())
}

#[test]
fn right() {
    for model in model::MODELS {
        let (executions, time) = check(model);
        println!("row: {}: {:?}, {executions}, {time}", model.0, model.2);
    }
}

#[test]
fn wrong() {
    let (name, model, kind) = model::BUG;
    let (execution, time) = check((name, model, Ends::Violated(kind)));
    println!("row: {kind}, {execution}, {time}");
    assert!(time < 2000, "{time} ms");
}
