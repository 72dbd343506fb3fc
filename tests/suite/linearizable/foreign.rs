//! crossbeam's own queues: what was written by others, and runs elsewhere, as subjects on real
//! threads.
//!
//! They are made of std's atomics, so no model sees into them: the clock says when each operation
//! was called and returned.

use super::queue::{Line, Op};
use crossbeam::queue::{ArrayQueue, SegQueue};
use proptest::prelude::*;
use selvedge::Subject;
use selvedge::linearize::specifications::{BoundedQueue, BoundedQueueOp, BoundedQueueRet};

/// For how many values there is room where it is bounded.
pub(crate) const CAPACITY: usize = 2;

/// [`SegQueue`], which has no bound.
pub(crate) struct Unbounded(SegQueue<u8>);

impl Subject for Unbounded {
    type Specification = Line;

    fn new() -> Self {
        Unbounded(SegQueue::new())
    }

    fn call(&self, op: &Op) -> Option<u8> {
        match op {
            Op::Enqueue(value) => {
                self.0.push(*value);
                None
            }
            Op::Dequeue => self.0.pop(),
        }
    }

    fn operations() -> impl Strategy<Value = Op> {
        super::queue::operations()
    }
}

/// The same, and what is taken out is the value that came last.
pub(crate) struct Backwards(Unbounded);

impl Subject for Backwards {
    type Specification = Line;

    fn new() -> Self {
        Backwards(Unbounded::new())
    }

    fn call(&self, op: &Op) -> Option<u8> {
        if let Op::Enqueue(_) = op {
            return self.0.call(op);
        }
        let mut all: Vec<u8> = std::iter::from_fn(|| self.0.0.pop()).collect();
        let last = all.pop();
        all.into_iter().for_each(|value| self.0.0.push(value));
        last
    }

    fn operations() -> impl Strategy<Value = Op> {
        super::queue::operations()
    }
}

/// [`ArrayQueue`], which refuses what it has no room for.
pub(crate) struct Bounded(ArrayQueue<u8>);

impl Subject for Bounded {
    type Specification = BoundedQueue<u8>;

    fn new() -> Self {
        Bounded(ArrayQueue::new(CAPACITY))
    }

    fn call(&self, op: &BoundedQueueOp<u8>) -> BoundedQueueRet<u8> {
        match op {
            BoundedQueueOp::TryEnqueue(value) => {
                self.0.push(*value).map_or(BoundedQueueRet::Full, |()| BoundedQueueRet::Enqueued)
            }
            BoundedQueueOp::TryDequeue => {
                self.0.pop().map_or(BoundedQueueRet::Empty, BoundedQueueRet::Dequeued)
            }
            BoundedQueueOp::Enqueue(_) | BoundedQueueOp::Dequeue | BoundedQueueOp::Close => {
                unreachable!("never drawn")
            }
        }
    }

    fn operations() -> impl Strategy<Value = BoundedQueueOp<u8>> {
        prop_oneof![
            (1..4_u8).prop_map(BoundedQueueOp::TryEnqueue),
            Just(BoundedQueueOp::TryDequeue)
        ]
    }
}
