//! One exploration as an engine receives it, and how it reports back.

use super::exploration::Shared;
use super::limits::{Judge, Limits, ModelFn};
use crate::dependence::depends_on_orderings;
use crate::execution::{Counted, Ending, Engine, Pulse, Rules, Sought, World};
use crate::vocabulary::explorer::{Explorer, MemoryModel};
use crate::vocabulary::leaks::Leaks;
use crate::vocabulary::schedule::{Only, Which};
use crate::vocabulary::spurious::Spurious;
use crate::vocabulary::terms::Terms;
use crate::vocabulary::trace::Fingerprint;
use crate::vocabulary::verdict::{Bound, Kind};
use std::panic::Location;
use std::sync::{Arc, mpsc};

/// Everything that an engine needs for an exploration.
pub(super) struct Job {
    pub(super) explorer: Explorer,
    pub(super) model: ModelFn,
    pub(super) limits: Limits,
    pub(super) only: Option<Only>,
    pub(super) pulse: Arc<Pulse>,
}

impl Job {
    /// The bound, if the budget's executions are used up.
    pub(super) fn used_up(&self, executions: u64) -> Option<Bound> {
        self.limits.executions.filter(|most| executions >= *most).map(Bound::Executions)
    }

    /// Lets the judge, if any, examine a finished execution. A recording probe examines it too.
    pub(super) fn judge(&self, world: &mut World) {
        let probe =
            self.limits.probe.as_ref().filter(|_| self.explorer.driver() == Engine::Shuttle);
        let asks = probe
            .filter(|probe| probe.asks_for_watches() && depends_on_orderings(&world.log.trace));
        asks.into_iter().for_each(|probe| probe.found_watch());
        let Some(Judge(judge)) = &self.limits.judge else { return };
        world.log.fingerprint = Some(Fingerprint::of(&world.log.trace));
        match world.ending {
            // who reads again what it is reading is at a place, and not stuck
            Some(Ending::Violation { kind: Kind::Deadlock, location: Some(_), .. }) => {}
            None | Some(Ending::Violation { kind: Kind::Deadlock | Kind::Livelock, .. }) => {
                judge(self.explorer, world)
            }
            Some(_) => {}
        }
    }

    /// Whether the search tells if weak memory adds anything. It does not if violated executions,
    /// which end early, count as explored.
    pub(super) fn sought_races(&self) -> Option<Sought> {
        let asks = self.explorer == Explorer::Exhaustive && self.only.is_none();
        (asks && !self.limits.past_violations).then_some(Sought::All)
    }

    /// The rules for every execution on this engine. `places` are where the counted `Arc`s are
    /// created.
    pub(super) fn rules(&self, engine: Engine, places: &[&'static Location<'static>]) -> Rules {
        let counted = match &self.only {
            Some(Only { which: Which::Schedule(_), counted, .. }) => Counted::Nth(counted.clone()),
            _ => Counted::Places(places.to_vec()),
        };
        let terms = self.limits.terms;
        Rules {
            counted,
            engine,
            pulse: Arc::clone(&self.pulse),
            max_events: self.limits.max_events,
            terms: Terms {
                leaks: if engine == Engine::Std { Leaks::Allowed } else { terms.leaks },
                // loom has no model of it
                spurious: if engine == Engine::Shuttle { terms.spurious } else { Spurious::None },
                ..terms
            },
            most_events: self.limits.most_events.filter(|_| engine == Engine::Shuttle),
            replays: self.only.as_ref().map(|only| Arc::clone(&only.events)),
            judged: self.limits.judge.is_some(),
            weak: self.explorer.memory() == MemoryModel::Rc11,
        }
    }

    pub(super) fn time_is_up(&self) -> Option<Bound> {
        self.pulse.asked_to_stop().then(|| Bound::Time(self.limits.time.unwrap_or_default()))
    }
}

/// A job for a host, and the channel for its completion.
pub(super) struct Assignment {
    pub(super) job: Arc<Job>,
    pub(super) shared: Shared,
    pub(super) done: mpsc::Sender<Fit>,
}

impl Assignment {
    /// Reports that the exploration is over.
    pub(super) fn done(self, fit: Fit) {
        let Assignment { job, shared, done } = self;
        drop((job, shared)); // the model's captures are dropped before the waiting thread continues
        let _ = done.send(fit); // no thread waits any more if it was given up
    }
}

/// Whether a host can take another order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fit {
    Yes,
    No,
}
