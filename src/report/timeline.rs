//! Draws a counterexample: numbered events, one column for each thread, and the line that replays
//! it.

use super::elide;
use super::layout::{GAP, Layout};
use super::remark::{Remarks, Weight};
use super::style::{Ink, Style};
use super::text::{SourceNames, clean, count, pad, width, wrap};
use super::words::{LONGEST_NAME, describe, name_of, source, sources};
use crate::trace::{ObjectId, ObjectKind, ThreadId, Trace};
use crate::verdict::{Counterexample, Kind};
use std::collections::BTreeSet;

/// The default width of a drawing.
pub const WIDTH: usize = 120;

/// Draws a counterexample, at most [`WIDTH`] columns wide where possible.
///
/// A headline comes first. The events follow in order, each in its thread's column, with the source
/// line and remarks (conflicting pairs, stale loads). Under a blocked thread is what it waits for.
/// Then comes the message, and last exactly one line that starts with `replay: `. Long traces are
/// elided in the middle, and say so.
#[must_use]
pub fn counterexample(found: &Counterexample, style: &Style) -> String {
    counterexample_within(found, style, WIDTH)
}

/// Does the same as [`counterexample`], for a terminal of this width.
#[must_use]
pub fn counterexample_within(found: &Counterexample, style: &Style, columns: usize) -> String {
    let drawing = Drawing::new(found, *style, columns);
    let mut lines = vec![drawing.headline(), String::new()];
    lines.extend(drawing.table());
    lines.extend(drawing.feet());
    lines.extend(drawing.message());
    lines.extend(drawing.who_waits());
    lines.extend(drawing.legend());
    lines.extend(
        found
            .caveat
            .iter()
            .flat_map(|caveat| [String::new(), format!("  note: {}", clean(caveat))]),
    );
    lines.extend([String::new(), drawing.replay()]);
    let mut text = String::new();
    for line in lines {
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// Draws one event on one line, for messages: `teller 1: balance.load -> 0 at account.rs:41`.
///
/// Returns `None` if there is no event at `index`.
#[must_use]
pub fn one_line(trace: &Trace, index: usize) -> Option<String> {
    let event = trace.events.get(index)?;
    let line = format!(
        "{}: {}",
        clean(&trace.thread_name(event.thread)),
        describe(trace, event, LONGEST_NAME)
    );
    let source = source(&sources(trace), event.location);
    Some(if source.is_empty() { line } else { format!("{line} at {source}") })
}

/// What is drawn, and the widths of its parts.
struct Drawing<'a> {
    found: &'a Counterexample,
    style: Style,
    columns: usize,
    remarks: Remarks,
    kept: Vec<usize>,
    names: SourceNames<'a>,
    layout: Layout,
}

impl<'a> Drawing<'a> {
    fn new(found: &'a Counterexample, style: Style, columns: usize) -> Self {
        let remarks = Remarks::new(found);
        let kept = elide::kept(found, remarks.named.iter().copied());
        let names = sources(&found.trace);
        let layout = Layout::new(&found.trace, &kept, &names, columns);
        Drawing { found, style, columns, remarks, kept, names, layout }
    }

    /// `violated: account/unlocked · panic · loom, execution 2 · 1 preemption, 9 events (found with
    /// 3 preemptions, 14 events)`
    fn headline(&self) -> String {
        let Counterexample { model, kind, explorer, execution, preemptions, .. } = self.found;
        let violated = self.style.paint(Ink::Wrong, "violated:");
        let model = self.style.paint(Ink::Heading, &clean(model));
        let preemptions = count(*preemptions as u64, "preemption");
        let reduced = self.found.reduced_from.map_or_else(String::new, |from| {
            let had = count(from.preemptions as u64, "preemption");
            let events = |number: usize| count(number as u64, "event");
            let stale = match from.stale_reads {
                0 => String::new(),
                number => count(number as u64, "stale read") + ", ",
            };
            format!(
                ", {} (found with {stale}{had}, {})",
                events(self.found.trace.events.len()),
                events(from.events)
            )
        });
        format!(
            "{violated} {model} · {kind} · {explorer}, execution {execution} · \
             {preemptions}{reduced}"
        )
    }

    fn table(&self) -> Vec<String> {
        let trace = &self.found.trace;
        if trace.events.is_empty() {
            return vec!["  (no event was recorded)".to_string()];
        }
        let mut header = format!("  {:>1$}", "#", self.layout.number);
        for (id, (start, _)) in (0..).zip(&self.layout.threads) {
            header = pad(&header, *start) + &name_of(trace, ThreadId(id));
        }
        header = pad(&header, self.layout.source) + "source";
        let mut lines = vec![self.style.paint(Ink::Heading, &header)];
        let mut next = 0;
        for &place in &self.kept {
            if place > next {
                lines.push(self.left_out(next, place));
            }
            lines.extend(self.event(place));
            next = place + 1;
        }
        lines
    }

    fn left_out(&self, from: usize, to: usize) -> String {
        let words =
            format!("... {} left out: #{} to #{to}", count((to - from) as u64, "event"), from + 1);
        self.style.paint(Ink::Faint, &format!("{:1$}{words}", "", self.layout.number + 2 + GAP))
    }

    fn event(&self, place: usize) -> Vec<String> {
        let Drawing { style, layout, .. } = self;
        let event = &self.found.trace.events[place];
        let start = layout
            .threads
            .get(event.thread.index())
            .map_or(2 + layout.number + GAP, |column| column.0);
        let ink = self.remarks.weight(place).map(|weight| match weight {
            Weight::Odd => Ink::Odd,
            Weight::Wrong => Ink::Wrong,
        });
        let what =
            pad(&describe(&self.found.trace, event, layout.longest_name), layout.source - start);
        let what = ink.map_or(what.clone(), |ink| style.paint(ink, &what));
        let number = pad(&format!("  {:>1$}", place + 1, layout.number), start);
        let mut line = style.paint(Ink::Faint, &number) + &what;
        let at = source(&self.names, event.location);
        let mut remarks = self.remarks.words(place).into_iter().peekable();
        let reason = self.reason(place, start, ink);
        // The remark stands on the event's own line if it fits, and under the event if it does not.
        let fits = |words: &String| layout.remark + width(words) <= self.columns;
        let Some(first) = remarks.next_if(fits) else {
            line += &style.paint(Ink::Faint, &at);
            return [line]
                .into_iter()
                .chain(remarks.map(|words| self.beneath(start, &words, ink)))
                .chain(reason)
                .collect();
        };
        line += &style.paint(Ink::Faint, &pad(&at, layout.remark - layout.source));
        line += &ink.map_or(first.clone(), |ink| style.paint(ink, &first));
        [line]
            .into_iter()
            .chain(remarks.map(|words| self.beneath(layout.remark, &words, ink)))
            .chain(reason)
            .collect()
    }

    /// Draws the sentence below an event, in as many lines as it needs.
    fn reason(&self, place: usize, start: usize, ink: Option<Ink>) -> Vec<String> {
        let Some(reason) = self.remarks.reason(place) else { return Vec::new() };
        let room = self.columns.saturating_sub(4);
        let lines =
            if width(reason) > room { wrap(reason, room) } else { vec![reason.to_string()] };
        let widest = lines.iter().map(|line| width(line)).max().unwrap_or(0);
        let start = start.min(self.columns.saturating_sub(widest + 3)) + 3;
        lines.iter().map(|line| self.beneath(start, line, ink)).collect()
    }

    /// Draws a remark on a line of its own.
    fn beneath(&self, start: usize, words: &str, ink: Option<Ink>) -> String {
        // Moved to the left where it would stick out on the right.
        let start = start.min(self.columns.saturating_sub(width(words))).max(2);
        let words = ink.map_or(words.to_string(), |ink| self.style.paint(ink, words));
        format!("{:start$}{words}", "")
    }

    /// Draws what blocked threads wait for, at the foot of their columns.
    fn feet(&self) -> Vec<String> {
        let feet: Vec<Vec<String>> = (self.found.trace.threads.iter().zip(&self.layout.threads))
            .map(|(thread, (_, columns))| match &thread.blocked {
                Some(blocked) => {
                    wrap(&format!("waits: {}", clean(&self.found.trace.waiting(blocked))), *columns)
                }
                None => Vec::new(),
            })
            .collect();
        let height = feet.iter().map(Vec::len).max().unwrap_or(0);
        (0..height)
            .map(|row| {
                let mut line = String::new();
                for (foot, (start, _)) in feet.iter().zip(&self.layout.threads) {
                    if let Some(words) = foot.get(row) {
                        line = pad(&line, *start) + words;
                    }
                }
                self.style.paint(Ink::Odd, &line)
            })
            .collect()
    }

    fn message(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.found.message.lines().map(clean).collect();
        let blocked = self.blocked();
        if self.found.kind == Kind::Deadlock && !blocked.is_empty() {
            // Who waits for what stands right below, thread by thread.
            lines = vec![format!("deadlock: {} for ever", waiting(blocked.len()))];
        } else if lines.is_empty() {
            lines.push(format!("{} (without a message)", self.found.kind));
        }
        let at =
            self.found.location.as_deref().map(|at| self.short_location(at)).unwrap_or_default();
        let first = lines[0].clone();
        let mut drawn: Vec<String> = lines.iter().flat_map(|line| self.wrapped(line)).collect();
        // The place of the failure, behind the first line if there is room.
        let behind = 2 + width(&first) + 3 + width(&at) <= self.columns;
        let place = self.style.paint(Ink::Faint, &at);
        match (at.is_empty(), behind) {
            (true, _) => {}
            (false, true) => drawn[0] += &format!("   {place}"),
            (false, false) => drawn.push(format!("  at {place}")),
        }
        drawn.insert(0, String::new());
        drawn
    }

    /// Indents a line of the message, and wraps it if it is too long.
    fn wrapped(&self, line: &str) -> Vec<String> {
        let pieces = match 2 + width(line) <= self.columns {
            true => vec![line.to_string()],
            // `wrap` makes no line at all of spaces
            false if line.trim().is_empty() => vec![String::new()],
            false => wrap(line, self.columns.saturating_sub(4)),
        };
        let indents = std::iter::once("  ").chain(std::iter::repeat("    "));
        indents
            .zip(pieces)
            .map(|(indent, piece)| format!("{indent}{}", self.style.paint(Ink::Wrong, &piece)))
            .collect()
    }

    /// Shortens `src/account.rs:57` or `src/account.rs:57:9` as in the table: `account.rs:57`.
    fn short_location(&self, at: &str) -> String {
        let mut parts = at.splitn(2, ".rs:");
        match (parts.next(), parts.next()) {
            (Some(file), Some(line)) => {
                let line = line.split(':').next().unwrap_or(line);
                format!("{}:{}", clean(&self.names.name(&format!("{file}.rs"))), clean(line))
            }
            _ => clean(at),
        }
    }

    fn blocked(&self) -> Vec<ThreadId> {
        let threads = (0..).map(ThreadId).zip(&self.found.trace.threads);
        threads.filter(|(_, thread)| thread.blocked.is_some()).map(|(id, _)| id).collect()
    }

    /// Draws, under a deadlock, which thread waits for which, the cycle first.
    fn who_waits(&self) -> Vec<String> {
        let trace = &self.found.trace;
        let blocked = self.blocked();
        if self.found.kind != Kind::Deadlock || blocked.is_empty() {
            return Vec::new();
        }
        let says = |id: &ThreadId| {
            let why =
                trace.threads[id.index()].blocked.as_ref().map(|blocked| trace.waiting(blocked));
            format!("    {} waits for {}", name_of(trace, *id), clean(&why.unwrap_or_default()))
        };
        let cycle = cycle(trace, &blocked);
        let rest: Vec<&ThreadId> = blocked.iter().filter(|id| !cycle.contains(id)).collect();
        let mut lines = Vec::new();
        if cycle.is_empty() {
            lines.push("  nobody is left who could wake".to_string());
        } else {
            lines.push("  a cycle, each waits for the next and the last for the first".to_string());
            lines.extend(cycle.iter().map(says));
            if !rest.is_empty() {
                lines.push("  and behind them".to_string());
            }
        }
        lines.extend(rest.into_iter().map(says));
        lines
    }

    /// Draws where the objects without a name were created.
    fn legend(&self) -> Vec<String> {
        let trace = &self.found.trace;
        let drawn: BTreeSet<ObjectId> =
            self.kept.iter().filter_map(|&place| trace.events[place].object).collect();
        let mut lines: Vec<String> = drawn
            .into_iter()
            .filter_map(|id| Some((id, trace.objects.get(id.index())?)))
            .filter(|(_, object)| object.name.is_none())
            .map(|(id, object)| {
                let at = source(&self.names, object.created);
                let came =
                    if object.kind == ObjectKind::Memory { "announced first" } else { "created" };
                self.style
                    .paint(Ink::Faint, &format!("  {}: {came} at {at}", trace.object_name(id)))
            })
            .collect();
        if !lines.is_empty() {
            lines.insert(0, String::new());
        }
        lines
    }

    fn replay(&self) -> String {
        let replay = self.style.paint(Ink::Heading, "replay:");
        if self.found.replay.is_empty() {
            return format!("{replay} not possible, {} records no schedule", self.found.explorer);
        }
        let token = quoted(&clean(&self.found.replay));
        format!(
            "{replay} {}",
            self.style.paint(Ink::Command, &format!("SELVEDGE_REPLAY={token} cargo test"))
        )
    }
}

/// Quotes the token for a shell, if it contains anything that a shell might interpret.
fn quoted(token: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || ":_-./,".contains(c);
    if token.chars().all(plain) {
        token.to_string()
    } else {
        format!("'{}'", token.replace('\'', "'\\''"))
    }
}

fn waiting(threads: usize) -> String {
    if threads == 1 { "1 thread waits".to_string() } else { format!("{threads} threads wait") }
}

/// Returns the threads of a cycle of waits, in its order; empty if there is none.
fn cycle(trace: &Trace, blocked: &[ThreadId]) -> Vec<ThreadId> {
    fn search(trace: &Trace, path: &mut Vec<ThreadId>) -> bool {
        for next in trace.waits_for(path[path.len() - 1]) {
            if next == path[0] {
                return true;
            }
            if !path.contains(&next) {
                path.push(next);
                if search(trace, path) {
                    return true;
                }
                path.pop();
            }
        }
        false
    }
    let found = blocked.iter().find_map(|&start| {
        let mut path = vec![start];
        search(trace, &mut path).then_some(path)
    });
    found.unwrap_or_default()
}
