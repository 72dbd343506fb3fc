//! What goes wrong in a model is a verdict: never a hang, never the end of the process.

use super::helpers::*;
use selvedge::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use selvedge::sync::{Arc, Condvar, LazyLock, Mutex, RwLock, mpsc};
use selvedge::{Bound, Explorer, Kind, cell, channel, thread};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

/// Calls its closure when it is dropped.
struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

#[test]
fn a_sixth_thread_is_too_many_for_loom() {
    let model = || {
        let count = Arc::new(AtomicUsize::new(0));
        let start = |_| {
            let count = Arc::clone(&count);
            thread::spawn(move || count.fetch_add(1, SeqCst))
        };
        let threads: Vec<_> = (0..5).map(start).collect();
        threads.into_iter().for_each(|t| _ = t.join().unwrap());
    };
    assert_eq!(unknown(check_by(LOOM, model)), Bound::Threads(5));
    holds(check_by(Explorer::Random { seed: 1 }, model));
}

#[test]
fn timeouts_have_no_model_in_loom() {
    let wait_timeout = || {
        let pair = Arc::new((Mutex::new(()), Condvar::new()));
        let theirs = Arc::clone(&pair);
        let other = thread::spawn(move || theirs.1.notify_all());
        drop(pair.1.wait_timeout(pair.0.lock().unwrap(), Duration::from_secs(1)).unwrap());
        other.join().unwrap();
    };
    not_modelled(check_by(LOOM, wait_timeout), "loom", "timeout");
    holds(check_by(DFS, wait_timeout));
    let park_timeout = || {
        let main = thread::current();
        let other = thread::spawn(move || main.unpark());
        thread::park_timeout(Duration::from_secs(1));
        other.join().unwrap();
    };
    not_modelled(check_by(LOOM, park_timeout), "loom", "timeout");
    holds(check_by(DFS, park_timeout));
    let recv_timeout = || {
        let (sender, receiver) = channel::bounded::<u8>(1);
        let other = thread::spawn(move || drop(sender));
        assert!(receiver.recv_timeout(Duration::from_secs(1)).is_err());
        other.join().unwrap();
    };
    not_modelled(check_by(LOOM, recv_timeout), "loom", "timeout");
    holds(check_by(DFS, recv_timeout));
}

#[test]
fn a_std_mutex_held_across_a_switch_is_stuck_and_says_where() {
    for explorer in ENGINES {
        let verdict = check(explorer).patience(Duration::from_millis(300)).run(|| {
            let unseen = Arc::new(std::sync::Mutex::new(()));
            let seen = Arc::new(AtomicUsize::new(0));
            let hold = |unseen: &std::sync::Mutex<()>, seen: &AtomicUsize| {
                let held = unseen.lock().unwrap();
                seen.fetch_add(1, SeqCst);
                seen.fetch_add(1, SeqCst);
                drop(held);
            };
            let (unseen2, seen2) = (Arc::clone(&unseen), Arc::clone(&seen));
            let other = thread::spawn(move || hold(&unseen2, &seen2));
            hold(&unseen, &seen);
            other.join().unwrap();
        });
        let Bound::Stuck { last } = unknown(verdict) else { panic!("not stuck") };
        assert!(last.contains("survival.rs:"), "{last}");
    }
}

#[test]
fn an_object_from_outside_of_the_model_is_refused() {
    for explorer in ENGINES {
        let outside = Arc::new(Mutex::new(0));
        let found = panics(
            check_by(explorer, move || {
                let theirs = Arc::clone(&outside);
                let other = thread::spawn(move || *theirs.lock().unwrap() += 1);
                other.join().unwrap();
            }),
            "created outside of the model",
        );
        assert!(found.message.contains("Create it in the model's closure"), "{}", found.message);
    }
}

#[test]
fn an_object_from_another_execution_is_refused() {
    for explorer in ENGINES {
        let kept: Arc<std::sync::Mutex<Option<Arc<Mutex<u32>>>>> = Arc::default();
        let found = panics(
            check(explorer).leaks(false).run(move || {
                let mine =
                    Arc::clone(kept.lock().unwrap().get_or_insert_with(|| Arc::new(Mutex::new(0))));
                let theirs = Arc::clone(&mine);
                let other = thread::spawn(move || *theirs.lock().unwrap() += 1);
                *mine.lock().unwrap() += 1;
                other.join().unwrap();
            }),
            "created in another execution",
        );
        assert!(found.message.contains("create it in the model's closure"), "{}", found.message);
    }
}

#[test]
fn a_channel_or_thread_from_another_execution_is_refused() {
    for explorer in ENGINES {
        type Kept =
            (channel::Sender<u8>, mpsc::Receiver<u8>, thread::JoinHandle<()>, thread::Thread);
        for what in 0..4 {
            let kept: Arc<std::sync::Mutex<Option<Kept>>> = Arc::default();
            let verdict = check(explorer).leaks(false).run(move || {
                // so that there are several executions
                let flag = Arc::new(AtomicUsize::new(0));
                let theirs = Arc::clone(&flag);
                let other = thread::spawn(move || theirs.store(1, SeqCst));
                flag.load(SeqCst);
                let mut kept = kept.lock().unwrap_or_else(|e| e.into_inner());
                if let Some((sender, receiver, handle, thread)) = kept.take() {
                    drop(kept);
                    match what {
                        0 => drop(sender.send(1)),
                        1 => drop(receiver.recv()),
                        2 => drop(handle.join()),
                        _ => thread.unpark(),
                    }
                } else {
                    let this = other.thread().clone();
                    *kept = Some((channel::bounded(1).0, mpsc::channel().1, other, this));
                }
            });
            panics(verdict, "another execution");
        }
    }
}

/// Outside of a model std aborts the process, and nothing can stop it inside: it must not be
/// silent, nor hang.
#[test]
fn a_panic_in_a_destructor_that_unwinds_aborts_with_words() {
    const CHILD: &str = "SELVEDGE_TEST_DOUBLE_PANIC";
    if let Ok(engine) = std::env::var(CHILD) {
        let explorer = ENGINES.into_iter().find(|e| e.engine() == engine).unwrap();
        let _ = check_by(explorer, || {
            let other = thread::spawn(|| {
                let _bomb = OnDrop(|| panic!("the second"));
                panic!("the first");
            });
            let _ = other.join();
        });
        return;
    }
    for explorer in ENGINES {
        let name = "conformance::survival::a_panic_in_a_destructor_that_unwinds_aborts_with_words";
        let child = std::process::Command::new(std::env::current_exe().unwrap())
            .args([name, "--exact", "--nocapture"])
            .env(CHILD, explorer.engine())
            .output()
            .unwrap();
        let words =
            String::from_utf8_lossy(&child.stderr).split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(!child.status.success());
        for part in [
            "a destructor panicked while a panic unwound",
            "the first",
            "the second",
            "survival.rs:",
        ] {
            assert!(words.contains(part), "{part:?} is not in {words}");
        }
    }
}

#[test]
fn a_panic_in_a_destructor_at_the_end_of_a_thread_is_a_violation() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("the bomb");
        }
    }
    static BOMB: LazyLock<Bomb> = LazyLock::new(|| Bomb);
    selvedge::thread_local! {
        static LOCAL: Bomb = Bomb;
    }
    for explorer in ENGINES {
        let result = || drop(thread::spawn(|| Bomb)); // nobody joins: the thread drops its result
        panics(check_by(explorer, result), "the bomb");
        let local = || thread::spawn(|| LOCAL.with(|_| ())).join().unwrap();
        panics(check_by(explorer, local), "the bomb");
        let of_main = || {
            thread::spawn(|| ()).join().unwrap();
            LOCAL.with(|_| ());
        };
        panics(check_by(explorer, of_main), "the bomb");
        let lazy =
            || thread::spawn(|| _ = LazyLock::force(&LazyLock::new(|| Bomb))).join().unwrap();
        panics(check_by(explorer, lazy), "the bomb");
        // as in std, a static's value is never dropped: whoever has a reference to it may have it
        // for ever
        holds(check_by(explorer, || {
            let other = thread::spawn(|| _ = LazyLock::force(&BOMB));
            LazyLock::force(&BOMB);
            other.join().unwrap();
        }));
        let payload = || drop(thread::spawn(|| std::panic::panic_any(Bomb)).join());
        panics(check_by(explorer, payload), "the bomb");
    }
}

#[test]
fn a_panic_while_holding_locks_that_others_wait_for_is_a_violation() {
    for explorer in ENGINES {
        for _ in 0..TIMES {
            let verdict = check_by(explorer, || {
                let locks = Arc::new((Mutex::new(0), RwLock::new(0)));
                let waiting = [0, 1].map(|_| {
                    let locks = Arc::clone(&locks);
                    thread::spawn(move || {
                        drop(locks.0.lock());
                        drop(locks.1.read());
                    })
                });
                let _mutex = locks.0.lock().unwrap();
                let _rwlock = locks.1.write().unwrap();
                waiting[0].thread().unpark();
                panic!("while holding");
            });
            panics(verdict, "while holding");
        }
    }
}

#[test]
fn a_panicking_holder_poisons_and_its_waiters_go_on() {
    for explorer in ENGINES {
        for _ in 0..5 {
            let verdict = check_by(explorer, || {
                let lock = Arc::new(Mutex::new(0));
                let theirs = Arc::clone(&lock);
                let other = thread::spawn(move || {
                    let _held = theirs.lock().unwrap();
                    panic!("holding");
                });
                let mine = *lock.lock().unwrap_or_else(|e| e.into_inner());
                assert_eq!(mine, 0);
                assert!(other.join().is_err());
                assert!(lock.is_poisoned());
            });
            holds(verdict);
        }
    }
}

#[test]
fn scoped_threads_with_a_failing_sibling() {
    for explorer in ENGINES {
        for _ in 0..TIMES {
            let verdict = check_by(explorer, || {
                let lock = Mutex::new(vec![1]);
                thread::scope(|s| {
                    s.spawn(|| {
                        let local =
                            OnDrop(|| lock.lock().unwrap_or_else(|e| e.into_inner()).push(2));
                        thread::yield_now();
                        drop(local);
                    });
                    s.spawn(|| panic!("the sibling"));
                });
            });
            panics(verdict, "the sibling");
            let verdict = check_by(explorer, || {
                let cell = cell::UnsafeCell::new(vec![1]);
                struct Shared<'a>(&'a cell::UnsafeCell<Vec<i32>>);
                // SAFETY: on purpose wrong: the race is what is to be found
                #[allow(unsafe_code)]
                unsafe impl Sync for Shared<'_> {}
                let shared = Shared(&cell);
                let shared = &shared;
                thread::scope(|s| {
                    s.spawn(move || {
                        let _later = OnDrop(|| shared.0.with(|_| ()));
                        shared.0.with_mut(|_| ());
                    });
                    s.spawn(move || shared.0.with_mut(|_| ()));
                });
            });
            violated(verdict, Kind::DataRace);
        }
    }
}

#[test]
fn a_failure_while_another_waits_on_a_condvar() {
    for explorer in ENGINES {
        for _ in 0..TIMES {
            let verdict = check_by(explorer, || {
                let pair = Arc::new((Mutex::new(false), Condvar::new()));
                let theirs = Arc::clone(&pair);
                let _waiter = thread::spawn(move || {
                    let _ready = theirs.1.wait_while(theirs.0.lock().unwrap(), |ready| !*ready);
                });
                thread::yield_now();
                assert!(*pair.0.lock().unwrap(), "not ready");
            });
            panics(verdict, "not ready");
        }
    }
}

#[test]
fn a_lost_wakeup_is_a_deadlock() {
    for explorer in ENGINES {
        for _ in 0..TIMES {
            let verdict = check_by(explorer, || {
                let pair = Arc::new((Mutex::new(()), Condvar::new()));
                let theirs = Arc::clone(&pair);
                let waiter = thread::spawn(move || drop(theirs.1.wait(theirs.0.lock().unwrap())));
                pair.1.notify_one();
                waiter.join().unwrap();
            });
            let found = violated(verdict, Kind::Deadlock);
            assert!(found.message.contains("a notification of condvar 1"), "{}", found.message);
        }
    }
}

#[test]
fn a_failure_cannot_be_caught_away() {
    for explorer in ENGINES {
        for _ in 0..5 {
            let race = check_by(explorer, || {
                let cell = Arc::new(Shared(cell::UnsafeCell::new(0)));
                let theirs = Arc::clone(&cell);
                let other = thread::spawn(move || theirs.0.with_mut(|_| ()));
                let _ = catch_unwind(AssertUnwindSafe(|| cell.0.with_mut(|_| ())));
                other.join().unwrap();
            });
            violated(race, Kind::DataRace);
            let deadlock = check_by(explorer, || {
                let (sender, receiver) = channel::unbounded::<()>();
                let other = thread::spawn(move || {
                    // a worker that outlives its jobs
                    while let Ok(Ok(())) | Err(_) =
                        catch_unwind(AssertUnwindSafe(|| receiver.recv()))
                    {}
                });
                other.join().unwrap();
                drop(sender);
            });
            violated(deadlock, Kind::Deadlock);
        }
    }
}

struct Shared(cell::UnsafeCell<u32>);
// SAFETY: on purpose wrong: the race is what is to be found
#[allow(unsafe_code)]
unsafe impl Sync for Shared {}
#[allow(unsafe_code)]
unsafe impl Send for Shared {}

#[test]
fn destructors_that_lock_statics_and_locals() {
    static LOG: LazyLock<Mutex<Vec<u32>>> = LazyLock::new(|| Mutex::new(Vec::new()));
    struct Logs(u32);
    impl Drop for Logs {
        fn drop(&mut self) {
            LOG.lock().unwrap_or_else(|e| e.into_inner()).push(self.0);
        }
    }
    selvedge::thread_local! {
        static LOCAL: Logs = Logs(1);
    }
    static KEPT: LazyLock<Mutex<Logs>> = LazyLock::new(|| Mutex::new(Logs(3)));
    for explorer in ENGINES {
        for _ in 0..5 {
            holds(check_by(explorer, || {
                let other = thread::spawn(|| LOCAL.with(|l| assert_eq!(l.0, 1)));
                other.join().unwrap();
                assert_eq!(*LOG.lock().unwrap(), [1]);
                assert_eq!(KEPT.lock().unwrap().0, 3);
            }));
            let verdict = check_by(explorer, || {
                let other = thread::spawn(|| {
                    let _result = Logs(2);
                    LOCAL.with(|_| panic!("in a local"));
                });
                assert_eq!(KEPT.lock().unwrap().0, 3);
                other.join().unwrap();
            });
            panics(verdict, "in a local");
        }
    }
}

#[test]
fn a_destructor_that_waits_while_main_unwinds_does_not_hide_the_failure() {
    for explorer in ENGINES {
        for _ in 0..5 {
            // joins
            let verdict = check_by(explorer, || {
                let mut other = Some(thread::spawn(thread::yield_now));
                let _join = OnDrop(move || drop(other.take().map(|o| o.join())));
                panic!("main failed");
            });
            panics(verdict, "main failed");
            // unwraps a join
            let verdict = check_by(explorer, || {
                let mut other = Some(thread::spawn(thread::yield_now));
                let _join = OnDrop(move || other.take().unwrap().join().unwrap());
                panic!("main failed");
            });
            panics(verdict, "main failed");
            // locks what another holds
            let verdict = check_by(explorer, || {
                let lock = Arc::new(Mutex::new(0));
                let theirs = Arc::clone(&lock);
                let other = thread::spawn(move || {
                    let mut held = theirs.lock().unwrap();
                    thread::yield_now();
                    *held += 1;
                });
                let _lock = OnDrop(|| *lock.lock().unwrap_or_else(|e| e.into_inner()) += 1);
                other.thread().unpark();
                panic!("main failed");
            });
            panics(verdict, "main failed");
        }
        // waits for a condition that nobody makes true any more
        let verdict = check_by(explorer, || {
            let pair = Arc::new((Mutex::new(false), Condvar::new()));
            let theirs = Arc::clone(&pair);
            let _other = thread::spawn(move || {
                *theirs.0.lock().unwrap() = true;
                theirs.1.notify_one();
            });
            let _wait = OnDrop(|| drop(pair.1.wait_while(pair.0.lock().unwrap(), |ready| !*ready)));
            panic!("main failed");
        });
        panics(verdict, "main failed");
        // spins for it
        let verdict = check_by(explorer, || {
            let flag = Arc::new(AtomicUsize::new(0));
            let theirs = Arc::clone(&flag);
            let _other = thread::spawn(move || theirs.store(1, SeqCst));
            let _spin = OnDrop(|| {
                while flag.load(SeqCst) == 0 {
                    thread::yield_now();
                }
            });
            panic!("main failed");
        });
        panics(verdict, "main failed");
    }
}

#[test]
fn a_destructor_waits_while_a_thread_unwinds_but_under_loom_that_is_not_modelled() {
    for explorer in ENGINES {
        let engine = explorer.engine();
        let verdict = check_by(explorer, || {
            let lock = Arc::new(Mutex::new(0));
            let theirs = Arc::clone(&lock);
            let other = thread::spawn(move || {
                let _lock = OnDrop(|| *theirs.lock().unwrap() += 1);
                thread::yield_now();
                panic!("caught by the join");
            });
            {
                let mut held = lock.lock().unwrap();
                let before = *held;
                thread::yield_now();
                *held = before + 1;
            }
            assert!(other.join().is_err());
            assert_eq!(*lock.lock().unwrap_or_else(|e| e.into_inner()), 2, "no update is lost");
        });
        match engine {
            "loom" => not_modelled(verdict, engine, "while a panic unwinds"),
            _ => holds(verdict),
        }
        // where it never has to, the model is explored as any other
        holds(check_by(explorer, || {
            let lock = Arc::new(Mutex::new(0));
            let theirs = Arc::clone(&lock);
            let other = thread::spawn(move || {
                let _lock = OnDrop(|| *theirs.lock().unwrap() += 1);
                panic!("caught by the join");
            });
            assert!(other.join().is_err());
            let third = Arc::clone(&lock);
            let third =
                thread::spawn(move || *third.lock().unwrap_or_else(|e| e.into_inner()) += 1);
            *lock.lock().unwrap_or_else(|e| e.into_inner()) += 1;
            third.join().unwrap();
            assert_eq!(*lock.lock().unwrap_or_else(|e| e.into_inner()), 3);
        }));
    }
}

#[test]
fn a_thread_that_nobody_joins_must_not_panic() {
    for explorer in ENGINES {
        let verdict = check_by(explorer, || drop(thread::spawn(|| panic!("unheard"))));
        panics(verdict, "unheard");
    }
}

#[test]
fn a_livelock_is_found() {
    for explorer in ENGINES {
        let verdict = check(explorer).max_events(500).run(|| {
            let flag = Arc::new(AtomicUsize::new(0));
            let theirs = Arc::clone(&flag);
            let _other = thread::spawn(move || {
                while theirs.load(SeqCst) == 0 {
                    thread::yield_now()
                }
            });
            flag.load(SeqCst);
        });
        violated(verdict, Kind::Livelock);
    }
}
