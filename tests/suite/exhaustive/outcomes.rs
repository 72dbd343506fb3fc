//! What a model can return, as one explorer sees it.

use selvedge::{Budget, Check, Explorer, Verdict};
use std::collections::BTreeSet;

/// What `model` returned in some execution, and how many there were.
pub(crate) fn outcomes<T: Ord + Send + 'static>(
    explorer: Explorer,
    model: impl Fn() -> T + Send + Sync + 'static,
) -> (BTreeSet<T>, u64) {
    let seen = std::sync::Arc::new(std::sync::Mutex::new(BTreeSet::new()));
    let theirs = std::sync::Arc::clone(&seen);
    // and no clock
    let check = Check::new("outcomes").explorers([explorer]).budget(Budget::executions(5_000));
    let verdict = check.run(move || {
        let outcome = model();
        theirs.lock().unwrap().insert(outcome);
    });
    let Verdict::Holds(coverage) = verdict else { panic!("{explorer}: {verdict:?}") };
    (std::mem::take(&mut *seen.lock().unwrap()), coverage.executions())
}
