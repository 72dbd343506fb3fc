//! Drawn reports against whole files under tests/golden; `UPDATE_GOLDEN=1` rewrites them.

mod scenes;

use selvedge::report::Style;
use selvedge::report::timeline;
use selvedge::verdict::Counterexample;
use std::path::Path;

/// Compares with the file, or rewrites it.
#[track_caller]
fn golden(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some_and(|value| value == "1") {
        std::fs::write(&path, text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        return;
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    assert!(
        text == expected,
        "tests/golden/{name} differs (UPDATE_GOLDEN=1 rewrites it). It says\n{expected}\nand now it is\n{text}"
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
