//! The command: what each subcommand calls and prints.

// Reading order: what one may type, what is checked, what the command says at its end.
mod arguments;
mod checks;
mod demos;
mod exit;
mod histories;
mod knockouts;
mod outcome;
mod output;
mod worker;

use arguments::{Arguments, Command, HistoryCommand};
use checks::{Plan, Selection};
use clap::Parser;
use exit::Exit;
use output::Output;
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

/// The exit code, or what is wrong with the arguments, or with reading and writing.
fn run(arguments: Arguments, output: &Output) -> Result<Exit, String> {
    match arguments.command {
        None => {
            let selection = Selection::all(arguments.budget);
            let mut outcomes = demos::run_all(output);
            outcomes.extend(checks::run(&selection, output));
            output.report(&outcomes, &selection.skipped, output::Draw::OneEachSystem)
        }
        Some(Command::List) => output.list(&selvedge::systems::models()),
        Some(Command::Check { filter, explorers }) => {
            let plans = match &explorers[..] {
                [] => Plan::everyday(),
                _ => explorers.into_iter().map(Plan::from).collect(),
            };
            let selection = Selection::new(filter.as_deref(), &plans, arguments.budget)?;
            let outcomes = checks::run(&selection, output);
            output.report(&outcomes, &selection.skipped, output::Draw::All)
        }
        Some(Command::Knockout { filter, drawn }) => {
            let reports = knockouts::run(filter.as_deref(), arguments.budget, output)?;
            output.knockouts(&reports, drawn)
        }
        Some(Command::History { command: HistoryCommand::Check(request) }) => output.judged(&request),
        Some(Command::Demo { system }) => output.demo(&demos::run_one(system, output)),
        Some(Command::Replay { token }) => {
            let outcome = checks::replay(&token, output)?;
            output.report(&[outcome], &[], output::Draw::All)
        }
    }
}
