//! The command-line arguments.

use super::budget::{Budget, EVERYDAY};
use super::exit;
use super::selection::System;
use clap::{Args, ColorChoice, CommandFactory, Parser, Subcommand, ValueEnum};
use selvedge::verdict::Explorer;
use std::path::PathBuf;

/// Races without the lock, correctness with it: three concurrent systems, run for real and
/// explored.
///
/// Without a subcommand: runs the three systems (account, queue, manager) for real, with threads
/// and child processes; then explores every model of them, the correct forms and the broken ones;
/// prints one table, and for each system the interleaving that breaks its broken form.
#[derive(Debug, Parser)]
#[command(name = "selvedge", version, after_help = exit::TABLE, max_term_width = 110)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,

    /// How much each explorer may do with each model: executions (`10000`, `100k`), time (`500ms`,
    /// `1.5s`, `2m`), or both
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

const EXPLORERS: &str = "Who chooses the schedules; may be given several times";

/// The long help about explorers.
fn explorers() -> String {
    let default = "Without this option: exhaustive, then graphs unless weak memory adds nothing, \
                   then weak:0 and portfolio:0\nwhere that is too much; and as a second opinion \
                   loom:2 and then loom.";
    format!("{EXPLORERS}\n\n{}\n\n{default}", Explorer::NAMES)
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

        #[arg(short, long = "explorer", value_name = "EXPLORER")]
        #[arg(help = EXPLORERS, long_help = explorers())]
        explorers: Vec<Explorer>,
    },

    /// Remove or weaken each synchronisation operation of the models in turn: does any model
    /// notice?
    ///
    /// Of all models that must hold, or of those whose names contain FILTER; the models of one
    /// system decide together.
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
        /// What stands behind `replay:` under a counterexample, or its token alone
        #[arg(value_parser = token, num_args = 1.., value_name = "TOKEN")]
        token: Vec<String>,
    },

    /// Print what completes this command's arguments in a shell
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
}

impl Command {
    /// Whether its outcome is one of checks.
    pub(crate) fn checks(&self) -> bool {
        match self {
            Command::Check { .. } | Command::Demo { .. } | Command::Replay { .. } => true,
            Command::List
            | Command::Knockout { .. }
            | Command::History { .. }
            | Command::Completions { .. } => false,
        }
    }
}

/// What completes the command's arguments in this shell.
pub(crate) fn completions(shell: clap_complete::Shell) -> String {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "selvedge", &mut text);
    String::from_utf8_lossy(&text).into_owned()
}

/// The token of a line as it stands under a counterexample.
fn token(text: &str) -> Result<String, std::convert::Infallible> {
    let text = text.trim();
    let behind = text.split_once("SELVEDGE_REPLAY=").map_or(text, |(_, behind)| behind);
    Ok(behind.split_whitespace().next().unwrap_or_default().to_string())
}

/// What can be done with a history.
#[derive(Debug, Subcommand)]
pub(crate) enum HistoryCommand {
    /// Is this history linearizable?
    #[command(after_help = exit::TABLE)]
    Check(Request),
}

/// What may be asked about a file.
#[derive(Debug, Args)]
pub(crate) struct Request {
    /// The history, one operation a line; `-` for standard input
    ///
    /// {"process":0,"op":"enqueue","arg":7,"ret":null,"call":1,"return":5}
    ///
    /// call and return are places in one order, in any unit; without "return", or with null, the
    /// operation is pending: it may have taken effect, at any time after its call. Structures with
    /// keys also have "key":"...".
    #[arg(verbatim_doc_comment)]
    pub(crate) file: PathBuf,

    /// What the structure is
    #[arg(long, value_name = "NAME", value_enum)]
    pub(crate) spec: Spec,

    /// What is asked of the history
    #[arg(long, value_enum, default_value = "linearizable")]
    pub(crate) criterion: Asked,

    /// What it begins with: a register's value, a bounded queue's capacity, a semaphore's permits
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    pub(crate) initial: Option<i64>,

    /// How many configurations the search may look at
    #[arg(long, default_value_t = 10_000_000)]
    pub(crate) configurations: u64,

    /// Draw the operations that fail, and those that come before them
    #[arg(long)]
    pub(crate) explain: bool,

    /// Draw the history on a page for a browser, which needs nothing else
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
}

/// The ready-made specifications, by their operations.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Spec {
    /// enqueue, dequeue (null: empty)
    Queue,
    /// enqueue, try_enqueue, dequeue, try_dequeue, close; needs --initial
    BoundedQueue,
    /// push, pop (null: empty)
    Stack,
    /// insert, pop_max (null: empty)
    PriorityQueue,
    /// read, write
    Register,
    /// read, write, cas
    CasRegister,
    /// increment, read
    Counter,
    /// fetch_add
    FetchAdd,
    /// add, remove, contains
    Set,
    /// append, read
    List,
    /// insert, remove, get, by key
    Map,
    /// put, append, get of strings, by key
    Kv,
    /// lock, try_lock, unlock
    Mutex,
    /// acquire, try_acquire, release; needs --initial
    Semaphore,
}

/// The criteria, as they are typed.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Asked {
    /// Each operation takes effect between its call and its return
    Linearizable,
    /// Each process's operations take effect in its order
    SequentiallyConsistent,
    /// Operations that a quiet moment separates take effect in that order
    QuiescentlyConsistent,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_found_in_the_line_that_is_pasted() {
        for line in [
            "v1:exhaustive:0-1:account/unlocked",
            "SELVEDGE_REPLAY=v1:exhaustive:0-1:account/unlocked",
            "replay: SELVEDGE_REPLAY=v1:exhaustive:0-1:account/unlocked cargo test",
            "SELVEDGE_REPLAY=v1:exhaustive:0-1:account/unlocked cargo test a::b -- --exact",
            " v1:exhaustive:0-1:account/unlocked\n",
        ] {
            assert_eq!(token(line).unwrap(), "v1:exhaustive:0-1:account/unlocked", "{line}");
        }
    }

    #[test]
    fn the_arguments_are_consistent() {
        Arguments::command().debug_assert();
    }
}
