//! Every inequivalent interleaving once: optimal dynamic partial order reduction.
//!
//! Abdulla, Aronis, Jonsson, Sagonas, "Source Sets: A Foundation for Optimal Dynamic Partial Order
//! Reduction", JACM 64(4), 2017: algorithm "Optimal-DPOR", with wakeup trees. Two executions are
//! equivalent if they differ only in the order of independent steps (Mazurkiewicz). Deviations:
//! * a lock is a step that waits: a release and the acquisition that it enables are no race, and
//!   the reversal of a race between two acquisitions also leaves out whoever holds the lock in
//!   between (`race`);
//! * a compare-exchange that fails, a lock that was tried in vain (unless readers refused a writer)
//!   and a notification that nobody heard are reads: what a step will be in another place is
//!   predicted (`History::predict`);
//! * choices that are not about threads (which waiter a notification wakes) are explored one by
//!   one;
//! * threads that spin are kept back (`spin`).

mod log;
mod names;
mod node;
mod predict;
mod race;
mod search;
mod spin;
mod wakeup;

pub(super) use search::Exhaustive;
