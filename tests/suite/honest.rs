//! Verdicts say no more than was seen: what nothing was explored of, what hangs on chance, and what
//! hangs on state that no explorer sees.

use selvedge::cell::UnsafeCell;
use selvedge::sync::atomic::{AtomicU32, Ordering::SeqCst};
use selvedge::sync::{Arc, Barrier, Condvar, LazyLock, Mutex, Once, RwLock, mpsc};
use selvedge::{Bound, Budget, Check, Config, Explorer, Extent, Kind, Verdict, hint, thread};
use std::sync::atomic::{AtomicU32 as Unseen, Ordering::Relaxed};

const LOOM: Explorer = Explorer::Loom { preemption_bound: None };
const ENGINES: [Explorer; 4] =
    [Explorer::Exhaustive, Explorer::Dfs, LOOM, Explorer::Random { seed: 7 }];
const ALL: [Explorer; 5] =
    [Explorer::Exhaustive, Explorer::Dfs, LOOM, Explorer::Random { seed: 7 }, Explorer::Threads];

fn run(explorer: Explorer, model: fn()) -> Verdict {
    let check = Check::new("honest")
        .explorers([explorer])
        .budget(Budget::executions(200))
        .config(Config::default());
    check.run(model)
}

/// Starts a thread that does the one, does the other, and joins.
fn both(one: impl FnOnce() + Send + 'static, other: impl FnOnce()) {
    let thread = thread::spawn(one);
    other();
    thread.join().unwrap();
}

/// A lost update, on std's atomic: one import was forgotten.
fn forgotten_import() {
    let balance = Arc::new(Unseen::new(0));
    let theirs = Arc::clone(&balance);
    both(
        move || theirs.store(theirs.load(SeqCst) + 1, SeqCst),
        || balance.store(balance.load(SeqCst) + 1, SeqCst),
    );
    assert_eq!(balance.load(SeqCst), 2);
}

fn own_objects() {
    let own = || {
        let (count, mutex) = (AtomicU32::new(0), Mutex::new(0));
        count.fetch_add(1, SeqCst);
        *mutex.lock().unwrap() += 1;
    };
    both(own, own);
}

#[test]
fn where_no_threads_meet_nothing_was_explored() {
    let unmet: [fn(); 3] = [|| {}, forgotten_import, own_objects];
    for explorer in ALL {
        for (at, model) in unmet.into_iter().enumerate() {
            let verdict = run(explorer, model);
            assert!(
                matches!(verdict, Verdict::Unknown(Bound::NothingExplored)),
                "{explorer}, {at}: {verdict:?}"
            );
        }
    }
    let words = Bound::NothingExplored.to_string();
    assert!(words.contains("selvedge::sync") && words.contains("Check::alone(true)"), "{words}");
}

#[test]
fn who_only_looks_does_not_meet() {
    let unmet: [fn(); 4] = [
        || {
            let lock = Arc::new(RwLock::new(0));
            let theirs = Arc::clone(&lock);
            both(move || drop(theirs.read()), || drop(lock.read()));
        },
        || {
            let count = Arc::new(AtomicU32::new(0));
            let theirs = Arc::clone(&count);
            both(move || assert_eq!(theirs.load(SeqCst), 0), || assert_eq!(count.load(SeqCst), 0));
        },
        || {
            struct Shared(UnsafeCell<u32>);
            // SAFETY: nobody writes it while there are two threads
            unsafe impl Sync for Shared {}
            let cell = Arc::new(Shared(UnsafeCell::new(0)));
            let theirs = Arc::clone(&cell);
            both(move || theirs.0.with(|_| ()), || cell.0.with(|_| ()));
        },
        || {
            both(thread::yield_now, || {
                selvedge::sync::atomic::fence(SeqCst);
                hint::spin_loop();
            });
        },
    ];
    for explorer in ENGINES {
        for (at, model) in unmet.into_iter().enumerate() {
            let verdict = run(explorer, model);
            assert!(
                matches!(verdict, Verdict::Unknown(Bound::NothingExplored)),
                "{explorer}, {at}: {verdict:?}"
            );
        }
    }
}

static LAZY: LazyLock<u32> = LazyLock::new(|| 5);

#[test]
fn whatever_orders_two_threads_is_a_meeting() {
    let met: [(&str, fn()); 9] = [
        ("mutex", || {
            let lock = Arc::new(Mutex::new(0));
            let theirs = Arc::clone(&lock);
            both(move || *theirs.lock().unwrap() += 1, || *lock.lock().unwrap() += 1);
        }),
        ("rwlock", || {
            let lock = Arc::new(RwLock::new(0));
            let theirs = Arc::clone(&lock);
            both(move || *theirs.write().unwrap() += 1, || drop(lock.read()));
        }),
        ("atomic", || {
            let count = Arc::new(AtomicU32::new(0));
            let theirs = Arc::clone(&count);
            both(move || theirs.store(1, SeqCst), || _ = count.load(SeqCst));
        }),
        ("unpark", || {
            let main = thread::current();
            both(move || main.unpark(), thread::park);
        }),
        ("channel", || {
            let (sender, receiver) = mpsc::channel();
            both(move || sender.send(1).unwrap(), || assert_eq!(receiver.recv(), Ok(1)));
        }),
        ("barrier", || {
            let barrier = Arc::new(Barrier::new(2));
            let theirs = Arc::clone(&barrier);
            both(move || _ = theirs.wait(), || _ = barrier.wait());
        }),
        ("once", || {
            let once = Arc::new(Once::new());
            let theirs = Arc::clone(&once);
            both(move || theirs.call_once(|| {}), || once.call_once(|| {}));
        }),
        ("condvar", || {
            let pair = Arc::new((Mutex::new(false), Condvar::new()));
            let theirs = Arc::clone(&pair);
            let tell = move || {
                *theirs.0.lock().unwrap() = true;
                theirs.1.notify_one();
            };
            both(tell, || drop(pair.1.wait_while(pair.0.lock().unwrap(), |ready| !*ready)));
        }),
        ("lazy", || both(|| assert_eq!(*LAZY, 5), || assert_eq!(*LAZY, 5))),
    ];
    for explorer in ENGINES {
        for (name, model) in met {
            let verdict = run(explorer, model);
            assert!(matches!(verdict, Verdict::Holds(_)), "{explorer}, {name}: {verdict:?}");
        }
    }
    for (name, model) in &met[..8] {
        // a lazy static of real threads is std's own
        let verdict = run(Explorer::Threads, *model);
        assert!(matches!(verdict, Verdict::Holds(_)), "{name}: {verdict:?}");
    }
}

/// Threads meet only where a weak compare-exchange failed for no reason, which it does not do in
/// the first execution.
fn meets_later(loses: bool) {
    let count = Arc::new(AtomicU32::new(0));
    if count.compare_exchange_weak(0, 0, SeqCst, SeqCst).is_err() {
        let theirs = Arc::clone(&count);
        both(
            move || match loses {
                true => theirs.store(theirs.load(SeqCst) + 1, SeqCst),
                false => _ = theirs.fetch_add(1, SeqCst),
            },
            || match loses {
                true => count.store(count.load(SeqCst) + 1, SeqCst),
                false => _ = count.fetch_add(1, SeqCst),
            },
        );
        assert_eq!(count.load(SeqCst), 2);
    }
}

#[test]
fn a_choice_that_is_left_is_explored_though_the_first_execution_was_alone() {
    let kind = |verdict| match verdict {
        Verdict::Violated(found) => Some(found.kind),
        other => panic!("{other:?}"),
    };
    for explorer in [Explorer::Exhaustive, Explorer::Dfs, Explorer::Random { seed: 1 }] {
        assert_eq!(kind(run(explorer, || meets_later(true))), Some(Kind::Panic), "{explorer}");
        let verdict = run(explorer, || meets_later(false));
        assert!(matches!(verdict, Verdict::Holds(_)), "{explorer}: {verdict:?}");
    }
    let both = [Explorer::Exhaustive, LOOM];
    let check = || Check::new("meets later").explorers(both).config(Config::default());
    assert_eq!(kind(check().run(|| meets_later(true))), Some(Kind::Panic));
    // loom, which has no such failure, comes by no meeting: the others do
    let Verdict::Holds(coverage) = check().run(|| meets_later(false)) else { panic!("it holds") };
    assert!(
        coverage.is_exhaustive() && coverage.skipped.contains(&(LOOM, Bound::NothingExplored)),
        "{coverage}"
    );
}

#[test]
fn a_model_that_is_meant_to_run_on_one_thread_says_so() {
    let alone =
        |explorer, model: fn()| Check::new("alone").explorers([explorer]).alone(true).run(model);
    for explorer in ALL {
        let budget = Budget::executions(100);
        let lock = || Check::new("alone").explorers([explorer]).budget(budget);
        let verdict = lock().alone(true).run(|| drop(Mutex::new(1).lock()));
        let Verdict::Holds(coverage) = verdict else { panic!("{explorer}: {verdict:?}") };
        assert_eq!(
            coverage.executions(),
            if explorer == Explorer::Threads { 100 } else { 1 },
            "{explorer}"
        );
        let verdict = lock().run(|| drop(Mutex::new(1).lock()));
        assert!(
            matches!(verdict, Verdict::Unknown(Bound::NothingExplored)),
            "{explorer}: {verdict:?}"
        );
        // threads that were to meet, and nothing at all, are no models of one thread
        for model in [forgotten_import as fn(), || {}] {
            let verdict = lock().alone(true).run(model);
            assert!(
                matches!(verdict, Verdict::Unknown(Bound::NothingExplored)),
                "{explorer}: {verdict:?}"
            );
        }
    }
    let fails = || assert!(AtomicU32::new(0).compare_exchange_weak(0, 1, SeqCst, SeqCst).is_ok());
    assert!(
        matches!(alone(Explorer::Exhaustive, fails), Verdict::Violated(_)),
        "what one thread can choose is explored"
    );
}

#[test]
fn a_panic_on_a_real_thread_that_nobody_joins_is_a_violation() {
    let detached = run(Explorer::Threads, || drop(thread::spawn(|| panic!("nobody hears this"))));
    let Verdict::Violated(found) = detached else { panic!("{detached:?}") };
    assert!(
        found.kind == Kind::Panic && found.message.contains("nobody hears this"),
        "{}",
        found.message
    );
    let joined = run(Explorer::Threads, || {
        let count = Arc::new(AtomicU32::new(0));
        let theirs = Arc::clone(&count);
        let thread = thread::spawn(move || {
            theirs.store(1, SeqCst);
            std::panic::resume_unwind(Box::new("its joiner hears this"));
        });
        assert!(thread.join().is_err() && count.load(SeqCst) == 1);
    });
    assert!(matches!(joined, Verdict::Holds(_)), "{joined:?}");
}

/// The third operation is done in every second execution only.
fn by_turns(executions: &Unseen, fails: bool) {
    let odd = executions.fetch_add(1, Relaxed) % 2 == 1;
    let count = Arc::new(AtomicU32::new(0));
    let theirs = Arc::clone(&count);
    both(move || _ = theirs.fetch_add(1, SeqCst), || _ = count.fetch_add(1, SeqCst));
    assert!(!(fails && odd), "by chance");
    if odd {
        count.store(7, SeqCst);
    }
}

#[test]
fn a_model_that_does_something_else_by_the_same_schedule_is_not_deterministic() {
    for explorer in ENGINES {
        static EXECUTIONS: Unseen = Unseen::new(0);
        let verdict = run(explorer, || by_turns(&EXECUTIONS, false));
        let Verdict::Unknown(Bound::NotDeterministic(why)) = verdict else {
            panic!("{explorer}: {verdict:?}")
        };
        assert!(explorer == LOOM || why.contains("honest.rs"), "{explorer}: {why}");
    }
}

/// As long as the clock says.
#[test]
fn a_model_that_looks_at_the_clock_does_not_hold() {
    let verdict = run(Explorer::Exhaustive, || {
        let n = Arc::new(Mutex::new(0));
        let theirs = Arc::clone(&n);
        let began = std::time::Instant::now();
        let other = thread::spawn(move || *theirs.lock().unwrap() += 1);
        while began.elapsed().as_micros() < 300 {
            drop(n.lock());
            hint::spin_loop();
        }
        other.join().unwrap();
    });
    assert!(matches!(verdict, Verdict::Unknown(Bound::NotDeterministic(_))), "{verdict:?}");
}

#[test]
fn a_failure_that_does_not_come_again_is_told_and_has_no_token() {
    for explorer in [Explorer::Exhaustive, Explorer::Dfs, Explorer::Random { seed: 3 }] {
        static EXECUTIONS: Unseen = Unseen::new(0);
        EXECUTIONS.store(1, Relaxed);
        // the first execution fails; later ones do not
        let verdict = run(explorer, || {
            let first = EXECUTIONS.swap(0, Relaxed) == 1;
            let count = Arc::new(AtomicU32::new(0));
            let theirs = Arc::clone(&count);
            both(move || _ = theirs.fetch_add(1, SeqCst), || _ = count.fetch_add(1, SeqCst));
            assert!(!first, "once, by chance");
        });
        let Verdict::Violated(found) = verdict else { panic!("{explorer}: {verdict:?}") };
        assert!(found.message.contains("once, by chance") && found.replay.is_empty(), "{found:?}");
        assert!(
            found.caveat.is_some_and(|caveat| caveat.contains("not deterministic")),
            "{explorer}"
        );
    }
}

/// Each thread touches an object of its own, and looks at an atomic of std's that both change.
fn beside_an_unseen_atomic(fails: bool) {
    let (unseen, count) = (Arc::new(Unseen::new(0)), Arc::new(AtomicU32::new(0)));
    let (theirs, shared) = (Arc::clone(&unseen), Arc::clone(&count));
    let look = |unseen: &Unseen, own: &AtomicU32| {
        own.store(1, SeqCst);
        let first = unseen.fetch_add(1, SeqCst);
        own.store(first, SeqCst);
    };
    both(
        move || {
            shared.fetch_add(1, SeqCst);
            look(&theirs, &AtomicU32::new(0));
        },
        || {
            count.fetch_add(1, SeqCst);
            let own = AtomicU32::new(0);
            look(&unseen, &own);
            assert!(!fails || own.load(SeqCst) == 0 || unseen.load(SeqCst) == 2, "never");
        },
    );
}

#[test]
fn what_hangs_on_state_that_no_explorer_sees_is_bounded_by_it() {
    let verdict = run(Explorer::Exhaustive, || beside_an_unseen_atomic(false));
    let Verdict::Holds(coverage) = verdict else { panic!("{verdict:?}") };
    let Extent::Bounded(Bound::Unseen(what)) = &coverage.runs[0].extent else {
        panic!("{coverage}")
    };
    assert!(what.contains("store") && what.contains("honest.rs"), "{what}");
    assert!(
        coverage.to_string().contains("bounded by state that selvedge cannot see"),
        "{coverage}"
    );
}

#[test]
fn state_of_std_that_is_not_held_across_an_operation_is_found_out() {
    let models: [fn(); 2] = [
        || {
            let (unseen, count) =
                (Arc::new(std::sync::Mutex::new(Vec::new())), Arc::new(AtomicU32::new(0)));
            let (theirs, shared) = (Arc::clone(&unseen), Arc::clone(&count));
            let push =
                |unseen: &std::sync::Mutex<Vec<u32>>, count: &AtomicU32, own: &Mutex<usize>| {
                    count.fetch_add(1, SeqCst);
                    drop(own.lock());
                    unseen.lock().unwrap().push(1);
                    let length = unseen.lock().unwrap().len();
                    (0..length).for_each(|_| *own.lock().unwrap() += 1);
                };
            both(
                move || push(&theirs, &shared, &Mutex::new(0)),
                || push(&unseen, &count, &Mutex::new(0)),
            );
        },
        || {
            let (once, count) = (Arc::new(std::sync::Once::new()), Arc::new(AtomicU32::new(0)));
            let (theirs, shared) = (Arc::clone(&once), Arc::clone(&count));
            let start = |once: &std::sync::Once, count: &AtomicU32| {
                count.fetch_add(1, SeqCst);
                let (own, mut first) = (AtomicU32::new(0), false);
                own.store(1, SeqCst);
                once.call_once(|| first = true);
                own.store(first.into(), SeqCst);
            };
            both(move || start(&theirs, &shared), || start(&once, &count));
        },
    ];
    for (at, model) in models.into_iter().enumerate() {
        let verdict = run(Explorer::Exhaustive, model);
        let Verdict::Holds(coverage) = verdict else { panic!("{at}: {verdict:?}") };
        assert!(
            matches!(coverage.runs[0].extent, Extent::Bounded(Bound::Unseen(_))),
            "{at}: {coverage}"
        );
    }
}

#[test]
fn executions_that_are_run_again_are_not_counted() {
    for explorer in [Explorer::Exhaustive, Explorer::Dfs, LOOM] {
        let six = || {
            let shared = Arc::new(AtomicU32::new(0));
            let theirs = Arc::clone(&shared);
            let three = |shared: &AtomicU32| (0..3).for_each(|_| _ = shared.fetch_add(1, SeqCst));
            both(move || three(&theirs), || three(&shared));
        };
        let check = || Check::new("six").explorers([explorer]);
        let (Verdict::Holds(some), Verdict::Holds(always)) =
            (check().run(six), check().again_always().run(six))
        else {
            panic!("{explorer}: it holds")
        };
        assert_eq!(some, always);
        if explorer != LOOM {
            assert_eq!((some.executions(), some.is_exhaustive()), (20, true));
        }
    }
}

mod counter {
    use proptest::prelude::*;
    use selvedge::Subject;
    use selvedge::linearize::Specification;
    use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

    #[derive(Clone, Default, PartialEq, Eq, Hash)]
    pub(crate) struct Count(u64);

    #[derive(Clone, Debug)]
    pub(crate) struct Increment;

    impl Specification for Count {
        type Op = Increment;
        type Ret = u64;

        fn apply(&mut self, _: &Increment) -> u64 {
            self.0 += 1;
            self.0
        }
    }

    /// On std's atomic: one import was forgotten.
    pub(crate) struct Forgotten(AtomicU64);

    impl Subject for Forgotten {
        type Specification = Count;

        fn new() -> Self {
            Forgotten(AtomicU64::new(0))
        }

        fn call(&self, _: &Increment) -> u64 {
            self.0.fetch_add(1, SeqCst) + 1
        }

        fn operations() -> impl Strategy<Value = Increment> {
            Just(Increment)
        }
    }
}

#[test]
fn a_structure_of_which_nothing_is_seen_is_not_linearizable_by_that() {
    use selvedge::linearizable::Verdict;
    for explorer in [Explorer::Exhaustive, LOOM, Explorer::Portfolio { seed: 0 }] {
        let verdict =
            selvedge::linearizable::<counter::Forgotten>().explorers([explorer]).scenarios(8).run();
        assert!(
            matches!(verdict, Verdict::Unknown(Bound::NothingExplored, _)),
            "{explorer}: {verdict:?}"
        );
    }
}

#[test]
fn a_model_in_which_no_threads_meet_is_no_measure_of_knockouts() {
    let report = selvedge::Knockouts::new("honest").model("own objects", own_objects).run();
    let [(model, why)] = &report.unused[..] else { panic!("{:?}", report.unused) };
    assert!(model == "own objects" && why.contains("nothing to explore"), "{why}");
}

mod reference {
    use selvedge::{sync, thread};
    include!("../reference/programs.rs");
}

/// No false alarm: all that these programs do is seen.
#[test]
fn the_reference_programs_are_the_same_in_every_equivalent_order() {
    for (name, _, program, optimum) in
        reference::PROGRAMS.iter().filter(|(_, _, _, optimum)| *optimum <= 2_000)
    {
        let check =
            Check::new(name).explorers([Explorer::Exhaustive]).spurious(false).again_always();
        let check = check.budget(Budget::executions(10_000)); // as long as it takes
        let Verdict::Holds(coverage) = check.run(program) else { panic!("{name} holds") };
        assert_eq!(
            (coverage.executions(), coverage.is_exhaustive()),
            (*optimum, true),
            "{name}: {coverage}"
        );
    }
}

/// No false alarm: an address is another one in each execution, and objects are counted in another
/// order.
#[test]
fn what_is_only_made_in_another_order_is_the_same() {
    let verdict = Check::new("made").explorers([Explorer::Exhaustive]).again_always().run(|| {
        let slot = Arc::new((
            AtomicU32::new(0),
            selvedge::sync::atomic::AtomicPtr::new(std::ptr::null_mut::<u64>()),
        ));
        let theirs = Arc::clone(&slot);
        let put = |slot: &(AtomicU32, selvedge::sync::atomic::AtomicPtr<u64>)| {
            let own = (AtomicU32::new(0), Mutex::new(0));
            own.0.store(1, SeqCst);
            *own.1.lock().unwrap() += 1;
            let number = Box::into_raw(Box::new(7_u64));
            let as_a_number = selvedge::sync::atomic::AtomicUsize::new(number as usize);
            assert_eq!(as_a_number.load(SeqCst), number as usize);
            let before = slot.1.swap(number, SeqCst);
            slot.0.fetch_add(1, SeqCst);
            if !before.is_null() {
                // SAFETY: whoever swaps it out has it
                drop(unsafe { Box::from_raw(before) });
            }
        };
        both(move || put(&theirs), || put(&slot));
        // SAFETY: the other thread has ended
        drop(unsafe { Box::from_raw(slot.1.load(SeqCst)) });
    });
    let Verdict::Holds(coverage) = verdict else { panic!("{verdict:?}") };
    assert!(coverage.is_exhaustive(), "{coverage}");
}
