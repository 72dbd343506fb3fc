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

/// How many executions a model has, and in how many of them no round fails.
///
/// With the failed rounds cut, GenMC's programs have an `assume(false)` behind a round that fails:
/// its thread is blocked there for good, and the others go on. Its count is of complete executions
/// and blocked ones together. Here the thread gives up, and notes that: so the sum is the same, and
/// the complete executions are those of the whole program in which no round fails.
fn with_assumptions(
    name: &str,
    model: impl Fn(std::sync::Arc<AtomicU64>) + Send + Sync + 'static,
) -> (u64, u64) {
    let complete = std::sync::Arc::new(AtomicU64::new(0));
    let count = std::sync::Arc::clone(&complete);
    let model = move || {
        let given_up = std::sync::Arc::new(AtomicU64::new(0));
        model(std::sync::Arc::clone(&given_up));
        count.fetch_add(1 - given_up.load(Relaxed), Relaxed);
    };
    let all = check(name).leaks(false).again_never().count(model);
    (all.expect("all of it is modelled").executions, complete.load(Relaxed))
}

/// Writers push, and readers pop once. A round that fails is followed by another, or its thread
/// gives up.
fn treiber(readers: usize, writers: usize, again: bool) -> (u64, u64) {
    with_assumptions("treiber", move |given_up| {
        let top = Arc::new(AtomicPtr::new(ptr::null_mut::<Node>()));
        spawn_all(readers + writers, move |thread| {
            let fails = || {
                given_up.store(1, Relaxed);
                !again
            };
            if thread >= readers {
                let node = Node::leaked(thread, ptr::null_mut());
                loop {
                    let old = top.load(Acquire);
                    // SAFETY: nothing is freed
                    unsafe { &*node }.next.store(old, Relaxed);
                    if top.compare_exchange(old, node, Release, Relaxed).is_ok() || fails() {
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
                if fails() {
                    return;
                }
            }
        });
    })
}

#[test]
fn a_stack_has_the_executions_that_genmc_counts_for_miri() {
    for (writers, all, cut, complete) in [(1, 2, 2, 2), (2, 22, 16, 8), (3, 1_002, 195, 36)] {
        assert_eq!(treiber(1, writers, true), (all, complete));
        assert_eq!(treiber(1, writers, false), (cut, complete));
    }
}

/// Writers enqueue, and readers dequeue once. The queue is Michael's and Scott's. The rounds that
/// fail are those that GenMC's program cuts: a writer's failed compare-exchange is none of them.
fn queue(readers: usize, writers: usize, again: bool) -> (u64, u64) {
    with_assumptions("queue", move |given_up| {
        let dummy = Node::leaked(0, ptr::null_mut());
        let ends = Arc::new([AtomicPtr::new(dummy), AtomicPtr::new(dummy)]);
        spawn_all(readers + writers, move |thread| {
            let fails = || {
                given_up.store(1, Relaxed);
                !again
            };
            let [head, tail] = &*ends;
            match thread < writers {
                true => enqueue(tail, thread, fails),
                false => dequeue(head, tail, fails),
            }
        });
    })
}

fn next_of<'a>(node: *mut Node) -> &'a AtomicPtr<Node> {
    // SAFETY: nothing is freed
    unsafe { &(*node).next }
}

fn enqueue(tail: &AtomicPtr<Node>, value: usize, fails: impl Fn() -> bool) {
    let node = Node::leaked(value, ptr::null_mut());
    loop {
        let last = tail.load(Acquire);
        let next = next_of(last).load(Acquire);
        if last != tail.load(Acquire) {
            if fails() {
                return;
            }
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

fn dequeue(head: &AtomicPtr<Node>, tail: &AtomicPtr<Node>, fails: impl Fn() -> bool) {
    loop {
        let (first, last) = (head.load(Acquire), tail.load(Acquire));
        let next = next_of(first).load(Acquire);
        if head.load(Acquire) != first {
            if fails() {
                return;
            }
            continue;
        }
        if first != last {
            // SAFETY: nothing is freed
            read(unsafe { &raw const (*next).value });
            if head.compare_exchange(first, next, Release, Relaxed).is_ok() || fails() {
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
    for (writers, all, cut, complete) in [(1, 4, 4, 4), (2, 188, 152, 128)] {
        assert_eq!(queue(1, writers, true), (all, complete));
        assert_eq!(queue(1, writers, false), (cut, complete));
    }
}
