//! Checks the parts of a history, each by itself and in rounds, and combines their orders.

use super::entry::{Entry, order_of};
use super::monitors::{self, Judgement};
use super::order::{Programs, Window, width};
use super::search::{Branching, Found, search};
use super::{Criterion, Method, Specification, Verdict, Witness};

/// The budget of each part's first round, and its growth factor.
const FIRST: u64 = 1024;
const GROWTH: u64 = 4;

/// Parts up to this size are searched first, which gives orders and better explanations.
const SMALL: usize = 64;

/// A part that fails, and why.
pub(super) struct Failure<'a, S: Specification> {
    pub(super) part: Vec<Entry<'a, S>>,
    pub(super) why: Why,
}

/// Why a part fails, as numbers of entries.
pub(super) enum Why {
    /// The longest order that the search found, and what could not follow.
    Search { prefix: Vec<u32>, stuck: Vec<u32> },
    /// A monitor found a contradiction between these.
    Monitor(Vec<u32>),
}

/// Checks all parts, until one fails.
pub(super) fn check<'a, S: Specification>(
    initial: &S,
    mut parts: Vec<Vec<Entry<'a, S>>>,
    criterion: Criterion,
    configurations: u64,
) -> Result<Verdict, Failure<'a, S>> {
    let mut orders: Vec<Vec<u32>> = vec![Vec::new(); parts.len()];
    let mut open: Vec<usize> = (0..parts.len()).collect();
    let (mut left, mut budget, mut by) = (configurations, FIRST, Method::Search);
    let branchings = [Branching::Invocation, Branching::Frontier, Branching::Response];
    for (round, branching) in branchings.into_iter().cycle().enumerate() {
        let mut still = Vec::new();
        for part in open {
            let is_small = parts[part].len() <= SMALL && configurations > 0;
            if round == usize::from(is_small) {
                match judge(initial, &parts[part], criterion) {
                    None => {}
                    Some(Judgement::Holds) => {
                        by = Method::Monitor(S::MONITOR);
                        continue;
                    }
                    Some(Judgement::Fails(between)) => {
                        return Err(Failure {
                            part: parts.swap_remove(part),
                            why: Why::Monitor(between),
                        });
                    }
                }
            }
            let (found, used) =
                linearize(initial, &parts[part], criterion, branching, budget.min(left));
            left -= used;
            match found {
                Found::Order(order) => orders[part] = order,
                Found::OutOfBudget => still.push(part),
                Found::Nothing { prefix, stuck } => {
                    return Err(Failure {
                        part: parts.swap_remove(part),
                        why: Why::Search { prefix, stuck },
                    });
                }
            }
        }
        if still.is_empty() {
            break;
        }
        if left == 0 && (round > 0 || configurations == 0) {
            return Ok(Verdict::Unknown { configurations });
        }
        open = still;
        budget = budget.saturating_mul(GROWTH);
    }
    let order = if by == Method::Search { together(&parts, &orders) } else { Vec::new() };
    Ok(Verdict::Holds(Witness { order, by }))
}

/// Returns the monitor's judgement of a part, if one applies. Monitors know intervals, not
/// programs.
pub(super) fn judge<S: Specification>(
    initial: &S,
    entries: &[Entry<'_, S>],
    criterion: Criterion,
) -> Option<Judgement> {
    if criterion == Criterion::SequentiallyConsistent {
        None
    } else {
        monitors::judge(initial, entries)
    }
}

/// Searches for a linearization of one part. Also returns how many configurations were visited.
pub(super) fn linearize<S: Specification>(
    initial: &S,
    entries: &[Entry<'_, S>],
    criterion: Criterion,
    branching: Branching,
    limit: u64,
) -> (Found, u64) {
    if criterion == Criterion::SequentiallyConsistent {
        return search(initial, entries, Programs::new(entries), branching, limit);
    }
    match width(entries) {
        0..=64 => search(initial, entries, Window::<[u64; 1]>::new(entries), branching, limit),
        _ => search(initial, entries, Window::<Vec<u64>>::new(entries), branching, limit),
    }
}

/// Combines the orders of all parts into one. Each operation takes effect as soon as it can in its
/// part: after its call, and after the operations before it there. That is before it returns, so
/// real time between parts is kept.
fn together<S: Specification>(parts: &[Vec<Entry<'_, S>>], orders: &[Vec<u32>]) -> Vec<usize> {
    let mut moments: Vec<(u64, usize)> = Vec::new();
    for (part, order) in parts.iter().zip(orders) {
        let mut moment = 0;
        for entry in order {
            let entry = &part[*entry as usize];
            moment = moment.max(entry.start);
            moments.push((moment, entry.index));
        }
    }
    let keys: Vec<u64> = moments.iter().map(|(moment, _)| *moment).collect();
    // which keeps the order of a part
    order_of(&keys).into_iter().map(|place| moments[place].1).collect()
}
