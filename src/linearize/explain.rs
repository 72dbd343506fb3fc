//! Explains why a history fails: how far it goes, and the fewest operations that already fail.
//!
//! To leave an operation out of that set, its response is forgotten. Then it may have taken effect,
//! with the same answer, at any time after its call, or not at all. (Without its call, a wrong
//! dequeue would be explained by a missing enqueue.) The less is known, the less fails. So the set
//! is smallest once nothing more can be forgotten. The operations that would be needed to explain
//! all of it but one are shown with it.

use super::entry::{Entry, Outcome};
use super::monitors::Judgement;
use super::part::{Failure, Why, judge, linearize};
use super::search::{Branching, Found};
use super::{Criterion, Explanation, Method, Specification};

/// The configurations for each question whether fewer operations fail, and for all such questions.
const EACH: u64 = 512;
const ALL: u64 = 8_192;

/// A monitor's contradiction with more entries than this is not shrunk.
const MANY: usize = 1_000;

pub(super) fn explain<S: Specification>(
    initial: &S,
    criterion: Criterion,
    failure: Failure<'_, S>,
) -> Explanation {
    let Failure { part: entries, why } = failure;
    let mut forgetting = Forgetting { initial, criterion, left: ALL };
    let indices = |numbers: Vec<u32>| {
        numbers.into_iter().map(|number| entries[number as usize].index).collect()
    };
    match why {
        Why::Search { prefix, stuck } => {
            let smallest = forgetting.smallest(entries.clone());
            Explanation {
                prefix: indices(prefix),
                stuck: indices(stuck),
                smallest,
                by: Method::Search,
            }
        }
        Why::Monitor(mut between) => {
            between.sort_unstable();
            between.dedup();
            let smallest = if entries.len() > MANY {
                indices(between)
            } else {
                forgetting.smallest(entries.clone())
            };
            Explanation {
                prefix: Vec::new(),
                stuck: Vec::new(),
                smallest,
                by: Method::Monitor(S::MONITOR),
            }
        }
    }
}

struct Forgetting<'i, S> {
    initial: &'i S,
    criterion: Criterion,
    left: u64,
}

impl<S: Specification> Forgetting<'_, S> {
    fn smallest(&mut self, entries: Vec<Entry<'_, S>>) -> Vec<usize> {
        let mut entries = if self.criterion == Criterion::SequentiallyConsistent {
            entries
        } else {
            self.cut(entries)
        };
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
            for needed in self.needed(fewer) {
                shown[entries
                    .iter()
                    .position(|entry| entry.index == needed)
                    .expect("one of them")] = true;
            }
        }
        let shown = entries.iter().zip(shown).filter(|(_, shown)| *shown);
        shown.map(|(entry, _)| entry.index).collect()
    }

    /// Returns the operations whose response is forgotten, but without whose call the others are
    /// unexplained.
    fn needed(&mut self, mut entries: Vec<Entry<'_, S>>) -> Vec<usize> {
        let mut number = entries.len();
        if !self.without_unused(&mut entries) {
            return Vec::new();
        }
        loop {
            number = number.min(entries.len());
            let Some(next) = (0..number).rfind(|number| !entries[*number].is_known()) else {
                break;
            };
            number = next;
            let mut fewer = entries.clone();
            fewer.remove(number);
            if self.without_unused(&mut fewer) {
                entries = fewer;
            }
        }
        entries.iter().filter(|entry| !entry.is_known()).map(|entry| entry.index).collect()
    }

    /// Removes what need not take effect. Returns whether the others are linearizable, as far as
    /// known.
    fn without_unused(&mut self, entries: &mut Vec<Entry<'_, S>>) -> bool {
        let Found::Order(order) = self.find(entries) else { return false };
        let mut used = vec![false; entries.len()];
        order.into_iter().for_each(|one| used[one as usize] = true);
        let mut used = used.into_iter();
        entries.retain(|entry| used.next() == Some(true) || entry.is_known());
        true
    }

    /// Returns the shortest failing prefix of the history: what is called later plays no part.
    fn cut<'a>(&mut self, entries: Vec<Entry<'a, S>>) -> Vec<Entry<'a, S>> {
        if entries.iter().any(|entry| matches!(entry.outcome, Outcome::Blocked)) {
            return entries; // it is about the end
        }
        let until = |moment: u64| -> Vec<Entry<'a, S>> {
            let called = entries.iter().filter(|entry| entry.start <= moment);
            called
                .map(|entry| if entry.end <= moment { *entry } else { entry.forgotten() })
                .collect()
        };
        let mut ends: Vec<u64> = entries
            .iter()
            .filter(|entry| entry.returned().is_some())
            .map(|entry| entry.end)
            .collect();
        ends.sort_unstable();
        let fails = ends.partition_point(|end| !self.fails(&until(*end)));
        ends.get(fails).map_or_else(|| entries.clone(), |end| until(*end))
    }

    fn fails(&mut self, entries: &[Entry<'_, S>]) -> bool {
        match judge(self.initial, entries, self.criterion) {
            Some(Judgement::Fails(_)) => true,
            // A monitor does not know what operations return that may have taken effect or not.
            Some(Judgement::Holds) | None => matches!(self.find(entries), Found::Nothing { .. }),
        }
    }

    fn find(&mut self, entries: &[Entry<'_, S>]) -> Found {
        let limit = EACH.min(self.left);
        let (found, used) =
            linearize(self.initial, entries, self.criterion, Branching::Frontier, limit);
        self.left -= used;
        found
    }
}
