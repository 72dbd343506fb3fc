//! What a user provides: a structure, its specification, and its operations.

use crate::linearize::Specification;
use proptest::strategy::Strategy;

/// An operation of a subject, with its arguments.
pub type Op<S> = <<S as Subject>::Specification as Specification>::Op;

/// What an operation of a subject returns.
pub type Ret<S> = <<S as Subject>::Specification as Specification>::Ret;

/// A concurrent structure that must behave like a sequential specification.
///
/// It is written on [`sync`](crate::sync), as every model is. See
/// [`linearizable`](super::linearizable()).
pub trait Subject: Send + Sync + Sized + 'static {
    /// The specification. Its initial state must be that of a new subject.
    type Specification: Specification<Op: Send + Sync + 'static, Ret: Send + Sync + 'static>
        + Send
        + Sync
        + 'static;

    /// Creates a subject; called once in each execution.
    fn new() -> Self;

    /// Executes the operation on the calling thread and returns its result.
    fn call(&self, op: &Op<Self>) -> Ret<Self>;

    /// Executes the operation, for structures that must know the calling process. Process 0 runs
    /// what comes before and after the threads; the threads are processes 1, 2 and so on. The
    /// default is [`call`](Subject::call).
    fn call_as(&self, _process: usize, op: &Op<Self>) -> Ret<Self> {
        self.call(op)
    }

    /// Generates operations: few kinds and few values of each, so that threads conflict.
    fn operations() -> impl Strategy<Value = Op<Self>> + 'static;
}
