//! A history as the search and the monitors take it: intervals as a criterion defines them, in
//! parts by key.

use super::{Criterion, History, Specification};
use std::collections::HashMap;

/// An operation, and when it may take effect: after each operation that ended before its start.
pub struct Entry<'a, S: Specification> {
    /// Its index in the history.
    pub(super) index: usize,
    pub(super) process: usize,
    pub(super) op: &'a S::Op,
    pub(super) start: u64,
    /// `u64::MAX` if it never ends.
    pub(super) end: u64,
    pub(super) outcome: Outcome<'a, S::Ret>,
}

pub(super) enum Outcome<'a, Ret> {
    /// It takes effect and returns this.
    Returned(&'a Ret),
    /// It may take effect. If it does, it returns this, as far as that is known.
    Optional(Option<&'a Ret>),
    /// It takes no effect and is disabled at the end.
    Blocked,
}

impl<Ret> Clone for Outcome<'_, Ret> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<Ret> Copy for Outcome<'_, Ret> {}

impl<S: Specification> Clone for Entry<'_, S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S: Specification> Copy for Entry<'_, S> {}

impl<'a, S: Specification> Entry<'a, S> {
    /// Returns the operation as if it were not known whether and until when it took effect.
    pub(super) fn forgotten(self) -> Self {
        let outcome = match self.outcome {
            Outcome::Returned(ret) => Outcome::Optional(Some(ret)),
            Outcome::Optional(_) => self.outcome,
            Outcome::Blocked => Outcome::Optional(None),
        };
        Entry { end: u64::MAX, outcome, ..self }
    }

    /// Returns whether it is known that it took effect.
    pub(super) fn is_known(&self) -> bool {
        !matches!(self.outcome, Outcome::Optional(_))
    }

    pub(super) fn returned(&self) -> Option<&'a S::Ret> {
        match self.outcome {
            Outcome::Returned(ret) => Some(ret),
            Outcome::Optional(_) | Outcome::Blocked => None,
        }
    }

    /// Returns whether it changes no state in which it can take effect.
    pub(super) fn is_pure(&self) -> bool {
        match self.outcome {
            Outcome::Returned(ret) => S::is_pure(self.op) || S::is_pure_if(self.op, ret),
            Outcome::Optional(_) | Outcome::Blocked => S::is_pure(self.op),
        }
    }
}

/// Returns the indices of the keys in the order of the keys; equal keys keep their order.
///
/// Generic code in a specification sorts with this: a sort is much code, and would be compiled
/// again for each closure.
pub(crate) fn order_of<K: Ord + Copy>(keys: &[K]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..keys.len()).collect();
    order.sort_by_key(|place| keys[*place]);
    order
}

/// Returns the operations in the order of their starts. Pending ones that can make no difference
/// are left out.
pub(super) fn entries<S: Specification>(
    history: &History<S::Op, S::Ret>,
    criterion: Criterion,
) -> Vec<Entry<'_, S>> {
    let mut entries: Vec<Entry<'_, S>> = Vec::with_capacity(history.operations.len());
    for (index, operation) in history.operations.iter().enumerate() {
        let (end, outcome) = match &operation.response {
            Some((end, ret)) => (*end, Outcome::Returned(ret)),
            None if history.stuck => (u64::MAX, Outcome::Blocked),
            None => (u64::MAX, Outcome::Optional(None)),
        };
        let (process, start) = (operation.process, operation.invocation);
        entries.push(Entry { index, process, op: &operation.op, start, end, outcome });
    }
    if !entries.is_sorted_by_key(|entry| entry.start) {
        let starts: Vec<u64> = entries.iter().map(|entry| entry.start).collect();
        entries = order_of(&starts).into_iter().map(|place| entries[place]).collect();
    }
    if criterion == Criterion::QuiescentlyConsistent {
        until_quiescence(&mut entries);
    }
    entries.retain(|entry| entry.is_known() || !entry.is_pure());
    entries
}

/// Widens each interval to the whole time between two quiescent moments, because any order is
/// allowed in there. The result is again an interval order, with the precedence of quiescent
/// consistency.
fn until_quiescence<S: Specification>(entries: &mut [Entry<'_, S>]) {
    let (mut period, mut latest) = (0, 0);
    for entry in entries {
        if entry.start > latest {
            period += 1; // nothing was pending just before
        }
        latest = latest.max(entry.end);
        entry.start = 2 * period;
        if entry.end != u64::MAX {
            entry.end = 2 * period + 1;
        }
    }
}

/// Returns the entries by key, or all of them together if one has no key. Sequential consistency is
/// not compositional: it has one part.
pub(super) fn parts<'a, S: Specification>(
    entries: Vec<Entry<'a, S>>,
    criterion: Criterion,
) -> Vec<Vec<Entry<'a, S>>> {
    if criterion == Criterion::SequentiallyConsistent {
        return vec![entries];
    }
    let Some(keys) = entries.iter().map(|entry| S::key(entry.op)).collect::<Option<Vec<u64>>>()
    else {
        return vec![entries];
    };
    let mut places: HashMap<u64, usize> = HashMap::new();
    let mut parts: Vec<Vec<Entry<'a, S>>> = Vec::new();
    for (entry, key) in entries.into_iter().zip(keys) {
        let place = *places.entry(key).or_insert(parts.len());
        if place == parts.len() {
            parts.push(Vec::new());
        }
        parts[place].push(entry);
    }
    parts
}
