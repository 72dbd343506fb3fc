//! The same for programs: one JSON document with names that stay.
//!
//! | field | what it is |
//! |---|---|
//! | `version` | of this format: 1. Fields may be added; none changes its meaning without a new number |
//! | `summary.checks`, `.expected`, `.unexpected`, `.unknown` | how many; `checks` is the sum of the other three |
//! | `checks[]` | the lines of the table: `system`, `model`, `explorer`, `executions`, `coverage`, `verdict`, `expected`, `note`, `counterexample` |
//! | `….counterexample` | null, or `model`, `kind`, `message`, `location`, `explorer`, `execution`, `preemptions`, `reduced_from` (null, or preemptions and events before), `caveat` (null, or what to know before believing it), `replay`, and the four below |
//! | `….threads[]` | `name`, `blocked` (what it waits for, or null); the place in the list is the thread's number |
//! | `….objects[]` | `name`, `kind`, `created`; the place in the list is the object's number |
//! | `….events[]` | `number` (from 1, as drawn), `thread`, `operation`, `ordering`, `target` (the thread of spawn, join, unpark), `object`, `value`, `written`, `location`, `latest` (for a stale load: the value it did not see) |
//! | `….conflicts[]` | pairs of event numbers |
//!
//! Numbers and booleans that an operation read or wrote are JSON numbers and booleans (64-bit: parse them as such);
//! pointers and outcomes are strings; a value that cannot be shown is null.

use super::table::{Row, is_unknown};
use crate::trace::{Operation, Trace, Value};
use crate::verdict::Counterexample;
use serde::Serialize;

/// The document, indented, with a newline at its end.
#[must_use]
pub fn document(checks: &[(&Row, Option<&Counterexample>)]) -> String {
    let expected = checks.iter().filter(|(row, _)| row.expected).count();
    let unknown = checks.iter().filter(|(row, _)| is_unknown(row)).count();
    let document = Document {
        version: 1,
        summary: Summary { checks: checks.len(), expected, unexpected: checks.len() - expected - unknown, unknown },
        checks: checks.iter().map(|(row, found)| Check::new(row, *found)).collect(),
    };
    // Strings, numbers and lists only: nothing of this can fail to serialise.
    serde_json::to_string_pretty(&document).expect("plain data is JSON") + "\n"
}

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    summary: Summary,
    checks: Vec<Check<'a>>,
}

#[derive(Serialize)]
struct Summary {
    checks: usize,
    expected: usize,
    unexpected: usize,
    unknown: usize,
}

#[derive(Serialize)]
struct Check<'a> {
    system: &'a str,
    model: &'a str,
    explorer: &'a str,
    executions: u64,
    coverage: &'a str,
    verdict: &'a str,
    expected: bool,
    note: &'a str,
    counterexample: Option<Failure<'a>>,
}

impl<'a> Check<'a> {
    fn new(row: &'a Row, found: Option<&'a Counterexample>) -> Self {
        Check {
            system: &row.system,
            model: &row.model,
            explorer: &row.explorer,
            executions: row.executions,
            coverage: &row.coverage,
            verdict: &row.verdict,
            expected: row.expected,
            note: &row.note,
            counterexample: found.map(Failure::from),
        }
    }
}

#[derive(Serialize)]
pub(super) struct Failure<'a> {
    model: &'a str,
    kind: String,
    message: &'a str,
    location: Option<&'a str>,
    explorer: String,
    execution: u64,
    preemptions: usize,
    /// `[preemptions, events]` of the execution that was found first.
    reduced_from: Option<[usize; 2]>,
    caveat: Option<&'a str>,
    replay: &'a str,
    threads: Vec<Thread<'a>>,
    objects: Vec<Object>,
    events: Vec<Event>,
    conflicts: Vec<[usize; 2]>,
}

#[derive(Serialize)]
struct Thread<'a> {
    name: String,
    blocked: Option<&'a str>,
}

#[derive(Serialize)]
struct Object {
    name: String,
    kind: String,
    created: String,
}

#[derive(Serialize)]
struct Event {
    number: usize,
    thread: u32,
    operation: &'static str,
    ordering: Option<String>,
    target: Option<u32>,
    object: Option<u32>,
    value: Option<Shown>,
    written: Option<Shown>,
    location: String,
    latest: Option<Shown>,
}

/// A value as JSON has it.
#[derive(Serialize)]
#[serde(untagged)]
enum Shown {
    Unsigned(u64),
    Signed(i64),
    Bool(bool),
    Text(String),
}

impl From<Value> for Shown {
    fn from(value: Value) -> Self {
        match value {
            Value::Unsigned(n) => Shown::Unsigned(n),
            Value::Signed(n) => Shown::Signed(n),
            Value::Bool(b) => Shown::Bool(b),
            Value::Pointer(_) | Value::Word(_) => Shown::Text(value.to_string()),
        }
    }
}

impl<'a> From<&'a Counterexample> for Failure<'a> {
    fn from(found: &'a Counterexample) -> Self {
        let trace = &found.trace;
        Failure {
            model: &found.model,
            kind: found.kind.to_string(),
            message: &found.message,
            location: found.location.as_deref(),
            explorer: found.explorer.to_string(),
            execution: found.execution,
            preemptions: found.preemptions,
            reduced_from: found.reduced_from.map(|from| [from.preemptions, from.events]),
            caveat: found.caveat.as_deref(),
            replay: &found.replay,
            threads: (0..)
                .zip(&trace.threads)
                .map(|(id, thread)| Thread {
                    name: trace.thread_name(crate::trace::ThreadId(id)),
                    blocked: thread.blocked.as_deref(),
                })
                .collect(),
            objects: (0..)
                .zip(&trace.objects)
                .map(|(id, object)| Object {
                    name: trace.object_name(crate::trace::ObjectId(id)),
                    kind: object.kind.to_string(),
                    created: at(object.created),
                })
                .collect(),
            events: (0..trace.events.len()).map(|place| event(trace, place)).collect(),
            conflicts: found.conflicts.iter().map(|&(first, second)| [first + 1, second + 1]).collect(),
        }
    }
}

fn event(trace: &Trace, place: usize) -> Event {
    let event = &trace.events[place];
    Event {
        number: place + 1,
        thread: event.thread.0,
        operation: event.operation.name(),
        ordering: event.operation.ordering().map(|ordering| format!("{ordering:?}")),
        target: match event.operation {
            Operation::Spawn(thread) | Operation::Join(thread) | Operation::Unpark(thread) => Some(thread.0),
            _ => None,
        },
        object: event.object.map(|object| object.0),
        value: event.value.map(Shown::from),
        written: event.written.map(Shown::from),
        location: at(event.location),
        latest: trace.stale(place).map(Shown::from),
    }
}

/// The path as the compiler has it: programs open files, people read names.
fn at(location: &std::panic::Location<'_>) -> String {
    format!("{}:{}", location.file(), location.line())
}
