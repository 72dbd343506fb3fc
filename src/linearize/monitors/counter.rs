//! Counters: the increments are ordered by their deadlines.
//!
//! The k-th increment must take effect after each read of less than k has started, and before a
//! read of k or more has ended. Both bounds grow with k, so the available increments are taken by
//! earliest deadline. This is an exact matching (Jackson's rule for unit jobs). A pending increment
//! has no deadline, and is taken only if there is no other.

use super::{Judgement, NEVER};
use crate::linearize::Specification;
use crate::linearize::entry::Entry;
use crate::linearize::specifications::{CounterOp, CounterRet, FetchAddOp};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

pub(in crate::linearize) fn counter<S>(initial: u64, entries: &[Entry<'_, S>]) -> Option<Judgement>
where
    S: Specification<Op = CounterOp, Ret = CounterRet>,
{
    let (mut increments, mut optional, mut reads) = (Vec::new(), Vec::new(), Vec::new());
    for (number, entry) in entries.iter().enumerate() {
        match (entry.op, entry.returned()) {
            (CounterOp::Increment, Some(CounterRet::Incremented)) => {
                increments.push((entry.start, entry.end))
            }
            (CounterOp::Increment, None) => optional.push(entry.start),
            (CounterOp::Read, Some(CounterRet::Value(value))) => match value.checked_sub(initial) {
                Some(value) => reads.push((value, entry.start, entry.end, number as u32)),
                None => return Some(Judgement::Fails(vec![number as u32])),
            },
            (CounterOp::Read, None) => {}
            // it returned what it does not return
            _ => return Some(Judgement::Fails(vec![number as u32])),
        }
    }
    reads.sort_unstable();
    increments.sort_unstable();
    optional.sort_unstable();
    let most = reads.last().map_or(0, |read| read.0);
    if most > (increments.len() + optional.len()) as u64 {
        return Some(Judgement::Fails(vec![reads[reads.len() - 1].3]));
    }
    // Of the reads from here on, the one that ends first.
    let mut first = vec![(NEVER, u32::MAX); reads.len() + 1];
    for place in (0..reads.len()).rev() {
        first[place] = first[place + 1].min((reads[place].2, reads[place].3));
    }
    let mut deadlines = BinaryHeap::new();
    let (mut read, mut begun, mut pending) = (0, 0, 0);
    let mut after = (0, u32::MAX);
    let (mut placed, mut number) = (0, 0);
    while placed < increments.len() || number < most {
        number += 1;
        while reads.get(read).is_some_and(|one| one.0 < number) {
            after = after.max((reads[read].1, reads[read].3));
            read += 1;
        }
        let until = first[read];
        let fails = || {
            let mut pair = vec![after.1, until.1];
            pair.retain(|entry| *entry != u32::MAX);
            Some(Judgement::Fails(pair))
        };
        if after.0 > until.0 {
            return fails();
        }
        while increments.get(begun).is_some_and(|one| one.0 <= until.0) {
            deadlines.push(Reverse(increments[begun].1));
            begun += 1;
        }
        if let Some(Reverse(deadline)) = deadlines.pop() {
            if deadline < after.0 {
                return fails();
            }
            placed += 1;
        } else if optional.get(pending).is_some_and(|start| *start <= until.0) {
            pending += 1;
        } else {
            return fails();
        }
    }
    Some(Judgement::Holds)
}

/// Additions of one: what they return is their order. Not with pending ones.
pub(in crate::linearize) fn fetch_add<S>(
    initial: i64,
    entries: &[Entry<'_, S>],
) -> Option<Judgement>
where
    S: Specification<Op = FetchAddOp, Ret = i64>,
{
    let mut order = Vec::with_capacity(entries.len());
    for (number, entry) in entries.iter().enumerate() {
        match (entry.op, entry.returned()) {
            (FetchAddOp(1), Some(before)) => {
                order.push((before.wrapping_sub(initial), number as u32))
            }
            _ => return None,
        }
    }
    order.sort_unstable();
    let mut latest: Option<(u64, u32)> = None;
    for (place, (before, number)) in order.iter().enumerate() {
        if *before != place as i64 {
            return Some(Judgement::Fails(vec![*number]));
        }
        let entry = &entries[*number as usize];
        if let Some((start, other)) = latest
            && entry.end < start
        {
            return Some(Judgement::Fails(vec![other, *number]));
        }
        latest = latest.max(Some((entry.start, *number)));
    }
    Some(Judgement::Holds)
}
