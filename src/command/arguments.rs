//! What one may type.

use super::{exit, histories};
use clap::{ColorChoice, Parser, Subcommand, ValueEnum};
use selvedge::verdict::Explorer;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

/// Races without the lock, correctness with it: three concurrent systems, run for real and explored.
///
/// Without a subcommand: runs the three systems (account, queue, manager) for real, with threads and child processes;
/// then explores every model of them, the correct forms and the broken ones; prints one table, and for each system
/// the interleaving that breaks its broken form.
#[derive(Debug, Parser)]
#[command(name = "selvedge", version, after_help = exit::TABLE, max_term_width = 110)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,

    /// How much each explorer may do with each model: executions (`10000`), time (`500ms`, `30s`), or both
    #[arg(short, long, global = true, default_value_t = EVERYDAY)]
    pub(crate) budget: Budget,

    /// Print one JSON document instead of tables and drawings
    #[arg(long, global = true)]
    pub(crate) json: bool,

    /// Also write the checks as JUnit XML to this file
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,

    /// When to use colours
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: ColorChoice,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the models, and what an explorer must say of each
    List,

    /// Explore models: all of them, or those whose names contain FILTER
    #[command(after_help = exit::TABLE)]
    Check {
        /// A part of the models' names, such as `queue` or `queue/drain`
        filter: Option<String>,

        /// Who chooses the schedules; may be given several times
        ///
        /// exhaustive      every inequivalent interleaving once (sequential consistency), on shuttle
        /// loom            every execution that loom tells apart (weak memory, at most five threads)
        /// loom:2          the same, with at most two preemptions an execution
        /// dfs             every schedule in turn, on shuttle (for tiny models)
        /// portfolio:SEED  the samplers below in turn, on shuttle
        /// pos:SEED        partial order sampling
        /// urw:SEED        the uniform random walk
        /// random:SEED     uniformly random schedules
        /// pct:D:SEED      random priorities that find bugs of depth D
        /// threads         real threads: what they do is not recorded
        ///
        /// Without this option: loom:2 and then loom; and as a second check exhaustive, then portfolio:0 where that is
        /// too much for it.
        #[arg(short, long = "explorer", value_name = "EXPLORER", verbatim_doc_comment)]
        explorers: Vec<Explorer>,
    },

    /// Remove or weaken each synchronisation operation of the models in turn: does any model notice?
    ///
    /// Of all models that must hold, or of those whose names contain FILTER; the models of one system decide together.
    #[command(after_help = exit::TABLE)]
    Knockout {
        /// A part of the models' names, such as `queue` or `queue/drain`
        filter: Option<String>,

        /// Draw each execution that kills a knockout
        #[arg(long)]
        drawn: bool,
    },

    /// Histories that were recorded elsewhere
    History {
        #[command(subcommand)]
        command: HistoryCommand,
    },

    /// Run one of the three systems for real, with threads or child processes
    #[command(after_help = exit::TABLE)]
    Demo {
        /// Which system
        system: System,
    },

    /// Run exactly the execution of a counterexample of one of the models
    #[command(after_help = exit::TABLE)]
    Replay {
        /// What stands behind `SELVEDGE_REPLAY=` under a counterexample
        token: String,
    },
}

/// What can be done with a history.
#[derive(Debug, Subcommand)]
pub(crate) enum HistoryCommand {
    /// Is this history linearizable?
    #[command(after_help = exit::TABLE)]
    Check(histories::Request),
}

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
    /// In the order in which they are explained.
    pub(crate) const ALL: [System; 3] = [System::Account, System::Queue, System::Manager];

    /// As models' names begin.
    pub(crate) fn name(self) -> &'static str {
        match self {
            System::Account => "account",
            System::Queue => "queue",
            System::Manager => "manager",
        }
    }
}

/// How much one check may do. At least one of the two, and none of them zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Budget {
    pub(crate) executions: Option<u64>,
    pub(crate) time: Option<Duration>,
}

/// Unless said otherwise.
pub(crate) const EVERYDAY: Budget = Budget { executions: Some(20_000), time: Some(Duration::from_secs(5)) };

impl From<Budget> for selvedge::Budget {
    fn from(budget: Budget) -> selvedge::Budget {
        match (budget.executions, budget.time) {
            (Some(executions), None) => selvedge::Budget::executions(executions),
            (None, Some(time)) => selvedge::Budget::time(time),
            (Some(executions), Some(time)) => selvedge::Budget::executions(executions).and_time(time),
            (None, None) => selvedge::Budget::default(),
        }
    }
}

/// `10000`, `500ms`, `10000,5s`.
impl std::fmt::Display for Budget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let executions = self.executions.map(|n| n.to_string());
        let time = self.time.map(|time| match time.subsec_millis() {
            0 => format!("{}s", time.as_secs()),
            _ => format!("{}ms", time.as_millis()),
        });
        f.write_str(&[executions, time].into_iter().flatten().collect::<Vec<_>>().join(","))
    }
}

impl FromStr for Budget {
    type Err = String;

    fn from_str(text: &str) -> Result<Budget, String> {
        let mut budget = Budget { executions: None, time: None };
        for part in text.split(',') {
            // The longer unit first: `ms` ends with `s`.
            let (digits, unit) =
                ["ms", "s", "x"].iter().find_map(|unit| Some((part.strip_suffix(unit)?, *unit))).unwrap_or((part, "x"));
            let number: u64 = digits
                .trim()
                .parse()
                .map_err(|e| format!("{part:?} is neither executions (`10000`) nor a time (`500ms`, `30s`): {e}"))?;
            if number == 0 {
                return Err(format!("{part:?} would explore nothing, and a check that explored nothing says nothing"));
            }
            let twice = match unit {
                "x" => budget.executions.replace(number).is_some(),
                "ms" => budget.time.replace(Duration::from_millis(number)).is_some(),
                _ => budget.time.replace(Duration::from_secs(number)).is_some(),
            };
            if twice {
                return Err(format!("{text:?} gives the same bound twice"));
            }
        }
        Ok(budget)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn budgets_are_executions_or_time_or_both() {
        let read = |text: &str| text.parse::<Budget>().map(|budget| (budget.executions, budget.time));
        assert_eq!(read("10000"), Ok((Some(10_000), None)));
        assert_eq!(read("10000x"), Ok((Some(10_000), None)));
        assert_eq!(read("500ms"), Ok((None, Some(Duration::from_millis(500)))));
        assert_eq!(read("7,30s"), Ok((Some(7), Some(Duration::from_secs(30)))));
        for written in ["10000", "500ms", "10000,5s", "1500ms"] {
            assert_eq!(written.parse::<Budget>().expect(written).to_string(), written);
        }
    }

    #[test]
    fn a_budget_of_zero_is_refused_with_a_reason() {
        for zero in ["0", "0s", "0ms", "10,0s"] {
            let error = zero.parse::<Budget>().expect_err(zero);
            assert!(error.contains("explored nothing"), "{error}");
        }
        for wrong in ["", "s", "-1", "1h", "1,2", "1s,2ms", "1,", "99999999999999999999"] {
            wrong.parse::<Budget>().expect_err(wrong);
        }
    }

    #[test]
    fn the_arguments_are_consistent() {
        use clap::CommandFactory;
        Arguments::command().debug_assert();
    }
}
