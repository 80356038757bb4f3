//! The twelve checks on the demo, as its migration goes on and comes back.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::shop;
use super::visit::Visit;

/// Each check and what it is judged.
fn judged(visit: &Visit) -> BTreeMap<String, String> {
    let output = visit.crossfade(&["checks", "--json"]);
    let json: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let checks = json["checks"].as_array().expect("checks");
    let text = |check: &Value, name: &str| check[name].as_str().expect("a word").to_owned();
    checks.iter().map(|check| (text(check, "name"), text(check, "judged"))).collect()
}

fn of(checks: &BTreeMap<String, String>, judged: &str) -> Vec<String> {
    let fitting = checks.iter().filter(|(_, word)| *word == judged);
    fitting.map(|(name, _)| name.clone()).collect()
}

fn scanned(visit: &Visit, shop: &Path) {
    visit.done(&["scan", shop.to_str().expect("UTF-8"), "--report-to"]);
}

/// One walk on a side; a walk that fails is evidence as well.
fn walked(visit: &Visit, side: &str) -> String {
    let (data, secret) = (visit.told("data"), visit.told("probe_secret_file"));
    let client = visit.told("probe_client");
    let output = visit.crossfade(&[
        "probe",
        "--data",
        data,
        "--client",
        client,
        "--client-secret-file",
        secret,
        "--side",
        side,
        "--json",
    ]);
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

const COMPONENTS: [&str; 5] =
    ["token-operations", "http-auth", "socket-auth", "socket-connections", "event-delivery"];

fn to_live(visit: &Visit) {
    visit.done(&["flags", "release", "http-auth", "--note", "ssot is mended"]);
    for component in COMPONENTS {
        let is_shadowed = matches!(component, "http-auth" | "socket-auth");
        for stage in ["shadow", "canary", "live"].into_iter().skip(usize::from(is_shadowed)) {
            let mut set = vec!["flags", "set", component, stage, "--note", "on we go"];
            if stage == "canary" {
                set.extend(["--share", "100%"]);
            }
            visit.done(&set);
        }
    }
}

/// Walks until so many checks are judged so: what is judged by whole minutes since the stages changed,
/// and by what the demo's callers show, comes later than the rest.
fn walked_until(visit: &Visit, side: &str, word: &str, wanted: usize) -> Vec<String> {
    for _ in 0..40 {
        let walk = walked(visit, side);
        let checks = judged(visit);
        let fitting = of(&checks, word);
        if fitting.len() == wanted {
            println!("{side}: {checks:#?}\n{walk}");
            return fitting;
        }
    }
    panic!("never {wanted} {word}: {:#?}", judged(visit));
}

#[test]
#[ignore = "waits for three whole minutes"]
fn the_checks_go_from_failed_to_passed_as_the_migration_advances_and_back_on_rollback() {
    let temporary = tempfile::tempdir().expect("a directory");
    let folder = temporary.path().join("shop");
    shop::grown(&folder);
    let visit = Visit::begin(temporary.path());

    scanned(&visit, &folder);
    let before = walked_until(&visit, "legacy", "failed", 11);
    assert!(
        !before.contains(&"no_auth_inconsistencies".to_owned()),
        "legacy's walks are one person"
    );

    visit.done(&["rewrite", folder.to_str().expect("UTF-8"), "--write"]);
    shop::tidy(&folder);
    to_live(&visit);
    scanned(&visit, &folder);
    walked_until(&visit, "ssot", "passed", 12);

    shop::grown(&folder);
    visit.done(&["flags", "kill", "--note", "back"]);
    scanned(&visit, &folder);
    assert_eq!(walked_until(&visit, "legacy", "failed", 11), before);
}
