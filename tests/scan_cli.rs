//! `crossfade scan` as scripts and people meet it.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

const CHECK: &str = "\
import jwt


def check(token, key):
    return jwt.decode(token, key, algorithms=[\"HS256\"])
";

const MAKE: &str = "\
import jwt


def make(claims, key):
    return jwt.encode(claims, key)
";

/// A tree with two copies in the backend, one in a test, and none in the authority's place.
fn tree() -> TempDir {
    let dir = TempDir::new().expect("a folder");
    put(dir.path(), "netra_backend/app/check.py", CHECK);
    put(dir.path(), "netra_backend/app/make.py", MAKE);
    put(dir.path(), "netra_backend/tests/test_make.py", MAKE);
    put(dir.path(), "auth_service/auth_core/tokens.py", MAKE);
    dir
}

fn put(dir: &Path, path: &str, text: &str) {
    let place = dir.join(path);
    fs::create_dir_all(place.parent().expect("a folder")).expect("made");
    fs::write(place, text).expect("written");
}

fn scan(dir: &Path, arguments: &[&str]) -> (i32, String, String) {
    let output: Output = Command::new(env!("CARGO_BIN_EXE_crossfade"))
        .args(["scan", "."])
        .args(arguments)
        .current_dir(dir)
        .env_remove("CROSSFADE_URL")
        .env_remove("CROSSFADE_TOKEN")
        .output()
        .expect("the binary runs");
    let utf8 = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap_or(-1), utf8(&output.stdout), utf8(&output.stderr))
}

fn row(table: &str, start: &str) -> Vec<String> {
    let row = table.lines().find(|line| line.trim_start().starts_with(start));
    row.expect(start).split_whitespace().map(str::to_owned).collect()
}

#[test]
fn the_table_counts_rivals_apart_from_the_canonical_and_from_tests() {
    let dir = tree();
    let (code, out, err) = scan(dir.path(), &[]);
    assert_eq!(code, 0, "{err}");
    assert_eq!(row(&out, "encode"), ["encode", "1", "1", "1", "-", "-"]);
    assert_eq!(row(&out, "verified-decode"), ["verified-decode", "1", "-", "-", "-", "-"]);
    assert_eq!(row(&out, "backend")[0], "backend");
    assert!(err.contains("4 files, 20 lines in") && err.contains("next: "), "{err}");
    let (code, _, _) = scan(dir.path(), &["--strict"]);
    assert_eq!(code, 1);
    let (code, out, _) = scan(dir.path(), &["--strict", "--service", "auth"]);
    assert_eq!(code, 0, "what is canonical is no rival: {out}");
}

#[test]
fn a_finding_is_explained_with_its_place_its_code_and_advice() {
    let dir = tree();
    let filter = ["--explain", "--category", "verified-decode,encode", "--class", "production"];
    let (code, out, err) = scan(dir.path(), &filter);
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("\nnetra_backend/app/check.py:5:12: verified-decode: "), "{out}");
    assert!(out.contains("jwt.decode(token, key, algorithms=[\"HS256\"])"), "{out}");
    assert!(out.contains("Ask the authority"), "{out}");
    assert!(!out.contains("tests/") && !out.contains("jwt-import"), "{out}");
}

#[test]
fn json_has_everything_and_the_same_tree_gives_the_same_bytes() {
    let dir = tree();
    put(dir.path(), "netra_backend/app/broken.py", "import jwt\ndef (:\n");
    let (code, out, err) = scan(dir.path(), &["--json"]);
    assert_eq!(code, 0, "{err}");
    assert_eq!(scan(dir.path(), &["--json"]).1, out);
    let json: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!((&json["schema"], &json["files"]), (&"crossfade.scan/1".into(), &5.into()));
    let findings = json["findings"].as_array().expect("findings");
    let decode = findings.iter().find(|each| each["category"] == "verified-decode");
    let decode = decode.expect("found");
    assert_eq!((&decode["line"], &decode["column"]), (&5.into(), &12.into()), "{decode}");
    assert_eq!((&decode["owner"], &decode["service"]), (&"check".into(), &"backend".into()));
    assert_eq!(json["unread"][0]["path"], "netra_backend/app/broken.py");
    assert_eq!(json["unread"][0]["reason"], "syntax error");
    assert!(err.contains("not understood: netra_backend/app/broken.py: syntax error"), "{err}");
}

#[test]
fn sarif_goes_to_a_file_or_to_standard_output_and_never_beside_json() {
    let dir = tree();
    let (code, out, err) = scan(dir.path(), &["--sarif", "scan.sarif"]);
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("CATEGORY"), "{out}");
    let text = fs::read_to_string(dir.path().join("scan.sarif")).expect("written");
    let sarif: Value = serde_json::from_str(&text).expect("JSON");
    let results = sarif["runs"][0]["results"].as_array().expect("results");
    let errors = results.iter().filter(|each| each["level"] == "error");
    let uris: Vec<&Value> = errors
        .map(|each| &each["locations"][0]["physicalLocation"]["artifactLocation"]["uri"])
        .collect();
    assert!(uris.iter().all(|uri| uri.as_str().is_some_and(|uri| uri.starts_with("netra_"))));
    assert!(!uris.is_empty());
    let (code, out, _) = scan(dir.path(), &["--sarif", "-"]);
    assert_eq!((code, serde_json::from_str::<Value>(&out).expect("JSON")), (0, sarif));
    assert_eq!(scan(dir.path(), &["--sarif", "-", "--json"]).0, 2);
    let (code, _, err) = scan(dir.path(), &["--sarif", "none/scan.sarif"]);
    assert_eq!(code, 3, "{err}");
}

#[test]
fn a_baseline_falls_and_never_rises() {
    let dir = tree();
    let baseline = ["--baseline", "scan.jsonl"];
    let update = ["--baseline", "scan.jsonl", "--update-baseline"];
    let kept = || fs::read_to_string(dir.path().join("scan.jsonl")).expect("there");
    let (code, _, err) = scan(dir.path(), &baseline);
    assert_eq!(code, 2);
    assert!(err.contains("there is no scan.jsonl: --update-baseline makes it"), "{err}");
    let (code, _, err) = scan(dir.path(), &update);
    assert_eq!(code, 0, "{err}");
    let first = kept();
    assert!(first.contains("app/make.py") && !first.contains("tests/"), "{first}");
    assert!(!first.contains("auth_service/"), "{first}");

    // Lines that move are known.
    put(dir.path(), "netra_backend/app/check.py", &format!("# moved\n\n{CHECK}"));
    assert_eq!(scan(dir.path(), &baseline).0, 0);

    // A new one is listed, and nothing takes it up.
    put(dir.path(), "netra_backend/app/more.py", &MAKE.replace("make", "more"));
    let (code, _, err) = scan(dir.path(), &baseline);
    assert_eq!(code, 1);
    assert!(err.contains("netra_backend/app/more.py:5:12: encode: "), "{err}");
    let (code, _, err) = scan(dir.path(), &update);
    assert_eq!(code, 1);
    assert!(err.contains("nothing was written") && kept() == first, "{err}");
    let (code, out, _) = scan(dir.path(), &["--baseline", "scan.jsonl", "--json"]);
    let json: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!((code, json["baseline"]["new"].as_array().map(Vec::is_empty)), (1, Some(false)));

    // A folder without code is the wrong folder.
    let elsewhere = TempDir::new().expect("a folder");
    let place = dir.path().join("scan.jsonl").to_string_lossy().into_owned();
    let (code, _, err) = scan(elsewhere.path(), &["--baseline", &place, "--update-baseline"]);
    assert!(code == 2 && err.contains("nothing was read") && kept() == first, "{err}");

    // What has gone is taken out when that is asked for.
    fs::remove_file(dir.path().join("netra_backend/app/more.py")).expect("removed");
    fs::remove_file(dir.path().join("netra_backend/app/make.py")).expect("removed");
    let (code, _, err) = scan(dir.path(), &baseline);
    assert_eq!((code, kept() == first), (0, true));
    assert!(err.contains("have gone: --update-baseline takes"), "{err}");
    assert_eq!(scan(dir.path(), &update).0, 0);
    let fallen = kept();
    assert!(!fallen.contains("app/make.py"), "{fallen}");
    assert!(fallen.lines().all(|line| first.lines().any(|before| before == line)), "{fallen}");

    // And is new when it comes back.
    put(dir.path(), "netra_backend/app/make.py", MAKE);
    assert_eq!(scan(dir.path(), &baseline).0, 1);
}

#[test]
fn a_baseline_that_is_none_is_refused_with_its_line() {
    let dir = tree();
    let update = ["--baseline", "scan.jsonl", "--update-baseline"];
    assert_eq!(scan(dir.path(), &update).0, 0);
    let place = dir.path().join("scan.jsonl");
    let good = fs::read_to_string(&place).expect("there");
    let broken = good.replacen("\n{", "\n<<<<<<< HEAD\n{", 1);
    fs::write(&place, &broken).expect("written");
    let (code, out, err) = scan(dir.path(), &update);
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.contains("`scan.jsonl` is not a baseline: line 2: "), "{err}");
    assert_eq!(fs::read_to_string(&place).expect("there"), broken);
}

#[test]
fn what_is_typed_wrong_is_told_before_anything_is_read() {
    let dir = tree();
    for (arguments, told) in [
        (&["--category", "validators"][..], "one of jwt-import, "),
        (&["--class", "prod"], "one of production, test"),
        (&["--update-baseline"], "--baseline"),
        (&["--baseline", "b", "--class", "production"], "cannot be used with"),
        (&["--report-to", "--category", "encode"], "cannot be used with"),
        (&["--report-to", "x"], "the tree comes before --report-to"),
        (&["--report-to"], "CROSSFADE_TOKEN"),
    ] {
        let (code, _, err) = scan(dir.path(), arguments);
        assert_eq!(code, 2, "{arguments:?}: {err}");
        assert!(err.contains(told), "{arguments:?}: {err}");
    }
    let (code, _, err) = scan(&dir.path().join("auth_service"), &["../../nowhere"]);
    assert_eq!(code, 2, "{err}");
    put(dir.path(), "crossfade.toml", "[scan]\ntset = []\n");
    let (code, _, err) = scan(dir.path(), &[]);
    assert!(code == 2 && err.contains("tset"), "{err}");
}

#[test]
fn a_service_that_does_not_answer_is_exit_code_3_and_the_table_is_shown() {
    let dir = tree();
    let output = Command::new(env!("CARGO_BIN_EXE_crossfade"))
        .args(["scan", "--report-to", "http://127.0.0.1:9", "--", "."])
        .current_dir(dir.path())
        .env("CROSSFADE_TOKEN", "thirty-two characters, and some more")
        .output()
        .expect("the binary runs");
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(3));
    assert!(text.contains("verified-decode"), "{text}");
}
