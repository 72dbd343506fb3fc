//! What is said of a failure: made small, with its conflicts and the token that replays it.

use super::Check;
use crate::counterexample::{Token, conflicts, preemptions};
use crate::explore::{self, Failure, Model, Only, Teller, Which};
use crate::report::{Style, timeline};
use crate::runtime::Ending;
use crate::trace::{ObjectKind, Trace};
use crate::verdict::{Bound, Counterexample, Engine, Explorer, Kind, Size};
use std::sync::Arc;
use std::sync::atomic::Ordering;

impl Check<'_> {
    /// The counterexample of a failure, made small.
    pub(super) fn smallest(
        &self,
        explorer: Explorer,
        model: &Model,
        failure: Failure,
    ) -> Result<Counterexample, Bound> {
        let found = self.counterexample(explorer, explorer, failure.clone())?;
        if explorer == Explorer::Threads {
            return Ok(found); // nothing of it is known
        }
        let Some((by, smaller)) = explore::smallest(explorer, model, &self.limits(), &failure, self.shrink) else {
            return Ok(found);
        };
        let reduced_from = Some(Size { preemptions: found.preemptions, events: found.trace.events.len() });
        let execution = found.execution;
        Ok(Counterexample { reduced_from, execution, ..self.counterexample(explorer, by, smaller)? })
    }

    /// What `explorer` found, with a token by which `by` finds it again.
    pub(super) fn counterexample(
        &self,
        explorer: Explorer,
        by: Explorer,
        failure: Failure,
    ) -> Result<Counterexample, Bound> {
        Self::counterexample_of(&self.name, explorer, by, failure)
    }

    /// Draws what an execution of this check did that ends its process.
    pub(super) fn teller(&self) -> Teller {
        let name = self.name.clone();
        Teller(Arc::new(move |explorer, failure| match Self::counterexample_of(&name, explorer, explorer, failure) {
            Ok(found) => timeline::counterexample(&found, &Style::Plain),
            Err(bound) => format!("unknown: {bound}\n"),
        }))
    }

    fn counterexample_of(
        name: &str,
        explorer: Explorer,
        by: Explorer,
        failure: Failure,
    ) -> Result<Counterexample, Bound> {
        let Failure { ending, trace, schedule, counted, events, execution } = failure;
        let (kind, message, location, conflict) = match ending {
            Ending::Violation { kind, message, location, conflict } => (kind, message, location, conflict),
            Ending::Unknown(bound) => return Err(bound),
            Ending::GivenUp => return Err(Bound::NothingExplored), // never a failure: see `Exploration::take`
        };
        let tried = |event: &crate::trace::Event| event.operation == crate::trace::Operation::TryLock;
        if kind == Kind::Deadlock && explorer.driver() == Engine::Loom && trace.events.iter().any(tried) {
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
            Engine::Shuttle => token(explorer, Which::Schedule(schedule)),
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

/// A race of memory that is known by its address only, which an allocator may have given out again in between.
fn reused(kind: Kind, conflicts: &[(usize, usize)], trace: &Trace) -> Option<String> {
    let (earlier, later) = *conflicts.first().filter(|_| kind == Kind::DataRace)?;
    let object = trace.objects.get(trace.events.get(later)?.object?.index())?;
    (object.kind == ObjectKind::Memory).then(|| {
        format!(
            "memory is told by its address: if what #{} touched was given back before #{}, and an allocator gave it out \
             again, say selvedge::cell::freed where it is given back",
            earlier + 1,
            later + 1
        )
    })
}

/// loom takes `SeqCst` accesses for `AcqRel` (its issue 180). The fences that the facade puts around them have removed
/// every false alarm that is known, but a stale `SeqCst` load is where another one would show.
fn caveat(explorer: Explorer, trace: &Trace) -> Option<String> {
    let is_seqcst = |at: &usize| trace.events[*at].operation.ordering() == Some(Ordering::SeqCst);
    let mut stale = (0..trace.events.len()).filter(|at| trace.stale(*at).is_some());
    let first = stale.find(is_seqcst).filter(|_| explorer.driver() == Engine::Loom)?;
    Some(format!("a SeqCst load read an older value (#{}): loom may allow more than the language does", first + 1))
}
