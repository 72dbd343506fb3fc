//! Is there an order of these operations that the specification allows, and that keeps this precedence? For the weak
//! memory of loom: happens-before between operations is a partial order, and not always one of intervals, which is what
//! a [`History`](crate::linearize::History) has.
//!
//! Wing and Gong's search with Lowe's memoisation, over down-sets of at most 64 operations.

use crate::linearize::{Explanation, Method, Operation, Specification};
use std::collections::HashSet;

/// No scenario has more operations than this.
pub(super) const MOST: usize = 64;

/// What precedes what: for each operation, the set of those that have returned before it is called.
pub(super) type Precedence = Vec<u64>;

/// Why there is none; `None`: there is one.
pub(super) fn violation<S: Specification>(
    initial: &S,
    operations: &[Operation<S::Op, S::Ret>],
    precedence: &Precedence,
    stuck: bool,
) -> Option<Explanation> {
    let all = mask(0..operations.len());
    let (prefix, next) = search(initial, operations, precedence, all, stuck)?;
    let mut smallest = all;
    for without in 0..operations.len() {
        let fewer = smallest & !(1 << without);
        if search(initial, operations, precedence, fewer, stuck).is_some() {
            smallest = fewer;
        }
    }
    let smallest = (0..operations.len()).filter(|i| smallest & (1 << i) != 0).collect();
    Some(Explanation { prefix, stuck: next, smallest, by: Method::Search })
}

fn mask(places: impl IntoIterator<Item = usize>) -> u64 {
    places.into_iter().fold(0, |mask, place| mask | 1 << place)
}

/// The longest order that is allowed, and what would have to come next: if it does not come to the end.
fn search<S: Specification>(
    initial: &S,
    operations: &[Operation<S::Op, S::Ret>],
    precedence: &Precedence,
    among: u64,
    stuck: bool,
) -> Option<(Vec<usize>, Vec<usize>)> {
    let places = || (0..operations.len()).filter(|place| among & (1 << place) != 0);
    let returned = mask(places().filter(|place| operations[*place].response.is_some()));
    let pending = || places().filter(|place| operations[*place].response.is_none());
    let mut seen = HashSet::new();
    let mut best: Option<(Vec<usize>, u64)> = None;
    let mut open = vec![(Vec::new(), 0_u64, initial.clone())];
    while let Some((order, done, state)) = open.pop() {
        if !seen.insert((done, state.clone())) {
            continue;
        }
        let finished = returned & !done == 0;
        let blocked = || pending().all(|place| !state.is_enabled(&operations[place].op));
        if finished && (!stuck || blocked()) {
            return None;
        }
        if best.as_ref().is_none_or(|(longest, _)| order.len() > longest.len()) {
            best = Some((order.clone(), done));
        }
        for place in places().filter(|place| done & (1 << place) == 0) {
            let operation = &operations[place];
            let ready = precedence[place] & returned & !done == 0;
            // whoever hangs for ever has not taken effect
            let may = operation.response.is_some() || !stuck;
            if ready && may && state.is_enabled(&operation.op) {
                let mut after = state.clone();
                let ret = after.apply(&operation.op);
                if operation.response.as_ref().is_none_or(|(_, returned)| *returned == ret) {
                    let order = [&order[..], &[place]].concat();
                    open.push((order, done | 1 << place, after));
                }
            }
        }
    }
    let (order, done) = best.expect("at least the empty order");
    let left = |place: &usize| done & (1 << place) == 0;
    let next = places().filter(left).filter(|place| precedence[*place] & returned & !done == 0).collect();
    Some((order, next))
}
