//! Executions to a complete answer: the reference programs under our exhaustive explorer, shuttle's
//! depth-first search and loom, side by side.
//!
//! A `>` says that the engine was cut there and had not finished. The numbers of executions are
//! exact; the times are of one run each, and only the ratio of two rows that are far apart means
//! anything. loom refuses more than five threads.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

mod on_selvedge {
    use selvedge::{sync, thread};
    include!("../tests/reference/programs.rs");
}
mod on_loom {
    use loom::{sync, thread};
    include!("../tests/reference/programs.rs");
}
mod on_shuttle {
    use shuttle::{sync, thread};
    include!("../tests/reference/programs.rs");
}

/// The most executions of shuttle, and of loom, which is slower.
const SHUTTLE_MOST: usize = 100_000;
const LOOM_MOST: usize = 10_000;
/// As many threads as loom has, the main one included.
const LOOM_THREADS: usize = 5;

/// What one engine did with one program.
struct Answer {
    executions: u64,
    complete: bool,
    took: Duration,
}

impl Answer {
    fn in_words(&self) -> String {
        let mark = if self.complete { "" } else { "> " };
        format!("{mark}{} ({mark}{:.2?})", self.executions, self.took)
    }
}

/// Runs an engine that returns nothing: the program counts its executions itself.
fn counted(
    most: usize,
    program: fn(),
    engine: impl FnOnce(Box<dyn Fn() + Send + Sync>),
) -> Option<Answer> {
    let count = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&count);
    let start = Instant::now();
    let run = AssertUnwindSafe(|| {
        engine(Box::new(move || {
            counter.fetch_add(1, Ordering::Relaxed); // one OS thread runs all of them
            program();
        }));
    });
    catch_unwind(run).ok()?;
    let executions = count.load(Ordering::Relaxed);
    // loom stops one short of its limit
    Some(Answer { executions, complete: executions + 1 < most as u64, took: start.elapsed() })
}

fn ours(program: fn()) -> Answer {
    let start = Instant::now();
    let check = selvedge::Check::new("reference")
        .explorers([selvedge::Explorer::Exhaustive])
        .spurious(false);
    match check.budget(selvedge::Budget::executions(1_000_000)).run(program) {
        selvedge::Verdict::Holds(coverage) => Answer {
            executions: coverage.executions(),
            complete: coverage.is_exhaustive(),
            took: start.elapsed(),
        },
        other => panic!("{other:?}"),
    }
}

fn shuttles(program: fn()) -> Option<Answer> {
    counted(SHUTTLE_MOST, program, |program| {
        let scheduler = shuttle::scheduler::DfsScheduler::new(Some(SHUTTLE_MOST), false);
        shuttle::Runner::new(scheduler, shuttle::Config::default()).run(program);
    })
}

fn looms(program: fn()) -> Option<Answer> {
    counted(LOOM_MOST, program, |program| {
        let mut builder = loom::model::Builder::new();
        builder.max_permutations = Some(LOOM_MOST);
        builder.max_branches = 100_000;
        builder.checkpoint_interval = 1; // else it would look at the limit every 20,000 executions
        builder.check(program);
    })
}

fn main() {
    println!("| program | optimum | selvedge, exhaustive | loom | shuttle, depth first |");
    println!("|---|---:|---:|---:|---:|");
    let engines = on_loom::PROGRAMS.iter().zip(on_shuttle::PROGRAMS);
    for ((name, threads, program, optimum), (on_loom, on_shuttle)) in
        on_selvedge::PROGRAMS.iter().zip(engines)
    {
        let ours = ours(*program);
        let in_words = |answer: Option<Answer>| {
            answer.map_or("refused".to_string(), |answer| answer.in_words())
        };
        // it would abort this process
        let loom = if *threads < LOOM_THREADS { looms(on_loom.2) } else { None };
        let (loom, shuttle) = (in_words(loom), in_words(shuttles(on_shuttle.2)));
        println!("| {name} | {optimum} | {} | {loom} | {shuttle} |", ours.in_words());
        assert!(ours.complete && ours.executions == *optimum, "{name}: not the optimum");
    }
}
