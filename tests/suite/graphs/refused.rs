//! Models that are refused: what is violated, with the twin that holds, and what has no model.

use super::{Plain, check, executions, spawn_all, violated};
use selvedge::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize};
use selvedge::sync::{Arc, Condvar, LazyLock, Mutex, Once, RwLock, RwLockWriteGuard};
use selvedge::{Bound, Check, Explorer, Kind, Verdict, thread};
use std::sync::atomic::Ordering::{self, Acquire, Relaxed, Release, SeqCst};

/// Publishes a cell through a flag.
pub(super) fn publish(stores: Ordering, loads: Ordering) {
    let shared = Arc::new((Plain::new(), AtomicBool::new(false)));
    let theirs = Arc::clone(&shared);
    let writer = thread::spawn(move || {
        theirs.0.write();
        theirs.1.store(true, stores);
    });
    if shared.1.load(loads) {
        assert_eq!(shared.0.read(), 1);
    }
    writer.join().unwrap();
}

#[test]
fn a_relaxed_publication_races_and_an_ordered_one_holds() {
    assert_eq!(executions("publish", || publish(Release, Acquire)), 2);
    for (stores, loads) in [(Relaxed, Acquire), (Release, Relaxed), (Relaxed, Relaxed)] {
        let found = violated("relaxed", move || publish(stores, loads));
        assert_eq!(found.kind, Kind::DataRace, "{found:?}");
    }
}

/// Two threads that enter unless they see the other: each must see, or be seen.
fn dekker(stores: Ordering, loads: Ordering) {
    let shared = Arc::new((Plain::new(), [AtomicBool::new(false), AtomicBool::new(false)]));
    spawn_all(2, move |i| {
        shared.1[i].store(true, stores);
        if !shared.1[1 - i].load(loads) {
            shared.0.write();
        }
    });
}

/// The exhaustive explorer cannot find this: every interleaving excludes.
#[test]
fn an_exclusion_needs_seqcst() {
    assert_eq!(executions("SeqCst", || dekker(SeqCst, SeqCst)), 3);
    let found = violated("release, acquire", || dekker(Release, Acquire));
    assert_eq!((found.kind, found.explorer), (Kind::DataRace, Explorer::Graphs));
    assert!(!found.replay.is_empty() && found.caveat.is_none(), "{found:?}");
    assert!(found.trace.events.len() > 4, "{found:?}");
    let sc = Check::new("SC").explorers([Explorer::Exhaustive]).run(|| dekker(Release, Acquire));
    assert!(matches!(sc, Verdict::Holds(_)), "{sc:?}");
}

#[test]
fn a_deadlock_is_found_in_whichever_order_the_locks_are_tried() {
    let deadlock = |swapped: bool| {
        move || {
            let locks = Arc::new((Mutex::new(0), Mutex::new(0)));
            spawn_all(2, move |i| {
                let (one, other) =
                    if i == 1 && swapped { (&locks.1, &locks.0) } else { (&locks.0, &locks.1) };
                let (mut one, mut other) = (one.lock().unwrap(), other.lock().unwrap());
                (*one, *other) = (*other + 1, *one + 1);
            });
        }
    };
    assert_eq!(executions("ordered", deadlock(false)), 2);
    assert_eq!(violated("swapped", deadlock(true)).kind, Kind::Deadlock);
}

/// What is shared without an order is not there for the other thread.
#[test]
fn an_atomic_is_used_only_where_its_creation_is_known() {
    let model = |stores: Ordering| {
        move || {
            let place = Arc::new(AtomicPtr::<AtomicUsize>::new(std::ptr::null_mut()));
            let theirs = Arc::clone(&place);
            let maker = thread::spawn(move || {
                theirs.store(Box::into_raw(Box::new(AtomicUsize::new(7))), stores);
            });
            let found = place.load(Acquire);
            if !found.is_null() {
                // SAFETY: it is freed below
                assert_eq!(unsafe { &*found }.load(Relaxed), 7);
            }
            maker.join().unwrap();
            // SAFETY: the thread has ended
            drop(unsafe { Box::from_raw(place.load(Relaxed)) });
        }
    };
    assert_eq!(executions("release", model(Release)), 2);
    assert_eq!(violated("relaxed", model(Relaxed)).kind, Kind::DataRace);
}

/// Which thread drops last orders it behind the others, and no event says so.
#[test]
fn what_the_last_owner_of_an_arc_reads_is_explored() {
    struct Looks(AtomicUsize, bool);
    impl Drop for Looks {
        fn drop(&mut self) {
            if self.1 {
                assert_eq!(self.0.load(Relaxed), 1);
            }
        }
    }
    let model = |looks: bool| {
        move || {
            let shared = Arc::new(Looks(AtomicUsize::new(0), looks));
            let theirs = Arc::clone(&shared);
            thread::spawn(move || theirs.0.store(1, Relaxed));
            shared.0.load(Relaxed);
        }
    };
    assert_eq!(executions("not looked at", model(false)), 2);
    assert_eq!(executions("looked at", model(true)), 4);
}

/// An atomic that was borrowed exclusively begins anew, with what the borrower has left.
#[test]
fn an_atomic_is_shared_again_after_an_exclusive_borrow() {
    fn model(stores: Ordering) -> impl Fn() + Send + Sync + 'static {
        move || {
            let mut value = AtomicUsize::new(0);
            value.store(1, Relaxed);
            let place = Arc::new(AtomicPtr::<AtomicUsize>::new(std::ptr::null_mut()));
            let theirs = Arc::clone(&place);
            let adds = thread::spawn(move || {
                let value = theirs.load(Acquire);
                if !value.is_null() {
                    // SAFETY: it is freed below
                    assert_eq!(unsafe { &*value }.fetch_add(1, Relaxed), 2);
                }
            });
            *value.get_mut() += 1;
            let value = Box::into_raw(Box::new(value));
            place.store(value, stores);
            adds.join().unwrap();
            // SAFETY: the thread has ended
            let mut value = unsafe { Box::from_raw(value) };
            let (left, last) = (*value.get_mut(), value.load(Relaxed));
            assert!(left == last && (2..=3).contains(&left));
        }
    }
    assert_eq!(executions("released", model(Release)), 2);
    assert_eq!(violated("relaxed", model(Relaxed)).kind, Kind::DataRace);
}

/// What the explorer has no model of ends one execution. Another one may still violate the model.
#[test]
fn a_violation_is_found_beside_what_has_no_model() {
    fn refused() {
        let pair = (Mutex::new(false), Condvar::new());
        let mut guard = pair.0.lock().unwrap();
        for _ in 0..2 {
            guard = pair.1.wait_timeout(guard, std::time::Duration::ZERO).unwrap().0;
        }
    }
    fn model(when: usize, fails: bool) -> impl Fn() + Send + Sync + 'static {
        move || {
            let flag = Arc::new(AtomicUsize::new(0));
            let theirs = Arc::clone(&flag);
            let setter = thread::spawn(move || theirs.store(1, Relaxed));
            if flag.load(Relaxed) == when {
                refused();
            } else {
                assert!(!fails);
            }
            setter.join().unwrap();
        }
    }
    for when in [0, 1] {
        assert_eq!(violated("fails", model(when, true)).kind, Kind::Panic);
        match check("does not").run(model(when, false)) {
            Verdict::Unknown(Bound::NotModelled { engine: "graphs", .. }) => {}
            other => panic!("{when}: {other:?}"),
        }
    }
}

#[test]
fn what_has_no_model_leaves_the_verdict_open() {
    fn open(name: &str, model: impl Fn() + Send + Sync + 'static) {
        match check(name).max_events(200).run(model) {
            Verdict::Unknown(Bound::NotModelled { engine: "graphs", .. }) => {}
            other => panic!("{name}: {other:?}"),
        }
    }
    open("a timeout that fires again and again", || {
        let pair = (Mutex::new(false), Condvar::new());
        let mut guard = pair.0.lock().unwrap();
        for _ in 0..2 {
            guard = pair.1.wait_timeout(guard, std::time::Duration::ZERO).unwrap().0;
        }
    });
    open("is_finished", || {
        let child = thread::spawn(|| {});
        let _ = child.is_finished();
        child.join().unwrap();
    });
    open("a loop without an end", || {
        let flag = Arc::new(AtomicBool::new(false));
        let theirs = Arc::clone(&flag);
        let setter = thread::spawn(move || theirs.store(true, Release));
        while !flag.load(Acquire) {}
        setter.join().unwrap();
    });
    open("no static", || {
        #[allow(clippy::declare_interior_mutable_const, reason = "its copy is what is refused")]
        const ZERO: AtomicUsize = AtomicUsize::new(0);
        let copy = Box::new(ZERO);
        thread::scope(|s| {
            s.spawn(|| copy.store(1, Relaxed));
        });
    });
    open("a wait for an initialisation", || {
        let once = Once::new();
        thread::scope(|s| {
            s.spawn(|| once.wait());
            once.call_once(|| ());
        });
    });
    open("a downgrade", || {
        let lock = RwLock::new(0);
        thread::scope(|s| {
            s.spawn(|| *lock.write().unwrap() += 1);
            drop(RwLockWriteGuard::downgrade(lock.write().unwrap()));
        });
    });
}

/// A lazy value that is no static belongs to the execution that made it.
#[test]
fn a_local_lazy_lock_has_a_model() {
    let count = executions("lazy", || {
        let lazy = LazyLock::new(|| AtomicUsize::new(0));
        thread::scope(|s| {
            s.spawn(|| lazy.fetch_add(1, Relaxed));
            lazy.fetch_add(1, Relaxed);
        });
        assert_eq!(lazy.load(Relaxed), 2);
    });
    assert_eq!(count, 4, "who makes it, and who adds first");
}

/// What an exclusive borrow leaves is the value of another object: a thread may read it although
/// newer stores are known, and what was stored before the borrow is gone.
#[test]
fn what_an_exclusive_borrow_leaves_is_read_as_any_older_value() {
    let seen = |borrows: bool| {
        let seen = std::sync::Arc::new(std::sync::Mutex::new(std::collections::BTreeSet::new()));
        let seeing = std::sync::Arc::clone(&seen);
        let count = executions("borrowed", move || {
            let mut value = AtomicUsize::new(if borrows { 0 } else { 2 });
            if borrows {
                value.store(1, Relaxed);
                *value.get_mut() = 2;
            }
            let shared = Arc::new((value, AtomicUsize::new(0)));
            let theirs = Arc::clone(&shared);
            let other = thread::spawn(move || {
                let taken = theirs.0.compare_exchange(2, 3, Relaxed, Relaxed);
                theirs.1.store(1, Relaxed);
                taken.is_ok()
            });
            let read = (shared.1.load(Relaxed), shared.0.load(Relaxed));
            seeing.lock().unwrap().insert((read, other.join().unwrap()));
        });
        (count, std::mem::take(&mut *seen.lock().unwrap()))
    };
    assert_eq!(seen(true), seen(false));
    assert!(seen(true).1.contains(&((1, 2), true)));
}

/// A loop that waits until nobody else has a handle looks at a count that is a value.
#[test]
fn a_loop_waits_for_the_count_of_an_arc() {
    let waits = || {
        let shared = Arc::new(AtomicUsize::new(0));
        let theirs = Arc::clone(&shared);
        let other = thread::spawn(move || theirs.store(1, Relaxed));
        while Arc::strong_count(&shared) > 1 {
            thread::yield_now();
        }
        other.join().unwrap();
    };
    assert!(executions("waits", waits) > 0);
}

/// Handles of std count where no model sees it.
#[test]
fn an_arc_that_handles_of_std_share_leaves_the_verdict_open() {
    let shared = |unseen: fn(&std::sync::Arc<u32>)| {
        move || {
            let std = std::sync::Arc::new(0);
            let mine: Arc<u32> = Arc::from(std::sync::Arc::clone(&std));
            unseen(&std);
            drop(std);
            let theirs = Arc::clone(&mine);
            let other = thread::spawn(move || *theirs);
            let alone = Arc::try_unwrap(mine).is_ok();
            let _ = (other.join().unwrap(), alone);
        }
    };
    let unseen: [fn(&std::sync::Arc<u32>); 2] = [|_| {}, |std| std::mem::forget(std.clone())];
    for unseen in unseen {
        match check("std").run(shared(unseen)) {
            Verdict::Unknown(Bound::NotModelled { engine: "graphs", operation }) => {
                assert!(operation.contains("handles of std"), "{operation}");
            }
            other => panic!("{other:?}"),
        }
    }
}
