//! Which operations may take effect next, for each kind of precedence.

mod partial;
mod programs;
mod window;

pub(super) use partial::Partial;
pub(crate) use partial::{MOST, Precedence};
pub(super) use programs::Programs;
pub(super) use window::{Window, width};

use std::hash::Hash;

/// A set of operations that have taken effect: what may come next, and the set itself as a key.
pub(super) trait Order {
    /// The set. Two are equal if they are of the same operations.
    type Place: Clone + Eq + Hash;

    /// Whether an operation that ends before another begins comes before it.
    const REAL_TIME: bool;

    fn place(&self) -> Self::Place;

    /// Adds the operations of which each may come next.
    fn candidates(&self, into: &mut Vec<u32>);

    /// The operation that has to come before any other can be over, if there is such a one.
    fn frontier(&self) -> Option<u32>;

    /// Whether taking this candidate excludes no other operation.
    fn excludes_none(&self, entry: u32) -> bool;

    /// Lets a candidate take effect.
    fn take(&mut self, entry: u32);

    /// Takes the last `take` back, which was done at `place`.
    fn put_back(&mut self, entry: u32, place: Self::Place);

    /// Whether every operation that has returned has taken effect.
    fn is_complete(&self) -> bool;
}
