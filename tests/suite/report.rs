//! Drawn reports against whole files under tests/golden; `UPDATE_GOLDEN=1` rewrites them.

mod names;
mod page;

use crate::scenes;
use proptest::prelude::*;
use selvedge::process::frame::{from_bytes, to_bytes};
use selvedge::report::{Finding, Row, Style, json, junit, table, timeline};
use selvedge::trace::{
    Awaited, Blocked, Event, Object, ObjectId, ObjectKind, Operation, Outcome, Thread, ThreadId,
    Trace, Value,
};
use selvedge::{Check, Config, Counterexample, Expect, Explorer, Kind, Verdict};
use std::panic::Location;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Compares with the file, or rewrites it.
#[track_caller]
fn golden(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some_and(|value| value == "1") {
        std::fs::write(&path, text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        return;
    }
    let expected =
        std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    assert!(
        text == expected,
        "tests/golden/{name} differs (UPDATE_GOLDEN=1 rewrites it). It says\n{expected}\nand now \
         it is\n{text}"
    );
}

#[track_caller]
fn draws(name: &str, found: &Counterexample) {
    golden(&format!("{name}.txt"), &timeline::counterexample(found, &Style::Plain));
}

#[test]
fn a_lost_update_names_the_store_that_it_overwrites() {
    draws("lost_update", &scenes::lost_update::counterexample());
}

#[test]
fn a_stale_load_under_loom_is_marked() {
    draws("stale", &scenes::stale::counterexample());
}

#[test]
fn a_data_race_marks_both_sides() {
    draws("race", &scenes::race::counterexample());
}

#[test]
fn a_deadlock_shows_the_cycle_in_words() {
    draws("deadlock", &scenes::deadlock::counterexample());
}

#[test]
fn a_lost_wakeup_has_no_cycle() {
    draws("lost_wakeup", &scenes::lost_wakeup::counterexample());
}

#[test]
fn five_threads_stay_readable() {
    draws("crowd", &scenes::crowd::counterexample());
}

#[test]
fn three_hundred_events_are_elided_in_the_middle() {
    draws("long", &scenes::long::counterexample());
}

#[test]
fn colours_add_nothing_but_colour() {
    let found = scenes::stale::counterexample();
    golden("stale.ansi", &timeline::counterexample(&found, &Style::Colour));
}

#[test]
fn an_event_is_one_line() {
    let found = scenes::lost_update::counterexample();
    let line = timeline::one_line(&found.trace, 4);
    assert_eq!(line.as_deref(), Some("teller 2: balance.store <- 1 at lost_update.rs:16"));
    assert_eq!(timeline::one_line(&found.trace, 99), None);
}

#[test]
fn a_long_message_is_wrapped_and_keeps_its_place() {
    let mut found = scenes::race::counterexample();
    found.location = Some("src/queue/mod.rs:88:9".to_string());
    found.message = "a word ".repeat(40);
    let drawn = timeline::counterexample(&found, &Style::Plain);
    assert!(drawn.contains("\n  at queue/mod.rs:88\n"), "{drawn}");
    assert!(drawn.lines().all(|line| line.chars().count() <= timeline::WIDTH), "{drawn}");
    found.message = " ".repeat(400);
    assert!(timeline::counterexample(&found, &Style::Plain).contains("at queue/mod.rs:88"));
}

/// A list of checks with one of each kind.
fn rows() -> Vec<Row> {
    let row = |system: &str,
               model: &str,
               explorer: &str,
               executions,
               coverage: &str,
               verdict: &str,
               expected| Row {
        system: system.to_string(),
        model: model.to_string(),
        explorer: explorer.to_string(),
        executions,
        coverage: coverage.to_string(),
        verdict: verdict.to_string(),
        expected,
        note: String::new(),
        took: Duration::from_millis(executions),
    };
    let mut rows = vec![
        row("account", "account/200000", "real run", 1, "real threads", "holds", true),
        row("account", "account/locked", "loom:2", 30, "bounded by 2 preemptions", "holds", true),
        row("account", "account/locked", "dfs", 518, "exhaustive", "holds", true),
        row("account", "account/unlocked", "dfs", 2, "up to the failure", "violated: panic", true),
        row("queue", "queue/join_before_drain", "pct:3:7", 10_000, "sampled", "holds", false),
        row("queue", "queue/drain", "loom", 0, "none", "unknown: 5000 ms", false),
    ];
    rows[4].note = "expected violated: deadlock".to_string();
    rows
}

#[test]
fn a_table_says_what_is_not_as_expected() {
    let rows = rows();
    golden(
        "table.txt",
        &(table::table(&rows, &Style::Plain) + "\n" + &table::closing(&rows, &Style::Plain) + "\n"),
    );
    assert_eq!(table::closing(&rows[..1], &Style::Plain), "1 check: 1 as expected");
}

/// A counterexample as it is reported.
fn finding(found: &Counterexample) -> Finding {
    Finding::new(found, &Style::Plain, timeline::WIDTH)
}

#[test]
fn the_json_has_its_documented_names() {
    let found = finding(&scenes::stale::counterexample());
    let rows = rows();
    let checks: Vec<_> =
        rows.iter().enumerate().map(|(i, row)| (row, (i == 3).then_some(&found))).collect();
    let text = json::document(&checks);
    golden("report.json", &text);
    let read: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
    let summary = &read["summary"];
    assert_eq!(
        [&summary["checks"], &summary["expected"], &summary["unexpected"], &summary["unknown"]],
        [6, 4, 1, 1]
    );
    assert_eq!(read["checks"][3]["counterexample"]["events"][1]["value"].as_u64(), Some(u64::MAX));
}

#[test]
fn junit_is_xml_that_says_the_same() {
    let mut rows = rows();
    let nasty = "<&>\"']]> \u{1b}\n\tend";
    rows[4].model = nasty.to_string();
    let mut found = scenes::deadlock::counterexample();
    found.model = nasty.to_string();
    let there = finding(&found);
    let checks: Vec<_> =
        rows.iter().enumerate().map(|(i, row)| (row, (i == 4).then_some(&there))).collect();
    let xml = junit::document(&checks);
    let document = roxmltree::Document::parse(&xml).expect("it is XML");
    let cases: Vec<_> =
        document.descendants().filter(|node| node.has_tag_name("testcase")).collect();
    assert_eq!(cases.len(), rows.len());
    assert_eq!(cases[4].attribute("name"), Some("<&>\"']]> \u{fffd}\n\tend [pct:3:7]"));
    let failures: Vec<_> =
        document.descendants().filter(|node| node.has_tag_name("failure")).collect();
    let kinds: Vec<_> = failures.iter().map(|node| node.attribute("type")).collect();
    assert_eq!(kinds, [Some("holds"), Some("unknown")]);
    let drawn = timeline::counterexample(&found, &Style::Plain);
    assert!(failures[0].text().expect("a body").ends_with(&drawn), "{xml}");
    assert_eq!(document.root_element().attribute("failures"), Some("2"));
    // each check takes as many milliseconds as it has executions
    assert_eq!(cases[2].attribute("time"), Some("0.518"));
    let groups = document.descendants().filter(|node| node.has_tag_name("testsuite"));
    let times: Vec<_> = groups.map(|node| node.attribute("time")).collect();
    assert_eq!(times, [Some("0.551"), Some("10.000")]);
    assert_eq!(document.root_element().attribute("time"), Some("10.551"));
}

#[test]
fn a_finding_says_the_same_in_another_process() {
    let mut found = scenes::stale::counterexample();
    let values = [
        Value::Unsigned(u64::MAX),
        Value::Signed(i64::MIN),
        Value::Signed(5),
        Value::Bool(true),
        Value::Pointer(0x1000),
        Value::Outcome(Outcome::TimedOut),
    ];
    for (event, value) in found.trace.events.iter_mut().zip(values) {
        event.value = Some(value);
    }
    let here = Finding::new(&found, &Style::Colour, 80);
    let there: Finding = from_bytes(&to_bytes(&here).expect("bytes")).expect("a finding");
    assert_eq!(there.drawing(), timeline::counterexample_within(&found, &Style::Colour, 80));
    let row = Row::default();
    let document = json::document(&[(&row, Some(&there))]);
    assert_eq!(document, json::document(&[(&row, Some(&here))]));
    let read: serde_json::Value = serde_json::from_str(&document).expect("it is JSON");
    let events = read["checks"][0]["counterexample"]["events"].as_array().expect("a list");
    let values: Vec<_> =
        events.iter().take(values.len()).map(|event| event["value"].clone()).collect();
    assert_eq!(
        values,
        serde_json::json!([u64::MAX, i64::MIN, 5, true, "0x1000", "timed out"]).as_array().unwrap()
            [..]
    );
    assert_eq!(junit::document(&[(&row, Some(&there))]), junit::document(&[(&row, Some(&here))]));
}

/// Any trace at all, sensible or not, with names that a terminal would obey.
fn any_counterexample() -> impl Strategy<Value = Counterexample> {
    let name =
        prop::option::of(prop_oneof!["[a-z]{1,40}", Just("\x1b[2J\n口 replay: x".to_string())]);
    let on = prop_oneof![
        (0..5u32).prop_map(|lock| Awaited::Lock(ObjectId(lock))),
        (0..5u32).prop_map(|condvar| Awaited::Notification(ObjectId(condvar))),
        (0..9u32).prop_map(|thread| Awaited::End(ThreadId(thread))),
        Just(Awaited::Unpark),
    ];
    let holders = prop::collection::vec((0..9u32).prop_map(ThreadId), 0..3);
    let blocked = (on, holders).prop_map(|(on, holders)| Blocked { on, holders });
    let threads = prop::collection::vec((name.clone(), prop::option::of(blocked)), 1..6);
    let objects = prop::collection::vec(name.clone(), 1..4);
    let operation = prop_oneof![
        Just(Operation::Load(Ordering::Relaxed)),
        Just(Operation::Store(Ordering::SeqCst)),
        Just(Operation::Rmw("compare_exchange", Ordering::AcqRel)),
        Just(Operation::Lock),
        Just(Operation::Unlock),
        Just(Operation::Write),
        (0..9u32).prop_map(|thread| Operation::Join(ThreadId(thread))),
    ];
    let events = prop::collection::vec((0..7u32, operation, 0..5u32, any::<u64>()), 0..300);
    let conflicts = prop::collection::vec((0..300usize, 0..300usize), 0..4);
    let kind = prop_oneof![Just(Kind::Panic), Just(Kind::DataRace), Just(Kind::Deadlock)];
    (threads, objects, events, conflicts, kind, ".*", prop::option::of(".*")).prop_map(
        |(threads, objects, events, conflicts, kind, message, location)| Counterexample {
            model: "any/model".to_string(),
            kind,
            message,
            location,
            explorer: Explorer::Dfs,
            execution: 1,
            preemptions: 0,
            trace: Trace {
                events: events
                    .into_iter()
                    .map(|(thread, operation, object, value)| Event {
                        thread: ThreadId(thread),
                        operation,
                        object: Some(ObjectId(object)),
                        value: Some(Value::Unsigned(value)),
                        written: Some(Value::Unsigned(value + u64::from(value == 0))),
                        location: Location::caller(),
                    })
                    .collect(),
                objects: objects
                    .into_iter()
                    .map(|name| Object {
                        kind: ObjectKind::Atomic,
                        name,
                        created: Location::caller(),
                    })
                    .collect(),
                threads: threads
                    .into_iter()
                    .map(|(name, blocked)| Thread { name, blocked, pending: None })
                    .collect(),
                ..Trace::default()
            },
            reduced_from: None,
            caveat: None,
            conflicts,
            replay: "v1:any".to_string(),
        },
    )
}

/// The numbers of the events that a drawing shows.
fn drawn_events(drawing: &str) -> Vec<usize> {
    drawing
        .lines()
        .skip(3)
        .map_while(|line| (!line.is_empty()).then_some(line))
        .filter_map(numbered)
        .collect()
}

fn numbered(line: &str) -> Option<usize> {
    let number = line.strip_prefix("  ")?.split_whitespace().next()?;
    // Numbers stand at the left: everything else there is indented further.
    let indent = line.len() - line.trim_start().len();
    (indent <= 4).then(|| number.parse().ok()).flatten()
}

proptest! {
    // Drawn twice each, hundreds of events: more cases take seconds.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_drawing_has_one_replay_line_and_keeps_what_matters(found in any_counterexample()) {
        let plain = timeline::counterexample(&found, &Style::Plain);
        prop_assert_eq!(plain.lines().filter(|line| line.starts_with("replay:")).count(), 1);
        prop_assert!(!plain.contains('\x1b'));
        let length = found.trace.events.len();
        let drawn = drawn_events(&plain);
        for place in length.saturating_sub(10)..length {
            prop_assert!(
                drawn.contains(&(place + 1)),
                "#{} of the last ten is missing in\n{plain}",
                place + 1
            );
        }
        for (first, second) in &found.conflicts {
            if *first < length && *second < length {
                prop_assert!(
                    drawn.contains(&(first + 1)) && drawn.contains(&(second + 1)),
                    "{plain}"
                );
            }
        }
        let coloured = timeline::counterexample(&found, &Style::Colour);
        prop_assert_eq!(without_colours(&coloured), plain);
    }
}

/// The text without `ESC [ ... m`, and without the spaces that then end its lines.
fn without_colours(text: &str) -> String {
    let mut plain = String::new();
    for (i, piece) in text.split("\x1b[").enumerate() {
        plain += if i == 0 { piece } else { piece.split_once('m').map_or("", |(_, rest)| rest) };
    }
    plain.lines().map(|line| line.trim_end().to_string() + "\n").collect()
}

/// What an explorer finds in a model that is violated.
#[track_caller]
fn explored(
    model: impl Fn() + Send + Sync + 'static,
    explorer: Explorer,
    kind: Kind,
) -> Counterexample {
    let verdict =
        Check::new("any/model").config(Config::default()).explorers([explorer]).run(model);
    assert!(verdict.is(Expect::Violation(kind)), "{verdict:?}");
    let Verdict::Violated(found) = verdict else { unreachable!("just seen") };
    *found
}

#[test]
fn a_lost_update_that_depth_first_search_finds() {
    draws("real_lost_update_dfs", &explored(scenes::real::lost_update, Explorer::Dfs, Kind::Panic));
}

#[test]
fn a_lost_update_that_loom_finds() {
    let loom = Explorer::Loom { preemption_bound: Some(2) };
    draws("real_lost_update_loom", &explored(scenes::real::lost_update, loom, Kind::Panic));
}

#[test]
fn a_relaxed_publication_that_loom_finds() {
    let loom = Explorer::Loom { preemption_bound: None };
    draws(
        "real_relaxed_publication",
        &explored(scenes::real::relaxed_publication, loom, Kind::Panic),
    );
}

#[test]
fn a_deadlock_that_depth_first_search_finds() {
    draws("real_deadlock", &explored(scenes::real::opposite_orders, Explorer::Dfs, Kind::Deadlock));
}

/// Each stale read has its reason below it: what does not release, what does not acquire, that
/// nothing orders the two, that the other store is the older one.
#[test]
fn failures_of_weak_memory_say_why_each_stale_read_is_allowed() {
    let found = |model: fn()| explored(model, Explorer::Graphs, Kind::Panic);
    draws("weak_message_passing", &found(scenes::weak::message_passing));
    draws("weak_store_buffering", &found(scenes::weak::store_buffering));
    draws("weak_not_passed_on", &found(scenes::weak::not_passed_on));
    draws("weak_never_published", &found(scenes::weak::never_published));
    draws("weak_crossed_stores", &found(scenes::weak::crossed_stores));
}

#[test]
fn the_readme_draws_a_failure_of_weak_memory_as_it_is() {
    let readme = include_str!("../../README.md");
    let drawn = include_str!("../golden/weak_not_passed_on.txt");
    let table = drawn.lines().skip(2).take_while(|line| !line.is_empty());
    let table: Vec<&str> = table.collect();
    assert!(readme.contains(&table.join("\n")), "{}", table.join("\n"));
    assert!(table.last().is_some_and(|line| line.contains("does not release #3")), "{table:?}");
}
