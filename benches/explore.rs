//! Executions per second: our explorers through the facade, beside raw shuttle and raw loom, on the same programs.
//!
//! Timings of one run mean little, and those of two runs are not comparable: each figure is a median of rounds in which
//! ours and theirs alternate, and only the ratios of one run are worth reading. A ratio of 0.8 says that the facade,
//! its trace and its clocks cost a fifth of the executions. The numbers of executions differ where ours does not offer
//! a blocked thread as a choice, or was capped.

use selvedge::{Budget, Check, Explorer, Verdict};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

const ROUNDS: usize = 5;
/// The most executions of one measurement.
const MOST: u64 = 2_000;
/// The most time of one measurement of ours; theirs have no such limit, and need none.
const LONGEST: Duration = Duration::from_secs(2);
const SEED: u64 = 7;
const DEPTH: usize = 3;

/// The same programs, written on the vocabulary of each crate: so many threads, so many deposits each.
macro_rules! programs {
    ($module:ident, $vocabulary:ident) => {
        mod $module {
            use $vocabulary::sync::atomic::{AtomicU64, Ordering};
            use $vocabulary::sync::{Arc, Mutex};
            use $vocabulary::thread;

            pub(crate) fn locked(tellers: usize, deposits: usize) {
                let balance = Arc::new(Mutex::new(0));
                let tellers: Vec<_> = (0..tellers)
                    .map(|_| {
                        let balance = Arc::clone(&balance);
                        thread::spawn(move || (0..deposits).for_each(|_| *balance.lock().unwrap() += 1))
                    })
                    .collect();
                tellers.into_iter().for_each(|teller| teller.join().unwrap());
            }

            pub(crate) fn unlocked(tellers: usize, deposits: usize) {
                let balance = Arc::new(AtomicU64::new(0));
                let tellers: Vec<_> = (0..tellers)
                    .map(|_| {
                        let balance = Arc::clone(&balance);
                        thread::spawn(move || {
                            for _ in 0..deposits {
                                // A lost update is not looked at: only the speed is.
                                let seen = balance.load(Ordering::SeqCst);
                                balance.store(seen + 1, Ordering::SeqCst);
                            }
                        })
                    })
                    .collect();
                tellers.into_iter().for_each(|teller| teller.join().unwrap());
            }
        }
    };
}

programs!(on_selvedge, selvedge);
programs!(on_loom, loom);
programs!(on_shuttle, shuttle);

struct Program {
    name: &'static str,
    ours: fn(),
    loom: fn(),
    shuttle: fn(),
}

const PROGRAMS: [Program; 3] = [
    Program {
        name: "locked 2x2",
        ours: || on_selvedge::locked(2, 2),
        loom: || on_loom::locked(2, 2),
        shuttle: || on_shuttle::locked(2, 2),
    },
    Program {
        name: "locked 3x2",
        ours: || on_selvedge::locked(3, 2),
        loom: || on_loom::locked(3, 2),
        shuttle: || on_shuttle::locked(3, 2),
    },
    Program {
        name: "unlocked 2x2",
        ours: || on_selvedge::unlocked(2, 2),
        loom: || on_loom::unlocked(2, 2),
        shuttle: || on_shuttle::unlocked(2, 2),
    },
];

const EXPLORERS: [Explorer; 4] = [
    Explorer::Dfs,
    Explorer::Random { seed: SEED },
    Explorer::Pct { seed: SEED, depth: DEPTH },
    Explorer::Loom { preemption_bound: None },
];

/// How many executions, and how many a second.
#[derive(Clone, Copy)]
struct Measured {
    executions: u64,
    rate: f64,
}

fn measure(run: impl FnOnce() -> u64) -> Measured {
    let start = Instant::now();
    let executions = run();
    assert!(executions > 1, "nothing was explored");
    Measured { executions, rate: executions as f64 / start.elapsed().as_secs_f64() }
}

/// Ours; the number of executions is the one that the verdict tells.
fn ours(program: &Program, explorer: Explorer) -> u64 {
    let budget = Budget::executions(MOST).and_time(LONGEST);
    match Check::new(program.name).explorers([explorer]).budget(budget).run(program.ours) {
        Verdict::Holds(coverage) => coverage.executions(),
        other => panic!("{} under {explorer}: {other:?}", program.name),
    }
}

/// Theirs, with the default configuration; executions are counted by the closure.
fn theirs(program: &Program, explorer: Explorer) -> u64 {
    let count = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&count);
    let counted = move |program: fn()| {
        counter.fetch_add(1, Ordering::Relaxed); // one OS thread runs all of them
        program();
    };
    let most = MOST as usize;
    match explorer {
        Explorer::Loom { preemption_bound } => {
            let mut builder = loom::model::Builder::new();
            builder.preemption_bound = preemption_bound;
            builder.max_permutations = Some(most);
            builder.checkpoint_interval = 1; // else it would look at the limit every 20,000 executions
            let program = program.loom;
            builder.check(move || counted(program));
        }
        _ => {
            use shuttle::scheduler::{DfsScheduler, PctScheduler, RandomScheduler, Scheduler};

            let scheduler: Box<dyn Scheduler + Send> = match explorer {
                Explorer::Dfs => Box::new(DfsScheduler::new(Some(most), false)),
                Explorer::Random { seed } => Box::new(RandomScheduler::new_from_seed(seed, most)),
                Explorer::Pct { seed, depth } => Box::new(PctScheduler::new_from_seed(seed, depth, most)),
                other => panic!("{other} is not measured"),
            };
            let program = program.shuttle;
            shuttle::Runner::new(scheduler, shuttle::Config::default()).run(move || counted(program));
        }
    }
    count.load(Ordering::Relaxed)
}

/// The one in the middle, by its rate.
fn median(mut all: Vec<Measured>) -> Measured {
    all.sort_by(|a, b| a.rate.total_cmp(&b.rate));
    all[all.len() / 2]
}

fn main() {
    println!("medians of {ROUNDS} alternating rounds; theirs are raw loom for loom, and raw shuttle for the others\n");
    println!("| program | explorer | our executions | a second | their executions | a second | ratio |");
    println!("|---|---|---:|---:|---:|---:|---:|");
    for program in &PROGRAMS {
        for explorer in EXPLORERS {
            let (mut us, mut them, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
            for round in 0..=ROUNDS {
                let (ours, theirs) = (measure(|| ours(program, explorer)), measure(|| theirs(program, explorer)));
                // The first round warms up.
                if round > 0 {
                    us.push(ours);
                    them.push(theirs);
                    ratios.push(Measured { executions: 0, rate: ours.rate / theirs.rate });
                }
            }
            let (us, them, ratio) = (median(us), median(them), median(ratios).rate);
            let Program { name, .. } = program;
            println!(
                "| {name} | {explorer} | {} | {:.0} | {} | {:.0} | {ratio:.2} |",
                us.executions, us.rate, them.executions, them.rate
            );
        }
    }
}
