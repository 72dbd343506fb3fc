//! Arbitrary precedence between a few operations, as a set in one word.
//!
//! Under weak memory "returned before" is happens-before, as far as atomics, fences, locks, parks
//! and joins make it. This is a partial order, and not always one of intervals: of two pairs of
//! ordered operations, neither first one need precede the other pair's second.

use super::Order;
use crate::linearize::Specification;
use crate::linearize::entry::{Entry, Outcome};

/// No more operations than this.
pub(crate) const MOST: usize = 64;

/// What precedes what: for each operation of a history, the set of those that have returned before
/// it is called, a bit each.
pub(crate) type Precedence = Vec<u64>;

pub(in crate::linearize) struct Partial {
    /// Of each entry: those that must have taken effect before it.
    before: Vec<u64>,
    /// The entries that take effect or may: all but the blocked ones.
    may: u64,
    returned: u64,
    done: u64,
}

impl Partial {
    /// The precedence is of the whole history, of which these may be some operations.
    ///
    /// # Panics
    /// If there are more of them than [`MOST`].
    pub(in crate::linearize) fn new<S: Specification>(
        entries: &[Entry<'_, S>],
        precedence: &[u64],
    ) -> Self {
        assert!(entries.len() <= MOST, "{} operations are more than {MOST}", entries.len());
        let set = |is: &dyn Fn(&Entry<'_, S>) -> bool| {
            entries
                .iter()
                .enumerate()
                .filter(|(_, entry)| is(entry))
                .fold(0_u64, |set, (number, _)| set | 1 << number)
        };
        let returned = set(&|entry| entry.returned().is_some());
        let before = |later: &Entry<'_, S>| {
            returned & set(&|entry| precedence[later.index] >> entry.index & 1 == 1)
        };
        Partial {
            before: entries.iter().map(before).collect(),
            may: set(&|entry| !matches!(entry.outcome, Outcome::Blocked)),
            returned,
            done: 0,
        }
    }

    /// Whether it has not taken effect, and whatever precedes it has.
    pub(in crate::linearize) fn is_next(&self, entry: u32) -> bool {
        self.done >> entry & 1 == 0 && self.before[entry as usize] & !self.done == 0
    }
}

impl Order for Partial {
    type Place = u64;

    const REAL_TIME: bool = false;

    fn place(&self) -> u64 {
        self.done
    }

    fn candidates(&self, into: &mut Vec<u32>) {
        into.extend(
            (0..self.before.len() as u32)
                .filter(|entry| self.may >> entry & 1 == 1 && self.is_next(*entry)),
        );
    }

    fn frontier(&self) -> Option<u32> {
        None
    }

    /// None would be excluded; but of so few operations every order is tried, so that the longest
    /// one, which is told, does not hang on which of them change nothing.
    fn excludes_none(&self, _entry: u32) -> bool {
        false
    }

    fn take(&mut self, entry: u32) {
        self.done |= 1 << entry;
    }

    fn put_back(&mut self, _entry: u32, place: u64) {
        self.done = place;
    }

    fn is_complete(&self) -> bool {
        self.returned & !self.done == 0
    }
}
