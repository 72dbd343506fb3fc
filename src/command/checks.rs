//! Models under explorers, each pair in its own process. The outcomes have a deterministic order.

use super::outcome::{Outcome, Page};
use super::progress::Progress;
use super::selection::{Plan, Selection};
use super::worker::{self, Task};
use selvedge::counterexample::{Token, TokenError};
use selvedge::systems::models;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// Runs the checks, each in its own process, as many at a time as there are processors. The
/// outcomes are in the selection's order.
pub(crate) fn run(selection: &Selection, page: Page) -> Vec<Outcome> {
    let pairs = &selection.pairs;
    let task = Task::Explore(selection.budget);
    let progress = Progress::new(pairs.len());
    let next = AtomicUsize::new(0);
    let outcomes: Mutex<Vec<Option<Outcome>>> = Mutex::new(pairs.iter().map(|_| None).collect());
    let work = || {
        // Relaxed: the counter hands out places and publishes nothing.
        while let Some((place, (model, plan))) = {
            let place = next.fetch_add(1, Ordering::Relaxed);
            pairs.get(place).map(|pair| (place, pair))
        } {
            let what = format!("{} under {}", model.name, plan.label);
            progress.starts(&what);
            let outcome =
                worker::run(model, plan, &task, page, |so_far| progress.moves(&what, so_far));
            outcomes.lock().unwrap_or_else(PoisonError::into_inner)[place] = Some(outcome);
            progress.ends();
        }
    };
    std::thread::scope(|scope| {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        for _ in 0..processors.min(pairs.len()) {
            scope.spawn(work);
        }
    });
    progress.clear();
    // The scope has joined every thread, and would have panicked if one of them had.
    let outcomes =
        outcomes.into_inner().unwrap_or_else(PoisonError::into_inner).into_iter().flatten();
    outcomes
        .chain(selection.without.iter().map(|system| Outcome::missing(system, "models")))
        .collect()
}

/// Runs exactly the execution of a counterexample.
///
/// # Errors
///
/// If the token cannot be read, or its model is not built in.
pub(crate) fn replay(text: &str, page: Page) -> Result<Outcome, String> {
    let token: Token = text.parse().map_err(|error: TokenError| error.to_string())?;
    let model = models().into_iter().find(|model| token.is_for(model.name)).ok_or_else(|| {
        format!(
            "the token is of {:?}, which is not among the models of `selvedge list`",
            token.model()
        )
    })?;
    let task = Task::Replay(text.to_string());
    Ok(worker::run(&model, &Plan::from(token.explorer()), &task, page, |_| {}))
}
