//! The command line as scripts and people meet it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

fn crossfade(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_crossfade"))
        .args(arguments)
        .env_remove("CROSSFADE_URL")
        .env_remove("CROSSFADE_TOKEN")
        .output()
        .expect("the binary runs")
}

fn text(output: &Output) -> (i32, String, String) {
    let utf8 = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap_or(-1), utf8(&output.stdout), utf8(&output.stderr))
}

fn write(dir: &Path, name: &str, content: &str, mode: u32) {
    let path = dir.join(name);
    fs::write(&path, content).expect("written");
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("permitted");
}

#[test]
fn every_command_teaches_in_its_help() {
    for verb in crossfade::cli::verbs() {
        let mut arguments: Vec<&str> = verb.split(' ').collect();
        arguments.push("--help");
        let (code, out, _) = text(&crossfade(&arguments));
        assert_eq!(code, 0, "{verb}");
        assert!(out.contains("Usage:"), "{verb}");
    }
    let (_, out, _) = text(&crossfade(&["--help"]));
    assert!(out.contains("Exit codes:"), "{out}");
}

#[test]
fn all_faults_of_a_configuration_are_reported_at_once() {
    let dir = TempDir::new().expect("a directory");
    let faulty = r#"
environment = "moon"
colour = "red"
[listen]
data = "nowhere"
control = "0.0.0.0:8081"
head_bytes_max = 1
[access.tokens.ops]
scopes = ["rule"]
file = "missing.token"
[authority]
issuer = 7
[[authority.keys]]
kind = "secret"
id = "main"
file = "open.secret"
[shadow]
in_flight_max = "many"
"#;
    write(dir.path(), "c.toml", faulty, 0o644);
    write(dir.path(), "open.secret", &"s".repeat(40), 0o644);
    let file = dir.path().join("c.toml");
    let (code, out, err) = text(&crossfade(&["serve", "--check", "-c", &file.to_string_lossy()]));
    assert_eq!((code, out.as_str()), (2, ""));
    for place in [
        "data_dir: is missing",
        "environment: is demo, development, staging or production",
        "colour: is not a setting",
        "listen.data: is an address and port",
        "listen.control: is beyond loopback without TLS",
        "listen.head_bytes_max: is 8192 to",
        "access.tokens.ops.file: cannot read",
        "access.tokens.ops.scopes: is a list of read",
        "authority.issuer: ",
        "authority.audiences: is missing",
        "authority.keys[0].file: others can read",
        "shadow.in_flight_max: ",
    ] {
        assert!(err.contains(place), "{place:?} is not in\n{err}");
    }
}

#[test]
fn the_example_configuration_is_fine_once_its_secrets_are_there() {
    let dir = TempDir::new().expect("a directory");
    let example = include_str!("../docs/crossfade.example.toml");
    for line in example.lines().filter(|line| !line.trim_start().starts_with('#')) {
        if let Some((_, rest)) = line.split_once("file = \"") {
            let name = rest.split('"').next().expect("a name");
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            write(dir.path(), name, "Vx3q8ZtLw0hYp5nRk2uJ9eBc7sMd4gFa6iTo1WvQ", 0o600);
        }
    }
    write(dir.path(), "c.toml", example, 0o644);
    let file = dir.path().join("c.toml");
    let (code, out, err) = text(&crossfade(&["serve", "--check", "-c", &file.to_string_lossy()]));
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    assert!(out.contains("is fine"), "{out}");
}

#[test]
fn a_configuration_that_is_not_there_or_no_toml_is_told_without_its_contents() {
    let (code, _, err) = text(&crossfade(&["serve", "-c", "/nowhere/c.toml"]));
    assert_eq!(code, 2);
    assert!(err.contains("cannot read the configuration /nowhere/c.toml"), "{err}");
    let dir = TempDir::new().expect("a directory");
    write(dir.path(), "c.toml", "data_dir = \"x\"\npassword = s3cr3t value\n", 0o644);
    let file = dir.path().join("c.toml");
    let (code, _, err) = text(&crossfade(&["serve", "-c", &file.to_string_lossy()]));
    assert_eq!(code, 2);
    assert!(err.contains("line 2") && !err.contains("s3cr3t"), "{err}");
}

#[test]
fn a_service_that_does_not_answer_is_exit_code_3_and_a_missing_token_2() {
    let (code, _, err) = text(&crossfade(&["flags", "list"]));
    assert_eq!(code, 2);
    assert!(err.contains("CROSSFADE_TOKEN"), "{err}");
    let dir = TempDir::new().expect("a directory");
    write(dir.path(), "token", "thirty-two characters, and some more", 0o600);
    let token = dir.path().join("token").to_string_lossy().into_owned();
    let unused = "http://127.0.0.1:9";
    for verb in [&["flags"][..], &["report"]] {
        let mut arguments = verb.to_vec();
        arguments.extend(["--url", unused, "--token-file", &token]);
        if verb == ["flags"] {
            arguments.push("list");
        }
        let (code, _, err) = text(&crossfade(&arguments));
        assert_eq!(code, 3, "{verb:?}: {err}");
        assert!(err.contains(unused), "{err}");
    }
    for share in ["101%", "1.234%", "x"] {
        let arguments = ["flags", "set", "http-auth", "canary", "--share", share];
        assert_eq!(text(&crossfade(&arguments)).0, 2, "{share}");
    }
}

/// A configuration whose data directory is in `dir`; the keys are those that a first start makes.
fn stopped_service(dir: &Path) -> String {
    let minimal = r#"
data_dir = "data"
environment = "development"
seeds = "flags.toml"
[listen]
data = "127.0.0.1:0"
control = "127.0.0.1:8081"
[authority]
issuer = "https://id.example.com"
audiences = ["shop"]
[log]
requests = "off"
"#;
    write(dir, "flags.toml", "[component]\n", 0o644);
    write(dir, "c.toml", minimal, 0o644);
    dir.join("c.toml").to_string_lossy().into_owned()
}

#[test]
fn operators_and_tokens_of_a_stopped_service_are_made_without_asking_anybody() {
    let dir = TempDir::new().expect("a directory");
    let config = stopped_service(dir.path());
    let add = ["operators", "add", "Ada", "--role", "admin", "--config", &config];
    let (code, out, err) = text(&crossfade(&add));
    assert_eq!(code, 0, "{err}");
    let link = out.trim_end();
    let secret = link.strip_prefix("http://127.0.0.1:8081/setup#").expect("a link, and it alone");
    assert!(secret.len() >= 43 && !secret.contains(char::is_whitespace), "{link}");
    assert!(!err.contains(secret) && err.contains("once"), "{err}");

    let (code, out, err) = text(&crossfade(&add));
    assert_eq!((code, out.as_str()), (1, ""), "{err}");
    assert!(err.contains("there is already ada"), "{err}");

    let again = ["operators", "link", "ada", "--json", "--config", &config];
    let (code, out, err) = text(&crossfade(&again));
    assert_eq!(code, 0, "{err}");
    let made: serde_json::Value = serde_json::from_str(&out).expect("JSON");
    assert!(made["url"].as_str().expect("a url").contains("/setup#"), "{made}");
    assert_ne!(made["url"], link, "a link is never shown twice");

    let wish = ["tokens", "make", "ci", "--scope", "read", "--scope", "roll-back"];
    let (code, out, err) = text(&crossfade(&[&wish[..], &["--config", &config]].concat()));
    assert_eq!(code, 0, "{err}");
    assert!(out.starts_with("cfd_") && out.trim_end().len() == 47, "{out}");
    let nobody = ["operators", "link", "bob", "--config", &config];
    assert_eq!(text(&crossfade(&nobody)).0, 2);
}

#[test]
fn a_data_directory_in_use_is_told_with_what_to_do_instead() {
    let dir = TempDir::new().expect("a directory");
    let config = stopped_service(dir.path());
    let _running = crossfade::store::Store::open(&dir.path().join("data")).expect("opened");
    let add = ["operators", "add", "ada", "--role", "viewer", "--config", &config];
    let (code, out, err) = text(&crossfade(&add));
    assert_eq!((code, out.as_str()), (3, ""), "{err}");
    assert!(err.contains("another process is using it") && err.contains("--url"), "{err}");
}

#[test]
fn what_is_typed_wrong_about_people_and_tokens_is_told_before_anybody_is_asked() {
    for wrong in [
        &["operators", "add", "ada lovelace", "--role", "viewer"][..],
        &["operators", "add", "ada", "--role", "root"],
        &["operators", "add", "ada"],
        &["operators", "sessions", "--end", "../flags"],
        &["tokens", "make", "ci"],
        &["tokens", "make", "ci", "--scope", "read", "--scope", "decide"],
        &["tokens", "make", "ci", "--scope", "read", "--for", "1y"],
        &["links", "make", "raise", "http-auth"],
        &["approvals", "approve", "x"],
        &["operators", "list", "--url", "http://127.0.0.1:9"],
        &["operators", "link", "ada", "--config", "c.toml", "--url", "http://127.0.0.1:9"],
    ] {
        let (code, out, err) = text(&crossfade(wrong));
        assert_eq!((code, out.as_str()), (2, ""), "{wrong:?}: {err}");
    }
    let (_, help, _) = text(&crossfade(&["approvals", "--help"]));
    assert!(help.contains("browser"), "{help}");
}
