//! Which execution: by what it is found again.

use super::trace::Fingerprint;
use std::sync::Arc;

/// Which execution to run, if only one, and how it went as far as that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Only {
    pub(crate) which: Which,
    /// The places, among those where it makes `Arc`s, at which the counts are steps of its schedule.
    pub(crate) counted: Vec<u32>,
    pub(crate) events: Arc<Fingerprint>,
}

/// By what an execution is found again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    /// On green threads: the choices at the points where there is more than one.
    Schedule(Vec<u32>),
    /// Under loom, whose search is deterministic: the number of the execution.
    Execution(u64),
}
