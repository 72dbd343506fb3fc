// Written for std and crossbeam, and included where `sync`, `thread`, `channel`, `hint` and
// `thread_local!` are std's and crossbeam's own, and where they are this crate's. Every body starts
// threads, and asserts what is always true.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;
use sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst};
use sync::atomic::*;
use sync::{
    Arc, Barrier, Condvar, LazyLock, Mutex, Once, OnceLock, PoisonError, RwLock, TryLockError,
    Weak, mpsc,
};

/// Longer than any of these waits takes.
const LONG: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_millis(1);

/// Panics without a word on stderr, in a thread that is joined.
fn quietly_panic() -> ! {
    std::panic::resume_unwind(Box::new("quietly"))
}

// ---- Constants

pub(super) fn constants_are_objects_of_their_own() {
    #[allow(clippy::declare_interior_mutable_const, reason = "its copies are what is tested")]
    const ZERO: AtomicU32 = AtomicU32::new(0);
    let counters = [ZERO; 3];
    let locks = [const { Mutex::new(Vec::new()) }; 2];
    counters.iter().for_each(|counter| _ = counter.load(SeqCst));
    locks.iter().for_each(|lock| drop(lock.lock()));
    thread::scope(|s| {
        s.spawn(|| {
            counters[0].fetch_add(1, SeqCst);
            locks[1].lock().unwrap().push(2);
        });
        counters[1].fetch_add(5, SeqCst);
        locks[0].lock().unwrap().push(1);
    });
    assert_eq!(counters.map(AtomicU32::into_inner), [1, 5, 0]);
    assert_eq!(locks.map(|lock| lock.into_inner().unwrap()), [[1], [2]]);
}

// ---- Mutex

pub(super) fn a_mutex_lets_one_thread_in() {
    let inside = Arc::new((AtomicUsize::new(0), Mutex::new(0)));
    let enter = |pair: &(AtomicUsize, Mutex<i32>)| {
        let mut held = pair.1.lock().unwrap();
        assert_eq!(pair.0.fetch_add(1, SeqCst), 0);
        *held += 1;
        assert_eq!(pair.0.fetch_sub(1, SeqCst), 1);
    };
    let theirs = Arc::clone(&inside);
    let other = thread::spawn(move || enter(&theirs));
    enter(&inside);
    other.join().unwrap();
    assert_eq!(*inside.1.lock().unwrap(), 2);
}

pub(super) fn a_held_mutex_would_block() {
    let mutex = Arc::new(Mutex::new(1));
    let held = mutex.lock().unwrap();
    let theirs = Arc::clone(&mutex);
    thread::spawn(move || assert!(matches!(theirs.try_lock(), Err(TryLockError::WouldBlock))))
        .join()
        .unwrap();
    drop(held);
    assert_eq!(*mutex.try_lock().unwrap(), 1);
}

pub(super) fn a_panicking_holder_poisons_a_mutex() {
    let mutex = Arc::new(Mutex::new(1));
    let theirs = Arc::clone(&mutex);
    let other = thread::spawn(move || {
        let mut held = theirs.lock().unwrap();
        *held = 2;
        quietly_panic();
    });
    assert!(other.join().is_err());
    assert!(mutex.is_poisoned());
    assert_eq!(*mutex.lock().unwrap_err().into_inner(), 2);
    let Err(TryLockError::Poisoned(poisoned)) = mutex.try_lock() else { panic!("not poisoned") };
    drop(poisoned);
    mutex.clear_poison();
    assert!(!mutex.is_poisoned());
    assert_eq!(*mutex.lock().unwrap(), 2);
    let theirs = Arc::clone(&mutex);
    assert!(thread::spawn(move || { let _held = theirs.lock(); quietly_panic() }).join().is_err());
    let mut mutex = Arc::into_inner(mutex).unwrap();
    assert_eq!(*mutex.get_mut().unwrap_err().into_inner(), 2);
    assert_eq!(mutex.into_inner().unwrap_err().into_inner(), 2);
}

pub(super) fn a_guard_taken_while_unwinding_does_not_poison() {
    struct Locks(Arc<Mutex<u32>>);
    impl Drop for Locks {
        fn drop(&mut self) {
            *self.0.lock().unwrap() += 1;
        }
    }
    let mutex = Arc::new(Mutex::new(0));
    let theirs = Locks(Arc::clone(&mutex));
    let other = thread::spawn(move || {
        let _theirs = theirs;
        quietly_panic();
    });
    assert!(other.join().is_err());
    assert!(!mutex.is_poisoned());
    assert_eq!(*mutex.lock().unwrap(), 1);
}

pub(super) fn a_mutex_is_made_and_taken_apart() {
    thread::spawn(|| {
        let mut mutex = Mutex::from(vec![1]);
        mutex.get_mut().unwrap().push(2);
        assert_eq!(mutex.into_inner().unwrap(), [1, 2]);
        assert_eq!(*Mutex::<u32>::default().lock().unwrap(), 0);
        let mutex = Mutex::new(7);
        assert_eq!(format!("{}", mutex.lock().unwrap()), "7");
        assert_eq!(format!("{:?}", mutex.lock().unwrap()), "7");
        assert!(format!("{mutex:?}").starts_with("Mutex"));
    })
    .join()
    .unwrap();
}

#[allow(clippy::useless_conversion, reason = "over std it is one")]
pub(super) fn mutexes_hold_unsized_values() {
    trait Account: Send {
        fn deposit(&mut self) -> u32;
    }
    impl Account for u32 {
        fn deposit(&mut self) -> u32 {
            *self += 1;
            *self
        }
    }
    let account: std::sync::Arc<Mutex<dyn Account>> = std::sync::Arc::new(Mutex::new(4_u32));
    let account: Arc<Mutex<dyn Account>> = Arc::from(account);
    let theirs = Arc::clone(&account);
    assert_eq!(thread::spawn(move || theirs.lock().unwrap().deposit()).join().unwrap(), 5);
    assert_eq!(account.lock().unwrap().deposit(), 6);
    let slice: std::sync::Arc<Mutex<[u8]>> = std::sync::Arc::new(Mutex::new([1, 2, 3]));
    let slice: Arc<Mutex<[u8]>> = Arc::from(slice);
    slice.lock().unwrap()[0] = 9;
    assert_eq!(*slice.lock().unwrap(), [9, 2, 3]);
    let boxed: Box<RwLock<[u8]>> = Box::new(RwLock::new([1, 2]));
    assert_eq!(boxed.read().unwrap().len(), 2);
}

// ---- RwLock

pub(super) fn readers_share_and_a_writer_excludes() {
    let lock = Arc::new(RwLock::new(1));
    let first = lock.read().unwrap();
    let theirs = Arc::clone(&lock);
    let other = thread::spawn(move || {
        assert_eq!(*theirs.try_read().unwrap(), 1);
        assert!(matches!(theirs.try_write(), Err(TryLockError::WouldBlock)));
    });
    other.join().unwrap();
    drop(first);
    let mut writer = lock.write().unwrap();
    *writer = 2;
    let theirs = Arc::clone(&lock);
    let other = thread::spawn(move || {
        assert!(matches!(theirs.try_read(), Err(TryLockError::WouldBlock)));
        assert!(matches!(theirs.try_write(), Err(TryLockError::WouldBlock)));
    });
    other.join().unwrap();
    drop(writer);
    assert_eq!(*lock.try_write().unwrap(), 2);
}

pub(super) fn a_writer_and_readers_never_meet() {
    let lock = Arc::new((RwLock::new((0, 0)), AtomicUsize::new(0)));
    let writer = Arc::clone(&lock);
    let writer = thread::spawn(move || {
        let mut both = writer.0.write().unwrap();
        both.0 += 1;
        writer.1.fetch_add(1, Relaxed);
        both.1 += 1;
    });
    let both = *lock.0.read().unwrap();
    assert_eq!(both.0, both.1);
    writer.join().unwrap();
}

pub(super) fn a_writer_keeps_its_lock_for_reading() {
    let lock = Arc::new(RwLock::new(1));
    let theirs = Arc::clone(&lock);
    let mut writer = lock.write().unwrap();
    let other = thread::spawn(move || *theirs.write().unwrap() *= 10);
    *writer += 1;
    let reader = sync::RwLockWriteGuard::downgrade(writer);
    assert_eq!(*reader, 2, "no writer was in between");
    assert!(lock.try_write().is_err());
    drop(reader);
    other.join().unwrap();
    assert_eq!(*lock.read().unwrap(), 20);
}

pub(super) fn only_writers_poison_a_rwlock() {
    let lock = Arc::new(RwLock::new(1));
    let theirs = Arc::clone(&lock);
    assert!(thread::spawn(move || { let _held = theirs.read(); quietly_panic() }).join().is_err());
    assert!(!lock.is_poisoned());
    let theirs = Arc::clone(&lock);
    assert!(thread::spawn(move || { let _held = theirs.write(); quietly_panic() }).join().is_err());
    assert!(lock.is_poisoned());
    assert_eq!(*lock.read().unwrap_err().into_inner(), 1);
    assert!(matches!(lock.try_read(), Err(TryLockError::Poisoned(_))));
    assert!(matches!(lock.try_write(), Err(TryLockError::Poisoned(_))));
    lock.clear_poison();
    *lock.write().unwrap() += 1;
    let mut lock = Arc::into_inner(lock).unwrap();
    *lock.get_mut().unwrap() += 1;
    assert_eq!(lock.into_inner().unwrap(), 3);
}

// ---- Condvar

pub(super) fn a_waiter_is_notified() {
    let pair = Arc::new((Mutex::new(false), Condvar::new()));
    let theirs = Arc::clone(&pair);
    let other = thread::spawn(move || {
        *theirs.0.lock().unwrap() = true;
        theirs.1.notify_one();
    });
    let mut ready = pair.0.lock().unwrap();
    while !*ready {
        ready = pair.1.wait(ready).unwrap();
    }
    assert!(*ready);
    drop(ready);
    other.join().unwrap();
}

pub(super) fn all_waiters_are_notified() {
    let pair = Arc::new((Mutex::new(0), Condvar::new()));
    let waiters = [0, 1].map(|_| {
        let theirs = Arc::clone(&pair);
        thread::spawn(move || *theirs.1.wait_while(theirs.0.lock().unwrap(), |n| *n == 0).unwrap())
    });
    *pair.0.lock().unwrap() = 5;
    pair.1.notify_all();
    assert_eq!(waiters.map(|w| w.join().unwrap()), [5, 5]);
}

pub(super) fn a_wait_on_a_poisoned_mutex_says_so() {
    let pair = Arc::new((Mutex::new(false), Condvar::new()));
    let theirs = Arc::clone(&pair);
    let waiter = thread::spawn(move || {
        let guard = theirs.0.lock().unwrap_or_else(PoisonError::into_inner);
        theirs.1.wait_while(guard, |ready| !*ready).is_err()
    });
    let theirs = Arc::clone(&pair);
    let poisons = thread::spawn(move || {
        let mut guard = theirs.0.lock().unwrap();
        *guard = true;
        theirs.1.notify_all();
        quietly_panic();
    });
    assert!(poisons.join().is_err());
    // whether it waited or came late: `wait_while` without a wait gives `Ok`
    let waited_in_vain = waiter.join().unwrap();
    assert!(waited_in_vain || pair.0.is_poisoned());
}

pub(super) fn waits_end_at_the_latest_with_their_timeout() {
    let pair = Arc::new((Mutex::new(0), Condvar::new()));
    let theirs = Arc::clone(&pair);
    let other = thread::spawn(move || {
        *theirs.0.lock().unwrap() += 1;
        theirs.1.notify_one();
    });
    let (guard, result) =
        pair.1.wait_timeout_while(pair.0.lock().unwrap(), SHORT, |n| *n == 0).unwrap();
    assert_eq!(result.timed_out(), *guard == 0);
    drop(guard);
    other.join().unwrap();
    let (guard, result) =
        pair.1.wait_timeout_while(pair.0.lock().unwrap(), LONG, |n| *n == 0).unwrap();
    assert!(!result.timed_out());
    drop(guard);
    let (_guard, result) = pair.1.wait_timeout(pair.0.lock().unwrap(), SHORT).unwrap();
    assert!(result.timed_out()); // nobody notifies any more, and nothing is spurious here
}

// ---- Once, OnceLock, LazyLock

pub(super) fn once_runs_once() {
    let once = Arc::new((Once::new(), AtomicUsize::new(0)));
    let theirs = Arc::clone(&once);
    let other = thread::spawn(move || {
        theirs.0.call_once(|| { theirs.1.fetch_add(1, SeqCst); });
        assert_eq!(theirs.1.load(SeqCst), 1);
    });
    once.0.call_once(|| { once.1.fetch_add(1, SeqCst); });
    assert_eq!(once.1.load(SeqCst), 1);
    assert!(once.0.is_completed());
    other.join().unwrap();
    assert_eq!(once.1.load(SeqCst), 1);
}

pub(super) fn a_once_that_panicked_is_poisoned() {
    let once = Arc::new(Once::new());
    let theirs = Arc::clone(&once);
    assert!(thread::spawn(move || theirs.call_once(|| quietly_panic())).join().is_err());
    assert!(!once.is_completed());
    let mut forced = false;
    once.call_once_force(|state| forced = state.is_poisoned());
    assert!(forced);
    assert!(once.is_completed());
    once.call_once(|| unreachable!());
}

pub(super) fn a_once_lock_is_set_once() {
    let lock = Arc::new(OnceLock::new());
    let theirs = Arc::clone(&lock);
    let other = thread::spawn(move || *theirs.get_or_init(|| 1));
    let mine = lock.set(2);
    let value = other.join().unwrap();
    assert_eq!(mine, if value == 2 { Ok(()) } else { Err(2) });
    assert_eq!(lock.get(), Some(&value));
    let mut lock = Arc::into_inner(lock).unwrap();
    *lock.get_mut().unwrap() += 10;
    assert_eq!(lock.take(), Some(value + 10));
    assert_eq!(lock.get(), None);
    assert_eq!(lock.set(3), Ok(()));
    assert_eq!(lock.into_inner(), Some(3));
    assert_eq!(OnceLock::from(4).get(), Some(&4));
    assert_eq!(OnceLock::<u8>::default().get(), None);
}

pub(super) fn a_once_lock_whose_initialiser_panics_is_empty() {
    let lock = Arc::new(OnceLock::<u32>::new());
    let theirs = Arc::clone(&lock);
    assert!(thread::spawn(move || *theirs.get_or_init(|| quietly_panic())).join().is_err());
    assert_eq!(lock.get(), None);
    assert_eq!(lock.get_or_init(|| 5), &5);
}

pub(super) fn a_lazy_lock_is_made_at_its_first_use() {
    static SHARED: LazyLock<Mutex<Vec<u32>>> = LazyLock::new(|| Mutex::new(vec![1]));
    let other = thread::spawn(|| SHARED.lock().unwrap()[0]);
    assert_eq!(SHARED.lock().unwrap()[0], 1);
    assert_eq!(other.join().unwrap(), 1);
    // of its own, moved after its first use
    let local = LazyLock::new(|| Box::new(3));
    let address: *const i32 = &**local;
    let moved = local;
    assert!(std::ptr::eq(address, &**moved));
    drop(moved);
    for n in 0..3 {
        let another: LazyLock<AtomicU32> = LazyLock::new(|| AtomicU32::new(0));
        assert_eq!(another.fetch_add(n, SeqCst), 0, "no value of another one at the same place");
    }
}

pub(super) fn a_lazy_lock_whose_initialiser_panicked_is_poisoned() {
    let lock: Arc<LazyLock<u32>> = Arc::new(LazyLock::new(|| quietly_panic()));
    let theirs = Arc::clone(&lock);
    assert!(thread::spawn(move || **theirs).join().is_err());
    let again = thread::spawn(move || catch_unwind(AssertUnwindSafe(|| **lock)).is_err());
    assert!(again.join().unwrap());
}

pub(super) fn an_initialisation_is_waited_for() {
    let both = Arc::new((Once::new(), OnceLock::new()));
    let theirs = Arc::clone(&both);
    let other = thread::spawn(move || {
        theirs.0.wait();
        theirs.0.wait_force();
        *theirs.1.wait()
    });
    assert_eq!(both.1.set(3), Ok(()));
    both.0.call_once(|| ());
    assert_eq!(other.join().unwrap(), 3);
    let copy = both.1.clone();
    assert!(copy == both.1 && copy != OnceLock::from(4));
    assert!(OnceLock::<u32>::new() == OnceLock::new());
    let failed = Arc::new(Once::new());
    let theirs = Arc::clone(&failed);
    let panics = thread::spawn(move || theirs.call_once(|| quietly_panic()));
    assert!(panics.join().is_err());
    assert!(catch_unwind(AssertUnwindSafe(|| failed.wait())).is_err());
}

// ---- Barrier

pub(super) fn a_barrier_has_one_leader_a_generation() {
    let barrier = Arc::new((Barrier::new(2), AtomicUsize::new(0), AtomicUsize::new(0)));
    let twice = |shared: &(Barrier, AtomicUsize, AtomicUsize)| {
        for generation in 1..=2 {
            shared.2.fetch_add(1, SeqCst);
            if shared.0.wait().is_leader() {
                shared.1.fetch_add(1, SeqCst);
            }
            assert!(
                shared.2.load(SeqCst) >= 2 * generation,
                "nobody goes on before the other came"
            );
        }
    };
    let theirs = Arc::clone(&barrier);
    let other = thread::spawn(move || twice(&theirs));
    twice(&barrier);
    other.join().unwrap();
    assert_eq!(barrier.1.load(SeqCst), 2);
}

// ---- atomics

macro_rules! integers {
    ($($name:ident: $atomic:ident $ty:ty;)*) => { $(
        pub(super) fn $name() {
            let atomic = Arc::new($atomic::new(<$ty>::MAX));
            let theirs = Arc::clone(&atomic);
            thread::spawn(move || {
                assert_eq!(theirs.fetch_add(1, AcqRel), <$ty>::MAX);
                assert_eq!(theirs.load(Acquire), <$ty>::MIN);
                assert_eq!(theirs.fetch_sub(1, SeqCst), <$ty>::MIN);
                assert_eq!(theirs.swap(0b1100, Relaxed), <$ty>::MAX);
                assert_eq!(theirs.fetch_and(0b1010, Release), 0b1100);
                assert_eq!(theirs.fetch_or(0b0001, AcqRel), 0b1000);
                assert_eq!(theirs.fetch_xor(0b1111, SeqCst), 0b1001);
                assert_eq!(theirs.fetch_nand(0b0011, SeqCst), 0b0110);
                assert_eq!(theirs.load(SeqCst), !0b0010);
                theirs.store(5, Release);
                assert_eq!(theirs.fetch_max(7, SeqCst), 5);
                assert_eq!(theirs.fetch_max(6, SeqCst), 7);
                assert_eq!(theirs.fetch_min(<$ty>::MIN, SeqCst), 7);
                assert_eq!(theirs.fetch_max(3, SeqCst), <$ty>::MIN, "signed where the type is");
                assert_eq!(theirs.fetch_min(4, SeqCst), 3);
                assert_eq!(theirs.compare_exchange(3, 8, AcqRel, Acquire), Ok(3));
                assert_eq!(theirs.compare_exchange(3, 9, SeqCst, SeqCst), Err(8));
                while theirs.compare_exchange_weak(8, 9, AcqRel, Relaxed).is_err() {
                    hint::spin_loop();
                }
                assert_eq!(theirs.fetch_update(SeqCst, SeqCst, |n| Some(n * 2)), Ok(9));
                assert_eq!(theirs.fetch_update(SeqCst, SeqCst, |_| None), Err(18));
            })
            .join()
            .unwrap();
            assert_eq!(atomic.load(SeqCst), 18);
            let mut atomic = Arc::into_inner(atomic).unwrap();
            *atomic.get_mut() += 1;
            assert_eq!(atomic.load(SeqCst), 19);
            assert_eq!(atomic.fetch_add(1, SeqCst), 19);
            *atomic.get_mut() += 1;
            assert_eq!(atomic.into_inner(), 21);
            assert_eq!($atomic::default().into_inner() + $atomic::from(3).into_inner(), 3);
        }
    )* };
}

integers! {
    atomic_u8_operations: AtomicU8 u8;
    atomic_u16_operations: AtomicU16 u16;
    atomic_u32_operations: AtomicU32 u32;
    atomic_u64_operations: AtomicU64 u64;
    atomic_usize_operations: AtomicUsize usize;
    atomic_i8_operations: AtomicI8 i8;
    atomic_i16_operations: AtomicI16 i16;
    atomic_i32_operations: AtomicI32 i32;
    atomic_i64_operations: AtomicI64 i64;
    atomic_isize_operations: AtomicIsize isize;
}

pub(super) fn atomic_bool_operations() {
    let flag = Arc::new(AtomicBool::new(true));
    let theirs = Arc::clone(&flag);
    thread::spawn(move || {
        assert!(theirs.fetch_and(true, SeqCst));
        assert!(theirs.fetch_nand(true, SeqCst));
        assert!(!theirs.load(SeqCst));
        assert!(!theirs.fetch_nand(true, SeqCst));
        assert!(theirs.fetch_xor(true, SeqCst));
        assert!(!theirs.fetch_or(true, SeqCst));
        assert!(theirs.fetch_not(SeqCst));
        assert!(!theirs.swap(true, AcqRel));
        assert_eq!(theirs.compare_exchange(true, false, SeqCst, Relaxed), Ok(true));
        assert_eq!(theirs.compare_exchange(true, false, SeqCst, Relaxed), Err(false));
        assert_eq!(theirs.fetch_update(SeqCst, SeqCst, |b| Some(!b)), Ok(false));
        theirs.store(false, SeqCst);
    })
    .join()
    .unwrap();
    let mut flag = Arc::into_inner(flag).unwrap();
    assert!(!*flag.get_mut());
    *flag.get_mut() = true;
    assert!(flag.into_inner());
    assert!(!AtomicBool::default().into_inner());
}

#[allow(clippy::incompatible_msrv, reason = "std's are newer than what this crate asks for")]
pub(super) fn atomics_are_updated() {
    let shared = Arc::new(AtomicU32::new(1));
    let theirs = Arc::clone(&shared);
    let other = thread::spawn(move || theirs.update(SeqCst, Relaxed, |n| n * 2));
    let tripled = shared.try_update(AcqRel, Acquire, |n| Some(n * 3));
    assert!(matches!((other.join().unwrap(), tripled), (1, Ok(2)) | (3, Ok(1))));
    assert_eq!(shared.try_update(SeqCst, SeqCst, |_| None), Err(6));
    let words = [1_u32, 2, 3, 4];
    let first: *mut u32 = words.as_ptr().cast_mut();
    let pointer = Arc::new(AtomicPtr::new(first));
    let theirs = Arc::clone(&pointer);
    thread::spawn(move || _ = theirs.fetch_ptr_add(3, SeqCst)).join().unwrap();
    assert_eq!(pointer.fetch_ptr_sub(1, Relaxed), first.wrapping_add(3));
    assert_eq!(pointer.fetch_byte_add(4, Relaxed), first.wrapping_add(2));
    assert_eq!(pointer.fetch_byte_sub(12, Relaxed), first.wrapping_add(3));
    assert_eq!(pointer.fetch_or(1, Relaxed), first);
    assert_eq!(pointer.fetch_xor(3, Relaxed), first.wrapping_byte_add(1));
    assert_eq!(pointer.fetch_and(!3, Relaxed), first.wrapping_byte_add(2));
    assert_eq!(pointer.load(SeqCst), first);
}

pub(super) fn atomic_pointer_operations() {
    let (mut one, mut two) = (1, 2);
    let (one, two): (*mut i32, *mut i32) = (&mut one, &mut two);
    let pointer = AtomicPtr::new(one);
    thread::scope(|s| {
        s.spawn(|| {
            let two = pointer.load(SeqCst).wrapping_add(0);
            assert!(!two.is_null());
        });
    });
    assert_eq!(format!("{pointer:p}"), format!("{one:p}"));
    assert_eq!(pointer.swap(two, AcqRel), one);
    assert_eq!(pointer.compare_exchange(one, two, SeqCst, SeqCst), Err(two));
    assert_eq!(pointer.compare_exchange(two, one, SeqCst, SeqCst), Ok(two));
    assert_eq!(pointer.fetch_update(SeqCst, SeqCst, |_| Some(two)), Ok(one));
    pointer.store(one, Release);
    let mut pointer = pointer;
    *pointer.get_mut() = two;
    assert_eq!(pointer.into_inner(), two);
    assert!(AtomicPtr::<u8>::default().into_inner().is_null());
}

pub(super) fn orderings_that_make_no_sense_panic() {
    // not as literals, which the compiler refuses
    const ORDERS: [sync::atomic::Ordering; 4] = [Relaxed, Acquire, Release, AcqRel];
    let refused: [fn(&AtomicU32, &[sync::atomic::Ordering; 4]); 6] = [
        |a, o| _ = a.load(o[2]),
        |a, o| _ = a.load(o[3]),
        |a, o| a.store(1, o[1]),
        |a, o| a.store(1, o[3]),
        |a, o| _ = a.compare_exchange(0, 1, SeqCst, o[2]),
        |_, o| fence(o[0]),
    ];
    let other = thread::spawn(move || {
        let atomic = AtomicU32::new(0);
        refused.map(|operation| {
            catch_unwind(AssertUnwindSafe(|| operation(&atomic, &ORDERS))).is_err()
        })
    });
    assert_eq!(other.join().unwrap(), [true; 6]);
}

pub(super) fn fences_publish() {
    let shared = Arc::new((AtomicU32::new(0), AtomicBool::new(false)));
    let theirs = Arc::clone(&shared);
    let other = thread::spawn(move || {
        theirs.0.store(1, Relaxed);
        fence(Release);
        theirs.1.store(true, Relaxed);
    });
    if shared.1.load(Relaxed) {
        fence(Acquire);
        assert_eq!(shared.0.load(Relaxed), 1);
    }
    other.join().unwrap();
    compiler_fence(SeqCst);
}

// ---- threads

pub(super) fn threads_return_their_result_or_their_panic() {
    let (good, bad) = (
        thread::spawn(|| "good"),
        thread::spawn(|| -> u8 { std::panic::resume_unwind(Box::new(7_u64)) }),
    );
    assert_eq!(good.join().unwrap(), "good");
    assert_eq!(*bad.join().unwrap_err().downcast::<u64>().unwrap(), 7);
}

pub(super) fn a_thread_may_borrow_without_a_bound() {
    let number = AtomicU32::new(1);
    let borrows = || number.fetch_add(1, SeqCst);
    // SAFETY: it is joined before `number` is gone
    let thread = unsafe { thread::Builder::new().spawn_unchecked(borrows).unwrap() };
    number.fetch_add(1, SeqCst);
    assert!(thread.join().unwrap() < 3);
    assert_eq!(number.load(SeqCst), 3);
}

pub(super) fn threads_have_names_and_identities() {
    let named = thread::Builder::new().name("teller".to_string()).stack_size(256 * 1024);
    let named = named
        .spawn(|| {
            let current = thread::current();
            (current.name().map(str::to_string), current.id())
        })
        .unwrap();
    let (thread, main) = (named.thread().clone(), thread::current());
    assert_eq!(thread.name(), Some("teller"));
    let (name, id) = named.join().unwrap();
    assert_eq!(name.as_deref(), Some("teller"));
    assert_eq!(id, thread.id());
    assert_ne!(id, main.id());
    assert_eq!(main.id(), thread::current().id());
    assert_eq!(
        thread::spawn(|| thread::current().name().map(str::to_string)).join().unwrap(),
        None
    );
}

pub(super) fn a_finished_thread_says_so() {
    let other = thread::spawn(|| ());
    while !other.is_finished() {
        thread::yield_now();
    }
    other.join().unwrap();
}

pub(super) fn scoped_threads_borrow() {
    let mut numbers = vec![1, 2, 3];
    let total = AtomicUsize::new(0);
    let (sum, first) = thread::scope(|s| {
        let sum = s.spawn(|| numbers.iter().sum::<i32>());
        let nested = s.spawn(|| {
            s.spawn(|| total.fetch_add(1, SeqCst));
            numbers[0]
        });
        let builder = thread::Builder::new().name("scoped".to_string());
        let named =
            builder.spawn_scoped(s, || thread::current().name().map(str::to_string)).unwrap();
        assert_eq!(named.thread().name(), Some("scoped"));
        assert_eq!(named.join().unwrap().as_deref(), Some("scoped"));
        (sum.join().unwrap(), nested.join().unwrap())
    });
    assert_eq!((sum, first, total.into_inner()), (6, 1, 1));
    numbers.push(4);
}

pub(super) fn a_scope_passes_panics_on_as_std_does() {
    // one that is joined by hand is the joiner's
    thread::scope(|s| assert!(s.spawn(|| quietly_panic()).join().is_err()));
    // one that is not fails the scope, once all have ended
    let ended = AtomicUsize::new(0);
    let outcome = thread::scope(|outer| {
        outer
            .spawn(|| {
                catch_unwind(AssertUnwindSafe(|| {
                    // the scope's own panic is caught: say nothing
                    thread::scope(|s| {
                        s.spawn(|| {
                            ended.fetch_add(1, SeqCst);
                        });
                        quietly_panic();
                    })
                }))
                .is_err()
            })
            .join()
            .unwrap()
    });
    assert!(outcome);
    assert_eq!(ended.load(SeqCst), 1);
}

pub(super) fn a_token_is_kept_until_the_park() {
    let main = thread::current();
    main.unpark();
    main.unpark();
    thread::park(); // at once
    let theirs = thread::current();
    let flag = Arc::new(AtomicBool::new(false));
    let set = Arc::clone(&flag);
    let other = thread::spawn(move || {
        set.store(true, Release);
        theirs.unpark();
    });
    while !flag.load(Acquire) {
        thread::park();
    }
    other.join().unwrap();
}

pub(super) fn a_park_ends_at_the_latest_with_its_timeout() {
    let other = thread::spawn(|| thread::park_timeout(SHORT));
    other.thread().unpark();
    other.join().unwrap();
    thread::park_timeout(SHORT);
}

pub(super) fn yields_and_sleeps_come_back() {
    let other = thread::spawn(|| {
        thread::yield_now();
        hint::spin_loop();
    });
    thread::sleep(SHORT);
    other.join().unwrap();
}

pub(super) fn thread_locals_are_each_threads_own() {
    use std::cell::{Cell, RefCell};
    struct Counts(u32, Arc<AtomicU32>);
    impl Drop for Counts {
        fn drop(&mut self) {
            self.1.fetch_add(self.0, SeqCst);
        }
    }
    thread_local! {
        static NUMBER: Cell<u32> = const { Cell::new(7) };
        static LIST: RefCell<Vec<u32>> = RefCell::new(vec![1]);
        static COUNTS: RefCell<Option<Counts>> = const { RefCell::new(None) };
    }
    let dropped = Arc::new(AtomicU32::new(0));
    let threads = [1, 2].map(|n| {
        let dropped = Arc::clone(&dropped);
        thread::spawn(move || {
            assert_eq!(NUMBER.replace(n), 7);
            assert_eq!(NUMBER.get(), n);
            LIST.with_borrow_mut(|list| list.push(n));
            assert_eq!(LIST.with_borrow(Vec::clone), [1, n]);
            assert_eq!(LIST.take(), [1, n]);
            assert!(LIST.replace(vec![]).is_empty());
            COUNTS.with(|c| *c.borrow_mut() = Some(Counts(n, dropped)));
        })
    });
    threads.into_iter().for_each(|t| t.join().unwrap());
    assert_eq!(dropped.load(SeqCst), 3, "their destructors have run when they are joined");
    assert_eq!(NUMBER.try_with(Cell::get), Ok(7));
}

pub(super) fn destroyed_thread_locals_are_refused() {
    struct Late(Arc<AtomicBool>);
    impl Drop for Late {
        fn drop(&mut self) {
            self.0.store(LATE.try_with(|_| ()).is_err(), SeqCst);
        }
    }
    thread_local! {
        static LATE: std::cell::RefCell<Option<Late>> = const { std::cell::RefCell::new(None) };
    }
    let refused = Arc::new(AtomicBool::new(false));
    let theirs = Arc::clone(&refused);
    thread::spawn(move || LATE.set(Some(Late(theirs)))).join().unwrap();
    assert!(refused.load(SeqCst));
}

pub(super) fn a_result_that_nobody_takes_is_dropped_on_the_thread() {
    struct Late(Arc<AtomicBool>, thread::ThreadId);
    impl Drop for Late {
        fn drop(&mut self) {
            self.0.store(self.1 == thread::current().id(), SeqCst);
        }
    }
    let on_thread = Arc::new(AtomicBool::new(false));
    let theirs = Arc::clone(&on_thread);
    let barrier = Arc::new(Barrier::new(2));
    let mine = Arc::clone(&barrier);
    let other = thread::spawn(move || {
        barrier.wait();
        Late(theirs, thread::current().id())
    });
    drop(other);
    mine.wait();
    while Arc::strong_count(&on_thread) > 1 {
        thread::yield_now();
    }
    assert!(on_thread.load(SeqCst));
}

// ---- channels

pub(super) fn a_channel_is_first_in_first_out() {
    let (sender, receiver) = channel::unbounded();
    let second = sender.clone();
    let other = thread::spawn(move || (0..2).for_each(|n| sender.send(n).unwrap()));
    second.send(10).unwrap();
    drop(second);
    let all: Vec<i32> = receiver.into_iter().collect();
    other.join().unwrap();
    assert_eq!(all.iter().filter(|n| **n < 10).copied().collect::<Vec<_>>(), [0, 1]);
    assert_eq!(all.len(), 3);
}

pub(super) fn a_bounded_channel_waits_for_room() {
    let (sender, receiver) = channel::bounded(1);
    let other = thread::spawn(move || (0..3).for_each(|n| sender.send(n).unwrap()));
    assert_eq!(receiver.iter().collect::<Vec<_>>(), [0, 1, 2]);
    other.join().unwrap();
}

pub(super) fn a_rendezvous_passes_from_hand_to_hand() {
    let (sender, receiver) = channel::bounded(0);
    assert_eq!(
        (sender.capacity(), sender.len(), sender.is_empty(), sender.is_full()),
        (Some(0), 0, true, true)
    );
    let taken = Arc::new(AtomicBool::new(false));
    let theirs = Arc::clone(&taken);
    let other = thread::spawn(move || {
        theirs.store(true, SeqCst);
        receiver.recv().unwrap()
    });
    sender.send(7).unwrap();
    assert!(taken.load(SeqCst));
    assert_eq!(other.join().unwrap(), 7);
    assert_eq!(sender.send(8), Err(channel::SendError(8)));
    assert_eq!(sender.try_send(8), Err(channel::TrySendError::Disconnected(8)));
}

pub(super) fn a_channel_without_the_other_side_is_disconnected() {
    let (sender, receiver) = channel::bounded(2);
    sender.send(1).unwrap();
    let other = thread::spawn(move || drop(sender));
    other.join().unwrap();
    assert_eq!(receiver.recv(), Ok(1));
    assert_eq!(receiver.recv(), Err(channel::RecvError));
    assert_eq!(receiver.try_recv(), Err(channel::TryRecvError::Disconnected));
    let (sender, receiver) = channel::unbounded();
    drop(receiver);
    assert_eq!(sender.send(1), Err(channel::SendError(1)));
    // the one who waits for the other side is told
    let (sender, receiver) = channel::bounded(1);
    sender.send(1).unwrap();
    let other = thread::spawn(move || sender.send(2));
    drop(receiver);
    assert_eq!(other.join().unwrap(), Err(channel::SendError(2)));
    let (sender, receiver) = channel::bounded::<u8>(1);
    let other = thread::spawn(move || receiver.recv());
    drop(sender);
    assert_eq!(other.join().unwrap(), Err(channel::RecvError));
}

pub(super) fn items_that_nobody_will_receive_are_dropped_with_the_receiver() {
    let (requests, server) = channel::unbounded();
    let (reply, answer) = channel::bounded::<u8>(1);
    requests.send(reply).unwrap();
    let other = thread::spawn(move || drop(server));
    assert_eq!(
        answer.recv(),
        Err(channel::RecvError),
        "the request is gone, and its reply with it"
    );
    other.join().unwrap();
    let (requests, server) = mpsc::channel();
    let (reply, answer) = mpsc::sync_channel::<u8>(1);
    requests.send(reply).unwrap();
    drop(server);
    assert!(answer.recv().is_err());
}

pub(super) fn a_channel_tries() {
    let (sender, receiver) = channel::bounded(1);
    assert_eq!(receiver.try_recv(), Err(channel::TryRecvError::Empty));
    assert_eq!(sender.try_send(1), Ok(()));
    assert_eq!(sender.try_send(2), Err(channel::TrySendError::Full(2)));
    assert_eq!(
        (sender.len(), receiver.len(), sender.is_full(), receiver.is_empty()),
        (1, 1, true, false)
    );
    assert_eq!(receiver.try_iter().collect::<Vec<_>>(), [1]);
    assert!(receiver.is_empty() && !sender.is_full());
    assert_eq!((sender.capacity(), channel::unbounded::<u8>().1.capacity()), (Some(1), None));
    assert!(sender.same_channel(&sender.clone()));
    let (nobody, receiver) = channel::bounded::<u8>(0);
    assert_eq!(nobody.try_send(1), Err(channel::TrySendError::Full(1)));
    let other = thread::spawn(move || receiver.try_recv());
    assert_eq!(other.join().unwrap(), Err(channel::TryRecvError::Empty));
}

pub(super) fn consumers_share_a_channel() {
    let (sender, receiver) = channel::unbounded();
    let second = receiver.clone();
    let other = thread::spawn(move || second.recv().is_ok() as u8);
    sender.send(1).unwrap();
    drop(sender);
    let mine = receiver.recv().is_ok() as u8;
    assert_eq!(mine + other.join().unwrap(), 1, "an item goes to one of them");
}

pub(super) fn channels_wait_no_longer_than_their_timeout() {
    let (sender, receiver) = channel::bounded(1);
    assert_eq!(receiver.recv_timeout(SHORT), Err(channel::RecvTimeoutError::Timeout));
    assert_eq!(sender.send_timeout(1, SHORT), Ok(()));
    assert_eq!(sender.send_timeout(2, SHORT), Err(channel::SendTimeoutError::Timeout(2)));
    let (hand, nobody) = channel::bounded(0);
    assert_eq!(hand.send_timeout(1, SHORT), Err(channel::SendTimeoutError::Timeout(1)));
    assert_eq!(nobody.try_recv(), Err(channel::TryRecvError::Empty), "it was taken back");
    let other = thread::spawn(move || drop(sender));
    other.join().unwrap();
    assert_eq!(receiver.recv_timeout(LONG), Ok(1));
    assert_eq!(receiver.recv_timeout(LONG), Err(channel::RecvTimeoutError::Disconnected));
    let (sender, receiver) = mpsc::channel::<u8>();
    assert_eq!(receiver.recv_timeout(SHORT), Err(mpsc::RecvTimeoutError::Timeout));
    drop(sender);
    assert_eq!(receiver.recv_timeout(SHORT), Err(mpsc::RecvTimeoutError::Disconnected));
}

pub(super) fn mpsc_is_first_in_first_out() {
    let (sender, receiver) = mpsc::channel();
    let second = sender.clone();
    let other = thread::spawn(move || (0..2).for_each(|n| second.send(n).unwrap()));
    drop(sender);
    assert_eq!(receiver.iter().collect::<Vec<_>>(), [0, 1]);
    other.join().unwrap();
    assert_eq!(receiver.try_recv(), Err(mpsc::TryRecvError::Disconnected));
    assert_eq!(receiver.recv(), Err(mpsc::RecvError));
}

pub(super) fn a_sync_channel_is_bounded() {
    let (sender, receiver) = mpsc::sync_channel(1);
    assert_eq!(sender.try_send(1), Ok(()));
    assert_eq!(sender.try_send(2), Err(mpsc::TrySendError::Full(2)));
    let second = sender.clone();
    let other = thread::spawn(move || second.send(2));
    drop(sender);
    assert_eq!(receiver.recv(), Ok(1));
    assert_eq!(receiver.into_iter().collect::<Vec<_>>(), [2]);
    other.join().unwrap().unwrap();
    let (sender, receiver) = mpsc::sync_channel(0);
    let other = thread::spawn(move || receiver.recv().unwrap());
    sender.send("hand to hand").unwrap();
    assert_eq!(other.join().unwrap(), "hand to hand");
    assert_eq!(sender.send("nobody"), Err(mpsc::SendError("nobody")));
    assert_eq!(sender.try_send("nobody"), Err(mpsc::TrySendError::Disconnected("nobody")));
}

// ---- Arc

pub(super) fn arcs_count() {
    let arc = Arc::new(Mutex::new(1));
    let weak: Weak<_> = Arc::downgrade(&arc);
    let theirs = weak.clone();
    let other = thread::spawn(move || theirs.upgrade().is_some());
    assert!(other.join().unwrap());
    drop(arc);
    assert!(weak.upgrade().is_none());
}
