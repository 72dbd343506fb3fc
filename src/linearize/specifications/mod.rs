//! Sequential specifications of common structures, each with its operations and their results.
//!
//! A value is anything that can be cloned, compared, hashed and printed.

mod bounded_queue;
mod counter;
mod key_value;
mod list;
mod lock;
mod map;
mod priority_queue;
mod queue;
mod readers;
mod recorded;
mod register;
mod set;
mod stack;
mod text;

pub use bounded_queue::{BoundedQueue, BoundedQueueOp, BoundedQueueRet};
pub use counter::{Counter, CounterOp, CounterRet, FetchAdd, FetchAddOp};
pub use key_value::{KeyValue, KeyValueOp, KeyValueRet};
pub use list::{List, ListOp, ListRet};
pub use lock::{Mutex, MutexOp, MutexRet, Semaphore, SemaphoreOp, SemaphoreRet};
pub use map::{Map, MapOp, MapRet};
pub use priority_queue::{PriorityQueue, PriorityQueueOp, PriorityQueueRet};
pub use queue::{Queue, QueueOp, QueueRet};
pub use recorded::Written;
pub use register::{CasRegister, CasRegisterOp, CasRegisterRet, Register, RegisterOp, RegisterRet};
pub use set::{Set, SetOp};
pub use stack::{Stack, StackOp, StackRet};

use std::fmt::Debug;
use std::hash::Hash;

/// A value that a structure holds, with a blanket implementation.
pub trait Value: Clone + Eq + Hash + Debug {}

impl<T: Clone + Eq + Hash + Debug> Value for T {}
