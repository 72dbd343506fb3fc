//! What a specification tells the search about the operations that are still to come.

/// Tracks which operations have taken effect, and what the others need.
pub trait Lookahead<S> {
    /// Records that an operation has taken effect, or that this was undone.
    fn set(&mut self, entry: u32, taken: bool);

    /// Returns `true` if the search cannot succeed from this state, because the remaining
    /// operations are impossible. Otherwise it may replace the state by one with the same
    /// continuations.
    fn is_hopeless(&mut self, state: &mut S) -> bool;
}
