//! The report of an execution that was cut short.

use super::Ending;
use crate::execution::World;
use crate::vocabulary::explorer::Explorer;
use crate::vocabulary::trace::{Fingerprint, Trace};
use std::sync::Arc;

/// An execution that was cut short.
#[derive(Clone, Debug)]
pub(crate) struct FailedExecution {
    pub(crate) ending: Ending,
    pub(crate) trace: Trace,
    pub(crate) schedule: Vec<u32>,
    /// As in [`Only`](crate::vocabulary::schedule::Only).
    pub(crate) counted: Vec<u32>,
    pub(crate) events: Fingerprint,
    /// Its number, from 1.
    pub(crate) execution: u64,
}

impl FailedExecution {
    /// The failure of a finished execution.
    pub(crate) fn of(world: &mut World, ending: Ending, execution: u64) -> FailedExecution {
        let events =
            world.log.fingerprint.take().unwrap_or_else(|| Fingerprint::of(&world.log.trace));
        let counted = world.counted();
        let (trace, schedule) =
            (std::mem::take(&mut world.log.trace), std::mem::take(&mut world.turns.schedule));
        FailedExecution { ending, trace, schedule, counted, events, execution }
    }
}

/// Renders an execution that ends its process, with the token that replays it.
#[derive(Clone)]
pub(crate) struct Teller(pub(crate) Arc<Tell>);

type Tell = dyn Fn(Explorer, FailedExecution) -> String + Send + Sync;

impl std::fmt::Debug for Teller {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad("Teller")
    }
}
