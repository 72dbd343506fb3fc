//! A thread that unwinds gets nothing that others may be in the middle of: a real thread nothing
//! that a model holds, a green thread nothing that another execution or another green thread holds.

use super::helpers::*;
use super::lifetimes::OnDrop;
use selvedge::sync::atomic::{AtomicU32, Ordering::SeqCst};
use selvedge::sync::{Arc, Condvar, Mutex, Once, RwLock};
use selvedge::{Explorer, thread};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Command;
use std::sync::Mutex as StdMutex;
use std::sync::atomic::AtomicU64 as StdU64;

/// Runs the test again in a process of its own, where `action` is what it does; what it says on
/// stderr, if it ends by an abort.
#[track_caller]
fn last_words(test: &str, action: fn()) -> String {
    const CHILD: &str = "SELVEDGE_TEST_LAST_WORDS";
    if std::env::var_os(CHILD).is_some() {
        action();
        println!("it has come to its end");
        std::process::exit(0);
    }
    let name = format!("conformance::unwinding::{test}");
    let program = std::env::current_exe().expect("this test");
    let run = Command::new(program)
        .args([&name, "--exact", "--nocapture"])
        .env(CHILD, "1")
        .output()
        .expect("it runs");
    assert!(
        run.status.code().is_none(),
        "it does not abort: {:?}\n{}",
        run.status,
        String::from_utf8_lossy(&run.stdout)
    );
    String::from_utf8_lossy(&run.stderr).into_owned()
}

/// In a model, a real thread unwinds past a destructor that calls `meets` while a green thread is
/// in the middle of something.
fn a_real_thread_unwinds_into(meets: fn(&Objects)) {
    let _ = check_by(Explorer::Exhaustive, move || {
        let objects = &Objects::default();
        let _held = (objects.mutex.lock().unwrap(), objects.rwlock.write().unwrap());
        std::thread::scope(|real| {
            let unwinds = real.spawn(|| {
                let _meets = OnDrop(|| meets(objects));
                std::panic::resume_unwind(Box::new("unwinds"));
            });
            drop(unwinds.join());
        });
    });
}

#[derive(Default)]
struct Objects {
    mutex: Mutex<Vec<u32>>,
    rwlock: RwLock<Vec<u32>>,
    once: Once,
    condvar: Condvar,
    atomic: AtomicU32,
}

#[test]
fn a_real_thread_that_unwinds_does_not_get_a_mutex_that_is_held() {
    let words = last_words("a_real_thread_that_unwinds_does_not_get_a_mutex_that_is_held", || {
        a_real_thread_unwinds_into(|o| o.mutex.lock().unwrap_or_else(|e| e.into_inner()).push(1));
    });
    assert!(words.contains("this mutex was created inside of a model, at "), "{words}");
}

#[test]
fn a_real_thread_that_unwinds_does_not_get_a_rwlock_that_is_held() {
    let words = last_words("a_real_thread_that_unwinds_does_not_get_a_rwlock_that_is_held", || {
        a_real_thread_unwinds_into(|o| {
            assert!(o.rwlock.read().unwrap_or_else(|e| e.into_inner()).is_empty())
        });
    });
    assert!(words.contains("lock was created inside of a model, at "), "{words}");
}

#[test]
fn a_real_thread_that_unwinds_may_catch_what_refuses_it() {
    a_real_thread_unwinds_into(|o| {
        let refused = |meets: &dyn Fn()| {
            let why = catch_unwind(AssertUnwindSafe(meets)).expect_err("it is refused");
            let words = why.downcast_ref::<String>().expect("words");
            assert!(words.contains("created inside of a model"), "{words}");
        };
        refused(&|| _ = o.mutex.try_lock().is_ok());
        refused(&|| _ = o.rwlock.try_write().is_ok());
        refused(&|| o.once.call_once(|| ()));
        refused(&|| o.condvar.notify_all());
        refused(&|| _ = o.atomic.fetch_add(1, SeqCst));
    });
}

/// Once nobody is left who could hold it, a destructor that unwinds may have it: no test process
/// ends for that.
#[test]
fn what_is_left_of_an_execution_that_is_over_may_be_used_by_a_destructor_that_unwinds() {
    type Pair = Arc<(Mutex<u32>, AtomicU32)>;
    static KEPT: StdMutex<Vec<Pair>> = StdMutex::new(Vec::new());
    for explorer in ENGINES {
        holds(check(explorer).leaks(false).run(|| {
            let pair = Arc::new((Mutex::new(0), AtomicU32::new(0)));
            let theirs = Arc::clone(&pair);
            let other = thread::spawn(move || *theirs.0.lock().unwrap() += 1);
            *pair.0.lock().unwrap() += 1;
            other.join().unwrap();
            KEPT.lock().unwrap().push(pair);
        }));
        let kept = std::mem::take(&mut *KEPT.lock().unwrap());
        let unwinds = catch_unwind(AssertUnwindSafe(|| {
            let _uses = OnDrop(|| {
                for pair in &kept {
                    assert_eq!(*pair.0.lock().unwrap(), 2);
                    pair.1.fetch_add(1, SeqCst);
                }
            });
            std::panic::resume_unwind(Box::new("unwinds"));
        }));
        assert!(unwinds.is_err() && !kept.is_empty());
    }
}

/// On a green thread the exploration ends, with a verdict, and the process goes on.
#[test]
fn a_green_thread_that_unwinds_does_not_get_what_a_failed_execution_holds() {
    static KEPT: StdMutex<Option<Arc<Mutex<Vec<u32>>>>> = StdMutex::new(None);
    for explorer in ENGINES {
        let fails = check(explorer).leaks(false).run(|| {
            let lock = Arc::new(Mutex::new(vec![1]));
            *KEPT.lock().unwrap() = Some(Arc::clone(&lock));
            let theirs = Arc::clone(&lock);
            let _other = thread::spawn(move || {
                let held = theirs.lock().unwrap();
                thread::yield_now();
                drop(held);
            });
            thread::yield_now();
            assert!(lock.try_lock().is_ok(), "held");
        });
        panics(fails, "held");
        let verdict = check(explorer).leaks(false).run(|| {
            let _meets = OnDrop(|| {
                let kept = KEPT.lock().unwrap().clone().expect("kept");
                kept.lock().unwrap_or_else(|e| e.into_inner()).push(2);
            });
            panic!("the first panic");
        });
        let found = panics(
            verdict,
            "the first panic; while this unwound, selvedge: this mutex was created in another",
        );
        assert!(found.location.is_some_and(|l| l.contains("unwinding.rs")));
    }
}

/// It waits for the holder; or, where that never runs again, it never gets the lock.
#[test]
fn a_green_thread_that_unwinds_gets_no_lock_whose_holder_is_in_the_middle_of_a_change() {
    static TORN: StdU64 = StdU64::new(0);
    for explorer in ENGINES {
        let verdict = check_by(explorer, || {
            let lock = Arc::new(Mutex::new(vec![3, 1, 2]));
            let theirs = Arc::clone(&lock);
            let _other = thread::spawn(move || {
                theirs.lock().unwrap().sort_by(|a, b| {
                    thread::yield_now();
                    a.cmp(b)
                });
            });
            thread::yield_now();
            let free = lock.try_lock().is_ok();
            let _gets = OnDrop(|| {
                let whole = lock.lock().is_ok_and(|list| list.is_sorted());
                if !free && !whole {
                    TORN.fetch_add(1, SeqCst);
                }
            });
            assert!(free, "main fails");
        });
        panics(verdict, "main fails");
        assert_eq!(
            TORN.load(SeqCst),
            0,
            "a destructor got a lock whose holder was in the middle of a change"
        );
    }
}

/// What a model's closure owns is borrowed by the stacks that a failed execution leaves behind.
#[test]
fn what_a_model_owns_is_kept_where_an_execution_stopped_in_the_middle_of_a_change() {
    static DROPPED: StdU64 = StdU64::new(0);
    struct Item(u32);
    impl Drop for Item {
        fn drop(&mut self) {
            DROPPED.fetch_add(1, SeqCst);
        }
    }
    let owned = StdMutex::new(vec![Item(2), Item(1)]);
    let verdict = check_by(Explorer::Exhaustive, move || {
        // it drops its result itself, which ends the execution
        drop(thread::spawn(|| OnDrop(|| panic!("the bomb"))));
        owned.lock().unwrap().sort_by(|a, b| {
            thread::yield_now();
            a.0.cmp(&b.0)
        });
    });
    panics(verdict, "the bomb");
    assert_eq!(DROPPED.load(SeqCst), 0, "items were dropped of which a sort had one twice");
}
