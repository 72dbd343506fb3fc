//! Knockouts: which synchronisation is load-bearing, shown on what textbooks have, on what is too
//! strong, and on what tests nothing.

mod advice;
mod kinds;
mod locks;
mod structures;

use selvedge::knockout::{Fate, KnockoutReport, Knockouts, Mark, Tried};
use selvedge::report::{Style, knockouts};
use selvedge::sync::atomic::AtomicU32;
use selvedge::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};
use selvedge::sync::{Arc, Mutex};
use selvedge::{Budget, Check, Config, Explorer, Kind, Verdict, thread};
use std::time::Duration;

fn report(name: &str, model: fn()) -> KnockoutReport {
    Knockouts::new(name).model(name, model).run()
}

/// The knockouts that count like this, in short: `store Relaxed`.
fn those(report: &KnockoutReport, mark: Mark) -> Vec<String> {
    let of = report.knockouts.iter().filter(|tried| tried.mark() == mark);
    of.map(|tried| format!("{} {}", tried.knockout.site.operation, tried.knockout.change)).collect()
}

/// Everything is killed, and it is these; or its survival is explained.
#[track_caller]
fn killed(name: &str, model: fn(), expected: &[&str]) {
    let report = report(name, model);
    let listing = knockouts::text(&report, &Style::Plain, &|_| None);
    assert!(report.is_load_bearing(), "{listing}");
    let killed = those(&report, Mark::Killed);
    for expected in expected {
        assert!(
            killed.iter().any(|killed| killed == expected),
            "{expected} is not killed:\n{listing}"
        );
    }
}

/// What survives is this, and nothing else.
#[track_caller]
fn too_strong(name: &str, model: fn(), expected: &[&str]) {
    let report = report(name, model);
    assert_eq!(
        those(&report, Mark::Survived),
        expected,
        "{}",
        knockouts::text(&report, &Style::Plain, &|_| None)
    );
}

#[test]
fn spin_lock() {
    let split = "compare_exchange split";
    killed(
        "spin",
        locks::spin,
        &[
            split,
            "compare_exchange unconditional",
            "compare_exchange success-Relaxed",
            "store Relaxed",
        ],
    );
    too_strong("spin_acqrel", locks::spin_acqrel, &["compare_exchange success-Acquire"]);
    too_strong("spin_seqcst_unlock", locks::spin_seqcst_unlock, &["store Release"]);
}

#[test]
fn ticket_lock() {
    killed("ticket", locks::ticket, &["fetch_add split", "load Relaxed", "store Relaxed"]);
    let halves = ["fetch_add Acquire", "fetch_add Release", "fetch_add Relaxed"];
    too_strong("ticket_acqrel", locks::ticket_acqrel, &halves);
}

#[test]
fn reader_writer_lock() {
    let cas = ["split", "unconditional", "success-Relaxed"]
        .map(|change| format!("compare_exchange {change}"));
    let mut expected: Vec<&str> = cas.iter().map(String::as_str).collect();
    expected.extend(["fetch_sub split", "fetch_sub Relaxed", "store Relaxed"]);
    killed("rwlock", locks::rwlock, &expected);
    too_strong("rwlock_acqrel_unlock", locks::rwlock_acqrel_unlock, &["fetch_sub Release"]);
}

#[test]
fn seqlock() {
    killed("seqlock", structures::seqlock, &["fence dropped", "store Relaxed", "load Relaxed"]);
    // its data are atomics, and nothing plain is watched: what survives says nothing
    let report = report("seqlock_acquire_twice", structures::seqlock_acquire_twice);
    assert_eq!(
        (those(&report, Mark::Undecided), report.count(Mark::Survived)),
        (vec!["load Relaxed".to_string()], 0)
    );
}

#[test]
fn single_producer_single_consumer_ring() {
    killed("ring", structures::ring, &["load Relaxed", "store Relaxed"]);
    too_strong("ring_acquire_own", structures::ring_acquire_own, &["load Relaxed"]);
}

#[test]
fn treiber_stack() {
    let cas = [
        "compare_exchange split",
        "compare_exchange unconditional",
        "compare_exchange success-Relaxed",
    ];
    killed("stack", structures::stack, &[&cas[..], &["load Relaxed"]].concat());
    let planted = "compare_exchange success-Relaxed";
    too_strong("stack_release_pop", structures::stack_release_pop, &[planted]);
}

#[test]
fn one_shot() {
    killed("one-shot", structures::one_shot, &["store Relaxed", "load Relaxed", "unpark dropped"]);
    too_strong("one_shot_seqcst", structures::one_shot_seqcst, &["store Release"]);
}

#[test]
fn each_way_of_changing_an_operation_is_noticed() {
    killed("rwlock", kinds::rwlock, &["read skipped", "write skipped", "write demoted"]);
    killed(
        "two_waiters",
        kinds::two_waiters,
        &["notify_all dropped", "notify_all notify_one", "lock skipped"],
    );
    killed("patient", kinds::patient, &["lock skipped", "join skipped"]);
    killed("stream", kinds::stream, &["close dropped"]);
    killed("barrier", kinds::barrier, &["barrier skipped"]);
    killed("joined_with_a_value", kinds::joined_with_a_value, &["join skipped"]);
}

#[test]
fn what_std_allows_at_any_time_survives_and_is_explained() {
    assert_eq!(
        those(&report("two_waiters", kinds::two_waiters), Mark::Explained),
        ["wait spurious", "join skipped"]
    );
    let explained = those(&report("patient", kinds::patient), Mark::Explained);
    assert_eq!(explained, ["notify_one dropped", "wait_timeout times-out", "try_lock skipped"]);
}

#[test]
fn what_a_skipped_lock_lends_is_not_lent_twice() {
    let report = report("long_borrow", kinds::long_borrow);
    let locks: Vec<_> =
        report.knockouts.iter().filter(|tried| tried.knockout.site.operation == "lock").collect();
    assert_eq!(locks.len(), 2);
    for lock in locks {
        let Fate::Killed(found) = &lock.fate else { panic!("{lock:?}") };
        assert_eq!(found.kind, Kind::DataRace, "{}: {}", lock.knockout, found.message);
    }
}

#[test]
fn a_livelock_kills_only_where_nothing_changes_any_more() {
    killed("spins", kinds::spins, &["fetch_add split"]);
    let report = report("spins_and_counts", kinds::spins_and_counts);
    assert_eq!(those(&report, Mark::Undecided), ["fetch_add split"]);
    assert_eq!(report.worst(), Mark::Undecided);
}

#[test]
fn a_model_that_does_not_hold_decides_nothing() {
    let report = report("waits_without_a_loop", kinds::waits_without_a_loop);
    assert_eq!((report.models.len(), report.unused.len(), report.sites.len()), (0, 1, 0));
    assert_eq!((report.worst(), report.is_load_bearing()), (Mark::Undecided, false));
}

#[test]
fn nothing_to_knock_out_proves_nothing() {
    assert!(!Knockouts::new("none").run().is_load_bearing());
    let late = Knockouts::new("late").model("account", account).time(Duration::ZERO).run();
    assert_eq!(
        (late.count(Mark::Undecided), late.worst()),
        (late.knockouts.len(), Mark::Undecided)
    );
}

#[test]
fn one_model_notices_for_all() {
    let together =
        Knockouts::new("both").model("nothing", tests_nothing).model("account", account).run();
    let alone = report("account", account);
    assert_eq!(together.count(Mark::Killed), alone.count(Mark::Killed));
    assert!(together.count(Mark::Survived) > 0, "what only the other one executes survives");
}

fn account() {
    let account = Arc::new(Mutex::new(0));
    let tellers = [1, 2].map(|amount| {
        let account = Arc::clone(&account);
        thread::spawn(move || *account.lock().unwrap() += amount)
    });
    for teller in tellers {
        teller.join().unwrap();
    }
    assert_eq!(account.try_lock().map(|sum| *sum).ok(), Some(3));
}

#[test]
fn a_lock_that_is_skipped_is_a_data_race_and_its_token_replays_it() {
    let report = report("account", account);
    let lock = report
        .knockouts
        .iter()
        .find(|tried| tried.knockout.site.operation == "lock")
        .expect("a lock");
    let Fate::Killed(found) = &lock.fate else { panic!("{lock:?}") };
    assert_eq!(found.kind, Kind::DataRace);
    let config = Config { replay: Some(found.replay.clone()), failures: None, explorers: None };
    let Verdict::Violated(again) = Check::new("account").config(config).run(account) else {
        panic!("no violation")
    };
    assert_eq!((&again.trace, &again.replay), (&found.trace, &found.replay));
    let config = Config { replay: Some(found.replay.clone()), failures: None, explorers: None };
    let replayed = Knockouts::new("group")
        .model("other", tests_nothing)
        .model("account", account)
        .config(config)
        .run();
    let [Tried { fate: Fate::Killed(again), .. }] = &replayed.knockouts[..] else {
        panic!("{replayed:?}")
    };
    assert_eq!((&again.trace, &again.replay), (&found.trace, &found.replay));
}

/// Nothing is asserted, and no cell is touched.
fn tests_nothing() {
    let number = Arc::new(AtomicU32::new(0));
    let theirs = Arc::clone(&number);
    let other = thread::spawn(move || theirs.fetch_add(1, SeqCst));
    number.store(7, SeqCst);
    let _ = other.join();
}

#[test]
fn of_a_model_that_tests_nothing_everything_survives_and_orderings_are_undecided() {
    let report = report("tests_nothing", tests_nothing);
    assert_eq!((report.sites.len(), report.count(Mark::Killed)), (3, 0));
    // what only the order of all SeqCst operations is lost of, weak memory has been looked at
    let survived = ["fetch_add split", "fetch_add AcqRel", "store Release", "join skipped"];
    assert_eq!(those(&report, Mark::Survived), survived);
    assert_eq!(
        report.count(Mark::Survived) + report.count(Mark::Undecided),
        report.knockouts.len()
    );
    assert_eq!(report.worst(), Mark::Survived);
}

#[test]
#[should_panic = "It is stronger than needed, or untested"]
fn an_unexplained_survivor_fails_a_test() {
    let _ = Knockouts::new("tests_nothing").model("tests_nothing", tests_nothing).assert();
}

/// A flag and its data, and three threads whose additions have 1,680 orders.
fn large() {
    let shared = Arc::new([0; 3].map(AtomicU32::new));
    let spawn = |body: fn(&[AtomicU32; 3])| {
        let theirs = Arc::clone(&shared);
        thread::spawn(move || body(&theirs))
    };
    let mut threads = vec![
        spawn(|shared| {
            shared[0].store(1, Relaxed);
            shared[1].store(1, Release);
        }),
        spawn(|shared| {
            if shared[1].load(Acquire) == 1 {
                assert_eq!(shared[0].load(Relaxed), 1, "it is not there");
            }
        }),
    ];
    let adds = |shared: &[AtomicU32; 3]| (0..3).for_each(|_| _ = shared[2].fetch_add(1, Relaxed));
    threads.extend((0..3).map(|_| spawn(adds)));
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

#[test]
fn weak_memory_that_is_too_much_to_explore_is_sampled() {
    let large = Knockouts::new("large").model("large", large);
    let report = large.budget(Budget::executions(1_000)).run();
    assert_eq!(those(&report, Mark::Killed), ["store Relaxed", "load Relaxed"]);
    for tried in &report.knockouts {
        if let Fate::Killed(found) = &tried.fate {
            assert_eq!(found.explorer, Explorer::Weak { seed: 0 });
        }
    }
}

#[test]
fn ordinary_checks_are_the_same_before_while_and_after() {
    let executions = || match Check::new("account").explorers([Explorer::Exhaustive]).run(account) {
        Verdict::Holds(coverage) => coverage.executions(),
        other => panic!("{other:?}"),
    };
    let before = executions();
    let mut during = Vec::new();
    let report = Knockouts::new("account")
        .model("account", account)
        .progress(|_, _| during.push(executions()))
        .run();
    assert_eq!(
        report.models[0].coverage.executions(),
        before,
        "writing sites down explores the same"
    );
    assert_eq!(
        (during.len(), during.iter().all(|n| *n == before)),
        (report.knockouts.len(), true),
        "{during:?}"
    );
    assert_eq!(executions(), before);
}
