//! Explorers: who chooses the schedule of the next execution, one a file.
//!
//! An exploration runs on an OS thread that it has for itself (`host`), so that its panics reach
//! nobody, and an execution that blocks in something un-modelled can be given up with a word about
//! where.

mod again;
mod dfs;
mod estimate;
mod exhaustive;
mod exploration;
mod host;
mod job;
mod limits;
mod loom;
mod pct;
mod portfolio;
mod pos;
mod random;
mod replay;
mod running;
mod shuttle;
mod smallest;
mod threads;
mod walk;

pub(crate) use again::Again;
pub(crate) use exploration::Exploration;
pub(crate) use host::explore;
pub use limits::Progress;
pub(crate) use limits::{Judge, Limits, Model};
pub(crate) use smallest::smallest;
