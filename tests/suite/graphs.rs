//! The explorer of graphs: every execution that RC11 allows once, weak memory included.
//!
//! `axioms` says which executions those are, by brute force. More random programs with SOAK=1.

mod again;
mod axioms;
mod compared;
mod counts;
mod drawn;
mod known;
mod litmus;
mod loops;
mod meaning;
mod objects;
mod owners;
mod program;
mod random;
mod refused;
mod robust;
mod sampled;
mod steps;
mod tokens;

use program::{Op, Program, explored};
use selvedge::cell::UnsafeCell;
use selvedge::sync::Arc;
use selvedge::sync::atomic::AtomicUsize;
use selvedge::{Budget, Check, Counterexample, Explorer, Extent, Verdict, thread};
use std::sync::atomic::Ordering::{self, SeqCst};
use steps::allowed;

mod reference {
    use selvedge::{sync, thread};
    include!("../reference/programs.rs");
}

fn check(name: &str) -> Check<'static> {
    Check::new(name).explorers([Explorer::Graphs]).budget(Budget::executions(1_000_000))
}

/// The executions of a model that holds, all that the memory model allows of them seen.
fn executions(name: &str, model: impl Fn() + Send + Sync + 'static) -> u64 {
    match check(name).run(model) {
        Verdict::Holds(coverage) if coverage.runs[0].extent == Extent::Weak => {
            coverage.executions()
        }
        other => panic!("{name}: {other:?}"),
    }
}

fn violated(name: &str, model: impl Fn() + Send + Sync + 'static) -> Counterexample {
    match check(name).run(model) {
        Verdict::Violated(found) => *found,
        other => panic!("{name}: {other:?}"),
    }
}

fn program(locations: usize, threads: &[&[Op]]) -> Program {
    let threads = threads.iter().map(|ops| ops.to_vec()).collect();
    Program { locations, threads, spurious: true }
}

fn load(location: usize, order: Ordering) -> Op {
    Op::Load(location, order)
}

fn store(location: usize, order: Ordering) -> Op {
    Op::Store(location, 1, order)
}

fn add(order: Ordering) -> Op {
    Op::Add(0, 1, order)
}

/// Compares with the number that is known, and with brute force.
fn counts(rows: &[(&str, u64, Program)]) {
    for (name, count, program) in rows {
        let (executions, outcomes) = explored(Explorer::Graphs, program);
        assert_eq!(executions, *count, "{name}: {outcomes:?}");
        if let Some(allowed) = allowed(program, 30_000) {
            assert_eq!((executions, outcomes), allowed, "{name}");
        }
    }
}

const FENCE: Op = Op::Fence(SeqCst);

/// How many programs: few, or many with SOAK=1.
fn soaked(few: u64, many: u64) -> u64 {
    if std::env::var("SOAK").is_ok_and(|soak| soak == "1") { many } else { few }
}

fn spawn_all(threads: usize, body: impl Fn(usize) + Send + Sync + Clone + 'static) {
    let all = (0..threads).map(|i| {
        let body = body.clone();
        thread::spawn(move || body(i))
    });
    all.collect::<Vec<_>>().into_iter().for_each(|t| t.join().unwrap());
}

fn atomics<const N: usize>(value: usize) -> Arc<[AtomicUsize; N]> {
    Arc::new(std::array::from_fn(|_| AtomicUsize::new(value)))
}

/// Plain data that threads share.
struct Plain(UnsafeCell<usize>);

// SAFETY: the explorer checks every access
unsafe impl Sync for Plain {}

impl Plain {
    fn new() -> Plain {
        Plain(UnsafeCell::new(0))
    }

    fn write(&self) {
        // SAFETY: as above
        self.0.with_mut(|data| unsafe { *data += 1 });
    }

    fn read(&self) -> usize {
        // SAFETY: as above
        self.0.with(|data| unsafe { *data })
    }
}

#[test]
fn it_has_a_name_and_an_extent_of_its_own() {
    assert_eq!("graphs".parse(), Ok(Explorer::Graphs));
    assert_eq!(Explorer::Graphs.to_string(), "graphs");
    assert!(Explorer::NAMES.lines().any(|line| line.starts_with("graphs ")));
    assert!(!Explorer::Graphs.samples());
    assert_eq!(Extent::Weak.to_string(), "exhaustive, weak memory included");
}
