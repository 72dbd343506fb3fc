//! A counterexample as the fields of a JSON document: plain data. `json` explains them.

use super::stale;
use crate::trace::{Operation, Value};
use crate::verdict::Counterexample;
use serde::{Deserialize, Serialize};

/// The serialised fields of a counterexample.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Fields {
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
    #[serde(skip_serializing_if = "Option::is_none", default)]
    reason: Option<String>,
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
            Value::Pointer(_) | Value::Time(_) | Value::Outcome(_) => {
                Shown::Text(value.to_string())
            }
        }
    }
}

impl From<&Counterexample> for Fields {
    fn from(found: &Counterexample) -> Self {
        let trace = &found.trace;
        Fields {
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
            events: (0..trace.events.len()).map(|place| event(found, place)).collect(),
            conflicts: found
                .conflicts
                .iter()
                .map(|&(first, second)| [first + 1, second + 1])
                .collect(),
        }
    }
}

/// The sentence below an event.
fn reason(found: &Counterexample, place: usize) -> Option<String> {
    let trace = &found.trace;
    let stale = trace.stale_reads.iter().find(|read| read.read == place);
    let stale = stale.map(|read| format!("{}; {}", stale::what(read), stale::why(trace, read)));
    let race = found.conflicts.iter().find(|(_, second)| *second == place);
    stale.or_else(|| stale::of_race(trace, race?.0))
}

fn event(found: &Counterexample, place: usize) -> Event {
    let trace = &found.trace;
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
        reason: reason(found, place),
    }
}

/// Formats the path as the compiler has it: programs open files, people read names.
fn at(location: &std::panic::Location<'_>) -> String {
    format!("{}:{}", location.file(), location.line())
}
