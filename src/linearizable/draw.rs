//! Draws a history: operations as intervals, a row for each process, and where its explanation
//! ends.

use super::fault::Fault;
use super::subject::Subject;
use crate::linearize::{Criterion, Operation};
use crate::report;
use crate::report::intervals::{Interval, Mark};
use std::fmt::Debug;

/// Draws the fault, the intervals, the longest allowed order, and what cannot follow it.
pub(super) fn history<S: Subject>(fault: &Fault<S>, criterion: Criterion) -> String {
    let asked = match criterion {
        Criterion::Linearizable => "not linearizable",
        Criterion::SequentiallyConsistent => "not sequentially consistent",
        Criterion::QuiescentlyConsistent => "not quiescently consistent",
    };
    let operations = &fault.history.operations;
    let mut lines =
        vec![format!("{asked}: no order of the operations explains what they returned")];
    lines.push(String::new());
    lines.extend(report::intervals::text(&intervals(operations)));
    lines.push(String::new());
    let named = |places: &[usize]| {
        let name = |place: &usize| {
            format!("{} ({})", words(&operations[*place]), who(operations[*place].process))
        };
        places.iter().map(name).collect::<Vec<_>>().join(", ")
    };
    let explanation = &fault.explanation;
    if !explanation.prefix.is_empty() {
        lines.push(format!("in this order: {}", named(&explanation.prefix)));
    }
    if !explanation.stuck.is_empty() {
        let after =
            if explanation.prefix.is_empty() { "cannot be first" } else { "then cannot follow" };
        lines.push(format!("{after}: {}", named(&explanation.stuck)));
    }
    if explanation.smallest.len() < operations.len() && !explanation.smallest.is_empty() {
        lines.push(format!("wrong by themselves: {}", named(&explanation.smallest)));
    }
    lines.join("\n")
}

fn who(process: usize) -> String {
    if process == 0 { "main".to_string() } else { format!("thread {process}") }
}

fn words<Op: Debug, Ret: Debug>(operation: &Operation<Op, Ret>) -> String {
    let ret =
        operation.response.as_ref().map_or("pending".to_string(), |(_, ret)| format!("{ret:?}"));
    report::clean(&format!("{:?} -> {ret}", operation.op))
}

/// Returns the operations as intervals to draw.
fn intervals<Op: Debug, Ret: Debug>(operations: &[Operation<Op, Ret>]) -> Vec<Interval> {
    let interval = |operation: &Operation<Op, Ret>| Interval {
        process: operation.process,
        who: who(operation.process),
        label: words(operation),
        from: operation.invocation,
        to: operation.response.as_ref().map(|(at, _)| *at),
        mark: Mark::Plain,
    };
    operations.iter().map(interval).collect()
}
