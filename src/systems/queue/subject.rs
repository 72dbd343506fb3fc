//! The queue as a subject: one lane behaves like a bounded queue that can be closed.
//!
//! A lane has one producer and one consumer, so threads take turns at each end, under a lock per
//! end. An operation that waits keeps its end. Only the consumer waits here. Otherwise a `close`
//! behind a sender that waits for room would be mistaken for a hang.

use super::fault::Fault;
use super::{Receiver, Sender, bounded_with};
use crate::linearizable::Subject;
use crate::linearize::specifications::{BoundedQueue, BoundedQueueOp, BoundedQueueRet};
use crate::sync::{self, Mutex, MutexGuard, PoisonError};
use proptest::prelude::*;

type Op = BoundedQueueOp<u32>;
type Ret = BoundedQueueRet<u32>;

/// The number of items for which there is room.
pub const CAPACITY: usize = 1;

struct Ends {
    sender: Mutex<Option<Sender<u32>>>,
    receiver: Mutex<Receiver<u32>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Ends {
    fn new(fault: Fault) -> Ends {
        let (local, receiver) = bounded_with(CAPACITY, fault);
        let ends =
            Ends { sender: Mutex::new(Some(Sender::local(local))), receiver: Mutex::new(receiver) };
        sync::name(&ends.sender, "sender's end");
        sync::name(&ends.receiver, "receiver's end");
        ends
    }

    fn call(&self, op: &Op, polls: bool) -> Ret {
        match op {
            Op::Enqueue(item) | Op::TryEnqueue(item) => match &*lock(&self.sender) {
                None => Ret::Closed,
                Some(sender) => sender.try_send(*item).map_or(Ret::Full, |()| Ret::Enqueued),
            },
            Op::Dequeue | Op::TryDequeue => {
                let receiver = lock(&self.receiver);
                if polls && receiver.is_empty() {
                    return Ret::Closed;
                }
                receiver.recv().map_or(Ret::Closed, Ret::Dequeued)
            }
            Op::Close => {
                lock(&self.sender).take();
                Ret::Closed
            }
        }
    }
}

/// Sends if there is room, closes, and receives. Only receiving waits. Its specification is a
/// [`BoundedQueue`] of [`CAPACITY`].
macro_rules! subjects {
    ($($(#[$about:meta])* $name:ident: $fault:expr, polls: $polls:literal;)*) => { $(
        $(#[$about])*
        pub struct $name(Ends);

        impl Subject for $name {
            type Specification = BoundedQueue<u32>;

            fn new() -> Self {
                $name(Ends::new($fault))
            }

            fn call(&self, op: &Op) -> Ret {
                self.0.call(op, $polls)
            }

            fn operations() -> impl Strategy<Value = Op> {
                prop_oneof![(1..3_u32).prop_map(Op::TryEnqueue), Just(Op::Dequeue), Just(Op::Close)]
            }
        }
    )* };
}

subjects! {
    /// The correct queue.
    Drained: Fault::None, polls: false;
    /// A lane seen closed may hold more items than were seen.
    TailBeforeState: Fault::TailBeforeState, polls: false;
    /// Closing does not wake the receiver.
    CloseWithoutWake: Fault::CloseWithoutWake, polls: false;
    /// An item's slot is not published with its position.
    RelaxedPublication: Fault::RelaxedPublication, polls: false;
    /// A consumer that mistakes `is_empty()` for the end of the stream.
    PollIsEmpty: Fault::None, polls: true;
}
