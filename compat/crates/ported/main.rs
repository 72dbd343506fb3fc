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

/// How many milliseconds of CPU time this process has had: what else the machine does takes none.
fn cpu_time() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("it is on Linux");
    let (_, fields) = stat.rsplit_once(") ").expect("it begins with the name of the program");
    // in user mode and in the kernel, in hundredths of a second: the 14th and the 15th field
    let times = fields.split(' ').skip(11).take(2).map(|time| time.parse::<u64>());
    10 * times.sum::<Result<u64, _>>().expect("they are numbers")
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
    let start = cpu_time();
    let (execution, time) = check((name, model, Ends::Violated(kind)));
    println!("row: {kind}, {execution}, {time}");
    let cpu_time = cpu_time() - start;
    assert!(cpu_time < 2000, "{cpu_time} ms of CPU time");
}
