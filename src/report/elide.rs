//! Elides long traces: which of their events a person needs to see.

use crate::trace::Trace;
use crate::verdict::Counterexample;
use std::collections::BTreeSet;

/// Traces of up to this many events are drawn whole.
const WHOLE: usize = 48;
/// How many events are drawn at the start: which threads were spawned, in which order.
const FIRST: usize = 6;
/// How many events are drawn at the end: the path to the failure.
const LAST: usize = 12;
/// A gap shorter than this takes as much room as the events it hides.
const SHORTEST_GAP: usize = 3;

/// Returns the places of the events to draw, in order.
///
/// Some are always drawn: the conflicting pairs and their neighbours, the last events of the
/// execution, the last event of each thread, and `needed`, to which remarks refer.
pub(super) fn kept(found: &Counterexample, needed: impl IntoIterator<Item = usize>) -> Vec<usize> {
    let length = found.trace.events.len();
    if length <= WHOLE {
        return (0..length).collect();
    }
    let mut kept: BTreeSet<usize> = (0..FIRST).chain(length - LAST..length).collect();
    kept.extend(needed);
    kept.extend(last_of_each_thread(&found.trace));
    for &(first, second) in &found.conflicts {
        for place in [first, second] {
            kept.extend(place.saturating_sub(1)..=place + 1);
        }
    }
    let kept: Vec<usize> = kept.range(..length).copied().collect();
    let mut filled = Vec::with_capacity(kept.len());
    let mut next = 0;
    for place in kept {
        if place - next < SHORTEST_GAP {
            filled.extend(next..place);
        }
        filled.push(place);
        next = place + 1;
    }
    filled
}

fn last_of_each_thread(trace: &Trace) -> impl Iterator<Item = usize> {
    (0..trace.threads.len())
        .filter_map(|t| trace.events.iter().rposition(|event| event.thread.index() == t))
}
