//! A proptest strategy for scenarios. Conflicts are likely. Shrinking removes threads, then
//! operations, then simplifies arguments.
//!
//! The operations of one scenario are drawn from a pool. The pool is drawn first, and has any size
//! up to the number of places. With a small pool, threads do the same thing to the same value; a
//! large one keeps values apart.

use super::Scenario;
use proptest::strategy::{NewTree, Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use std::ops::RangeInclusive;

/// The size of scenarios.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    /// How many operations come before the threads.
    pub initial: RangeInclusive<usize>,
    /// How many threads there are, at least one.
    pub threads: RangeInclusive<usize>,
    /// How many operations each thread has.
    pub operations: RangeInclusive<usize>,
    /// How many operations come after the threads.
    pub last: RangeInclusive<usize>,
}

impl Default for Shape {
    /// Two or three threads of one to three operations, at most two before and at most two after.
    fn default() -> Self {
        Shape { initial: 0..=2, threads: 2..=3, operations: 1..=3, last: 0..=2 }
    }
}

impl Shape {
    /// Returns a shape with the same lower bounds, and with ranges scaled by `part` / `whole`.
    /// Ranges of threads and of their operations round down, because they cost; ranges before and
    /// after round up.
    pub(crate) fn scaled(&self, part: usize, whole: usize) -> Shape {
        let scale = |range: &RangeInclusive<usize>, spare: usize| {
            let (low, high) = (*range.start(), *range.end());
            low..=low + (high.saturating_sub(low) * part + spare) / whole
        };
        Shape {
            initial: scale(&self.initial, whole - 1),
            threads: scale(&self.threads, 0),
            operations: scale(&self.operations, 0),
            last: scale(&self.last, whole - 1),
        }
    }
}

/// Returns a strategy for scenarios of this shape, made of operations of that strategy.
pub fn scenarios<S: Strategy>(operation: S, shape: Shape) -> Scenarios<S>
where
    S::Value: Clone,
{
    Scenarios { operation, shape }
}

/// A strategy for scenarios: see [`scenarios`].
#[derive(Clone, Debug)]
pub struct Scenarios<S> {
    operation: S,
    shape: Shape,
}

impl<S: Strategy> Strategy for Scenarios<S>
where
    S::Value: Clone,
{
    type Tree = ScenarioTree<S::Tree>;
    type Value = Scenario<S::Value>;

    fn new_tree(&self, runner: &mut TestRunner) -> NewTree<Self> {
        let Shape { initial, threads, operations, last } = self.shape.clone();
        let mut draw = |range: RangeInclusive<usize>| {
            Ok::<_, proptest::test_runner::Reason>(range.new_tree(runner)?.current())
        };
        let initial = draw(initial)?;
        let count = draw(threads)?;
        let mut parts = vec![initial];
        for _ in 0..count {
            parts.push(draw(operations.clone())?);
        }
        parts.push(draw(last)?);
        let places: usize = parts.iter().sum();
        let pooled = if places == 0 { 0 } else { draw(1..=places)? };
        let mut filled = Vec::new();
        for places in parts {
            let slots =
                (0..places).map(|_| Ok(Slot { kept: true, operation: draw(0..=pooled - 1)? }));
            filled.push(Part {
                kept: true,
                slots: slots.collect::<Result<_, proptest::test_runner::Reason>>()?,
            });
        }
        let pool =
            (0..pooled).map(|_| self.operation.new_tree(runner)).collect::<Result<_, _>>()?;
        Ok(ScenarioTree::new(pool, filled))
    }
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    kept: bool,
    /// Its index in the pool.
    operation: usize,
}

#[derive(Clone, Debug)]
struct Part {
    kept: bool,
    slots: Vec<Slot>,
}

/// A shrinking step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// Removes this thread.
    Thread(usize),
    /// Removes this operation of that part.
    Operation(usize, usize),
    /// Simplifies an argument.
    Argument(usize),
}

/// A scenario that can be shrunk.
#[derive(Clone, Debug)]
pub struct ScenarioTree<T> {
    pool: Vec<T>,
    /// The parts: first what comes before the threads, last what comes after.
    parts: Vec<Part>,
    steps: Vec<Step>,
    next: usize,
    /// The last step, which may have to be undone.
    tried: Option<Step>,
    /// Whether anything was removed since the first step: then the other steps are tried again.
    smaller: bool,
}

impl<T: ValueTree> ScenarioTree<T> {
    fn new(pool: Vec<T>, parts: Vec<Part>) -> Self {
        let threads = (1..parts.len() - 1).rev().map(Step::Thread);
        let after_and_before = [parts.len() - 1, 0].into_iter().chain((1..parts.len() - 1).rev());
        let operations = after_and_before.flat_map(|part| {
            (0..parts[part].slots.len()).rev().map(move |slot| Step::Operation(part, slot))
        });
        let steps = threads.chain(operations).chain((0..pool.len()).map(Step::Argument)).collect();
        ScenarioTree { pool, parts, steps, next: 0, tried: None, smaller: false }
    }

    fn is_used(&self, operation: usize) -> bool {
        let kept = self.parts.iter().filter(|part| part.kept).flat_map(|part| &part.slots);
        kept.filter(|slot| slot.kept).any(|slot| slot.operation == operation)
    }

    /// Takes the step, if it removes something.
    fn take(&mut self, step: Step) -> bool {
        let others =
            |parts: &[Part]| parts[1..parts.len() - 1].iter().filter(|part| part.kept).count() > 1;
        match step {
            Step::Thread(part) => {
                let may = self.parts[part].kept && others(&self.parts);
                self.parts[part].kept &= !may;
                may
            }
            Step::Operation(part, slot) => {
                let may = self.parts[part].kept && self.parts[part].slots[slot].kept;
                self.parts[part].slots[slot].kept = false;
                may
            }
            Step::Argument(operation) => self.is_used(operation) && self.pool[operation].simplify(),
        }
    }

    /// Undoes the last step. Returns whether to try another instead of it, before the next step.
    pub(crate) fn reject(&mut self) -> bool {
        match self.tried {
            Some(Step::Thread(part)) => self.parts[part].kept = true,
            Some(Step::Operation(part, slot)) => self.parts[part].slots[slot].kept = true,
            Some(Step::Argument(operation)) => {
                if self.pool[operation].complicate() {
                    return true;
                }
                self.next += 1; // as simple as it gets
            }
            None => {}
        }
        self.tried = None;
        false
    }

    fn part(&self, part: &Part) -> Vec<T::Value> {
        part.slots
            .iter()
            .filter(|slot| slot.kept)
            .map(|slot| self.pool[slot.operation].current())
            .collect()
    }
}

impl<T: ValueTree> ValueTree for ScenarioTree<T>
where
    T::Value: Clone,
{
    type Value = Scenario<T::Value>;

    fn current(&self) -> Scenario<T::Value> {
        let (first, rest) = self.parts.split_first().expect("a part before the threads");
        let (last, threads) = rest.split_last().expect("a part after the threads");
        let threads: Vec<_> =
            threads.iter().filter(|part| part.kept).map(|part| self.part(part)).collect();
        let idle = threads.iter().all(Vec::is_empty);
        // a thread that has lost all of its operations is none
        let threads = threads.into_iter().filter(|ops| idle || !ops.is_empty()).collect();
        Scenario { initial: self.part(first), threads, last: self.part(last) }
    }

    fn simplify(&mut self) -> bool {
        // nobody complained about the last one
        self.smaller |= matches!(self.tried.take(), Some(Step::Thread(_) | Step::Operation(..)));
        loop {
            let Some(&step) = self.steps.get(self.next) else {
                if !std::mem::take(&mut self.smaller) {
                    return false;
                }
                self.next = 0;
                continue;
            };
            let taken = self.take(step);
            if !taken || !matches!(step, Step::Argument(_)) {
                self.next += 1;
            }
            if taken {
                self.tried = Some(step);
                return true;
            }
        }
    }

    fn complicate(&mut self) -> bool {
        // what was undone is the last scenario that failed: proptest runs it once more, and goes on
        // with the next step
        let tried = self.tried.is_some();
        self.reject();
        tried
    }
}
