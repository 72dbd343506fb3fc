//! What is kept from one execution to the next, in safe code or in sound code: nothing of it is
//! taken for a part of the later execution.

use super::{EXACT, counted, executions, holds, twice, violated};
use selvedge::cell::UnsafeCell;
use selvedge::future::{AtomicWaker, block_on, poll_fn};
use selvedge::sync::atomic::{AtomicBool, AtomicPtr, AtomicU8, AtomicUsize};
use selvedge::sync::{self, Arc, Mutex, MutexGuard};
use selvedge::{Bound, Check, Explorer, Kind, Verdict, thread};
use std::cell::RefCell;
use std::mem::MaybeUninit;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst};
use std::task::Poll;

/// The value that a static begins with is known, whatever its first use is: without it, a search
/// predicts that an exchange changes nothing.
#[test]
fn a_static_is_known_with_its_value_whatever_comes_first() {
    const ZERO: AtomicUsize = AtomicUsize::new(0);
    fn meet(state: &AtomicUsize) {
        let (one, other, seen) = thread::scope(|s| {
            let one = s.spawn(|| state.compare_exchange(0, 1, SeqCst, SeqCst).is_ok());
            let other = s.spawn(|| state.compare_exchange(1, 2, SeqCst, SeqCst).is_ok());
            let seen = s.spawn(|| state.load(SeqCst));
            (one.join().unwrap(), other.join().unwrap(), seen.join().unwrap())
        });
        assert!(!(one && other && seen == 0), "the reader came first");
    }
    static NAMED: AtomicUsize = AtomicUsize::new(0);
    static WEAKLY: AtomicUsize = AtomicUsize::new(0);
    for explorer in EXACT {
        violated("named", explorer, || {
            sync::name(&NAMED, "state");
            meet(&NAMED);
        });
        violated("weakly", explorer, || {
            _ = WEAKLY.compare_exchange_weak(7, 8, SeqCst, SeqCst);
            meet(&WEAKLY);
        });
        violated("copied", explorer, || {
            let copy = Arc::new(ZERO);
            sync::name(&*copy, "state");
            meet(&copy);
        });
    }
}

/// A guard of an earlier execution is none of this one's lock.
#[test]
fn a_guard_of_another_execution_releases_nothing() {
    static LOCK: Mutex<u64> = Mutex::new(0);
    thread_local! {
        static KEPT: RefCell<Option<MutexGuard<'static, u64>>> = const { RefCell::new(None) };
    }
    let model = || {
        twice(counted);
        let old = KEPT.with_borrow_mut(Option::take);
        let mine = LOCK.lock().unwrap();
        drop(old);
        assert!(LOCK.try_lock().is_err(), "it is held");
        KEPT.set(Some(mine));
    };
    let check = Check::new("guard").explorers([Explorer::Random { seed: 1 }]);
    let verdict = check.budget(selvedge::Budget::executions(20)).run(model);
    assert!(matches!(verdict, Verdict::Holds(_)), "{verdict}");
    let waits = || {
        let old = KEPT.with_borrow_mut(Option::take);
        let kept = old.map(|guard| selvedge::sync::Condvar::new().wait(guard));
        assert!(kept.is_none(), "it was refused");
        KEPT.set(Some(LOCK.lock().unwrap()));
        twice(counted);
    };
    let check = Check::new("waits").explorers([Explorer::Random { seed: 1 }]);
    match check.budget(selvedge::Budget::executions(20)).run(waits) {
        Verdict::Violated(found) => {
            assert!(found.message.contains("another execution"), "{found:?}")
        }
        other => panic!("{other}"),
    }
    KEPT.set(None);
}

/// What a cell lends may be kept for ever: a once cell of the user's own does that.
#[test]
fn a_reference_out_of_a_static_cell_lives_on() {
    struct Cell {
        state: AtomicU8,
        value: UnsafeCell<[u64; 32]>,
    }
    // SAFETY: the state lets one thread in, and others only behind it
    unsafe impl Sync for Cell {}
    impl Cell {
        fn get(&'static self) -> &'static [u64; 32] {
            if self.state.compare_exchange(0, 1, Acquire, Acquire).is_ok() {
                // SAFETY: this thread has it for itself
                self.value.with_mut(|value| unsafe { *value = [3; 32] });
                self.state.store(2, Release);
            }
            while self.state.load(Acquire) != 2 {
                thread::yield_now();
            }
            // SAFETY: nobody writes any more
            self.value.with(|value| unsafe { &*value })
        }
    }
    static CELL: Cell = Cell { state: AtomicU8::new(0), value: UnsafeCell::new([0; 32]) };
    static KEPT: std::sync::Mutex<Vec<&'static [u64; 32]>> = std::sync::Mutex::new(Vec::new());
    holds("cell", Explorer::Exhaustive, || {
        let kept = thread::scope(|s| {
            let other = s.spawn(|| CELL.get());
            [CELL.get(), other.join().unwrap()]
        });
        KEPT.lock().unwrap().extend(kept);
    });
    let _noise: Vec<Box<[u64; 32]>> = (0..2_000).map(|_| Box::new([5; 32])).collect();
    let kept = KEPT.lock().unwrap();
    assert!(kept.len() > 2 && kept.iter().all(|value| **value == [3; 32]));
}

/// A waker that is registered in a static belongs to its execution.
#[test]
fn an_atomic_waker_may_be_a_static() {
    static GATE: AtomicBool = AtomicBool::new(false);
    static WAKER: AtomicWaker = AtomicWaker::new();
    for explorer in EXACT {
        let done = holds("waker", explorer, || {
            let opener = thread::spawn(|| {
                GATE.store(true, SeqCst);
                WAKER.wake();
            });
            block_on(poll_fn(|context| {
                WAKER.register(context.waker());
                if GATE.load(SeqCst) { Poll::Ready(()) } else { Poll::Pending }
            }));
            opener.join().unwrap();
        });
        assert!(done.executions() > 1);
    }
}

/// What a pointer in a static points to is no leak.
#[test]
fn what_is_behind_a_static_pointer_is_no_leak() {
    static HEAD: AtomicPtr<Mutex<u32>> = AtomicPtr::new(std::ptr::null_mut());
    fn get() -> &'static Mutex<u32> {
        let seen = HEAD.load(Acquire);
        if !seen.is_null() {
            // SAFETY: nobody frees what was published
            return unsafe { &*seen };
        }
        let made = Box::into_raw(Box::new(Mutex::new(0)));
        match HEAD.compare_exchange(std::ptr::null_mut(), made, AcqRel, Acquire) {
            // SAFETY: as above; and what lost is this thread's alone
            Ok(_) => unsafe { &*made },
            Err(theirs) => unsafe {
                drop(Box::from_raw(made));
                &*theirs
            },
        }
    }
    for explorer in EXACT {
        executions("pointer", explorer, || twice(|| *get().lock().unwrap() += 1));
    }
}

/// What a static `Once` guards may stand in another static, as the values of lazy_static do.
#[test]
fn what_a_static_once_guards_is_no_leak() {
    struct Value(std::cell::UnsafeCell<MaybeUninit<Mutex<u32>>>);
    // SAFETY: it is written in `ONCE`, and read after that
    unsafe impl Sync for Value {}
    static ONCE: sync::Once = sync::Once::new();
    static VALUE: Value = Value(std::cell::UnsafeCell::new(MaybeUninit::uninit()));
    fn get() -> &'static Mutex<u32> {
        // SAFETY: as above
        ONCE.call_once(|| unsafe { *VALUE.0.get() = MaybeUninit::new(Mutex::new(0)) });
        // SAFETY: as above
        unsafe { (*VALUE.0.get()).assume_init_ref() }
    }
    for explorer in EXACT {
        let done = executions("lazy", explorer, || {
            twice(|| *get().lock().unwrap() += 1);
            assert_eq!(*get().lock().unwrap(), 2);
        });
        assert!(done > 1);
    }
}

/// A failed execution leaves its stacks alone: what is on them may be borrowed by a thread of
/// std's.
#[test]
fn the_stack_of_a_failed_execution_is_nobody_elses() {
    static RUNS: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
    static WRITES: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
    fn borrows() {
        let shared = [const { std::sync::atomic::AtomicU64::new(0) }; 400];
        std::thread::scope(|s| {
            s.spawn(|| {
                while RUNS.load(SeqCst) < 100 {
                    shared.iter().for_each(|word| word.store(9, Relaxed));
                    WRITES.fetch_add(1, SeqCst);
                }
            });
            let lock = Mutex::new(());
            let _held = lock.lock();
            let _deadlock = lock.lock();
        });
    }
    #[inline(never)]
    fn looks() {
        let words = std::hint::black_box([0_u64; 400]);
        let before = WRITES.load(SeqCst);
        while WRITES.load(SeqCst) < before + 3 {
            std::hint::spin_loop();
        }
        assert_eq!(std::hint::black_box(&words), &[0; 400]);
    }
    let verdict = Check::new("stack")
        .explorers([Explorer::Exhaustive])
        .alone(true)
        .run(|| if RUNS.fetch_add(1, SeqCst) == 0 { borrows() } else { looks() });
    RUNS.store(100, SeqCst);
    assert!(
        matches!(&verdict, Verdict::Violated(found) if found.kind == Kind::Deadlock),
        "{verdict}"
    );
}

/// A bound of ours is no failure of the model.
#[test]
fn too_many_objects_between_two_operations_are_unknown() {
    let verdict = Check::new("many").explorers([Explorer::Exhaustive]).run(|| {
        let many: Vec<AtomicU8> = (0..140_000).map(|_| AtomicU8::new(0)).collect();
        twice(|| _ = many[139_999].load(Relaxed));
    });
    match verdict {
        Verdict::Unknown(Bound::NotModelled { operation, .. }) => {
            assert!(operation.contains("objects without an operation"), "{operation}");
        }
        other => panic!("{other}"),
    }
}
