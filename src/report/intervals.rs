//! Draws a history as intervals, a row for each process: for a terminal, and for a browser.

pub use super::page::html;
use super::text::{clean, pad, width};
use super::timeline::WIDTH;
use std::collections::BTreeMap;

/// An operation of a history, as it is drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interval {
    /// The process that called it. The intervals of one process share a row.
    pub process: usize,
    /// The process as text.
    pub who: String,
    /// The call and its result.
    pub label: String,
    /// When it was called.
    pub from: u64,
    /// When it returned; `None`: it is pending.
    pub to: Option<u64>,
    /// How it is marked.
    pub mark: Mark,
}

/// The mark of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// No mark.
    Plain,
    /// Its position in the longest allowed order, from 1.
    Ordered(usize),
    /// It cannot follow that order.
    Stuck,
}

/// The width of a drawing on a terminal: that of a counterexample, which indents it.
const COLUMNS: usize = WIDTH - 2;

/// Draws a row for each process. Where labels take too much room, it draws numbers and a legend.
///
/// ```
/// use selvedge::report::intervals::{Interval, Mark, text};
///
/// let call = |process: usize, label: &str, from, to| Interval {
///     process,
///     who: format!("P{process}"),
///     label: label.to_string(),
///     from,
///     to,
///     mark: Mark::Plain,
/// };
/// let rows = text(&[call(0, "write(1)", 1, Some(3)), call(1, "read -> 0", 2, None)]);
/// assert_eq!(rows, ["P0   |--write(1)--|", "P1    |--read -> 0-->"]);
/// ```
#[must_use]
pub fn text(intervals: &[Interval]) -> Vec<String> {
    let labels: Vec<String> = intervals.iter().map(|interval| clean(&interval.label)).collect();
    let rows = drawn(intervals, &labels);
    if rows.iter().all(|row| width(row) <= COLUMNS) {
        return rows;
    }
    let numbers: Vec<String> = (1..=labels.len()).map(|number| number.to_string()).collect();
    let legend = numbers.iter().zip(&labels).map(|(number, words)| format!("{number}: {words}"));
    drawn(intervals, &numbers).into_iter().chain(legend).collect()
}

fn drawn(intervals: &[Interval], labels: &[String]) -> Vec<String> {
    let last =
        intervals.iter().map(|interval| interval.to.unwrap_or(interval.from)).max().unwrap_or(0);
    let end = |interval: &Interval| interval.to.unwrap_or(last + 1);
    // a column for each time: the next one is as far to the right as the words between them need
    let mut columns: BTreeMap<u64, usize> = intervals
        .iter()
        .flat_map(|interval| [interval.from, end(interval)])
        .map(|at| (at, 0))
        .collect();
    let times: Vec<u64> = columns.keys().copied().collect();
    let names = intervals.iter().map(|interval| width(&interval.who)).max().unwrap_or(0) + 2;
    let mut column = names;
    for at in times {
        let ending = intervals.iter().zip(labels).filter(|(interval, _)| end(interval) == at);
        let needed = ending.map(|(interval, label)| columns[&interval.from] + width(label) + 5);
        column = needed.max().unwrap_or(0).max(column + 1);
        columns.insert(at, column);
    }
    let mut rows: BTreeMap<usize, String> = BTreeMap::new();
    let mut sorted: Vec<usize> = (0..intervals.len()).collect();
    sorted.sort_by_key(|place| intervals[*place].from);
    for place in sorted {
        let interval = &intervals[place];
        let row = rows.entry(interval.process).or_insert_with(|| interval.who.clone());
        let (from, to) = (columns[&interval.from], columns[&end(interval)]);
        let label = &labels[place];
        let room = to - from - 1 - width(label);
        let close = if interval.to.is_some() { "|" } else { ">" };
        let (left, right) = ("-".repeat(room / 2), "-".repeat(room - room / 2));
        *row = format!("{}|{left}{label}{right}{close}", pad(row, from));
    }
    rows.into_values().collect()
}
