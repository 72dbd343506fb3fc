//! A group has waited when its workers are gone.

use super::{Ends, Model};
use selvedge::sync::atomic::{AtomicU32, Ordering::SeqCst};
use selvedge::{Kind, future, sync::Arc, thread};
use waitgroup::WaitGroup;

pub(super) const MODELS: [Model; 2] = [
    ("two workers", two_workers, Ends::Weak),
    // a group that finds all workers gone at its first look does not synchronise with them
    ("what they did", what_they_did, Ends::Violated(Kind::Panic)),
];
pub(super) const BUG: (&str, fn(), Kind) = ("two workers", two_workers, Kind::Deadlock);

fn two_workers() {
    let group = WaitGroup::new();
    let workers = [1, 2].map(|_| {
        let worker = group.worker();
        thread::spawn(move || drop(worker))
    });
    future::block_on(group.wait());
    for worker in workers {
        worker.join().unwrap();
    }
}

fn what_they_did() {
    let (group, done) = (WaitGroup::new(), Arc::new(AtomicU32::new(0)));
    let (worker, theirs) = (group.worker(), Arc::clone(&done));
    let other = thread::spawn(move || {
        theirs.store(1, SeqCst);
        drop(worker);
    });
    future::block_on(group.wait());
    assert_eq!(done.load(SeqCst), 1);
    other.join().unwrap();
}
