//! What a user brings: a structure, what it is to behave like, and its operations.

use crate::linearize::Specification;
use proptest::strategy::Strategy;

/// An operation of a subject, with its arguments.
pub type Op<S> = <<S as Subject>::Specification as Specification>::Op;

/// What an operation of a subject returns.
pub type Ret<S> = <<S as Subject>::Specification as Specification>::Ret;

/// A concurrent structure that is to behave like a sequential specification.
///
/// It is written on [`sync`](crate::sync), as every model is. See
/// [`linearizable`](super::linearizable()).
pub trait Subject: Send + Sync + Sized + 'static {
    /// What it is to behave like. Its state at the beginning must be that of a new subject.
    type Specification: Specification<Op: Send + Sync + 'static, Ret: Send + Sync + 'static>
        + Send
        + Sync
        + 'static;

    /// Makes one; called once in each execution.
    fn new() -> Self;

    /// Does the operation, on the thread that calls it, and returns what it returned.
    fn call(&self, op: &Op<Self>) -> Ret<Self>;

    /// The same, for structures that must know who calls: process 0 does what comes before and
    /// after the threads, the threads are processes 1, 2 and so on. Unless written, it is
    /// [`call`](Subject::call).
    fn call_as(&self, _process: usize, op: &Op<Self>) -> Ret<Self> {
        self.call(op)
    }

    /// Makes operations: few kinds, and few values of each, so that threads get into each other's
    /// way.
    fn operations() -> impl Strategy<Value = Op<Self>> + 'static;
}
