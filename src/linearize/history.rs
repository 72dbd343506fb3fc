//! Histories: operations with their invocations and responses.

use super::entry::order_of;
use std::collections::HashMap;
use std::fmt;

/// One operation of a history.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Operation<Op, Ret> {
    /// The process that called it. A process calls one operation at a time.
    pub process: usize,
    /// The operation with its arguments.
    pub op: Op,
    /// When it was called: a position in an order, in any unit.
    pub invocation: u64,
    /// When it returned and what it returned. `None`: it is pending, and may have taken effect at
    /// any time after its call, or not at all.
    pub response: Option<(u64, Ret)>,
}

/// Operations of several processes, and whether the pending ones can never return.
///
/// An operation precedes another if its response comes before the other's invocation. If both come
/// at the same time, the operations overlap.
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
    /// Whether the structure was seen to hang. Then each pending operation is blocked forever, and
    /// the specification must disable it at the end.
    pub stuck: bool,
}

impl<Op, Ret> History<Op, Ret> {
    /// Creates a history in which pending operations may still return.
    ///
    /// # Errors
    /// If the history is ill-formed: see [`validate`](Self::validate).
    pub fn new(operations: Vec<Operation<Op, Ret>>) -> Result<Self, IllFormed> {
        let history = History { operations, stuck: false };
        history.validate()?;
        Ok(history)
    }

    /// Returns `true` if there is nothing to judge: no operation has returned, and the structure
    /// was not seen to hang. Every structure has this history.
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

    /// Checks that the history is well-formed: each process calls one operation at a time.
    ///
    /// # Errors
    /// If it is not: the first operation that is impossible, and why.
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

/// Why a history is ill-formed.
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
    /// It is invoked before an earlier operation of the same process has returned.
    Overlap {
        /// That operation's index.
        before: usize,
    },
}

impl IllFormed {
    /// Returns the operation's index.
    #[must_use]
    pub fn operation(&self) -> usize {
        self.operation
    }

    /// Returns what is wrong with it.
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
