//! Statics, and other objects that the compiler makes: afresh in each execution, and each time the
//! same object.

#![allow(
    clippy::declare_interior_mutable_const,
    clippy::borrow_interior_mutable_const,
    reason = "their copies are what is tested"
)]

mod copies;
mod kept;

use selvedge::cell::UnsafeCell;
use selvedge::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize};
use selvedge::sync::{Barrier, Condvar, LazyLock, Mutex, MutexGuard, Once, OnceLock, RwLock};
use selvedge::{Check, Counterexample, Coverage, Explorer, Extent, Kind, Verdict, thread};
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};

const EXACT: [Explorer; 2] = [Explorer::Exhaustive, Explorer::Graphs];

fn holds(name: &str, explorer: Explorer, model: impl Fn() + Send + Sync + 'static) -> Coverage {
    match Check::new(name).explorers([explorer]).run(model) {
        Verdict::Holds(coverage) => coverage,
        other => panic!("{name}, {explorer}: {other:?}"),
    }
}

/// The verdict is a complete one. Returns how many executions there are.
fn executions(name: &str, explorer: Explorer, model: impl Fn() + Send + Sync + 'static) -> u64 {
    let coverage = holds(name, explorer, model);
    assert!(matches!(coverage.runs[0].extent, Extent::Exhaustive | Extent::Weak), "{coverage:?}");
    coverage.executions()
}

fn violated(
    name: &str,
    explorer: Explorer,
    model: impl Fn() + Send + Sync + 'static,
) -> Counterexample {
    match Check::new(name).explorers([explorer]).run(model) {
        Verdict::Violated(found) => *found,
        other => panic!("{name}, {explorer}: {other:?}"),
    }
}

fn twice(f: impl Fn() + Send + Copy) {
    thread::scope(|s| {
        s.spawn(f);
        f();
    });
}

static COUNTER: AtomicUsize = AtomicUsize::new(7);

fn counted() {
    COUNTER.fetch_add(1, Relaxed);
}

fn miscounted() {
    COUNTER.store(COUNTER.load(Relaxed) + 1, Relaxed);
}

#[test]
fn a_static_begins_each_execution_with_its_constant() {
    for explorer in EXACT {
        let count = executions("counted", explorer, || {
            assert_eq!(COUNTER.load(Relaxed), 7);
            twice(counted);
            assert_eq!(COUNTER.load(Relaxed), 9);
        });
        assert_eq!(count, 2, "{explorer}");
        let found = violated("miscounted", explorer, || {
            twice(miscounted);
            assert_eq!(COUNTER.load(Relaxed), 9);
        });
        assert_eq!(found.kind, Kind::Panic, "{found:?}");
    }
    for explorer in [Explorer::Random { seed: 1 }, Explorer::Weak { seed: 1 }] {
        violated("miscounted", explorer, || {
            twice(miscounted);
            assert_eq!(COUNTER.load(Relaxed), 9);
        });
    }
}

/// Two threads come to two statics in two orders: what is registered first must not matter.
#[test]
fn the_identity_of_a_static_does_not_hang_on_the_schedule() {
    static ONE: AtomicUsize = AtomicUsize::new(0);
    static OTHER: AtomicUsize = AtomicUsize::new(0);
    fn meet(one: &AtomicUsize, other: &AtomicUsize) {
        let gate = AtomicUsize::new(0); // a new thread runs to its first operation at once
        thread::scope(|s| {
            s.spawn(|| {
                gate.fetch_add(1, Relaxed);
                one.store(1, Release);
                other.load(Acquire)
            });
            gate.fetch_add(1, Relaxed);
            other.store(1, Release);
            one.load(Acquire);
        });
    }
    for explorer in EXACT {
        let statics = executions("statics", explorer, || meet(&ONE, &OTHER));
        let twin = executions("twin", explorer, || {
            meet(&AtomicUsize::new(0), &AtomicUsize::new(0));
        });
        assert_eq!(statics, twin, "{explorer}");
    }
}

/// Who comes to a static first has one object less of its own than it seems to have.
#[test]
fn the_objects_of_who_comes_first_are_not_renamed() {
    static FIRST: AtomicUsize = AtomicUsize::new(0);
    fn meet(first: &AtomicUsize) {
        let gate = AtomicUsize::new(0); // a new thread runs to its first operation at once
        let work = || {
            gate.fetch_add(1, Relaxed);
            first.fetch_add(1, Relaxed);
            let own = AtomicUsize::new(0);
            thread::scope(|s| {
                s.spawn(|| own.store(1, Relaxed));
                own.load(Relaxed);
            });
        };
        thread::scope(|s| {
            s.spawn(work);
            work();
        });
    }
    for explorer in EXACT {
        let statics = executions("statics", explorer, || meet(&FIRST));
        let twin = executions("twin", explorer, || meet(&AtomicUsize::new(0)));
        assert_eq!(statics, twin, "{explorer}");
    }
}

static LOG: Mutex<Vec<u32>> = Mutex::new(Vec::new());
static RATE: RwLock<(u32, u32)> = RwLock::new((1, 1));

#[test]
fn what_a_static_lock_protects_is_made_afresh() {
    for explorer in EXACT {
        executions("log", explorer, || {
            assert!(LOG.lock().unwrap().is_empty());
            twice(|| LOG.lock().unwrap().push(1));
            assert_eq!(*LOG.lock().unwrap(), [1, 1]);
        });
        executions("rate", explorer, || {
            assert_eq!(*RATE.read().unwrap(), (1, 1));
            let reader = thread::spawn(|| *RATE.read().unwrap());
            *RATE.write().unwrap() = (2, 2);
            let (one, other) = reader.join().unwrap();
            assert_eq!(one, other);
        });
        let found = violated("log", explorer, || {
            twice(|| {
                let length = LOG.lock().unwrap().len() as u32;
                LOG.lock().unwrap().push(length);
            });
            assert_eq!(*LOG.lock().unwrap(), [0, 1]);
        });
        assert_eq!(found.kind, Kind::Panic);
    }
}

/// Poison is a part of what an execution begins with.
#[test]
fn a_static_that_was_poisoned_is_not_so_in_the_next_execution() {
    static POISONED: Mutex<u32> = Mutex::new(0);
    for explorer in EXACT {
        executions("poisoned", explorer, || {
            assert!(!POISONED.is_poisoned());
            let poisons = thread::spawn(|| {
                let _guard = POISONED.lock();
                std::panic::resume_unwind(Box::new("on purpose"));
            });
            let seen = POISONED.lock().is_ok_and(|guard| *guard == 0);
            assert!(poisons.join().is_err() && POISONED.is_poisoned());
            selvedge::sometimes!(seen, "before");
        });
    }
}

/// What is done outside of models is not seen in them, and the other way round.
#[test]
fn outside_of_models_a_static_is_as_in_std() {
    static OUTSIDE: Mutex<Vec<u32>> = Mutex::new(Vec::new());
    static NUMBER: AtomicUsize = AtomicUsize::new(3);
    static NAME: OnceLock<String> = OnceLock::new();
    fn inside() {
        for explorer in EXACT {
            executions("inside", explorer, || {
                let theirs = thread::spawn(|| {
                    OUTSIDE.lock().unwrap().push(2);
                    NUMBER.fetch_add(1, SeqCst);
                    NAME.get_or_init(|| "inside".repeat(2)).len()
                });
                OUTSIDE.lock().unwrap().push(2);
                assert_eq!(NAME.get_or_init(|| "inside".repeat(2)), "insideinside");
                assert_eq!(theirs.join().unwrap(), 12);
                assert_eq!((NUMBER.load(SeqCst), OUTSIDE.lock().unwrap().len()), (4, 2));
            });
        }
    }
    inside();
    OUTSIDE.lock().unwrap().extend([1, 2, 3]);
    NUMBER.fetch_add(10, SeqCst);
    assert_eq!(NAME.get(), None);
    assert_eq!(NAME.set("outside".to_string()), Ok(()));
    inside();
    std::thread::spawn(|| OUTSIDE.lock().unwrap().push(4)).join().unwrap();
    assert_eq!(*OUTSIDE.lock().unwrap(), [1, 2, 3, 4]);
    assert_eq!((NUMBER.load(SeqCst), NAME.get().unwrap().as_str()), (13, "outside"));
}

#[test]
fn several_os_threads_may_explore_the_same_static() {
    static SHARED: Mutex<Vec<u32>> = Mutex::new(Vec::new());
    std::thread::scope(|s| {
        for _ in 0..4 {
            s.spawn(|| {
                executions("shared", Explorer::Exhaustive, || {
                    twice(|| SHARED.lock().unwrap().push(1));
                    twice(|| SHARED.lock().unwrap().push(1));
                    assert_eq!(SHARED.lock().unwrap().len(), 4);
                });
            });
        }
    });
}

/// A lock, as users write them: a flag beside a cell, with a constant constructor.
struct Spin {
    locked: AtomicBool,
    value: UnsafeCell<u32>,
}

// SAFETY: the flag lets one thread in
unsafe impl Sync for Spin {}

impl Spin {
    const fn new(value: u32) -> Spin {
        Spin { locked: AtomicBool::new(false), value: UnsafeCell::new(value) }
    }

    fn add(&self, release: std::sync::atomic::Ordering) {
        while self.locked.compare_exchange(false, true, Acquire, Relaxed).is_err() {
            std::hint::spin_loop();
            thread::yield_now();
        }
        // SAFETY: this thread holds the lock
        self.value.with_mut(|value| unsafe { *value += 1 });
        self.locked.store(false, release);
    }
}

#[test]
fn a_lock_of_the_users_own_may_be_a_static() {
    static SPIN: Spin = Spin::new(5);
    for explorer in EXACT {
        let done = holds("spin", explorer, || {
            twice(|| SPIN.add(Release));
            // SAFETY: the threads have ended
            assert_eq!(SPIN.value.with(|value| unsafe { *value }), 7);
        });
        assert!(done.executions() > 1);
        let found = violated("relaxed", explorer, || twice(|| SPIN.add(Relaxed)));
        assert_eq!(found.kind, Kind::DataRace);
    }
}

#[test]
fn statics_of_every_kind_are_afresh() {
    static READY: Mutex<bool> = Mutex::new(false);
    static CHANGED: Condvar = Condvar::new();
    static START: Once = Once::new();
    static MADE: OnceLock<u32> = OnceLock::new();
    static LAZY: LazyLock<Mutex<Vec<u32>>> = LazyLock::new(|| Mutex::new(vec![1]));
    static MEET: Barrier = Barrier::new(2);
    static NODE: AtomicPtr<u32> = AtomicPtr::new(std::ptr::null_mut());
    for explorer in EXACT {
        executions("condvar", explorer, || {
            let waiter = thread::spawn(|| {
                drop(CHANGED.wait_while(READY.lock().unwrap(), |ready| !*ready).unwrap());
            });
            *READY.lock().unwrap() = true;
            CHANGED.notify_one();
            waiter.join().unwrap();
        });
        let lost = violated("lost", explorer, || {
            let waiter = thread::spawn(|| {
                let ready = READY.lock().unwrap();
                drop(CHANGED.wait(ready).unwrap());
            });
            CHANGED.notify_one();
            waiter.join().unwrap();
        });
        assert_eq!(lost.kind, Kind::Deadlock);
        executions("once", explorer, || {
            assert!(!START.is_completed());
            twice(|| START.call_once(|| _ = MADE.set(4)));
            assert_eq!((START.is_completed(), MADE.get()), (true, Some(&4)));
        });
        executions("lazy", explorer, || {
            twice(|| LAZY.lock().unwrap().push(2));
            assert_eq!(*LAZY.lock().unwrap(), [1, 2, 2]);
        });
        executions("barrier", explorer, || twice(|| _ = MEET.wait()));
        executions("pointer", explorer, || {
            assert!(NODE.load(Relaxed).is_null());
            let mut one = 1;
            let one = &raw mut one;
            twice(|| _ = NODE.fetch_update(SeqCst, SeqCst, |_| None));
            NODE.store(one, Relaxed);
            assert_eq!(NODE.swap(std::ptr::null_mut(), Relaxed), one);
        });
    }
}

/// A reference to what a static holds may outlive the execution, in safe code.
#[test]
fn a_reference_to_what_a_static_holds_lives_on() {
    static NAME: OnceLock<String> = OnceLock::new();
    static KEPT: std::sync::Mutex<Vec<&'static str>> = std::sync::Mutex::new(Vec::new());
    executions("names", Explorer::Exhaustive, || {
        twice(|| {
            let name: &'static str = NAME.get_or_init(|| "selvedge".repeat(4));
            KEPT.lock().unwrap().push(name);
        });
    });
    let kept = KEPT.lock().unwrap();
    assert!(kept.len() > 2 && kept.iter().all(|name| *name == "selvedge".repeat(4)));
}

/// The guard of a static may be kept for ever, and so may what it lends.
#[test]
fn what_a_guard_that_is_kept_lends_lives_on() {
    static WORDS: Mutex<Vec<String>> = Mutex::new(Vec::new());
    struct Kept(MutexGuard<'static, Vec<String>>);
    // SAFETY: the threads of a model are on one OS thread, and what they leave is looked at later
    unsafe impl Send for Kept {}
    static KEPT: std::sync::Mutex<Vec<Kept>> = std::sync::Mutex::new(Vec::new());
    for _ in 0..3 {
        executions("words", Explorer::Exhaustive, || {
            twice(counted);
            let mut guard = WORDS.lock().unwrap();
            guard.push("word".repeat(9));
            KEPT.lock().unwrap().push(Kept(guard));
        });
    }
    WORDS.lock().unwrap().push("outside".to_string());
    let mut kept = KEPT.lock().unwrap();
    assert!(kept.len() >= 3);
    for Kept(guard) in kept.iter_mut() {
        guard.push("more".to_string());
        assert_eq!(**guard, ["word".repeat(9), "more".to_string()], "its own execution's");
    }
    assert_eq!(*WORDS.lock().unwrap(), ["outside"]);
}

/// A constant may be copied into a variable, changed there, and moved into another static: then it
/// is no constant any more, and its bytes are not copied.
#[test]
fn what_was_changed_is_no_constant() {
    const EMPTY: Mutex<Vec<String>> = Mutex::new(Vec::new());
    static PLACE: std::sync::OnceLock<Mutex<Vec<String>>> = std::sync::OnceLock::new();
    static OTHER: std::sync::Mutex<Mutex<Vec<String>>> = std::sync::Mutex::new(EMPTY);
    static USED: std::sync::OnceLock<Mutex<Vec<String>>> = std::sync::OnceLock::new();
    let mut changed = EMPTY;
    changed.get_mut().unwrap().push("outside".to_string());
    assert!(PLACE.set(changed).is_ok());
    OTHER.lock().unwrap().lock().unwrap().push("outside".to_string());
    let moved = std::mem::replace(&mut *OTHER.lock().unwrap(), EMPTY);
    assert!(USED.set(moved).is_ok());
    for place in [&PLACE, &USED] {
        let found = violated("changed", Explorer::Exhaustive, || {
            twice(|| place.get().unwrap().lock().unwrap().push("inside".to_string()));
        });
        assert!(found.message.contains("created outside of the model"), "{found:?}");
        assert_eq!(*place.get().unwrap().lock().unwrap(), ["outside"]);
    }
}

/// loom has no model of what it did not see created.
#[test]
fn loom_does_not_know_what_to_say_of_a_static() {
    let verdict = Check::new("loom")
        .explorers([Explorer::Loom { preemption_bound: None }])
        .run(|| twice(counted));
    assert!(matches!(verdict, Verdict::Unknown(_)), "{verdict:?}");
}

/// On real threads a static goes on with what the last execution left.
#[test]
fn real_threads_are_not_asked_about_statics() {
    let verdict = Check::new("threads").explorers([Explorer::Threads]).run(|| {
        twice(counted);
        assert_eq!(COUNTER.load(Relaxed), 9);
    });
    assert!(matches!(verdict, Verdict::Unknown(_)), "{verdict:?}");
}

/// Plain data in a static hides no leak.
#[test]
fn a_leak_beside_a_static_is_found() {
    static PLAIN: Mutex<u32> = Mutex::new(0);
    for explorer in EXACT {
        let found = violated("leaks", explorer, || {
            twice(|| *PLAIN.lock().unwrap() += 1);
            std::mem::forget(Mutex::new(0));
        });
        assert_eq!(found.kind, Kind::Leak);
    }
}
