//! Models under explorers: which pairs, and their outcomes in a deterministic order.

use super::arguments::{Budget, System};
use super::outcome::Outcome;
use super::output::Output;
use super::worker::{self, Task};
use selvedge::Explorer;
use selvedge::counterexample::{Token, TokenError};
use selvedge::systems::{Model, models};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// Explorers that share one check: the first that finds something ends it.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// What the table calls it.
    pub(crate) label: String,
    pub(crate) explorers: Vec<Explorer>,
}

impl From<Explorer> for Plan {
    fn from(explorer: Explorer) -> Plan {
        Plan { label: explorer.to_string(), explorers: vec![explorer] }
    }
}

impl Plan {
    /// loom for weak memory; on shuttle all of it if that is feasible, and else a portfolio, as no single strategy
    /// finds every bug.
    pub(crate) fn everyday() -> Vec<Plan> {
        vec![
            Plan {
                label: "loom".to_string(),
                explorers: vec![
                    Explorer::Loom { preemption_bound: Some(2) },
                    Explorer::Loom { preemption_bound: None },
                ],
            },
            Plan {
                label: "shuttle".to_string(),
                explorers: vec![Explorer::Exhaustive, Explorer::Portfolio { seed: 0 }],
            },
        ]
    }

    /// Why the model cannot be run by these explorers, if it cannot.
    fn refused(&self, model: &Model) -> Option<&'static str> {
        let refuses = |explorer: &Explorer| model.not_in.iter().find(|(engine, _)| *engine == explorer.engine());
        self.explorers.iter().find_map(refuses).map(|(_, reason)| *reason)
    }
}

/// What to check.
pub(crate) struct Selection {
    pairs: Vec<(Model, Plan)>,
    /// Systems that have no model: they must not look checked.
    without: Vec<&'static str>,
    /// What cannot be checked, and why: `queue/timeout under loom:2: timeouts never fire`.
    pub(crate) skipped: Vec<String>,
    budget: Budget,
}

impl Selection {
    /// Every model under the everyday explorers.
    pub(crate) fn all(budget: Budget) -> Selection {
        let models = models();
        let without = System::ALL.map(System::name).into_iter();
        let without = without.filter(|system| models.iter().all(|model| model.system() != *system)).collect();
        Selection { without, ..Selection::of(&models, &Plan::everyday(), budget) }
    }

    /// The models whose names contain the filter.
    ///
    /// # Errors
    ///
    /// If that leaves nothing to check: an empty run must not look like a passed one.
    pub(crate) fn new(filter: Option<&str>, plans: &[Plan], budget: Budget) -> Result<Selection, String> {
        let filter = filter.unwrap_or_default();
        let chosen: Vec<Model> = models().into_iter().filter(|model| model.name.contains(filter)).collect();
        if chosen.is_empty() {
            return Err(format!("no model's name contains {filter:?}; `selvedge list` lists them"));
        }
        let selection = Selection::of(&chosen, plans, budget);
        if selection.pairs.is_empty() {
            return Err(format!("nothing is left to check: {}", selection.skipped.join("; ")));
        }
        Ok(selection)
    }

    fn of(models: &[Model], plans: &[Plan], budget: Budget) -> Selection {
        let mut selection = Selection { pairs: Vec::new(), without: Vec::new(), skipped: Vec::new(), budget };
        for model in models {
            for plan in plans {
                match plan.refused(model) {
                    Some(reason) => selection.skipped.push(format!("{} under {}: {reason}", model.name, plan.label)),
                    None => selection.pairs.push((*model, plan.clone())),
                }
            }
        }
        selection
    }
}

/// Runs the checks, each in a process of its own and as many at a time as there are processors; the outcomes are in the
/// selection's order.
pub(crate) fn run(selection: &Selection, output: &Output) -> Vec<Outcome> {
    let pairs = &selection.pairs;
    let task = Task::Explore(selection.budget);
    let progress = output.progress(pairs.len());
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
            let outcome = worker::run(model, plan, &task, output.page, |so_far| progress.moves(&what, so_far));
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
    // The scope has joined every thread, and would have panicked had one of them.
    let outcomes = outcomes.into_inner().unwrap_or_else(PoisonError::into_inner).into_iter().flatten();
    outcomes.chain(selection.without.iter().map(|system| Outcome::missing(system, "models"))).collect()
}

/// Runs exactly the execution of a counterexample.
///
/// # Errors
///
/// If the token cannot be read, or is of no model that is built in.
pub(crate) fn replay(text: &str, output: &Output) -> Result<Outcome, String> {
    let token: Token = text.parse().map_err(|error: TokenError| error.to_string())?;
    let model = models().into_iter().find(|model| token.is_for(model.name)).ok_or_else(|| {
        format!("the token is of {:?}, which is not among the models of `selvedge list`", token.model())
    })?;
    let task = Task::Replay(text.to_string());
    Ok(worker::run(&model, &Plan::from(token.explorer()), &task, output.page, |_| {}))
}
