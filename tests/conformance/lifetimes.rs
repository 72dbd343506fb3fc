//! Nothing that a model lends outlives what it is lent from: scopes and their threads. Under valgrind these tests read
//! memory that would be gone.

use super::helpers::*;
use selvedge::sync::atomic::{AtomicU32, Ordering::SeqCst};
use selvedge::{Explorer, Kind, cell, thread};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool as StdBool, AtomicU64 as StdU64};

/// The engines, and a sampler that runs more threads than loom has.
const ALL: [Explorer; 3] = [Explorer::Exhaustive, LOOM, Explorer::Random { seed: 1 }];

/// Calls its closure when it is dropped.
struct OnDrop<F: FnMut()>(F);

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
            assert_eq!(n.load(SeqCst), 1, "a scope returned before a thread of a thread of a thread had ended");
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

/// std waits for them after its closure has returned: what the scope is made of must be there until then.
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
