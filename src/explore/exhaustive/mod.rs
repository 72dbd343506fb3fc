//! Every inequivalent interleaving once: optimal dynamic partial order reduction.
//!
//! Abdulla, Aronis, Jonsson, Sagonas, "Source Sets: A Foundation for Optimal Dynamic Partial Order
//! Reduction", JACM 64(4), 2017: algorithm "Optimal-DPOR", with wakeup trees. Two executions are
//! equivalent if they differ only in the order of independent steps (Mazurkiewicz). Deviations:
//! * Acquiring a lock is a step that blocks. A release and the acquisition that it enables are no
//!   race. The reversal of a race between two acquisitions also leaves out the threads that hold
//!   the lock in between (`race`).
//! * A failed compare-exchange, a failed try-lock (unless readers refused a writer) and a
//!   notification without a waiter are reads. What a step will be in another place is predicted
//!   (`StepLog::predict`).
//! * Choices that are not about threads (which waiter a notification wakes) are explored one by
//!   one.
//! * Threads that spin are delayed (`spin`).

mod log;
mod names;
mod node;
mod predict;
mod race;
mod search;
mod spin;
mod wakeup;

pub(super) use search::Exhaustive;
