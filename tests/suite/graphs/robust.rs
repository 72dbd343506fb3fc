//! Whether weak memory adds anything: said by the search of sequential consistency.

use super::program::{self, Op, Program};
use super::random::{Kind as Programs, random};
use selvedge::cell::UnsafeCell;
use selvedge::sync::atomic::{AtomicBool, AtomicUsize, fence};
use selvedge::sync::{Arc, Barrier, Condvar, Mutex, Once, RwLock, mpsc};
use selvedge::{Bound, Check, Coverage, Explorer, Extent, Kind, Verdict, thread};
use std::sync::atomic::Ordering::{self, Acquire, Relaxed, Release, SeqCst};

/// Sequential consistency, and then weak memory if it may show more.
fn explored(name: &str, model: impl Fn() + Send + Sync + 'static) -> Coverage {
    let check = Check::new(name).explorers([Explorer::Exhaustive, Explorer::Graphs]);
    match check.run(model) {
        Verdict::Holds(coverage) => coverage,
        other => panic!("{name}: {other:?}"),
    }
}

/// Weak memory adds nothing, and is not explored.
fn is_robust(name: &str, model: impl Fn() + Send + Sync + 'static) {
    let coverage = explored(name, model);
    let extents: Vec<_> = coverage.runs.iter().map(|run| (run.explorer, &run.extent)).collect();
    assert_eq!(extents, [(Explorer::Exhaustive, &Extent::Weak)], "{name}: {coverage}");
    assert!(coverage.skipped.is_empty() && coverage.race.is_none(), "{name}: {coverage}");
    let why = "RC11 adds nothing: at most SeqCst accesses of an atomic are unordered";
    assert_eq!(coverage.on_weak_memory().as_deref(), Some(why), "{name}");
}

/// Weak memory may show more, by two accesses of which this is said. So it is explored, or it is
/// said that it is not.
fn is_not(name: &str, words: &str, model: impl Fn() + Send + Sync + 'static) {
    let coverage = explored(name, model);
    let race = coverage.race.as_deref().unwrap_or_default();
    assert!(race.contains(words), "{name}: {coverage}");
    assert_eq!(coverage.runs[0].extent, Extent::Exhaustive, "{name}: {coverage}");
    match (&coverage.runs[1..], &coverage.skipped[..]) {
        ([graphs], []) => {
            assert_eq!((graphs.explorer, &graphs.extent), (Explorer::Graphs, &Extent::Weak));
            assert_eq!(coverage.on_weak_memory(), None, "{name}: {coverage}");
        }
        ([], [(Explorer::Graphs, Bound::NotModelled { operation, .. })]) => {
            let said = coverage.to_string();
            let why = format!("weak memory is not explored, and may show more: {race}");
            assert!(said.contains(&why) && said.contains(operation), "{name}: {said}");
        }
        _ => panic!("{name}: {coverage}"),
    }
}

/// Runs two threads on shared state, to the end of both.
fn two<T: Send + Sync + 'static>(
    shared: impl Fn() -> T + Send + Sync + 'static,
    one: impl Fn(&T) + Send + Sync + Copy + 'static,
    other: impl Fn(&T) + Send + Sync + Copy + 'static,
) -> impl Fn() + Send + Sync + 'static {
    move || {
        let shared = Arc::new(shared());
        let [mine, theirs] = [Arc::clone(&shared), shared];
        let threads = [thread::spawn(move || one(&mine)), thread::spawn(move || other(&theirs))];
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    }
}

type Pair = [AtomicUsize; 2];

fn pair() -> Pair {
    [const { 0 }; 2].map(AtomicUsize::new)
}

#[test]
fn where_all_races_are_of_seqcst_weak_memory_adds_nothing() {
    is_robust(
        "Dekker",
        two(
            pair,
            |x: &Pair| {
                x[0].store(1, SeqCst);
                x[1].load(SeqCst);
            },
            |x: &Pair| {
                x[1].store(1, SeqCst);
                x[0].load(SeqCst);
            },
        ),
    );
    is_robust(
        "a counter under a mutex",
        two(|| Mutex::new(0), |n| *n.lock().unwrap() += 1, |n| *n.lock().unwrap() += 1),
    );
    is_robust(
        "relaxed under a mutex",
        two(
            || (Mutex::new(()), pair()),
            |(lock, x)| {
                let _held = lock.lock().unwrap();
                x[0].fetch_add(1, Relaxed);
            },
            |(lock, x)| {
                let _held = lock.lock().unwrap();
                x[0].fetch_add(1, Relaxed);
            },
        ),
    );
    is_robust(
        "relaxed, and the others only read",
        two(
            pair,
            |x: &Pair| _ = x[0].load(Relaxed) + x[1].load(SeqCst),
            |x: &Pair| _ = x[0].load(Relaxed) + x[1].fetch_add(1, SeqCst),
        ),
    );
    is_robust("relaxed before the start and after the join", || {
        let x = Arc::new(AtomicUsize::new(0));
        let theirs = Arc::clone(&x);
        x.store(1, Relaxed);
        thread::spawn(move || theirs.fetch_add(1, Relaxed)).join().unwrap();
        assert_eq!(x.load(Relaxed), 2);
    });
    is_robust(
        "a compare-exchange that fails with SeqCst",
        two(
            pair,
            |x: &Pair| _ = x[0].compare_exchange(0, 1, SeqCst, SeqCst),
            |x: &Pair| _ = x[0].compare_exchange(0, 1, SeqCst, SeqCst),
        ),
    );
    is_robust(
        "relaxed under a lock for readers and writers",
        two(
            || (RwLock::new(()), pair()),
            |(lock, x)| {
                let _held = lock.write().unwrap();
                x[0].store(1, Relaxed);
            },
            |(lock, x)| {
                let _held = lock.read().unwrap();
                x[0].load(Relaxed);
            },
        ),
    );
}

#[test]
fn where_a_weaker_access_races_weak_memory_is_explored() {
    let dekker = |stores, loads| {
        two(
            pair,
            move |x: &Pair| {
                x[0].store(1, stores);
                x[1].load(loads);
            },
            move |x: &Pair| {
                x[1].store(1, stores);
                x[0].load(loads);
            },
        )
    };
    is_not("Dekker, rel/acq", "(Release)", dekker(Release, Acquire));
    is_not("Dekker, relaxed loads", "'s load (Relaxed)", dekker(SeqCst, Relaxed));
    let fenced = |x: &Pair, mine: usize| {
        x[mine].store(1, Relaxed);
        fence(SeqCst);
        x[1 - mine].load(Relaxed);
    };
    is_not("Dekker, fenced", "(Relaxed)", two(pair, move |x| fenced(x, 0), move |x| fenced(x, 1)));
    let publish = |stores, loads| {
        two(
            pair,
            move |x: &Pair| {
                x[0].store(7, Relaxed);
                x[1].store(1, stores);
            },
            move |x: &Pair| {
                if x[1].load(loads) == 1 {
                    x[0].load(Relaxed);
                }
            },
        )
    };
    is_not("published", "store (Release)", publish(Release, Acquire));
    is_not("published, relaxed", "store (Relaxed)", publish(Relaxed, Relaxed));
    is_robust("published, SeqCst", publish(SeqCst, SeqCst));
    is_not(
        "a relaxed counter",
        "'s fetch_add (Relaxed) of",
        two(pair, |x| _ = x[0].fetch_add(1, Relaxed), |x| _ = x[0].fetch_add(1, Relaxed)),
    );
    is_not(
        "a compare-exchange that fails",
        "'s load (Relaxed)",
        two(
            pair,
            |x: &Pair| _ = x[0].compare_exchange(0, 1, SeqCst, Relaxed),
            |x: &Pair| _ = x[0].compare_exchange(0, 1, SeqCst, Relaxed),
        ),
    );
    is_not(
        "a store that another hides",
        "store (Relaxed) of",
        two(
            pair,
            |x: &Pair| {
                x[0].store(1, Relaxed);
                x[0].store(2, SeqCst);
            },
            |x: &Pair| _ = x[0].load(SeqCst),
        ),
    );
    is_not(
        "a read that another hides",
        "load (Relaxed) of",
        two(
            pair,
            |x: &Pair| _ = x[0].load(Relaxed) + x[0].load(SeqCst),
            |x: &Pair| x[0].store(1, SeqCst),
        ),
    );
}

/// Readers of a lock are unordered, whichever comes first.
#[test]
fn readers_of_a_lock_do_not_order_each_other() {
    is_not(
        "two readers",
        "(Relaxed)",
        two(
            || (RwLock::new(()), pair()),
            |(lock, x)| {
                let _held = lock.read().unwrap();
                x[0].store(1, Relaxed);
            },
            |(lock, x)| {
                let _held = lock.read().unwrap();
                x[0].load(Relaxed);
            },
        ),
    );
    struct Cell(RwLock<()>, UnsafeCell<u32>);
    // SAFETY: none; the model shows the race
    unsafe impl Sync for Cell {}
    let check = Check::new("two readers write").explorers([Explorer::Exhaustive]);
    let write = |cell: &Cell| {
        let _held = cell.0.read().unwrap();
        cell.1.with_mut(|_| ());
    };
    let verdict = check.run(two(|| Cell(RwLock::new(()), UnsafeCell::new(0)), write, write));
    let Verdict::Violated(found) = verdict else { panic!("{verdict:?}") };
    assert_eq!(found.kind, Kind::DataRace);
}

/// What gives an order to an interleaving, and none to happens-before.
#[test]
fn what_orders_nothing_is_a_race() {
    is_not(
        "a try that fails",
        "try_lock",
        two(|| Mutex::new(0), |n| *n.lock().unwrap() += 1, |n| _ = n.try_lock().is_ok()),
    );
    is_not(
        "a try to read that fails",
        "'s try_read",
        two(|| RwLock::new(0), |n| *n.write().unwrap() += 1, |n| _ = n.try_read().is_ok()),
    );
    let counted = |look: fn(&Arc<u32>)| {
        move || {
            let (mutex, one) = (Arc::new(Mutex::new(0)), Arc::new(1));
            let (theirs, other) = (Arc::clone(&mutex), Arc::clone(&one));
            let thread = thread::spawn(move || {
                *theirs.lock().unwrap() += 1;
                drop(other);
            });
            *mutex.lock().unwrap() += 1;
            look(&one);
            thread.join().unwrap();
        }
    };
    is_not("the count of an Arc", "strong_count", counted(|one| _ = Arc::strong_count(one)));
    is_robust("an Arc that is dropped", counted(|_| ()));
}

fn told(state: &(Mutex<bool>, Condvar, Pair), held: bool, race: Ordering) {
    state.2[0].store(1, race);
    let mut ready = state.0.lock().unwrap();
    *ready = true;
    if held {
        state.1.notify_one();
    } else {
        drop(ready);
        state.1.notify_one();
    }
}

fn waits(state: &(Mutex<bool>, Condvar, Pair), race: Ordering) {
    state.2[0].load(race);
    let mut ready = state.0.lock().unwrap();
    while !*ready {
        ready = state.1.wait(ready).unwrap();
    }
}

/// A waiter that looks first is notified under the lock, or after it has let go of the lock.
#[test]
fn a_condition_variable_adds_nothing_where_notifications_are_ordered() {
    let state = || (Mutex::new(false), Condvar::new(), pair());
    for held in [true, false] {
        let name = format!("condvar, held: {held}");
        is_robust(&name, two(state, move |s| told(s, held, SeqCst), |s| waits(s, SeqCst)));
    }
    is_not(
        "condvar and a relaxed race",
        "(Relaxed)",
        two(state, |s| told(s, true, Relaxed), |s| waits(s, SeqCst)),
    );
    // nobody looks under the lock whether it is time
    let blind = |s: &(Mutex<bool>, Condvar, Pair)| {
        s.1.notify_one();
        s.2[0].store(1, SeqCst);
    };
    let sleeps = |s: &(Mutex<bool>, Condvar, Pair)| {
        let ready = s.0.lock().unwrap();
        if s.2[0].load(SeqCst) == 0 {
            drop(s.1.wait_timeout(ready, std::time::Duration::from_secs(1)).unwrap());
        }
    };
    let check = Check::new("a notification that races").explorers([Explorer::Exhaustive]);
    let Verdict::Holds(coverage) = check.run(two(state, blind, sleeps)) else { panic!("it holds") };
    let race = coverage.race.expect("a race");
    assert!(race.contains("wait") && race.contains("notify_one"), "{race}");
}

/// Their orders are those of the locks that they are made of here: more than std promises.
#[test]
fn what_a_channel_orders_by_the_way_is_not_counted_on() {
    is_robust("a channel alone", || {
        let (sender, receiver) = mpsc::channel();
        let thread = thread::spawn(move || sender.send(1).unwrap());
        assert_eq!(receiver.recv(), Ok(1));
        thread.join().unwrap();
    });
    is_robust("a barrier alone", two(|| Barrier::new(2), |b| _ = b.wait(), |b| _ = b.wait()));
    is_not("an empty channel", "a channel or a Once", || {
        let x = Arc::new(AtomicBool::new(false));
        let (theirs, (sender, receiver)) = (Arc::clone(&x), mpsc::channel());
        let thread = thread::spawn(move || {
            sender.send(1).unwrap();
            theirs.load(Relaxed)
        });
        if receiver.try_recv().is_err() {
            drop(thread.join());
            return;
        }
        thread.join().unwrap();
        x.store(true, Relaxed);
    });
    is_not("a cell beside a Once", "a channel or a Once", || {
        struct Cell(Once, UnsafeCell<u32>);
        // SAFETY: written by whoever calls first
        unsafe impl Sync for Cell {}
        two(
            || Cell(Once::new(), UnsafeCell::new(0)),
            |c| {
                c.0.call_once(|| c.1.with_mut(|_| ()));
                c.1.with(|_| ());
            },
            |c| {
                c.0.call_once(|| c.1.with_mut(|_| ()));
                c.1.with(|_| ());
            },
        )();
    });
}

/// Without spurious wakeups, a token that comes late can be told from one that came before.
#[test]
fn a_park_that_cannot_end_spuriously_races_with_a_later_unpark() {
    let model = || {
        let sleeper = thread::spawn(|| {
            thread::park();
            thread::park_timeout(std::time::Duration::from_secs(1));
        });
        let [one, other] = [sleeper.thread().clone(), sleeper.thread().clone()];
        let wakers = [thread::spawn(move || one.unpark()), thread::spawn(move || other.unpark())];
        wakers.into_iter().for_each(|waker| waker.join().unwrap());
        sleeper.join().unwrap();
    };
    for spurious in [true, false] {
        let check = Check::new("parks").explorers([Explorer::Exhaustive]).spurious(spurious);
        let Verdict::Holds(coverage) = check.run(model) else { panic!("it holds") };
        assert_eq!(coverage.race.is_none(), spurious, "{coverage}");
        assert_eq!(coverage.is_weak(), spurious, "{coverage}");
    }
}

/// As long as all accesses are SeqCst, none of them is looked at. The weaker one is ordered in one
/// of the two executions that have it.
#[test]
fn a_weaker_access_that_comes_late_is_not_missed() {
    for late in [0, 1] {
        is_not(
            "a load, in some executions",
            "'s load (Acquire)",
            two(
                pair,
                |x: &Pair| {
                    x[0].store(1, SeqCst);
                    x[1].store(1, SeqCst);
                },
                move |x: &Pair| {
                    if x[0].load(SeqCst) == late {
                        x[1].load(Acquire);
                    }
                },
            ),
        );
        is_not(
            "a store, in some executions",
            "'s store (Release)",
            two(
                pair,
                |x: &Pair| {
                    x[0].store(1, SeqCst);
                    x[1].load(SeqCst);
                },
                move |x: &Pair| {
                    if x[0].load(SeqCst) == late {
                        x[1].store(1, Release);
                    }
                },
            ),
        );
    }
}

/// Neither a search that ends early nor one that leaves something out knows that all is well.
#[test]
fn only_a_search_without_a_bound_says_that_weak_memory_adds_nothing() {
    let dekker = two(
        pair,
        |x: &Pair| _ = (x[0].store(1, SeqCst), x[1].load(SeqCst)),
        |x: &Pair| _ = (x[1].store(1, SeqCst), x[0].load(SeqCst)),
    );
    let check = Check::new("cut").explorers([Explorer::Exhaustive, Explorer::Graphs]);
    let Verdict::Holds(cut) = check.budget(selvedge::Budget::executions(2)).run(dekker) else {
        panic!("it holds")
    };
    assert!(!cut.is_weak() && cut.race.is_none() && cut.runs.len() == 2, "{cut}");
    let asks = || {
        let thread = thread::spawn(|| ());
        _ = thread.is_finished();
        thread.join().unwrap();
    };
    let check = Check::new("asks").explorers([Explorer::Exhaustive]).alone(true);
    let verdict = check.run(move || two(|| Mutex::new(0), |n| *n.lock().unwrap() += 1, |_| ())());
    assert!(matches!(&verdict, Verdict::Unknown(_)), "{verdict:?}");
    let verdict = Check::new("asks").explorers([Explorer::Exhaustive]).run(move || {
        two(|| Mutex::new(0), |n| *n.lock().unwrap() += 1, |n| *n.lock().unwrap() += 1)();
        asks();
    });
    let Verdict::Holds(asked) = verdict else { panic!("{verdict:?}") };
    assert_eq!(asked.runs[0].extent, Extent::Bounded(Bound::Ends));
}

/// Most accesses are SeqCst, or all of them.
fn strengthened(rng: &mut fastrand::Rng, program: Program) -> Program {
    let rarely = [1.0, 0.9, 0.4][rng.usize(..3)];
    let mut order = |order| if rng.f64() < rarely { SeqCst } else { order };
    let mut strong = |op| match op {
        Op::Load(x, o) => Op::Load(x, order(o)),
        Op::Store(x, value, o) => Op::Store(x, value, order(o)),
        Op::Pass(x, more, o) => Op::Pass(x, more, order(o)),
        Op::Add(x, by, o) => Op::Add(x, by, order(o)),
        Op::Swap(x, new, o) => Op::Swap(x, new, order(o)),
        Op::Exchange(x, old, new, o, f) => Op::Exchange(x, old, new, order(o), order(f)),
        Op::Weak(x, old, new, o, f) => Op::Weak(x, old, new, order(o), order(f)),
        other => other,
    };
    let threads = program.threads.into_iter();
    let threads = threads.map(|ops| ops.into_iter().map(&mut strong).collect()).collect();
    Program { threads, ..program }
}

/// Explores random programs of these kinds. Where weak memory is said to add nothing, it reads the
/// same. Returns how many are so, how many are not, and how many of those read more.
fn compare(kinds: &[Programs], programs: u64) -> (u64, u64, u64) {
    let soak = std::env::var("SOAK").is_ok_and(|soak| soak == "1");
    let (mut robust, mut racy, mut more) = (0, 0, 0);
    for seed in 0..if soak { 20 * programs } else { programs } {
        let mut rng = fastrand::Rng::with_seed(seed);
        let program = random(&mut rng, kinds[seed as usize % kinds.len()], 7);
        let program = strengthened(&mut rng, program);
        let Verdict::Holds(coverage) = program::verdict(Explorer::Exhaustive, &program) else {
            continue; // a deadlock, or its threads do not meet
        };
        let strong = program::explored(Explorer::Exhaustive, &program).1;
        let weak = program::explored(Explorer::Graphs, &program).1;
        let is_same = strong.keys().eq(weak.keys());
        if coverage.is_weak() {
            robust += 1;
            assert!(is_same, "seed {seed}: {program:?}\n{strong:?}\n{weak:?}");
        } else {
            racy += 1;
            more += u64::from(!is_same);
            assert!(coverage.race.is_some(), "seed {seed}: {program:?}: {coverage}");
        }
    }
    (robust, racy, more)
}

#[test]
fn random_programs_that_are_said_to_be_robust_read_the_same_in_weak_memory() {
    let kinds = [Programs::Atomics, Programs::SeqCst, Programs::SeqCst, Programs::Locks];
    let (robust, racy, more) = compare(&kinds, 1_500);
    assert!(
        robust > 500 && racy > 300 && more > 12,
        "{robust} robust, {racy} racy, {more} read more"
    );
}

#[test]
fn random_programs_of_objects_that_are_said_to_be_robust_read_the_same_in_weak_memory() {
    let kinds = [Programs::Condvars, Programs::Parks, Programs::Shared, Programs::Barriers];
    let (robust, racy, more) = compare(&kinds, 400);
    assert!(robust > 50 && racy > 10, "{robust} robust, {racy} racy, {more} read more");
}
