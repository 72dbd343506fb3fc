//! What models of other harnesses need: leaks of owned memory only, pointers into cells, loads of
//! atomics as plain memory, threads that stay apart, threads without `Send`, locks read twice.

use selvedge::alloc::{Layout, alloc, alloc_zeroed, dealloc, realloc};
use selvedge::cell::UnsafeCell;
use selvedge::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use selvedge::sync::{Arc, Condvar, Mutex, OnceLock, RwLock};
use selvedge::{
    Bound, Budget, Check, Config, Explorer, Extent, Kind, Leaks, Spurious, Verdict, thread,
};
use std::rc::Rc;

const LOOM: Explorer = Explorer::Loom { preemption_bound: None };

fn check() -> Check<'static> {
    Check::new("owned").config(Config::default()).apart(true).leaks(Leaks::Owned)
}

fn holds(check: Check<'_>, model: impl Fn() + Send + Sync + 'static) {
    let verdict = check.run(model);
    assert!(matches!(verdict, Verdict::Holds(_)), "{verdict:?}");
}

fn violated(check: Check<'_>, model: impl Fn() + Send + Sync + 'static) -> (Kind, String) {
    match check.run(model) {
        Verdict::Violated(found) => (found.kind, found.message),
        other => panic!("{other:?}"),
    }
}

/// An object in a leaked box: what only the strict check calls a leak.
fn leaks_a_box() {
    let flag: &AtomicBool = Box::leak(Box::new(AtomicBool::new(false)));
    let setter = thread::spawn(|| flag.store(true, Ordering::SeqCst));
    flag.load(Ordering::SeqCst);
    setter.join().unwrap();
}

#[test]
fn what_nobody_owns_may_stay() {
    for explorer in [Explorer::Exhaustive, Explorer::Graphs, LOOM] {
        holds(check().explorers([explorer]), leaks_a_box);
        let strict = check().leaks(Leaks::Objects).explorers([explorer]);
        assert_eq!(violated(strict, leaks_a_box).0, Kind::Leak);
    }
}

#[test]
fn a_forgotten_arc_is_a_leak_wherever_it_was_made() {
    for explorer in [Explorer::Exhaustive, Explorer::Graphs, LOOM] {
        let forgets = || std::mem::forget(Arc::new(7));
        let (kind, message) = violated(check().explorers([explorer]), forgets);
        assert_eq!(kind, Kind::Leak);
        assert_eq!(message, "the value of an Arc was never dropped (1 such Arcs)");
        struct Own(OnceLock<Arc<Own>>);
        let in_a_cycle = || {
            let one = Arc::new(Own(OnceLock::new()));
            let _ = one.0.set(Arc::clone(&one));
        };
        assert_eq!(violated(check().explorers([explorer]), in_a_cycle).0, Kind::Leak);
        holds(check().leaks(false).explorers([explorer]), forgets);
    }
}

#[test]
fn an_arc_that_was_dropped_unwrapped_or_given_to_std_is_none() {
    holds(check(), || {
        let shared = Arc::new(7);
        let theirs = Arc::clone(&shared);
        let other = thread::spawn(move || drop(theirs));
        drop(shared);
        other.join().unwrap();
        assert_eq!(Arc::try_unwrap(Arc::new(1)), Ok(1));
        assert_eq!(Arc::into_inner(Arc::new(1)), Some(1));
        let with_a_weak = Arc::new(1);
        let weak = Arc::downgrade(&with_a_weak);
        drop(with_a_weak);
        assert_eq!(weak.upgrade(), None);
        // SAFETY: the pointer is that of a handle
        drop(unsafe { Arc::from_raw(Arc::into_raw(Arc::new(1))) });
        let theirs = std::sync::Arc::new(1);
        let ours: Arc<i32> = Arc::from(std::sync::Arc::clone(&theirs));
        drop((ours, theirs));
        let theirs: std::sync::Arc<i32> = Arc::new(1).into();
        std::mem::forget(theirs); // a model does not see what is done with it
        drop(Arc::from_std(std::sync::Arc::new(1)));
    });
}

#[test]
fn memory_that_is_never_freed_is_a_leak() {
    const PAIR: Layout = Layout::new::<[u32; 2]>();
    for explorer in [Explorer::Exhaustive, Explorer::Graphs, LOOM] {
        for leaks in [Leaks::Objects, Leaks::Owned] {
            // SAFETY: each layout has a size, and what is freed is freed once, with its layout
            let (kind, message) = violated(check().leaks(leaks).explorers([explorer]), || unsafe {
                dealloc(alloc(PAIR), PAIR);
                let _ = alloc_zeroed(PAIR);
            });
            assert_eq!(kind, Kind::Leak);
            assert!(message.ends_with("was never dropped (1 such objects)"), "{message}");
            // SAFETY: as above
            holds(check().leaks(leaks).explorers([explorer]), || unsafe {
                let larger = realloc(alloc(PAIR), PAIR, 64);
                let theirs = larger as usize;
                let free = move || {
                    dealloc(theirs as *mut u8, Layout::from_size_align(64, 4).unwrap());
                };
                thread::spawn(free).join().unwrap();
            });
        }
    }
}

/// A cell that is written by whoever has seen the flag.
struct Handed(UnsafeCell<u32>, AtomicBool);

// SAFETY: the model says whether the flag hands the cell over
unsafe impl Sync for Handed {}

/// Hands the cell over while a pointer into it lives, or after it.
fn hands_over(while_it_lives: bool, reads: bool) {
    let cell = Arc::new(Handed(UnsafeCell::new(0), AtomicBool::new(false)));
    let theirs = Arc::clone(&cell);
    let other = thread::spawn(move || {
        if theirs.1.load(Ordering::Acquire) {
            let write = theirs.0.mut_ptr();
            // SAFETY: the model says whether the flag has handed it over
            unsafe { *write.deref() += 1 };
        }
    });
    let used = |uses: &dyn Fn() -> u32| {
        uses();
        if while_it_lives {
            cell.1.store(true, Ordering::Release);
            uses(); // not handed over, after all
        }
    };
    if reads {
        let read = cell.0.const_ptr();
        // SAFETY: as above
        used(&|| unsafe { *read.deref() });
    } else {
        let write = cell.0.mut_ptr();
        // SAFETY: as above
        used(&|| write.with(|p| unsafe { *p }));
    }
    cell.1.store(true, Ordering::Release);
    other.join().unwrap();
}

#[test]
fn a_pointer_into_a_cell_is_an_access_as_long_as_it_is_used() {
    for explorer in [Explorer::Exhaustive, Explorer::Graphs, LOOM] {
        for reads in [false, true] {
            holds(check().explorers([explorer]), move || hands_over(false, reads));
            let races = violated(check().explorers([explorer]), move || hands_over(true, reads));
            assert_eq!(races.0, Kind::DataRace, "{explorer} {reads}");
        }
    }
}

#[test]
fn pointers_end_in_any_order() {
    holds(check(), || {
        let (one, other) = (UnsafeCell::new(1), UnsafeCell::new(2));
        let (first, second) = (one.const_ptr(), other.mut_ptr());
        drop(first);
        let mine = one.mut_ptr();
        drop(second);
        // SAFETY: no other thread has the cells
        unsafe { *mine.deref() += 1 };
        drop(mine);
        assert_eq!((one.into_inner(), other.into_inner()), (2, 2));
    });
}

#[test]
fn a_load_as_plain_memory_races_with_what_is_unordered() {
    let model = |order: Ordering, rmw: bool| {
        move || {
            let both = Arc::new((AtomicUsize::new(0), AtomicBool::new(false)));
            let theirs = Arc::clone(&both);
            let other = thread::spawn(move || {
                if rmw {
                    theirs.0.fetch_add(7, Ordering::Relaxed);
                } else {
                    theirs.0.store(7, Ordering::Relaxed);
                }
                theirs.1.store(true, order);
            });
            if both.1.load(Ordering::Acquire) {
                assert_eq!(both.0.unsync_load(), 7);
            }
            other.join().unwrap();
            assert_eq!(both.0.unsync_load(), 7);
        }
    };
    for explorer in [Explorer::Exhaustive, Explorer::Graphs] {
        for rmw in [false, true] {
            holds(check().explorers([explorer]), model(Ordering::Release, rmw));
            let check = check().explorers([explorer]);
            let (kind, message) = violated(check, model(Ordering::Relaxed, rmw));
            assert_eq!(kind, Kind::DataRace);
            assert!(message.contains("unsync_load"), "{message}");
        }
    }
    let verdict = check().explorers([LOOM]).run(model(Ordering::Release, false));
    assert!(matches!(verdict, Verdict::Unknown(Bound::NotModelled { .. })), "{verdict:?}");
}

#[test]
fn threads_may_stay_apart_if_that_is_said() {
    let apart = || {
        let flag = AtomicBool::new(false);
        thread::spawn(|| ()).join().unwrap();
        flag.store(true, Ordering::SeqCst);
    };
    for model in [apart as fn(), || ()] {
        for explorer in [Explorer::Exhaustive, Explorer::Graphs, LOOM, Explorer::Pos { seed: 0 }] {
            let check = |apart| check().explorers([explorer]).apart(apart);
            let verdict = check(false).run(model);
            assert!(matches!(verdict, Verdict::Unknown(Bound::NothingExplored)), "{verdict:?}");
            let verdict = check(true).run(model);
            let Verdict::Holds(coverage) = verdict else { panic!("{verdict:?}") };
            assert!(!coverage.met && coverage.to_string().ends_with("; no two threads met"));
            assert!(coverage.runs[0].extent == Extent::Sampled || coverage.executions() == 1);
        }
    }
    let verdict = check().run(leaks_a_box);
    assert!(matches!(verdict, Verdict::Holds(coverage) if coverage.met));
}

#[test]
fn a_model_that_never_ran_does_not_hold_even_then() {
    let verdict = check().budget(Budget::executions(0)).run(|| ());
    assert!(matches!(verdict, Verdict::Unknown(_)), "{verdict:?}");
    let verdict = check().explorers([]).run(|| ());
    assert!(matches!(verdict, Verdict::Unknown(_)), "{verdict:?}");
}

#[test]
fn the_configuration_chooses_the_explorers_that_a_check_leaves_open() {
    let config = || Config { explorers: Some(vec![Explorer::Dfs]), ..Config::default() };
    let by = |check: Check<'static>| match check.config(config()).run(|| ()) {
        Verdict::Holds(coverage) => {
            coverage.runs.iter().map(|run| run.explorer).collect::<Vec<_>>()
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(by(check()), [Explorer::Dfs]);
    assert_eq!(by(check().explorers([LOOM])), [LOOM]);
}

#[test]
fn a_green_thread_may_take_what_is_not_send() {
    holds(check(), || {
        let count = Rc::new(AtomicUsize::new(0));
        let theirs = Rc::clone(&count);
        // SAFETY: the handle is joined here
        let other = unsafe {
            thread::spawn_green(move || {
                theirs.fetch_add(1, Ordering::SeqCst);
                theirs
            })
        };
        count.fetch_add(2, Ordering::SeqCst);
        assert_eq!(other.join().unwrap().load(Ordering::SeqCst), 3);
    });
}

#[test]
#[should_panic(expected = "can be started only in a model")]
fn a_green_thread_needs_a_model() {
    // SAFETY: there is no handle
    let _ = unsafe { thread::spawn_green(|| ()) };
}

const OURS: [Explorer; 7] = [
    Explorer::Exhaustive,
    Explorer::Graphs,
    Explorer::Dfs,
    Explorer::Random { seed: 1 },
    Explorer::Pct { seed: 1, depth: 2 },
    Explorer::Weak { seed: 1 },
    LOOM,
];

/// One thread reads twice at the same time, and another one writes.
fn reads_twice() {
    let rate = Arc::new(RwLock::new(1));
    let theirs = Arc::clone(&rate);
    let setter = thread::spawn(move || *theirs.write().unwrap() = 2);
    let first = rate.read().unwrap();
    let second = rate.read().unwrap();
    assert_eq!(*first, *second);
    drop((first, second));
    setter.join().unwrap();
}

#[test]
fn who_reads_again_what_it_is_reading_might_deadlock() {
    for explorer in OURS {
        let few = || check().budget(Budget::executions(100)).explorers([explorer]);
        let (kind, message) = violated(few(), reads_twice);
        assert_eq!(kind, Kind::Deadlock, "{explorer}");
        assert!(message.contains("reads rwlock 1 again, which it is reading"), "{message}");
        let allows = "might deadlock; Check::recursive_reads(true) allows it";
        assert!(message.contains(allows), "{message}");
        match few().recursive_reads(true).run(reads_twice) {
            Verdict::Unknown(Bound::NotModelled { engine: "loom", .. }) if explorer == LOOM => {}
            Verdict::Holds(_) if explorer != LOOM => {}
            other => panic!("{explorer}: {other:?}"),
        }
    }
}

#[test]
fn a_thread_alone_with_its_lock_is_told_too() {
    let alone = || {
        let rate = RwLock::new(1);
        assert_eq!(*rate.read().unwrap() + *rate.read().unwrap(), 2);
    };
    assert_eq!(violated(check(), alone).0, Kind::Deadlock);
    holds(check().recursive_reads(true), alone);
}

#[test]
fn who_reads_one_after_the_other_or_only_tries_does_not_wait_for_itself() {
    for explorer in OURS {
        holds(check().budget(Budget::executions(100)).explorers([explorer]), || {
            let rate = Arc::new([RwLock::new(1), RwLock::new(2)]);
            let theirs = Arc::clone(&rate);
            let other = thread::spawn(move || {
                let first = theirs[0].read().unwrap();
                let second = theirs[1].read().unwrap();
                *first + *second
            });
            drop(rate[0].read().unwrap());
            drop(rate[0].read().unwrap());
            assert_eq!(other.join().unwrap(), 3);
        });
    }
    let tries = || {
        let rate = RwLock::new(1);
        let first = rate.read().unwrap();
        assert_eq!(*first, *rate.try_read().unwrap());
    };
    for explorer in [Explorer::Exhaustive, Explorer::Graphs] {
        holds(check().explorers([explorer]), tries);
    }
}

#[test]
fn parks_alone_may_return_for_no_reason() {
    let parks = || {
        let (ready, main) = (Arc::new(Mutex::new(false)), thread::current());
        let theirs = Arc::clone(&ready);
        let worker = thread::spawn(move || {
            *theirs.lock().unwrap() = true;
            main.unpark();
        });
        thread::park();
        assert!(*ready.lock().unwrap());
        worker.join().unwrap();
    };
    let waits = || {
        let ready = Arc::new((Mutex::new(false), Condvar::new()));
        let theirs = Arc::clone(&ready);
        let worker = thread::spawn(move || {
            *theirs.0.lock().unwrap() = true;
            theirs.1.notify_one();
        });
        let mut now = ready.0.lock().unwrap();
        if !*now {
            now = ready.1.wait(now).unwrap();
        }
        assert!(*now);
        drop(now);
        worker.join().unwrap();
    };
    for explorer in [Explorer::Exhaustive, Explorer::Graphs, Explorer::Dfs] {
        let check = |spurious| check().explorers([explorer]).spurious(spurious);
        for (spurious, fails) in [
            (Spurious::All, [true, true]),
            (Spurious::Parks, [true, false]),
            (Spurious::None, [false, false]),
        ] {
            let violates = |model: fn()| match check(spurious).run(model) {
                Verdict::Violated(found) => found.kind == Kind::Panic,
                Verdict::Holds(_) => false,
                other => panic!("{explorer}: {other:?}"),
            };
            assert_eq!([violates(parks), violates(waits)], fails, "{explorer}: {spurious:?}");
        }
    }
}
