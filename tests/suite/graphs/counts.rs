//! Models whose executions are counted: each count is known, or reasoned.

use super::{atomics, check, executions, reference, spawn_all};
use selvedge::sync::Arc;
use selvedge::sync::atomic::{AtomicPtr, AtomicUsize};
use selvedge::{Bound, Verdict, thread};
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};

/// The reference programs use SeqCst throughout: there are as many executions as inequivalent
/// interleavings.
#[test]
fn seqcst_programs_have_as_many_executions_as_interleavings() {
    let mut modelled = 0;
    for (name, _, program, optimum) in reference::PROGRAMS.iter().filter(|row| row.3 < 4_000) {
        match check(name).spurious(false).run(program) {
            Verdict::Holds(coverage) => {
                assert!(coverage.is_exhaustive(), "{name}");
                assert_eq!(coverage.executions(), *optimum, "{name}");
                modelled += 1;
            }
            Verdict::Unknown(Bound::NotModelled { engine: "graphs", .. }) => {}
            other => panic!("{name}: {other:?}"),
        }
    }
    assert!(modelled > 20, "only {modelled} of them are modelled");
}

#[test]
fn known_programs_of_weak_memory_have_the_executions_that_are_known() {
    let fib = || {
        let shared = atomics::<2>(1);
        spawn_all(3, move |i| {
            if i == 2 {
                if shared[0].load(Acquire) <= 144 {
                    shared[1].load(Acquire);
                }
                return;
            }
            for _ in 0..3 {
                let sum = shared[0].load(Acquire) + shared[1].load(Acquire);
                shared[i].store(sum, Release);
            }
        });
    };
    let last_zero = |loads, stores| {
        move || {
            let array = atomics::<6>(0);
            spawn_all(6, move |i| {
                if i == 0 {
                    let mut at = 5;
                    while array[at].load(loads) != 0 {
                        at -= 1;
                    }
                } else {
                    array[i].store(array[i - 1].load(loads) + 1, stores);
                }
            });
        }
    };
    let readers = || {
        let shared = atomics::<1>(0);
        spawn_all(9, move |i| {
            if i == 0 {
                shared[0].store(1, Release);
            } else {
                shared[0].load(Acquire);
            }
        });
    };
    assert_eq!(executions("fib_bench 3", fib), 2_258);
    assert_eq!(executions("lastzero 5", last_zero(Acquire, Release)), 64);
    assert_eq!(executions("readers 8", readers), 256);
}

/// Each weak compare-exchange that could succeed may also fail.
#[test]
fn a_weak_compare_exchange_has_one_more_execution_where_it_could_succeed() {
    let exchange = |spurious: bool| {
        let model = || {
            let value = Arc::new(AtomicUsize::new(0));
            let theirs = Arc::clone(&value);
            spawn_all(2, move |_| {
                let _ = theirs.compare_exchange_weak(0, 1, Relaxed, Relaxed);
            });
            selvedge::sometimes!(value.load(Relaxed) == 1, "one succeeded");
        };
        match check("weak").spurious(spurious).run(model) {
            Verdict::Holds(coverage) => coverage.executions(),
            other => panic!("{other:?}"),
        }
    };
    // either succeeds, and the other reads what it wrote, or what was before: that would succeed
    assert_eq!(exchange(false), 2);
    // and both fail; or one succeeds, and the other reads what was before, and fails
    assert_eq!(exchange(true), 5);
}

/// A stack of boxes, with pointers: addresses differ between executions.
#[test]
fn pointers_may_differ_between_executions() {
    struct Node {
        next: *mut Node,
    }
    let push = || {
        let head = Arc::new(AtomicPtr::<Node>::new(std::ptr::null_mut()));
        let theirs = Arc::clone(&head);
        spawn_all(2, move |_| {
            let node = Box::into_raw(Box::new(Node { next: std::ptr::null_mut() }));
            let mut seen = theirs.load(Relaxed);
            loop {
                // SAFETY: the node is not shared yet
                unsafe { (*node).next = seen };
                match theirs.compare_exchange(seen, node, AcqRel, Acquire) {
                    Ok(_) => return,
                    Err(now) => seen = now,
                }
            }
        });
        let (mut at, mut count) = (head.load(Relaxed), 0);
        while !at.is_null() {
            // SAFETY: all threads have ended, and each node is in the stack once
            let node = unsafe { Box::from_raw(at) };
            (at, count) = (node.next, count + 1);
        }
        assert_eq!(count, 2);
    };
    // the first of them reads null; the second reads the first, at once or after a failure that
    // read null and found the first
    assert_eq!(executions("push", push), 4);
}

#[test]
fn an_exclusive_borrow_has_the_newest_value() {
    let model = || {
        let value = Arc::new(AtomicUsize::new(0));
        let theirs = Arc::clone(&value);
        spawn_all(2, move |i| theirs.store(i + 1, Relaxed));
        let seen = value.load(Relaxed);
        assert_eq!(Arc::try_unwrap(value).unwrap().into_inner(), seen);
    };
    assert_eq!(executions("into_inner", model), 2);
    let scoped = || {
        let mut value = AtomicUsize::new(0);
        thread::scope(|s| {
            s.spawn(|| value.store(1, Relaxed));
            s.spawn(|| value.store(2, Relaxed));
        });
        let seen = value.load(Relaxed);
        assert_eq!(*value.get_mut(), seen);
        selvedge::sometimes!(seen == 1, "the first is the newest");
        selvedge::sometimes!(seen == 2, "the second is the newest");
    };
    assert_eq!(executions("get_mut", scoped), 2);
}

/// Threads are numbered as they start, and their order differs between executions.
#[test]
fn threads_that_start_threads_have_the_same_names_in_every_execution() {
    let model = || {
        let value = atomics::<1>(0);
        spawn_all(2, move |i| {
            let theirs = Arc::clone(&value);
            let own = Arc::new(AtomicUsize::new(0));
            let child = Arc::clone(&own);
            let inner = thread::spawn(move || {
                child.store(theirs[0].load(Relaxed), Relaxed);
                theirs[0].store(10 * (i + 1), Relaxed);
            });
            own.load(Relaxed);
            inner.join().unwrap();
        });
    };
    // each own load reads what its child stored, or not; the children are `unlocked 2x1`: each
    // reads the initial value with the stores in either order, or one reads the other
    assert_eq!(executions("nested", model), 4 * 4);
}

/// Two threads that add with a compare-exchange, and give way when it fails.
#[test]
fn a_loop_that_yields_and_ends_has_the_executions_of_one_that_does_not() {
    let add = |yields: bool| {
        move || {
            let value = Arc::new(AtomicUsize::new(0));
            let theirs = Arc::clone(&value);
            spawn_all(2, move |_| {
                let mut seen = theirs.load(Relaxed);
                while let Err(now) = theirs.compare_exchange(seen, seen + 1, Relaxed, Relaxed) {
                    seen = now;
                    if yields {
                        thread::yield_now();
                    }
                }
            });
            assert_eq!(value.load(Relaxed), 2);
        }
    };
    // either is first; the other reads that at once, or only after it has failed
    assert_eq!((executions("yields", add(true)), executions("does not", add(false))), (4, 4));
}

/// What the last drop orders is told once more by a join.
#[test]
fn the_last_owner_of_an_arc_may_join_the_others() {
    let model = || {
        let shared = Arc::new(AtomicUsize::new(0));
        let flag = Arc::new(AtomicUsize::new(0));
        let (theirs, raised) = (Arc::clone(&shared), Arc::clone(&flag));
        let other = thread::spawn(move || {
            theirs.store(1, Relaxed);
            drop(theirs);
            raised.store(1, Relaxed);
        });
        while flag.load(Relaxed) == 0 {
            thread::yield_now();
        }
        drop(shared);
        other.join().unwrap();
        assert_eq!(flag.load(Relaxed), 1);
    };
    assert_eq!(executions("joins", model), 1);
}
