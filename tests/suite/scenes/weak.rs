//! Models whose failures only weak memory has, for what the explorer of graphs makes of them.

use selvedge::sync::atomic::{AtomicU32, Ordering, Ordering::*};
use selvedge::sync::{self, Arc};
use selvedge::thread;

fn named<const N: usize>(names: [&str; N]) -> Arc<[AtomicU32; N]> {
    let shared = Arc::new(names.map(|_| AtomicU32::new(0)));
    names.iter().zip(shared.iter()).for_each(|(name, atomic)| sync::name(atomic, name));
    shared
}

fn start(name: &str, body: impl FnOnce() + Send + 'static) -> thread::JoinHandle<()> {
    thread::Builder::new().name(name.to_string()).spawn(body).expect("a thread starts")
}

/// A flag that publishes nothing, and a reader that acquires nothing.
pub(crate) fn message_passing() {
    let shared = named(["message", "ready"]);
    let theirs = Arc::clone(&shared);
    let writer = start("writer", move || {
        theirs[0].store(42, Relaxed);
        theirs[1].store(1, Relaxed);
    });
    if shared[1].load(Relaxed) == 1 {
        assert_eq!(shared[0].load(Relaxed), 42, "the flag is up, the message is not there");
    }
    writer.join().expect("the writer does not panic");
}

/// Each of two threads raises its flag, and then looks for the other's.
pub(crate) fn store_buffering() {
    let flags = named(["left", "right"]);
    let seen = named(["left saw", "right saw"]);
    let enter = |name: &'static str, mine: usize| {
        let (flags, seen) = (Arc::clone(&flags), Arc::clone(&seen));
        start(name, move || {
            flags[mine].store(1, Release);
            seen[mine].store(flags[1 - mine].load(Acquire), Relaxed);
        })
    };
    [enter("left thread", 0), enter("right thread", 1)]
        .into_iter()
        .for_each(|thread| thread.join().expect("it does not panic"));
    let sum: u32 = seen.iter().map(|saw| saw.load(Relaxed)).sum();
    assert!(sum > 0, "neither saw the other");
}

/// A message that is passed on by a thread in the middle.
fn passed_on(stores: [Ordering; 2], loads: [Ordering; 2]) {
    let shared = named(["message", "first", "second"]);
    let (writers, middles) = (Arc::clone(&shared), Arc::clone(&shared));
    let writer = start("writer", move || {
        writers[0].store(42, Relaxed);
        writers[1].store(1, stores[0]);
    });
    let middle = start("middle", move || {
        if middles[1].load(loads[0]) == 1 {
            middles[2].store(1, stores[1]);
        }
    });
    if shared[2].load(loads[1]) == 1 {
        assert_eq!(shared[0].load(Relaxed), 42, "the flag is up, the message is not there");
    }
    [writer, middle].into_iter().for_each(|thread| thread.join().expect("it does not panic"));
}

/// The thread in the middle does not release what it has acquired.
pub(crate) fn not_passed_on() {
    passed_on([Release, Relaxed], [Acquire, Acquire]);
}

/// Nobody releases, and nobody acquires.
pub(crate) fn never_published() {
    passed_on([Relaxed, Relaxed], [Relaxed, Relaxed]);
}

/// Two threads store to two atomics the other way round, and each atomic keeps the first store.
pub(crate) fn crossed_stores() {
    let shared = named(["left", "right"]);
    let cross = |name: &'static str, mine: usize| {
        let theirs = Arc::clone(&shared);
        start(name, move || {
            theirs[mine].store(1, Release);
            theirs[1 - mine].store(2, Release);
        })
    };
    [cross("left thread", 0), cross("right thread", 1)]
        .into_iter()
        .for_each(|thread| thread.join().expect("it does not panic"));
    let both = (shared[0].load(Relaxed), shared[1].load(Relaxed));
    assert_ne!(both, (1, 1), "both kept the first store");
}
