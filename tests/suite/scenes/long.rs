//! Three hundred events, two of which matter.

use super::{MAIN, Scene};
use selvedge::trace::{ObjectKind, Operation};
use selvedge::verdict::{Counterexample, Explorer, Kind};
use std::sync::atomic::Ordering::SeqCst;

pub(crate) fn counterexample() -> Counterexample {
    let mut scene = Scene::new();
    let balance = scene.object(ObjectKind::Atomic, Some("balance"));
    let workers = [1, 2].map(|n| scene.spawn(Some(&format!("worker {n}"))));
    let mut conflicts = Vec::new();
    let mut n = 0;
    while scene.trace.events.len() < 299 {
        let turn = usize::from(n % 7 == 3);
        let read = scene.with(workers[turn], Operation::Load(SeqCst), balance, n);
        let wrote = scene.with(workers[turn], Operation::Store(SeqCst), balance, n + 1);
        if n == 70 {
            conflicts.push((read, wrote + 2));
        }
        n += 1;
    }
    scene.with(MAIN, Operation::Load(SeqCst), balance, n);
    Counterexample {
        model: "account/many".to_string(),
        kind: Kind::Panic,
        message: "a deposit is lost".to_string(),
        location: Some("tests/suite/scenes/long.rs:25".to_string()),
        explorer: Explorer::Threads,
        execution: 1,
        preemptions: 21,
        trace: scene.trace,
        reduced_from: None,
        caveat: None,
        conflicts,
        replay: String::new(),
    }
}
