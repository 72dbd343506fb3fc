//! Two threads write one cell and nothing orders them.

use super::{MAIN, Scene};
use selvedge::trace::{ObjectKind, Operation};
use selvedge::verdict::{Counterexample, Explorer, Kind};

pub(crate) fn counterexample() -> Counterexample {
    let mut scene = Scene::new();
    let slots = [(); 2].map(|()| scene.object(ObjectKind::Cell, Some("slot")));
    let lock = scene.object(ObjectKind::Mutex, Some("lock"));
    let consumer = scene.spawn(None);
    scene.on(MAIN, Operation::Lock, lock);
    let write = scene.on(MAIN, Operation::Write, slots[1]);
    scene.on(MAIN, Operation::Unlock, lock);
    let read = scene.on(consumer, Operation::Read, slots[1]);
    Counterexample {
        model: "queue/slot_without_release".to_string(),
        kind: Kind::DataRace,
        message: "Causality violation: Concurrent read and write accesses.".to_string(),
        location: None,
        explorer: Explorer::Loom { preemption_bound: None },
        execution: 1,
        preemptions: 0,
        trace: scene.trace,
        reduced_from: None,
        caveat: None,
        conflicts: vec![(write, read)],
        replay: "v1:queue/slot_without_release:loom:eyJ9".to_string(),
    }
}
