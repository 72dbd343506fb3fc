//! What holds for every execution of an exploration.

use super::{Engine, Pulse};
use crate::vocabulary::trace::Fingerprint;
use std::panic::Location;
use std::sync::Arc;

/// What holds for every execution of an exploration.
#[derive(Clone)]
pub(crate) struct Rules {
    pub(crate) engine: Engine,
    pub(crate) pulse: Arc<Pulse>,
    /// An execution with more events than this gets nowhere: a livelock.
    pub(crate) max_events: usize,
    /// Whether objects that outlive the execution are a violation.
    pub(crate) leaks: bool,
    /// Whether weak compare-exchanges fail, and waits and parks end, without a cause.
    pub(crate) spurious: bool,
    /// An execution with more events than this is not what is looked for.
    pub(crate) most_events: Option<usize>,
    /// The events of the execution that is run again, if one is: as far as its token has them.
    pub(crate) replays: Option<Arc<Fingerprint>>,
    /// Whether somebody will ask what happened before what.
    pub(crate) judged: bool,
    /// Whose reference counts are steps.
    pub(crate) counted: Counted,
}

/// The places whose `Arc`s are counted.
#[derive(Clone, Debug)]
pub(crate) enum Counted {
    /// By their places in the source.
    Places(Vec<&'static Location<'static>>),
    /// By their order in the one execution that is replayed.
    Nth(Vec<u32>),
}
