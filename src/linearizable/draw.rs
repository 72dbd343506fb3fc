//! A history as a person sees it: operations as intervals, a row a process, and where its explanation ends.

use super::judge::Fault;
use super::subject::Subject;
use crate::linearize::{Criterion, Operation};
use crate::report;
use std::collections::BTreeMap;
use std::fmt::Debug;

/// How wide a drawing may be: as wide as a counterexample, which indents it.
const WIDTH: usize = report::timeline::WIDTH - 2;

/// What is wrong, the intervals, the longest order that is allowed, and what cannot follow it.
pub(super) fn history<S: Subject>(fault: &Fault<S>, criterion: Criterion) -> String {
    let asked = match criterion {
        Criterion::Linearizable => "not linearizable",
        Criterion::SequentiallyConsistent => "not sequentially consistent",
        Criterion::QuiescentlyConsistent => "not quiescently consistent",
    };
    let operations = &fault.history.operations;
    let mut lines = vec![format!("{asked}: no order of the operations explains what they returned")];
    lines.push(String::new());
    lines.extend(intervals(operations));
    lines.push(String::new());
    let named = |places: &[usize]| {
        let name = |place: &usize| format!("{} ({})", words(&operations[*place]), who(operations[*place].process));
        places.iter().map(name).collect::<Vec<_>>().join(", ")
    };
    let explanation = &fault.explanation;
    if !explanation.prefix.is_empty() {
        lines.push(format!("in this order: {}", named(&explanation.prefix)));
    }
    if !explanation.stuck.is_empty() {
        let after = if explanation.prefix.is_empty() { "cannot be first" } else { "then cannot follow" };
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
    let ret = operation.response.as_ref().map_or("pending".to_string(), |(_, ret)| format!("{ret:?}"));
    report::clean(&format!("{:?} -> {ret}", operation.op))
}

/// A row a process; numbers instead of words, and a legend, where words take too much room.
fn intervals<Op: Debug, Ret: Debug>(operations: &[Operation<Op, Ret>]) -> Vec<String> {
    let labels: Vec<String> = operations.iter().map(words).collect();
    let rows = drawn(operations, &labels);
    if rows.iter().all(|row| report::width(row) <= WIDTH) {
        return rows;
    }
    let numbers: Vec<String> = (1..=labels.len()).map(|number| number.to_string()).collect();
    let legend = numbers.iter().zip(&labels).map(|(number, words)| format!("{number}: {words}"));
    drawn(operations, &numbers).into_iter().chain(legend).collect()
}

/// A line of so many columns.
fn dashes(columns: usize) -> String {
    "-".repeat(columns)
}

fn drawn<Op, Ret>(operations: &[Operation<Op, Ret>], labels: &[String]) -> Vec<String> {
    let last = operations.iter().map(|o| o.response.as_ref().map_or(o.invocation, |(at, _)| *at)).max().unwrap_or(0);
    let end = |operation: &Operation<Op, Ret>| operation.response.as_ref().map_or(last + 1, |(at, _)| *at);
    // a column for each time: the next one is as far to the right as the words between them need
    let mut columns: BTreeMap<u64, usize> =
        operations.iter().flat_map(|operation| [operation.invocation, end(operation)]).map(|at| (at, 0)).collect();
    let times: Vec<u64> = columns.keys().copied().collect();
    let names = operations.iter().map(|operation| who(operation.process).len()).max().unwrap_or(0) + 2;
    let mut column = names;
    for at in times {
        let ending = operations.iter().zip(labels).filter(|(operation, _)| end(operation) == at);
        let needed = ending.map(|(operation, label)| columns[&operation.invocation] + report::width(label) + 5);
        column = needed.max().unwrap_or(0).max(column + 1);
        columns.insert(at, column);
    }
    let mut rows: BTreeMap<usize, String> = BTreeMap::new();
    let mut sorted: Vec<usize> = (0..operations.len()).collect();
    sorted.sort_by_key(|place| operations[*place].invocation);
    for place in sorted {
        let operation = &operations[place];
        let row = rows.entry(operation.process).or_insert_with(|| who(operation.process));
        let (from, to) = (columns[&operation.invocation], columns[&end(operation)]);
        let label = &labels[place];
        let room = to - from - 1 - report::width(label);
        let close = if operation.response.is_some() { "|" } else { ">" };
        let (left, right) = (room / 2, room - room / 2);
        *row = format!("{}|{}{label}{}{close}", report::pad(row, from), dashes(left), dashes(right));
    }
    rows.into_values().collect()
}
