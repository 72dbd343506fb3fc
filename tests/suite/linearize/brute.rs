//! The three criteria by their definitions: every order of the operations, nothing kept, nothing
//! left out.

use selvedge::linearize::{Criterion, History, Specification};

/// What must be of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Must {
    TakeEffect,
    /// It may, and then returns what it did, if that is known.
    Nothing,
    BeDisabled,
}

/// A history for the naive enumerator.
pub(crate) struct Brute<'a, S: Specification> {
    history: &'a History<S::Op, S::Ret>,
    must: Vec<Must>,
    /// `before[i]`: which operations precede it.
    before: Vec<Vec<usize>>,
    /// Operations that cannot take effect.
    left_out: Vec<usize>,
}

impl<'a, S: Specification> Brute<'a, S> {
    pub(crate) fn new(history: &'a History<S::Op, S::Ret>, criterion: Criterion) -> Self {
        let pending = if history.stuck { Must::BeDisabled } else { Must::Nothing };
        let must = history
            .operations
            .iter()
            .map(|one| if one.response.is_some() { Must::TakeEffect } else { pending });
        let count = history.operations.len();
        let preceding =
            |i: usize| (0..count).filter(|j| precedes(history, criterion, *j, i)).collect();
        let before = (0..count).map(preceding).collect();
        Brute { history, must: must.collect(), before, left_out: Vec::new() }
    }

    /// The history under a precedence that is given, for each operation as the set of those before
    /// it.
    pub(crate) fn under(history: &'a History<S::Op, S::Ret>, precedence: &[u64]) -> Self {
        let count = history.operations.len();
        let preceding = |i: usize| (0..count).filter(|j| precedence[i] >> j & 1 == 1).collect();
        Brute {
            before: (0..count).map(preceding).collect(),
            ..Brute::new(history, Criterion::Linearizable)
        }
    }

    /// The same history, if the operations that are not `kept` had not been called.
    pub(crate) fn without_others(mut self, kept: &[usize]) -> Self {
        self.left_out = (0..self.must.len()).filter(|i| !kept.contains(i)).collect();
        for i in &self.left_out {
            self.must[*i] = Must::Nothing;
        }
        self
    }

    /// The same history, if it were not known whether the operations that are not `known` took
    /// effect, nor until when.
    pub(crate) fn knowing(mut self, known: &[usize], criterion: Criterion) -> Self {
        let forgotten = |i: &usize| !known.contains(i);
        for i in (0..self.must.len()).filter(forgotten) {
            self.must[i] = Must::Nothing;
        }
        if criterion != Criterion::SequentiallyConsistent {
            self.before.iter_mut().for_each(|before| before.retain(|j| known.contains(j)));
        }
        self
    }

    pub(crate) fn holds(&self, initial: &S) -> bool {
        self.go(initial, &mut Vec::new())
    }

    fn go(&self, state: &S, done: &mut Vec<usize>) -> bool {
        let missing = |i: &usize| !done.contains(i);
        let over = (0..self.must.len()).filter(missing).all(|i| match self.must[i] {
            Must::TakeEffect => false,
            Must::Nothing => true,
            Must::BeDisabled => !state.is_enabled(&self.history.operations[i].op),
        });
        if over {
            return true;
        }
        for i in 0..self.must.len() {
            if let Some(next) = self.step(state, i, done) {
                done.push(i);
                if self.go(&next, done) {
                    return true;
                }
                done.pop();
            }
        }
        false
    }

    /// The state after an operation, if it can come after those that are done.
    fn step(&self, state: &S, i: usize, done: &[usize]) -> Option<S> {
        // What must not come later must have come, or be left out.
        let later = (0..self.must.len()).any(|j| done.contains(&j) && self.before[j].contains(&i));
        let missing =
            self.before[i].iter().any(|j| !done.contains(j) && self.must[*j] == Must::TakeEffect);
        let operation = &self.history.operations[i];
        let never = self.must[i] == Must::BeDisabled || self.left_out.contains(&i);
        if done.contains(&i) || never || later || missing || !state.is_enabled(&operation.op) {
            return None;
        }
        let mut next = state.clone();
        let ret = next.apply(&operation.op);
        operation.response.as_ref().is_none_or(|(_, expected)| *expected == ret).then_some(next)
    }

    /// How many operations that return the longest order has that can begin one.
    pub(crate) fn longest(&self, initial: &S) -> usize {
        self.further(initial, &mut Vec::new())
    }

    fn further(&self, state: &S, done: &mut Vec<usize>) -> usize {
        let mut longest = done.iter().filter(|i| self.must[**i] == Must::TakeEffect).count();
        for i in 0..self.must.len() {
            if let Some(next) = self.step(state, i, done) {
                done.push(i);
                longest = longest.max(self.further(&next, done));
                done.pop();
            }
        }
        longest
    }

    /// Whether the specification allows these in this order, whatever would come next.
    pub(crate) fn can_begin(&self, initial: &S, order: &[usize]) -> bool {
        let mut state = Some(initial.clone());
        for (place, i) in order.iter().enumerate() {
            state = state.and_then(|state| self.step(&state, *i, &order[..place]));
        }
        state.is_some()
    }

    /// What is wrong with an order that is said to be a witness.
    pub(crate) fn objection(&self, initial: &S, order: &[usize]) -> Option<String> {
        let mut state = initial.clone();
        for (place, i) in order.iter().enumerate() {
            match self.step(&state, *i, &order[..place]) {
                Some(next) => state = next,
                None => {
                    return Some(format!("operation {i} cannot be number {place} of {order:?}"));
                }
            }
        }
        let open = (0..self.must.len()).find(|i| {
            !order.contains(i)
                && match self.must[*i] {
                    Must::TakeEffect => true,
                    Must::Nothing => false,
                    Must::BeDisabled => state.is_enabled(&self.history.operations[*i].op),
                }
        });
        open.map(|i| format!("operation {i} is missing, or enabled, after {order:?}"))
    }
}

/// Whether operation `a` must take effect before operation `b`.
fn precedes<Op, Ret>(history: &History<Op, Ret>, criterion: Criterion, a: usize, b: usize) -> bool {
    let returns = |i: usize| history.operations[i].response.as_ref().map(|(moment, _)| *moment);
    let (one, other) = (&history.operations[a], &history.operations[b]);
    match criterion {
        Criterion::Linearizable => returns(a).is_some_and(|end| end < other.invocation),
        Criterion::SequentiallyConsistent => {
            one.process == other.process && one.invocation < other.invocation
        }
        Criterion::QuiescentlyConsistent => returns(a).is_some_and(|end| {
            // just before such a moment, nothing was pending
            let quiet = |moment: u64| {
                (0..history.operations.len()).all(|i| {
                    let over = returns(i).is_some_and(|end| end < moment);
                    over || history.operations[i].invocation >= moment
                })
            };
            (end + 1..=other.invocation).any(quiet)
        }),
    }
}
