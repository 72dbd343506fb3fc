//! The `selvedge` command as its users meet it: what it prints, and with which code it exits.

use selvedge::systems::models;
use selvedge::{Expect, Kind};
use serde_json::Value;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

/// Runs the command to its end.
fn selvedge(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_selvedge"));
    command.args(arguments).env_remove("SELVEDGE_REPLAY");
    command.output().expect("the command starts")
}

#[track_caller]
fn code(output: &Output) -> i32 {
    output.status.code().expect("the command exits")
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("UTF-8")
}

/// Refused with exit code 2, nothing on standard output, and this reason.
#[track_caller]
fn refused(arguments: &[&str], reason: &str) {
    let output = selvedge(arguments);
    assert_eq!(code(&output), 2, "{arguments:?}: {output:?}");
    assert_eq!(out(&output), "", "{arguments:?}");
    assert!(err(&output).contains(reason), "{arguments:?}: {}", err(&output));
}

#[track_caller]
fn json(arguments: &[&str]) -> (i32, Value) {
    let output = selvedge(arguments);
    let document =
        serde_json::from_str(&out(&output)).unwrap_or_else(|e| panic!("{e}: {output:?}"));
    (code(&output), document)
}

#[test]
fn the_help_has_the_table_of_exit_codes() {
    for arguments in
        [&["--help"][..], &["check", "--help"], &["demo", "--help"], &["replay", "--help"]]
    {
        let output = selvedge(arguments);
        assert_eq!(code(&output), 0);
        for line in [
            "Exit codes:",
            "  0  everything",
            "  1  some verdict",
            "  2  the arguments",
            "  3  nothing is known",
        ] {
            assert!(
                out(&output).contains(line),
                "{arguments:?}: {line:?} is missing in\n{}",
                out(&output)
            );
        }
    }
}

#[test]
fn wrong_arguments_exit_with_2_and_a_reason() {
    refused(&["check", "no such model"], "no model's name contains \"no such model\"");
    refused(&["check", "--budget", "0"], "explored nothing");
    refused(&["check", "--budget", "0s"], "explored nothing");
    refused(&["check", "--budget", "soon"], "neither executions");
    refused(&["check", "--explorer", "magic"], "unknown explorer");
    refused(&["check", "--explorer", "pct:0"], "unknown explorer");
    refused(&["replay", "v1:nonsense"], "token");
    refused(&["replay", ""], "token");
    refused(&["replay", "v1:dfs:0-1:no/such/model"], "no/such/model");
    refused(&["demo", "bank"], "bank");
    refused(&["chekc"], "chekc");
}

#[test]
fn a_file_that_cannot_be_written_exits_with_2() {
    let output = selvedge(&["--junit", "/nonexistent/report.xml", "demo", "account"]);
    assert_eq!(code(&output), 2, "{output:?}");
    assert!(err(&output).contains("/nonexistent/report.xml"), "{}", err(&output));
}

#[test]
fn the_list_has_every_model() {
    let models = models();
    assert!(!models.is_empty());
    let output = selvedge(&["list"]);
    assert_eq!(code(&output), 0);
    let listed: Vec<String> =
        out(&output).lines().filter_map(|l| Some(l.split_whitespace().next()?.into())).collect();
    for model in &models {
        assert!(listed.iter().any(|name| name == model.name), "{} is not listed", model.name);
    }
    let (exit, document) = json(&["list", "--json"]);
    assert_eq!((exit, document["models"].as_array().map(Vec::len)), (0, Some(models.len())));
}

#[test]
fn the_accounts_are_all_as_expected() {
    let output = selvedge(&["check", "account/"]);
    assert_eq!(code(&output), 0, "{output:?}");
    let text = out(&output);
    let checks = 2 * models().iter().filter(|model| model.system() == "account").count();
    let closing = format!("{checks} checks: {checks} as expected");
    assert_eq!(text.lines().last(), Some(closing.as_str()), "{text}");
    let drawn = text.lines().filter(|line| line.starts_with("violated: account/broken/")).count();
    let broken =
        models().iter().filter(|m| m.system() == "account" && m.expect != Expect::Holds).count();
    assert_eq!(drawn, 2 * broken, "each violation of each broken form is drawn:\n{text}");
}

#[test]
fn a_broken_form_that_is_not_caught_exits_with_1() {
    // One schedule is not enough for a lost update: depth-first search begins with no preemption at
    // all.
    let (exit, document) =
        json(&["--json", "check", "account/broken/unlocked", "--explorer", "dfs", "--budget", "1"]);
    assert_eq!(exit, 1, "{document:#}");
    assert_eq!(document["summary"]["unexpected"], 1);
    assert_eq!(document["checks"][0]["verdict"], "holds");
    assert_eq!(document["checks"][0]["expected"], false);
}

#[test]
fn a_found_execution_replays_exactly() {
    for explorer in ["dfs", "loom:2", "random:3"] {
        let (exit, document) =
            json(&["--json", "check", "account/broken/unlocked", "--explorer", explorer]);
        let found = &document["checks"][0]["counterexample"];
        assert_eq!(
            (exit, &found["kind"]),
            (0, &Value::from(Kind::Panic.to_string())),
            "{explorer}: {document:#}"
        );
        let token = found["replay"].as_str().expect("a token");
        let (exit, document) = json(&["--json", "replay", token]);
        let replayed = &document["checks"][0]["counterexample"];
        assert_eq!((exit, &replayed["events"]), (0, &found["events"]), "{token}");
    }
}

#[test]
fn a_replay_that_no_longer_fails_exits_with_3() {
    let output = selvedge(&["replay", "v1:dfs::account/locked"]);
    // A schedule of no choices is either refused as a token or replayed without a failure; it never
    // passes.
    assert!(matches!(code(&output), 2 | 3), "{output:?}");
    let output = selvedge(&["replay", "v1:dfs:0:account/locked"]);
    assert_eq!(code(&output), 3, "{output:?}");
    assert!(out(&output).contains("1 UNKNOWN"), "{output:?}");
}

#[test]
fn every_knockout_of_the_account_is_killed_and_replays() {
    let (exit, document) = json(&["--json", "knockout", "account/"]);
    assert_eq!(exit, 0, "{document:#}");
    let summary = &document["summary"];
    assert!(
        summary["sites"].as_u64() > Some(5) && summary["killed"] == summary["knockouts"],
        "{summary:#}"
    );
    let knockouts = document["groups"][0]["knockouts"].as_array().expect("a list");
    let lock = knockouts
        .iter()
        .find(|one| one["name"].as_str().is_some_and(|name| name.contains(":lock/skipped")));
    let found = &lock.expect("a lock")["counterexample"];
    let (exit, document) = json(&["--json", "replay", found["replay"].as_str().expect("a token")]);
    let replayed = &document["checks"][0]["counterexample"];
    assert_eq!(
        (exit, &replayed["events"]),
        (1, &found["events"]),
        "a model that must hold is violated: {document:#}"
    );
}

#[test]
fn a_knockout_that_survives_is_a_warning_and_exits_with_1() {
    // without its other models nothing needs the lock under which the account's balance is read
    let output = selvedge(&["knockout", "account/locked"]);
    let text = out(&output);
    assert_eq!(code(&output), 1, "{text}");
    assert!(text.contains("| *self.lock() += amount;"), "the source is not listed:\n{text}");
    assert!(text.contains("warning: src/systems/account/mod.rs:"), "{text}");
    assert!(text.lines().last().is_some_and(|line| line.starts_with("knockouts: ")), "{text}");
}

#[test]
fn knockouts_of_nothing_are_refused() {
    refused(&["knockout", "account/broken"], "no name of a model that must hold contains");
}

#[test]
fn the_environment_does_not_turn_a_check_into_a_replay() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_selvedge"));
    command.args(["--json", "check", "account/locked", "--explorer", "dfs"]);
    command.env("SELVEDGE_REPLAY", "v1:dfs:0:account/locked");
    let output = command.output().expect("the command starts");
    let document: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert!(document["checks"][0]["executions"].as_u64() > Some(1), "{document:#}");
}

#[test]
fn junit_has_a_case_for_each_check() {
    let file = std::env::temp_dir().join(format!("selvedge-junit-{}.xml", std::process::id()));
    let path = file.to_str().expect("UTF-8");
    let output = selvedge(&["--junit", path, "check", "account/broken", "--explorer", "loom:2"]);
    assert_eq!(code(&output), 0, "{output:?}");
    let xml = std::fs::read_to_string(&file).expect("the file is written");
    std::fs::remove_file(&file).expect("the file is ours");
    let document = roxmltree::Document::parse(&xml).expect("XML");
    let cases = document.descendants().filter(|node| node.has_tag_name("testcase")).count();
    assert_eq!(
        cases,
        models().iter().filter(|model| model.name.contains("account/broken")).count()
    );
}

/// Runs the command to its end; the system ends each of its processes that has used the processor
/// for a second.
fn with_a_second_each(arguments: &[&str]) -> Output {
    let mut command = Command::new("sh");
    command.args([
        "-c",
        "ulimit -c 0; ulimit -S -t 1; exec \"$0\" \"$@\"",
        env!("CARGO_BIN_EXE_selvedge"),
    ]);
    command.args(arguments).output().expect("the shell starts")
}

/// More executions than fit in a second: a check that draws so many is ended by the system.
const ENDLESS: &str = "1000000000";

#[test]
fn a_check_whose_process_is_ended_is_a_row_and_the_others_arrive() {
    let file = std::env::temp_dir().join(format!("selvedge-ended-{}.xml", std::process::id()));
    let path = file.to_str().expect("UTF-8");
    let options = [
        "--explorer",
        "exhaustive",
        "--explorer",
        "random:0",
        "--budget",
        ENDLESS,
        "--json",
        "--junit",
        path,
    ];
    let output = with_a_second_each(&[&["check", "transfer"], &options[..]].concat());
    assert_eq!(output.status.code(), Some(3), "{output:?}");

    let ended = "unknown: its process was ended by signal 24 (SIGXCPU)";
    let expected = [
        ("account/transfer", "exhaustive", "holds"),
        ("account/transfer", "random:0", ended),
        ("account/transfer-beside-deposits", "exhaustive", "holds"),
        ("account/transfer-beside-deposits", "random:0", ended),
        ("account/broken/transfer-lock-order", "exhaustive", "violated: deadlock"),
        ("account/broken/transfer-lock-order", "random:0", "violated: deadlock"),
    ];
    let document: Value = serde_json::from_str(&out(&output)).expect("JSON");
    let checks = document["checks"].as_array().expect("a list");
    let text = |check: &'_ Value, name: &str| check[name].as_str().expect("a text").to_string();
    let said = checks
        .iter()
        .map(|check| (text(check, "model"), text(check, "explorer"), text(check, "verdict")));
    let wanted =
        expected.map(|(model, explorer, verdict)| (model.into(), explorer.into(), verdict.into()));
    assert_eq!(said.collect::<Vec<(String, String, String)>>(), wanted);
    for check in checks {
        let is_ended = check["verdict"] == ended;
        assert_eq!(
            (&check["expected"], check["executions"] == 0),
            (&Value::from(!is_ended), is_ended),
            "{check:#}"
        );
    }
    let alone = format!(
        "to run it alone: selvedge check account/transfer --explorer random:0 --budget {ENDLESS}"
    );
    assert!(text(&checks[1], "note").ends_with(&alone), "{:#}", checks[1]);
    let counts = ["checks", "expected", "unexpected", "unknown"]
        .map(|name| document["summary"][name].as_u64());
    assert_eq!(counts, [6, 4, 0, 2].map(Some));

    let xml = std::fs::read_to_string(&file).expect("the file is written");
    std::fs::remove_file(&file).expect("the file is ours");
    let document = roxmltree::Document::parse(&xml).expect("XML");
    let failures = document.descendants().filter(|node| node.has_tag_name("failure"));
    let failures: Vec<_> =
        failures.map(|node| (node.attribute("type"), node.attribute("message"))).collect();
    assert_eq!(failures, [(Some("unknown"), Some(ended)); 2]);
}

#[test]
fn a_check_that_gave_no_answer_is_not_a_check_that_holds() {
    let output = with_a_second_each(&[
        "check",
        "account/locked",
        "--explorer",
        "random:0",
        "--budget",
        ENDLESS,
    ]);
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    assert_eq!(
        out(&output).lines().last(),
        Some("1 check: 0 as expected, 1 UNKNOWN"),
        "{output:?}"
    );
}

/// What this file below `/proc` says of each thread of a process that is still there.
fn texts(process: u32, file: &str) -> Vec<String> {
    let threads =
        std::fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    threads.filter_map(|thread| std::fs::read_to_string(thread.path().join(file)).ok()).collect()
}

fn children(process: u32) -> Vec<u32> {
    let lists = texts(process, "children");
    lists
        .iter()
        .flat_map(|list| list.split_whitespace())
        .map(|child| child.parse().expect("a number"))
        .collect()
}

/// Whether it has the thread of an exploration.
fn explores(process: u32) -> bool {
    texts(process, "comm").iter().any(|name| name.starts_with("selvedge "))
}

#[test]
fn checks_end_with_the_command() {
    const BUDGET: Duration = Duration::from_secs(60);
    let mut command = Command::new(env!("CARGO_BIN_EXE_selvedge"));
    command.args([
        "check",
        "account/locked",
        "--explorer",
        "random:0",
        "--budget",
        &format!("{}s", BUDGET.as_secs()),
    ]);
    let mut command = command.stdout(Stdio::piped()).spawn().expect("the command starts");
    let start = Instant::now();
    while !children(command.id()).into_iter().any(explores) {
        assert!(start.elapsed() < BUDGET / 2, "no process explores");
        std::thread::yield_now();
    }
    command.kill().expect("it runs");
    command.wait().expect("it has ended");
    // The worker has the same standard output: this returns when it is gone, too.
    std::io::read_to_string(command.stdout.take().expect("a pipe")).expect("the end of it");
    assert!(start.elapsed() < BUDGET / 2, "the check went on without the command");
}

#[test]
fn two_hundred_thousand_deposits_are_all_kept() {
    let output = selvedge(&["demo", "account"]);
    assert_eq!((code(&output), out(&output).trim()), (0, "account/deposits: 200000"), "{output:?}");
}

#[test]
fn colours_only_when_asked() {
    let arguments = ["check", "account/broken/unlocked", "--explorer", "dfs"];
    assert!(!out(&selvedge(&arguments)).contains('\x1b'));
    let coloured = selvedge(&[&["--color", "always"], &arguments[..]].concat());
    assert!(out(&coloured).contains("\x1b[1;31mviolated:\x1b[0m"));
}

#[test]
fn the_main_job_runs_every_system_for_real_and_checks_every_model() {
    let (exit, document) = json(&["--json", "--budget", "500"]);
    let count = |name: &str| document["summary"][name].as_u64().expect("a number");
    let wanted = match (count("unexpected"), count("unknown")) {
        (0, 0) => 0,
        (0, _) => 3,
        _ => 1,
    };
    assert_eq!(exit, wanted, "{document:#}");
    let checks = document["checks"].as_array().expect("a list");
    for system in ["account", "queue", "manager"] {
        let of_this = checks.iter().filter(|check| check["system"] == system).collect::<Vec<_>>();
        let real = |check: &&&Value| check["explorer"] == "real run";
        // A system that this build does not have must be there as unknown, and change the exit
        // code.
        let lacks = of_this.iter().any(|check| check["verdict"] == "unknown");
        assert!(
            of_this.iter().any(|check| real(&check)) || lacks && exit != 0,
            "{system}: {document:#}"
        );
    }
    for model in models() {
        let explored = checks.iter().filter(|check| check["model"] == model.name);
        let executions: u64 = explored.filter_map(|check| check["executions"].as_u64()).sum();
        assert!(executions > 0, "{} was never run", model.name);
    }
}

/// A file with these lines, in a folder of this test's own.
fn recorded(name: &str, lines: &str) -> String {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("histories");
    std::fs::create_dir_all(&folder).expect("a folder");
    let path = folder.join(name);
    std::fs::write(&path, lines).expect("a file");
    path.display().to_string()
}

// P0 |-- enqueue 1 --|  |-- dequeue 2 --|
// P1                      |-- enqueue 2 --|
const OVERTAKEN: &str = r#"{"process":0,"op":"enqueue","arg":1,"call":1,"return":2}

{"process":1,"op":"enqueue","arg":2,"call":3,"return":5}
{"process":0,"op":"dequeue","ret":2,"call":4,"return":6}
"#;

#[test]
fn a_recorded_history_is_judged_with_an_exit_code() {
    let right = recorded("right.jsonl", &OVERTAKEN.replace("\"ret\":2", "\"ret\":1"));
    let output = selvedge(&["history", "check", &right, "--spec", "queue"]);
    assert_eq!(code(&output), 0, "{output:?}");
    assert!(out(&output).starts_with("holds: linearizable"), "{}", out(&output));

    let wrong = recorded("wrong.jsonl", OVERTAKEN);
    let page = recorded("wrong.html", "");
    let output =
        selvedge(&["history", "check", &wrong, "--spec", "queue", "--explain", "--html", &page]);
    assert_eq!(code(&output), 1, "{output:?}");
    let text = out(&output);
    assert!(text.starts_with("violated: not linearizable"), "{text}");
    assert!(
        text.contains("Dequeue -> Dequeued(Some(2)) (process 0, line 4)"),
        "the empty line counts: {text}"
    );
    assert!(text.contains("process 1 "), "{text}");
    let page = std::fs::read_to_string(page).expect("a page");
    assert!(
        page.contains("<svg")
            && page.contains("class=\"stuck\"")
            && page.contains("Enqueue(2) -&gt; Enqueued"),
        "{page}"
    );
    for foreign in ["http://", "https://", "<script"] {
        assert!(!page.contains(foreign), "{foreign} in {page}");
    }

    // the same operations are sequentially consistent: process 1 may have come first
    let output = selvedge(&[
        "history",
        "check",
        &wrong,
        "--spec",
        "queue",
        "--criterion",
        "sequentially-consistent",
    ]);
    assert_eq!(code(&output), 0, "{output:?}");

    let (exit, document) = json(&["history", "check", &wrong, "--spec", "queue", "--json"]);
    assert_eq!((exit, document["verdict"].as_str()), (1, Some("violated")));
    assert_eq!(document["wrong_lines"], serde_json::json!([1, 3, 4]));
}

#[test]
fn a_history_that_says_nothing_or_is_none_is_not_called_right() {
    let empty = recorded("empty.jsonl", "\n");
    assert_eq!(code(&selvedge(&["history", "check", &empty, "--spec", "stack"])), 3);
    let pending =
        recorded("pending.jsonl", "{\"process\":0,\"op\":\"push\",\"arg\":7,\"call\":1}\n");
    let output = selvedge(&["history", "check", &pending, "--spec", "stack"]);
    assert_eq!(code(&output), 3, "{output:?}");
    assert!(out(&output).starts_with("unknown: no operation returned"), "{output:?}");
    let wrong = recorded("other.jsonl", OVERTAKEN);
    let output =
        selvedge(&["history", "check", &wrong, "--spec", "queue", "--configurations", "1"]);
    assert!([1, 3].contains(&code(&output)), "never right: {output:?}");
    refused(
        &["history", "check", &wrong, "--spec", "stack"],
        "line 1: no operation is called \"enqueue\"",
    );
    refused(&["history", "check", &wrong, "--spec", "bounded-queue"], "needs --initial");
    refused(
        &["history", "check", &wrong, "--spec", "queue", "--initial", "1"],
        "takes no --initial",
    );
    refused(&["history", "check", "no such file", "--spec", "queue"], "no such file");
    let twice = recorded("twice.jsonl", &OVERTAKEN.replace("\"process\":1", "\"process\":0"));
    refused(&["history", "check", &twice, "--spec", "queue"], "line 4");
}
