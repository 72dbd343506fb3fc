//! The selection of checks: which systems, which models, under which explorers.

use super::budget::Budget;
use clap::ValueEnum;
use selvedge::Explorer;
use selvedge::systems::{Model, models};

/// The systems that run for real.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum System {
    /// Two threads, 100,000 deposits each
    Account,
    /// A child process sends the squares of 1 to 5
    Queue,
    /// Child processes fill one shared list and one shared dict, two each
    Manager,
}

impl System {
    /// In the order of their explanation.
    pub(crate) const ALL: [System; 3] = [System::Account, System::Queue, System::Manager];

    /// The prefix of the models' names.
    pub(crate) fn name(self) -> &'static str {
        match self {
            System::Account => "account",
            System::Queue => "queue",
            System::Manager => "manager",
        }
    }
}

/// Explorers that share one check. The first finding ends it.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// Its label in the table.
    pub(crate) label: String,
    pub(crate) explorers: Vec<Explorer>,
}

impl From<Explorer> for Plan {
    fn from(explorer: Explorer) -> Plan {
        Plan { label: explorer.to_string(), explorers: vec![explorer] }
    }
}

impl Plan {
    /// Every interleaving, weak memory if it adds anything, and where that is too much samplers of
    /// both, because no single strategy finds every bug. As a second opinion, loom.
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
                explorers: vec![
                    Explorer::Exhaustive,
                    Explorer::Graphs,
                    Explorer::Weak { seed: 0 },
                    Explorer::Portfolio { seed: 0 },
                ],
            },
        ]
    }

    /// Why these explorers cannot run the model, if they cannot.
    fn refused(&self, model: &Model) -> Option<&'static str> {
        let refuses = |explorer: &Explorer| {
            model.not_in.iter().find(|(engine, _)| *engine == explorer.engine())
        };
        self.explorers.iter().find_map(refuses).map(|(_, reason)| *reason)
    }
}

/// The selected checks.
pub(crate) struct Selection {
    pub(crate) pairs: Vec<(Model, Plan)>,
    /// Systems without a model, which must not look checked.
    pub(crate) without: Vec<&'static str>,
    /// What cannot be checked, and why: `queue/timeout under loom:2: timeouts never fire`.
    pub(crate) skipped: Vec<String>,
    pub(crate) budget: Budget,
}

impl Selection {
    /// Every model under the everyday explorers.
    pub(crate) fn all(budget: Budget) -> Selection {
        let models = models();
        let without = System::ALL.map(System::name).into_iter();
        let without =
            without.filter(|system| models.iter().all(|model| model.system() != *system)).collect();
        Selection { without, ..Selection::of(&models, &Plan::everyday(), budget) }
    }

    /// The models whose names contain the filter.
    ///
    /// # Errors
    ///
    /// If that leaves nothing to check: an empty run must not look like a passed one.
    pub(crate) fn new(
        filter: Option<&str>,
        plans: &[Plan],
        budget: Budget,
    ) -> Result<Selection, String> {
        let filter = filter.unwrap_or_default();
        let chosen: Vec<Model> =
            models().into_iter().filter(|model| model.name.contains(filter)).collect();
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
        let mut selection =
            Selection { pairs: Vec::new(), without: Vec::new(), skipped: Vec::new(), budget };
        for model in models {
            for plan in plans {
                match plan.refused(model) {
                    Some(reason) => selection
                        .skipped
                        .push(format!("{} under {}: {reason}", model.name, plan.label)),
                    None => selection.pairs.push((*model, plan.clone())),
                }
            }
        }
        selection
    }
}
