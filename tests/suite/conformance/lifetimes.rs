//! Nothing that a model lends outlives what it is lent from: scopes and their threads, statics and
//! their values. Under valgrind (`ci/memory`) these tests read memory that would be gone.

use super::helpers::*;
use selvedge::sync::atomic::{AtomicU32, AtomicUsize, Ordering::SeqCst};
use selvedge::sync::{Arc, LazyLock, Mutex};
use selvedge::{Explorer, Kind, cell, thread};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex as StdMutex;
use std::sync::atomic::{AtomicBool as StdBool, AtomicU64 as StdU64};

/// The engines, and a sampler that runs more threads than loom has.
const ALL: [Explorer; 3] = [Explorer::Exhaustive, LOOM, Explorer::Random { seed: 1 }];

/// Calls its closure when it is dropped.
pub(super) struct OnDrop<F: FnMut()>(pub(super) F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

// ---- Scopes

#[test]
fn a_scope_waits_for_threads_that_its_threads_start() {
    for explorer in ALL {
        holds(check_by(explorer, || {
            let n = AtomicU32::new(0);
            thread::scope(|s| {
                s.spawn(|| {
                    n.fetch_add(1, SeqCst);
                    s.spawn(|| n.fetch_add(1, SeqCst));
                });
            });
            assert_eq!(n.load(SeqCst), 2, "a scope returned before one of its threads had ended");
        }));
        holds(check_by(explorer, || {
            let n = AtomicU32::new(0);
            thread::scope(|s| {
                s.spawn(|| {
                    s.spawn(|| {
                        thread::Builder::new().spawn_scoped(s, || n.fetch_add(1, SeqCst)).unwrap();
                    });
                });
            });
            assert_eq!(
                n.load(SeqCst),
                1,
                "a scope returned before a thread of a thread of a thread had ended"
            );
        }));
    }
}

/// As many threads as make the list of started threads move while one is added.
#[test]
fn the_threads_of_a_scope_are_counted_while_more_are_started() {
    for explorer in [Explorer::Random { seed: 1 }, Explorer::Pos { seed: 1 }] {
        holds(check_by(explorer, || {
            let n = AtomicU32::new(0);
            thread::scope(|s| {
                for _ in 0..4 {
                    s.spawn(|| {
                        n.fetch_add(1, SeqCst);
                        s.spawn(|| n.fetch_add(1, SeqCst));
                    });
                }
            });
            assert_eq!(n.load(SeqCst), 8);
        }));
    }
}

#[test]
fn a_scope_waits_also_where_its_closure_panics_or_a_destructor_starts_the_thread() {
    for explorer in ALL {
        holds(check_by(explorer, || {
            let n = AtomicU32::new(0);
            let outcome = catch_unwind(AssertUnwindSafe(|| {
                thread::scope(|s| {
                    s.spawn(|| {
                        s.spawn(|| n.fetch_add(1, SeqCst));
                    });
                    std::panic::resume_unwind(Box::new("the closure"));
                })
            }));
            assert!(outcome.is_err());
            assert_eq!(n.load(SeqCst), 1, "a scope was left before one of its threads had ended");
        }));
        holds(check_by(explorer, || {
            let n = AtomicU32::new(0);
            thread::scope(|s| {
                s.spawn(|| {
                    let _last = OnDrop(|| drop(s.spawn(|| n.fetch_add(1, SeqCst))));
                });
            });
            assert_eq!(n.load(SeqCst), 1);
        }));
    }
}

/// std waits for them after its closure has returned: what the scope is made of must be there until
/// then.
#[test]
fn outside_of_a_model_late_threads_find_their_scope() {
    for _ in 0..20 {
        let n = StdU64::new(0);
        thread::scope(|s| {
            s.spawn(|| {
                thread::yield_now();
                s.spawn(|| {
                    thread::yield_now();
                    s.spawn(|| n.fetch_add(1, SeqCst));
                });
            });
        });
        assert_eq!(n.into_inner(), 1);
    }
}

/// Its threads never run again, but what they borrow exclusively may be in the middle of a change.
#[test]
fn a_scope_of_a_failed_execution_is_not_left_while_its_threads_borrow() {
    static LEFT: StdU64 = StdU64::new(0);
    struct Shared(cell::UnsafeCell<u32>);
    // SAFETY: on purpose wrong: the race is what fails the execution
    #[allow(unsafe_code)]
    unsafe impl Sync for Shared {}
    for explorer in ENGINES {
        let verdict = check_by(explorer, || {
            let ended = StdBool::new(false);
            let _frame = OnDrop(|| _ = LEFT.fetch_add(u64::from(!ended.load(SeqCst)), SeqCst));
            let cell = &Shared(cell::UnsafeCell::new(0));
            thread::scope(|s| {
                s.spawn(|| {
                    cell.0.with_mut(|_| ());
                    thread::yield_now();
                    ended.store(true, SeqCst);
                });
                thread::yield_now();
                cell.0.with_mut(|_| ());
            });
        });
        violated(verdict, Kind::DataRace);
        assert_eq!(LEFT.load(SeqCst), 0, "a frame was left from which a thread borrows");
    }
}

#[test]
fn a_thread_that_is_none_of_the_models_starts_nothing_in_its_scope() {
    for explorer in ENGINES {
        panics(
            check_by(explorer, || {
                let n = AtomicU32::new(0);
                thread::scope(|s| {
                    s.spawn(|| n.load(SeqCst));
                    std::thread::scope(|real| {
                        let refused = real.spawn(|| {
                            let refused = thread::Builder::new().spawn_scoped(s, || ());
                            refused.err().map(|why| why.to_string())
                        });
                        panic!("{}", refused.join().unwrap().unwrap());
                    })
                });
            }),
            "this scope belongs to a model",
        );
    }
}

// ---- Statics

#[test]
fn what_a_static_lends_outlives_the_execution() {
    static NAME: LazyLock<String> = LazyLock::new(|| "selvedge".repeat(4));
    static KEPT: StdMutex<Vec<&'static str>> = StdMutex::new(Vec::new());
    for explorer in ALL {
        holds(check_by(explorer, || {
            let other = thread::spawn(|| KEPT.lock().unwrap().push(NAME.as_str()));
            assert_eq!(NAME.len(), 32);
            other.join().unwrap();
        }));
    }
    let kept = std::mem::take(&mut *KEPT.lock().unwrap());
    let _noise: Vec<String> = (0..64).map(|i| format!("{i:032}")).collect();
    assert!(kept.len() > 3 && kept.iter().all(|name| *name == "selvedge".repeat(4)), "{kept:?}");
}

#[test]
fn what_a_leaked_lazy_lock_lends_outlives_the_execution() {
    static KEPT: StdMutex<Vec<&'static str>> = StdMutex::new(Vec::new());
    for explorer in ENGINES {
        let leaks = || {
            let made: LazyLock<String> = LazyLock::new(|| "selvedge".repeat(4));
            let leaked: &'static LazyLock<String> = Box::leak(Box::new(made));
            let other = thread::spawn(|| KEPT.lock().unwrap().push(leaked.as_str()));
            assert_eq!(leaked.len(), 32);
            other.join().unwrap();
        };
        violated(check_by(explorer, leaks), Kind::Leak);
    }
    let kept = std::mem::take(&mut *KEPT.lock().unwrap());
    let _noise: Vec<String> = (0..64).map(|i| format!("{i:032}")).collect();
    assert!(!kept.is_empty() && kept.iter().all(|name| *name == "selvedge".repeat(4)), "{kept:?}");
}

#[test]
fn a_value_goes_with_its_lazy_lock() {
    static DROPPED: StdU64 = StdU64::new(0);
    static LOCALS: StdU64 = StdU64::new(0);
    struct Counts;
    impl Drop for Counts {
        fn drop(&mut self) {
            DROPPED.fetch_add(1, SeqCst);
        }
    }
    static NEVER: LazyLock<Counts> = LazyLock::new(|| Counts);
    for explorer in ENGINES {
        holds(check_by(explorer, || {
            let before = DROPPED.load(SeqCst);
            let local = LazyLock::new(|| Counts);
            thread::scope(|s| {
                s.spawn(|| _ = LazyLock::force(&local));
                LazyLock::force(&local);
                LazyLock::force(&NEVER);
            });
            assert_eq!(DROPPED.load(SeqCst), before, "it is still there");
            drop(local);
            assert_eq!(DROPPED.load(SeqCst), before + 1, "it is gone");
            LOCALS.fetch_add(1, SeqCst);
        }));
    }
    assert_eq!(DROPPED.load(SeqCst), LOCALS.load(SeqCst), "a value of a static was dropped");
}

#[test]
fn primitives_in_a_kept_value_are_refused_once_their_execution_is_over() {
    static BALANCE: LazyLock<Mutex<u32>> = LazyLock::new(|| Mutex::new(0));
    static KEPT: StdMutex<Option<&'static Mutex<u32>>> = StdMutex::new(None);
    for explorer in ENGINES {
        *KEPT.lock().unwrap() = None;
        let verdict = check_by(explorer, || {
            let other = thread::spawn(|| *BALANCE.lock().unwrap() += 1);
            let kept = *KEPT.lock().unwrap().get_or_insert(&BALANCE);
            *kept.lock().unwrap() += 1;
            other.join().unwrap();
        });
        panics(verdict, "created in another execution");
        let kept = KEPT.lock().unwrap().expect("kept");
        let refused = catch_unwind(AssertUnwindSafe(|| *kept.lock().unwrap())).unwrap_err();
        let words = refused.downcast_ref::<String>().expect("words");
        assert!(words.contains("created inside of a model"), "{words}");
    }
}

#[test]
fn what_stands_in_a_static_is_no_leak_and_what_does_not_is_one() {
    static NODES: LazyLock<Mutex<Vec<Arc<AtomicUsize>>>> = LazyLock::new(Mutex::default);
    for explorer in ENGINES {
        holds(check_by(explorer, || {
            let other = thread::spawn(|| NODES.lock().unwrap().push(Arc::default()));
            NODES.lock().unwrap().push(Arc::default());
            other.join().unwrap();
        }));
        let forgets = || {
            std::mem::forget(Mutex::new(0));
            thread::spawn(|| ()).join().unwrap();
        };
        violated(check_by(explorer, forgets), Kind::Leak);
        let lazily = || {
            let local = LazyLock::new(|| Mutex::new(0));
            thread::scope(|s| {
                s.spawn(|| *local.lock().unwrap() += 1);
                *local.lock().unwrap() += 1;
            });
            std::mem::forget(Mutex::new(0));
        };
        violated(check_by(explorer, lazily), Kind::Leak);
    }
}
