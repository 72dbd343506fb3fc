//! Checks whether a history is linearizable. Pure: no clock, no thread, no environment.
//!
//! ```
//! use selvedge::linearize::specifications::{Queue, QueueOp, QueueRet};
//! use selvedge::linearize::{Criterion, History, Operation, Verdict, check};
//!
//! // P0 |-----| enqueue(1)  |-----| dequeue -> 2
//! // P1         |-----| enqueue(2)
//! let operation = |process, op, invocation, ret, returned| {
//!     Operation { process, op, invocation, response: Some((returned, ret)) }
//! };
//! let history = History::new(vec![
//!     operation(0, QueueOp::Enqueue(1), 1, QueueRet::Enqueued, 2),
//!     operation(1, QueueOp::Enqueue(2), 3, QueueRet::Enqueued, 5),
//!     operation(0, QueueOp::Dequeue, 4, QueueRet::Dequeued(Some(2)), 6),
//! ])?;
//! let verdict = check(&Queue::default(), &history, Criterion::Linearizable, 1_000);
//! let Verdict::Violated(why) = verdict else { panic!("1 was in the queue before 2") };
//! assert_eq!(why.smallest, [0, 1, 2]);
//! # Ok::<(), selvedge::linearize::IllFormed>(())
//! ```

mod entry;
mod explain;
mod history;
mod lookahead;
mod monitors;
mod order;
mod part;
mod reader;
mod search;
mod specification;
pub mod specifications;
mod under;
mod verdict;

use entry::Entry;
pub(crate) use entry::order_of;

pub(crate) use order::{MOST, Precedence};

pub use history::{History, IllFormed, IllFormedKind, Operation};
pub use reader::{LONGEST, Lines, Mismatch, ReadError, ReadErrorKind, Recorded, read};
pub use specification::{Specification, key};
#[doc(hidden)]
pub use under::check_under;
pub use verdict::{Explanation, Method, Verdict, Witness};

/// The criterion that a history must meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Criterion {
    /// Each operation takes effect at one point between its invocation and its response (Herlihy
    /// and Wing, TOPLAS 1990).
    Linearizable,
    /// Each process's operations take effect in program order; the real time between processes is
    /// ignored (Lamport 1979).
    SequentiallyConsistent,
    /// Operations separated by a moment without any pending operation take effect in that order
    /// (Aspnes, Herlihy and Shavit 1994).
    QuiescentlyConsistent,
}

/// Checks a history against a specification with the initial state `initial`. Visits at most
/// `configurations` configurations.
///
/// If a polynomial-time test applies, it decides what is too long or too hard for the search. There
/// are tests for queues, stacks, priority queues, sets, registers, lists and counters whose values
/// occur once. With a budget of 0, only these tests decide.
///
/// The history is split by [`Specification::key`] where that is sound. Each part is checked by
/// itself, in rounds of growing budgets and other search orders, so that no hard part hides another
/// that is easily refuted.
///
/// In a stuck history no pending operation has taken effect, and each is disabled at the end, all
/// of them after the same order. (Line-Up asks this of each pending operation by itself, with the
/// others left out. If a pending operation might have taken effect, nothing could ever be said
/// against a structure that hangs.)
///
/// A history that [says nothing](History::says_nothing) is `Unknown`: every structure has it.
///
/// # Panics
/// If the history is ill-formed: see [`History::validate`].
pub fn check<S: Specification>(
    initial: &S,
    history: &History<S::Op, S::Ret>,
    criterion: Criterion,
    configurations: u64,
) -> Verdict {
    let parts = parts(history, criterion);
    if history.says_nothing() {
        return Verdict::Unknown { configurations: 0 };
    }
    part::check(initial, parts, criterion, configurations)
        .unwrap_or_else(|failure| Verdict::Violated(explain::explain(initial, criterion, failure)))
}

/// Returns the verdict of [`check`] without an explanation; `None` if it is not known. Faster for a
/// history that fails.
///
/// # Panics
/// If the history is ill-formed: see [`History::validate`].
pub fn decide<S: Specification>(
    initial: &S,
    history: &History<S::Op, S::Ret>,
    criterion: Criterion,
    configurations: u64,
) -> Option<bool> {
    let parts = parts(history, criterion);
    if history.says_nothing() {
        return None;
    }
    match part::check(initial, parts, criterion, configurations) {
        Ok(Verdict::Unknown { .. }) => None,
        Ok(verdict) => Some(verdict.holds()),
        Err(_) => Some(false),
    }
}

fn parts<S: Specification>(
    history: &History<S::Op, S::Ret>,
    criterion: Criterion,
) -> Vec<Vec<Entry<'_, S>>> {
    if let Err(why) = history.validate() {
        panic!("ill-formed history: {why}");
    }
    entry::parts(entry::entries::<S>(history, criterion), criterion)
}
