//! Checks a history under a given precedence, which need not be one of intervals.
//!
//! The search is the same as for intervals ([`Partial`] is its order), but the explanation differs.
//! An operation is left out of the smallest set together with its effect, because under
//! happens-before a call has no place after which it could be pending.

use super::entry::{Entry, entries};
use super::order::{Order, Partial};
use super::search::{Branching, Found, search};
use super::{Criterion, Explanation, History, Method, Specification, Verdict, Witness};

/// Checks a history whose precedence is given explicitly, not by its times: for each operation, a
/// bit set of the operations that returned before its call. Otherwise the same as
/// [`check`](super::check), with at most 64 operations.
///
/// # Panics
/// If there are more operations, or fewer sets than operations.
#[doc(hidden)]
pub fn check_under<S: Specification>(
    initial: &S,
    history: &History<S::Op, S::Ret>,
    precedence: &[u64],
    configurations: u64,
) -> Verdict {
    let mut entries: Vec<Entry<'_, S>> = entries(history, Criterion::Linearizable);
    entries.sort_by_key(|entry| entry.index);
    let mut left = configurations;
    let mut find = |entries: &[Entry<'_, S>]| {
        let order = Partial::new(entries, precedence);
        let (found, used) = search(initial, entries, order, Branching::Last, left);
        left -= used;
        found
    };
    let indices =
        |numbers: &[u32]| numbers.iter().map(|number| entries[*number as usize].index).collect();
    match find(&entries) {
        Found::Order(order) => {
            Verdict::Holds(Witness { order: indices(&order), by: Method::Search })
        }
        Found::OutOfBudget => Verdict::Unknown { configurations },
        Found::Nothing { prefix, .. } => Verdict::Violated(Explanation {
            stuck: indices(&next(&entries, precedence, &prefix)),
            prefix: indices(&prefix),
            smallest: smallest(entries.clone(), |fewer| {
                matches!(find(fewer), Found::Nothing { .. })
            }),
            by: Method::Search,
        }),
    }
}

/// Returns the operations that must come after these, whether they have returned or are blocked.
fn next<S: Specification>(
    entries: &[Entry<'_, S>],
    precedence: &[u64],
    prefix: &[u32],
) -> Vec<u32> {
    let mut order = Partial::new(entries, precedence);
    prefix.iter().for_each(|entry| order.take(*entry));
    (0..entries.len() as u32).filter(|entry| order.is_next(*entry)).collect()
}

/// Returns the fewest operations that fail by themselves, as far as known.
fn smallest<'a, S: Specification>(
    mut entries: Vec<Entry<'a, S>>,
    mut fails: impl FnMut(&[Entry<'a, S>]) -> bool,
) -> Vec<usize> {
    let mut place = 0;
    while place < entries.len() {
        let without = entries.remove(place);
        if !fails(&entries) {
            entries.insert(place, without);
            place += 1;
        }
    }
    entries.iter().map(|entry| entry.index).collect()
}
