//! The systems' knockouts: a group of models for each system, and their reports.

use super::budget::Budget;
use super::progress::Progress;
use super::selection::System;
use selvedge::knockout::{KnockoutReport, Knockouts};
use selvedge::systems::models;
use selvedge::{Config, Expect};

/// Knocks out every synchronisation operation that the chosen models execute.
///
/// # Errors
///
/// If no model that must hold has the filter in its name: an empty run must not look like a passed
/// one.
pub(crate) fn run(filter: Option<&str>, budget: Budget) -> Result<Vec<KnockoutReport>, String> {
    let filter = filter.unwrap_or_default();
    let chosen = models()
        .into_iter()
        .filter(|model| model.expect == Expect::Holds && model.name.contains(filter));
    let chosen: Vec<_> = chosen.collect();
    if chosen.is_empty() {
        return Err(format!(
            "no name of a model that must hold contains {filter:?}; `selvedge list` lists them"
        ));
    }
    let mut reports = Vec::new();
    for system in System::ALL.map(System::name) {
        let models: Vec<_> = chosen.iter().filter(|model| model.system() == system).collect();
        if models.is_empty() {
            continue;
        }
        let progress = Progress::new(1);
        let knockouts =
            models.iter().fold(Knockouts::new(system), |k, model| k.model(model.name, model.body));
        // a replay is a separate command here
        let knockouts =
            knockouts.config(Config::default()).budget(budget.into()).progress(|done, left| {
                progress.counts(&format!("knockouts of {system}"), done, left);
            });
        progress.starts(&format!("models of {system}, as they are"));
        reports.push(knockouts.run());
        progress.clear();
    }
    Ok(reports)
}
