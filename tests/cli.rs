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
    for command in ["serve", "demo", "replay", "questions", "flags", "report", "profiles"] {
        let (code, out, _) = text(&crossfade(&[command, "--help"]));
        assert_eq!(code, 0, "{command}");
        assert!(out.contains("Usage:"), "{command}");
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
[control.tokens.ops]
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
        "listen.control: must be a loopback address",
        "listen.head_bytes_max: is 8192 to",
        "control.tokens.ops.file: cannot read",
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
    write(dir.path(), "token", "sixteen-characters", 0o600);
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
