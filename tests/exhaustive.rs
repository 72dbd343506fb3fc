//! The exhaustive explorer: every inequivalent interleaving once.

use selvedge::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use selvedge::sync::{Arc, Condvar, Mutex, RwLock};
use selvedge::{Budget, Check, Explorer, Kind, Verdict, thread};

/// The executions of a model that holds, all of its interleavings seen.
fn executions(name: &str, model: impl Fn() + Send + Sync + 'static) -> u64 {
    let check = Check::new(name).explorers([Explorer::Exhaustive]).budget(Budget::executions(200_000));
    match check.run(model) {
        Verdict::Holds(coverage) if coverage.is_exhaustive() => coverage.executions(),
        other => panic!("{name}: {other:?}"),
    }
}

fn spawn_all(threads: usize, body: impl Fn(usize) + Send + Sync + Clone + 'static) {
    let all: Vec<_> = (0..threads)
        .map(|i| {
            let body = body.clone();
            thread::spawn(move || body(i))
        })
        .collect();
    all.into_iter().for_each(|t| t.join().unwrap());
}

fn locked(threads: usize, each: usize) {
    let counter = Arc::new(Mutex::new(0));
    let theirs = Arc::clone(&counter);
    spawn_all(threads, move |_| (0..each).for_each(|_| *theirs.lock().unwrap() += 1));
    assert_eq!(*counter.lock().unwrap(), threads * each);
}

fn unlocked(threads: usize, each: usize) {
    let counter = Arc::new(AtomicUsize::new(0));
    spawn_all(threads, move |_| (0..each).for_each(|_| counter.store(counter.load(SeqCst) + 1, SeqCst)));
}

fn added(threads: usize, each: usize) {
    let counter = Arc::new(AtomicUsize::new(0));
    let theirs = Arc::clone(&counter);
    spawn_all(threads, move |_| (0..each).for_each(|_| assert!(theirs.fetch_add(1, SeqCst) < threads * each)));
    assert_eq!(counter.load(SeqCst), threads * each);
}

fn readers(n: usize) {
    let shared = Arc::new(AtomicUsize::new(0));
    spawn_all(n + 1, move |i| {
        if i == 0 {
            shared.store(1, SeqCst);
        } else {
            assert!(shared.load(SeqCst) < 2);
        }
    });
}

fn philosophers(n: usize) {
    let forks: Arc<Vec<_>> = Arc::new((0..n).map(|_| Mutex::new(())).collect());
    spawn_all(n, move |i| {
        let (first, second) = (i.min((i + 1) % n), i.max((i + 1) % n));
        let _first = forks[first].lock().unwrap();
        let _second = forks[second].lock().unwrap();
    });
}

/// Flanagan and Godefroid, POPL 2005.
fn indexer(threads: usize) {
    const SIZE: usize = 128;
    let table: Arc<Vec<_>> = Arc::new((0..SIZE).map(|_| AtomicUsize::new(0)).collect());
    spawn_all(threads, move |t| {
        for m in 0..4 {
            let w = (m + 1) * 11 + t + 1;
            let mut h = (w * 7) % SIZE;
            while table[h].compare_exchange(0, w, SeqCst, SeqCst).is_err() {
                h = (h + 1) % SIZE;
            }
        }
    });
}

/// Abdulla et al., POPL 2014.
fn last_zero(n: usize) {
    let array: Arc<Vec<_>> = Arc::new((0..=n).map(|_| AtomicUsize::new(0)).collect());
    spawn_all(n + 1, move |i| {
        if i == 0 {
            let mut at = n;
            while array[at].load(SeqCst) != 0 {
                at -= 1;
            }
        } else {
            array[i].store(array[i - 1].load(SeqCst) + 1, SeqCst);
        }
    });
}

/// Flanagan and Godefroid, POPL 2005.
fn filesystem(threads: usize) {
    const INODES: usize = 32;
    const BLOCKS: usize = 26;
    struct Disk {
        locki: Vec<Mutex<usize>>,
        lockb: Vec<Mutex<bool>>,
    }
    let disk = Arc::new(Disk {
        locki: (0..INODES).map(|_| Mutex::new(0)).collect(),
        lockb: (0..BLOCKS).map(|_| Mutex::new(false)).collect(),
    });
    spawn_all(threads, move |t| {
        let i = t % INODES;
        let mut inode = disk.locki[i].lock().unwrap();
        if *inode == 0 {
            let mut b = (i * 2) % BLOCKS;
            loop {
                let mut busy = disk.lockb[b].lock().unwrap();
                if !*busy {
                    *busy = true;
                    *inode = b + 1;
                    break;
                }
                drop(busy);
                b = (b + 1) % BLOCKS;
            }
        }
    });
}

#[test]
fn executions_are_the_inequivalent_interleavings() {
    for (threads, each, want) in [(2, 2, 6), (2, 4, 70), (3, 2, 90), (3, 3, 1_680), (4, 2, 2_520)] {
        assert_eq!(executions("locked", move || locked(threads, each)), want, "locked {threads}x{each}");
    }
    for (threads, each, want) in [(2, 2, 34), (3, 1, 36), (3, 2, 7_134)] {
        assert_eq!(executions("unlocked", move || unlocked(threads, each)), want, "unlocked {threads}x{each}");
    }
    assert_eq!(executions("fetch_add", || added(3, 3)), 1_680);
    assert_eq!(executions("readers", || readers(8)), 256);
    for (n, want) in [(3, 6), (4, 14), (5, 30)] {
        assert_eq!(executions("philosophers", move || philosophers(n)), want, "philosophers {n}");
    }
    for (n, want) in [(3, 12), (5, 64), (10, 3_328)] {
        assert_eq!(executions("last zero", move || last_zero(n)), want, "last zero {n}");
    }
    for (n, want) in [(12, 8), (13, 64), (15, 4_096)] {
        assert_eq!(executions("indexer", move || indexer(n)), want, "indexer {n}");
    }
    for (n, want) in [(14, 2), (16, 8), (19, 64)] {
        assert_eq!(executions("filesystem", move || filesystem(n)), want, "filesystem {n}");
    }
}

/// A bounded buffer on one mutex and two condition variables.
fn bounded_buffer(producers: usize, consumers: usize, items: usize, capacity: usize) {
    struct Buffer {
        items: Mutex<usize>,
        room: Condvar,
        item: Condvar,
    }
    let buffer = Arc::new(Buffer { items: Mutex::new(0), room: Condvar::new(), item: Condvar::new() });
    let theirs = Arc::clone(&buffer);
    spawn_all(producers + consumers, move |i| {
        for _ in 0..if i < producers { items } else { producers * items / consumers } {
            let mut now = theirs.items.lock().unwrap();
            if i < producers {
                while *now == capacity {
                    now = theirs.room.wait(now).unwrap();
                }
                *now += 1;
                theirs.item.notify_one();
            } else {
                while *now == 0 {
                    now = theirs.item.wait(now).unwrap();
                }
                *now -= 1;
                theirs.room.notify_one();
            }
        }
    });
    assert_eq!(*buffer.items.lock().unwrap(), 0);
}

#[test]
fn condition_variables_are_explored() {
    assert_eq!(executions("buffer", || bounded_buffer(1, 1, 2, 1)), 8);
    assert_eq!(executions("buffer", || bounded_buffer(2, 2, 1, 1)), 64);
}

#[test]
fn readers_of_a_lock_do_not_branch() {
    let count = executions("rwlock", || {
        let lock = Arc::new(RwLock::new(0));
        spawn_all(3, move |_| assert_eq!(*lock.read().unwrap(), 0));
    });
    assert_eq!(count, 1);
}

/// Each takes the fork on the left first: they may all wait for each other.
fn greedy_philosophers(n: usize) {
    let forks: Arc<Vec<_>> = Arc::new((0..n).map(|_| Mutex::new(())).collect());
    spawn_all(n, move |i| {
        let _left = forks[i].lock().unwrap();
        let _right = forks[(i + 1) % n].lock().unwrap();
    });
}

#[test]
fn one_execution_of_the_greedy_philosophers_deadlocks() {
    for (n, want) in [(3, 7), (4, 15), (5, 31)] {
        let check = Check::new("greedy").explorers([Explorer::Exhaustive]).budget(Budget::executions(1_000));
        let counts = check.count(move || greedy_philosophers(n)).unwrap();
        let deadlocks = counts.violations.get(&Kind::Deadlock).copied();
        assert_eq!((counts.executions, deadlocks, counts.violations.len()), (want, Some(1), 1), "{n} philosophers");
    }
}

/// Treiber's stack; nodes are places in arrays, and 0 is the end.
fn treiber(pushers: usize, poppers: usize) {
    struct Stack {
        top: AtomicUsize,
        next: Vec<AtomicUsize>,
    }
    let total = pushers + poppers;
    let next = (0..=total).map(|_| AtomicUsize::new(0)).collect();
    let stack = Arc::new(Stack { top: AtomicUsize::new(0), next });
    spawn_all(total, move |i| {
        if i < pushers {
            loop {
                let top = stack.top.load(SeqCst);
                stack.next[i + 1].store(top, SeqCst);
                if stack.top.compare_exchange(top, i + 1, SeqCst, SeqCst).is_ok() {
                    break;
                }
            }
        } else {
            loop {
                let top = stack.top.load(SeqCst);
                if top == 0 {
                    break;
                }
                let next = stack.next[top].load(SeqCst);
                if stack.top.compare_exchange(top, next, SeqCst, SeqCst).is_ok() {
                    break;
                }
            }
        }
    });
}

#[test]
fn a_lock_free_stack_is_explored_without_repetition() {
    let depth_first = |model: fn()| {
        let check = Check::new("stack").explorers([Explorer::Dfs]).budget(Budget::executions(200_000));
        match check.run(model) {
            Verdict::Holds(coverage) if coverage.is_exhaustive() => coverage.executions(),
            other => panic!("{other:?}"),
        }
    };
    let (all, inequivalent) = (depth_first(|| treiber(1, 1)), executions("stack", || treiber(1, 1)));
    assert!(inequivalent > 1 && inequivalent < all, "{inequivalent} of {all}");
}

/// The outcomes of two threads that read x and y and then write one of them: three, of which loom misses some.
#[test]
fn the_three_outcomes_of_two_reads_and_a_write_are_all_seen() {
    use std::collections::BTreeSet;
    let outcomes = std::sync::Arc::new(std::sync::Mutex::new(BTreeSet::new()));
    let seen = std::sync::Arc::clone(&outcomes);
    executions("three outcomes", move || {
        let shared = Arc::new((AtomicUsize::new(0), AtomicUsize::new(0)));
        let theirs = Arc::clone(&shared);
        let other = thread::spawn(move || {
            let read = (theirs.0.load(SeqCst), theirs.1.load(SeqCst));
            theirs.1.store(1, SeqCst);
            read
        });
        let mine = (shared.0.load(SeqCst), shared.1.load(SeqCst));
        shared.0.store(1, SeqCst);
        let theirs = other.join().unwrap();
        seen.lock().unwrap().insert((mine, theirs));
    });
    let outcomes = outcomes.lock().unwrap();
    let want = BTreeSet::from([((0, 0), (0, 0)), ((0, 1), (0, 0)), ((0, 0), (1, 0))]);
    assert_eq!(*outcomes, want);
}

/// A loop that counts its rounds: one that was kept back could have ended.
#[test]
fn a_search_that_kept_a_spinning_thread_back_is_not_called_exhaustive() {
    let check = Check::new("rounds").explorers([Explorer::Exhaustive]);
    let verdict = check.run(|| {
        let shared = Arc::new((AtomicUsize::new(0), AtomicUsize::new(0)));
        let theirs = Arc::clone(&shared);
        let patient = thread::spawn(move || {
            for _ in 0..3 {
                if theirs.0.load(SeqCst) != 0 {
                    return;
                }
                thread::yield_now();
            }
            theirs.1.store(1, SeqCst);
        });
        assert!(shared.1.load(SeqCst) < 2);
        shared.0.store(1, SeqCst);
        patient.join().unwrap();
    });
    match verdict {
        Verdict::Holds(coverage) => assert!(!coverage.is_exhaustive(), "{coverage}"),
        other => panic!("{other:?}"),
    }
}

/// Depth-first search does not offer a thread that has yielded while others can go on: it must not claim all.
#[test]
fn a_depth_first_search_that_kept_a_yielding_thread_back_is_not_called_exhaustive() {
    let yields = || {
        let shared = Arc::new(AtomicUsize::new(0));
        let theirs = Arc::clone(&shared);
        let polite = thread::spawn(move || {
            thread::yield_now();
            theirs.store(1, SeqCst);
        });
        assert!(shared.load(SeqCst) < 2);
        polite.join().unwrap();
    };
    match Check::new("polite").explorers([Explorer::Dfs]).run(yields) {
        Verdict::Holds(coverage) => assert!(!coverage.is_exhaustive(), "{coverage}"),
        other => panic!("{other:?}"),
    }
    assert_eq!(executions("polite", yields), 2, "one yield is no spin: both orders of the load and the store");
}
