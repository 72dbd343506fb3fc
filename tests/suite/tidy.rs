//! What a reader relies on without looking: who may know what, what each file says of itself, what ci/ is.
//!
//! Each rule is a function of text, so that the tests at the end can show it something that breaks it; and each that
//! allows something in some place must find it there, or it looks for the wrong words.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Files with `unsafe` code; each says why with the code.
const UNSAFE: &[&str] = &[
    "src/explore/shuttle.rs",
    "src/runtime/fault.rs",
    "src/runtime/last_words.rs",
    "src/runtime/lock.rs",
    "src/runtime/pulse.rs",
    "src/sync/arc.rs",
    "src/sync/arc/raw.rs",
    "src/sync/arc/weak.rs",
    "src/sync/lazy.rs",
    "src/sync/mutex.rs",
    "src/sync/once.rs",
    "src/sync/rwlock.rs",
    "src/systems/account/models.rs",
    "src/systems/manager/models.rs",
    "src/systems/queue/lane.rs",
    "src/thread/scope.rs",
    "src/thread/spawn.rs",
];

/// Files outside of the command that write to standard error: in a worker, in a `drop`, and at the process's
/// end, nobody takes an error.
const LAST_WORDS: &[&str] =
    &["src/process/entry.rs", "src/process/spawn.rs", "src/runtime/last_words.rs", "src/systems/manager/server.rs"];

/// Files that are included in others, where `//!` cannot stand: they say their job in a plain comment.
const INCLUDED: &[&str] = &["tests/suite/conformance/bodies.rs", "tests/reference/programs.rs"];

/// Lines of code a file may have; documentation, comments and blank lines do not count.
const LINES: usize = 500;

/// Lines a script of ci/ may have.
const SCRIPT_LINES: usize = 30;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// The Rust files below a folder, with their texts: the paths are those from the root, with slashes.
fn sources(folder: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display())) {
            let path: PathBuf = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).expect("a text");
                found.push((path.strip_prefix(root()).expect("below the root").display().to_string(), text));
            }
        }
    }
    found.sort();
    assert!(found.len() > 1, "{folder} has no files: nothing was looked at");
    found
}

/// The text without its comments.
fn code(text: &str) -> String {
    let uncommented = |line: &str| {
        let inside_text = |place: usize| line[..place].replace("\\\"", "").matches('"').count() % 2 == 1;
        let comment = line.match_indices("//").map(|(place, _)| place).find(|place| !inside_text(*place));
        line[..comment.unwrap_or(line.len())].trim_end().to_string()
    };
    text.lines().map(uncommented).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

/// Whether the code has this word, and not only as a part of a longer one.
fn has(code: &str, word: &str) -> bool {
    let name = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(word).any(|(place, _)| {
        let after = &code[place + word.len()..];
        !(code[..place].ends_with(name) || word.ends_with(name) && after.starts_with(name))
    })
}

fn names_an_engine(code: &str) -> bool {
    has(code, "loom::") || has(code, "shuttle::")
}

fn starts_processes(code: &str) -> bool {
    let code: String = code.split_whitespace().collect();
    let list = |rest: &str| rest.split('}').next().is_some_and(|names| has(names, "Command"));
    code.contains("std::process::Command") || code.split("std::process::{").skip(1).any(list)
}

fn prints(code: &str) -> bool {
    ["print!", "println!", "eprint!", "eprintln!", "dbg!"].iter().any(|word| has(code, word))
}

fn is_unsafe(code: &str) -> bool {
    has(code, "unsafe")
}

/// Patterns that would take a forgotten explorer, or engine, for another one: in matches that name some of them.
fn swallows_an_explorer(code: &str) -> bool {
    !swallowing(code).is_empty()
}

fn swallowing(code: &str) -> Vec<String> {
    let matches = code.match_indices("match ").filter_map(|(place, _)| arms(&code[place..]));
    matches.flat_map(|arms| catch_alls(&patterns(&arms))).collect()
}

/// What stands between the braces of a match, and not in braces or brackets of its own: its arms, without bodies and fields.
fn arms(code: &str) -> Option<String> {
    let (mut depth, mut arms, mut brackets) = (0, String::new(), 0);
    for c in code.chars() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            // before the arms: the end of a statement is none of a match
            ';' if depth == 0 => return None,
            '(' | '[' if depth == 1 => brackets += 1,
            ')' | ']' if depth == 1 => brackets -= 1,
            _ => {}
        }
        match (depth, c) {
            (0, '}') => return Some(arms),
            // a body ends, and not the fields of a pattern
            (1, '}') if brackets == 0 && arms.rsplit(';').next().is_some_and(|arm| arm.contains("=>")) => {
                arms.push(';')
            }
            (1, ',') if brackets == 0 => arms.push(';'),
            (1, '{' | '}') | (0, _) => {}
            (1, _) => arms.push(c),
            (_, _) => {}
        }
    }
    None
}

/// The patterns of the arms, each as the parts of its tuple; with `if` where a guard stands.
fn patterns(arms: &str) -> Vec<Vec<String>> {
    let patterns = arms.split(';').filter_map(|arm| Some(arm.split_once("=>")?.0.trim().to_string()));
    let parts = |pattern: String| {
        let tuple = pattern.strip_prefix('(').and_then(|rest| rest.rsplit_once(')'));
        let (tuple, guard) = tuple.map_or((pattern.as_str(), ""), |(tuple, guard)| (tuple, guard));
        let mut parts: Vec<String> = tuple.split(',').map(|part| part.trim().to_string()).collect();
        parts.last_mut().into_iter().for_each(|last| last.push_str(guard));
        parts
    };
    patterns.map(parts).collect()
}

/// What stands for everything where other patterns name explorers.
fn catch_alls(patterns: &[Vec<String>]) -> Vec<String> {
    let names = |part: &&String| ["Explorer::", "Engine::"].iter().any(|word| part.starts_with(word));
    let all = |part: &&String| !part.is_empty() && part.chars().all(|c| c.is_lowercase() || c == '_');
    let columns = 0..patterns.iter().map(Vec::len).max().unwrap_or(0);
    let named = columns.filter(|at| patterns.iter().filter_map(|parts| parts.get(*at)).any(|part| names(&part)));
    let taken = |at: usize| {
        let open = patterns.iter().filter(move |parts| !parts.iter().any(|part| part.contains(" if ")));
        // a lone `_` stands for all columns
        open.filter_map(move |parts| parts.get(at).or(parts.first().filter(|_| parts.len() == 1)))
    };
    named.flat_map(|at| taken(at).filter(all).cloned().collect::<Vec<_>>()).collect()
}

/// The files below src whose code does something that only those in `places` (folders or files) may.
fn outside(does: fn(&str) -> bool, places: &[&str]) -> Vec<String> {
    let may = |path: &str| places.iter().any(|place| Path::new(path).starts_with(place));
    let (inside, outside): (Vec<_>, Vec<_>) =
        sources("src").into_iter().filter(|(_, text)| does(&code(text))).map(|(path, _)| path).partition(|p| may(p));
    for place in places {
        let there = inside.iter().any(|path| Path::new(path).starts_with(place));
        assert!(there, "{place} may, and does not: the rule looks for the wrong words, or the list is old");
    }
    outside
}

#[test]
fn only_the_runtime_and_the_explorers_name_an_engine() {
    assert_eq!(outside(names_an_engine, &["src/runtime", "src/explore"]), [""; 0]);
}

#[test]
fn only_process_starts_processes() {
    assert_eq!(outside(starts_processes, &["src/process"]), [""; 0]);
}

#[test]
fn only_the_command_prints() {
    assert_eq!(outside(prints, &[&["src/command"], LAST_WORDS].concat()), [""; 0]);
}

#[test]
fn unsafe_code_stands_in_listed_files_only() {
    assert_eq!(outside(is_unsafe, UNSAFE), [""; 0]);
}

#[test]
fn no_explorer_is_taken_for_another_one() {
    let mut seen = 0;
    for (path, text) in sources("src") {
        let code = code(&text);
        seen += code.matches("Explorer::Threads =>").count() + code.matches("Engine::Std =>").count();
        assert!(!swallows_an_explorer(&code), "{path}: {:?} beside explorers or engines", swallowing(&code));
    }
    assert!(seen > 20, "only {seen} arms were there to be looked at");
}

#[test]
fn the_first_line_of_each_file_says_its_job() {
    for (path, text) in ["src", "tests", "benches"].into_iter().flat_map(sources) {
        let text = if INCLUDED.contains(&path.as_str()) { text.replacen("// ", "//! ", 1) } else { text };
        assert!(says_its_job(&text), "{path} begins with {:?}", text.lines().next());
    }
}

fn says_its_job(text: &str) -> bool {
    text.lines().next().and_then(|line| line.strip_prefix("//! ")).is_some_and(|job| job.len() > 5)
}

#[test]
fn no_file_is_too_long_to_read() {
    for (path, text) in sources("src") {
        let lines = code(&text).lines().count();
        assert!(lines <= LINES, "{path} has {lines} lines of code, and {LINES} are the limit");
    }
}

#[test]
fn the_changelog_knows_the_version() {
    if let Err(why) = changelog(&read("Cargo.toml"), &read("CHANGELOG.md")) {
        panic!("{why}");
    }
}

fn changelog(manifest: &str, log: &str) -> Result<(), String> {
    let version = manifest.lines().find_map(|line| line.strip_prefix("version = \"")?.strip_suffix('"'));
    let version = version.ok_or("Cargo.toml has no version")?;
    let headings: Vec<&str> = log.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    let known = |heading: &&str| *heading == "Unreleased" || heading.split(' ').next() == Some(version);
    headings.iter().any(known).then_some(()).ok_or(format!("CHANGELOG.md has {headings:?}, and not {version}"))
}

#[test]
fn every_script_is_listed_can_be_run_and_says_what_it_is() {
    let readme = read("ci/README.md");
    let mut scripts = BTreeSet::new();
    for entry in fs::read_dir(root().join("ci")).expect("ci/") {
        let entry = entry.expect("an entry");
        let name = entry.file_name().into_string().expect("a name");
        if name != "README.md" && name != "floors" {
            let mode = entry.metadata().expect("metadata").permissions().mode();
            let wrong = script(&read(&format!("ci/{name}")), mode);
            assert!(wrong.is_empty(), "ci/{name}: {wrong:?}");
            scripts.insert(name);
        }
    }
    assert!(scripts.len() > 5, "too few: {scripts:?}");
    assert_eq!(listed(&readme), scripts, "ci/README.md lists other scripts than there are");
}

/// The scripts in the first column of the table.
fn listed(readme: &str) -> BTreeSet<String> {
    let cells = readme.lines().filter_map(|line| line.strip_prefix("| `ci/")?.split_once('`'));
    cells.map(|(name, _)| name.to_string()).collect()
}

/// What is wrong with a script.
fn script(text: &str, mode: u32) -> Vec<&'static str> {
    let lines: Vec<&str> = text.lines().collect();
    let header = lines.iter().skip(1).take_while(|line| line.starts_with("# ")).count();
    let mut wrong = Vec::new();
    for (right, what) in [
        (mode & 0o111 == 0o111, "cannot be run"),
        (lines.first() == Some(&"#!/usr/bin/env bash"), "is no bash script"),
        (header >= 2, "does not say what it is for"),
        (lines.iter().any(|line| line.starts_with("# Red")), "does not say what red means"),
        (lines.contains(&"set -euo pipefail"), "goes on after an error"),
        (lines.len() < SCRIPT_LINES, "is too long"),
    ] {
        if !right {
            wrong.push(what);
        }
    }
    wrong
}

// Each rule, shown something that breaks it.

#[test]
fn words_are_found_in_code_and_not_in_comments() {
    assert!(names_an_engine(&code("use loom::model;")) && names_an_engine("let a = ::shuttle::rand::rng();"));
    assert!(!names_an_engine(&code("/// loom::model explores\nuse heirloom::plate;")));
    assert!(starts_processes("use std::process::{Child,\n    Command, Stdio};"));
    assert!(starts_processes("std::process::Command::new(program)"));
    assert!(!starts_processes("use std::process::{ExitCode};\nenum Command {}"));
    assert!(prints("fn f() { println!(\"{x}\") }") && prints("dbg!(x);") && prints("eprintln!();"));
    assert!(!prints(&code("let blueprint = 1; // println!(\"no\")")));
    assert!(is_unsafe("unsafe { *pointer }") && !is_unsafe("#![deny(unsafe_code)]"));
}

#[test]
fn a_catch_all_beside_explorers_is_found() {
    let arm = "Explorer::Loom { preemption_bound: Some(n) } => { a(n); b }";
    assert!(swallows_an_explorer(&format!("match explorer {{ {arm} _ => c(1, 2), }}")));
    assert!(swallows_an_explorer("match explorer { Explorer::Dfs => 1, other => 2 }"));
    assert!(swallows_an_explorer("match (a, engine()) { (1, Engine::Loom) => 1, (_, _) => 2 }"));
    assert!(swallows_an_explorer("match (a, engine()) { (1, Engine::Loom) => match a { _ => 3 }, _ => 2 }"));
    assert!(swallows_an_explorer("match a { 1 => match e { Explorer::Dfs => {} _ => {} }, 2 => {} }"));
    assert!(!swallows_an_explorer(&format!("match explorer {{ {arm} Explorer::Dfs | Explorer::Threads => c }}")));
    assert!(!swallows_an_explorer("match (engine(), a) { (Engine::Loom, _) => 1, (Engine::Std, 2) => 2 }"));
    assert!(!swallows_an_explorer("match engine() { _ if endless => 0, Engine::Loom => 1, Engine::Std => 2 }"));
    assert!(!swallows_an_explorer("match name { \"dfs\" => Explorer::Dfs, _ => Explorer::Threads }"));
}

#[test]
fn comments_end_a_line_unless_they_stand_in_a_text() {
    assert_eq!(
        code("let a = 1; // one\n\n// two\nlet b = \"http://c\"; // three"),
        "let a = 1;\nlet b = \"http://c\";"
    );
}

#[test]
fn what_is_done_elsewhere_than_allowed_is_found() {
    let elsewhere = outside(names_an_engine, &["src/explore"]);
    assert!(elsewhere.iter().all(|path| path.starts_with("src/runtime/")) && !elsewhere.is_empty(), "{elsewhere:?}");
}

#[test]
#[should_panic = "may, and does not"]
fn a_permission_that_is_not_used_is_found() {
    outside(names_an_engine, &["src/runtime", "src/explore", "src/report"]);
}

#[test]
fn a_file_without_a_job_is_found() {
    assert!(says_its_job("//! Frames: how messages are cut.\n"));
    assert!(!says_its_job("use std::fmt;\n//! Frames.") && !says_its_job("//!\n") && !says_its_job(""));
}

#[test]
fn a_version_without_an_entry_is_found() {
    let manifest = "version = \"0.2.0\"";
    assert_eq!(changelog(manifest, "## 0.2.0 (2026-12-01)\n"), Ok(()));
    assert_eq!(changelog(manifest, "## Unreleased\n"), Ok(()));
    assert!(changelog(manifest, "## 0.2.01\n## 0.1.0\n0.2.0").is_err());
    assert!(changelog("", "## Unreleased\n").is_err());
}

#[test]
fn scripts_that_break_the_rules_are_found() {
    let good = "#!/usr/bin/env bash\n# What.\n# Red: what.\nset -euo pipefail\n";
    assert_eq!(script(good, 0o755), [""; 0]);
    assert_eq!(script(good, 0o644), ["cannot be run"]);
    let bad = "cargo test\n".repeat(30);
    let all = ["is no bash script", "does not say what it is for", "does not say what red means"];
    assert_eq!(script(&bad, 0o755), [&all[..], &["goes on after an error", "is too long"]].concat());
}

#[test]
fn a_script_is_listed_by_its_row() {
    assert_eq!(listed("see `ci/no`\n| `ci/fmt` | 1 |\n").into_iter().collect::<Vec<_>>(), ["fmt"]);
}
