//! A message is published with a Relaxed store: under loom a reader sees the flag, and not it.

use super::{MAIN, Scene};
use selvedge::trace::{ObjectKind, Operation};
use selvedge::verdict::{Counterexample, Explorer, Kind};
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, SeqCst};

pub(crate) fn counterexample() -> Counterexample {
    let mut scene = Scene::new();
    let message = scene.object(ObjectKind::Atomic, None);
    let ready = scene.object(ObjectKind::Atomic, Some("ready"));
    let readers = scene.object(ObjectKind::Atomic, Some("readers"));
    let writer = scene.spawn(Some("writer"));
    scene.with(writer, Operation::Store(Relaxed), message, 18_446_744_073_709_551_615);
    scene.with(writer, Operation::Store(Relaxed), ready, 1);
    scene.does(MAIN, Operation::Rmw("fetch_add", AcqRel), Some(readers), Some(0), Some(1));
    scene.with(MAIN, Operation::Load(Acquire), ready, 1);
    scene.plain(MAIN, Operation::Fence(SeqCst));
    scene.with(MAIN, Operation::Load(Relaxed), message, 0);
    Counterexample {
        model: "queue/relaxed_publication".to_string(),
        kind: Kind::Panic,
        message: "the flag is up, the message is not there".to_string(),
        location: Some("src/systems/queue/mod.rs:88".to_string()),
        explorer: Explorer::Loom { preemption_bound: Some(2) },
        execution: 17,
        preemptions: 0,
        trace: scene.trace,
        reduced_from: None,
        caveat: None,
        conflicts: Vec::new(),
        replay: "v1:queue/relaxed_publication:loom:eyJ9".to_string(),
    }
}
