//! Finds the conflicting events of a trace: the ones to look at first.

use crate::trace::{Event, Trace};

/// Returns pairs of events, the second of which undoes the first. The second stores a value
/// computed from a load, over another thread's write that came in between. This is how a lost
/// update looks.
pub(crate) fn conflicts(trace: &Trace) -> Vec<(usize, usize)> {
    let events = &trace.events;
    (0..events.len()).filter_map(|at| overwritten(events, at).map(|lost| (lost, at))).collect()
}

/// Returns the write of another thread that the plain write at `at` overwrites unseen.
fn overwritten(events: &[Event], at: usize) -> Option<usize> {
    let store = &events[at];
    if !store.operation.writes() || store.operation.reads() {
        return None;
    }
    let same = |e: &Event| e.object.is_some() && e.object == store.object;
    // what this thread saw of the object last
    let seen = events[..at].iter().rposition(|e| same(e) && e.thread == store.thread)?;
    if !events[seen].operation.reads() {
        return None;
    }
    (seen + 1..at).rev().find(|i| same(&events[*i]) && events[*i].operation.writes())
}
