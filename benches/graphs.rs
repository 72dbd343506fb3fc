//! What the explorer of graphs costs: CPU time per execution beside the exhaustive explorer, and
//! beside raw loom; time to a complete answer beside loom; and what an event costs in a long
//! execution.
//!
//! Only the ratios of one run are worth reading. Those of the first table are medians of rounds in
//! which the two alternate, in CPU time of this process. loom is cut, and a ratio with a `>` says
//! so. Each long execution has a process of its own, which says how much memory it has taken.

use rustix::time::{ClockId, clock_gettime};
use selvedge::{Budget, Check, Coverage, Explorer, Verdict};
use std::fmt::Display;
use std::process::Command;
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

/// Programs of weaker orderings, on the vocabulary of each crate.
macro_rules! weak {
    ($module:ident, $vocabulary:ident) => {
        mod $module {
            use $vocabulary::sync::Arc;
            use $vocabulary::sync::atomic::Ordering::{Acquire, Relaxed, Release};
            use $vocabulary::sync::atomic::{AtomicUsize, fence};
            use $vocabulary::thread;

            /// Two threads that each add what the other has, and one that looks.
            pub(crate) fn fib(rounds: usize) {
                let shared = Arc::new([AtomicUsize::new(1), AtomicUsize::new(1)]);
                let threads = (0..3).map(|i| {
                    let shared = Arc::clone(&shared);
                    thread::spawn(move || {
                        if i == 2 {
                            shared[0].load(Acquire);
                            shared[1].load(Acquire);
                            return;
                        }
                        for _ in 0..rounds {
                            let sum = shared[0].load(Acquire) + shared[1].load(Acquire);
                            shared[i].store(sum, Release);
                        }
                    })
                });
                let threads: Vec<_> = threads.collect();
                threads.into_iter().for_each(|thread| thread.join().unwrap());
            }

            /// A writer that writes two halves so many times, and a reader that tries twice.
            pub(crate) fn seqlock(writes: usize) {
                let shared = Arc::new([0; 3].map(AtomicUsize::new));
                let theirs = Arc::clone(&shared);
                let writer = thread::spawn(move || {
                    for nth in 0..writes {
                        theirs[0].store(2 * nth + 1, Relaxed);
                        fence(Release);
                        theirs[1].store(nth + 1, Relaxed);
                        theirs[2].store(nth + 1, Relaxed);
                        theirs[0].store(2 * nth + 2, Release);
                    }
                });
                for _ in 0..2 {
                    let before = shared[0].load(Acquire);
                    let read = [1, 2].map(|half| shared[half].load(Relaxed));
                    fence(Acquire);
                    if before % 2 == 0 && shared[0].load(Relaxed) == before {
                        assert_eq!(read[0], read[1], "torn");
                        break;
                    }
                }
                writer.join().unwrap();
            }
        }
    };
}

weak!(weak_on_selvedge, selvedge);
weak!(weak_on_loom, loom);

/// A program for us, and the same one for loom.
type Answered = (&'static str, fn(), fn());

const ANSWERED: [Answered; 3] = [
    ("fib 2", || weak_on_selvedge::fib(2), || weak_on_loom::fib(2)),
    ("Treiber stack 2x1", || on_selvedge::treiber(2, 1), || on_loom::treiber(2, 1)),
    ("seqlock 2", || weak_on_selvedge::seqlock(2), || weak_on_loom::seqlock(2)),
];

const ROUNDS: usize = 9;
/// Executions of one measurement against the exhaustive explorer, at least.
const ENOUGH: u64 = 3_000;
/// Executions that loom is given for a rate, and how many times as long as ours its answer may
/// take.
const LOOM_MOST: usize = 1_000;
const CUT: u32 = 400;
/// As many threads as loom has, the main one included.
const LOOM_THREADS: usize = 5;
/// Events of a long execution.
const LONG: usize = 20_000;

fn cpu() -> Duration {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
}

fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}

fn explored(
    explorer: Explorer,
    budget: Budget,
    model: impl Fn() + Send + Sync + 'static,
) -> Coverage {
    let check = Check::new("program").explorers([explorer]).spurious(false).again_never();
    match check.max_events(10 * LONG).budget(budget).run(model) {
        Verdict::Holds(coverage) => coverage,
        other => panic!("{explorer}: {other:?}"),
    }
}

/// CPU time of an execution, in microseconds: whole explorations, until there are enough.
fn each(explorer: Explorer, program: fn()) -> (f64, u64) {
    let (start, mut executions, mut last) = (cpu(), 0, 0);
    while executions < ENOUGH {
        last = explored(explorer, Budget::executions(1_000_000), program).executions();
        executions += last;
    }
    ((cpu() - start).as_secs_f64() * 1e6 / executions as f64, last)
}

fn beside_exhaustive() {
    println!(
        "CPU time of an execution, in microseconds. Medians of {ROUNDS} alternating rounds.\n"
    );
    println!("| program | executions | exhaustive | graphs | ratio |");
    println!("|---|---:|---:|---:|---:|");
    for (name, _, program, optimum) in on_selvedge::PROGRAMS.iter().filter(|row| row.3 >= 64) {
        let rounds = (0..=ROUNDS).map(|_| {
            let (exhaustive, _) = each(Explorer::Exhaustive, *program);
            let (graphs, executions) = each(Explorer::Graphs, *program);
            assert_eq!(executions, *optimum, "{name}");
            [exhaustive, graphs, graphs / exhaustive]
        });
        let rounds: Vec<[f64; 3]> = rounds.skip(1).collect(); // the first one warms up
        let [sc, weak, ratio] = [0, 1, 2].map(|of| median(rounds.iter().map(|r| r[of]).collect()));
        println!("| {name} | {optimum} | {sc:.2} | {weak:.2} | {ratio:.2} |");
    }
}

/// How many executions loom had, and in which time.
fn loom_explores(program: fn(), most: Option<usize>, time: Option<Duration>) -> (u64, Duration) {
    let count = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&count);
    let mut builder = loom::model::Builder::new();
    (builder.max_permutations, builder.max_duration) = (most, time);
    builder.max_branches = 100_000;
    builder.checkpoint_interval = 1; // else it would look at the limits every 20,000 executions
    let start = Instant::now();
    builder.check(move || {
        counter.fetch_add(1, Ordering::Relaxed); // one OS thread runs all of them
        program();
    });
    (count.load(Ordering::Relaxed), start.elapsed())
}

fn ours(program: fn()) -> (u64, Duration) {
    let start = Instant::now();
    let coverage = explored(Explorer::Graphs, Budget::executions(1_000_000), program);
    assert!(coverage.is_exhaustive(), "the answer is not complete");
    (coverage.executions(), start.elapsed())
}

fn beside_loom() {
    println!("\nExecutions a second; loom has at most {LOOM_MOST} executions.\n");
    println!("| program | graphs | loom | ratio |");
    println!("|---|---:|---:|---:|");
    let both = on_selvedge::PROGRAMS.iter().zip(on_loom::PROGRAMS);
    for ((name, _, program, _), (.., on_loom, _)) in
        both.filter(|(row, _)| row.1 < LOOM_THREADS && row.3 >= 64)
    {
        let rate = |(executions, time): (u64, Duration)| executions as f64 / time.as_secs_f64();
        let rounds = (0..=ROUNDS / 3).map(|_| {
            let us = rate(ours(*program));
            (us, rate(loom_explores(*on_loom, Some(LOOM_MOST), None)))
        });
        let rounds: Vec<(f64, f64)> = rounds.skip(1).collect();
        let ratio = median(rounds.iter().map(|(us, them)| us / them).collect());
        let [us, them] = [0, 1].map(|of| {
            median(rounds.iter().map(|(us, them)| if of == 0 { *us } else { *them }).collect())
        });
        println!("| {name} | {us:.0} | {them:.0} | {ratio:.1} |");
    }
    println!("\nA complete answer; loom is cut at {CUT} times our time.\n");
    println!("| program | executions | ms | loom's | ms | ratio |");
    println!("|---|---:|---:|---:|---:|---:|");
    for (name, program, on_loom) in ANSWERED {
        let (executions, took) = (0..ROUNDS).map(|_| ours(program)).min_by_key(|r| r.1).unwrap();
        let (theirs, their) = loom_explores(on_loom, None, Some(took * CUT));
        let mark = if their >= took * CUT { "> " } else { "" };
        let [us, them] = [took, their].map(|time| time.as_secs_f64() * 1e3);
        let ratio = them / us;
        println!(
            "| {name} | {executions} | {us:.2} | {mark}{theirs} | {them:.0} | {mark}{ratio:.0} |"
        );
    }
}

/// Two threads whose operations are so many events in all.
fn long(kind: &str, events: usize) -> impl Fn() + Send + Sync + 'static {
    use selvedge::sync::atomic::AtomicUsize;
    use selvedge::sync::{Arc, Mutex};
    use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst};
    let kind = kind.to_string();
    move || {
        let shared = Arc::new(([0, 0].map(AtomicUsize::new), Mutex::new(0)));
        let threads = [0, 1].map(|i| {
            let (kind, shared) = (kind.clone(), Arc::clone(&shared));
            selvedge::thread::spawn(move || {
                let (atomics, lock) = &*shared;
                let both = |stores, loads, nth| {
                    atomics[i].store(nth, stores);
                    atomics[1 - i].load(loads);
                };
                for nth in 0..events / 4 {
                    match &*kind {
                        "Relaxed" => both(Relaxed, Relaxed, nth),
                        "Release, Acquire" => both(Release, Acquire, nth),
                        "SeqCst" => both(SeqCst, SeqCst, nth),
                        "fetch_add" => atomics.iter().for_each(|one| _ = one.fetch_add(1, AcqRel)),
                        _ => *lock.lock().unwrap() += 1,
                    }
                }
            })
        });
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    }
}

/// A long execution or several, in a process that was started for it: its CPU time and its memory,
/// in microseconds and KiB an event of one execution.
fn measure(kind: &str, events: usize, executions: u64) {
    let memory = || {
        let status = std::fs::read_to_string("/proc/self/status").expect("this is Linux");
        let peak = status.lines().find(|line| line.starts_with("VmHWM")).expect("it has a peak");
        peak.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).unwrap_or(f64::NAN)
    };
    // what a process needs at all
    explored(Explorer::Graphs, Budget::executions(1), long(kind, 8));
    let (start, had) = (cpu(), memory());
    explored(Explorer::Graphs, Budget::executions(executions), long(kind, events));
    let micros = (cpu() - start).as_secs_f64() * 1e6 / (events as f64 * executions as f64);
    println!("{micros:.2} | {:.2}", (memory() - had) / events as f64);
}

fn started(kind: &str, events: usize, executions: u64) -> String {
    let exe = std::env::current_exe().expect("it runs");
    let numbers = [events.to_string(), executions.to_string()];
    let output = Command::new(exe).args(["long", kind]).args(numbers).output().expect("it starts");
    String::from_utf8_lossy(&output.stdout).trim().to_string()
}

fn long_executions() {
    let row = |kind: &str, events: usize, executions: u64| {
        let figures: &dyn Display = &started(kind, events, executions);
        println!("| {kind} | {events} | {executions} | {figures} |");
    };
    println!("\nAn event of a long execution.\n");
    println!("| kind | events | executions | µs an event | KiB an event |");
    println!("|---|---:|---:|---:|---:|");
    for kind in ["Relaxed", "Release, Acquire", "SeqCst", "fetch_add", "lock"] {
        row(kind, LONG, 1);
        row(kind, 4 * LONG, 1); // twice as much an event would be quadratic
        row(kind, LONG / 10, 1);
        row(kind, LONG / 10, 1_000); // deep, and much is untried
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, task, kind, events, executions] = &arguments[..]
        && task == "long"
    {
        return measure(kind, events.parse().unwrap(), executions.parse().unwrap());
    }
    beside_exhaustive();
    beside_loom();
    long_executions();
}
