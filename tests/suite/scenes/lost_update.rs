//! Two tellers read, add and write back without the lock.

use super::{MAIN, Scene};
use selvedge::trace::{ObjectKind, Operation};
use selvedge::verdict::{Counterexample, Explorer, Kind};
use std::sync::atomic::Ordering::SeqCst;

pub(crate) fn counterexample() -> Counterexample {
    let mut scene = Scene::new();
    let balance = scene.object(ObjectKind::Atomic, Some("balance"));
    let one = scene.spawn(Some("teller 1"));
    let two = scene.spawn(Some("teller 2"));
    for teller in [one, two] {
        scene.with(teller, Operation::Load(SeqCst), balance, 0);
    }
    let [first, second] = [two, one].map(|t| scene.with(t, Operation::Store(SeqCst), balance, 1));
    scene.plain(MAIN, Operation::Join(one));
    scene.plain(MAIN, Operation::Join(two));
    scene.with(MAIN, Operation::Load(SeqCst), balance, 1);
    Counterexample {
        model: "account/unlocked".to_string(),
        kind: Kind::Panic,
        message: "assertion `left == right` failed: a deposit is lost\n  left: 1\n right: 2"
            .to_string(),
        location: Some("src/systems/account.rs:57:9".to_string()),
        explorer: Explorer::Dfs,
        execution: 2,
        preemptions: 1,
        trace: scene.trace,
        reduced_from: None,
        caveat: None,
        conflicts: vec![(first, second)],
        replay: "v1:account/unlocked:dfs:0-1-2-2-1".to_string(),
    }
}
