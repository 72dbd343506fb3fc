//! What is said about a history: three arms, each with its reasons.

/// What is said about a history.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Verdict {
    /// An order of the operations that the specification allows.
    Holds(Witness),
    /// There is none.
    Violated(Explanation),
    /// It was not found out: so many configurations of the search were looked at; or there was
    /// nothing to find out, in a history that [says nothing](super::History::says_nothing).
    Unknown {
        /// The budget that was used up; 0 if the history says nothing.
        configurations: u64,
    },
}

impl Verdict {
    /// Whether it is known that the history is what was asked for.
    #[must_use]
    pub fn holds(&self) -> bool {
        matches!(self, Verdict::Holds(_))
    }

    /// Whether it is known that it is not.
    #[must_use]
    pub fn violated(&self) -> bool {
        matches!(self, Verdict::Violated(_))
    }
}

/// Why a history is what the criterion asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// Indices of the operations, in the order in which they take effect; empty when a monitor
    /// decided. Pending operations that took no effect are not in it.
    pub order: Vec<usize>,
    /// What decided.
    pub by: Method,
}

/// What decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Method {
    /// Wing and Gong's search.
    Search,
    /// A test in polynomial time, by its specification's name.
    Monitor(&'static str),
}

/// Why it is not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The longest order that the specification allows and the search came by, as indices; where
    /// parts are checked each by itself, of the part that fails. Empty when a monitor decided.
    pub prefix: Vec<usize>,
    /// The operations of which one would have to come next, and none can; or, in a stuck history,
    /// those that are blocked although they could take effect. Empty when a monitor decided.
    pub stuck: Vec<usize>,
    /// The smallest set of operations that already fails, as indices, in the order of their
    /// invocations: it fails whenever the other operations took effect, if they did. A search for
    /// it is bounded: a smaller set may exist. In a long history on which a monitor decided, the
    /// operations between which it found the contradiction.
    pub smallest: Vec<usize>,
    /// What decided.
    pub by: Method,
}
