//! Executions of weak memory that are run again: the same stores are read, and nothing differs
//! unless the model does.

use super::program::whole;
use super::random::{Kind as Programs, random};
use super::{atomics, check};
use selvedge::sync::Arc;
use selvedge::sync::atomic::AtomicUsize;
use selvedge::{Bound, Extent, Verdict, thread};
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

#[test]
fn every_execution_of_random_programs_is_the_same_again() {
    let mut executions = 0;
    for (kind, size) in [(Programs::Atomics, 6), (Programs::SeqCst, 6), (Programs::Locks, 5)] {
        for seed in 0..40 {
            let program = random(&mut fastrand::Rng::with_seed(seed), kind, size);
            let check = check("program").leaks(false).again_always();
            let counts = check.count(whole(program.clone(), drop));
            let counts = counts.unwrap_or_else(|why| panic!("{program:?}: {why}"));
            assert_eq!(counts.extent, Extent::Weak, "{program:?}");
            executions += counts.executions;
        }
    }
    assert!(executions > 400, "{executions}");
}

/// Exclusive borrows between operations ask for the newest store, too.
#[test]
fn an_exclusive_borrow_is_the_same_again() {
    let model = || {
        let shared = atomics::<2>(0);
        let threads = [0, 1].map(|i| {
            let theirs = Arc::clone(&shared);
            thread::spawn(move || {
                theirs[i].store(1, Release);
                theirs[1 - i].store(2, Release);
            })
        });
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        let [mut x, y] = Arc::try_unwrap(shared).unwrap();
        let other = AtomicUsize::new(*x.get_mut() + y.into_inner());
        assert!((2..5).contains(&other.load(Relaxed)));
    };
    let holds = check("borrow").again_always().run(model);
    assert!(matches!(&holds, Verdict::Holds(coverage) if coverage.executions() == 4), "{holds:?}");
}

/// No graph differs from another by the values that are stored, and no operation does: only a rerun
/// sees that they come from elsewhere.
#[test]
fn a_model_that_counts_its_executions_is_not_deterministic() {
    let check = || check("counts").leaks(false);
    let model = || {
        let runs = std::sync::atomic::AtomicUsize::new(0);
        move || {
            let now = runs.fetch_add(1, Relaxed) + 1;
            let flag = Arc::new(AtomicUsize::new(0));
            let theirs = Arc::clone(&flag);
            let writer = thread::spawn(move || theirs.store(now, Release));
            flag.load(Acquire);
            writer.join().unwrap();
        }
    };
    match check().run(model()) {
        Verdict::Unknown(Bound::NotDeterministic(why)) => {
            assert!(why.contains("store -> 1") && why.contains("and then store -> 2"), "{why}");
        }
        other => panic!("{other:?}"),
    }
}
