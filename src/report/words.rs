//! Describes events, threads and source lines.

use super::text::{SourceNames, clean, shorten};
use crate::trace::{Event, ObjectKind, Operation, ThreadId, Trace, Value};
use std::panic::Location;

/// The longest name that is drawn whole.
pub(super) const LONGEST_NAME: usize = 24;
/// The length to which names are cut where there is no room.
pub(super) const SHORTEST_NAME: usize = 10;
/// The longest value that is drawn whole.
const LONGEST_VALUE: usize = 14;

/// Returns `balance.load -> 0`, `balance.store(Relaxed) <- 1`, `count.fetch_add 0 -> 1`,
/// `spawn teller 1`.
///
/// `SeqCst` is omitted: it is the default assumption.
pub(super) fn describe(trace: &Trace, event: &Event, longest_name: usize) -> String {
    let mut text = String::new();
    if let Some(object) = event.object {
        text += &shorten(&clean(&trace.object_name(object)), longest_name);
        text.push('.');
    }
    text += event.operation.name();
    match event.operation {
        Operation::Spawn(thread) | Operation::Join(thread) | Operation::Unpark(thread) => {
            text += &format!(" {}", name_of(trace, thread));
        }
        operation => match operation.ordering() {
            Some(ordering)
                if !is_inside(trace, event)
                    && (ordering != std::sync::atomic::Ordering::SeqCst
                        || event.object.is_none()) =>
            {
                text += &format!("({ordering:?})");
            }
            _ => {}
        },
    }
    let drawn = |value: Value| shorten(&clean(&value.to_string()), LONGEST_VALUE);
    match (event.operation, event.value, event.written) {
        _ if is_inside(trace, event) => {}
        (Operation::Rmw(..), Some(old), Some(new)) => {
            text += &format!(" {} -> {}", drawn(old), drawn(new))
        }
        (Operation::Store(_) | Operation::Write, Some(value), _) => {
            text += &format!(" <- {}", drawn(value))
        }
        (Operation::NotifyOne | Operation::NotifyAll, Some(Value::Unsigned(0)), _) => {
            text += " (wakes nobody)"
        }
        (Operation::NotifyOne | Operation::NotifyAll, Some(value), _) => {
            text += &format!(" (wakes {})", drawn(value))
        }
        (_, Some(value), Some(why @ Value::Outcome(_))) => {
            text += &format!(" -> {} ({})", drawn(value), drawn(why))
        }
        (_, Some(value @ Value::Time(_)), _) => text += &format!(" {}", drawn(value)),
        (_, Some(value @ Value::Outcome(_)), _) => text += &format!(" ({})", drawn(value)),
        (_, Some(value), _) => text += &format!(" -> {}", drawn(value)),
        _ => {}
    }
    text
}

/// Whether the object is an atomic inside of another type: its values and orderings say nothing.
fn is_inside(trace: &Trace, event: &Event) -> bool {
    let object = event.object.and_then(|object| trace.objects.get(object.index()));
    object.is_some_and(|it| matches!(it.kind, ObjectKind::Task | ObjectKind::AtomicWaker))
}

pub(super) fn name_of(trace: &Trace, thread: ThreadId) -> String {
    shorten(&clean(&trace.thread_name(thread)), LONGEST_NAME)
}

pub(super) fn sources(trace: &Trace) -> SourceNames<'_> {
    let events = trace.events.iter().map(|event| event.location.file());
    SourceNames::new(events.chain(trace.objects.iter().map(|object| object.created.file())))
}

/// Returns `account.rs:41`; nothing where the operation is in std, such as the release of a dropped
/// guard, because a line in std does not help.
pub(super) fn source(names: &SourceNames<'_>, location: &Location<'_>) -> String {
    let file = location.file();
    if file.starts_with("/rustc/") || file.contains("/rustlib/src/rust/library/") {
        return String::new();
    }
    format!("{}:{}", shorten(&names.name(file), 2 * LONGEST_NAME), location.line())
}
