//! Concurrent programs made of a structure's operations: generated, shrunk, and enumerated.
//!
//! ```
//! use proptest::prelude::*;
//! use selvedge::scenario::{Shape, scenarios};
//!
//! #[derive(Clone, Debug)]
//! enum Op {
//!     Push(u8),
//!     Pop,
//! }
//! let operation = prop_oneof![(0..3_u8).prop_map(Op::Push), Just(Op::Pop)];
//! let strategy = scenarios(operation, Shape { threads: 2..=3, ..Shape::default() });
//! proptest!(|(scenario in strategy)| {
//!     prop_assert!((2..=3).contains(&scenario.threads.len()));
//! });
//! ```

mod every;
mod strategy;
mod table;

pub use every::every;
pub use strategy::{ScenarioTree, Scenarios, Shape, scenarios};

use std::fmt;

/// A concurrent program: initial operations, operations of concurrent threads, final operations.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Scenario<Op> {
    /// The operations of one thread before the others start.
    pub initial: Vec<Op>,
    /// The operations of each thread, in program order.
    pub threads: Vec<Vec<Op>>,
    /// The operations of one thread after all others have ended.
    pub last: Vec<Op>,
}

impl<Op> Scenario<Op> {
    /// Creates a program of these threads, with nothing before or after.
    ///
    /// ```
    /// use selvedge::scenario::Scenario;
    ///
    /// let scenario = Scenario::of([vec!["push"], vec!["pop", "pop"]]);
    /// assert_eq!(scenario.size(), 3);
    /// ```
    pub fn of(threads: impl IntoIterator<Item = Vec<Op>>) -> Scenario<Op> {
        Scenario { initial: Vec::new(), threads: threads.into_iter().collect(), last: Vec::new() }
    }

    /// Adds these operations before the threads.
    #[must_use]
    pub fn after(self, initial: impl IntoIterator<Item = Op>) -> Scenario<Op> {
        Scenario { initial: initial.into_iter().collect(), ..self }
    }

    /// Adds these operations after the threads.
    #[must_use]
    pub fn then(self, last: impl IntoIterator<Item = Op>) -> Scenario<Op> {
        Scenario { last: last.into_iter().collect(), ..self }
    }

    /// Returns the number of operations.
    #[must_use]
    pub fn size(&self) -> usize {
        self.initial.len() + self.threads.iter().map(Vec::len).sum::<usize>() + self.last.len()
    }

    /// Returns every operation with its process, in the order of the parts. The first and the last
    /// part belong to process 0.
    pub fn operations(&self) -> impl Iterator<Item = (usize, &Op)> {
        let threads = (1..)
            .zip(&self.threads)
            .flat_map(|(process, ops)| ops.iter().map(move |op| (process, op)));
        self.initial
            .iter()
            .map(|op| (0, op))
            .chain(threads)
            .chain(self.last.iter().map(|op| (0, op)))
    }
}

/// A table with a column for each thread.
impl<Op: fmt::Debug> fmt::Display for Scenario<Op> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        table::draw(self, f)
    }
}
