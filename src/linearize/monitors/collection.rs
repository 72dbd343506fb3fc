//! Histories of collections in which each value is inserted once: when each was inserted and
//! removed.

use super::{Judgement, NEVER};
use crate::linearize::Specification;
use crate::linearize::entry::Entry;
use rustc_hash::FxHashMap;
use std::hash::Hash;

/// What an operation does to a collection.
pub(in crate::linearize) enum Does<'a, T> {
    Insert(&'a T),
    /// Takes this out; or finds nothing.
    Remove(Option<&'a T>),
    /// Would take something out, and has not returned.
    PendingRemove,
}

/// A value's way: when its insertion and its removal started and ended. `NEVER` where there is
/// none.
pub(super) struct Way<'a, T> {
    pub(super) value: &'a T,
    pub(super) insert: (u64, u64),
    pub(super) remove: (u64, u64),
    /// The entries.
    pub(super) by: [u32; 2],
}

impl<T> Way<'_, T> {
    pub(super) fn is_removed(&self) -> bool {
        self.remove.0 != NEVER
    }

    /// The entries that there are.
    pub(super) fn entries(&self) -> Vec<u32> {
        self.by.into_iter().filter(|entry| *entry != u32::MAX).collect()
    }
}

pub(in crate::linearize) struct Collection<'a, T> {
    pub(super) ways: Vec<Way<'a, T>>,
    /// The removals that found nothing.
    pub(super) empties: Vec<(u64, u64, u32)>,
    /// When those that have not returned started.
    pub(super) pending: Vec<u64>,
}

/// The ways of all values; or at once what is wrong with them, or `Err(None)`: a value is put in
/// twice, or something returned what it never does.
pub(in crate::linearize) fn collect<'a, S: Specification, T: Eq + Hash>(
    entries: &[Entry<'a, S>],
    does: impl Fn(&Entry<'a, S>) -> Option<Does<'a, T>>,
) -> Result<Collection<'a, T>, Option<Judgement>> {
    let mut places: FxHashMap<&T, u32> = FxHashMap::default();
    places.reserve(entries.len() / 2);
    let mut ways: Vec<Way<'a, T>> = Vec::with_capacity(entries.len() / 2);
    let (mut empties, mut pending) = (Vec::new(), Vec::new());
    let mut twice = None;
    for (number, entry) in entries.iter().enumerate() {
        let (value, side) = match does(entry).ok_or(None)? {
            Does::Insert(value) => (value, 0),
            Does::Remove(Some(value)) => (value, 1),
            Does::Remove(None) => {
                empties.push((entry.start, entry.end, number as u32));
                continue;
            }
            Does::PendingRemove => {
                pending.push(entry.start);
                continue;
            }
        };
        let place = *places.entry(value).or_insert_with(|| {
            let never = (NEVER, NEVER);
            ways.push(Way { value, insert: never, remove: never, by: [u32::MAX; 2] });
            ways.len() as u32 - 1
        });
        let way = &mut ways[place as usize];
        if way.by[side] != u32::MAX {
            if side == 0 {
                return Err(None);
            }
            twice = Some(vec![way.by[1], number as u32]);
            continue;
        }
        way.by[side] = number as u32;
        *if side == 0 { &mut way.insert } else { &mut way.remove } = (entry.start, entry.end);
    }
    if let Some(twice) = twice {
        return Err(Some(Judgement::Fails(twice)));
    }
    // Taken out and never put in, or before that.
    if let Some(way) = ways.iter().find(|way| way.remove.1 < way.insert.0) {
        return Err(Some(Judgement::Fails(way.entries())));
    }
    // an insertion that nobody has seen
    ways.retain(|way| way.insert.1 != NEVER || way.is_removed());
    Ok(Collection { ways, empties, pending })
}

impl<T> Collection<'_, T> {
    /// A removal that found nothing, although at every moment of it some value was certainly in.
    pub(super) fn wrong_empty(&self) -> Option<u32> {
        if self.empties.is_empty() {
            return None;
        }
        let certain = self.ways.iter().filter(|way| way.insert.1 < way.remove.0);
        let mut full: Vec<(u64, u64)> = certain.map(|way| (way.insert.1, way.remove.0)).collect();
        full.sort_unstable();
        let mut joined: Vec<(u64, u64)> = Vec::new();
        for (from, to) in full {
            match joined.last_mut() {
                Some(last) if from < last.1 => last.1 = last.1.max(to),
                _ => joined.push((from, to)),
            }
        }
        let wrong = self.empties.iter().find(|(start, end, _)| {
            let before = joined.partition_point(|(from, _)| from < start);
            let full_until = before.checked_sub(1).map_or(0, |last| joined[last].1);
            full_until.max(*start) > *end
        });
        wrong.map(|(_, _, entry)| *entry)
    }
}
