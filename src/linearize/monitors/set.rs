//! Sets, value by value, where each value is inserted at most once and removed at most once.
//!
//! Let a value be inserted at i and removed at r. An operation that saw it has neither ended before
//! i nor started after r. One that did not see it has started by i or ended no earlier than r. So
//! the latest i and the earliest r that the others allow are best. If they cross, the value was
//! there for a moment inside every interval, and no operation is contradicted. It does not apply to
//! histories with pending operations. (For collections in general: Emmi and Enea, "Sound, complete,
//! and tractable linearizability monitoring for concurrent collections", POPL 2018.)

use super::{Judgement, NEVER};
use crate::linearize::Specification;
use crate::linearize::entry::Entry;
use crate::linearize::specifications::SetOp;

pub(in crate::linearize) fn set<S, T>(entries: &[Entry<'_, S>]) -> Option<Judgement>
where
    S: Specification<Op = SetOp<T>, Ret = bool>,
    T: Eq,
{
    let (mut insert, mut remove) = (None, None);
    // of those who saw it there
    let (mut first_end, mut last_start) = ((NEVER, u32::MAX), (0, u32::MAX));
    let mut absent = Vec::new();
    for (number, entry) in entries.iter().enumerate() {
        let (SetOp::Insert(value) | SetOp::Remove(value) | SetOp::Contains(value)) = entry.op;
        let (SetOp::Insert(first) | SetOp::Remove(first) | SetOp::Contains(first)) = entries[0].op;
        if value != first {
            return None;
        }
        let number = number as u32;
        let twice = match (entry.op, entry.returned()?) {
            (SetOp::Insert(_), true) => insert.replace((entry.start, entry.end, number)).is_some(),
            (SetOp::Remove(_), true) => remove.replace((entry.start, entry.end, number)).is_some(),
            (SetOp::Contains(_), true) | (SetOp::Insert(_), false) => {
                first_end = first_end.min((entry.end, number));
                last_start = last_start.max((entry.start, number));
                false
            }
            (SetOp::Contains(_) | SetOp::Remove(_), false) => {
                absent.push((entry.start, entry.end, number));
                false
            }
        };
        if twice {
            return None;
        }
    }
    let fails = |mut entries: Vec<u32>| {
        entries.retain(|entry| *entry != u32::MAX);
        Some(Judgement::Fails(entries))
    };
    let Some(insert) = insert else {
        let seen = remove.map_or(u32::MAX, |remove| remove.2);
        return if seen == u32::MAX && last_start.1 == u32::MAX {
            Some(Judgement::Holds)
        } else {
            fails(vec![seen, last_start.1])
        };
    };
    let remove = remove.unwrap_or((NEVER, NEVER, u32::MAX));
    let (come, leave) = (insert.1.min(first_end.0), remove.0.max(last_start.0));
    if come < insert.0 || leave > remove.1 || insert.0 > remove.1 {
        return fails(vec![insert.2, remove.2, first_end.1, last_start.1]);
    }
    let contradicted = |one: &&(u64, u64, u32)| come <= leave && one.0 > come && one.1 < leave;
    match absent.iter().find(contradicted) {
        Some(one) => fails(vec![insert.2, remove.2, one.2]),
        None => Some(Judgement::Holds),
    }
}
