//! A notification comes before the wait for it: nobody is left to give another one.

use super::{MAIN, Scene};
use selvedge::trace::{Awaited, ObjectKind, Operation};
use selvedge::verdict::{Counterexample, Explorer, Kind};
use std::sync::atomic::Ordering::SeqCst;

pub(crate) fn counterexample() -> Counterexample {
    let mut scene = Scene::new();
    let lock = scene.object(ObjectKind::Mutex, Some("lock"));
    let ready = scene.object(ObjectKind::Condvar, Some("ready"));
    let flag = scene.object(ObjectKind::Atomic, Some("flag"));
    let producer = scene.spawn(Some("producer"));
    scene.with(MAIN, Operation::Load(SeqCst), flag, 0);
    scene.with(producer, Operation::Store(SeqCst), flag, 1);
    scene.with(producer, Operation::NotifyOne, ready, 0);
    scene.on(MAIN, Operation::Lock, lock);
    scene.on(MAIN, Operation::Wait, ready);
    scene.blocked(MAIN, Awaited::Notification(ready), &[]);
    Counterexample {
        model: "queue/lost_wakeup".to_string(),
        kind: Kind::Deadlock,
        message: String::new(),
        location: None,
        explorer: Explorer::Random { seed: 0 },
        execution: 3,
        preemptions: 1,
        trace: scene.trace,
        reduced_from: None,
        caveat: None,
        conflicts: Vec::new(),
        replay: "v1:queue/lost_wakeup:random:0-1-1-0".to_string(),
    }
}
