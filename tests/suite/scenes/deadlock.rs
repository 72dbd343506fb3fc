//! Two philosophers take two locks in opposite orders.

use super::{MAIN, Scene};
use selvedge::trace::{Awaited, ObjectKind, Operation};
use selvedge::verdict::{Counterexample, Explorer, Kind};

pub(crate) fn counterexample() -> Counterexample {
    let mut scene = Scene::new();
    let left = scene.object(ObjectKind::Mutex, Some("left"));
    let right = scene.object(ObjectKind::Mutex, Some("right"));
    let one = scene.spawn(Some("philosopher 1"));
    let two = scene.spawn(Some("philosopher 2"));
    scene.on(one, Operation::Lock, left);
    scene.on(one, Operation::Unlock, left);
    scene.on(one, Operation::Lock, left);
    scene.on(two, Operation::Lock, right);
    scene.blocked(MAIN, Awaited::End(one), &[]);
    scene.blocked(one, Awaited::Lock(right), &[two]);
    scene.blocked(two, Awaited::Lock(left), &[one]);
    Counterexample {
        model: "account/opposite_orders".to_string(),
        kind: Kind::Deadlock,
        message: "main waits for the end of philosopher 1; philosopher 1 waits for right, held by \
                  philosopher 2"
            .to_string(),
        location: None,
        explorer: Explorer::Pct { seed: 7, depth: 3 },
        execution: 12,
        preemptions: 1,
        trace: scene.trace,
        reduced_from: None,
        caveat: None,
        conflicts: Vec::new(),
        replay: "v1:account/opposite_orders:pct:0-1-1-1-2-1".to_string(),
    }
}
