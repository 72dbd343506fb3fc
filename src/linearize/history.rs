//! What happened: operations with their invocations and responses.

use super::entry::order_of;
use std::collections::HashMap;
use std::fmt;

/// One operation of a history.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Operation<Op, Ret> {
    /// Who called it. A process calls one operation at a time.
    pub process: usize,
    /// What was called, with its arguments.
    pub op: Op,
    /// When it was called: a place in an order, in any unit.
    pub invocation: u64,
    /// When it returned, and what; `None`: it is pending, and may have taken effect or not, at any
    /// time after its call.
    pub response: Option<(u64, Ret)>,
}

/// Operations of several processes, and whether the pending ones can never return.
///
/// An operation precedes another if its response comes before the other's invocation; at the same
/// time, they overlap.
///
/// ```
/// use selvedge::linearize::{History, Operation};
///
/// // P0 |-----|
/// // P1     |-----|
/// let history = History::new(vec![
///     Operation { process: 0, op: "write", invocation: 1, response: Some((3, "written")) },
///     Operation { process: 1, op: "read", invocation: 2, response: Some((4, "1")) },
/// ])?;
/// assert_eq!(history.operations.len(), 2);
/// # Ok::<(), selvedge::linearize::IllFormed>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct History<Op, Ret> {
    /// The operations, in any order.
    pub operations: Vec<Operation<Op, Ret>>,
    /// Whether the structure was seen to hang: each pending operation is blocked for ever, and the
    /// specification must have it disabled at the end.
    pub stuck: bool,
}

impl<Op, Ret> History<Op, Ret> {
    /// A history in which pending operations may still return.
    ///
    /// # Errors
    /// If no processes could have done these operations.
    pub fn new(operations: Vec<Operation<Op, Ret>>) -> Result<Self, IllFormed> {
        let history = History { operations, stuck: false };
        history.validate()?;
        Ok(history)
    }

    /// Whether there is nothing to judge: no operation has returned, and the structure was not seen
    /// to hang, so that every structure has this history.
    ///
    /// ```
    /// use selvedge::linearize::specifications::{Queue, QueueOp, QueueRet};
    /// use selvedge::linearize::{Criterion, History, Operation, Verdict, check};
    ///
    /// let op = QueueOp::Enqueue(1);
    /// let called = Operation { process: 0, op, invocation: 1, response: None };
    /// let history: History<_, QueueRet<i64>> = History::new(vec![called])?;
    /// assert!(history.says_nothing());
    /// let verdict = check(&Queue::default(), &history, Criterion::Linearizable, 100);
    /// assert!(matches!(verdict, Verdict::Unknown { .. }));
    /// # Ok::<(), selvedge::linearize::IllFormed>(())
    /// ```
    #[must_use]
    pub fn says_nothing(&self) -> bool {
        let returned = self.operations.iter().any(|operation| operation.response.is_some());
        !returned && (!self.stuck || self.operations.is_empty())
    }

    /// Whether processes that call one operation at a time could have done these operations.
    ///
    /// # Errors
    /// If not: which operation is the first that they could not, and why.
    pub fn validate(&self) -> Result<(), IllFormed> {
        for (operation, one) in self.operations.iter().enumerate() {
            if one.response.as_ref().is_some_and(|(response, _)| *response <= one.invocation) {
                return Err(IllFormed { operation, kind: IllFormedKind::ResponseBeforeInvocation });
            }
        }
        let calls: Vec<u64> = self.operations.iter().map(|one| one.invocation).collect();
        let mut last: HashMap<usize, usize> = HashMap::new(); // each process's last operation
        for operation in order_of(&calls) {
            let one = &self.operations[operation];
            let Some(before) = last.insert(one.process, operation) else { continue };
            if self.operations[before]
                .response
                .as_ref()
                .is_none_or(|(response, _)| *response >= one.invocation)
            {
                return Err(IllFormed { operation, kind: IllFormedKind::Overlap { before } });
            }
        }
        Ok(())
    }
}

/// Why a history is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IllFormed {
    operation: usize,
    kind: IllFormedKind,
}

/// What is wrong with an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum IllFormedKind {
    /// Its response does not come after its invocation.
    ResponseBeforeInvocation,
    /// It is invoked when an operation of the same process has not returned yet.
    Overlap {
        /// That operation's index.
        before: usize,
    },
}

impl IllFormed {
    /// The operation's index.
    #[must_use]
    pub fn operation(&self) -> usize {
        self.operation
    }

    /// What is wrong with it.
    #[must_use]
    pub fn kind(&self) -> IllFormedKind {
        self.kind
    }
}

impl fmt::Display for IllFormed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "operation {} ", self.operation)?;
        match self.kind {
            IllFormedKind::ResponseBeforeInvocation => {
                write!(f, "returns before it is called, or at that moment")
            }
            IllFormedKind::Overlap { before } => {
                write!(f, "is called by a process whose operation {before} has not returned before")
            }
        }
    }
}

impl std::error::Error for IllFormed {}
