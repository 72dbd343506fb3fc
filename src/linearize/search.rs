//! Wing and Gong's search for a linearization ("Testing and verifying concurrent objects", 1993),
//! with Lowe's memory of configurations ("Testing for linearizability", 2017).
//!
//! A configuration is a set of operations that have taken effect, and a state. The search is pruned
//! in three ways, none of which can lose a linearization:
//!
//! * An operation that changes no state takes effect as soon as it can, and no alternative is
//!   tried.
//! * A pending operation takes effect only if the state changes.
//! * It takes effect only if the next operation would otherwise return something else or leave
//!   another state. Otherwise the same order without it would do. So the configuration also holds
//!   the state before such an operation, until another one follows.
//!
//! Each state is stored once and referred to by number. A specification may also declare a state
//! hopeless ([`Lookahead`]).

use super::Specification;
use super::entry::{Entry, Outcome, order_of};
use super::lookahead::Lookahead;
use super::order::Order;
use indexmap::IndexSet;
use rustc_hash::{FxBuildHasher, FxHashSet};

/// The order in which candidates are tried. Pending ones come last, and of those the latest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Branching {
    /// In the order of their calls.
    Invocation,
    /// First the one that returns first, then in the order of their calls.
    Frontier,
    /// In the order of their responses.
    Response,
    /// In reverse list order, whether pending or not.
    Last,
}

pub(super) enum Found {
    /// A linearization, as numbers of entries.
    Order(Vec<u32>),
    /// There is none: the longest order found, and what could not follow.
    Nothing { prefix: Vec<u32>, stuck: Vec<u32> },
    /// It is not known: the limit was reached.
    OutOfBudget,
}

/// Searches for a linearization within `limit` configurations. Also returns how many were visited.
pub(super) fn search<S: Specification, O: Order>(
    initial: &S,
    entries: &[Entry<'_, S>],
    order: O,
    branching: Branching,
    limit: u64,
) -> (Found, u64) {
    let mut search = Search::new(initial, entries, order, branching);
    let found = search.run(limit);
    (found, search.configurations)
}

/// No state: no pending operation is unobserved.
const NONE: u32 = u32::MAX;

struct Search<'a, S: Specification, O: Order> {
    entries: &'a [Entry<'a, S>],
    blocked: Vec<u32>,
    pure: Vec<bool>,
    any_pure: bool,
    rank: Vec<u32>,
    branching: Branching,
    order: O,
    states: IndexSet<S, FxBuildHasher>,
    state: u32,
    /// The state before a pending operation that nothing has followed yet, or `NONE`.
    unobserved: u32,
    lookahead: Option<Box<dyn Lookahead<S>>>,
    seen: FxHashSet<(O::Place, u32, u32)>,
    steps: Vec<Step<O::Place>>,
    /// The untried candidates of all configurations on the current path, the next one last.
    untried: Vec<u32>,
    configurations: u64,
    prefix: Vec<u32>,
    stuck: Vec<u32>,
}

/// How a configuration was left.
struct Step<P> {
    entry: u32,
    place: P,
    state: u32,
    unobserved: u32,
    /// Where the untried candidates of that configuration start; `NONE` if there was no choice.
    untried: u32,
}

/// Sorts the best candidate last.
fn by_rank(candidates: &mut [u32], rank: &[u32], frontier: Option<u32>) {
    let rank = |entry: &u32| if Some(*entry) == frontier { 0 } else { rank[*entry as usize] + 1 };
    candidates.sort_unstable_by_key(|entry| std::cmp::Reverse(rank(entry)));
}

impl<'a, S: Specification, O: Order> Search<'a, S, O> {
    fn new(initial: &S, entries: &'a [Entry<'a, S>], order: O, branching: Branching) -> Self {
        let numbers = 0..entries.len() as u32;
        let entry = |number: &u32| &entries[*number as usize];
        let blocked =
            numbers.filter(|number| matches!(entry(number).outcome, Outcome::Blocked)).collect();
        let pure: Vec<bool> =
            entries.iter().map(|entry| entry.returned().is_some() && entry.is_pure()).collect();
        let any_pure = pure.contains(&true);
        let key = |entry: &Entry<'_, S>| match (branching, entry.outcome) {
            (Branching::Last, _) => (false, u64::MAX - entry.index as u64),
            (Branching::Response, Outcome::Returned(_)) => (false, entry.end),
            (_, Outcome::Returned(_)) => (false, entry.start),
            (_, Outcome::Optional(_) | Outcome::Blocked) => (true, u64::MAX - entry.start),
        };
        let mut rank = vec![0; entries.len()];
        let keys: Vec<(bool, u64)> = entries.iter().map(key).collect();
        for (place, number) in order_of(&keys).into_iter().enumerate() {
            rank[number] = place as u32;
        }
        let mut states = IndexSet::default();
        states.insert(initial.clone());
        Search {
            entries,
            blocked,
            pure,
            any_pure,
            rank,
            branching,
            order,
            states,
            state: 0,
            unobserved: NONE,
            lookahead: if O::REAL_TIME { S::lookahead(entries) } else { None },
            seen: FxHashSet::default(),
            steps: Vec::with_capacity(entries.len()),
            untried: Vec::new(),
            configurations: 0,
            prefix: Vec::new(),
            stuck: Vec::new(),
        }
    }

    fn run(&mut self, limit: u64) -> Found {
        loop {
            if self.any_pure {
                self.take_pure();
            }
            if self.order.is_complete() && !self.blocked.iter().any(|entry| self.is_enabled(*entry))
            {
                return Found::Order(self.steps.iter().map(|step| step.entry).collect());
            }
            if self.configurations == limit {
                return Found::OutOfBudget;
            }
            self.configurations += 1;
            let mut untried = self.untried.len();
            if self.seen.insert((self.order.place(), self.state, self.unobserved)) {
                self.order.candidates(&mut self.untried);
                let frontier =
                    self.order.frontier().filter(|_| self.branching == Branching::Frontier);
                by_rank(&mut self.untried[untried..], &self.rank, frontier);
            }
            while !self.descend(untried) {
                self.remember();
                match self.back() {
                    Some(level) => untried = level,
                    None => {
                        let (prefix, stuck) =
                            (std::mem::take(&mut self.prefix), std::mem::take(&mut self.stuck));
                        return Found::Nothing { prefix, stuck };
                    }
                }
            }
        }
    }

    /// Takes the next candidate of this configuration that can take effect. Returns whether there
    /// was one.
    fn descend(&mut self, untried: usize) -> bool {
        while self.untried.len() > untried {
            let entry = self.untried.pop().expect("one that was not tried");
            if self.is_taken_at_once(entry) {
                continue; // and cannot take effect now
            }
            let Some(state) = self.after(entry, self.state) else { continue };
            let optional = matches!(self.entries[entry as usize].outcome, Outcome::Optional(_));
            let useless = optional && state == self.state;
            let unobserved =
                self.unobserved != NONE && self.after(entry, self.unobserved) == Some(state);
            if !useless && !unobserved {
                let owed = if optional { self.state } else { NONE };
                self.take(entry, state, owed, untried as u32);
                return true;
            }
        }
        false
    }

    fn take(&mut self, entry: u32, state: u32, unobserved: u32, untried: u32) {
        let place = self.order.place();
        self.steps.push(Step {
            entry,
            place,
            state: self.state,
            unobserved: self.unobserved,
            untried,
        });
        self.order.take(entry);
        if let Some(lookahead) = &mut self.lookahead {
            lookahead.set(entry, true);
        }
        (self.state, self.unobserved) = (state, unobserved);
    }

    /// Takes operations that change nothing and can take effect, until there are none.
    fn take_pure(&mut self) {
        let untried = self.untried.len();
        loop {
            let before = self.steps.len();
            self.order.candidates(&mut self.untried);
            while self.untried.len() > untried {
                let entry = self.untried.pop().expect("a candidate");
                if self.is_taken_at_once(entry) && self.after(entry, self.state).is_some() {
                    self.take(entry, self.state, NONE, NONE);
                }
            }
            if self.steps.len() == before {
                return;
            }
        }
    }

    fn is_taken_at_once(&self, entry: u32) -> bool {
        self.pure[entry as usize] && self.order.excludes_none(entry)
    }

    /// Leaves a configuration without continuation. Returns where the untried candidates of the
    /// previous one start.
    fn back(&mut self) -> Option<usize> {
        loop {
            let step = self.steps.pop()?;
            self.order.put_back(step.entry, step.place);
            if let Some(lookahead) = &mut self.lookahead {
                lookahead.set(step.entry, false);
            }
            (self.state, self.unobserved) = (step.state, step.unobserved);
            if step.untried != NONE {
                return Some(step.untried as usize);
            }
        }
    }

    /// Stores the longest path, and what could not follow.
    fn remember(&mut self) {
        if self.steps.len() < self.prefix.len()
            || self.steps.len() == self.prefix.len() && !self.stuck.is_empty()
        {
            return;
        }
        self.prefix.clear();
        self.prefix.extend(self.steps.iter().map(|step| step.entry));
        self.stuck.clear();
        self.order.candidates(&mut self.stuck);
        self.stuck
            .retain(|entry| matches!(self.entries[*entry as usize].outcome, Outcome::Returned(_)));
        if self.order.is_complete() {
            self.stuck =
                self.blocked.iter().copied().filter(|entry| self.is_enabled(*entry)).collect();
        }
    }

    fn is_enabled(&self, entry: u32) -> bool {
        self.states[self.state as usize].is_enabled(self.entries[entry as usize].op)
    }

    /// Returns the state after an operation, if it can take effect, returns what it did, and is not
    /// hopeless.
    fn after(&mut self, entry: u32, state: u32) -> Option<u32> {
        let Entry { op, outcome, .. } = self.entries[entry as usize];
        let before = &self.states[state as usize];
        let expected = match outcome {
            Outcome::Returned(ret) => Some(ret),
            Outcome::Optional(ret) => ret,
            Outcome::Blocked => None,
        };
        if !before.is_enabled(op) || expected.is_some_and(|ret| before.refuses(op, ret)) {
            return None;
        }
        let mut next = before.clone();
        let ret = next.apply(op);
        if expected.is_some_and(|expected| *expected != ret) {
            return None;
        }
        if self.pure[entry as usize] {
            return Some(state);
        }
        if let Some(lookahead) = &mut self.lookahead {
            lookahead.set(entry, true);
            let hopeless = lookahead.is_hopeless(&mut next);
            lookahead.set(entry, false);
            if hopeless {
                return None;
            }
        }
        Some(self.states.insert_full(next).0 as u32)
    }
}
