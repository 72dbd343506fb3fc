//! Executions per second: our explorers through the facade, beside raw shuttle and raw loom, on the
//! same programs.
//!
//! Timings of one run mean little, and those of two runs are not comparable: each figure is a
//! median of rounds in which ours and theirs alternate, and only the ratios of one run are worth
//! reading. A ratio of 0.8 says that the facade, its trace and its clocks cost a fifth of the
//! executions. The numbers of executions differ where ours does not offer a blocked thread as a
//! choice, does not repeat what is equivalent, or was capped. Beside `exhaustive` and `dfs` stands
//! shuttle's depth-first search, beside `portfolio` and `random` its random scheduler.
//!
//! An exploration that comes to its end early is repeated until a round has enough executions. A
//! rate is taken from the start of the first execution of an exploration to the start of its last:
//! what it takes to begin an exploration does not count there, and has a table of its own. How long
//! it takes to know the answer is the last table: whole explorations, their beginning and end
//! included.
//!
//! `cargo bench --bench explore -- exhaustive` measures the rates of these explorers only.

use selvedge::{Budget, Check, Explorer, Verdict};
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const ROUNDS: usize = 15;
/// The most executions of one exploration, and the fewest of one measurement.
const MOST: u64 = 2_000;
const SEED: u64 = 7;
const DEPTH: usize = 3;
/// How many times as long as ours a search of theirs may take before it is cut.
const CUT: u32 = 50;

/// The same programs, written on the vocabulary of each crate: so many threads, so many deposits
/// each.
macro_rules! programs {
    ($module:ident, $vocabulary:ident) => {
        mod $module {
            use $vocabulary::sync::atomic::{AtomicU64, Ordering};
            use $vocabulary::sync::{Arc, Condvar, Mutex};
            use $vocabulary::thread;

            pub(crate) fn locked(tellers: usize, deposits: usize) {
                let balance = Arc::new(Mutex::new(0));
                let tellers: Vec<_> = (0..tellers)
                    .map(|_| {
                        let balance = Arc::clone(&balance);
                        thread::spawn(move || {
                            (0..deposits).for_each(|_| *balance.lock().unwrap() += 1)
                        })
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

            /// A buffer with room for one: so many producers, so many items each, and one consumer.
            pub(crate) fn buffer(producers: usize, items: usize) {
                let buffer = Arc::new((Mutex::new(0), Condvar::new(), Condvar::new()));
                let producing: Vec<_> = (0..producers)
                    .map(|_| {
                        let buffer = Arc::clone(&buffer);
                        thread::spawn(move || {
                            let (held, room, filled) = &*buffer;
                            for _ in 0..items {
                                let mut held = held.lock().unwrap();
                                while *held == 1 {
                                    held = room.wait(held).unwrap();
                                }
                                *held = 1;
                                filled.notify_one();
                            }
                        })
                    })
                    .collect();
                let (held, room, filled) = &*buffer;
                for _ in 0..producers * items {
                    let mut held = held.lock().unwrap();
                    while *held == 0 {
                        held = filled.wait(held).unwrap();
                    }
                    *held = 0;
                    room.notify_one();
                }
                producing.into_iter().for_each(|producer| producer.join().unwrap());
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

macro_rules! program {
    ($name:literal, $function:ident($($argument:literal),*)) => {
        Program {
            name: $name,
            ours: || on_selvedge::$function($($argument),*),
            loom: || on_loom::$function($($argument),*),
            shuttle: || on_shuttle::$function($($argument),*),
        }
    };
}

const PROGRAMS: [Program; 6] = [
    program!("locked 2x2", locked(2, 2)),
    program!("locked 3x2", locked(3, 2)),
    program!("locked 3x3", locked(3, 3)),
    program!("unlocked 2x2", unlocked(2, 2)),
    program!("unlocked 3x2", unlocked(3, 2)),
    program!("buffer 2x2", buffer(2, 2)),
];

/// The one whose complete answers are compared.
const ANSWERED: &Program = &PROGRAMS[1];

const EXPLORERS: [Explorer; 6] = [
    Explorer::Exhaustive,
    Explorer::Portfolio { seed: SEED },
    Explorer::Dfs,
    Explorer::Random { seed: SEED },
    Explorer::Pct { seed: SEED, depth: DEPTH },
    Explorer::Loom { preemption_bound: None },
];

/// When the executions of an exploration began: all of them are counted, the first and the last are
/// kept.
#[derive(Clone, Copy, Debug, Default)]
struct Starts {
    count: u64,
    first_and_last: Option<(Instant, Instant)>,
}

/// A program that writes down when its executions begin. Ours and theirs pay the same for that.
#[derive(Clone, Default)]
struct Clocked(Arc<Mutex<Starts>>);

impl Clocked {
    fn program(&self, program: fn()) -> impl Fn() + Send + Sync + 'static {
        let starts = Arc::clone(&self.0);
        move || {
            let now = Instant::now();
            {
                let mut starts = starts.lock().unwrap();
                starts.count += 1;
                let first = starts.first_and_last.map_or(now, |(first, _)| first);
                starts.first_and_last = Some((first, now));
            }
            program();
        }
    }

    fn starts(&self) -> Starts {
        *self.0.lock().unwrap()
    }
}

/// An exploration of ours; whether it came to its end.
fn ours(program: &Program, explorer: Explorer, budget: Budget) -> (Starts, bool) {
    let clocked = Clocked::default();
    let check = Check::new(program.name).explorers([explorer]).budget(budget);
    match check.run(clocked.program(program.ours)) {
        Verdict::Holds(coverage) => (clocked.starts(), coverage.is_exhaustive()),
        other => panic!("{} under {explorer}: {other:?}", program.name),
    }
}

/// The most that a search of theirs may do.
#[derive(Clone, Copy)]
struct Limit {
    executions: Option<u64>,
    time: Option<Duration>,
}

/// An exploration of theirs, with the default configuration but for the limit.
fn theirs(program: &Program, explorer: Explorer, limit: Limit) -> Starts {
    let clocked = Clocked::default();
    let most = limit.executions.map(|most| most as usize);
    if let Explorer::Loom { preemption_bound } = explorer {
        let mut builder = loom::model::Builder::new();
        builder.preemption_bound = preemption_bound;
        builder.max_permutations = most;
        builder.max_duration = limit.time;
        builder.checkpoint_interval = 1; // else it would look at the limits every 20,000 executions
        builder.check(clocked.program(program.loom));
    } else {
        use shuttle::scheduler::{DfsScheduler, PctScheduler, RandomScheduler, Scheduler};

        let endless = most.unwrap_or(usize::MAX);
        let scheduler: Box<dyn Scheduler + Send> = match explorer {
            Explorer::Exhaustive | Explorer::Dfs => Box::new(DfsScheduler::new(most, false)),
            Explorer::Portfolio { seed } | Explorer::Random { seed } => {
                Box::new(RandomScheduler::new_from_seed(seed, endless))
            }
            Explorer::Pct { seed, depth } => {
                Box::new(PctScheduler::new_from_seed(seed, depth, endless))
            }
            other => panic!("{other} is not measured"),
        };
        let mut config = shuttle::Config::default();
        config.max_time = limit.time;
        shuttle::Runner::new(scheduler, config).run(clocked.program(program.shuttle));
    }
    clocked.starts()
}

/// How many executions an exploration had, and how many a second a round of them.
#[derive(Clone, Copy)]
struct Measured {
    executions: u64,
    rate: f64,
}

/// Explores again and again, until there are enough executions for a rate.
fn measure(mut explore: impl FnMut() -> Starts) -> Measured {
    let (mut executions, mut intervals, mut time) = (0, 0, Duration::ZERO);
    while intervals < MOST / 2 {
        let Starts { count, first_and_last: Some((first, last)) } = explore() else {
            panic!("nothing was explored")
        };
        assert!(count > 1, "one execution has no rate");
        executions = count;
        intervals += count - 1;
        time += last - first;
    }
    Measured { executions, rate: intervals as f64 / time.as_secs_f64() }
}

/// The one in the middle.
fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}

/// Medians of rounds in which the two alternate: of the one, of the other, of their ratios. The
/// first round warms up.
fn alternate(mut one: impl FnMut() -> f64, mut other: impl FnMut() -> f64) -> (f64, f64, f64) {
    let rounds: Vec<(f64, f64)> = (0..=ROUNDS).map(|_| (one(), other())).skip(1).collect();
    let of = |f: fn(&(f64, f64)) -> f64| median(rounds.iter().map(f).collect());
    (of(|r| r.0), of(|r| r.1), of(|r| r.0 / r.1))
}

fn rates(explorers: &[Explorer]) {
    println!(
        "Executions a second, from the start of an exploration's first to the start of its last. \
         Medians of"
    );
    println!(
        "{ROUNDS} alternating rounds; short explorations are repeated within a round; \
         at most {MOST} executions each."
    );
    println!(
        "Theirs are raw loom for loom, and raw shuttle for the others: its depth-first search \
         beside exhaustive"
    );
    println!("and dfs, its random scheduler beside portfolio and random.\n");
    println!(
        "| program | explorer | our executions | a second | their executions | a second | ratio |"
    );
    println!("|---|---|---:|---:|---:|---:|---:|");
    for program in &PROGRAMS {
        for &explorer in explorers {
            let (mut our_count, mut their_count) = (0, 0);
            let (us, them, ratio) = alternate(
                || {
                    let Measured { executions, rate } =
                        measure(|| ours(program, explorer, Budget::executions(MOST)).0);
                    our_count = executions;
                    rate
                },
                || {
                    let limit = Limit { executions: Some(MOST), time: None };
                    let Measured { executions, rate } =
                        measure(|| theirs(program, explorer, limit));
                    their_count = executions;
                    rate
                },
            );
            let name = program.name;
            println!(
                "| {name} | {explorer} | {our_count} | {us:.0} | {their_count} | {them:.0} \
                 | {ratio:.2} |"
            );
        }
    }
}

/// What it takes to begin: explorations of a single execution.
fn beginnings() {
    const REPEATED: u32 = 100;
    let seconds = |explore: &mut dyn FnMut()| {
        let start = Instant::now();
        (0..REPEATED).for_each(|_| explore());
        start.elapsed().as_secs_f64() / f64::from(REPEATED)
    };
    println!(
        "\nAn exploration of one execution, its beginning and its end included, in microseconds.\n"
    );
    println!("| program | explorer | ours | theirs |");
    println!("|---|---|---:|---:|");
    for explorer in [Explorer::Exhaustive, Explorer::Loom { preemption_bound: None }] {
        let limit = Limit { executions: Some(1), time: None };
        let (us, them, _) = alternate(
            || seconds(&mut || _ = ours(ANSWERED, explorer, Budget::executions(1))),
            || seconds(&mut || _ = theirs(ANSWERED, explorer, limit)),
        );
        println!("| {} | {explorer} | {:.0} | {:.0} |", ANSWERED.name, us * 1e6, them * 1e6);
    }
}

/// How long a complete answer took, or after how long it was cut.
struct Answer {
    executions: u64,
    time: Duration,
    /// How many times as long as ours, if it was not cut.
    ratio: Option<f64>,
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} | {:.1} | ", self.executions, self.time.as_secs_f64() * 1e3)?;
        match self.ratio {
            Some(ratio) => write!(f, "{ratio:.0}x"),
            None => write!(f, "> {CUT}x (cut)"),
        }
    }
}

/// Every interleaving, from the call to the answer.
fn answers() {
    println!(
        "\nThe complete answer about {}: whole explorations, in milliseconds; theirs are cut at",
        ANSWERED.name
    );
    println!("{CUT} times our time. Ours is the slowest of {ROUNDS}.\n");
    println!("| who | executions | ms | of our time |");
    println!("|---|---:|---:|---:|");
    let whole = |_| {
        let start = Instant::now();
        let (starts, exhaustive) =
            ours(ANSWERED, Explorer::Exhaustive, Budget::executions(u64::MAX));
        assert!(exhaustive, "the answer is not complete");
        (start.elapsed(), starts.count)
    };
    let (ours, executions) = (0..ROUNDS).map(whole).max().expect("some round");
    println!("| exhaustive | {} |", Answer { executions, time: ours, ratio: Some(1.0) });
    for (who, explorer) in [
        ("raw shuttle, dfs", Explorer::Dfs),
        ("raw loom", Explorer::Loom { preemption_bound: None }),
    ] {
        let start = Instant::now();
        let limit = Limit { executions: None, time: Some(ours * CUT) };
        let executions = theirs(ANSWERED, explorer, limit).count;
        let time = start.elapsed();
        // they look at the clock between executions: one that is over it was cut
        let ratio = (time < ours * CUT).then(|| time.as_secs_f64() / ours.as_secs_f64());
        println!("| {who} | {} |", Answer { executions, time, ratio });
    }
}

fn main() {
    // cargo adds `--bench`; whatever else is said is an explorer's name
    let named: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let is_named = |explorer: &Explorer| named.is_empty() || named.contains(&explorer.to_string());
    let explorers: Vec<Explorer> = EXPLORERS.into_iter().filter(is_named).collect();
    assert!(
        !explorers.is_empty(),
        "of {named:?} none is measured: {}",
        EXPLORERS.map(|e| e.to_string()).join(", ")
    );
    rates(&explorers);
    beginnings();
    answers();
}
