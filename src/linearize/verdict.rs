//! The verdict on a history: three arms, each with its reasons.

/// The verdict on a history.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Verdict {
    /// The specification allows an order of the operations.
    Holds(Witness),
    /// The specification allows no order.
    Violated(Explanation),
    /// It is not known: the search visited this many configurations, or the history [says
    /// nothing](super::History::says_nothing).
    Unknown {
        /// The budget that was used up; 0 if the history says nothing.
        configurations: u64,
    },
}

impl Verdict {
    /// Returns `true` if the history is known to meet the criterion.
    #[must_use]
    pub fn holds(&self) -> bool {
        matches!(self, Verdict::Holds(_))
    }

    /// Returns `true` if the history is known to violate the criterion.
    #[must_use]
    pub fn violated(&self) -> bool {
        matches!(self, Verdict::Violated(_))
    }
}

/// Why a history meets the criterion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// The indices of the operations in the order in which they take effect; empty if a monitor
    /// decided. Pending operations that took no effect are not included.
    pub order: Vec<usize>,
    /// What decided.
    pub by: Method,
}

/// The method that decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Method {
    /// Wing and Gong's search.
    Search,
    /// A polynomial-time test, by its name in the specification.
    Monitor(&'static str),
}

/// Why a history violates the criterion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The longest allowed order that the search found, as indices; if parts are checked by
    /// themselves, of the part that fails. Empty if a monitor decided.
    pub prefix: Vec<usize>,
    /// The operations of which one would have to come next, and none can. In a stuck history, those
    /// that are blocked although they could take effect. Empty if a monitor decided.
    pub stuck: Vec<usize>,
    /// The smallest set of operations that already fails, as indices, in the order of their
    /// invocations. It fails whenever the other operations took effect, if they did. The search for
    /// it is bounded: a smaller set may exist. In a long history on which a monitor decided, it is
    /// the operations between which the monitor found the contradiction.
    pub smallest: Vec<usize>,
    /// What decided.
    pub by: Method,
}
