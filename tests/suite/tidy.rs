//! What a reader relies on without looking: who may know what, what each file says of itself, what
//! ci/ is.
//!
//! Each rule is a function of text, so that the tests at the end can show it something that breaks
//! it; and each that allows something in some place must find it there, or it looks for the wrong
//! words.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Files with `unsafe` code; each says why with the code.
const UNSAFE: &[&str] = &[
    "src/alloc.rs",
    "src/cell.rs",
    "src/cell/pointer.rs",
    "src/execution/birth.rs",
    "src/execution/constant.rs",
    "src/execution/failure/fault.rs",
    "src/execution/failure/last_words.rs",
    "src/execution/loom/lock.rs",
    "src/execution/memory/atomic.rs",
    "src/execution/pulse.rs",
    "src/execution/region.rs",
    "src/explore/shuttle.rs",
    "src/future/atomic_waker.rs",
    "src/future/task.rs",
    "src/sync/arc.rs",
    "src/sync/arc/raw.rs",
    "src/sync/arc/weak.rs",
    "src/sync/lazy.rs",
    "src/sync/mutex.rs",
    "src/sync/once.rs",
    "src/sync/rwlock.rs",
    "src/systems/account/models.rs",
    "src/systems/manager/models/unlocked.rs",
    "src/systems/queue/lane.rs",
    "src/thread/scope.rs",
    "src/thread/spawn.rs",
];

/// Files outside of the command that write to standard error: in a worker, in a `drop`, and at the
/// process's end, nobody takes an error. And a check that is asserted says how much was explored,
/// on standard output: test runners keep that to themselves until they are asked.
const LAST_WORDS: &[&str] = &[
    "src/check/insist.rs",
    "src/process/entry.rs",
    "src/process/spawn.rs",
    "src/execution/failure/last_words.rs",
    "src/systems/manager/server.rs",
];

/// Files that are included in others, where `//!` cannot stand: they say their job in a plain
/// comment.
const INCLUDED: &[&str] = &[
    "tests/suite/conformance/bodies.rs",
    "tests/suite/conformance/snippets.rs",
    "tests/reference/programs.rs",
];

/// The parts of the library from the bottom to the top, each with those that it may name.
const LAYERS: &[(&str, &[&str])] = &[
    ("vocabulary", &[]),
    ("counterexample", &["vocabulary"]),
    ("report", &["vocabulary"]),
    ("linearize", &[]),
    ("process", &[]),
    ("scenario", &["report"]),
    ("execution", &["vocabulary"]),
    ("sync", &["vocabulary", "execution", "channel"]),
    ("channel", &["execution", "sync"]),
    ("thread", &["vocabulary", "execution"]),
    ("hint", &["execution"]),
    ("future", &["vocabulary", "execution", "thread"]),
    ("alloc", &["execution"]),
    ("rand", &["vocabulary", "execution"]),
    ("time", &["execution", "future"]),
    ("cell", &["vocabulary", "execution", "sync"]),
    ("dependence", &["vocabulary", "execution"]),
    ("explore", &["vocabulary", "counterexample", "execution", "dependence"]),
    ("check", &["vocabulary", "counterexample", "report", "execution", "explore"]),
    ("knockout", &["vocabulary", "counterexample", "report", "execution", "explore", "check"]),
    (
        "linearizable",
        &[
            "vocabulary",
            "counterexample",
            "report",
            "linearize",
            "scenario",
            "execution",
            "dependence",
            "explore",
            "check",
            "thread",
        ],
    ),
    (
        "systems",
        &[
            "vocabulary",
            "linearize",
            "process",
            "execution",
            "sync",
            "channel",
            "thread",
            "cell",
            "knockout",
            "linearizable",
        ],
    ),
    (
        "fuzz",
        &[
            "vocabulary",
            "counterexample",
            "linearize",
            "process",
            "scenario",
            "check",
            "linearizable",
            "systems",
        ],
    ),
    ("command", &[]),
];

/// Who reads the clock: budgets, recorded histories, reports of how long a check took, and waits of
/// real threads and processes.
const CLOCK: &[&str] = &[
    "src/channel/modelled.rs",
    "src/command/demos.rs",
    "src/command/worker.rs",
    "src/explore/host.rs",
    "src/explore/smallest.rs",
    "src/knockout/run.rs",
    "src/linearizable/model.rs",
    "src/linearizable/run.rs",
    "src/time.rs",
    "src/time/timer.rs",
    "src/process/exit.rs",
    "src/sync/condvar.rs",
    "src/systems/queue",
];

/// Who reads the environment: what a check is told by it, what a worker process is told by it, and
/// the terminal.
const ENVIRONMENT: &[&str] = &["src/check/config.rs", "src/process", "src/command"];

/// Fields that a struct of an execution may have.
const FIELDS: usize = 10;

/// Lines of code that a function may have.
const FUNCTION: usize = 70;

/// Columns that a line may have.
const COLUMNS: usize = 100;

/// Characters that the subject of a commit may have.
const SUBJECT: usize = 72;

/// The last commit before its subjects were looked at.
const SINCE: &str = "46e09c03e0";

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

/// The Rust files below a folder, with their texts: the paths are those from the root, with
/// slashes.
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
                found.push((
                    path.strip_prefix(root()).expect("below the root").display().to_string(),
                    text,
                ));
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
        let inside_text =
            |place: usize| line[..place].replace("\\\"", "").matches('"').count() % 2 == 1;
        let comment =
            line.match_indices("//").map(|(place, _)| place).find(|place| !inside_text(*place));
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

fn names_loom(code: &str) -> bool {
    names_crate(code, "loom")
}

fn names_shuttle(code: &str) -> bool {
    names_crate(code, "shuttle") || names_crate(code, "shuttle_engine")
}

/// Whether the code names something of another crate: by a path that begins with its name. Of a
/// module of ours with that name the path goes on from another, or a `use` of it with a brace or
/// `self` before it.
fn names_crate(code: &str, name: &str) -> bool {
    let rooted =
        |place: usize| !code[..place].ends_with(|c: char| c.is_alphanumeric() || "_:>".contains(c));
    let ours = code.contains(&format!("mod {name};")) || imports_module(code, name);
    let at = |path: &str| code.match_indices(path).any(|(place, _)| rooted(place));
    at(&format!("::{name}::")) || !ours && at(&format!("{name}::"))
}

/// Whether a module of ours of this name is imported.
fn imports_module(code: &str, name: &str) -> bool {
    let mut uses = code.split("use ").skip(1).filter_map(|rest| rest.split(';').next());
    uses.any(|list| {
        (list.starts_with("super") || list.starts_with("crate"))
            && has(list, name)
            && !has(list, &format!("{name}::"))
    })
}

fn reads_the_clock(code: &str) -> bool {
    has(code, "Instant::now") || has(code, "SystemTime::now")
}

fn reads_the_environment(code: &str) -> bool {
    has(code, "env::var")
        || has(code, "env::vars")
        || has(code, "env::var_os")
        || has(code, "env::args")
        || has(code, "env::args_os")
}

/// The part of the library that a file belongs to: its first folder, or itself.
fn part_of(path: &str) -> &str {
    let inside = path.strip_prefix("src/").unwrap_or(path);
    let first = inside.split('/').next().unwrap_or_default();
    first.strip_suffix(".rs").unwrap_or(first)
}

/// The text without its module of tests, which may use what stands above it. What follows that
/// module stays.
fn without_tests(text: &str) -> String {
    let Some((before, tests)) = text.split_once("#[cfg(test)]\nmod tests {") else {
        return text.to_string();
    };
    format!("{before}{}", tests.split_once("\n}\n").map_or("", |(_, after)| after))
}

/// The parts of the library that the code names.
fn parts_named(code: &str) -> BTreeSet<&str> {
    let mut named = BTreeSet::new();
    for (place, _) in code.match_indices("crate::") {
        let rest = &code[place + "crate::".len()..];
        named.extend(first_names(rest).into_iter().map(home_of));
    }
    named
}

/// The first names of a path, or of a list of paths in braces.
fn first_names(path: &str) -> Vec<&str> {
    let name =
        |text: &str| text.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(text.len());
    let Some(list) = path.strip_prefix('{') else { return vec![&path[..name(path)]] };
    let (mut depth, mut start, mut names) = (0, 0, Vec::new());
    for (at, c) in list.char_indices() {
        let ends = depth == 0 && (c == ',' || c == '}');
        if ends {
            let part = list[start..at].trim();
            names.push(&part[..name(part)]);
            start = at + 1;
        }
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            _ => {}
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

/// Where a name stands that the library exports at its root.
fn home_of(name: &str) -> &str {
    match name {
        "trace" | "verdict" | "Budget" | "Bound" | "Counterexample" | "Counts" | "Coverage"
        | "Expect" => "vocabulary",
        "Explorer" | "Extent" | "Kind" | "Run" | "Size" | "Verdict" => "vocabulary",
        "Check" | "Config" => "check",
        "Progress" => "explore",
        "Subject" => "linearizable",
        "Knockouts" | "load_bearing_elsewhere" => "knockout",
        other => other,
    }
}

/// The structs of the code with how many fields they have.
fn fields(code: &str) -> Vec<(&str, usize)> {
    let body = |rest: &'_ str| {
        rest.split_once("{\n")
            .map(|(head, body)| (head.len(), body.split("\n}").next().unwrap_or("").to_string()))
    };
    let mut found = Vec::new();
    for (place, _) in
        code.match_indices("struct ").filter(|(place, _)| starts_an_item(code, *place))
    {
        let rest = &code[place + "struct ".len()..];
        let name = &rest[..rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(0)];
        let Some((head, body)) = body(rest).filter(|(head, _)| !rest[..*head].contains(';')) else {
            continue;
        };
        let _ = head;
        let is_field = |line: &&str| {
            line.starts_with("    ")
                && !line.starts_with("     ")
                && (line.contains(": ") || line.ends_with(':'))
                && !line.trim_start().starts_with('#')
        };
        found.push((name, body.lines().filter(is_field).count()));
    }
    found
}

/// Whether nothing but a visibility stands before it on its line.
fn starts_an_item(code: &str, place: usize) -> bool {
    let line = code[..place].rsplit('\n').next().unwrap_or_default();
    line.is_empty() || line.starts_with("pub")
}

/// The functions of the code with how many lines they have, in what their indentation encloses.
fn lengths(code: &str) -> Vec<(String, usize)> {
    let lines: Vec<&str> = code.lines().collect();
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let indent = line.len() - line.trim_start().len();
        let Some(name) = line.split("fn ").nth(1).filter(|_| is_head(line.trim_start())) else {
            continue;
        };
        // a declaration has no body
        let signature = lines[at..].iter().find(|line| line.ends_with(['{', '}', ';']));
        if signature.is_none_or(|last| last.ends_with(';')) {
            continue;
        }
        let end = format!("{}}}", &line[..indent]);
        if let Some(length) = lines[at..].iter().position(|line| *line == end) {
            found.push((name.split('(').next().unwrap_or_default().to_string(), length + 1));
        }
    }
    found
}

/// Whether a line begins a function.
fn is_head(line: &str) -> bool {
    let words =
        ["pub ", "pub(crate) ", "pub(super) ", "const ", "async ", "unsafe ", "extern \"C\" "];
    let scoped = line
        .strip_prefix("pub(in ")
        .and_then(|rest| rest.split_once(") "))
        .map_or(line, |(_, rest)| rest);
    let mut rest = scoped;
    while let Some(shorter) = words.iter().find_map(|word| rest.strip_prefix(word)) {
        rest = shorter;
    }
    rest.starts_with("fn ")
}

/// The subjects of the commits since the rule was made, or of the last one where the history does
/// not go back so far; `None` without a history.
fn subjects() -> Option<Vec<String>> {
    if !root().join(".git").exists() {
        return None;
    }
    let git = |range: &str| {
        let mut git = std::process::Command::new("git");
        let output = git
            .args(["log", "--no-merges", "--format=%s", range])
            .current_dir(root())
            .output()
            .expect("git");
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let log = git(&format!("{SINCE}..HEAD"))
        .filter(|log| !log.is_empty())
        .or_else(|| git("-1"))
        .expect("a history");
    Some(log.lines().map(ToString::to_string).collect())
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

/// Patterns that would take a forgotten explorer, or engine, for another one: in matches that name
/// some of them.
fn swallows_an_explorer(code: &str) -> bool {
    !swallowing(code).is_empty()
}

fn swallowing(code: &str) -> Vec<String> {
    let matches = code.match_indices("match ").filter_map(|(place, _)| arms(&code[place..]));
    matches.flat_map(|arms| catch_alls(&patterns(&arms))).collect()
}

/// What stands between the braces of a match, and not in braces or brackets of its own: its arms,
/// without bodies and fields.
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
            (1, '}')
                if brackets == 0
                    && arms.rsplit(';').next().is_some_and(|arm| arm.contains("=>")) =>
            {
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
    let patterns =
        arms.split(';').filter_map(|arm| Some(arm.split_once("=>")?.0.trim().to_string()));
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
    let names =
        |part: &&String| ["Explorer::", "Engine::"].iter().any(|word| part.starts_with(word));
    let all =
        |part: &&String| !part.is_empty() && part.chars().all(|c| c.is_lowercase() || c == '_');
    let columns = 0..patterns.iter().map(Vec::len).max().unwrap_or(0);
    let named = columns
        .filter(|at| patterns.iter().filter_map(|parts| parts.get(*at)).any(|part| names(&part)));
    let taken = |at: usize| {
        let open =
            patterns.iter().filter(move |parts| !parts.iter().any(|part| part.contains(" if ")));
        // a lone `_` stands for all columns
        open.filter_map(move |parts| parts.get(at).or(parts.first().filter(|_| parts.len() == 1)))
    };
    named.flat_map(|at| taken(at).filter(all).cloned().collect::<Vec<_>>()).collect()
}

/// The files below src whose code does something that only those in `places` (folders or files)
/// may.
fn outside(does: fn(&str) -> bool, places: &[&str]) -> Vec<String> {
    let may = |path: &str| places.iter().any(|place| Path::new(path).starts_with(place));
    let (inside, outside): (Vec<_>, Vec<_>) = sources("src")
        .into_iter()
        .filter(|(_, text)| does(&code(text)))
        .map(|(path, _)| path)
        .partition(|p| may(p));
    for place in places {
        let there = inside.iter().any(|path| Path::new(path).starts_with(place));
        assert!(
            there,
            "{place} may, and does not: the rule looks for the wrong words, or the list is old"
        );
    }
    outside
}

#[test]
fn only_executions_and_explorers_name_an_engine() {
    assert_eq!(
        outside(
            names_loom,
            &[
                "src/execution/loom",
                "src/execution/memory/primitive.rs",
                "src/execution/failure/hook.rs",
                "src/explore/loom.rs"
            ]
        ),
        [""; 0]
    );
    assert_eq!(
        outside(
            names_shuttle,
            &["src/execution/green.rs", "src/execution/failure/hook.rs", "src/explore/shuttle.rs"]
        ),
        [""; 0]
    );
}

#[test]
fn only_budgets_and_real_waits_read_the_clock() {
    assert_eq!(outside(reads_the_clock, CLOCK), [""; 0]);
}

#[test]
fn the_environment_is_read_at_the_edges() {
    assert_eq!(outside(reads_the_environment, ENVIRONMENT), [""; 0]);
}

#[test]
fn no_part_names_one_above_it() {
    let mut named = 0;
    for (path, text) in sources("src") {
        let part = part_of(&path);
        let Some((_, below)) = LAYERS.iter().find(|(name, _)| *name == part) else {
            assert!(
                ["lib", "main", "bin"].contains(&part),
                "{path}: {part} has no place among the layers"
            );
            continue;
        };
        for other in parts_named(&code(&without_tests(&text))) {
            named += 1;
            assert!(
                other == part || below.contains(&other),
                "{path}: {part} names {other}, which is not below it"
            );
        }
    }
    assert!(named > 100, "only {named} names were there to be looked at");
}

/// Who may name whom, without circles but for one: the channel is made of the mutex, and std's
/// `mpsc` of the channel.
#[test]
fn the_layers_have_no_circle() {
    for (at, (part, below)) in LAYERS.iter().enumerate() {
        let is_below = |other: &str| LAYERS[..at].iter().any(|(name, _)| *name == other);
        let upward: Vec<&str> = below.iter().copied().filter(|other| !is_below(other)).collect();
        assert!(
            upward.is_empty() || (*part, &upward[..]) == ("sync", &["channel"]),
            "{part} -> {upward:?}"
        );
    }
}

#[test]
fn no_struct_of_an_execution_is_everything() {
    let mut structs = 0;
    for (path, text) in sources("src/execution") {
        for (name, fields) in fields(&code(&text)) {
            structs += 1;
            assert!(
                fields <= FIELDS,
                "{path}: {name} has {fields} fields, and {FIELDS} are the limit"
            );
        }
    }
    assert!(structs > 30, "only {structs} structs were there to be looked at");
}

#[test]
fn no_function_is_too_long_to_read() {
    let mut functions = 0;
    for (path, text) in sources("src") {
        for (name, lines) in lengths(&code(&text)) {
            functions += 1;
            assert!(
                lines <= FUNCTION,
                "{path}: {name} has {lines} lines, and {FUNCTION} are the limit"
            );
        }
    }
    assert!(functions > 1_000, "only {functions} functions were there to be looked at");
}

#[test]
fn no_line_is_too_wide_to_read() {
    for (path, text) in
        ["src", "tests", "benches", "examples", "compat"].into_iter().flat_map(sources)
    {
        let wide = text.lines().position(|line| line.chars().count() > COLUMNS);
        assert!(wide.is_none(), "{path}:{} has more than {COLUMNS} columns", wide.unwrap_or(0) + 1);
    }
}

#[test]
fn the_subject_of_a_commit_fits_a_list() {
    let Some(subjects) = subjects() else { return }; // a copy without its history
    for subject in &subjects {
        assert!(subject.chars().count() <= SUBJECT, "more than {SUBJECT} characters: {subject}");
    }
    assert!(!subjects.is_empty(), "no commit was looked at");
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
        seen +=
            code.matches("Explorer::Threads =>").count() + code.matches("Engine::Std =>").count();
        assert!(
            !swallows_an_explorer(&code),
            "{path}: {:?} beside explorers or engines",
            swallowing(&code)
        );
    }
    assert!(seen > 10, "only {seen} arms were there to be looked at");
}

#[test]
fn the_first_line_of_each_file_says_its_job() {
    for (path, text) in ["src", "tests", "benches"].into_iter().flat_map(sources) {
        let text =
            if INCLUDED.contains(&path.as_str()) { text.replacen("// ", "//! ", 1) } else { text };
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
    let version =
        manifest.lines().find_map(|line| line.strip_prefix("version = \"")?.strip_suffix('"'));
    let version = version.ok_or("Cargo.toml has no version")?;
    let headings: Vec<&str> = log.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    let known =
        |heading: &&str| *heading == "Unreleased" || heading.split(' ').next() == Some(version);
    headings
        .iter()
        .any(known)
        .then_some(())
        .ok_or(format!("CHANGELOG.md has {headings:?}, and not {version}"))
}

/// The README draws executions of the account: what it says of a source line stands in that line.
#[test]
fn the_drawings_of_the_readme_are_of_today() {
    let (readme, mut looked_at) = (read("README.md"), 0);
    for line in readme.lines() {
        let Some((drawn, place)) = line.rsplit_once("account/") else { continue };
        let Some((file, number)) = place.split_once(".rs:") else { continue };
        let source = read(&format!("src/systems/account/{file}.rs"));
        let Some(there) = number.parse::<usize>().ok().and_then(|n| source.lines().nth(n - 1))
        else {
            panic!("README.md: there is no {place}")
        };
        assert!(draws(drawn, there), "README.md draws {line:?}, and there is {there:?}");
        looked_at += 1;
    }
    assert!(looked_at > 5, "only {looked_at} lines were there to be looked at");
}

/// Whether a drawn event may be of this source line.
fn draws(drawn: &str, source: &str) -> bool {
    let words = [("spawn", "spawn"), ("join", "join"), (".load", ".load("), (".store", ".store(")];
    let words = words.into_iter().chain([("assertion", "assert_eq!")]);
    words.into_iter().any(|(word, code)| drawn.contains(word) && source.contains(code))
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
    assert!(
        names_loom(&code("use loom::model;")) && names_shuttle("let a = ::shuttle::rand::rng();")
    );
    assert!(!names_loom(&code("/// loom::model explores\nuse heirloom::plate;")));
    assert!(
        !names_loom("use super::loom;\nloom::lock::create(lock);")
            && names_loom("use super::loom;\n::loom::model(f)")
    );
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
    assert!(swallows_an_explorer(
        "match (a, engine()) { (1, Engine::Loom) => match a { _ => 3 }, _ => 2 }"
    ));
    assert!(swallows_an_explorer(
        "match a { 1 => match e { Explorer::Dfs => {} _ => {} }, 2 => {} }"
    ));
    assert!(!swallows_an_explorer(&format!(
        "match explorer {{ {arm} Explorer::Dfs | Explorer::Threads => c }}"
    )));
    assert!(!swallows_an_explorer(
        "match (engine(), a) { (Engine::Loom, _) => 1, (Engine::Std, 2) => 2 }"
    ));
    assert!(!swallows_an_explorer(
        "match engine() { _ if endless => 0, Engine::Loom => 1, Engine::Std => 2 }"
    ));
    assert!(!swallows_an_explorer(
        "match name { \"dfs\" => Explorer::Dfs, _ => Explorer::Threads }"
    ));
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
    let elsewhere = outside(names_shuttle, &["src/explore"]);
    assert!(
        elsewhere.iter().all(|path| path.starts_with("src/execution/")) && !elsewhere.is_empty(),
        "{elsewhere:?}"
    );
}

#[test]
#[should_panic = "may, and does not"]
fn a_permission_that_is_not_used_is_found() {
    outside(names_shuttle, &["src/execution", "src/explore", "src/report"]);
}

#[test]
fn a_file_without_a_job_is_found() {
    assert!(says_its_job("//! Frames: how messages are cut.\n"));
    assert!(
        !says_its_job("use std::fmt;\n//! Frames.") && !says_its_job("//!\n") && !says_its_job("")
    );
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
    assert_eq!(
        script(&bad, 0o755),
        [&all[..], &["goes on after an error", "is too long"]].concat()
    );
}

#[test]
fn a_script_is_listed_by_its_row() {
    assert_eq!(listed("see `ci/no`\n| `ci/fmt` | 1 |\n").into_iter().collect::<Vec<_>>(), ["fmt"]);
}

#[test]
fn what_a_part_names_is_found() {
    let named = |text: &str| parts_named(&code(text)).into_iter().collect::<Vec<_>>().join(" ");
    assert_eq!(
        named("use crate::explore::{self, Model};\nuse crate::trace::Trace; // crate::check"),
        "explore vocabulary"
    );
    assert_eq!(
        named("use crate::{\n    execution::{Home, memory::cell},\n    verdict,\n    Check,\n};"),
        "check execution vocabulary"
    );
    assert_eq!(part_of("src/explore/again/mod.rs"), "explore");
    assert_eq!(part_of("src/hint.rs"), "hint");
    let tests = "#[cfg(test)]\nmod tests {\n    use crate::check;\n}\n";
    assert_eq!(without_tests(&format!("a\n{tests}b\n")), "a\nb\n");
    // only a module of tests is one: a function for tests hides nothing behind it
    assert_eq!(without_tests("#[cfg(test)]\nfn a() {}\nb\n"), "#[cfg(test)]\nfn a() {}\nb\n");
}

#[test]
fn a_struct_with_many_fields_and_a_long_function_are_found() {
    let text = "pub(crate) struct A<'a> {\n    /// One.\n    one: u32,\n    \
                pub(super) two: &'a str,\n}\nstruct B(u8);\nstruct C;\n";
    assert_eq!(fields(&code(text)), [("A", 2)]);
    // rustfmt puts a long type on the next line
    assert_eq!(fields("struct D {\n    one:\n        Vec<u8>,\n    two: u8,\n}"), [("D", 2)]);
    let text = "impl A {\n    pub(in crate::a) fn one(&self) {\n        if a {\n        }\n    \
                }\n}\nconst fn two() -> u8 {\n    2\n}";
    assert_eq!(lengths(text), [("one".to_string(), 4), ("two".to_string(), 3)]);
}

#[test]
fn a_drawing_of_another_line_is_found() {
    assert!(draws("  3  balance.load -> 0", "let seen = self.balance.load(SeqCst);"));
    assert!(!draws("  3  balance.load -> 0", "self.balance.store(seen + amount, SeqCst);"));
}

#[test]
fn who_reads_the_clock_or_the_environment_is_found() {
    assert!(
        reads_the_clock("let start = Instant::now();") && !reads_the_clock("let a: Instant = b;")
    );
    assert!(
        reads_the_environment("std::env::var(\"A\")")
            && !reads_the_environment("std::env::temp_dir()")
    );
}
