//! `crossfade demo` as a machine runs it: the whole story in ten seconds, and what a visitor does
//! with what goes on.

mod checks;
mod shop;
mod visit;

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

fn crossfade(arguments: &[&str], temporary: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_crossfade"));
    command.args(arguments).env("TMPDIR", temporary);
    command.output().expect("the program starts")
}

fn events(output: &Output) -> Vec<Value> {
    let text = std::str::from_utf8(&output.stdout).expect("UTF-8");
    text.lines().map(|line| serde_json::from_str(line).expect("a JSON line")).collect()
}

/// Files under a directory that hold what every JWT begins with.
fn files_with_tokens(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files_with_tokens(&path));
        } else if holds_token(&fs::read(&path).expect("a file")) {
            found.push(path);
        }
    }
    found
}

fn holds_token(bytes: &[u8]) -> bool {
    bytes.windows(3).any(|three| three == b"eyJ")
}

#[test]
fn the_demo_tells_its_story_and_accounts_for_every_request() {
    let temporary = tempfile::tempdir().expect("a directory");
    let kept = temporary.path().join("kept");
    let keep = kept.to_str().expect("UTF-8");
    let arguments =
        ["demo", "--headless", "--for", "10s", "--seed", "1", "--rate", "100", "--keep", keep];
    let output = crossfade(&arguments, temporary.path());
    let events = events(&output);
    let end = events.last().expect("a last line");

    assert_eq!(end["problems"], serde_json::json!([]), "{end}");
    assert_eq!(output.status.code(), Some(0), "{end}");
    assert_eq!(end["event"], "end");

    it_adds_up(end);
    every_stage_was_reached(&events);
    legacy_served_after_the_rollback(&events, end);

    assert!(!holds_token(&output.stdout) && !holds_token(&output.stderr));
    assert!(kept.join("requests.log").metadata().expect("a request log").len() > 0);
    assert_eq!(files_with_tokens(temporary.path()), Vec::<PathBuf>::new());
}

fn it_adds_up(end: &Value) {
    let number = |value: &Value| value.as_u64().expect("a number");
    let sent = number(&end["sent"]);
    assert!(sent > 100, "{end}");
    assert_eq!((&end["answered"], &end["reported"]), (&end["sent"], &end["sent"]));
    assert_eq!((number(&end["server_errors"]), number(&end["unanswered"])), (0, 0));
    let components = end["components"].as_array().expect("components");
    for component in components {
        let (callers, report) = (&component["callers"], &component["report"]);
        assert_eq!(callers["sent"], report["requests"]);
        let decided = number(&report["allowed"]) + number(&report["denied"]);
        assert_eq!(decided, number(&report["requests"]), "{component}");
        let served = number(&report["served"]["legacy"]) + number(&report["served"]["ssot"]);
        assert_eq!(served, decided, "{component}");
    }
    let parts: u64 = components.iter().map(|part| number(&part["report"]["requests"])).sum();
    assert_eq!(parts, sent);
    assert!(end["differences"].as_array().is_some_and(|differences| differences.len() > 3));
    assert_eq!(end["alarm"], false);
}

fn every_stage_was_reached(events: &[Value]) {
    let steps: Vec<(&str, &str, u64)> = events
        .iter()
        .filter(|event| event["event"] == "step")
        .map(|event| {
            let text = |name: &str| event[name].as_str().expect("a text");
            (text("step"), text("stage"), event["share"].as_u64().expect("a share"))
        })
        .collect();
    let told = [
        ("shadow", "shadow", 0),
        ("canary_10", "canary", 1_000),
        ("canary_50", "canary", 5_000),
        ("live", "live", 10_000),
        ("broken", "live", 10_000),
        ("rolled_back", "shadow", 0),
    ];
    assert_eq!(steps, told);
}

fn legacy_served_after_the_rollback(events: &[Value], end: &Value) {
    let rollback = &end["rollback"];
    assert!(rollback["first_answers"].as_u64().is_some_and(|answers| answers >= 20), "{end}");
    assert_eq!(rollback["by_legacy"], rollback["first_answers"]);
    assert_eq!(rollback["rescued"], 0);
    let hero = &end["components"][0]["report"];
    assert!(hero["rescued"].as_u64().is_some_and(|rescued| rescued > 0), "{end}");
    let by_ssot = &hero["served"]["ssot"];
    let after = events
        .iter()
        .filter(|event| event["event"] == "second" && event["step"] == "rolled_back")
        .inspect(|second| assert_eq!(&second["served"]["ssot"], by_ssot, "{second}"));
    assert!(after.count() > 0);
}

#[test]
fn a_length_that_makes_no_story_is_refused() {
    let temporary = tempfile::tempdir().expect("a directory");
    let output = crossfade(&["demo", "--for", "3s"], temporary.path());
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("10s to 1h"));
}

#[test]
fn an_interrupt_ends_the_demo_in_order_and_leaves_nothing_behind() {
    let temporary = tempfile::tempdir().expect("a directory");
    let mut child = Command::new(env!("CARGO_BIN_EXE_crossfade"))
        .args(["demo", "--headless", "--for", "10m", "--rate", "20"])
        .env("TMPDIR", temporary.path())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
    let begun = lines.next().expect("a line").expect("UTF-8");
    assert!(begun.contains("shadow"), "{begun}");
    assert_eq!(fs::read_dir(temporary.path()).expect("a directory").count(), 1);

    let interrupt = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(interrupt.expect("kill starts").success());

    let last = lines.map(|line| line.expect("UTF-8")).last().expect("a last line");
    let end: Value = serde_json::from_str(&last).expect("a JSON line");
    assert_eq!(child.wait().expect("an end").code(), Some(1));
    assert_eq!(end["problems"], serde_json::json!(["the story was broken off"]));
    assert_eq!((&end["answered"], &end["reported"]), (&end["sent"], &end["sent"]));
    assert_eq!(fs::read_dir(temporary.path()).expect("a directory").count(), 0);
}
