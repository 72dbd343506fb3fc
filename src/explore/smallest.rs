//! The smallest execution of a failure: the fewest preemptions first, then the fewest events.
//!
//! Iterative context bounding (Musuvathi and Qadeer, PLDI 2007): a depth-first search over all
//! schedules with no preemption, then with one, and so on, until the same failure is found. Then
//! the search repeats for executions with fewer events. loom's search has such a bound itself, so
//! there the bound is raised. Of graphs, which have no schedules, the same search is repeated for
//! an execution that is smaller than the last one: in stale reads first, then as above.

use super::again::Again;
use super::exploration::Exploration;
use super::host::explore;
use super::limits::{Limits, ModelFn};
use crate::counterexample::preemptions;
use crate::execution::{Ending, Engine, FailedExecution};
use crate::vocabulary::explorer::{Explorer, MemoryModel};
use crate::vocabulary::trace::Trace;
use crate::vocabulary::verdict::Kind;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The execution limit of each search. A longer search is not worth the wait.
const EXECUTIONS: u64 = 2_000;

/// A smaller execution with the same failure, and the explorer whose token replays it, if one is
/// found in time.
pub(crate) fn smallest(
    explorer: Explorer,
    model: &ModelFn,
    limits: &Limits,
    failure: &FailedExecution,
    time: Duration,
) -> Option<(Explorer, FailedExecution)> {
    let end = Instant::now() + time;
    if explorer.memory() == MemoryModel::Rc11 {
        return smallest_graph(explorer, model, limits, failure, end);
    }
    let search = |preemptions: usize, most_events: Option<usize>| {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return None;
        }
        let (explorer, preemptions) = match explorer.driver() {
            Engine::Loom => (Explorer::Loom { preemption_bound: Some(preemptions) }, None),
            Engine::Shuttle => (Explorer::Dfs, Some(preemptions)),
            Engine::Std => return None, // no strategy chooses
        };
        let executions = Some(EXECUTIONS);
        let again = Again::Never; // the caller has already checked that
        let limits = Limits {
            executions,
            time: Some(left),
            preemptions,
            most_events: most_events.or(limits.most_events),
            again,
            ..limits.clone()
        };
        let Exploration { failure: found, .. } =
            explore(explorer, Arc::clone(model), &limits, None, &mut |_| {});
        found.filter(|found| is_same(&found.ending, &failure.ending)).map(|found| (explorer, found))
    };
    let had = preemptions(&failure.trace);
    let (mut with, mut best) = (had, None);
    for fewer in 0..had {
        best = search(fewer, None);
        if best.is_some() {
            with = fewer;
            break;
        }
    }
    if explorer.driver() != Engine::Shuttle {
        return best;
    }
    loop {
        let events =
            best.as_ref().map_or(failure.trace.events.len(), |(_, best)| best.trace.events.len());
        let Some(fewer) = events.checked_sub(1) else { return best };
        match search(with, Some(fewer)) {
            Some(smaller) => best = Some(smaller),
            None => return best,
        }
    }
}

/// The same for graphs.
fn smallest_graph(
    explorer: Explorer,
    model: &ModelFn,
    limits: &Limits,
    failure: &FailedExecution,
    end: Instant,
) -> Option<(Explorer, FailedExecution)> {
    let (by, executions) = if let Explorer::Weak { seed } = explorer {
        // another seed has other executions
        (Explorer::Weak { seed: seed.wrapping_add(1) }, EXECUTIONS)
    } else {
        // the search is the one that found the failure: before it, there is none
        (explorer, failure.execution + EXECUTIONS)
    };
    let mut best: Option<FailedExecution> = None;
    loop {
        let left = end.saturating_duration_since(Instant::now());
        let smaller = Smaller::than(best.as_ref().unwrap_or(failure)).filter(|_| !left.is_zero());
        let found = smaller.and_then(|smaller| {
            let (time, smaller, again) = (Some(left), Some(smaller), Again::Never);
            let executions = Some(executions);
            let limits = Limits { executions, time, smaller, again, ..limits.clone() };
            explore(by, Arc::clone(model), &limits, None, &mut |_| {}).failure
        });
        match found.filter(|found| matches!(found.ending, Ending::Violation { .. })) {
            Some(found) => best = Some(found),
            None => return best.map(|best| (explorer, best)),
        }
    }
}

/// How an execution failed: the kind, and for a panic the place.
pub(super) fn fault(ending: &Ending) -> Option<(Kind, Option<&str>)> {
    match ending {
        Ending::Violation { kind: Kind::Panic, location, .. } => {
            Some((Kind::Panic, location.as_deref()))
        }
        Ending::Violation { kind, .. } => Some((*kind, None)),
        Ending::Unknown(_) | Ending::GivenUp | Ending::InVain | Ending::Left { .. } => None,
    }
}

/// Which failures are smaller than one of the same kind.
#[derive(Clone, Debug)]
pub(crate) struct Smaller {
    fault: (Kind, Option<String>),
    than: Measure,
}

/// Stale reads, preemptions, events.
type Measure = (usize, usize, usize);

fn measure(trace: &Trace) -> Measure {
    (trace.stale_reads.len(), preemptions(trace), trace.events.len())
}

impl Smaller {
    fn than(failure: &FailedExecution) -> Option<Smaller> {
        let (kind, place) = fault(&failure.ending)?;
        Some(Smaller { fault: (kind, place.map(str::to_string)), than: measure(&failure.trace) })
    }

    /// Whether a failed execution is one of them.
    pub(super) fn includes(&self, ending: &Ending, trace: &Trace) -> bool {
        let (kind, place) = (self.fault.0, self.fault.1.as_deref());
        fault(ending) == Some((kind, place)) && measure(trace) < self.than
    }
}

/// Whether two executions failed in the same way: the same kind, and for a panic the same place.
fn is_same(one: &Ending, other: &Ending) -> bool {
    match (one, other) {
        (
            Ending::Violation { kind, location, .. },
            Ending::Violation { kind: k, location: l, .. },
        ) => kind == k && location == l,
        _ => false,
    }
}
