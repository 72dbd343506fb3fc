//! Which operations depend on each other, and what follows: the order of a trace, what it
//! published, who met.
//!
//! The search, histories and knockouts ask here, so that they mean the same.

mod effect;
mod met;
mod order;
mod orderings;

pub(crate) use effect::{Act, Effect};
pub(crate) use met::{both_did_something, met};
pub(crate) use order::known;
pub(crate) use orderings::hangs_on_orderings;
