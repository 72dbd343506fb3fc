//! What an exploration has seen so far.

use super::again;
use crate::dependence::{both_did_something, met};
use crate::execution::{Ending, Failure, World};
use crate::vocabulary::verdict::{Bound, Kind};
use std::collections::BTreeMap;
use std::panic::Location;
use std::sync::{Arc, Mutex};

/// What an exploration saw.
#[derive(Clone, Debug, Default)]
pub(crate) struct Exploration {
    /// Whole executions, the failing one included.
    pub(crate) executions: u64,
    pub(crate) longest: usize,
    /// Whether in some execution two threads used the same object, and one of them changed it.
    pub(crate) met: bool,
    /// Whether in some execution two threads beside the main one did anything.
    pub(crate) busy: bool,
    /// Whether some execution had a second thread, and whether some had an event.
    pub(crate) started: bool,
    pub(crate) active: bool,
    /// Whether some execution did not offer a thread that had yielded, although it could have gone
    /// on.
    pub(crate) delayed: bool,
    /// Whether some execution had operations of a thread that unwound which were no steps of their
    /// own.
    pub(crate) merged: bool,
    /// Whether one execution was all that there is.
    pub(crate) drained: bool,
    /// What was done in the first execution, under loom.
    pub(super) first: Vec<again::Observed>,
    /// How an execution differed from an equivalent one, if one did.
    pub(crate) unseen: Option<String>,
    /// Where `Arc`s are made that are to be counted, for another exploration.
    pub(super) anew: Vec<&'static Location<'static>>,
    /// Conditions of `sometimes!` that were looked at, and whether they ever were true.
    pub(crate) sometimes: BTreeMap<&'static str, bool>,
    pub(crate) failure: Option<Failure>,
    /// Why it stopped before its end; `None` if the explorer had nothing left.
    pub(crate) cut: Option<Bound>,
    /// How many executions were violated, by kind, if violations are to be counted: else the first
    /// is the end.
    pub(crate) tally: Option<BTreeMap<Kind, u64>>,
}

impl Exploration {
    /// Begins anew.
    pub(super) fn forget(&mut self) {
        let tally = self.tally.as_ref().map(|_| BTreeMap::new());
        *self = Exploration { tally, ..Exploration::default() };
    }

    /// Takes in an execution that is over. Whether the exploration is, too.
    pub(super) fn take(&mut self, world: &mut World, execution: u64) -> bool {
        self.delayed |= world.turns.delayed;
        self.merged |= world.failure.merged;
        for (name, was) in std::mem::take(&mut world.log.sometimes) {
            *self.sometimes.entry(name).or_default() |= was;
        }
        let (trace, ending) = (&world.log.trace, world.ending.take());
        if let Some(Ending::Unknown(Bound::Time(_))) = ending {
            return true; // half an execution counts for nothing
        }
        self.executions += 1;
        self.started |= trace.threads.len() > 1;
        self.active |= !trace.events.is_empty();
        // not looked at any more once they have
        self.met = self.met || met(trace);
        self.busy = self.busy || both_did_something(trace);
        if let Some(Ending::GivenUp) = ending {
            return false;
        }
        self.longest = self.longest.max(trace.events.len());
        if let (Some(tally), Some(Ending::Violation { kind, .. })) = (&mut self.tally, &ending) {
            *tally.entry(*kind).or_default() += 1;
            return false;
        }
        self.failure = ending.map(|ending| Failure::of(world, ending, execution));
        self.failure.is_some()
    }
}

/// The exploration as the engine's closures share it.
pub(super) type Shared = Arc<Mutex<Exploration>>;

pub(super) fn lock(shared: &Shared) -> std::sync::MutexGuard<'_, Exploration> {
    shared.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
