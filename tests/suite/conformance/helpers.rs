//! What the modules of this suite share: a check of one model by one explorer, whatever the
//! environment says.

use selvedge::{Bound, Budget, Check, Config, Counterexample, Explorer, Kind, Verdict};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

pub(super) const LOOM: Explorer = Explorer::Loom { preemption_bound: None };
pub(super) const DFS: Explorer = Explorer::Dfs;
pub(super) const ENGINES: [Explorer; 2] = [DFS, LOOM];

/// How often a model is explored that once crashed the process.
pub(super) const TIMES: usize = 50;

pub(super) fn check_by(explorer: Explorer, model: impl Fn() + Send + Sync + 'static) -> Verdict {
    check(explorer).run(model)
}

pub(super) fn check(explorer: Explorer) -> Check<'static> {
    let name = std::thread::current().name().unwrap_or("model").to_string();
    let check = Check::new(&name).explorers([explorer]).config(Config::default());
    check.budget(Budget::executions(3_000)).shrink(Duration::ZERO)
}

#[track_caller]
pub(super) fn violated(verdict: Verdict, kind: Kind) -> Counterexample {
    match verdict {
        Verdict::Violated(found) if found.kind == kind => *found,
        other => panic!("to be violated by a {kind}: {}", in_words(&other)),
    }
}

#[track_caller]
pub(super) fn panics(verdict: Verdict, words: &str) -> Counterexample {
    let found = violated(verdict, Kind::Panic);
    assert!(found.message.contains(words), "{words:?} is not in {:?}", found.message);
    found
}

#[track_caller]
pub(super) fn holds(verdict: Verdict) {
    assert!(matches!(verdict, Verdict::Holds(_)), "to hold: {}", in_words(&verdict));
}

#[track_caller]
pub(super) fn unknown(verdict: Verdict) -> Bound {
    match verdict {
        Verdict::Unknown(bound) => bound,
        other => panic!("to be unknown: {}", in_words(&other)),
    }
}

#[track_caller]
pub(super) fn not_modelled(verdict: Verdict, engine: &str, words: &str) {
    match unknown(verdict) {
        Bound::NotModelled { engine: e, operation } if e == engine => {
            assert!(operation.contains(words), "{words:?} is not in {operation:?}")
        }
        other => panic!("not modelled by {engine}: {other:?}"),
    }
}

pub(super) fn in_words(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Holds(coverage) => format!("holds ({coverage})"),
        Verdict::Violated(found) => {
            format!("violated by a {}: {} {:?}", found.kind, found.message, found.location)
        }
        Verdict::Unknown(bound) => format!("unknown: {bound}"),
    }
}

/// Every outcome that the model has under the explorer, which must have explored more than one
/// execution to the end.
#[track_caller]
pub(super) fn outcomes<T: Ord + Send + 'static>(
    explorer: Explorer,
    model: impl Fn() -> T + Send + Sync + 'static,
) -> BTreeSet<T> {
    let seen = Arc::new(Mutex::new(BTreeSet::new()));
    let theirs = Arc::clone(&seen);
    let verdict = check(explorer).budget(Budget::time(Duration::from_secs(30))).run(move || {
        let outcome = model();
        theirs.lock().unwrap().insert(outcome);
    });
    let Verdict::Holds(coverage) = &verdict else { panic!("to hold: {}", in_words(&verdict)) };
    assert!(coverage.executions() > 1, "{coverage}");
    let cut = coverage.runs.iter().any(|run| matches!(run.extent, selvedge::Extent::Bounded(_)));
    assert!(!cut, "{coverage}");
    std::mem::take(&mut *seen.lock().unwrap())
}
