//! The floors of the gates are tight: `ci/floors` has as many tests and checks as there are.
//!
//! What is counted is what a reader can count: `#[test]`, the names in the lists of the tests
//! without a harness, the blocks of code in the documentation, the pairs of a model and explorers.
//! The trials that a loop makes (of each model of the manager, of each end of a process) come on
//! top.

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// The Rust files below a folder, with their texts.
fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display())) {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = read(&path);
                found.push((path, text));
            }
        }
    }
    assert!(!found.is_empty(), "{folder} has no files: nothing was counted");
    found
}

/// How many tests a file has: those with the attribute, and those in lists of names, which stand
/// one on a line.
fn tests(text: &str) -> usize {
    let attributes = text.lines().filter(|line| line.trim() == "#[test]").count();
    let lists = text.split("tests![\n").skip(1).filter_map(|rest| rest.split(']').next());
    let named = |list: &str| list.lines().filter(|line| line.trim().ends_with(',')).count();
    attributes + lists.map(named).sum::<usize>() + everywhere(text)
}

/// How many tests the conformance suite's macro makes beyond the attributes that stand in it: each
/// of them for each body.
fn everywhere(text: &str) -> usize {
    let macro_and_uses = text
        .split_once("\nmacro_rules! everywhere {")
        .and_then(|two| two.1.split_once("\neverywhere! {"));
    let Some((definition, uses)) = macro_and_uses else { return 0 };
    let each = definition.lines().filter(|line| line.trim() == "#[test]").count();
    let words = uses.split('}').next().unwrap_or_default().split_whitespace();
    let bodies = words.filter(|word| !word.ends_with(':') && *word != ";").count();
    each * (bodies - 1)
}

/// How many blocks of code of a text are tests: those that say nothing else.
fn blocks<'a>(lines: impl Iterator<Item = &'a str>) -> usize {
    let (mut inside, mut count) = (false, 0);
    for language in lines.filter_map(|line| line.trim().strip_prefix("```")) {
        inside = !inside;
        let is_test = !["text", "sh", "toml", "json", "ignore"].contains(&language);
        count += usize::from(inside && is_test);
    }
    count
}

/// How many examples the documentation of a file has.
fn examples(text: &str) -> usize {
    blocks(text.lines().filter_map(|line| {
        let line = line.trim();
        line.strip_prefix("///").or_else(|| line.strip_prefix("//!"))
    }))
}

/// How many tests `cargo test` runs, as far as they can be counted.
fn all_tests() -> usize {
    let is = |path: &Path, name: &str| path.starts_with(root().join(name));
    let code = sources("src").into_iter().chain(sources("tests"));
    let written: usize =
        code.filter(|(path, _)| !is(path, "tests/bare.rs")).map(|(_, text)| tests(&text)).sum();
    let library = sources("src")
        .into_iter()
        .filter(|(path, _)| !is(path, "src/command") && !is(path, "src/main.rs"));
    let documented: usize = library.map(|(_, text)| examples(&text)).sum();
    written + documented + blocks(read(&root().join("README.md")).lines())
}

/// How many checks `cargo run --release` makes: each system for real, and each model under loom and
/// on shuttle, where it can be.
fn checks() -> usize {
    let can = |model: &selvedge::systems::Model, engine: &str| {
        model.not_in.iter().all(|(other, _)| *other != engine)
    };
    let models = selvedge::systems::models();
    let systems: std::collections::BTreeSet<&str> =
        models.iter().map(selvedge::systems::Model::system).collect();
    let pairs = models
        .iter()
        .map(|model| ["loom", "shuttle"].iter().filter(|engine| can(model, engine)).count());
    systems.len() + pairs.sum::<usize>()
}

/// A number of `ci/floors`.
fn floor(name: &str) -> usize {
    let text = read(&root().join("ci/floors"));
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
    line.and_then(|number| number.parse().ok())
        .unwrap_or_else(|| panic!("ci/floors has no number for {name}"))
}

#[track_caller]
fn is_tight(name: &str, exist: usize) {
    assert!(exist > 0, "nothing was counted for {name}");
    assert_eq!(
        floor(name),
        exist,
        "ci/floors: write {name}={exist}, after a look at what became more or fewer"
    );
}

#[test]
fn the_floor_of_the_tests_is_how_many_there_are() {
    is_tight("tests", all_tests());
}

#[test]
fn the_floor_of_the_bare_gate_is_how_many_tests_it_has() {
    is_tight("bare", tests(&read(&root().join("tests/bare.rs"))));
}

#[test]
fn the_floor_of_the_journey_is_how_many_tests_it_has() {
    let files =
        sources("examples/journey/src").into_iter().chain(sources("examples/journey/tests"));
    is_tight("journey", files.map(|(_, text)| tests(&text)).sum());
}

#[test]
fn the_floor_of_the_checks_is_how_many_there_are() {
    is_tight("checks", checks());
}

#[test]
fn every_gate_with_a_floor_reads_it() {
    for (gate, name) in [
        ("test", "tests"),
        ("bare", "bare"),
        ("journey", "journey"),
        ("models", "checks"),
        ("knockouts", "sites"),
    ] {
        let script = read(&root().join("ci").join(gate));
        let reads = script.contains(&format!("s/^{name}=//p")) && script.contains("ci/floors");
        assert!(reads && floor(name) > 0, "ci/{gate} does not read {name} of ci/floors");
    }
}

// Each way of counting, shown what it counts and what it does not.

#[test]
fn tests_are_counted_by_attribute_and_by_list() {
    assert_eq!(tests("#[test]\nfn a() {}\n// #[test]\n    #[test]\nfn b() {}"), 2);
    let made = "\nmacro_rules! everywhere {\n  #[test]\n  #[test]\n}\n\n\
                everywhere! {\n  loom:\n    a b\n    c;\n}\n";
    assert_eq!(tests(made), 6);
    assert_eq!(
        tests(
            "    tests![\n        one,\n        another,\n    ];\n    other![\n        a,\n    ];\n"
        ),
        2
    );
}

#[test]
fn examples_are_counted_unless_they_are_no_code_of_rust() {
    assert_eq!(examples("//! ```\n//! a();\n//! ```\n//! ```text\n//! b\n//! ```\n"), 1);
    assert_eq!(examples("    /// ```should_panic\n    /// a();\n    /// ```\nlet a = \"```\";"), 1);
    assert_eq!(blocks("```rust\na();\n```\n\n```sh\nls\n```\n".lines()), 1);
}
