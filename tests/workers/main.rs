//! All tests that start this same program again: as a worker, as a victim, or as a program that
//! forgot its workers.

mod last_words;
mod manager;
mod process;
mod queue;

use libtest_mimic::Arguments;
use selvedge::process::{Table, worker_main};
use std::process::ExitCode;

/// What the workers of all these tests can run.
fn table() -> Table {
    manager::register(queue::register(process::register(Table::new())))
}

fn main() -> ExitCode {
    // children that are no workers
    process::forgetful_main();
    if last_words::is_victim() {
        return ExitCode::SUCCESS;
    }
    worker_main(&table());
    let trials = [process::trials(), queue::trials(), manager::trials(), last_words::trials()];
    libtest_mimic::run(&Arguments::from_args(), trials.into_iter().flatten().collect()).exit_code()
}
