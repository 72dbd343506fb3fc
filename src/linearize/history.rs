//! What happened: operations with their invocations and responses.

/// One operation of a history.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Operation<Op, Ret> {
    /// Who called it. A process calls one operation at a time.
    pub process: usize,
    /// What was called, with its arguments.
    pub op: Op,
    /// When it was called: a place in an order, in any unit.
    pub invocation: u64,
    /// When it returned, and what; `None`: it is pending, and may have taken effect or not, at any time after its call.
    pub response: Option<(u64, Ret)>,
}

/// Operations of several processes, and whether the pending ones can never return.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct History<Op, Ret> {
    /// The operations, in any order.
    pub operations: Vec<Operation<Op, Ret>>,
    /// Whether the structure was seen to hang: each pending operation is blocked for ever, and the specification must
    /// have it disabled at the end.
    pub stuck: bool,
}
