//! The page of a history: its intervals, a row for each process, for a browser.
//!
//! A drawing is as wide as a window and no wider. A long one is cut into strips that stand below
//! each other, as the staves of a score do. Each strip has the rows in which something happens,
//! with their names.

use super::intervals::{Interval, Mark};
use super::text::{clean, width};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Returns a self-contained page: a headline, a text, what matters most, and all intervals.
///
/// Times are drawn by order, not to scale. Where labels take too much room, numbers stand for them,
/// in the order of the calls, and a list says what they are. The full text of an operation is its
/// tooltip. The page loads nothing and runs no scripts.
///
/// ```
/// use selvedge::report::intervals::{Interval, Mark, html};
///
/// let read = Interval {
///     process: 0,
///     who: "P0".to_string(),
///     label: "read -> 1".to_string(),
///     from: 1,
///     to: None,
///     mark: Mark::Stuck,
/// };
/// let page = html("violated", &["nobody wrote it".to_string()], &[], &[read]);
/// assert!(page.contains("read -&gt; 1"));
/// ```
#[must_use]
pub fn html(headline: &str, words: &[String], excerpt: &[Interval], all: &[Interval]) -> String {
    let mut page = String::from(HEAD);
    let title = escape(headline);
    // a String takes everything
    let _ = write!(page, "<title>{title}</title></head><body><h1>{title}</h1>");
    for line in words {
        let _ = write!(page, "<p>{}</p>", escape(line));
    }
    let mut calls: Vec<_> = all.iter().map(called).collect();
    calls.sort_unstable();
    let numbers: Numbers = calls.into_iter().zip(1..).collect();
    if (1..all.len()).contains(&excerpt.len()) {
        page += "<h2>Where it goes wrong</h2>";
        page += &Drawing::new(excerpt, &numbers).page();
        page += "<h2>More of the history</h2>";
    }
    page += &Drawing::new(all, &numbers).page();
    page += "<p class=\"legend\"><b class=\"ordered\">blue</b>: in the longest order that is \
             allowed · <b class=\"stuck\">red</b>: cannot follow it · dashed: pending</p>";
    page + "</body></html>\n"
}

const HEAD: &str = "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><style>\
body{font:14px/1.5 system-ui,sans-serif;margin:1.5em;color:#222;background:#fff}\
h1{font-size:1.2em}h2{font-size:1em;margin:1.5em 0 .3em}p{margin:.3em 0}\
svg{display:block;border:1px solid #ddd;margin:.3em 0;max-width:100%;height:auto;\
font:12px ui-monospace,monospace}\
ol{font:12px/1.6 ui-monospace,monospace;columns:20em}\
.legend{color:#555}b.ordered{color:#155a9c}.stuck{color:#b3261e}\
rect{fill:#eee;stroke:#888}.ordered rect{fill:#d9e9f9;stroke:#155a9c}\
.stuck rect{fill:#fbdad7;stroke:#b3261e}\
text{fill:#222}.who{font-weight:bold}.row{stroke:#eee}\
@media(prefers-color-scheme:dark){body{background:#1b1b1b;color:#ddd}\
text{fill:#ddd}svg{border-color:#444}\
rect{fill:#333}.ordered rect{fill:#17324d}.stuck rect{fill:#52201c}\
.legend{color:#aaa}.row{stroke:#2c2c2c}b.ordered{color:#7db4ea}.stuck{color:#f0908a}}\
</style>";

/// The numbers of operations, by their calls.
type Numbers = BTreeMap<(u64, usize), usize>;

/// When an operation was called, and by which process.
fn called(interval: &Interval) -> (u64, usize) {
    (interval.from, interval.process)
}

/// Numbers stand for labels that would take more strips than this.
const STRIPS: usize = 3;

/// Sizes in a drawing, in pixels. A window is hardly ever less wide.
const WINDOW: usize = 1_200;
const ROW: usize = 34;
const BAR: usize = 22;
const LETTER: usize = 8;
const GAP: usize = 12;

struct Drawing<'a> {
    intervals: &'a [Interval],
    /// What each operation is, in full.
    labels: Vec<String>,
    /// What stands in its bar.
    bars: Vec<String>,
    numbers: &'a Numbers,
    /// When an operation that is pending ends: behind all others.
    end: u64,
    /// Where the axis of time begins.
    left: usize,
}

impl<'a> Drawing<'a> {
    fn new(intervals: &'a [Interval], numbers: &'a Numbers) -> Drawing<'a> {
        let labels: Vec<String> = intervals.iter().map(label_of).collect();
        let last = intervals.iter().map(|interval| interval.to.unwrap_or(interval.from)).max();
        let names = intervals.iter().map(|interval| width(&interval.who)).max().unwrap_or(0);
        let mut drawing = Drawing {
            intervals,
            bars: labels.clone(),
            labels,
            numbers,
            end: last.unwrap_or(0) + 1,
            left: (names * LETTER + 2 * GAP).min(WINDOW / 2),
        };
        if drawing.count(&drawing.columns()) > STRIPS {
            drawing.bars = intervals.iter().map(|it| numbers[&called(it)].to_string()).collect();
        }
        drawing
    }

    fn end(&self, interval: &Interval) -> u64 {
        interval.to.unwrap_or(self.end)
    }

    /// Where each time is: the next one is as far to the right as the words between them need.
    fn columns(&self) -> BTreeMap<u64, usize> {
        let mut ending: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
        let mut columns: BTreeMap<u64, usize> = BTreeMap::new();
        for (place, interval) in self.intervals.iter().enumerate() {
            columns.extend([(interval.from, 0), (self.end(interval), 0)]);
            ending.entry(self.end(interval)).or_default().push(place);
        }
        let mut x = self.left;
        for at in columns.keys().copied().collect::<Vec<_>>() {
            let places = ending.get(&at).into_iter().flatten();
            let needed = places.map(|place| {
                columns[&self.intervals[*place].from] + (width(&self.bars[*place]) + 2) * LETTER
            });
            x = needed.max().unwrap_or(0).max(x + GAP);
            columns.insert(at, x);
        }
        columns
    }

    /// How much of the axis of time is in one strip.
    fn room(&self) -> usize {
        WINDOW - self.left - 2 * GAP
    }

    /// How many strips there are.
    fn count(&self, columns: &BTreeMap<u64, usize>) -> usize {
        let right = columns.values().max().copied().unwrap_or(self.left);
        (right - self.left).div_ceil(self.room())
    }

    /// The strips of the drawing, each at most as wide as a window, and what its numbers are.
    fn page(&self) -> String {
        let columns = self.columns();
        let strips = (0..self.count(&columns)).map(|strip| self.strip(&columns, strip));
        strips.collect::<String>() + &self.list()
    }

    fn strip(&self, columns: &BTreeMap<u64, usize>, strip: usize) -> String {
        let from = self.left + strip * self.room();
        let right = columns.values().max().copied().unwrap_or(0).min(from + self.room());
        let mut bars: BTreeMap<usize, Vec<(usize, [usize; 2])>> = BTreeMap::new();
        for (place, interval) in self.intervals.iter().enumerate() {
            let (begins, ends) = (columns[&interval.from], columns[&self.end(interval)]);
            if begins < right && ends > from {
                let ends = [begins.max(from), ends.min(right)].map(|x| x - from + self.left);
                bars.entry(interval.process).or_default().push((place, ends));
            }
        }
        let (wide, high) = (right - from + self.left + GAP, bars.len() * ROW + GAP);
        let mut svg =
            format!("<svg width=\"{wide}\" height=\"{high}\" viewBox=\"0 0 {wide} {high}\">");
        for (row, bars) in bars.values().enumerate() {
            let (y, left) = (row * ROW + GAP / 2 + ROW / 2, self.left);
            let who = escape(&self.intervals[bars[0].0].who);
            let _ = write!(
                svg,
                "<line class=\"row\" x1=\"{left}\" x2=\"{wide}\" y1=\"{y}\" y2=\"{y}\"/>\
                 <text class=\"who\" x=\"{GAP}\" y=\"{}\">{who}</text>",
                y + 4
            );
            svg.extend(bars.iter().map(|(place, ends)| self.bar(*place, *ends, y)));
        }
        svg + "</svg>"
    }

    fn bar(&self, place: usize, [from, to]: [usize; 2], y: usize) -> String {
        let interval = &self.intervals[place];
        let class = class_of(interval.mark);
        let dashes = if interval.to.is_some() { "" } else { " stroke-dasharray=\"4 3\"" };
        let (top, wide, centre) = (y - BAR / 2, to - from, from + (to - from) / 2);
        // a piece that is cut off may have no room for the words
        let bar = &self.bars[place];
        let bar = if width(bar) * LETTER <= wide { bar.as_str() } else { "…" };
        let (label, bar) = (escape(&self.labels[place]), escape(bar));
        format!(
            "<g class=\"{class}\"><title>{label}</title>\
             <rect x=\"{from}\" y=\"{top}\" width=\"{wide}\" height=\"{BAR}\" rx=\"3\"{dashes}/>\
             <text x=\"{centre}\" y=\"{}\" text-anchor=\"middle\">{bar}</text></g>",
            y + 4
        )
    }

    /// What the numbers are, if numbers stand in the bars.
    fn list(&self) -> String {
        if self.bars == self.labels {
            return String::new();
        }
        let item = |place: &usize| {
            let interval = &self.intervals[*place];
            let (class, number) = (class_of(interval.mark), self.numbers[&called(interval)]);
            let (label, who) = (escape(&self.labels[*place]), escape(&interval.who));
            format!("<li class=\"{class}\" value=\"{number}\">{label} ({who})</li>")
        };
        let mut places: Vec<usize> = (0..self.intervals.len()).collect();
        places.sort_by_key(|place| called(&self.intervals[*place]));
        format!("<ol>{}</ol>", places.iter().map(item).collect::<String>())
    }
}

fn class_of(mark: Mark) -> &'static str {
    match mark {
        Mark::Plain => "plain",
        Mark::Ordered(_) => "ordered",
        Mark::Stuck => "stuck",
    }
}

/// An operation in full.
fn label_of(interval: &Interval) -> String {
    match interval.mark {
        Mark::Ordered(place) => format!("{} [{place}]", clean(&interval.label)),
        Mark::Plain | Mark::Stuck => clean(&interval.label),
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
