//! The explorers: what they count, what they find.

use selvedge::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use selvedge::sync::{Arc, Mutex};
use selvedge::{Budget, Check, Explorer, Verdict, thread};

const LOOM: Explorer = Explorer::Loom { preemption_bound: None };

fn locked(threads: usize, deposits: usize) {
    let balance = Arc::new(Mutex::new(0));
    let tellers: Vec<_> = (0..threads)
        .map(|_| {
            let balance = Arc::clone(&balance);
            thread::spawn(move || (0..deposits).for_each(|_| *balance.lock().unwrap() += 1))
        })
        .collect();
    tellers.into_iter().for_each(|t| t.join().unwrap());
    assert_eq!(*balance.lock().unwrap(), threads * deposits);
}

fn unlocked(threads: usize, deposits: usize) {
    let balance = Arc::new(AtomicUsize::new(0));
    let tellers: Vec<_> = (0..threads)
        .map(|_| {
            let balance = Arc::clone(&balance);
            thread::spawn(move || (0..deposits).for_each(|_| balance.store(balance.load(SeqCst) + 1, SeqCst)))
        })
        .collect();
    tellers.into_iter().for_each(|t| t.join().unwrap());
    assert_eq!(balance.load(SeqCst), threads * deposits);
}

#[test]
fn first_light() {
    for explorer in
        [Explorer::Dfs, LOOM, Explorer::Random { seed: 1 }, Explorer::Pct { seed: 1, depth: 3 }, Explorer::Threads]
    {
        let verdict = Check::new("locked").explorers([explorer]).budget(Budget::executions(2_000)).run(|| locked(2, 2));
        match &verdict {
            Verdict::Holds(coverage) => println!("{coverage}"),
            other => panic!("{explorer}: {other:?}"),
        }
    }
    for explorer in [Explorer::Dfs, LOOM, Explorer::Random { seed: 1 }, Explorer::Pct { seed: 1, depth: 3 }] {
        let verdict =
            Check::new("unlocked").explorers([explorer]).budget(Budget::executions(2_000)).run(|| unlocked(2, 1));
        match &verdict {
            Verdict::Violated(found) => {
                println!("{}", selvedge::report::timeline::counterexample(found, &selvedge::report::Style::Plain))
            }
            other => panic!("{explorer}: {other:?}"),
        }
    }
}
