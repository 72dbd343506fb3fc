//! The rules for every execution of an exploration.

use super::{Engine, Pulse};
use crate::vocabulary::terms::Terms;
use crate::vocabulary::trace::Fingerprint;
use std::panic::Location;
use std::sync::Arc;

/// The rules for every execution of an exploration.
#[derive(Clone)]
pub(crate) struct Rules {
    pub(crate) engine: Engine,
    pub(crate) pulse: Arc<Pulse>,
    /// An execution with more events than this makes no progress: a livelock.
    pub(crate) max_events: usize,
    pub(crate) terms: Terms,
    /// An execution with more events than this is not the one that is sought.
    pub(crate) most_events: Option<usize>,
    /// The events of the execution that is replayed, if there is one, as far as its token has them.
    pub(crate) replays: Option<Arc<Fingerprint>>,
    /// Whether happens-before will be asked for.
    pub(crate) judged: bool,
    /// Whether the strategy says which store an access reads.
    pub(crate) weak: bool,
    /// The `Arc`s whose reference counts are steps.
    pub(crate) counted: Counted,
}

impl Rules {
    /// Whether threads have no time in common but what happens before what.
    pub(crate) fn is_weak(&self) -> bool {
        match self.engine {
            Engine::Loom => true,
            Engine::Shuttle => self.weak,
            Engine::Std => false,
        }
    }
}

/// The places whose `Arc`s are counted.
#[derive(Clone, Debug)]
pub(crate) enum Counted {
    /// By their places in the source.
    Places(Vec<&'static Location<'static>>),
    /// By their order in the one execution that is replayed. So are the locks whose readers come in
    /// an order: [`World::counted`](super::World::counted).
    Nth(Vec<u32>),
}
