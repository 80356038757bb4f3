//! Every verb of the command line against every token scope, and nobody.

use std::collections::BTreeSet;
use std::process::Stdio;

use tokio::process::Command;

use super::kit::World;
use super::people::{Person, everybody};

/// A verb, what it is called with, and the tokens whose holders get further than the door.
type Row = (&'static str, &'static str, &'static str);

/// Verbs that ask no service: nobody is at a door.
const LOCAL: &[&str] = &[
    "serve",
    "demo",
    "replay",
    "questions",
    "profiles list",
    "profiles show",
    "profiles verdicts",
    "policy diff",
    "policy profiles",
    "guard simulate",
    "verify-jws",
    "rewrite",
    "report verify",
    "probe",
];

/// Verbs that ask a running service. What they are called with changes nothing.
const ASKING: &[Row] = &[
    ("flags list", "", "read admin"),
    ("flags show", "http-auth", "read admin"),
    ("flags set", "http-auth live --revision 1", "raise admin"),
    ("flags rollback", "http-auth", "roll_back admin"),
    ("flags hold", "http-auth --note=", "roll_back admin"),
    ("flags release", "http-auth --note=x", "raise admin"),
    ("flags history", "", "read admin"),
    ("flags history", "http-auth", "read admin"),
    ("flags segments list", "", "read admin"),
    ("flags segments show", "none", "read admin"),
    // Nobody belongs to it: whoever may make one is told so.
    ("flags segments set", "none --new", "raise admin"),
    ("flags segments remove", "none --revision 0", "raise admin"),
    ("flags segments history", "none", "read admin"),
    ("flags target", "http-auth none=ssot --revision 1", "raise admin"),
    ("flags explain", "http-auth --subject alice", "read admin"),
    ("flags export-history", "--out /dev/null/none", "read admin"),
    ("flags verify", "", "read admin"),
    ("flags undo", "http-auth --at 999999", "roll_back raise admin"),
    ("flags restore", "http-auth --revision 999999 --at 1", "roll_back raise admin"),
    ("flags plan show", "", "read admin"),
    ("flags plan start", "http-auth --template none --revision 1", "raise admin"),
    ("flags plan pause", "http-auth", "roll_back admin"),
    ("flags plan resume", "http-auth", "raise admin"),
    ("flags plan skip", "http-auth", "raise admin"),
    ("flags plan abort", "http-auth", "roll_back admin"),
    // A token is no person, whatever its scope.
    ("flags plan approve", "http-auth", ""),
    ("flags plan templates", "", "read admin"),
    ("guard list", "", "read admin"),
    ("guard explain", "http-auth", "read admin"),
    ("guard cards", "", "read admin"),
    ("guard card", "none", "read admin"),
    ("guard limits", "http-auth", "read admin"),
    // They are the default ones already: whoever may change them is told so.
    ("guard limits", "http-auth --reset --revision 1 --note=x", "raise admin"),
    // Whoever changes some of them reads the others first.
    ("guard limits", "http-auth --set slow_ms=500 --note=x", "admin"),
    ("evidence show", "", "read admin"),
    ("evidence tests", "http-auth -", "raise admin"),
    ("evidence certificate", "http-auth -", "raise admin"),
    ("evidence issue", "none", "raise admin"),
    ("evidence golden-path", "", "read admin"),
    ("evidence golden-path", "--walks 1 --passed 2", "raise admin"),
    ("evidence baseline", "--note=", "raise admin"),
    ("evidence withdraw", "http-auth tests", "roll_back admin"),
    ("flags accepted", "", "read admin"),
    // Nothing is beyond shadow: nothing moves.
    ("flags kill", "--note=x", "roll_back admin"),
    ("flags rollback", "--phase 3", "roll_back admin"),
    ("flags export", "", "read admin"),
    ("flags diff", "flags/demo.toml", "read admin"),
    // It names components that are not there, and so nothing of it happens.
    ("flags apply", "flags/demo.toml", "raise admin"),
    ("flags drift", "", "read admin"),
    ("policy show", "", "read admin"),
    // There is no such revision: whoever may change it is told so.
    ("policy set", "own id issuer=enforce --revision 999999", "raise admin"),
    ("policy set", "own id issuer=observe --revision 999999", "admin"),
    ("policy rollback", "own id", "raise admin"),
    ("policy history", "own id", "read admin"),
    ("policy observed", "", "read admin"),
    ("report", "", "read admin"),
    ("checks", "", "read admin"),
    // The tree has no name: whoever may post is told so.
    ("capabilities", "flags --from-service", "read admin"),
    ("scan", "flags --report-to --tree=", "raise admin"),
    ("report", "--period 1h --component http-auth --format csv", "read admin"),
    // There is no such component: whoever may keep one is told so.
    ("report", "--keep --component none", "roll_back admin"),
    ("report list", "", "read admin"),
    ("report show", "20270115t080000000", "read admin"),
    ("operators list", "", "read admin"),
    ("operators add", "admin --role viewer", "admin"),
    ("operators role", "nobody viewer", "admin"),
    ("operators link", "nobody", "admin"),
    ("operators remove", "nobody", "admin"),
    ("operators sessions", "", "admin"),
    ("tokens list", "", "read admin"),
    ("tokens make", "read --scope read --for 1d", "admin"),
    ("tokens revoke", "nobody", "admin"),
    ("keys list", "", "read admin"),
    ("keys generate", "--note=", "admin"),
    ("keys import", "- --kind secret --id x --note=", "admin"),
    ("keys rotate", "--note=", "admin"),
    ("keys retire", "nobody --note=x", "admin"),
    ("keys export-public", "nobody", "read admin"),
    ("approvals list", "", "read admin"),
    ("links make", "roll-back none", "roll_back admin"),
    ("access-log", "", "read admin"),
];

#[test]
fn every_verb_has_a_row() {
    let rows = LOCAL.iter().copied().chain(ASKING.iter().map(|row| row.0));
    let rows: BTreeSet<String> = rows.map(str::to_owned).collect();
    assert_eq!(crossfade::cli::verbs().into_iter().collect::<BTreeSet<_>>(), rows);
}

/// Runs a verb with somebody's token; the exit code and what it complained of.
async fn run(world: &World, verb: &str, arguments: &str, person: &Person) -> (i32, String) {
    let token = person.headers.trim().strip_prefix("authorization: Bearer ").unwrap_or("nobody");
    let output = Command::new(env!("CARGO_BIN_EXE_crossfade"))
        .args(verb.split(' ').chain(arguments.split_whitespace()))
        .env("CROSSFADE_URL", world.control_url())
        .env("CROSSFADE_TOKEN", token)
        .stdin(Stdio::null())
        .output();
    let output = output.await.expect("the binary runs");
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code().unwrap_or(-1), complaint)
}

#[tokio::test(flavor = "multi_thread")]
async fn each_verb_gets_as_far_as_the_token_that_it_shows() {
    let world = World::start().await;
    let people = everybody(&world).await;
    let revision = world.flag("http-auth").await.json()["revision"].to_string();
    let by_token = |person: &&Person| person.form_token.is_none();
    let mut faults = Vec::new();
    for (verb, arguments, who) in ASKING {
        let arguments = arguments.replace("--revision 1", &format!("--revision {revision}"));
        for person in people.iter().filter(by_token) {
            let (code, complaint) = run(&world, verb, &arguments, person).await;
            let refused = ["Not permitted", "Not let in", "Who are you?", "A person does this"];
            let refused = refused.iter().any(|title| complaint.contains(title));
            let scope = person.name.strip_prefix("token:");
            let may = scope.is_some_and(|scope| who.split(' ').any(|each| each == scope));
            if refused == may || (refused && code != 2) || code < 0 {
                faults.push(format!("{verb}: {} got {code}: {complaint}", person.name));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    world.stop().await;
}
