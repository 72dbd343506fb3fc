//! The report for programs: one JSON document with stable names.
//!
//! * `version`: of this format: 1. Fields may be added; none changes its meaning without a new
//!   number
//! * `summary.checks`, `.expected`, `.unexpected`, `.unknown`: how many; `checks` is the sum of the
//!   other three
//! * `checks[]`: the lines of the table: `system`, `model`, `explorer`, `executions`, `coverage`,
//!   `verdict`, `expected`, `note`, `counterexample`
//! * `….counterexample`: null, or `model`, `kind`, `message`, `location`, `explorer`, `execution`,
//!   `preemptions`, `reduced_from` (null, or preemptions and events before), `caveat` (null, or
//!   what to know before believing it), `replay`, and the four below
//! * `….threads[]`: `name`, `blocked` (what it waits for, or null); the place in the list is the
//!   thread's number
//! * `….objects[]`: `name`, `kind`, `created`; the place in the list is the object's number
//! * `….events[]`: `number` (from 1, as drawn), `thread`, `operation`, `ordering`, `target` (the
//!   thread of spawn, join, unpark), `object`, `value`, `written`, `location`, `latest` (for a
//!   stale load: the value it did not see)
//! * `….conflicts[]`: pairs of event numbers
//!
//! Numbers and booleans that an operation read or wrote are JSON numbers and booleans (64-bit:
//! parse them as such). Pointers and outcomes are strings. A value that cannot be shown is null.

use super::finding::Finding;
use super::table::{Row, is_unknown};
use crate::trace::{Operation, Trace, Value};
use crate::verdict::Counterexample;
use serde::{Deserialize, Serialize};

/// Returns the document, indented, with a trailing newline.
#[must_use]
pub fn document(checks: &[(&Row, Option<&Finding>)]) -> String {
    let expected = checks.iter().filter(|(row, _)| row.expected).count();
    let unknown = checks.iter().filter(|(row, _)| is_unknown(row)).count();
    let document = Document {
        version: 1,
        summary: Summary {
            checks: checks.len(),
            expected,
            unexpected: checks.len() - expected - unknown,
            unknown,
        },
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
    counterexample: Option<&'a Failure>,
}

impl<'a> Check<'a> {
    fn new(row: &'a Row, found: Option<&'a Finding>) -> Self {
        Check {
            system: &row.system,
            model: &row.model,
            explorer: &row.explorer,
            executions: row.executions,
            coverage: &row.coverage,
            verdict: &row.verdict,
            expected: row.expected,
            note: &row.note,
            counterexample: found.map(|found| &found.fields),
        }
    }
}

/// The serialised fields of a counterexample.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Failure {
    model: String,
    kind: String,
    message: String,
    location: Option<String>,
    explorer: String,
    execution: u64,
    preemptions: usize,
    /// `[preemptions, events]` of the execution that was found first.
    reduced_from: Option<[usize; 2]>,
    caveat: Option<String>,
    replay: String,
    threads: Vec<Thread>,
    objects: Vec<Object>,
    events: Vec<Event>,
    conflicts: Vec<[usize; 2]>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Thread {
    name: String,
    blocked: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Object {
    name: String,
    kind: String,
    created: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Event {
    number: usize,
    thread: u32,
    operation: String,
    ordering: Option<String>,
    target: Option<u32>,
    object: Option<u32>,
    value: Option<Shown>,
    written: Option<Shown>,
    location: String,
    latest: Option<Shown>,
}

/// A value in JSON.
#[derive(Clone, Debug, Serialize, Deserialize)]
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
            Value::Pointer(_) | Value::Outcome(_) => Shown::Text(value.to_string()),
        }
    }
}

impl From<&Counterexample> for Failure {
    fn from(found: &Counterexample) -> Self {
        let trace = &found.trace;
        Failure {
            model: found.model.clone(),
            kind: found.kind.to_string(),
            message: found.message.clone(),
            location: found.location.clone(),
            explorer: found.explorer.to_string(),
            execution: found.execution,
            preemptions: found.preemptions,
            reduced_from: found.reduced_from.map(|from| [from.preemptions, from.events]),
            caveat: found.caveat.clone(),
            replay: found.replay.clone(),
            threads: (0..)
                .zip(&trace.threads)
                .map(|(id, thread)| Thread {
                    name: trace.thread_name(crate::trace::ThreadId(id)),
                    blocked: thread.blocked.as_ref().map(|blocked| trace.waiting(blocked)),
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
            conflicts: found
                .conflicts
                .iter()
                .map(|&(first, second)| [first + 1, second + 1])
                .collect(),
        }
    }
}

fn event(trace: &Trace, place: usize) -> Event {
    let event = &trace.events[place];
    Event {
        number: place + 1,
        thread: event.thread.0,
        operation: event.operation.name().to_string(),
        ordering: event.operation.ordering().map(|ordering| format!("{ordering:?}")),
        target: match event.operation {
            Operation::Spawn(thread) | Operation::Join(thread) | Operation::Unpark(thread) => {
                Some(thread.0)
            }
            _ => None,
        },
        object: event.object.map(|object| object.0),
        value: event.value.map(Shown::from),
        written: event.written.map(Shown::from),
        location: at(event.location),
        latest: trace.stale(place).map(Shown::from),
    }
}

/// Formats the path as the compiler has it: programs open files, people read names.
fn at(location: &std::panic::Location<'_>) -> String {
    format!("{}:{}", location.file(), location.line())
}
