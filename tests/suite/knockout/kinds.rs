//! One model for each way in which an operation is changed.

use selvedge::cell::UnsafeCell;
use selvedge::channel;
use selvedge::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use selvedge::sync::atomic::{AtomicBool, AtomicUsize};
use selvedge::sync::{Arc, Barrier, Condvar, Mutex, RwLock};
use selvedge::thread;
use std::time::Duration;

/// Two who write, while main reads.
pub(crate) fn rwlock() {
    let sum = Arc::new(RwLock::new((0, 0)));
    let writers = [1, 2].map(|n| {
        let sum = Arc::clone(&sum);
        thread::spawn(move || {
            let mut sum = sum.write().unwrap();
            sum.0 += n;
            sum.1 += n;
        })
    });
    let seen = *sum.read().unwrap();
    assert_eq!(seen.0, seen.1, "torn");
    for writer in writers {
        writer.join().unwrap();
    }
    selvedge::load_bearing_elsewhere("after all others");
    assert_eq!(sum.try_read().map(|sum| *sum).ok(), Some((3, 3)));
}

/// Two who wait for one flag.
pub(crate) fn two_waiters() {
    let ready = Arc::new((Mutex::new(false), Condvar::new()));
    let waiters = [(); 2].map(|()| {
        let ready = Arc::clone(&ready);
        thread::spawn(move || {
            let now = ready.0.lock().unwrap();
            let now = ready.1.wait_while(now, |ready| !*ready).unwrap();
            assert!(*now);
        })
    });
    *ready.0.lock().unwrap() = true;
    ready.1.notify_all();
    for waiter in waiters {
        selvedge::load_bearing_elsewhere("nothing comes after it but the end");
        waiter.join().unwrap();
    }
}

/// One who waits for a while, and goes on anyway.
pub(crate) fn patient() {
    let ready = Arc::new((Mutex::new(0), Condvar::new()));
    let theirs = Arc::clone(&ready);
    let setter = thread::spawn(move || {
        *theirs.0.lock().unwrap() += 1;
        selvedge::load_bearing_elsewhere("who waits goes on without it");
        theirs.1.notify_one();
    });
    let now = ready.0.lock().unwrap();
    assert!(*now < 2);
    let (mut now, _) = ready.1.wait_timeout(now, Duration::from_secs(1)).unwrap();
    *now += 1;
    drop(now);
    setter.join().unwrap();
    selvedge::load_bearing_elsewhere("after all others");
    assert_eq!(ready.0.try_lock().map(|sum| *sum).ok(), Some(2));
}

/// A wait without a loop around it.
pub(crate) fn waits_without_a_loop() {
    let ready = Arc::new((Mutex::new(false), Condvar::new()));
    let theirs = Arc::clone(&ready);
    let setter = thread::spawn(move || {
        *theirs.0.lock().unwrap() = true;
        theirs.1.notify_one();
    });
    let mut now = ready.0.lock().unwrap();
    if !*now {
        now = ready.1.wait(now).unwrap();
    }
    assert!(*now);
    drop(now);
    setter.join().unwrap();
}

/// The end of a stream is that its sender goes out of scope.
pub(crate) fn stream() {
    let (sender, receiver) = channel::unbounded();
    let producer = thread::spawn(move || sender.send(7).unwrap());
    assert_eq!(receiver.iter().collect::<Vec<_>>(), [7]);
    selvedge::load_bearing_elsewhere("nothing comes after it but the end");
    producer.join().unwrap();
    selvedge::load_bearing_elsewhere("nobody is left to hear of it");
    drop(receiver);
}

/// A cell that one thread writes before the barrier, and the other reads after it.
#[derive(Default)]
struct Cell(UnsafeCell<u32>);

// SAFETY: as of `Balance` in locks.rs.
unsafe impl Sync for Cell {}

pub(crate) fn barrier() {
    let shared = Arc::new((Cell::default(), Barrier::new(2)));
    let theirs = Arc::clone(&shared);
    let writer = thread::spawn(move || {
        theirs.0.0.with_mut(|cell| unsafe { *cell = 1 });
        theirs.1.wait();
    });
    shared.1.wait();
    assert_eq!(shared.0.0.with(|cell| unsafe { *cell }), 1);
    selvedge::load_bearing_elsewhere("nothing comes after it but the end");
    writer.join().unwrap();
}

/// A thread that returns something: its join cannot be skipped, but the order that it makes can.
pub(crate) fn joined_with_a_value() {
    let shared = Arc::new(Cell::default());
    let theirs = Arc::clone(&shared);
    let writer = thread::spawn(move || {
        theirs.0.with_mut(|cell| unsafe { *cell += 1 });
        "written"
    });
    assert_eq!(writer.join().unwrap(), "written");
    assert_eq!(shared.0.with(|cell| unsafe { *cell }), 1);
}

/// Borrows what a lock protects for longer than others know: where the lock is skipped, nobody may
/// borrow it beside.
pub(crate) fn long_borrow() {
    let shared = Arc::new((Mutex::new(false), AtomicBool::new(false)));
    let theirs = Arc::clone(&shared);
    let other = thread::spawn(move || {
        if theirs.1.load(Acquire) {
            let in_use = &mut *theirs.0.lock().unwrap();
            assert!(!*in_use, "two have borrowed it");
        }
    });
    let mut guard = shared.0.lock().unwrap();
    let in_use = &mut *guard;
    *in_use = true;
    // pairs with the load: what came before is ordered, what comes after is not
    shared.1.store(true, Release);
    *in_use = false;
    drop(guard);
    other.join().unwrap();
}

/// Two threads count themselves.
fn arrivals() -> (Arc<AtomicUsize>, [thread::JoinHandle<usize>; 2]) {
    let here = Arc::new(AtomicUsize::new(0));
    let others = [(); 2].map(|()| {
        let here = Arc::clone(&here);
        thread::spawn(move || here.fetch_add(1, Relaxed)) // a count; nothing is published
    });
    (here, others)
}

fn join(others: [thread::JoinHandle<usize>; 2]) {
    for other in others {
        selvedge::load_bearing_elsewhere("the count is what counts");
        other.join().unwrap();
    }
}

/// Looks, over and over, at what nobody changes any more, if a count is lost.
pub(crate) fn spins() {
    let (here, others) = arrivals();
    while here.load(Relaxed) < 2 {
        thread::yield_now();
    }
    join(others);
}

/// The same, but each round changes something: nobody can know from outside whether it ever ends.
pub(crate) fn spins_and_counts() {
    let (here, others) = arrivals();
    join(others);
    let rounds = AtomicUsize::new(0);
    while here.load(Relaxed) < 2 {
        rounds.fetch_add(1, Relaxed); // a statistic
        thread::yield_now();
    }
}
