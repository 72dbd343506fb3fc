//! Queues: no value may overtake another.
//!
//! A history with distinct values fails if and only if one of these holds: a value is dequeued
//! twice, or before it is enqueued; a dequeue finds nothing while there always is something; or x
//! is enqueued before y, but y is dequeued before x, if x is dequeued at all (Henzinger, Sezgin and
//! Vafeiadis, "Aspect-oriented linearizability proofs", CONCUR 2013; in O(n log n) as in Lee and
//! Mathur, "Efficient Decrease-and-Conquer Linearizability Monitoring", OOPSLA 2025).

use super::collection::{Collection, Way};
use super::{Judgement, NEVER};

pub(in crate::linearize) fn queue<T>(mut collection: Collection<'_, T>) -> Option<Judgement> {
    if !collection.pending.is_empty() && !collection.empties.is_empty() {
        return None;
    }
    if let Some(empty) = collection.wrong_empty() {
        return Some(Judgement::Fails(vec![empty]));
    }
    let ways = &mut collection.ways;
    ways.sort_unstable_by_key(|way| way.insert.0);
    // Of the values that are put in from here on, the one that is taken out first.
    let mut first: Vec<(u64, usize)> = vec![(NEVER, 0); ways.len() + 1];
    for place in (0..ways.len()).rev() {
        first[place] = first[place + 1].min((ways[place].remove.1, place));
    }
    let mut needed: Vec<(u64, usize)> = Vec::new();
    for (place, way) in ways.iter().enumerate() {
        let after = ways.partition_point(|other| other.insert.0 <= way.insert.1);
        let (deadline, other) = first[after];
        if deadline < way.remove.0 {
            if way.is_removed() || collection.pending.is_empty() {
                return Some(overtaken(way, &ways[other]));
            }
            needed.push((deadline, place));
        }
    }
    needed.sort_unstable();
    collection.pending.sort_unstable();
    for (number, (deadline, place)) in needed.iter().enumerate() {
        if collection.pending.get(number).is_none_or(|start| start > deadline) {
            let way = &ways[*place];
            let after = ways.partition_point(|other| other.insert.0 <= way.insert.1);
            return Some(overtaken(way, &ways[first[after].1]));
        }
    }
    Some(Judgement::Holds)
}

fn overtaken<T>(way: &Way<'_, T>, by: &Way<'_, T>) -> Judgement {
    Judgement::Fails([way.entries(), by.entries()].concat())
}
