//! Draws a history as intervals, a row for each process, for a terminal and for a browser.

use super::text::{clean, pad, width};
use super::timeline::WIDTH;
use std::collections::BTreeMap;
use std::fmt::Write as _;

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

/// Returns a self-contained page: a headline, a text, and a scrollable drawing of the intervals.
///
/// Times are drawn by order, not to scale. The page loads nothing and runs no scripts. The full
/// text of an operation is its tooltip.
#[must_use]
pub fn html(headline: &str, words: &[String], intervals: &[Interval]) -> String {
    let mut page = String::from(HEAD);
    let title = escape(headline);
    // a String takes everything
    let _ = write!(page, "<title>{title}</title></head><body><h1>{title}</h1>");
    for line in words {
        let _ = write!(page, "<p>{}</p>", escape(line));
    }
    page.push_str("<div class=\"drawing\">");
    page.push_str(&svg(intervals));
    page.push_str(
        "</div><p class=\"legend\"><b class=\"ordered\">numbered</b> in the longest order that is \
         allowed · ",
    );
    page.push_str(
        "<b class=\"stuck\">red</b> cannot follow it · dashed: pending</p></body></html>\n",
    );
    page
}

const HEAD: &str = "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><style>\
body{font:14px/1.5 system-ui,sans-serif;margin:2em;color:#222;background:#fff}\
h1{font-size:1.2em}p{margin:.3em 0}\
.drawing{overflow-x:auto;border:1px solid #ddd;margin:1em 0}\
svg{display:block;font:12px ui-monospace,monospace}\
.legend{color:#555}b.ordered{color:#155a9c}b.stuck{color:#b3261e}\
rect{fill:#eee;stroke:#888}.ordered rect{fill:#d9e9f9;stroke:#155a9c}\
.stuck rect{fill:#fbdad7;stroke:#b3261e}\
text{fill:#222}.who{font-weight:bold}.row{stroke:#eee}\
@media(prefers-color-scheme:dark){body{background:#1b1b1b;color:#ddd}\
text{fill:#ddd}.drawing{border-color:#444}\
rect{fill:#333}.ordered rect{fill:#17324d}.stuck rect{fill:#52201c}\
.legend{color:#aaa}.row{stroke:#2c2c2c}}\
</style>";

/// Sizes in the drawing, in pixels.
const ROW: usize = 34;
const BAR: usize = 22;
const LETTER: usize = 8;
const GAP: usize = 12;

fn svg(intervals: &[Interval]) -> String {
    let labels: Vec<String> = intervals.iter().map(label_of).collect();
    let last =
        intervals.iter().map(|interval| interval.to.unwrap_or(interval.from)).max().unwrap_or(0);
    let end = |interval: &Interval| interval.to.unwrap_or(last + 1);
    let mut columns: BTreeMap<u64, usize> = intervals
        .iter()
        .flat_map(|interval| [interval.from, end(interval)])
        .map(|at| (at, 0))
        .collect();
    let rows: BTreeMap<usize, usize> = {
        let processes: BTreeMap<usize, ()> =
            intervals.iter().map(|interval| (interval.process, ())).collect();
        processes.into_keys().enumerate().map(|(row, process)| (process, row)).collect()
    };
    let names =
        intervals.iter().map(|interval| width(&interval.who)).max().unwrap_or(0) * LETTER + 2 * GAP;
    let mut ending: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
    (0..intervals.len())
        .for_each(|place| ending.entry(end(&intervals[place])).or_default().push(place));
    let mut x = names;
    for at in columns.keys().copied().collect::<Vec<_>>() {
        let places = ending.get(&at).into_iter().flatten();
        let needed = places
            .map(|place| columns[&intervals[*place].from] + (width(&labels[*place]) + 2) * LETTER);
        x = needed.max().unwrap_or(0).max(x + GAP);
        columns.insert(at, x);
    }
    let (wide, high) = (x + GAP, rows.len() * ROW + GAP);
    let mut drawing =
        format!("<svg width=\"{wide}\" height=\"{high}\" viewBox=\"0 0 {wide} {high}\">");
    let middle = |process: usize| rows[&process] * ROW + GAP / 2 + ROW / 2;
    let mut named: BTreeMap<usize, &str> = BTreeMap::new();
    named.extend(intervals.iter().map(|interval| (interval.process, interval.who.as_str())));
    for (process, who) in named {
        let y = middle(process);
        let who = escape(who);
        let _ = write!(
            drawing,
            "<line class=\"row\" x1=\"{names}\" x2=\"{wide}\" y1=\"{y}\" y2=\"{y}\"/>"
        );
        let _ = write!(drawing, "<text class=\"who\" x=\"{GAP}\" y=\"{}\">{who}</text>", y + 4);
    }
    for (interval, label) in intervals.iter().zip(&labels) {
        let (from, to, y) =
            (columns[&interval.from], columns[&end(interval)], middle(interval.process));
        let class = match interval.mark {
            Mark::Plain => "plain",
            Mark::Ordered(_) => "ordered",
            Mark::Stuck => "stuck",
        };
        let dashes = if interval.to.is_some() { "" } else { " stroke-dasharray=\"4 3\"" };
        let label = escape(label);
        let (top, wide, centre) = (y - BAR / 2, to - from, from + (to - from) / 2);
        let _ = write!(
            drawing,
            "<g class=\"{class}\"><title>{label}</title>\
             <rect x=\"{from}\" y=\"{top}\" width=\"{wide}\" height=\"{BAR}\" rx=\"3\"{dashes}/>\
             <text x=\"{centre}\" y=\"{}\" text-anchor=\"middle\">{label}</text></g>",
            y + 4
        );
    }
    drawing.push_str("</svg>");
    drawing
}

/// What stands in an interval's bar.
fn label_of(interval: &Interval) -> String {
    match interval.mark {
        Mark::Ordered(place) => format!("{place}. {}", clean(&interval.label)),
        Mark::Plain | Mark::Stuck => clean(&interval.label),
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
