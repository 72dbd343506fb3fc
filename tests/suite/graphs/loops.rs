//! Loops that wait for other threads.

use super::compared::compare;
use super::program::{Op, Program, explored};
use super::random::Kind as Programs;
use super::{allowed, check, executions, soaked, spawn_all, violated};
use selvedge::cell::UnsafeCell;
use selvedge::hint;
use selvedge::sync::Arc;
use selvedge::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, fence};
use selvedge::{Bound, Explorer, Extent, Kind, Verdict, thread};
use std::ptr;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{self, AcqRel, Acquire, Relaxed, Release, SeqCst};

/// A counter that a lock of the model's protects: an unordered access is a race.
struct Counter(UnsafeCell<usize>);

// SAFETY: the accesses are checked
#[allow(unsafe_code)]
unsafe impl Sync for Counter {}

impl Counter {
    fn new() -> Counter {
        Counter(UnsafeCell::new(0))
    }

    fn add(&self) {
        #[allow(unsafe_code)]
        // SAFETY: a race is reported before it happens
        self.0.with_mut(|count| unsafe { *count += 1 });
    }
}

fn ticket_lock(threads: usize, order: std::sync::atomic::Ordering) -> impl Fn() + Send + Sync {
    move || {
        let shared = Arc::new((AtomicUsize::new(0), AtomicUsize::new(0), Counter::new()));
        spawn_all(threads, move |_| {
            let (next, serving, count) = &*shared;
            let mine = next.fetch_add(1, Relaxed);
            while serving.load(order) != mine {
                hint::spin_loop();
            }
            count.add();
            serving.store(mine + 1, Release);
        });
    }
}

#[test]
fn a_ticket_lock_has_one_execution_for_each_order_of_its_threads() {
    for (threads, orders) in [(2, 2), (3, 6), (4, 24), (5, 120)] {
        assert_eq!(executions("ticket lock", ticket_lock(threads, Acquire)), orders);
    }
    assert_eq!(executions("SeqCst", ticket_lock(3, SeqCst)), 6);
    assert_eq!(violated("relaxed", ticket_lock(2, Relaxed)).kind, Kind::DataRace);
}

/// How a thread takes a spin lock.
#[derive(Clone, Copy)]
struct Spin {
    looks: bool,
    weak: bool,
    success: Ordering,
}

fn spin_lock(threads: usize, spin: Spin) -> impl Fn() + Send + Sync {
    let Spin { looks, weak, success } = spin;
    let takes = move |lock: &AtomicBool| match weak {
        true => lock.compare_exchange_weak(false, true, success, Relaxed).is_ok(),
        false => lock.compare_exchange(false, true, success, Relaxed).is_ok(),
    };
    move || {
        let shared = Arc::new((AtomicBool::new(false), Counter::new()));
        spawn_all(threads, move |_| {
            let (lock, count) = &*shared;
            loop {
                while looks && lock.load(Relaxed) {
                    thread::yield_now();
                }
                if takes(lock) {
                    break;
                }
                thread::yield_now();
            }
            count.add();
            lock.store(false, Release);
        });
    }
}

/// How many executions a model has, and how many more were begun: to learn, or in vain.
fn begun(name: &str, model: impl Fn() + Send + Sync + 'static) -> (u64, u64) {
    let begun = std::sync::Arc::new(AtomicU64::new(0));
    let count = std::sync::Arc::clone(&begun);
    let model = move || {
        count.fetch_add(1, Relaxed);
        model();
    };
    match check(name).again_never().run(model) {
        Verdict::Holds(coverage) if coverage.runs[0].extent == Extent::Weak => {
            let executions = coverage.executions();
            (executions, begun.load(Relaxed) - executions)
        }
        other => panic!("{name}: {other:?}"),
    }
}

/// A failure for no reason is a round like any other. The lock's loop is learned in a few
/// executions, and then none is in vain.
#[test]
fn a_spin_lock_has_one_execution_for_each_order_of_its_threads() {
    for (threads, orders) in [(2, 2), (3, 6), (4, 24), (5, 120)] {
        for (weak, success) in [(false, Acquire), (true, Acquire), (false, SeqCst)] {
            let spin = Spin { looks: false, weak, success };
            let (executions, learning) = begun("spin lock", spin_lock(threads, spin));
            assert_eq!(executions, orders);
            assert!(learning <= 4 + 4 * threads as u64, "{learning} for {threads}");
        }
    }
    let spin = Spin { looks: false, weak: false, success: Relaxed };
    assert_eq!(violated("relaxed", spin_lock(2, spin)).kind, Kind::DataRace);
}

#[test]
fn a_spin_lock_that_looks_first_sees_it_free_since_any_of_the_earlier_threads() {
    for (threads, orders) in [(2, 2), (3, 6), (4, 24)] {
        for weak in [false, true] {
            let spin = Spin { looks: true, weak, success: Acquire };
            let (executions, learning) = begun("looks first", spin_lock(threads, spin));
            assert_eq!(executions, orders * orders);
            assert!(learning <= 4 + 8 * threads as u64, "{learning} for {threads}");
        }
    }
}

/// What is stored without an order is spun on as on any other atomic: some executions are in vain,
/// but few because of failures for no reason.
#[test]
fn a_failure_for_no_reason_is_cut_where_the_stores_have_no_order() {
    let model = |weak: bool| {
        move || {
            let flag = Arc::new(AtomicUsize::new(0));
            spawn_all(4, move |thread| {
                let exchanges = || match weak {
                    true => flag.compare_exchange_weak(1, 2, Acquire, Relaxed),
                    false => flag.compare_exchange(1, 2, Acquire, Relaxed),
                };
                if thread > 0 {
                    return flag.store(1, Release);
                }
                while exchanges().is_err() {
                    hint::spin_loop();
                }
            });
        }
    };
    let (strong, weak) = (begun("strong", model(false)), begun("weak", model(true)));
    assert_eq!(strong.0, weak.0);
    assert!(weak.1 < 2 * strong.1, "{strong:?} {weak:?}");
}

/// Who waits for a lock that is never released might have had it before.
#[test]
fn each_thread_that_spins_in_vain_might_have_been_the_first() {
    let model = || {
        let lock = Arc::new(AtomicBool::new(false));
        spawn_all(3, move |_| {
            while lock.compare_exchange(false, true, Acquire, Relaxed).is_err() {
                hint::spin_loop();
            }
        });
    };
    let counts = check("never released").leaks(false).again_never().count(model);
    let counts = counts.expect("all of it is modelled");
    assert_eq!((counts.executions, counts.violations.get(&Kind::Livelock)), (3, Some(&3)));
}

/// A loop of a compare-exchange that also ends where it fails.
#[test]
fn a_spin_lock_may_be_closed() {
    let model = |swaps: bool| {
        move || {
            let lock = Arc::new(AtomicUsize::new(1));
            let theirs = Arc::clone(&lock);
            let closer = thread::spawn(move || {
                for value in [0, 2] {
                    match swaps {
                        true => _ = theirs.swap(value, Release),
                        false => theirs.store(value, Release),
                    }
                }
            });
            let taken = loop {
                match lock.compare_exchange(0, 1, Acquire, Relaxed) {
                    Ok(_) => break true,
                    Err(2) => break false,
                    Err(_) => hint::spin_loop(),
                }
            };
            closer.join().unwrap();
            assert_eq!(lock.load(Relaxed), 2);
            selvedge::sometimes!(taken, "taken");
            selvedge::sometimes!(!taken, "closed");
        }
    };
    for swaps in [false, true] {
        assert_eq!(executions("closed", model(swaps)), 2);
    }
}

/// A failure for no reason is not repeated by a success: what that would do is no execution.
#[test]
fn a_failure_for_no_reason_is_not_repeated_by_a_success() {
    let model = || {
        let shared = Arc::new((AtomicBool::new(false), Counter::new()));
        let theirs = Arc::clone(&shared);
        let other = thread::spawn(move || {
            for _ in 0..2 {
                if theirs.0.compare_exchange_weak(false, true, Acquire, Relaxed).is_ok() {
                    return theirs.1.add();
                }
                thread::yield_now();
            }
        });
        if !shared.0.swap(true, Acquire) {
            shared.1.add();
        }
        other.join().unwrap();
    };
    assert!(executions("whoever is first", model) > 3);
}

/// What ends the loop hangs on plain data. The thread has read the same values either way.
#[test]
fn what_ends_a_loop_may_hang_on_what_a_lock_protects() {
    let model = || {
        let shared = Arc::new((selvedge::sync::RwLock::new(1), AtomicUsize::new(0)));
        let theirs = Arc::clone(&shared);
        let setter = thread::spawn(move || {
            *theirs.0.write().unwrap() = 2;
            theirs.1.store(1, Relaxed);
            theirs.1.store(2, Relaxed);
        });
        let wanted = *shared.0.read().unwrap();
        while shared.1.load(Relaxed) != wanted {
            thread::yield_now();
        }
        setter.join().unwrap();
    };
    // it locks before the setter and waits for 1, or after it and waits for 2
    assert_eq!(executions("limit", model), 2);
}

#[test]
fn a_flag_is_waited_for_in_one_execution() {
    let waits = |wanted: usize, order| {
        move || {
            let shared = Arc::new((AtomicUsize::new(0), Counter::new()));
            let theirs = Arc::clone(&shared);
            let setter = thread::spawn(move || {
                theirs.1.add();
                theirs.0.store(1, order);
                theirs.0.store(2, order);
            });
            while shared.0.load(Acquire) < wanted {
                hint::spin_loop();
            }
            shared.1.add();
            setter.join().unwrap();
        }
    };
    assert_eq!(executions("either", waits(1, Release)), 2);
    assert_eq!(executions("the last", waits(2, Release)), 1);
    assert_eq!(violated("relaxed", waits(2, Relaxed)).kind, Kind::DataRace);
}

/// What a loop waits for may hang on data that other atomics publish.
#[test]
fn what_ends_a_loop_is_learned_for_all_that_the_thread_knows() {
    let model = || {
        let shared = Arc::new((AtomicUsize::new(0), Counter::new(), AtomicUsize::new(0)));
        let theirs = Arc::clone(&shared);
        let setter = thread::spawn(move || {
            let (flag, limit, value) = &*theirs;
            limit.add();
            flag.store(1, Release);
            value.store(1, Relaxed);
            value.store(2, Relaxed);
        });
        let (flag, limit, value) = &*shared;
        let knows = flag.load(Acquire) == 1;
        #[allow(unsafe_code)]
        // SAFETY: the store to the flag publishes it
        let limit = if knows { limit.0.with(|limit| unsafe { *limit }) } else { 0 };
        while value.load(Relaxed) < limit + 1 {
            hint::spin_loop();
        }
        setter.join().unwrap();
    };
    // it does not know the limit: 1 or 2 ends the loop, and so it does if it knows: only 2
    assert_eq!(executions("published limit", model), 2 + 1);
}

#[test]
fn a_loop_that_ends_by_itself_is_not_cut() {
    let tries = |rounds: usize| {
        move || {
            let flag = Arc::new(AtomicBool::new(false));
            let theirs = Arc::clone(&flag);
            let setter = thread::spawn(move || theirs.store(true, Release));
            for _ in 0..rounds {
                if flag.load(Acquire) {
                    break;
                }
                hint::spin_loop();
            }
            setter.join().unwrap();
        }
    };
    for rounds in [1, 2, 3, 100] {
        // it sees the flag in any of its rounds, or in none
        assert_eq!(executions("a bounded loop", tries(rounds)), rounds as u64 + 1);
    }
}

#[test]
fn a_loop_of_two_loads_waits_for_either() {
    let model = |first: bool| {
        move || {
            let flags = Arc::new([AtomicBool::new(false), AtomicBool::new(false)]);
            let theirs = Arc::clone(&flags);
            let setter = thread::spawn(move || theirs[usize::from(!first)].store(true, Release));
            while !flags[0].load(Acquire) && !flags[1].load(Acquire) {
                hint::spin_loop();
            }
            setter.join().unwrap();
        }
    };
    assert_eq!((executions("first", model(true)), executions("second", model(false))), (1, 1));
}

#[test]
fn a_loop_that_nobody_ends_is_a_livelock() {
    let model = |order| {
        move || {
            let flag = Arc::new(AtomicBool::new(false));
            let theirs = Arc::clone(&flag);
            let waiter = thread::spawn(move || {
                while !theirs.load(order) {
                    thread::yield_now();
                }
            });
            flag.store(false, SeqCst);
            waiter.join().unwrap();
        }
    };
    for order in [Relaxed, SeqCst] {
        let found = violated("nobody", model(order));
        assert_eq!(found.kind, Kind::Livelock);
        assert_eq!(found.message, "thread 1 waits in a loop, and no other thread can run");
        assert!(found.location.is_some_and(|place| place.contains("loops.rs")));
        assert!(found.trace.events.len() < 12, "drawn round and round: {:?}", found.trace);
    }
}

/// A thread that waits in a loop for what a blocked thread would do.
#[test]
fn a_loop_that_waits_for_a_blocked_thread_is_a_livelock() {
    let found = violated("blocked", || {
        let shared = Arc::new((selvedge::sync::Mutex::new(()), AtomicBool::new(false)));
        let theirs = Arc::clone(&shared);
        let guard = shared.0.lock().unwrap();
        let setter = thread::spawn(move || {
            drop(theirs.0.lock().unwrap());
            theirs.1.store(true, Release);
        });
        while !shared.1.load(Acquire) {
            thread::yield_now();
        }
        drop(guard);
        setter.join().unwrap();
    });
    assert_eq!(found.kind, Kind::Livelock);
}

/// A seqlock, whose reader tries again while the writer is at work.
#[test]
fn a_seqlock_needs_its_fences() {
    let seqlock = |fenced: bool| {
        move || {
            let shared = Arc::new((AtomicUsize::new(0), [const { 0 }; 2].map(AtomicUsize::new)));
            let theirs = Arc::clone(&shared);
            let writer = thread::spawn(move || {
                let (version, data) = &*theirs;
                version.store(1, Relaxed);
                if fenced {
                    fence(Release);
                }
                data.iter().for_each(|half| half.store(1, Relaxed));
                version.store(2, Release);
            });
            let (version, data) = &*shared;
            let read = loop {
                let before = version.load(Acquire);
                if before % 2 == 0 {
                    let read = [0, 1].map(|half| data[half].load(Relaxed));
                    if fenced {
                        fence(Acquire);
                    }
                    if version.load(Relaxed) == before {
                        break read;
                    }
                }
                hint::spin_loop();
            };
            assert_eq!(read[0], read[1], "torn");
            writer.join().unwrap();
        }
    };
    assert!(executions("fenced", seqlock(true)) > 1);
    assert_eq!(violated("without fences", seqlock(false)).kind, Kind::Panic);
}

/// A loop that adds in each round, to an atomic or to plain data, has no end here: that is said.
#[test]
fn a_loop_with_effects_leaves_the_verdict_open() {
    let model = |plain: bool| {
        move || {
            let shared = Arc::new((AtomicBool::new(false), AtomicUsize::new(0)));
            let theirs = Arc::clone(&shared);
            let setter = thread::spawn(move || theirs.0.store(true, Release));
            let rounds = Counter::new();
            while !shared.0.load(Acquire) {
                match plain {
                    true => rounds.add(),
                    false => _ = shared.1.fetch_add(1, AcqRel),
                }
                thread::yield_now();
            }
            setter.join().unwrap();
        }
    };
    for plain in [false, true] {
        // more events than the thread repeats operations: not the repetition must end it
        let verdict = check("effects").max_events(5_000).run(model(plain));
        let open = matches!(verdict, Verdict::Unknown(Bound::NotModelled { engine: "graphs", .. }));
        assert!(open, "{verdict:?}");
    }
}

#[test]
fn random_programs_that_wait_have_the_executions_that_rc11_allows() {
    compare(Explorer::Graphs, Programs::Awaits, 7, soaked(400, 50_000));
}

#[test]
fn random_programs_that_wait_with_seqcst_have_the_executions_that_rc11_allows() {
    compare(Explorer::Graphs, Programs::StrongAwaits, 7, soaked(400, 50_000));
}

#[test]
fn random_programs_that_spin_have_the_executions_that_rc11_allows() {
    compare(Explorer::Graphs, Programs::Spins, 7, soaked(400, 10_000));
}

#[test]
fn random_programs_that_read_twice_in_a_round_have_the_executions_that_rc11_allows() {
    compare(Explorer::Graphs, Programs::Rounds, 7, soaked(400, 10_000));
}

/// Programs on which the search was wrong once. A value that does not end the loop was read all the
/// same, or a load behind a fence was taken for one that waits, or the other way round.
#[test]
fn programs_that_wait_and_were_wrong_once_are_right() {
    let spin = |old, new| Op::Spin(0, old, new, Relaxed, Relaxed);
    let release = |value| Op::Store(0, value, Relaxed);
    let programs: [&[&[Op]]; 12] = [
        &[
            &[spin(0, 1), release(0)],
            &[spin(0, 2), release(0)],
            &[spin(0, 2), release(5), release(0)],
        ],
        &[
            &[spin(0, 1), release(0)],
            &[spin(0, 2), release(5), release(0)],
            &[spin(0, 2), release(0)],
        ],
        // what comes between two stores that know each other was taken for one of a chain
        &[&[release(1), release(0)], &[spin(0, 2)], &[spin(0, 3)]],
        // a failure for no reason was taken for one that another thread caused
        &[
            &[Op::SpinWeak(0, 0, 2, AcqRel, Relaxed), Op::Store(0, 0, Release)],
            &[spin(0, 0), Op::Load(1, Relaxed)],
        ],
        // who had been pushed out was not asked again what it waits for
        &[&[spin(0, 2)], &[spin(0, 1), spin(1, 2), Op::Store(0, 0, Relaxed)]],
        &[
            &[spin(0, 2)],
            &[
                Op::Exchange(0, 0, 1, Relaxed, Relaxed),
                Op::Store(0, 2, Relaxed),
                Op::Store(0, 0, Relaxed),
            ],
        ],
        &[&[Op::Store(0, 2, Release)], &[Op::Await(0, 2, Acquire)], &[Op::Add(0, 1, Release); 2]],
        &[
            &[Op::Store(0, 2, Relaxed), Op::Await(0, 2, Relaxed)],
            &[Op::Add(0, 1, Acquire), Op::Store(0, 2, Release)],
        ],
        &[
            &[Op::Swap(0, 2, Acquire), Op::Await(0, 2, Acquire)],
            &[Op::Await(0, 1, Relaxed), Op::Swap(0, 2, Release)],
            &[Op::Swap(0, 1, Relaxed)],
        ],
        &[
            &[Op::Await(0, 2, Acquire)],
            &[Op::Fence(SeqCst), Op::Add(0, 2, SeqCst), Op::Add(0, 1, Acquire)],
        ],
        &[
            &[Op::Fence(SeqCst), Op::Store(0, 1, Relaxed)],
            &[Op::Swap(0, 2, Acquire)],
            &[Op::Await(0, 0, Acquire)],
        ],
        &[
            &[Op::Load(0, Relaxed), Op::Await(1, 0, Acquire), Op::Await(0, 1, SeqCst)],
            &[Op::Store(1, 1, SeqCst), Op::Store(0, 1, SeqCst)],
        ],
    ];
    for threads in programs {
        let threads = threads.iter().map(|ops| ops.to_vec()).collect();
        let program = Program { locations: 2, threads, spurious: true };
        let allowed = allowed(&program, 100_000).expect("it is small");
        assert_eq!(explored(Explorer::Graphs, &program), allowed, "{program:?}");
    }
}

/// The oracle tells a wait that reads anything from one that reads what it waits for.
#[test]
fn an_explorer_that_does_not_wait_is_not_taken_for_this_one() {
    let threads = |waits: bool| {
        let reads = if waits { Op::Await(0, 2, Relaxed) } else { Op::Load(0, Relaxed) };
        vec![vec![Op::Store(0, 1, Relaxed), Op::Store(0, 2, Relaxed)], vec![reads]]
    };
    let program = |waits| Program { locations: 1, threads: threads(waits), spurious: false };
    let allowed = |waits| allowed(&program(waits), 1_000).expect("it is small");
    assert_eq!((allowed(true).0, allowed(false).0), (1, 3));
    assert_eq!(explored(Explorer::Graphs, &program(true)), allowed(true));
}

/// Addresses are those of one execution: who waits for one does not wait as for a lock.
#[test]
fn a_spin_lock_may_be_free_as_long_as_it_holds_an_address() {
    let model = || {
        let free: *mut i32 = Box::leak(Box::new(7)); // another one in each execution
        let lock = Arc::new(AtomicPtr::new(free));
        let counted = Arc::new(Counter::new());
        let (theirs, counts, place) =
            (Arc::clone(&lock), Arc::clone(&counted), free.expose_provenance());
        spawn_all(3, move |thread| {
            let free = ptr::with_exposed_provenance_mut(place);
            let held = ptr::with_exposed_provenance_mut(place + 1 + thread);
            while theirs.compare_exchange(free, held, Acquire, Relaxed).is_err() {
                hint::spin_loop();
            }
            counts.add();
            theirs.store(free, Release);
        });
        assert_eq!(lock.load(Relaxed), free);
    };
    assert!(executions("addresses", model) >= 6);
}
