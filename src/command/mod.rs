//! The command: what each subcommand calls and prints.

// The vocabulary. An exit code comes from outcomes, an outcome belongs to a selected check, and a
// check has a budget.
mod budget;
mod exit;
mod outcome;
mod selection;
// The arguments.
mod arguments;
// The subcommands. None of them prints, except for progress on a terminal. Each check has a worker.
mod checks;
mod demos;
mod histories;
mod knockouts;
mod progress;
mod worker;
// The output.
mod output;

use arguments::{Arguments, Command, HistoryCommand};
use clap::Parser;
use exit::Exit;
use output::{Draw, Output};
use selection::{Plan, Selection};
use selvedge::process::Table;
use std::process::ExitCode;

/// The functions that child processes of this command can run.
pub(crate) fn workers() -> Table {
    worker::register(demos::register(Table::new()))
}

/// Runs the command with the process's arguments.
pub(crate) fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let output = Output::new(&arguments);
    let exit = run(arguments, &output).unwrap_or_else(|error| {
        eprintln!("selvedge: {error}");
        Exit::Usage
    });
    exit.into()
}

/// The exit code, or an error in the arguments, in reading or in writing.
fn run(arguments: Arguments, output: &Output) -> Result<Exit, String> {
    if arguments.junit.is_some() && !arguments.command.as_ref().is_none_or(Command::checks) {
        return Err("--junit: this subcommand has no checks to write".to_string());
    }
    match arguments.command {
        None => {
            let selection = Selection::all(arguments.budget);
            let mut outcomes = demos::run_all();
            outcomes.extend(checks::run(&selection, output.page));
            output.report(&outcomes, &selection.skipped, Draw::OneEachSystem)?;
            Ok(Exit::of(&outcomes))
        }
        Some(Command::List) => {
            output.list(&selvedge::systems::models())?;
            Ok(Exit::Expected)
        }
        Some(Command::Check { filter, explorers }) => {
            let plans = match &explorers[..] {
                [] => Plan::everyday(),
                _ => explorers.into_iter().map(Plan::from).collect(),
            };
            let selection = Selection::new(filter.as_deref(), &plans, arguments.budget)?;
            let outcomes = checks::run(&selection, output.page);
            output.report(&outcomes, &selection.skipped, Draw::All)?;
            Ok(Exit::of(&outcomes))
        }
        Some(Command::Knockout { filter, drawn }) => {
            let reports = knockouts::run(filter.as_deref(), arguments.budget)?;
            output.knockouts(&reports, drawn)?;
            Ok(Exit::of_knockouts(&reports))
        }
        Some(Command::History { command: HistoryCommand::Check(request) }) => {
            let judged = histories::judge(&request, arguments.json)?;
            output.text(&judged.text)?;
            Ok(judged.exit)
        }
        Some(Command::Demo { system }) => {
            let outcomes = demos::run_one(system);
            output.demo(&outcomes)?;
            Ok(Exit::of(&outcomes))
        }
        Some(Command::Completions { shell }) => {
            output.text(&arguments::completions(shell))?;
            Ok(Exit::Expected)
        }
        Some(Command::Replay { token }) => {
            // of a pasted line the shell makes several arguments
            let found = token.iter().find(|part| part.starts_with("v1:"));
            let token = found.unwrap_or(&token[0]);
            let outcomes = [checks::replay(token, output.page)?];
            output.report(&outcomes, &[], Draw::All)?;
            Ok(Exit::of(&outcomes))
        }
    }
}
