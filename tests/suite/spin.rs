//! Loops that wait for others by yielding: they come to their end, and what the exhaustive search
//! says of them.

use selvedge::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use selvedge::sync::{Arc, Condvar, Mutex, RwLock, mpsc};
use selvedge::{Bound, Budget, Check, Explorer, Extent, Kind, Verdict, future, hint, thread};
use std::time::Duration;

/// A child that does one thing, and a main thread that waits for it.
fn beside<T: Send + Sync + 'static>(shared: T, child: fn(&T), waits: fn(&T)) {
    let shared = Arc::new(shared);
    let theirs = Arc::clone(&shared);
    let child = thread::spawn(move || child(&theirs));
    waits(&shared);
    child.join().unwrap();
}

fn locks() {
    let until = |n: &Mutex<u32>| {
        while *n.lock().unwrap() == 0 {
            thread::yield_now()
        }
    };
    beside(Mutex::new(0), |n| *n.lock().unwrap() = 1, until);
}

fn takes() {
    let until = |items: &Mutex<Vec<u32>>| {
        while items.lock().unwrap().pop().is_none() {
            hint::spin_loop()
        }
    };
    beside(Mutex::new(Vec::new()), |items| items.lock().unwrap().push(1), until);
}

fn tries() {
    let until = |n: &Mutex<u32>| {
        while !n.try_lock().is_ok_and(|n| *n == 1) {
            thread::yield_now()
        }
    };
    beside(Mutex::new(0), |n| *n.lock().unwrap() = 1, until);
}

fn reads() {
    let until = |n: &RwLock<u32>| {
        while *n.read().unwrap() == 0 {
            thread::yield_now()
        }
    };
    beside(RwLock::new(0), |n| *n.write().unwrap() = 1, until);
}

fn writes() {
    let until = |n: &RwLock<u32>| {
        while n.try_write().is_err() {
            thread::yield_now()
        }
    };
    beside(RwLock::new(0), |n| drop(n.read().unwrap()), until);
}

fn receives() {
    let (sender, receiver) = mpsc::channel();
    let child = thread::spawn(move || {
        while receiver.try_recv().is_err() {
            thread::yield_now()
        }
    });
    sender.send(1).unwrap();
    child.join().unwrap();
}

fn changes() {
    let until = |(flag, rounds): &(AtomicUsize, AtomicUsize)| {
        while flag.load(SeqCst) == 0 {
            rounds.fetch_add(1, SeqCst);
            thread::yield_now();
        }
    };
    beside((AtomicUsize::new(0), AtomicUsize::new(0)), |(flag, _)| flag.store(1, SeqCst), until);
}

/// Two who take, one who gives twice, and all of them yield.
fn two_take() {
    let items = Arc::new(Mutex::new(Vec::new()));
    let take = |items: &Mutex<Vec<u32>>| {
        while items.lock().unwrap().pop().is_none() {
            thread::yield_now()
        }
    };
    let (gives, takes) = (Arc::clone(&items), Arc::clone(&items));
    let gives = thread::spawn(move || {
        for item in 0..2 {
            gives.lock().unwrap().push(item);
            thread::yield_now();
        }
    });
    let takes = thread::spawn(move || take(&takes));
    take(&items);
    gives.join().unwrap();
    takes.join().unwrap();
}

fn parks() {
    let until = |flag: &AtomicUsize| {
        while flag.load(SeqCst) == 0 {
            thread::park_timeout(Duration::from_millis(1))
        }
    };
    beside(AtomicUsize::new(0), |flag| flag.store(1, SeqCst), until);
}

/// Waits until its time is over, while the other one spins: time goes by.
fn waits_beside() {
    let until = |shared: &(AtomicUsize, Mutex<()>, Condvar)| {
        while shared.0.load(SeqCst) == 0 {
            thread::yield_now()
        }
    };
    let child = |(flag, mutex, condvar): &(AtomicUsize, Mutex<()>, Condvar)| {
        for _ in 0..2 {
            drop(condvar.wait_timeout(mutex.lock().unwrap(), Duration::from_millis(1)).unwrap());
        }
        flag.store(1, SeqCst);
    };
    beside((AtomicUsize::new(0), Mutex::new(()), Condvar::new()), child, until);
}

/// Both yield, and one of them only once.
fn yields_beside() {
    let until = |flag: &AtomicUsize| {
        while flag.load(SeqCst) == 0 {
            thread::yield_now()
        }
    };
    let child = |flag: &AtomicUsize| {
        thread::yield_now();
        flag.store(1, SeqCst);
    };
    beside(AtomicUsize::new(0), child, until);
}

/// It yields more than once in a round, and the longer it waits, the more often.
fn backs_off() {
    let until = |flag: &AtomicUsize| {
        let mut delay = 2;
        while flag.load(SeqCst) == 0 {
            (0..delay).for_each(|_| hint::spin_loop());
            delay = 256.min(2 * delay);
        }
    };
    beside(AtomicUsize::new(0), |flag| flag.store(1, SeqCst), until);
}

/// A task that yields twice in a round.
fn yields_twice() {
    let until = |flag: &AtomicUsize| {
        future::block_on(async {
            while flag.load(SeqCst) == 0 {
                future::yield_now().await;
                future::yield_now().await;
            }
        });
    };
    beside(AtomicUsize::new(0), |flag| flag.store(1, SeqCst), until);
}

#[test]
fn loops_that_wait_for_others_come_to_their_end() {
    let models: [(&str, fn()); 13] = [
        ("locks", locks),
        ("takes", takes),
        ("tries", tries),
        ("reads", reads),
        ("writes", writes),
        ("receives", receives),
        ("changes", changes),
        ("two take", two_take),
        ("parks", parks),
        ("waits beside", waits_beside),
        ("yields beside", yields_beside),
        ("backs off", backs_off),
        ("yields twice", yields_twice),
    ];
    for (name, model) in models {
        for explorer in [Explorer::Exhaustive, Explorer::Dfs, Explorer::Random { seed: 7 }] {
            let verdict =
                Check::new(name).explorers([explorer]).budget(Budget::executions(5_000)).run(model);
            let Verdict::Holds(coverage) = verdict else {
                panic!("{name}, {explorer}: {verdict:?}")
            };
            assert!(coverage.executions() > 1, "{name}, {explorer}: {coverage}");
            if explorer == Explorer::Exhaustive {
                // a loop has any number of rounds: what was left out is said
                assert_eq!(coverage.runs[0].extent, Extent::Bounded(Bound::Spins), "{name}");
            }
        }
    }
}

#[test]
fn a_loop_whose_wait_is_in_vain_is_a_livelock() {
    let until = |n: &Mutex<u32>| {
        while *n.lock().unwrap() < 2 {
            thread::yield_now()
        }
    };
    let model = move || beside(Mutex::new(0), |n| *n.lock().unwrap() += 1, until);
    match Check::new("in vain").explorers([Explorer::Exhaustive]).run(model) {
        Verdict::Violated(found) => assert_eq!(found.kind, Kind::Livelock),
        other => panic!("{other:?}"),
    }
}

/// Yields that wait for nobody: the interleavings are those without them.
#[test]
fn yields_between_operations_cut_nothing() {
    fn loads_and_stores(n: &AtomicUsize) {
        for _ in 0..2 {
            n.store(n.load(SeqCst) + 1, SeqCst);
            thread::yield_now();
        }
    }
    fn deposits(n: &Mutex<u32>) {
        for _ in 0..3 {
            *n.lock().unwrap() += 1;
            thread::yield_now();
        }
    }
    let models: [(&str, fn(), u64); 2] = [
        (
            "loads and stores",
            || beside(AtomicUsize::new(0), loads_and_stores, loads_and_stores),
            34,
        ),
        ("deposits", || beside(Mutex::new(0), deposits, deposits), 20),
    ];
    for (name, model, executions) in models {
        let verdict = Check::new(name).explorers([Explorer::Exhaustive]).run(model);
        let Verdict::Holds(coverage) = verdict else { panic!("{name}: {verdict:?}") };
        assert_eq!((coverage.executions(), coverage.is_exhaustive()), (executions, true), "{name}");
    }
}

#[test]
fn whether_a_thread_has_ended_is_asked_in_one_order_only_and_that_is_said() {
    let model = || {
        let flag = Arc::new(AtomicUsize::new(0));
        let theirs = Arc::clone(&flag);
        let child = thread::spawn(move || theirs.store(1, SeqCst));
        let _ = child.is_finished();
        child.join().unwrap();
        assert_eq!(flag.load(SeqCst), 1);
    };
    let verdict = Check::new("asks").explorers([Explorer::Exhaustive]).run(model);
    let Verdict::Holds(coverage) = verdict else { panic!("{verdict:?}") };
    assert_eq!(coverage.runs[0].extent, Extent::Bounded(Bound::Ends));
}
