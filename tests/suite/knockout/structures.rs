//! Data structures made of atomics: seqlock, SPSC ring, Treiber stack, one-shot.

use selvedge::cell::UnsafeCell;
use selvedge::hint::spin_loop;
use selvedge::sync::Arc;
use selvedge::sync::atomic::Ordering::{self, Acquire, Relaxed, Release, SeqCst};
use selvedge::sync::atomic::{AtomicBool, AtomicUsize, fence};
use selvedge::thread;

/// A place that one thread at a time uses, or so it should be.
#[derive(Default)]
struct Slot(UnsafeCell<u32>);

// SAFETY: as of `Balance` in locks.rs.
unsafe impl Sync for Slot {}

impl Slot {
    fn put(&self, value: u32) {
        self.0.with_mut(|slot| unsafe { *slot = value });
    }

    fn get(&self) -> u32 {
        self.0.with(|slot| unsafe { *slot })
    }
}

/// Boehm, "Can Seqlocks Get Along with Programming Language Memory Models?", MSPC 2012: figure 6,
/// one writer.
fn seqlock_with(last: Ordering) {
    let shared = Arc::new([(); 3].map(|()| AtomicUsize::new(0)));
    let theirs = Arc::clone(&shared);
    let writer = thread::spawn(move || {
        let [sequence, left, right] = &*theirs;
        sequence.store(1, Relaxed);
        // pairs with the Acquire fence: who sees a new value sees that the sequence is odd
        fence(Release);
        left.store(1, Relaxed);
        right.store(1, Relaxed);
        sequence.store(2, Release); // pairs with the first load: who sees it sees both values
    });
    let [sequence, left, right] = &*shared;
    let before = sequence.load(Acquire);
    let seen = (left.load(Relaxed), right.load(Relaxed));
    fence(Acquire);
    let after = sequence.load(last);
    if before == after && before % 2 == 0 {
        assert_eq!(seen.0, seen.1, "torn");
    }
    writer.join().unwrap();
    assert_eq!(left.load(Relaxed), 1);
}

pub(crate) fn seqlock() {
    seqlock_with(Relaxed);
}

/// Too strong: the second load of the sequence is `Acquire`, behind a fence that orders it already.
pub(crate) fn seqlock_acquire_twice() {
    seqlock_with(Acquire);
}

#[derive(Default)]
struct Ring {
    slot: Slot,
    head: AtomicUsize,
    tail: AtomicUsize,
}

/// Lamport, "Specifying Concurrent Program Modules", 1983: a ring with room for one item.
fn ring_with(own: Ordering) {
    let ring = Arc::new(Ring::default());
    let theirs = Arc::clone(&ring);
    let producer = thread::spawn(move || {
        for item in [7, 8] {
            let tail = theirs.tail.load(own); // nobody else stores it
            while theirs.head.load(Acquire) != tail {
                spin_loop();
            }
            theirs.slot.put(item);
            theirs.tail.store(tail + 1, Release); // pairs with the consumer's load of `tail`
        }
    });
    for (head, item) in [(0, 7), (1, 8)] {
        while ring.tail.load(Acquire) == head {
            spin_loop();
        }
        assert_eq!(ring.slot.get(), item);
        ring.head.store(head + 1, Release); // pairs with the producer's load of `head`
    }
    selvedge::load_bearing_elsewhere("nothing comes after it but the end");
    producer.join().unwrap();
}

pub(crate) fn ring() {
    ring_with(Relaxed);
}

/// Too strong: the producer loads its own index with `Acquire`.
pub(crate) fn ring_acquire_own() {
    ring_with(Acquire);
}

const NONE: usize = usize::MAX;

struct Stack {
    head: AtomicUsize,
    nodes: [(Slot, AtomicUsize); 2],
}

impl Stack {
    fn push(&self, node: usize, value: u32) {
        self.nodes[node].0.put(value);
        loop {
            let head = self.head.load(Relaxed); // a guess, which the compare-exchange checks
            self.nodes[node].1.store(head, Relaxed); // published with the node
            // Release: pairs with the load in `pop`
            if self.head.compare_exchange(head, node, Release, Relaxed).is_ok() {
                return;
            }
        }
    }

    fn pop(&self, success: Ordering) -> Option<u32> {
        loop {
            let head = self.head.load(Acquire);
            let (value, next) = self.nodes.get(head)?;
            // Relaxed: the load above has made the node known; a node is pushed once, so there is
            // no ABA
            if self.head.compare_exchange(head, next.load(Relaxed), success, Relaxed).is_ok() {
                return Some(value.get());
            }
        }
    }
}

/// Treiber, "Systems Programming: Coping with Parallelism", 1986; nodes are not used twice.
fn stack_with(success: Ordering) {
    let nodes = [(); 2].map(|()| (Slot::default(), AtomicUsize::new(NONE)));
    let stack = Arc::new(Stack { head: AtomicUsize::new(NONE), nodes });
    let pushers = [0, 1].map(|node| {
        let stack = Arc::clone(&stack);
        thread::spawn(move || stack.push(node, 1 + node as u32))
    });
    let early = stack.pop(success);
    for pusher in pushers {
        pusher.join().unwrap();
    }
    let late: u32 = std::iter::from_fn(|| stack.pop(success)).sum();
    assert_eq!(early.unwrap_or(0) + late, 3, "an item is lost, or there twice");
}

pub(crate) fn stack() {
    stack_with(Relaxed);
}

/// Too strong: `pop` succeeds with `Release`.
pub(crate) fn stack_release_pop() {
    stack_with(Release);
}

/// A value, once, to a receiver that sleeps until it is there.
fn one_shot_with(set: Ordering) {
    let shared = Arc::new((Slot::default(), AtomicBool::new(false)));
    let theirs = Arc::clone(&shared);
    let receiver = thread::current();
    let sender = thread::spawn(move || {
        theirs.0.put(7);
        theirs.1.store(true, set); // pairs with the load below
        receiver.unpark();
    });
    while !shared.1.load(Acquire) {
        thread::park();
    }
    assert_eq!(shared.0.get(), 7);
    selvedge::load_bearing_elsewhere("nothing comes after it but the end");
    sender.join().unwrap();
}

pub(crate) fn one_shot() {
    one_shot_with(Release);
}

/// Too strong: `store(SeqCst)`.
pub(crate) fn one_shot_seqcst() {
    one_shot_with(SeqCst);
}
