//! Counts that other tools have told of the same programs: Miri's tests with GenMC.

use super::program::{Op, Program};
use super::{check, counts, executions, spawn_all};
use selvedge::cell::{read, write};
use selvedge::sync::Arc;
use selvedge::sync::Mutex;
use selvedge::sync::atomic::{AtomicPtr, AtomicUsize};
use std::ptr;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

fn program(locations: usize, threads: &[&[Op]]) -> Program {
    let threads = threads.iter().map(|ops| ops.to_vec()).collect();
    Program { locations, threads, spurious: false }
}

#[test]
fn litmus_tests_have_the_executions_that_genmc_counts_for_miri() {
    let stores = [&[Op::Store(0, 1, Release)], &[Op::Store(0, 2, Release)]];
    let loads = [Op::Load(0, Acquire); 2];
    let adds: [&[Op]; 2] = [&[Op::Add(0, 1, Relaxed)]; 2];
    let reads = [Op::Load(0, Relaxed); 2];
    let passes = program(
        2,
        &[
            &[Op::Store(0, 1, Relaxed), Op::Store(1, 0, Release), Op::Store(1, 1, Relaxed)],
            &[Op::Exchange(1, 2, 3, Relaxed, Relaxed)],
            &[Op::Exchange(1, 1, 2, Relaxed, Relaxed)],
            &[Op::Load(1, Acquire), Op::If(3, 2), Op::Fence(Acquire), Op::Store(0, 2, Relaxed)],
        ],
    );
    counts(&[
        ("CoRR1", 36, program(1, &[stores[0], stores[1], &loads, &loads[..1]])),
        ("CoRR2", 72, program(1, &[stores[0], stores[1], &loads, &loads])),
        ("MPU2+rels+acqf", 36, passes),
        (
            "inc+inc+RR+W+RR",
            600,
            program(1, &[adds[0], adds[1], &reads, &[Op::Store(0, 1, Relaxed)], &reads]),
        ),
    ]);
}

#[test]
fn critical_sections_have_the_executions_that_genmc_counts_for_miri() {
    for (sections, orders) in [(1, 2), (2, 6), (3, 20)] {
        let model = move || {
            let count = Arc::new(Mutex::new(0));
            let theirs = Arc::clone(&count);
            spawn_all(2, move |_| (0..sections).for_each(|_| *theirs.lock().unwrap() += 1));
            assert_eq!(*count.lock().unwrap(), 2 * sections);
        };
        assert_eq!(executions("mutex", model), orders);
    }
}

/// Three threads pass a turn around. Each looks three times, and then gives up.
#[test]
fn bounded_spinning_has_the_executions_that_genmc_counts_for_miri() {
    let served = std::sync::Arc::new(AtomicU64::new(0));
    let count = std::sync::Arc::clone(&served);
    let model = move || {
        let (turn, late) = (Arc::new(AtomicUsize::new(0)), std::sync::Arc::new(AtomicU64::new(0)));
        let (turns, lates) = (Arc::clone(&turn), std::sync::Arc::clone(&late));
        spawn_all(3, move |thread| {
            // the first one begins, and waits for the last
            let (waits, passes) = [(3, 1), (1, 2), (2, 3)][thread];
            let comes = || (0..3).any(|_| turns.load(Acquire) == waits);
            if thread == 0 {
                turns.store(passes, Release);
            }
            if !comes() {
                lates.store(1, Relaxed);
            } else if thread > 0 {
                turns.store(passes, Release);
            }
        });
        count.fetch_add(1 - late.load(Relaxed), Relaxed);
    };
    let all = check("bounded").again_never().count(model).expect("all of it is modelled");
    assert!(all.violations.is_empty());
    assert_eq!((all.executions, served.load(Relaxed)), (232, 108));
}

struct Node {
    value: usize,
    next: AtomicPtr<Node>,
}

impl Node {
    /// It is never freed.
    fn leaked(value: usize, next: *mut Node) -> *mut Node {
        let node = Box::leak(Box::new(Node { value, next: AtomicPtr::new(next) }));
        write(&raw mut node.value);
        node
    }
}

/// Writers push, and readers pop once.
fn treiber(readers: usize, writers: usize) -> u64 {
    let model = move || {
        let top = Arc::new(AtomicPtr::new(ptr::null_mut::<Node>()));
        spawn_all(readers + writers, move |thread| {
            if thread >= readers {
                let node = Node::leaked(thread, ptr::null_mut());
                loop {
                    let old = top.load(Acquire);
                    // SAFETY: nothing is freed
                    unsafe { &*node }.next.store(old, Relaxed);
                    if top.compare_exchange(old, node, Release, Relaxed).is_ok() {
                        return;
                    }
                }
            }
            loop {
                let old = top.load(Acquire);
                if old.is_null() {
                    return;
                }
                // SAFETY: nothing is freed
                let next = unsafe { &*old }.next.load(Relaxed);
                if top.compare_exchange(old, next, Release, Relaxed).is_ok() {
                    // SAFETY: nothing is freed
                    return read(unsafe { &raw const (*old).value });
                }
            }
        });
    };
    let counts = check("treiber").leaks(false).again_never().count(model);
    counts.expect("all of it is modelled").executions
}

#[test]
fn a_stack_has_the_executions_that_genmc_counts_for_miri() {
    assert_eq!(treiber(1, 3), 1_002);
}

/// Writers enqueue, and readers dequeue once. The queue is Michael's and Scott's.
fn queue(readers: usize, writers: usize) -> u64 {
    let model = move || {
        let dummy = Node::leaked(0, ptr::null_mut());
        let ends = Arc::new([AtomicPtr::new(dummy), AtomicPtr::new(dummy)]);
        spawn_all(readers + writers, move |thread| {
            let [head, tail] = &*ends;
            match thread < writers {
                true => enqueue(tail, thread),
                false => dequeue(head, tail),
            }
        });
    };
    let counts = check("queue").leaks(false).again_never().count(model);
    counts.expect("all of it is modelled").executions
}

fn next_of<'a>(node: *mut Node) -> &'a AtomicPtr<Node> {
    // SAFETY: nothing is freed
    unsafe { &(*node).next }
}

fn enqueue(tail: &AtomicPtr<Node>, value: usize) {
    let node = Node::leaked(value, ptr::null_mut());
    loop {
        let last = tail.load(Acquire);
        let next = next_of(last).load(Acquire);
        if last != tail.load(Acquire) {
            continue;
        }
        if !next.is_null() {
            _ = tail.compare_exchange(last, next, Release, Relaxed);
        } else if next_of(last).compare_exchange(next, node, Release, Relaxed).is_ok() {
            _ = tail.compare_exchange(last, node, Release, Relaxed);
            return;
        }
    }
}

fn dequeue(head: &AtomicPtr<Node>, tail: &AtomicPtr<Node>) {
    loop {
        let (first, last) = (head.load(Acquire), tail.load(Acquire));
        let next = next_of(first).load(Acquire);
        if head.load(Acquire) != first {
            continue;
        }
        if first != last {
            // SAFETY: nothing is freed
            read(unsafe { &raw const (*next).value });
            if head.compare_exchange(first, next, Release, Relaxed).is_ok() {
                return;
            }
        } else if next.is_null() {
            return;
        } else {
            _ = tail.compare_exchange(last, next, Release, Relaxed);
        }
    }
}

#[test]
fn a_queue_has_the_executions_that_genmc_counts_for_miri() {
    assert_eq!(queue(1, 2), 188);
}
