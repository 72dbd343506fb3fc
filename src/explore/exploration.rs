//! The results of an exploration so far.

use super::again;
use crate::dependence::{both_did_something, met};
use crate::execution::{Ending, FailedExecution, Robustness, World};
use crate::vocabulary::verdict::{Bound, Kind};
use std::collections::BTreeMap;
use std::panic::Location;
use std::sync::{Arc, Mutex};

/// The results of an exploration.
#[derive(Clone, Debug, Default)]
pub(crate) struct Exploration {
    /// Complete executions, including the failing one.
    pub(crate) executions: u64,
    /// Executions that count for nothing: a thread waited in a loop for what it finds in another
    /// one, or they were trials.
    pub(crate) in_vain: u64,
    pub(crate) longest: usize,
    /// Whether two threads used the same object in some execution, and one of them changed it.
    pub(crate) met: bool,
    /// Whether two threads besides the main one did anything in some execution.
    pub(crate) busy: bool,
    /// Whether some execution had a second thread, and whether some execution had an event.
    pub(crate) started: bool,
    pub(crate) active: bool,
    /// Whether some execution did not offer a thread that had yielded, although the thread could
    /// run.
    pub(crate) delayed: bool,
    /// After how many events executions were given up, if they were, and how many.
    pub(crate) given_up: Option<(usize, u64)>,
    /// Whether some execution has left tasks behind that could go on.
    pub(super) left: bool,
    /// Whether virtual time has passed in some execution.
    pub(super) slept: bool,
    /// The most values that a choice of data had, if they were too many to explore each.
    pub(super) many: Option<u32>,
    /// Whether some execution had operations of an unwinding thread that were no steps of their
    /// own.
    pub(crate) merged: bool,
    /// Whether one execution is all there is.
    pub(crate) drained: bool,
    /// The observed operations of the first execution, under loom.
    pub(super) first: Vec<again::Observed>,
    /// How an execution differed from an equivalent one, if one did.
    pub(crate) unseen: Option<String>,
    /// Where the `Arc`s are created that another exploration must count.
    pub(super) anew: Vec<&'static Location<'static>>,
    /// The races of atomics, if they were asked for.
    pub(crate) races: Option<Robustness>,
    /// Conditions of `sometimes!` that were evaluated, and whether they were ever true.
    pub(crate) sometimes: BTreeMap<&'static str, bool>,
    pub(crate) failure: Option<FailedExecution>,
    /// What an explorer of weak memory has no model of, if executions ended there, and how many
    /// did. Then only failures count.
    pub(super) refused: Option<(Bound, u64)>,
    /// Why it was cut. `None` if the explorer had nothing left.
    pub(crate) cut: Option<Bound>,
    /// The number of violating executions by kind, if violations are counted. Otherwise the first
    /// one ends the exploration.
    pub(crate) tally: Option<BTreeMap<Kind, u64>>,
}

/// Whether an exploration ends after an execution.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    Over,
    GoOn,
}

impl Exploration {
    /// Starts again from the beginning.
    pub(super) fn forget(&mut self) {
        let tally = self.tally.as_ref().map(|_| BTreeMap::new());
        let races = self.races.as_ref().map(Robustness::anew);
        *self = Exploration { tally, races, ..Exploration::default() };
    }

    /// There is no model of what comes next: this execution counts for nothing, and others may
    /// fail.
    pub(super) fn refuses(&mut self, world: &mut World) {
        if let Some(Ending::Unknown(bound @ Bound::NotModelled { .. })) = &world.ending {
            self.refused.get_or_insert_with(|| (bound.clone(), 0)).1 += 1;
            world.ending = Some(Ending::InVain);
        }
    }

    /// Why none of its executions will come to its end, as far as one can see.
    pub(super) fn is_in_vain(&self) -> Option<Bound> {
        /// Of so many, one would have.
        const FEW: u64 = 16;
        /// So many are enough, however many have come to their end.
        const MANY: u64 = 100;
        let least = if self.executions == 0 { FEW } else { MANY };
        let refused = self.refused.as_ref().filter(|(_, count)| *count >= least);
        refused.map(|(bound, _)| bound.clone())
    }

    /// Adds a finished execution.
    pub(super) fn take(&mut self, world: &mut World, execution: u64) -> Then {
        if let Some(Ending::InVain) = world.ending {
            self.in_vain += 1;
            return Then::GoOn;
        }
        self.delayed |= world.turns.delayed;
        self.slept |= world.turns.time.has_passed();
        self.many = self.many.max(world.turns.many);
        self.merged |= world.failure.merged;
        for (name, was) in std::mem::take(&mut world.log.sometimes) {
            *self.sometimes.entry(name).or_default() |= was;
        }
        let (trace, ending) = (&world.log.trace, world.ending.take());
        if let Some(Ending::Unknown(Bound::Time(_))) = ending {
            return Then::Over; // half an execution counts for nothing
        }
        self.executions += 1;
        self.started |= trace.threads.len() > 1;
        self.active |= !trace.events.is_empty();
        // not examined any more once they are true
        self.met = self.met || met(trace);
        self.busy = self.busy || both_did_something(trace);
        self.longest = self.longest.max(trace.events.len());
        if let Some(Ending::GivenUp) = ending {
            // without a limit, it was for another reason
            if let Some(most) = world.rules.most_events {
                self.given_up.get_or_insert((most, 0)).1 += 1;
            }
            return Then::GoOn;
        }
        if let Some(Ending::Left { cut }) = ending {
            self.left |= cut;
            return Then::GoOn;
        }
        if let (Some(tally), Some(Ending::Violation { kind, .. })) = (&mut self.tally, &ending) {
            *tally.entry(*kind).or_default() += 1;
            return Then::GoOn;
        }
        self.failure = ending.map(|ending| FailedExecution::of(world, ending, execution));
        if self.failure.is_some() { Then::Over } else { Then::GoOn }
    }
}

/// The exploration as the engine's closures share it.
pub(super) type Shared = Arc<Mutex<Exploration>>;

pub(super) fn lock(shared: &Shared) -> std::sync::MutexGuard<'_, Exploration> {
    shared.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
