//! The smallest schedule: what a failure is reduced to, and that the search for it ends.

use selvedge::sync::Arc;
use selvedge::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use selvedge::systems::account::MODELS;
use selvedge::{Check, Config, Counterexample, Explorer, Kind, Verdict, thread};
use std::time::Duration;

fn violated(check: Check, explorer: Explorer, model: fn()) -> Counterexample {
    match check.explorers([explorer]).run(model) {
        Verdict::Violated(found) => *found,
        other => panic!("{explorer}: {other:?}"),
    }
}

/// Three threads, the first two of which lose an update; the third only makes schedules longer.
fn lost_beside_noise() {
    let balance = Arc::new(AtomicUsize::new(0));
    let noise = Arc::new(AtomicUsize::new(0));
    let shared = Arc::clone(&noise);
    let noisy =
        thread::spawn(move || (0..4).for_each(|_| assert!(shared.fetch_add(1, SeqCst) < 99)));
    let theirs = Arc::clone(&balance);
    let teller = thread::spawn(move || theirs.store(theirs.load(SeqCst) + 1, SeqCst));
    noise.fetch_add(1, SeqCst);
    balance.store(balance.load(SeqCst) + 1, SeqCst);
    noise.fetch_add(1, SeqCst);
    teller.join().unwrap();
    noisy.join().unwrap();
    assert_eq!(balance.load(SeqCst), 2);
}

#[test]
fn a_failure_is_shown_with_the_fewest_preemptions_and_replays_so() {
    for seed in 0..5 {
        let explorer = Explorer::Random { seed };
        let long =
            violated(Check::new("noise").shrink(Duration::ZERO), explorer, lost_beside_noise);
        let short = violated(Check::new("noise"), explorer, lost_beside_noise);
        // one thread must be stopped between its load and its store, and nothing else
        assert_eq!(short.preemptions, 1, "{:?}", short.trace.events);
        if long.preemptions > 1 {
            let from = short.reduced_from.expect("it was reduced");
            assert_eq!(
                (from.preemptions, from.events),
                (long.preemptions, long.trace.events.len())
            );
        }
        let config = Config { replay: Some(short.replay.clone()), failures: None, explorers: None };
        let again = violated(Check::new("noise").config(config), explorer, lost_beside_noise);
        assert_eq!(again.trace.events, short.trace.events);
    }
}

/// Fails in every execution; in those that start with the second thread, the first one has less to
/// do.
fn fails_sooner_or_later() {
    let flag = Arc::new(AtomicUsize::new(0));
    let (first, second) = (Arc::clone(&flag), Arc::clone(&flag));
    let first = thread::spawn(move || {
        if first.load(SeqCst) == 0 {
            (0..6).for_each(|_| assert!(first.load(SeqCst) < 2));
        }
    });
    let second = thread::spawn(move || second.store(1, SeqCst));
    first.join().unwrap();
    second.join().unwrap();
    assert_eq!(flag.load(SeqCst), 0);
}

#[test]
fn a_failure_is_shown_with_the_fewest_events_although_the_first_schedule_has_more() {
    for seed in 0..5 {
        let short =
            violated(Check::new("sooner"), Explorer::Random { seed }, fails_sooner_or_later);
        // two spawns, a store, a load, two joins, and the load that fails
        assert_eq!(
            (short.preemptions, short.trace.events.len()),
            (0, 7),
            "{:?}",
            short.trace.events
        );
    }
}

#[test]
fn the_search_for_fewer_events_ends_although_time_is_left() {
    let race = MODELS
        .iter()
        .find(|model| model.name == "account/broken/plain-memory")
        .expect("it is there");
    let found = violated(
        Check::new(race.name).shrink(Duration::from_secs(3_600)),
        Explorer::Exhaustive,
        race.body,
    );
    // two spawns and two writes, the second of them by a teller who begins where the first one
    // ended
    assert_eq!((found.kind, found.preemptions, found.trace.events.len()), (Kind::DataRace, 0, 4));
}

#[test]
fn a_failure_without_events_is_the_smallest() {
    let check = Check::new("at once").shrink(Duration::from_secs(3_600));
    let found = violated(check, Explorer::Exhaustive, || panic!("at once"));
    assert_eq!((found.kind, found.trace.events.len()), (Kind::Panic, 0));
}
