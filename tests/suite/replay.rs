//! Tokens: which execution they replay, and what they say of a program that has changed since.

use proptest::prelude::*;
use selvedge::counterexample::Token;
use selvedge::sync::Arc;
use selvedge::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use selvedge::{Bound, Check, Config, Explorer, Verdict, thread};

const ENGINES: [Explorer; 4] = [
    Explorer::Exhaustive,
    Explorer::Dfs,
    Explorer::Pct { seed: 7, depth: 3 },
    Explorer::Loom { preemption_bound: None },
];

/// Two tellers, one of whom pays in with `pay`.
fn tellers(pay: fn(&AtomicUsize)) {
    let balance = Arc::new(AtomicUsize::new(0));
    let theirs = Arc::clone(&balance);
    let teller = thread::spawn(move || theirs.store(theirs.load(SeqCst) + 1, SeqCst));
    pay(&balance);
    teller.join().unwrap();
    assert_eq!(balance.load(SeqCst), 2);
}

fn unlocked() {
    tellers(|balance| balance.store(balance.load(SeqCst) + 1, SeqCst));
}

/// The same events at other lines.
fn moved() {
    tellers(|balance| {
        let now = balance.load(SeqCst);
        balance.store(now + 1, SeqCst);
    });
}

/// The main thread's load and store are one operation, and the update may be lost all the same.
fn mended_by_half() {
    tellers(|balance| assert!(balance.fetch_add(1, SeqCst) < 2));
}

/// One more load before the update.
fn looks_first() {
    tellers(|balance| {
        assert!(balance.load(SeqCst) < 2);
        balance.store(balance.load(SeqCst) + 1, SeqCst);
    });
}

fn six_operations() {
    let shared = Arc::new(AtomicUsize::new(0));
    let theirs = Arc::clone(&shared);
    let other =
        thread::spawn(move || (0..3).for_each(|_| assert!(theirs.fetch_add(1, SeqCst) < 6)));
    (0..3).for_each(|_| assert!(shared.fetch_add(1, SeqCst) < 6));
    other.join().unwrap();
}

fn find(explorer: Explorer, model: fn()) -> selvedge::Counterexample {
    match Check::new("unlocked").explorers([explorer]).config(Config::default()).run(model) {
        Verdict::Violated(found) => *found,
        other => panic!("{explorer}: {other:?}"),
    }
}

fn replay(token: &str, model: fn()) -> Verdict {
    Check::new("unlocked")
        .config(Config { replay: Some(token.to_string()), failures: None, explorers: None })
        .run(model)
}

/// Why there is nothing to be seen.
fn refused(token: &str, model: fn()) -> String {
    match replay(token, model) {
        Verdict::Unknown(Bound::Replay(why)) => why,
        other => panic!("{token}: {other:?}"),
    }
}

#[test]
fn a_token_of_another_model_or_version_does_not_pass_for_a_verdict() {
    // another model's token: this one is explored as usual
    assert!(matches!(replay("v1:dfs:0:other", unlocked), Verdict::Violated(_)));
    let broken = [
        ("v1:dfs:9-9-9:unlocked", "choice 1 is 9"),
        ("v1:dfs:0.x:unlocked", "at byte 9: 'x' stands for no operation"),
        ("v2:dfs:0:unlocked", "v1"),
        ("", ""),
    ];
    for (token, word) in broken {
        let why = refused(token, unlocked);
        assert!(why.contains(word), "{token}: {why}");
    }
    // a schedule that fits, but does not fail any more
    refused("v1:dfs::unlocked", six_operations);
    refused("v1:loom:3:unlocked", six_operations);
}

#[test]
fn a_replay_is_the_same_execution_wherever_its_lines_have_gone() {
    for explorer in ENGINES {
        let found = find(explorer, unlocked);
        for model in [unlocked, moved] {
            let Verdict::Violated(again) = replay(&found.replay, model) else {
                panic!("{explorer}: {}", found.replay)
            };
            let what = |of: &selvedge::Counterexample| -> Vec<_> {
                of.trace.events.iter().map(|e| (e.thread, e.operation, e.object, e.value)).collect()
            };
            assert_eq!((what(&again), again.kind), (what(&found), found.kind), "{explorer}");
            assert_eq!(again.replay, found.replay);
        }
    }
}

/// These programs fail too, and the schedule fits them: only the events tell that they are others.
#[test]
fn a_token_of_a_program_that_has_changed_names_the_first_event_that_differs() {
    for explorer in ENGINES {
        let found = find(explorer, unlocked);
        for (model, is, was) in [
            (
                mended_by_half as fn(),
                "event #2 is main's fetch_add of atomic 1 at tests/suite/replay.rs:",
                "load",
            ),
            (looks_first, "event #5 is main's load of atomic 1 at tests/suite/replay.rs:", "store"),
        ] {
            let why = refused(&found.replay, model);
            let ends = format!(", and was a {was} of atomic 1");
            match explorer {
                // the execution of this number is another one in another program: some event of it
                // differs
                Explorer::Loom { .. } => {
                    assert!(why.contains("event #") && why.contains(", and was a "), "{why}")
                }
                _ => assert!(
                    why.contains(is) && why.ends_with(&ends),
                    "{explorer}, {}: {why}",
                    found.replay
                ),
            }
        }
        // the twin: a token without its events does not see it
        let (blind, _) = found.replay.rsplit_once('.').expect("events");
        let seen = format!("{:?}", replay(&format!("{blind}:unlocked"), mended_by_half));
        assert!(!seen.contains(", and was a "), "{blind}: {seen}");
    }
}

/// An execution that goes on after the token's was over, and one that ends earlier.
#[test]
fn a_longer_and_a_shorter_execution_are_told_apart() {
    let found = find(Explorer::Exhaustive, unlocked);
    let (events, model) = found.replay.rsplit_once(':').expect("a model");
    let shorter = format!("{}:{model}", events.strip_suffix("r0").expect("the last load"));
    let why = refused(&shorter, unlocked);
    assert!(why.ends_with(", and was not there: the execution was over"), "{why}");
    let longer = format!("{events}y:{model}");
    let why = refused(&longer, unlocked);
    assert!(why.contains("the execution is over before event #8, a yield"), "{why}");
}

proptest! {
    #[test]
    fn arbitrary_text_is_a_token_or_an_error_with_a_place(text in ".{0,80}") {
        if let Err(error) = text.parse::<Token>() {
            prop_assert!(error.offset() <= text.len());
            prop_assert!(error.to_string().starts_with("not a replay token: at byte "));
        }
    }

    #[test]
    fn a_token_survives_its_text(
        text in "v1:(loom\\.2:[1-9][0-9]{0,4}|pct\\.3\\.7:([0-9](x[1-9])?)(-[0-9]){0,20}|dfs:)\
                 :[a-z:/_]{1,20}",
    ) {
        let token: Token = text.parse().expect("well-formed");
        let again: Token = token.to_string().parse().expect("its own text");
        prop_assert_eq!(token, again);
    }
}

/// Loads more often than a token has events; then loses an update, or fails at once.
fn long(fails: bool) {
    let noise = AtomicUsize::new(0);
    (0..70).for_each(|_| assert_eq!(noise.load(SeqCst), 0));
    let balance = Arc::new(AtomicUsize::new(0));
    let theirs = Arc::clone(&balance);
    let teller = thread::spawn(move || theirs.store(theirs.load(SeqCst) + 1, SeqCst));
    let seen = balance.load(SeqCst);
    assert!(!fails, "something else altogether");
    balance.store(seen + 1, SeqCst);
    teller.join().unwrap();
    assert_eq!(balance.load(SeqCst), 2);
}

#[test]
fn a_failure_beyond_the_events_of_a_token_is_told_by_its_choices() {
    let check = |config| Check::new("long").explorers([Explorer::Exhaustive]).config(config);
    let Verdict::Violated(found) = check(Config::default()).run(|| long(false)) else {
        panic!("it loses an update")
    };
    let config = Config { replay: Some(found.replay.clone()), failures: None, explorers: None };
    assert!(matches!(check(config.clone()).run(|| long(false)), Verdict::Violated(_)));
    match check(config).run(|| long(true)) {
        Verdict::Unknown(Bound::Replay(why)) => assert!(why.contains("choices"), "{why}"),
        other => panic!("{other:?}"),
    }
}
