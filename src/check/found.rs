//! What is reported of a failure: shrunk, with its conflicts and its replay token.

use super::Check;
use crate::counterexample::{Token, conflicts, preemptions};
use crate::execution::{Ending, Engine, FailedExecution, Teller};
use crate::explore::{self, Again, Limits, ModelFn};
use crate::report::{Style, timeline};
use crate::trace::{ObjectKind, Trace};
use crate::verdict::{Bound, Counterexample, Explorer, Kind, Size};
use crate::vocabulary::schedule::{Only, Prefix, Which};
use std::sync::Arc;
use std::sync::atomic::Ordering;

impl Check<'_> {
    /// Returns the shrunk counterexample of a failure.
    pub(super) fn smallest(
        &self,
        explorer: Explorer,
        model: &ModelFn,
        failure: FailedExecution,
    ) -> Result<Counterexample, Bound> {
        let found = self.counterexample(explorer, explorer, failure.clone())?;
        if explorer == Explorer::Threads {
            return Ok(found); // nothing of it is known
        }
        if let Some((by, smaller)) =
            explore::smallest(explorer, model, &self.limits(), &failure, self.settings.shrink)
        {
            let reduced_from = Some(Size {
                stale_reads: found.trace.stale_reads.len(),
                preemptions: found.preemptions,
                events: found.trace.events.len(),
            });
            let smaller = self.counterexample(explorer, by, smaller)?;
            let smaller = Counterexample { reduced_from, execution: found.execution, ..smaller };
            if self.is_replayed(model, &smaller) {
                return Ok(smaller);
            }
        }
        if self.is_replayed(model, &found) {
            return Ok(found);
        }
        // it was seen, and may never be seen again: that is said, and no token promises it
        let caveat = Some(FICKLE.to_string());
        Ok(Counterexample { caveat, replay: String::new(), ..found })
    }

    /// Whether the counterexample's token replays it.
    fn is_replayed(&self, model: &ModelFn, found: &Counterexample) -> bool {
        let Ok(token) = found.replay.parse::<Token>() else { return false };
        if matches!(token.only().which, Which::Execution(number) if number > FAR) {
            // loom would have to run all of those before it: its search is deterministic, as far as
            // the model is
            return true;
        }
        let limits = Limits { executions: None, time: None, again: Again::Never, ..self.limits() };
        let only = Some(token.only().clone());
        let again =
            explore::explore(token.explorer(), Arc::clone(model), &limits, only, &mut |_| {});
        again.failure.is_some_and(|failure| {
            matches!(failure.ending, Ending::Violation { kind, .. } if kind == found.kind)
                && failure.trace.events.len() == found.trace.events.len()
        })
    }

    /// Builds the counterexample that `explorer` found, with a token by which `by` finds it again.
    pub(super) fn counterexample(
        &self,
        explorer: Explorer,
        by: Explorer,
        failure: FailedExecution,
    ) -> Result<Counterexample, Bound> {
        Self::counterexample_of(&self.name, explorer, by, failure)
    }

    /// Returns what draws an execution of this check that ends its process.
    pub(super) fn teller(&self) -> Teller {
        let name = self.name.clone();
        Teller(Arc::new(move |explorer, failure| {
            match Self::counterexample_of(&name, explorer, explorer, failure) {
                Ok(found) => timeline::counterexample(&found, &Style::Plain),
                Err(bound) => format!("unknown: {bound}\n"),
            }
        }))
    }

    fn counterexample_of(
        name: &str,
        explorer: Explorer,
        by: Explorer,
        failure: FailedExecution,
    ) -> Result<Counterexample, Bound> {
        let FailedExecution { ending, trace, schedule, counted, events, execution } = failure;
        let (kind, message, location, conflict) = match ending {
            Ending::Violation { kind, message, location, conflict } => {
                (kind, message, location, conflict)
            }
            Ending::Unknown(bound) => return Err(bound),
            // never a failure: see `Exploration::take`
            Ending::GivenUp | Ending::InVain | Ending::Left { .. } => {
                return Err(Bound::NothingExplored);
            }
        };
        let tried =
            |event: &crate::trace::Event| event.operation == crate::trace::Operation::TryLock;
        if kind == Kind::Deadlock
            && explorer.driver() == Engine::Loom
            && trace.events.iter().any(tried)
        {
            // loom blocks whoever only tries: what it takes for a deadlock may be none
            let operation = "a deadlock where a lock is tried".to_string();
            return Err(Bound::NotModelled { engine: "loom", operation });
        }
        let token = |explorer, which| {
            let only = Only { which, counted, events: Arc::new(events) };
            Token::new(explorer, only, name).to_string()
        };
        let replay = match by.driver() {
            Engine::Std => String::new(),
            Engine::Loom => token(by, Which::Execution(execution)),
            Engine::Shuttle => token(explorer, Which::Schedule(Prefix(schedule))),
        };
        let conflicts = match (conflict, kind) {
            (Some(pair), _) => vec![pair],
            (None, Kind::Panic) => conflicts(&trace),
            (None, _) => Vec::new(),
        };
        let model = name.to_string();
        Ok(Counterexample {
            model,
            kind,
            message,
            location,
            explorer,
            execution,
            preemptions: preemptions(&trace),
            reduced_from: None,
            caveat: caveat(explorer, &trace).or_else(|| reused(kind, &conflicts, &trace)),
            trace,
            conflicts,
            replay,
        })
    }
}

/// Describes a race on memory that is known only by its address, and which an allocator may have
/// reused in between.
fn reused(kind: Kind, conflicts: &[(usize, usize)], trace: &Trace) -> Option<String> {
    let (earlier, later) = *conflicts.first().filter(|_| kind == Kind::DataRace)?;
    let object = trace.objects.get(trace.events.get(later)?.object?.index())?;
    (object.kind == ObjectKind::Memory).then(|| {
        format!(
            "memory is told by its address: if what #{} touched was given back before #{}, and an \
             allocator gave it out again, say selvedge::cell::freed where it is given back",
            earlier + 1,
            later + 1
        )
    })
}

/// What is said of a failure that does not recur.
const FICKLE: &str = "the model is not deterministic: run again by the same schedule, it did not \
                      fail like this. The failure was seen, but no token leads to it";

/// Executions of loom beyond this number are not run again just to confirm the replay.
const FAR: u64 = 1_000;

/// loom treats `SeqCst` accesses as `AcqRel` (its issue 180). The facade's fences around them have
/// removed every known false alarm. Another one would show at a stale `SeqCst` load.
fn caveat(explorer: Explorer, trace: &Trace) -> Option<String> {
    let is_seqcst = |at: &usize| trace.events[*at].operation.ordering() == Some(Ordering::SeqCst);
    let mut stale = (0..trace.events.len()).filter(|at| trace.stale(*at).is_some());
    let first = stale.find(is_seqcst).filter(|_| explorer.driver() == Engine::Loom)?;
    Some(format!(
        "a SeqCst load read an older value (#{}): loom may allow more than the language does",
        first + 1
    ))
}
