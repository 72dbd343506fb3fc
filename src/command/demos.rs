//! The three systems run for real: threads and child processes of the operating system.

use super::outcome::{Answer, Outcome};
use super::progress::Progress;
use super::selection::System;
use selvedge::process::Table;
use selvedge::report::Row;
use selvedge::systems;
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// The result of a demo in one line, or why it is wrong.
type Seen = Result<String, String>;

/// A system that runs for real.
struct Demo {
    system: &'static str,
    /// What it runs.
    name: &'static str,
    /// Threads or processes.
    on: &'static str,
    run: fn() -> Seen,
}

/// One line per system.
const DEMOS: &[Demo] = &[
    Demo { system: "account", name: "deposits", on: "2 threads", run: account },
    Demo { system: "queue", name: "squares", on: "1 child process", run: queue },
    Demo { system: "manager", name: "list-and-dict", on: "4 child processes", run: manager },
];

/// Adds the functions that the demos' child processes run.
pub(crate) fn register(table: Table) -> Table {
    systems::manager::workers(systems::queue::register(table))
}

fn account() -> Seen {
    let balance = systems::account::demo(2, 100_000);
    if balance == 200_000 {
        Ok(balance.to_string())
    } else {
        Err(format!("{balance} instead of 200000"))
    }
}

fn queue() -> Seen {
    let seen = systems::queue::demo().map_err(|error| error.to_string())?;
    if seen.received != [1, 4, 9, 16, 25] {
        return Err(format!("received {:?}", seen.received));
    }
    let drawn: Vec<String> = seen.received.iter().map(u64::to_string).collect();
    Ok(drawn.join(" "))
}

fn manager() -> Seen {
    let seen = systems::manager::demo().map_err(|error| error.to_string())?;
    let numbers: Vec<u64> = (10..=14).chain(20..=24).collect();
    let squares = numbers.iter().map(|n| (*n, n * n)).collect();
    if seen.list != numbers {
        return Err(format!("the list is {:?}", seen.list));
    }
    if seen.dict != squares {
        return Err(format!("the dict is {:?}", seen.dict));
    }
    let drawn: Vec<String> = seen.list.iter().map(u64::to_string).collect();
    let dict: Vec<String> =
        seen.dict.iter().map(|(key, value)| format!("{key}: {value}")).collect();
    Ok(format!("{}; {{{}}}", drawn.join(" "), dict.join(", ")))
}

/// A demo that takes longer hangs: each of them takes well under a second.
const PATIENCE: Duration = Duration::from_secs(60);

/// Every demo, one after another. They share nothing, but child processes are easier to watch one
/// at a time.
pub(crate) fn run_all() -> Vec<Outcome> {
    System::ALL.into_iter().flat_map(run_one).collect()
}

/// One system's demos.
pub(crate) fn run_one(system: System) -> Vec<Outcome> {
    let demos = DEMOS.iter().filter(|demo| demo.system == system.name());
    let outcomes: Vec<Outcome> = demos.map(run).collect();
    if outcomes.is_empty() { vec![Outcome::missing(system.name(), "real run")] } else { outcomes }
}

fn run(demo: &Demo) -> Outcome {
    let (progress, started) = (Progress::new(1), Instant::now());
    progress.starts(&format!("{}/{}", demo.system, demo.name));
    let (sender, receiver) = mpsc::channel();
    let body = demo.run;
    // On its own thread, so that a demo that hangs is a verdict and does not hang the command.
    std::thread::spawn(move || sender.send(body()));
    let seen = match receiver.recv_timeout(PATIENCE) {
        Ok(seen) => seen,
        Err(mpsc::RecvTimeoutError::Disconnected) => Err("it panicked (see above)".to_string()),
        Err(mpsc::RecvTimeoutError::Timeout) => {
            Err(format!("no end after {} s", PATIENCE.as_secs()))
        }
    };
    let (verdict, note, answer) = match seen {
        Ok(seen) => ("holds", seen, Answer::Expected),
        Err(error) => ("violated", error, Answer::Unexpected),
    };
    progress.clear();
    let row = Row {
        system: demo.system.to_string(),
        model: format!("{}/{}", demo.system, demo.name),
        explorer: "real run".to_string(),
        executions: 1,
        coverage: demo.on.to_string(),
        verdict: verdict.to_string(),
        expected: answer == Answer::Expected,
        note,
        took: started.elapsed(),
    };
    Outcome { row, answer, finding: None }
}
