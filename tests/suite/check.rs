//! Checks: what a verdict means, what is an error, what replays.

use selvedge::sync::atomic::Ordering::{self, Acquire, Release, SeqCst};
use selvedge::sync::atomic::{AtomicBool, AtomicUsize};
use selvedge::sync::{Arc, Condvar, Mutex};
use selvedge::{
    Bound, Budget, Check, Config, Expect, Explorer, Extent, Kind, Verdict, hint, thread,
};

const LOOM: Explorer = Explorer::Loom { preemption_bound: None };
const MODELLED: [Explorer; 8] = [
    Explorer::Exhaustive,
    Explorer::Dfs,
    LOOM,
    Explorer::Random { seed: 7 },
    Explorer::Pct { seed: 7, depth: 3 },
    Explorer::Pos { seed: 7 },
    Explorer::Urw { seed: 7 },
    Explorer::Portfolio { seed: 7 },
];
const ENGINES: [Explorer; 3] = [Explorer::Exhaustive, Explorer::Dfs, LOOM];

fn unlocked() {
    let balance = Arc::new(AtomicUsize::new(0));
    let theirs = Arc::clone(&balance);
    let teller = thread::spawn(move || theirs.store(theirs.load(SeqCst) + 1, SeqCst));
    balance.store(balance.load(SeqCst) + 1, SeqCst);
    teller.join().unwrap();
    assert_eq!(balance.load(SeqCst), 2);
}

fn violated(name: &str, explorer: Explorer, model: fn()) -> selvedge::Counterexample {
    let verdict = Check::new(name).explorers([explorer]).config(Config::default()).run(model);
    match verdict {
        Verdict::Violated(found) => *found,
        other => panic!("{name}, {explorer}: {other:?}"),
    }
}

#[test]
fn of_two_panics_the_first_is_the_cause() {
    let both_panic = || {
        let balance = Arc::new(Mutex::new(0));
        let theirs = Arc::clone(&balance);
        let told = Arc::new(AtomicBool::new(false));
        let (waits, tells) = (Arc::clone(&told), told);
        let poisoned = thread::spawn(move || {
            while !waits.load(SeqCst) {
                thread::yield_now();
            }
            *theirs.lock().unwrap() += 1;
        });
        let cause = thread::spawn(move || {
            let _held = balance.lock().unwrap();
            tells.store(true, SeqCst);
            panic!("the cause");
        });
        drop((poisoned, cause));
    };
    for explorer in [Explorer::Exhaustive, Explorer::Dfs, Explorer::Graphs] {
        let found = violated("two panics", explorer, both_panic);
        assert!(found.message.contains("the cause"), "{explorer}: {}", found.message);
    }
}

#[test]
fn a_thread_has_the_same_id_in_every_execution() {
    let ids = std::sync::Arc::new(std::sync::Mutex::new(std::collections::HashSet::new()));
    let seen = std::sync::Arc::clone(&ids);
    let check = Check::new("ids").explorers([Explorer::Dfs]).config(Config::default());
    let verdict = check.run(move || {
        let flag = Arc::new(AtomicBool::new(false));
        let theirs = Arc::clone(&flag);
        let other = thread::spawn(move || theirs.store(true, SeqCst));
        assert_ne!(other.thread().id(), thread::current().id());
        flag.load(SeqCst);
        let mut seen = seen.lock().unwrap();
        seen.extend([other.thread().id(), thread::current().id()]);
        drop(seen);
        other.join().unwrap();
    });
    assert!(matches!(verdict, Verdict::Holds(coverage) if coverage.executions() > 1));
    assert_eq!(ids.lock().unwrap().len(), 2);
}

fn unknown(name: &str, explorer: Explorer, model: fn()) -> Bound {
    let check = Check::new(name)
        .explorers([explorer])
        .budget(Budget::executions(50))
        .config(Config::default());
    match check.run(model) {
        Verdict::Unknown(bound) => bound,
        other => panic!("{name}, {explorer}: {other:?}"),
    }
}

#[test]
fn a_model_in_which_nothing_happens_is_unknown() {
    for explorer in MODELLED {
        assert_eq!(unknown("empty", explorer, || {}), Bound::NothingExplored);
        let alone = || drop(Mutex::new(1).lock());
        assert_eq!(unknown("one thread", explorer, alone), Bound::NothingExplored);
    }
    let none = Check::new("no explorer").explorers([]).run(unlocked);
    assert!(matches!(none, Verdict::Unknown(Bound::NothingExplored)), "{none:?}");
}

/// Who of two asks first: each says so, then looks whether the other did. Then `last` is called.
fn dekker(order: [Ordering; 2], last: fn()) -> impl Fn() + Send + Sync + 'static {
    move || {
        let asks = Arc::new([AtomicBool::new(false), AtomicBool::new(false)]);
        let theirs = Arc::clone(&asks);
        let other = thread::spawn(move || {
            theirs[0].store(true, order[0]);
            theirs[1].load(order[1])
        });
        asks[1].store(true, order[0]);
        let mine = asks[0].load(order[1]);
        last();
        assert!(other.join().unwrap() || mine, "neither saw the other");
    }
}

/// By default weak memory is explored where it may add something, and where it cannot be, that is
/// said. loom is not asked.
#[test]
fn by_default_weak_memory_is_explored_unless_it_adds_nothing() {
    let weaker = [Release, Acquire];
    let check = || Check::new("dekker").config(Config::default());
    let Verdict::Violated(found) = check().run(dekker(weaker, || ())) else { panic!("it holds") };
    assert_eq!((found.kind, found.explorer), (Kind::Panic, Explorer::Graphs));
    let holds = |verdict| match verdict {
        Verdict::Holds(coverage) => coverage,
        other => panic!("{other:?}"),
    };
    let strong = holds(check().run(dekker([SeqCst, SeqCst], || ())));
    let ran: Vec<_> = strong.runs.iter().map(|run| (run.explorer, &run.extent)).collect();
    assert_eq!(ran, [(Explorer::Exhaustive, &Extent::Weak)], "{strong}");
    assert!(strong.skipped.is_empty(), "{strong}");
    // graphs have no model of memory that is freed
    let frees = || {
        let mut value = Box::new(7);
        selvedge::cell::freed(&raw mut *value);
    };
    let open = holds(check().run(dekker(weaker, frees)));
    let ran: Vec<_> = open.runs.iter().map(|run| (run.explorer, &run.extent)).collect();
    assert_eq!(ran, [(Explorer::Exhaustive, &Extent::Exhaustive)], "{open}");
    assert!(!open.is_weak() && open.is_exhaustive());
    let said = open.to_string();
    for words in [
        "graphs: skipped: graphs has no model of freed",
        "weak memory is not explored, and may show more: ",
        "'s store (Release)",
        "'s load (Acquire)",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    // whoever asks for loom is served
    let both = [Explorer::Exhaustive, LOOM];
    let asked = holds(check().explorers(both).run(dekker([SeqCst, SeqCst], || ())));
    assert_eq!(asked.runs[1].explorer, LOOM);
}

#[test]
fn a_budget_of_nothing_is_unknown() {
    for budget in [Budget::executions(0), Budget::time(std::time::Duration::ZERO)] {
        let verdict = Check::new("unlocked").budget(budget).run(unlocked);
        assert!(matches!(verdict, Verdict::Unknown(Bound::Executions(0))), "{verdict:?}");
    }
}

/// Two threads, three operations each on one atomic.
fn six_operations() {
    let shared = Arc::new(AtomicUsize::new(0));
    let theirs = Arc::clone(&shared);
    let other =
        thread::spawn(move || (0..3).for_each(|_| assert!(theirs.fetch_add(1, SeqCst) < 6)));
    (0..3).for_each(|_| assert!(shared.fetch_add(1, SeqCst) < 6));
    other.join().unwrap();
}

#[test]
fn a_budget_of_executions_is_exact_and_said() {
    for explorer in MODELLED {
        for most in [1, 7, 19] {
            let verdict = Check::new("six")
                .explorers([explorer])
                .budget(Budget::executions(most))
                .run(six_operations);
            let Verdict::Holds(coverage) = verdict else { panic!("{explorer}: {verdict:?}") };
            assert_eq!(coverage.executions(), most, "{explorer}");
            let cut = Extent::Bounded(Bound::Executions(most));
            assert_eq!(
                coverage.runs[0].extent,
                if explorer.samples() { Extent::Sampled } else { cut },
                "{explorer}"
            );
            assert!(!coverage.is_exhaustive());
        }
    }
}

#[test]
fn depth_first_search_counts_every_interleaving_once() {
    // one thread's three operations among the other's three: 6! / (3! 3!) = 20, and as many places
    // for the end of the other thread as the join has no say in
    let verdict = Check::new("six").explorers([Explorer::Dfs]).run(six_operations);
    let Verdict::Holds(coverage) = verdict else { panic!("{verdict:?}") };
    assert_eq!((coverage.executions(), coverage.is_exhaustive()), (20, true));
}

#[test]
fn fewer_executions_than_the_model_needs_do_not_hold() {
    let check = |at_least| {
        Check::new("six").explorers([Explorer::Dfs]).at_least(at_least).run(six_operations)
    };
    assert!(matches!(check(20), Verdict::Holds(_)));
    assert!(matches!(check(21), Verdict::Unknown(Bound::TooFew { executions: 20, needed: 21 })));
}

#[test]
fn a_token_replays_the_same_trace() {
    for explorer in MODELLED {
        let found = violated("unlocked", explorer, unlocked);
        assert_eq!(found.kind, Kind::Panic);
        let config = Config { replay: Some(found.replay.clone()), failures: None, explorers: None };
        let again = Check::new("unlocked").config(config).run(unlocked);
        let Verdict::Violated(again) = again else { panic!("{explorer}: {again:?}") };
        assert_eq!(again.trace.events, found.trace.events, "{explorer}");
        assert_eq!((again.kind, &again.message), (found.kind, &found.message));
        assert_eq!(again.replay.split(':').nth(2), found.replay.split(':').nth(2));
    }
}

#[test]
fn a_cycle_is_a_leak() {
    struct Node {
        next: Mutex<Option<Arc<Node>>>,
    }
    for explorer in ENGINES {
        let found = violated("cycle", explorer, || {
            let node = Arc::new(Node { next: Mutex::new(None) });
            let theirs = Arc::clone(&node);
            let worker =
                thread::spawn(move || *theirs.next.lock().unwrap() = Some(Arc::clone(&theirs)));
            worker.join().unwrap();
        });
        assert_eq!(found.kind, Kind::Leak, "{explorer}: {}", found.message);
        assert!(found.message.contains("mutex 1 was never dropped"), "{}", found.message);
    }
    // the twin that breaks its cycle holds
    for explorer in ENGINES {
        let verdict = Check::new("no cycle").explorers([explorer]).run(|| {
            let node = Arc::new(Node { next: Mutex::new(None) });
            let theirs = Arc::clone(&node);
            let worker =
                thread::spawn(move || *theirs.next.lock().unwrap() = Some(Arc::clone(&theirs)));
            worker.join().unwrap();
            drop(node.next.lock().unwrap().take());
        });
        assert!(matches!(verdict, Verdict::Holds(_)), "{explorer}: {verdict:?}");
    }
}

#[test]
fn a_spin_that_never_ends_is_a_livelock_and_one_that_does_holds() {
    fn spin(set: bool) {
        let flag = Arc::new(AtomicBool::new(false));
        let theirs = Arc::clone(&flag);
        let waiter = thread::spawn(move || {
            while !theirs.load(SeqCst) {
                hint::spin_loop();
            }
        });
        if set {
            flag.store(true, SeqCst);
        }
        waiter.join().unwrap();
    }
    for explorer in ENGINES {
        let check = |name| Check::new(name).explorers([explorer]).max_events(200);
        match check("for ever").run(|| spin(false)) {
            Verdict::Violated(found) => {
                assert_eq!(found.kind, Kind::Livelock, "{explorer}: {}", found.message)
            }
            other => panic!("{explorer}: {other:?}"),
        }
        let ends = check("until set").run(|| spin(true));
        assert!(matches!(ends, Verdict::Holds(_)), "{explorer}: {ends:?}");
    }
}

#[test]
fn a_deadlock_says_who_waits_for_what() {
    for explorer in ENGINES {
        let found = violated("lost wakeup", explorer, || {
            let pair = Arc::new((Mutex::new(false), Condvar::new()));
            selvedge::sync::name(&pair.1, "ready");
            let theirs = Arc::clone(&pair);
            let waiter = thread::Builder::new().name("waiter".into()).spawn(move || {
                if !*theirs.0.lock().unwrap() {
                    // the notification can come here, before anybody waits
                    drop(theirs.1.wait(theirs.0.lock().unwrap()).unwrap());
                }
            });
            *pair.0.lock().unwrap() = true;
            pair.1.notify_one();
            waiter.unwrap().join().unwrap();
        });
        assert_eq!(found.kind, Kind::Deadlock, "{explorer}: {}", found.message);
        assert!(
            found.message.contains("waiter waits for a notification of ready"),
            "{}",
            found.message
        );
        assert!(found.message.contains("main waits for the end of waiter"), "{}", found.message);
    }
}

#[test]
fn a_panic_that_nobody_joins_is_a_violation() {
    for explorer in ENGINES {
        let found = violated("unjoined", explorer, || {
            drop(thread::spawn(|| panic!("nobody hears this")));
        });
        assert_eq!(found.kind, Kind::Panic);
        assert!(found.message.contains("nobody hears this"), "{}", found.message);
    }
}

#[test]
fn a_model_that_is_not_deterministic_is_unknown() {
    static RUNS: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    let bound = unknown("fickle", Explorer::Dfs, || {
        let odd = RUNS.fetch_add(1, SeqCst) % 2 == 1;
        let shared = Arc::new(AtomicUsize::new(0));
        let theirs = Arc::clone(&shared);
        let other = thread::spawn(move || assert!(theirs.fetch_add(1, SeqCst) < 6));
        let third = odd.then(|| thread::spawn(|| thread::yield_now()));
        shared.fetch_add(1, SeqCst);
        other.join().unwrap();
        if let Some(third) = third {
            third.join().unwrap();
        }
    });
    assert!(matches!(bound, Bound::NotDeterministic(_)), "{bound:?}");
}

/// Whoever copies the last line runs this test, and not all.
#[test]
fn the_line_that_replays_names_the_test() {
    let lost = || {
        Check::new("any model").config(Config::default()).assert(|| {
            let balance = Arc::new(AtomicUsize::new(0));
            let theirs = Arc::clone(&balance);
            let teller = thread::spawn(move || theirs.store(theirs.load(SeqCst) + 1, SeqCst));
            balance.store(balance.load(SeqCst) + 1, SeqCst);
            teller.join().unwrap();
            assert_eq!(balance.load(SeqCst), 2);
        })
    };
    let last = |name: &str| {
        let thread = std::thread::Builder::new().name(name.to_string());
        let failed = thread.spawn(lost).unwrap().join().unwrap_err();
        let message = failed.downcast::<String>().expect("a drawing");
        message.trim_end().lines().last().unwrap().split_once(" cargo test").unwrap().1.to_string()
    };
    assert_eq!(last("tellers::two_tellers"), " tellers::two_tellers -- --exact");
    assert_eq!(last("main"), "", "every program has such a thread");
    assert_eq!(last("some pool, nr. 3"), "", "no test has such a name");
    assert_eq!(last("worker"), "", "it may be a thread of the user's own");
}

#[test]
fn a_failure_is_kept_and_run_first_the_next_time_until_it_is_mended() {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    static BROKEN: std::sync::atomic::AtomicBool = std::sync::atomic::AtomicBool::new(true);
    static RUNS: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    let folder = std::env::temp_dir().join(format!("selvedge-failures-{}", std::process::id()));
    let check = || {
        let before = RUNS.load(SeqCst);
        let config = Config { replay: None, failures: Some(folder.clone()), explorers: None };
        let check =
            Check::new("kept/failure of:mine").config(config).shrink(std::time::Duration::ZERO);
        let check = check.explorers([Explorer::Exhaustive]);
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            check.assert(|| {
                RUNS.fetch_add(1, SeqCst);
                let balance = Arc::new(AtomicUsize::new(0));
                let theirs = Arc::clone(&balance);
                let teller = thread::spawn(move || {
                    (0..2).for_each(|_| theirs.store(theirs.load(SeqCst) + 1, SeqCst))
                });
                let three = (balance.load(SeqCst), balance.load(SeqCst), balance.load(SeqCst));
                teller.join().unwrap();
                assert!(!BROKEN.load(SeqCst) || three != (0, 1, 2));
            })
        }));
        (outcome.is_ok(), RUNS.load(SeqCst) - before)
    };
    let (held, first) = check();
    assert!(!held && first > 1, "it takes some executions to find: {first}");
    assert_eq!(check(), (false, 1), "the kept one is run first");
    BROKEN.store(false, SeqCst);
    let (held, all) = check();
    // what was found last was the last one, and was run once more, to see whether its token leads
    // to it
    assert!(held && all >= first, "mended: the kept one, and then all");
    assert_eq!(check(), (true, all - 1), "and forgotten");
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_condition_that_is_never_true_does_not_hold() {
    fn model(impossible: bool) {
        let flag = Arc::new(AtomicBool::new(false));
        let theirs = Arc::clone(&flag);
        let setter = thread::spawn(move || theirs.store(true, SeqCst));
        let seen = flag.load(SeqCst);
        selvedge::sometimes!(seen, "seen before the join");
        selvedge::sometimes!(!seen, "not yet seen");
        setter.join().unwrap();
        selvedge::sometimes!(!impossible || !flag.load(SeqCst), "unset after the join");
    }
    for explorer in ENGINES {
        let check =
            |impossible| Check::new("flag").explorers([explorer]).run(move || model(impossible));
        assert!(matches!(check(false), Verdict::Holds(_)), "{explorer}");
        match check(true) {
            Verdict::Unknown(Bound::NeverReached(name)) => assert_eq!(name, "unset after the join"),
            other => panic!("{explorer}: {other:?}"),
        }
    }
}

#[test]
#[should_panic(expected = "was to be violated by a data race, but was violated like this")]
fn a_broken_form_must_be_caught_by_its_kind() {
    let _ = Check::new("unlocked")
        .expect(Expect::Violation(Kind::DataRace))
        .config(Config::default())
        .assert(unlocked);
}

#[test]
#[should_panic(expected = "was to be violated by a panic, but holds")]
fn a_broken_form_that_holds_fails_its_test() {
    let check = Check::new("six").explorers([Explorer::Dfs]).expect(Expect::Violation(Kind::Panic));
    let _ = check.assert(six_operations);
}

/// Its threads would meet, but it panics before there are any.
fn set_up() {
    let wanted: usize = "what a file should have had".parse().unwrap();
    let shared = Arc::new(AtomicUsize::new(0));
    let theirs = Arc::clone(&shared);
    let other = thread::spawn(move || theirs.store(wanted, SeqCst));
    assert_eq!(shared.load(SeqCst), 0);
    other.join().unwrap();
}

#[test]
fn a_panic_of_the_set_up_is_not_the_race_that_was_expected() {
    for explorer in [&MODELLED[..], &[Explorer::Threads]].concat() {
        let check = || Check::new("set-up").explorers([explorer]).config(Config::default());
        let verdict = check().run(set_up);
        // it is wrong all the same
        assert!(matches!(verdict, Verdict::Violated(_)), "{explorer}: {verdict:?}");
        assert!(!verdict.is(Expect::Violation(Kind::Panic)), "{explorer}");
        let asserted = std::panic::catch_unwind(|| {
            let _ = check().expect(Expect::Violation(Kind::Panic)).assert(set_up);
        });
        let payload = asserted.expect_err("it is refused");
        let words = payload.downcast_ref::<String>().expect("words");
        assert!(
            words.contains("its set-up panicked, before there was a second thread"),
            "{explorer}: {words}"
        );
    }
    // what panics beside another thread is, also of real threads
    let check = Check::new("with another")
        .explorers([Explorer::Threads])
        .expect(Expect::Violation(Kind::Panic));
    let _ = check.config(Config::default()).assert(|| {
        let other = thread::spawn(|| panic!("on purpose"));
        other.join().unwrap();
    });
}

/// Two threads that spin must not keep each other going while the third, for which they wait, is
/// never chosen: that would be a livelock that no fair scheduler has.
#[test]
fn samplers_do_not_starve_the_thread_that_others_spin_for() {
    for explorer in [Explorer::Pct { seed: 1, depth: 3 }, Explorer::Portfolio { seed: 1 }] {
        let check = Check::new("spinners")
            .explorers([explorer])
            .budget(Budget::executions(500))
            .max_events(1_000);
        let verdict = check.run(|| {
            let flag = Arc::new(AtomicUsize::new(0));
            let spinners = [1, 2].map(|_| {
                let flag = Arc::clone(&flag);
                thread::spawn(move || {
                    while flag.load(SeqCst) == 0 {
                        thread::yield_now();
                    }
                })
            });
            flag.store(1, SeqCst);
            spinners.into_iter().for_each(|spinner| spinner.join().unwrap());
        });
        assert!(matches!(verdict, Verdict::Holds(_)), "{explorer}: {verdict:?}");
    }
}

/// A destructor that loops for ever while a panic unwinds is a livelock like any other.
#[test]
fn a_destructor_that_never_ends_while_a_panic_unwinds_is_a_livelock() {
    struct Endless(Arc<AtomicUsize>);
    impl Drop for Endless {
        fn drop(&mut self) {
            while self.0.load(SeqCst) < 2 {}
        }
    }
    let check = || Check::new("endless").explorers([Explorer::Exhaustive]).max_events(50);
    let model = || {
        let shared = Arc::new(AtomicUsize::new(0));
        let theirs = Arc::clone(&shared);
        let other = thread::spawn(move || theirs.store(1, SeqCst));
        let _endless = Endless(Arc::clone(&shared));
        other.join().unwrap();
        panic!("on purpose");
    };
    let Verdict::Violated(found) = check().run(model) else { panic!("no violation") };
    assert_eq!(
        (found.kind, &found.message[..]),
        (Kind::Livelock, "no end after 50 events, while a thread unwinds: on purpose")
    );
    assert_eq!(check().count(model).unwrap().violations[&Kind::Livelock], 1);
}

/// A model that is meant to run on one thread has nothing but its set-up.
#[test]
fn a_broken_form_on_one_thread_is_caught_where_it_is_meant_to_run_alone() {
    let fails_weakly = || {
        let count = AtomicUsize::new(0);
        assert!(count.compare_exchange_weak(0, 1, SeqCst, SeqCst).is_ok());
    };
    let check = Check::new("weak").explorers([Explorer::Exhaustive]).alone(true);
    let _ = check.expect(Expect::Violation(Kind::Panic)).assert(fails_weakly);
}

/// Two threads that never end, and what one of them finds. They yield, or do not.
fn endless(fails_after: usize, yields: bool) {
    let count = Arc::new(AtomicUsize::new(0));
    let theirs = Arc::clone(&count);
    let counter = thread::spawn(move || {
        loop {
            theirs.fetch_add(1, SeqCst);
            if yields {
                thread::yield_now();
            }
        }
    });
    while count.fetch_add(1, SeqCst) < fails_after {
        if yields {
            thread::yield_now();
        }
    }
    drop(counter);
    panic!("it was long enough");
}

const GIVING_UP: [Explorer; 7] = [
    Explorer::Exhaustive,
    Explorer::Dfs,
    Explorer::Random { seed: 7 },
    Explorer::Pct { seed: 7, depth: 2 },
    Explorer::Portfolio { seed: 7 },
    Explorer::Graphs,
    Explorer::Weak { seed: 7 },
];

/// A check that gives up after eight events.
fn gives_up(explorer: Explorer) -> Check<'static> {
    let check = Check::new("endless").explorers([explorer]).config(Config::default());
    check.give_up(8).budget(Budget::executions(300))
}

#[test]
fn what_is_all_given_up_says_nothing_but_where_it_fails_before() {
    for (explorer, yields) in GIVING_UP.into_iter().flat_map(|one| [(one, true), (one, false)]) {
        match gives_up(explorer).run(move || endless(100, yields)) {
            Verdict::Unknown(Bound::GivenUp(8)) => {}
            // its loops wait for each other
            Verdict::Unknown(Bound::NotModelled { engine: "graphs", .. }) if yields => {}
            other => panic!("{explorer}: {other:?}"),
        }
    }
    for (explorer, yields) in GIVING_UP[..3].iter().flat_map(|one| [(*one, true), (*one, false)]) {
        match gives_up(explorer).run(move || endless(3, yields)) {
            Verdict::Violated(found) => assert!(found.trace.events.len() <= 8, "{explorer}"),
            other => panic!("{explorer}: {other:?}"),
        }
    }
}

#[test]
fn what_is_given_up_now_and_then_holds_as_far_as_it_went() {
    let sometimes_long = || {
        let count = Arc::new(AtomicUsize::new(0));
        let theirs = Arc::clone(&count);
        let counter = thread::spawn(move || {
            if theirs.load(SeqCst) == 0 {
                (0..20).for_each(|_| _ = theirs.fetch_add(1, SeqCst));
            }
        });
        count.fetch_add(1, SeqCst);
        counter.join().unwrap();
    };
    for explorer in GIVING_UP {
        match gives_up(explorer).run(sometimes_long) {
            Verdict::Holds(coverage) => {
                let extent = &coverage.runs[0].extent;
                assert_eq!(*extent, Extent::Bounded(Bound::Events(8)), "{explorer}");
            }
            other => panic!("{explorer}: {other:?}"),
        }
    }
}

#[test]
fn a_model_without_choices_is_asked_again_and_again_whether_it_is_the_same() {
    static RUNS: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    let check = Check::new("changes").explorers([Explorer::Random { seed: 7 }]).alone(true);
    let check = check.config(Config::default()).budget(Budget::executions(10)).again_always();
    let verdict = check.run(|| {
        let stores = AtomicBool::new(false);
        if RUNS.fetch_add(1, SeqCst) == 5 {
            stores.store(true, SeqCst);
        }
        stores.load(SeqCst);
    });
    assert!(matches!(verdict, Verdict::Unknown(Bound::NotDeterministic(_))), "{verdict:?}");
}
