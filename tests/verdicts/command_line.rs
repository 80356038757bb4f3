//! The commands around the table.

use serde_json::Value;

use crate::table::{crossfade, printed, production};

#[test]
fn text_for_people_fits_a_terminal() {
    for arguments in [&["--all"][..], &["--matrix", "--all"], &["--profile", "V07"]] {
        let text = printed(&[&["profiles", "verdicts"], arguments].concat());
        for line in text.lines() {
            assert!(line.chars().count() <= 80, "{line}");
        }
    }
}

#[test]
fn a_profile_that_was_shown_and_saved_is_judged_as_the_shipped_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("mine.toml");
    std::fs::write(&file, printed(&["profiles", "show", "ws-strict"])).expect("a file");
    let file = file.to_str().expect("a name");
    let own = printed(&["profiles", "verdicts", "--file", file, "--format", "json"]);
    let own: Value = serde_json::from_str(&own).expect("JSON");
    let counts = &own["profiles"][0]["counts"];
    assert_eq!(*counts, production().counts["ws-strict"]);
}

#[test]
fn what_is_typed_wrong_ends_with_exit_code_2() {
    for arguments in [
        &["show", "core"][..],
        &["verdicts", "--profile", "V99"],
        &["verdicts", "--profile", "V01", "--all"],
        &["verdicts", "--file", "/nowhere/mine.toml"],
        &["verdicts", "--file", "Cargo.toml"],
    ] {
        let output = crossfade(&[&["profiles"], arguments].concat());
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty(), "{arguments:?}");
    }
}
