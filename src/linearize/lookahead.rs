//! What the search may be told of the operations that are still to come.

/// Knows which operations have taken effect, and what the others need.
pub trait Lookahead<S> {
    /// An operation has taken effect, or this was taken back.
    fn set(&mut self, entry: u32, taken: bool);

    /// Whether the search need not go on from this state, since what is still to come cannot come.
    /// Otherwise a state from which the same can come may be put in its place.
    fn is_hopeless(&mut self, state: &mut S) -> bool;
}
