//! Registers in which each value is written once: zones (Gibbons and Korach, "Testing shared
//! memories", SIAM J. Comput. 1997).
//!
//! A value's zone lies between the first end and the last start of its write and its reads. If the
//! end comes first, the register certainly holds the value all the time in between (a forward
//! zone). Otherwise it may have held the value for only a moment (a backward zone). Forward zones
//! must not overlap, and no backward zone may lie inside a forward one. The initial value was
//! written before everything.

use super::Judgement;
use crate::linearize::Specification;
use crate::linearize::entry::Entry;
use crate::linearize::specifications::{RegisterOp, RegisterRet};
use rustc_hash::FxHashMap;
use std::hash::Hash;

const ALWAYS: i128 = -1;
const NEVER: i128 = i128::MAX;

/// A value's zone, and which entries make it.
struct Zone {
    written: Option<i128>,
    first_end: (i128, u32),
    last_start: (i128, u32),
    first_read: i128,
}

impl Zone {
    fn is_forward(&self) -> bool {
        self.first_end.0 < self.last_start.0
    }

    fn entries(&self) -> Vec<u32> {
        let mut entries: Vec<u32> =
            [self.first_end.1, self.last_start.1].into_iter().filter(|e| *e != u32::MAX).collect();
        entries.dedup();
        entries
    }
}

pub(in crate::linearize) fn register<'a, S, T>(
    initial: &'a T,
    entries: &[Entry<'a, S>],
) -> Option<Judgement>
where
    S: Specification<Op = RegisterOp<T>, Ret = RegisterRet<T>>,
    T: Eq + Hash,
{
    let mut places: FxHashMap<&T, usize> = FxHashMap::default();
    let before = (ALWAYS, u32::MAX);
    let mut zones = vec![Zone {
        written: Some(ALWAYS),
        first_end: before,
        last_start: before,
        first_read: ALWAYS,
    }];
    places.insert(initial, 0);
    for (number, entry) in entries.iter().enumerate() {
        let value = match (entry.op, entry.returned()) {
            // that is for the search
            (RegisterOp::Write(_), Some(RegisterRet::Value(_))) => return None,
            (RegisterOp::Write(value), _) | (RegisterOp::Read, Some(RegisterRet::Value(value))) => {
                value
            }
            (RegisterOp::Read, None) => continue,
            (RegisterOp::Read, Some(RegisterRet::Written)) => return None,
        };
        let place = *places.entry(value).or_insert(zones.len());
        if place == zones.len() {
            let (first_end, last_start) = ((NEVER, u32::MAX), (ALWAYS, u32::MAX));
            zones.push(Zone { written: None, first_end, last_start, first_read: NEVER });
        }
        let zone = &mut zones[place];
        let start = i128::from(entry.start);
        let end = if entry.is_known() { i128::from(entry.end) } else { NEVER };
        if let RegisterOp::Write(_) = entry.op {
            if zone.written.replace(start).is_some() {
                return None; // twice
            }
        } else {
            zone.first_read = zone.first_read.min(end);
        }
        zone.first_end = zone.first_end.min((end, number as u32));
        zone.last_start = zone.last_start.max((start, number as u32));
    }
    if let Some(zone) =
        zones.iter().find(|zone| zone.written.is_none_or(|start| zone.first_read < start))
    {
        // read before it was written, or never written
        return Some(Judgement::Fails(zone.entries()));
    }
    // else only a pending write, which nobody has seen
    zones.retain(|zone| zone.first_end.0 != NEVER);
    let (mut forward, backward): (Vec<Zone>, Vec<Zone>) =
        zones.into_iter().partition(Zone::is_forward);
    forward.sort_unstable_by_key(|zone| zone.first_end.0);
    let both = |one: &Zone, other: &Zone| {
        Some(Judgement::Fails([one.entries(), other.entries()].concat()))
    };
    if let Some(pair) = forward.windows(2).find(|pair| pair[1].first_end.0 < pair[0].last_start.0) {
        return both(&pair[0], &pair[1]);
    }
    for zone in &backward {
        // It goes from its last start to its first end.
        let place = forward.partition_point(|other| other.first_end.0 < zone.last_start.0);
        if let Some(around) = place.checked_sub(1).map(|place| &forward[place])
            && zone.first_end.0 < around.last_start.0
        {
            return both(around, zone);
        }
    }
    Some(Judgement::Holds)
}
