//! Polynomial-time tests, for structures whose histories are easy if no value occurs twice. For
//! long histories that fail, the search would need exponentially many configurations.
//!
//! Each test is exact, and says when it does not apply. The tests use only intervals. So they also
//! work for quiescent consistency, whose intervals are wider. An operation precedes another if it
//! ends before the other starts; if both happen at the same moment, they overlap. The tests were
//! compared with brute force on random histories of each type (`tests/linearize.rs`).

mod collection;
mod counter;
mod list;
mod priority_queue;
mod queue;
mod register;
mod set;
mod stack;

pub(super) use collection::{Does, collect};
pub(super) use counter::{counter, fetch_add};
pub(super) use list::list;
pub(super) use priority_queue::priority_queue;
pub(super) use queue::queue;
pub(super) use register::register;
pub(super) use set::set;
pub(super) use stack::stack;

use super::Specification;
use super::entry::{Entry, Outcome};

/// The result of a monitor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judgement {
    Holds,
    /// There is a contradiction between these entries.
    Fails(Vec<u32>),
}

/// A moment that never comes.
const NEVER: u64 = u64::MAX;

/// Returns the judgement of a specification's monitor on a part, if it applies.
pub(super) fn judge<S: Specification>(initial: &S, entries: &[Entry<'_, S>]) -> Option<Judgement> {
    let out_of_range = |entry: &Entry<'_, S>| match entry.outcome {
        Outcome::Returned(_) => entry.end == NEVER,
        Outcome::Optional(_) => false,
        Outcome::Blocked => true, // that is about the last state
    };
    if entries.iter().any(out_of_range) { None } else { initial.monitor(entries) }
}
