//! Tests in polynomial time, for structures whose histories are easy when no value occurs twice:
//! the search would need exponentially many configurations for long histories that fail.
//!
//! Each is exact, and says when it does not apply. They look at intervals alone, so they do for
//! quiescent consistency, whose intervals are wider, too. An operation precedes another if it ends
//! before that starts; at the same moment, they overlap. They were compared with brute force on
//! random histories of each type (`tests/linearize.rs`).

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

/// What a monitor found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judgement {
    Holds,
    /// Between these entries there is a contradiction.
    Fails(Vec<u32>),
}

/// A moment that does not come.
const NEVER: u64 = u64::MAX;

/// What a specification's monitor says of a part, if it applies.
pub(super) fn judge<S: Specification>(initial: &S, entries: &[Entry<'_, S>]) -> Option<Judgement> {
    let out_of_range = |entry: &Entry<'_, S>| match entry.outcome {
        Outcome::Returned(_) => entry.end == NEVER,
        Outcome::Optional(_) => false,
        Outcome::Blocked => true, // that is about the last state
    };
    if entries.iter().any(out_of_range) { None } else { initial.monitor(entries) }
}
