//! Why a history fails: how far it goes, and the fewest operations that fail already.
//!
//! An operation is left out of those by forgetting what it returned, and when: then it may have taken effect at any time
//! after its call, or not at all. (To leave it out altogether would explain a wrong dequeue by the missing enqueue.) Less
//! known makes less fail, so what remains when nothing more can be forgotten is a smallest set; the operations that would
//! be needed to explain all of it but one are shown with it.

use super::entry::{Entry, Outcome};
use super::part::linearize;
use super::search::{Branching, Found};
use super::{Criterion, Explanation, Method, Specification};

/// Configurations for each question whether fewer operations fail, and for all of them.
const EACH: u64 = 512;
const ALL: u64 = 8_192;

pub(super) fn explain<S: Specification>(
    initial: &S,
    entries: &[Entry<'_, S>],
    criterion: Criterion,
    prefix: &[u32],
    stuck: &[u32],
) -> Explanation {
    let index = |number: &u32| entries[*number as usize].index;
    Explanation {
        prefix: prefix.iter().map(index).collect(),
        stuck: stuck.iter().map(index).collect(),
        smallest: Forgetting { initial, criterion, left: ALL }.smallest(entries.to_vec()),
        by: Method::Search,
    }
}

struct Forgetting<'i, S> {
    initial: &'i S,
    criterion: Criterion,
    left: u64,
}

impl<S: Specification> Forgetting<'_, S> {
    fn smallest(&mut self, entries: Vec<Entry<'_, S>>) -> Vec<usize> {
        let mut entries = if self.criterion == Criterion::SequentiallyConsistent { entries } else { self.cut(entries) };
        let mut size = entries.len().next_power_of_two();
        while size > 0 {
            for from in (0..entries.len()).step_by(size) {
                let to = entries.len().min(from + size);
                if entries[from..to].iter().any(Entry::is_known) {
                    let mut fewer = entries.clone();
                    fewer[from..to].iter_mut().for_each(|entry| *entry = entry.forgotten());
                    if self.fails(&fewer) {
                        entries = fewer;
                    }
                }
            }
            size /= 2;
        }
        let mut shown: Vec<bool> = entries.iter().map(Entry::is_known).collect();
        for number in (0..entries.len()).filter(|number| entries[*number].is_known()) {
            let mut fewer = entries.clone();
            fewer[number] = fewer[number].forgotten();
            if let Some(order) = self.order(&fewer) {
                order.into_iter().for_each(|one| shown[one as usize] = true);
            }
        }
        let shown = entries.iter().zip(shown).filter(|(_, shown)| *shown);
        shown.map(|(entry, _)| entry.index).collect()
    }

    /// The shortest part of the history, from its beginning on, that fails: what is called later has no part in it.
    fn cut<'a>(&mut self, entries: Vec<Entry<'a, S>>) -> Vec<Entry<'a, S>> {
        if entries.iter().any(|entry| matches!(entry.outcome, Outcome::Blocked)) {
            return entries; // it is about the end
        }
        let until = |moment: u64| -> Vec<Entry<'a, S>> {
            let called = entries.iter().filter(|entry| entry.start <= moment);
            called.map(|entry| if entry.end <= moment { *entry } else { entry.forgotten() }).collect()
        };
        let mut ends: Vec<u64> =
            entries.iter().filter(|entry| entry.returned().is_some()).map(|entry| entry.end).collect();
        ends.sort_unstable();
        let fails = ends.partition_point(|end| !self.fails(&until(*end)));
        ends.get(fails).map_or_else(|| entries.clone(), |end| until(*end))
    }

    fn fails(&mut self, entries: &[Entry<'_, S>]) -> bool {
        matches!(self.find(entries), Found::Nothing { .. })
    }

    fn order(&mut self, entries: &[Entry<'_, S>]) -> Option<Vec<u32>> {
        match self.find(entries) {
            Found::Order(order) => Some(order),
            Found::Nothing { .. } | Found::OutOfBudget => None,
        }
    }

    fn find(&mut self, entries: &[Entry<'_, S>]) -> Found {
        let limit = EACH.min(self.left);
        let (found, used) = linearize(self.initial, entries, self.criterion, Branching::Frontier, limit);
        self.left -= used;
        found
    }
}
