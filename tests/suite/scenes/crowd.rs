//! Five threads with long names, one round each.

use super::{MAIN, Scene};
use selvedge::trace::{Awaited, ObjectKind, Operation};
use selvedge::verdict::{Counterexample, Explorer, Kind};
use std::sync::atomic::Ordering::{Relaxed, Release};

pub(crate) fn counterexample() -> Counterexample {
    let mut scene = Scene::new();
    let count = scene.object(ObjectKind::Atomic, Some("completed_deposits_of_the_day"));
    let total = scene.object(ObjectKind::Atomic, Some("total"));
    let clerks = [1, 2, 3, 4].map(|n| scene.spawn(Some(&format!("clerk number {n}"))));
    for (n, clerk) in (0..).zip(clerks) {
        scene.does(clerk, Operation::Rmw("fetch_add", Relaxed), Some(count), Some(n), Some(n + 1));
    }
    let loads = clerks.map(|clerk| scene.with(clerk, Operation::Load(Relaxed), total, 100));
    let stores = clerks.map(|clerk| scene.with(clerk, Operation::Store(Release), total, 110));
    scene.with(MAIN, Operation::Load(Relaxed), total, 110);
    let till = scene.object(ObjectKind::Mutex, Some("mutex till"));
    for clerk in clerks {
        let holder = if clerk == clerks[3] { MAIN } else { clerks[3] };
        scene.blocked(clerk, Awaited::Lock(till), &[holder]);
    }
    Counterexample {
        model: "account/crowd".to_string(),
        kind: Kind::Panic,
        message: "110 is not 140".to_string(),
        location: Some("tests/account.rs:12".to_string()),
        explorer: Explorer::Random { seed: 99 },
        execution: 1_024,
        preemptions: 11,
        trace: scene.trace,
        reduced_from: None,
        caveat: None,
        conflicts: vec![
            (loads[0], stores[0]),
            (stores[0], stores[1]),
            (stores[1], stores[2]),
            (stores[2], stores[3]),
        ],
        replay: "v1:account/crowd:random:0-1-2-3-4".to_string(),
    }
}
