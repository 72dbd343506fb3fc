//! Every execution graph once, weak memory included.
//!
//! Kokologiannakis, Marmanis, Gladstein, Vafeiadis, "Truly Stateless, Optimal Dynamic Partial Order
//! Reduction", POPL 2022: algorithm "TruSt". The memory model is RC11 (Lahav, Vafeiadis, Kang, Hur,
//! Dreyer, "Repairing Sequential Consistency in C/C++11", PLDI 2017): there is no load buffering.
//! An execution is a graph of events: who reads from whom, and in which order the stores of each
//! object stand. Each consistent graph is reached once. An event that is added reads the newest
//! store or becomes it, which never breaks consistency. What else it could read, where else it
//! could stand, and which earlier reads could read it, are other graphs. Executions in vain are
//! few: those of `sharing.rs`, and of loops. Deviations:
//! * A read-modify-write is one event. If two of them read one store, the graph is inconsistent,
//!   but the revisits of the second are explored all the same: that is how they swap.
//! * A release sequence is C++20's: stores of the same thread do not continue it.
//! * A failed compare-exchange is a load with its failure ordering. A weak one that fails for no
//!   reason is an option of the event, and its first option is the maximal one.
//! * An operation on an object that is no atomic is a function of the object's small state
//!   (`act.rs`): a read-modify-write, a load, or it waits. Where it would read a state in which it
//!   must wait, it is removed from the graph and waits again. What was in the past of a store when
//!   a read was turned to that store is never removed. A thread that waits for an object at the end
//!   of an execution tries all older states. Whatever it read before is then taken by what is never
//!   removed: so nothing is reached twice.
//! * The counts of an `Arc` are such objects, if they matter (`execution/memory/counting.rs`).
//! * Whether a wait ends for no reason, or by its timeout, is a choice that accesses nothing, and
//!   its first option is the maximal one.
//! * Readers of a lock come in no order, unless some thread tries to take it (`sharing.rs`).
//! * A loop that waits for another thread is not unrolled (`loops.rs`): a round that repeats itself
//!   and changes nothing is no part of a graph.
//! * Plain accesses are no events. An access is between two events of its thread, and races are
//!   found by what happens before what.

mod act;
mod announced;
mod consistency;
mod cut;
mod drawing;
mod event;
mod graph;
mod linear;
mod loops;
mod maximal;
mod names;
mod repeat;
mod rounds;
mod sampler;
mod search;
mod sharing;
mod spins;
mod stale;
mod staleness;
mod strategy;

pub(super) use repeat::Repeat;
pub(super) use sampler::Sampler;
pub(super) use strategy::Graphs;
