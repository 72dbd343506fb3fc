//! Histories recorded elsewhere, in any language: reading, judging and drawing them.

use super::arguments::{Asked, Request, Spec};
use super::exit::Exit;
use super::progress::Progress;
use clap::ValueEnum;
use selvedge::linearize::specifications as ready;
use selvedge::linearize::{Criterion, History, Lines, Method, Recorded, Verdict, check};
use selvedge::report::intervals::{self, Interval, Mark};
use std::collections::BTreeSet;
use std::fmt::Debug;
use std::fs::File;
use std::io::{BufRead, BufReader};

/// The output, and the exit code.
pub(crate) struct Judged {
    pub(crate) text: String,
    pub(crate) exit: Exit,
}

/// Reads a history and judges it.
///
/// # Errors
///
/// If it cannot be read, or the page cannot be written.
pub(crate) fn judge(request: &Request, json: bool) -> Result<Judged, String> {
    let Request { spec, initial, .. } = *request;
    let place = || initial.ok_or_else(|| "this specification needs --initial".to_string());
    let size = || {
        place().and_then(|n| {
            usize::try_from(n).map_err(|_| "--initial must not be negative".to_string())
        })
    };
    match spec {
        Spec::BoundedQueue => judged(request, json, &ready::BoundedQueue::<i64>::new(size()?)),
        Spec::Semaphore => judged(request, json, &ready::Semaphore { permits: size()? }),
        Spec::Register => judged(request, json, &ready::Register(initial)),
        Spec::CasRegister => judged(request, json, &ready::CasRegister(initial)),
        _ if initial.is_some() => {
            Err("this specification begins empty, and takes no --initial".to_string())
        }
        Spec::Queue => judged(request, json, &ready::Queue::<i64>::default()),
        Spec::Stack => judged(request, json, &ready::Stack::<i64>::default()),
        Spec::PriorityQueue => judged(request, json, &ready::PriorityQueue::<i64>::default()),
        Spec::Counter => judged(request, json, &ready::Counter::default()),
        Spec::FetchAdd => judged(request, json, &ready::FetchAdd::default()),
        Spec::Set => judged(request, json, &ready::Set::<i64>::default()),
        Spec::List => judged(request, json, &ready::List::<i64>::default()),
        Spec::Map => judged(request, json, &ready::Map::<String, i64>::default()),
        Spec::Kv => judged(request, json, &ready::KeyValue::default()),
        Spec::Mutex => judged(request, json, &ready::Mutex::default()),
    }
}

/// The lines of the file, and the reading progress.
fn open(request: &Request) -> Result<(Box<dyn BufRead>, Progress), String> {
    if request.file.as_os_str() == "-" {
        return Ok((Box::new(std::io::stdin().lock()), Progress::hidden()));
    }
    let said = |error: std::io::Error| format!("{}: {error}", request.file.display());
    let (progress, file) =
        Progress::reading(File::open(&request.file).map_err(said)?).map_err(said)?;
    Ok((Box::new(BufReader::with_capacity(1 << 16, file)), progress))
}

/// A history, and the line of each operation.
type Recording<S> = (
    History<
        <S as selvedge::linearize::Specification>::Op,
        <S as selvedge::linearize::Specification>::Ret,
    >,
    Vec<u64>,
);

fn read<S: Recorded>(request: &Request) -> Result<(Recording<S>, Progress), String> {
    let (input, progress) = open(request)?;
    let said = |error: &dyn std::fmt::Display| format!("{}: {error}", request.file.display());
    let mut lines = Lines::<_, S>::new(input);
    let (mut operations, mut numbers) = (Vec::new(), Vec::new());
    while let Some(operation) = lines.next() {
        operations.push(operation.map_err(|error| said(&error))?);
        numbers.push(lines.line());
    }
    let history = History::new(operations).map_err(|error| {
        said(&format!(
            "line {}: {error} (operations are counted from 0)",
            numbers[error.operation()]
        ))
    })?;
    Ok(((history, numbers), progress))
}

fn judged<S: Recorded>(request: &Request, json: bool, initial: &S) -> Result<Judged, String> {
    let ((history, lines), progress) = read::<S>(request)?;
    let criterion = match request.criterion {
        Asked::Linearizable => Criterion::Linearizable,
        Asked::SequentiallyConsistent => Criterion::SequentiallyConsistent,
        Asked::QuiescentlyConsistent => Criterion::QuiescentlyConsistent,
    };
    progress.starts("checking");
    let verdict = check(initial, &history, criterion, request.configurations);
    progress.clear();
    let judgement = Judgement { request, history: &history, lines: &lines, verdict: &verdict };
    if let Some(page) = &request.html {
        std::fs::write(page, judgement.page())
            .map_err(|error| format!("{}: {error}", page.display()))?;
    }
    let text = if json { judgement.json() } else { judgement.text() };
    Ok(Judged { text, exit: judgement.exit() })
}

/// A history and its verdict.
struct Judgement<'a, Op, Ret> {
    request: &'a Request,
    history: &'a History<Op, Ret>,
    /// The line of each operation.
    lines: &'a [u64],
    verdict: &'a Verdict,
}

/// The most operations drawn, because a person looks at them.
const DRAWN: usize = 24;
const DRAWN_ON_A_PAGE: usize = 1_000;

impl<Op: Debug, Ret: Debug> Judgement<'_, Op, Ret> {
    fn exit(&self) -> Exit {
        match self.verdict {
            Verdict::Holds(_) => Exit::Expected,
            Verdict::Violated(_) => Exit::Violated,
            Verdict::Unknown { .. } => Exit::Unknown,
        }
    }

    fn criterion(&self) -> String {
        self.request
            .criterion
            .to_possible_value()
            .map_or(String::new(), |value| value.get_name().replace('-', " "))
    }

    fn headline(&self) -> String {
        let operations = &self.history.operations;
        let processes: BTreeSet<usize> =
            operations.iter().map(|operation| operation.process).collect();
        let pending = operations.iter().filter(|operation| operation.response.is_none()).count();
        let size = format!(
            "{} operations of {} processes, {pending} pending",
            operations.len(),
            processes.len()
        );
        let by = |method: &Method| match method {
            Method::Search => "by search".to_string(),
            Method::Monitor(name) => format!("by the {name} monitor"),
            _ => String::new(),
        };
        let criterion = self.criterion();
        let what = match self.verdict {
            _ if operations.is_empty() => "unknown: the history is empty".to_string(),
            Verdict::Holds(witness) => format!("holds: {criterion} ({})", by(&witness.by)),
            Verdict::Violated(why) => format!("violated: not {criterion} ({})", by(&why.by)),
            Verdict::Unknown { .. } if self.history.says_nothing() => {
                "unknown: no operation returned, and every structure has such a history".to_string()
            }
            Verdict::Unknown { configurations } => {
                format!("unknown: {configurations} configurations were not enough")
            }
        };
        format!("{what} · {size} · {}", self.request.file.display())
    }

    fn words(&self, place: usize) -> String {
        let operation = &self.history.operations[place];
        let ret = operation
            .response
            .as_ref()
            .map_or("pending".to_string(), |(_, ret)| format!("{ret:?}"));
        format!("{:?} -> {ret}", operation.op)
    }

    fn named(&self, places: &[usize]) -> String {
        let name = |place: &usize| {
            format!(
                "{} (process {}, line {})",
                self.words(*place),
                self.history.operations[*place].process,
                self.lines[*place]
            )
        };
        places.iter().map(name).collect::<Vec<_>>().join(", ")
    }

    /// What is wrong, in sentences. Empty if nothing is known to be wrong.
    fn sentences(&self) -> Vec<String> {
        let Verdict::Violated(why) = self.verdict else { return Vec::new() };
        let mut sentences = Vec::new();
        if !why.smallest.is_empty() {
            sentences.push(format!("wrong by themselves: {}", self.named(&why.smallest)));
        }
        if !why.stuck.is_empty() {
            let (first, more) = why.stuck.split_at(why.stuck.len().min(DRAWN));
            let more =
                if more.is_empty() { String::new() } else { format!(", and {} more", more.len()) };
            let after = format!(
                "cannot follow the longest order that is allowed, of {} operations",
                why.prefix.len()
            );
            sentences.push(format!("{after}: {}{more}", self.named(first)));
        }
        sentences
    }

    /// The operations worth drawing, at most `most`: those that fail, those that cannot follow, and
    /// the last ones of the longest order. Without a violation, the first ones.
    fn drawn(&self, most: usize) -> Vec<Interval> {
        let mut order = std::collections::HashMap::new();
        let mut places: Vec<usize> = Vec::new();
        let mut stuck = BTreeSet::new();
        match self.verdict {
            Verdict::Violated(why) => {
                order.extend(
                    why.prefix.iter().enumerate().map(|(number, place)| (*place, number + 1)),
                );
                stuck.extend(why.stuck.iter().copied());
                places.extend(why.smallest.iter().chain(&why.stuck));
                if most > DRAWN || why.smallest.is_empty() {
                    // if there is room, the operations that led to it
                    places.extend(why.prefix.iter().rev());
                }
            }
            Verdict::Holds(witness) => {
                order.extend(
                    witness.order.iter().enumerate().map(|(number, place)| (*place, number + 1)),
                );
                places.extend(0..self.history.operations.len());
            }
            Verdict::Unknown { .. } => places.extend(0..self.history.operations.len()),
        }
        let mut seen = BTreeSet::new();
        places.retain(|place| seen.len() < most && seen.insert(*place));
        places.sort_by_key(|place| self.history.operations[*place].invocation);
        let interval = |place: usize| {
            let operation = &self.history.operations[place];
            let ordered = order.get(&place).map_or(Mark::Plain, |number| Mark::Ordered(*number));
            Interval {
                process: operation.process,
                who: format!("process {}", operation.process),
                label: self.words(place),
                from: operation.invocation,
                to: operation.response.as_ref().map(|(at, _)| *at),
                mark: if stuck.contains(&place) { Mark::Stuck } else { ordered },
            }
        };
        places.into_iter().map(interval).collect()
    }

    fn left_out(&self, drawn: usize) -> Option<String> {
        let left = self.history.operations.len() - drawn;
        (left > 0).then(|| format!("{drawn} operations are drawn, {left} are not"))
    }

    fn text(&self) -> String {
        let mut lines = vec![self.headline()];
        if self.request.explain {
            let drawn = self.drawn(DRAWN);
            lines.push(String::new());
            lines.extend(intervals::text(&drawn).into_iter().map(|row| format!("  {row}")));
            lines.push(String::new());
            lines.extend(self.sentences().into_iter().chain(self.left_out(drawn.len())));
        } else if matches!(self.verdict, Verdict::Violated(_)) {
            lines.push("(--explain draws why, --html FILE for a browser)".to_string());
        }
        lines.join("\n") + "\n"
    }

    fn page(&self) -> String {
        let drawn = self.drawn(DRAWN_ON_A_PAGE);
        let words: Vec<String> =
            self.sentences().into_iter().chain(self.left_out(drawn.len())).collect();
        let excerpt = match self.verdict {
            Verdict::Violated(_) => self.drawn(DRAWN),
            Verdict::Holds(_) | Verdict::Unknown { .. } => Vec::new(),
        };
        intervals::html(&self.headline(), &words, &excerpt, &drawn)
    }

    fn json(&self) -> String {
        let lines =
            |places: &[usize]| places.iter().map(|place| self.lines[*place]).collect::<Vec<_>>();
        let (verdict, by) = match self.verdict {
            Verdict::Holds(witness) => ("holds", Some(&witness.by)),
            Verdict::Violated(why) => ("violated", Some(&why.by)),
            Verdict::Unknown { .. } => ("unknown", None),
        };
        let mut document = serde_json::json!({
            "file": self.request.file.display().to_string(),
            "criterion": self.criterion(),
            "operations": self.history.operations.len(),
            "verdict": verdict,
            "by": by.map(|by| match by {
                Method::Monitor(name) => format!("monitor: {name}"),
                _ => "search".to_string(),
            }),
        });
        if let Verdict::Violated(why) = self.verdict {
            document["wrong_lines"] = lines(&why.smallest).into();
            document["stuck_lines"] = lines(&why.stuck).into();
            document["longest_order"] = why.prefix.len().into();
        }
        format!("{document:#}\n")
    }
}
