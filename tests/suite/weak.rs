//! The bugs of weak memory that Rust's crates have had, as small models, each beside its corrected
//! form.
//!
//! A broken form is found in one of its first executions. What it breaks says who else can see it.
//! Data in atomics is stale only where memory is weak: every interleaving of such a model holds.
//! Data in a cell is raced for in some interleaving, too, because clocks follow the declared
//! orderings. The numbers of executions were counted by hand, from the axioms of RC11.

mod counted;
mod deque;
mod initialised;
mod notified;
mod published;
mod read_write;
mod reclaimed;
mod registry;
mod ring;
mod sequence;
mod token;

use selvedge::cell::UnsafeCell;
use selvedge::sync::atomic::{AtomicUsize, fence};
use selvedge::{Budget, Check, Counterexample, Counts, Explorer, Extent, Kind, Verdict, thread};
use std::collections::BTreeMap;
use std::sync::atomic::Ordering::{self, Relaxed};
use std::time::Duration;

/// A broken form is found within so many executions.
const FEW: u64 = 20;

/// Where executions are sampled, it is found within so many, whatever the seed.
const SAMPLES: u64 = 500;

/// What a user's check is: it finds the broken forms, and lets the corrected ones pass.
fn check(name: &str) -> Check<'static> {
    Check::new(name).budget(Budget::executions(10_000))
}

/// All that the memory model allows.
fn graphs(name: &str) -> Check<'static> {
    Check::new(name).explorers([Explorer::Graphs]).budget(Budget::executions(10_000))
}

/// All interleavings, and nothing that is weak.
fn interleavings(name: &str) -> Check<'static> {
    Check::new(name).explorers([Explorer::Exhaustive]).budget(Budget::executions(10_000))
}

/// A model that holds nothing: one explorer after the other runs it.
trait Model: Fn() + Send + Sync + Copy + 'static {}

impl<F: Fn() + Send + Sync + Copy + 'static> Model for F {}

fn finds(check: Check, kind: Kind, model: impl Model) -> Counterexample {
    match check.run(model) {
        Verdict::Violated(found) => {
            assert_eq!(found.kind, kind, "{found:?}");
            assert!(found.execution <= FEW, "{found:?}");
            *found
        }
        other => panic!("{other:?}"),
    }
}

/// Random executions find it, too.
fn samples(name: &str, kind: Kind, model: impl Model) {
    for seed in 0..4 {
        let check = Check::new(name).explorers([Explorer::Weak { seed }]).shrink(Duration::ZERO);
        match check.budget(Budget::executions(SAMPLES)).run(model) {
            Verdict::Violated(found) if found.kind == kind => {
                let is_drawn = kind == Kind::DataRace || !found.trace.stale_reads.is_empty();
                assert!(is_drawn, "{name}, {seed}: {found:?}");
            }
            other => panic!("{name}, {seed}: {other:?}"),
        }
    }
}

/// The model is broken, and no interleaving shows it. Of all its executions, so many are broken.
fn only_weak(name: &str, (kind, broken, all): (Kind, u64, u64), model: impl Model) {
    let found = finds(check(name), kind, model);
    assert_eq!(found.explorer, Explorer::Graphs, "{name}");
    let is_drawn = kind == Kind::DataRace || !found.trace.stale_reads.is_empty();
    assert!(is_drawn, "{name}: {found:?}");
    let violations = BTreeMap::from([(kind, broken)]);
    let expected = Counts { executions: all, violations, extent: Extent::Weak };
    assert_eq!(graphs(name).count(model), Ok(expected), "{name}");
    let verdict = interleavings(name).run(model);
    let none = matches!(&verdict, Verdict::Holds(coverage) if coverage.is_exhaustive());
    assert!(none, "{name}: {verdict:?}");
    samples(name, kind, model);
}

/// The model races for a cell, and some interleaving shows it.
fn races(name: &str, model: impl Model) {
    let _ = finds(check(name), Kind::DataRace, model);
    let _ = finds(interleavings(name), Kind::DataRace, model);
    samples(name, Kind::DataRace, model);
}

/// The model holds in so many executions, all that the memory model allows of them seen.
fn holds(name: &str, executions: u64, model: impl Model) {
    let verdict = check(name).run(model);
    let Verdict::Holds(coverage) = &verdict else { panic!("{name}: {verdict:?}") };
    assert!(coverage.is_weak(), "{name}: {coverage}");
    let expected = Counts { executions, violations: BTreeMap::new(), extent: Extent::Weak };
    assert_eq!(graphs(name).count(model), Ok(expected), "{name}");
    let sampled = graphs(name).explorers([Explorer::Weak { seed: 0 }]);
    let verdict = sampled.budget(Budget::executions(SAMPLES)).run(model);
    assert!(matches!(verdict, Verdict::Holds(_)), "{name}: {verdict:?}");
}

/// Runs both at once: the first one in a thread of its own.
fn beside<A: Send, B>(one: impl FnOnce() -> A + Send, other: impl FnOnce() -> B) -> (A, B) {
    thread::scope(|s| {
        let one = s.spawn(one);
        let other = other();
        (one.join().unwrap(), other)
    })
}

/// A fence, if there is one.
fn fence_if(order: Option<Ordering>) {
    order.into_iter().for_each(fence);
}

/// What is read and changed where a lock, a count or a token says that it may be.
trait Data: Sync {
    fn new() -> Self;
    fn get(&self) -> usize;
    fn set(&self, value: usize);
}

/// Plain data that threads share.
struct Plain(UnsafeCell<usize>);

// SAFETY: the explorers check every access
unsafe impl Sync for Plain {}

impl Data for Plain {
    fn new() -> Plain {
        Plain(UnsafeCell::new(0))
    }

    #[track_caller]
    fn get(&self) -> usize {
        // SAFETY: as above
        self.0.with(|data| unsafe { *data })
    }

    #[track_caller]
    fn set(&self, value: usize) {
        // SAFETY: as above
        self.0.with_mut(|data| unsafe { *data = value });
    }
}

impl Data for AtomicUsize {
    fn new() -> AtomicUsize {
        AtomicUsize::new(0)
    }

    #[track_caller]
    fn get(&self) -> usize {
        self.load(Relaxed)
    }

    #[track_caller]
    fn set(&self, value: usize) {
        self.store(value, Relaxed);
    }
}
