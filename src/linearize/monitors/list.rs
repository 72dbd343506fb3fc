//! Lists to which each value is appended once: the longest read is the order.
//!
//! Every read must be a prefix of it. That gives each read and each append that was seen its place;
//! those with the same place may have any order. No operation may end before one of an earlier
//! place has started. (Kingsbury and Alvaro, "Elle", VLDB 2020, take the order of a list's versions
//! from its reads in the same way.)

use super::{Judgement, NEVER};
use crate::linearize::Specification;
use crate::linearize::entry::Entry;
use crate::linearize::specifications::{ListOp, ListRet};
use rustc_hash::{FxHashMap, FxHashSet};
use std::hash::Hash;

pub(in crate::linearize) fn list<'a, S, T>(entries: &[Entry<'a, S>]) -> Option<Judgement>
where
    S: Specification<Op = ListOp<T>, Ret = ListRet<T>>,
    T: Eq + Hash + 'a,
{
    let mut appended: FxHashSet<&T> = FxHashSet::default();
    let (mut longest, mut longest_by): (&[T], u32) = (&[], u32::MAX);
    for (number, entry) in entries.iter().enumerate() {
        match (entry.op, entry.returned()) {
            (ListOp::Append(value), _) if !appended.insert(value) => return None, // twice
            (ListOp::Read, Some(ListRet::Values(values))) if values.len() > longest.len() => {
                (longest, longest_by) = (values, number as u32);
            }
            (ListOp::Append(_), Some(ListRet::Values(_)))
            | (ListOp::Read, Some(ListRet::Appended)) => return None,
            _ => {}
        }
    }
    let mut places: FxHashMap<&T, usize> = FxHashMap::default();
    for (place, value) in longest.iter().enumerate() {
        if !appended.contains(value) || places.insert(value, place + 1).is_some() {
            return Some(Judgement::Fails(vec![longest_by])); // never appended, or there twice
        }
    }
    // Append i is at 2i, a read of so many values after it; appends that nobody has seen come last.
    let groups = 2 * longest.len() + 3;
    let (mut first_end, mut last_start) =
        (vec![(NEVER, u32::MAX); groups], vec![(0, u32::MAX); groups]);
    for (number, entry) in entries.iter().enumerate() {
        let group = match (entry.op, entry.returned()) {
            (ListOp::Append(value), returned) => match places.get(value) {
                Some(place) => 2 * place,
                None if returned.is_none() => continue,
                None => groups - 1,
            },
            (ListOp::Read, Some(ListRet::Values(values))) => {
                if values[..] != longest[..values.len()] {
                    return Some(Judgement::Fails(vec![number as u32, longest_by]));
                }
                2 * values.len() + 1
            }
            (ListOp::Read, _) => continue,
        };
        first_end[group] = first_end[group].min((entry.end, number as u32));
        last_start[group] = last_start[group].max((entry.start, number as u32));
    }
    let mut latest = (0, u32::MAX);
    for group in 0..groups {
        if first_end[group].0 < latest.0 {
            return Some(Judgement::Fails(vec![latest.1, first_end[group].1]));
        }
        latest = latest.max(last_start[group]);
    }
    Some(Judgement::Holds)
}
