//! Which operations depend on each other, and what follows from it: the order of a trace, what it
//! published, which threads met.
//!
//! The search, the histories and the knockouts all ask this module, so that they agree.

mod effect;
mod met;
mod order;
mod orderings;

pub(crate) use effect::{Act, Effect};
pub(crate) use met::{both_did_something, met};
pub(crate) use order::known;
pub(crate) use orderings::depends_on_orderings;
