//! Explorers: strategies that choose the schedule of the next execution, one per file.
//!
//! An exploration has an OS thread of its own (`host`). So its panics reach no other thread, and an
//! execution that blocks in something un-modelled can be given up with a report of the place.

mod again;
mod dfs;
mod estimate;
mod exhaustive;
mod exploration;
mod graphs;
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
pub(crate) use limits::{Judge, Limits, ModelFn};
pub(crate) use smallest::smallest;
