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
    /// The set. Two are equal if they have the same operations.
    type Place: Clone + Eq + Hash;

    /// Whether an operation that ends before another starts precedes it.
    const REAL_TIME: bool;

    fn place(&self) -> Self::Place;

    /// Adds the operations that may come next.
    fn candidates(&self, into: &mut Vec<u32>);

    /// Returns the operation that must come before any other can end, if there is one.
    fn frontier(&self) -> Option<u32>;

    /// Whether taking this candidate excludes no other operation.
    fn excludes_none(&self, entry: u32) -> bool;

    /// Lets a candidate take effect.
    fn take(&mut self, entry: u32);

    /// Undoes the last `take`, which was done at `place`.
    fn put_back(&mut self, entry: u32, place: Self::Place);

    /// Returns whether every operation that has returned has taken effect.
    fn is_complete(&self) -> bool;
}
