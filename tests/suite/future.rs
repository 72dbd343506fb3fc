//! Async code in models: wakers, tasks, cancellation.

mod cancelled;
mod collides;
mod foreign;
mod naive;
mod shapes;
mod tasks;
mod wakes;

use selvedge::report::Style;
use selvedge::verdict::{Kind, Run};
use selvedge::{Budget, Check, Counterexample, Explorer, Extent, Verdict, report};

const LOOM: Explorer = Explorer::Loom { preemption_bound: None };

/// How a model that holds was explored by one explorer.
fn holds(name: &str, explorer: Explorer, model: fn()) -> Run {
    let check = Check::new(name).explorers([explorer]).budget(Budget::executions(200_000));
    match check.run(model) {
        Verdict::Holds(coverage) => coverage.runs[0].clone(),
        other => panic!("{name}, {explorer}: {other:?}"),
    }
}

/// The executions of a model that holds: without spurious polls, with them, and of weak memory.
/// loom must come to its end as well.
fn executions(name: &str, model: fn()) -> [u64; 3] {
    let steady = Check::new(name).explorers([Explorer::Exhaustive]).spurious(false);
    let steady = match steady.run(model) {
        Verdict::Holds(coverage) => coverage.runs[0].clone(),
        other => panic!("{name}: {other:?}"),
    };
    assert_eq!(holds(name, LOOM, model).extent, Extent::Complete, "{name}");
    let spurious = holds(name, Explorer::Exhaustive, model);
    let weak = holds(name, Explorer::Graphs, model);
    for (run, extents) in [
        (&steady, [Extent::Exhaustive, Extent::Weak]),
        (&spurious, [Extent::Exhaustive, Extent::Weak]),
        (&weak, [Extent::Weak, Extent::Weak]),
    ] {
        assert!(extents.contains(&run.extent), "{name}: {run:?}");
    }
    [steady, spurious, weak].map(|run| run.executions)
}

/// What is wrong with a model: each explorer finds it. Returns what the exhaustive one found.
fn violated(name: &str, kind: Kind, model: fn()) -> Counterexample {
    let found = |explorer: Explorer| match Check::new(name).explorers([explorer]).run(model) {
        Verdict::Violated(found) if found.kind == kind => *found,
        other => panic!("{name}, {explorer}: {other:?}"),
    };
    for explorer in [
        LOOM,
        Explorer::Graphs,
        Explorer::Portfolio { seed: 1 },
        Explorer::Weak { seed: 1 },
        Explorer::Dfs,
    ] {
        found(explorer);
    }
    found(Explorer::Exhaustive)
}

fn drawn(found: &Counterexample) -> String {
    report::timeline::counterexample(found, &Style::Plain)
}
