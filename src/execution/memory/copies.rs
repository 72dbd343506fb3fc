//! Copies of constants that several threads may use first: where one stands says whose it is.
//!
//! `[const { AtomicUsize::new(0) }; 4]` runs no constructor: the compiler copies bytes. So the
//! first use is the first that is known of such an object. Which thread comes first hangs on the
//! schedule, and the object's identity must not. What two threads share does not move. So the place
//! is the identity: in the value of an `Arc` of ours, or on a green thread's stack. The thread that
//! made the `Arc`, or whose stack it is, has created the object. Elsewhere nothing is known.
//!
//! The copy itself is made in plain memory, which is not seen. In an `Arc` it is older than the
//! `Arc`. On a stack it is newer than the thread: a use that has heard nothing of that thread is a
//! race, and one that has heard too little of it is not found out.

use crate::execution::failure::stack;
use crate::execution::{World, constant};
use crate::vocabulary::trace::ThreadId;
use rustc_hash::FxHashMap;

/// Names of copies begin here among the numbers of what a thread has created.
pub(crate) const COPIES: u32 = 1 << 30;

/// What a copy stands in: the same in each execution in which its thread does the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::execution) enum Within {
    /// The value of the thread's nth `Arc`, so many bytes behind its begin.
    Arc { nth: u32, behind: usize },
    /// The thread's stack, so many bytes below its top.
    Stack { below: usize },
}

/// Where a copy stands, and which of those that have stood there.
pub(in crate::execution) type Place = (Within, u32);

/// A copy of a constant, by the thread that has created it.
#[derive(Clone, Copy, Debug)]
pub(in crate::execution) struct Copied {
    pub(in crate::execution) by: ThreadId,
    /// Its number among that thread's objects.
    pub(in crate::execution) number: u32,
    /// What whoever uses it must know: that this thread's clock stood so.
    pub(in crate::execution) since: (ThreadId, u32),
}

/// How many copies an execution has met at each place of a thread.
#[derive(Debug, Default)]
pub(super) struct Copies(FxHashMap<(ThreadId, Within), u32>);

impl Copies {
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

impl World {
    /// The copy at this address, which nobody has used yet. `None` if its place tells nothing.
    pub(in crate::execution) fn copied_at(&mut self, address: usize) -> Option<Copied> {
        let in_an_arc = self.memory.arcs.within(address);
        let (by, within, since) = in_an_arc.or_else(|| {
            let all = (0..).map(ThreadId).zip(&self.threads);
            let run = all.filter(|(_, state)| !state.finished).map(|(thread, _)| thread);
            let (by, below) = stack::holds(address, run)?;
            Some((by, Within::Stack { below }, (by, 1)))
        })?;
        let met = self.memory.copies.0.entry((by, within)).or_default();
        let number = COPIES | constant::number_of_copy((within, *met));
        *met += 1;
        Some(Copied { by, number, since })
    }
}
