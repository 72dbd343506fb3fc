//! One check in its own process: its request, and the report if it gives no answer.
//!
//! Whatever ends that process (a panic in a destructor during unwinding, a stack overflow, a lack
//! of memory) ends one row of the report, and not the report.

use super::budget::{Budget, EVERYDAY};
use super::outcome::{Outcome, Page};
use super::selection::Plan;
use selvedge::process::handle::Handle;
use selvedge::process::{Table, Worker, WorkerError, WorkerHandle};
use selvedge::systems::{Model, models};
use selvedge::{Check, Config, Progress};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::os::fd::OwnedFd;
use std::time::Instant;

/// The name of the worker's function.
const CHECK: &str = "check";

/// The task for a model.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Task {
    /// Explore it within this budget.
    Explore(Budget),
    /// Run the execution of this token.
    Replay(String),
}

/// The request to a process. It uses names, because the process has its own models and explorers.
#[derive(Debug, Serialize, Deserialize)]
struct Order {
    model: String,
    label: String,
    explorers: Vec<String>,
    task: Task,
    page: Page,
    /// Receives a line of progress from time to time.
    progress: Handle,
}

/// Adds the worker's function.
pub(crate) fn register(table: Table) -> Table {
    table.function(CHECK, check)
}

/// Runs a task in its own process. Calls `progress` from time to time with the progress in words.
pub(crate) fn run(
    model: &Model,
    plan: &Plan,
    task: &Task,
    page: Page,
    progress: impl FnMut(&str),
) -> Outcome {
    let started = Instant::now();
    let mut outcome = ask(model, plan, task, page, progress)
        .unwrap_or_else(|why| Outcome::lost(model, plan, &why, alone(model, plan, task)));
    outcome.row.took = started.elapsed();
    outcome
}

/// How to run a check without the others.
fn alone(model: &Model, plan: &Plan, task: &Task) -> Option<String> {
    let Task::Explore(budget) = task else { return None };
    let mut words = format!("to run it alone: selvedge check {}", model.name);
    words.extend(plan.explorers.iter().map(|explorer| format!(" --explorer {explorer}")));
    if *budget != EVERYDAY {
        words += &format!(" --budget {budget}");
    }
    Some(words)
}

/// The process's answer, or why there is none.
fn ask(
    model: &Model,
    plan: &Plan,
    task: &Task,
    page: Page,
    mut progress: impl FnMut(&str),
) -> Result<Outcome, String> {
    let (lines, theirs) =
        std::io::pipe().map_err(|error| format!("there is no pipe for its process: {error}"))?;
    let order = Order {
        model: model.name.to_string(),
        label: plan.label.clone(),
        explorers: plan.explorers.iter().map(ToString::to_string).collect(),
        task: task.clone(),
        page,
        progress: OwnedFd::from(theirs).into(),
    };
    let ended = |error: WorkerError| format!("its process {}", error.failure());
    let worker: WorkerHandle<Outcome> = Worker::spawn(CHECK, &order).map_err(ended)?;
    // From now on only the worker holds the other end of the pipe, and the lines end when the
    // worker does.
    drop(order);
    for line in BufReader::new(lines).lines().map_while(Result::ok) {
        progress(&line);
    }
    worker.join().map_err(ended)
}

/// The worker's function.
fn check(order: Order) -> Outcome {
    let model = models()
        .into_iter()
        .find(|model| model.name == order.model)
        .expect("one program, one list of models");
    let explorers =
        order.explorers.iter().map(|explorer| explorer.parse().expect("an explorer's own words"));
    let plan = Plan { label: order.label, explorers: explorers.collect() };
    let check =
        Check::new(model.name).explorers(plan.explorers.iter().copied()).expect(model.expect);
    let check = match order.task {
        // regardless of the environment: a replay is a separate command here
        Task::Explore(budget) => check.budget(budget.into()).config(Config::default()),
        Task::Replay(token) => {
            check.config(Config { replay: Some(token), failures: None, explorers: None })
        }
    };
    let mut lines = File::from(OwnedFd::from(order.progress));
    let tell = |so_far| {
        if lines.write_all(words(so_far).as_bytes()).is_err() {
            // the command is gone, and nothing else waits for the result
            std::process::exit(1);
        }
    };
    let verdict = check.progress(tell).run(model.body);
    Outcome::of(&model, &plan, &verdict, order.page)
}

/// `execution 17 of about 90`, as a line.
fn words(so_far: Progress) -> String {
    let of =
        so_far.estimate.map(|estimate| format!(" of about {}", estimate.max(so_far.executions)));
    format!("execution {}{}\n", so_far.executions, of.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::super::outcome::Answer;
    use super::*;
    use selvedge::report::Style;

    // This test's `main` is no `worker_main`, so no worker can be started here.
    #[test]
    fn a_check_without_an_answer_is_unknown_and_says_how_to_run_it_alone() {
        let model = models()[0];
        let page = Page { style: Style::Plain, columns: 80 };
        let run = |task| {
            run(&model, &Plan::everyday()[0], &task, page, |line| {
                panic!("nobody works, and yet: {line}")
            })
        };
        let Outcome { row, answer, finding } =
            run(Task::Explore(Budget { time: None, ..EVERYDAY }));
        assert_eq!(
            (answer, row.expected, finding.is_none()),
            (Answer::Unknown, false, true),
            "{row:?}"
        );
        assert!(row.verdict.starts_with("unknown: its process was not started: "), "{row:?}");
        let alone = format!(
            "selvedge check {} --explorer loom:2 --explorer loom --budget 20000",
            model.name
        );
        assert!(row.note.ends_with(&alone), "{row:?}");
        let replayed = run(Task::Replay("v1:dfs:0:any".to_string()));
        assert_eq!(
            (replayed.answer, replayed.row.note),
            (Answer::Unknown, format!("expected: {}", model.expect))
        );
    }
}
