//! The whole table at once: the kill switch, phases, documents and drift.

use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;

use crossfade::access::Role;
use crossfade::domain::Clock;
use serde_json::{Value, json};
use tokio::process::Command;

use super::kit::{Ahead, Behaviour, CONTROL, Reply, World};
use super::people::operator;

const JSON: &str = "content-type: application/json\r\n";
const TOML: &str = "content-type: application/toml\r\n";

/// `modelled` serves everybody by ssot, `child` half of them; both have been asked.
async fn raised() -> World {
    let world = World::start().await;
    raise(&world).await;
    world
}

async fn raise(world: &World) {
    world.move_to("modelled", &[json!({ "stage": "canary", "share": 10_000 })]).await;
    world.move_to("child", &[json!({ "stage": "shadow" })]).await;
    world.move_to("child", &[json!({ "stage": "canary", "share": 5_000 })]).await;
    for component in ["modelled", "child"] {
        let token = world.token("fresh_hs256", "alice");
        assert_eq!(world.decide(component, &token).await.status, 200);
        // Whoever is not served by legacy is compared with it.
        world.rooms.shadow.idle().await;
    }
}

/// The same, and `http-auth` serves everybody by ssot while its legacy has been silent for longer
/// than a minute.
async fn silent() -> World {
    let clock = Arc::new(Ahead::default());
    let world = World::start_by(Arc::clone(&clock) as Arc<dyn Clock>).await;
    world.move_to("http-auth", &[json!({ "stage": "shadow" })]).await;
    world.move_to("http-auth", &[json!({ "stage": "canary", "share": 10_000 })]).await;
    let token = world.token("fresh_hs256", "alice");
    assert_eq!(world.decide("http-auth", &token).await.json()["served_by"], "ssot");
    world.rooms.shadow.idle().await;
    assert!(world.legacy.asked() > 0, "legacy has answered once");
    world.legacy.behave(Behaviour::Crash);
    clock.seconds(61);
    raise(&world).await;
    world
}

/// Asserts that `http-auth` alone was left where it was, for the silence of its legacy.
fn is_left_alone(answer: &Value) {
    assert_eq!(named(&answer["not_moved"]), ["http-auth"], "{answer}");
    let left = &answer["not_moved"][0];
    assert_eq!(
        (&left["code"], &left["stage"], &left["share"]),
        (&json!("legacy_silent"), &json!("canary"), &json!(10_000))
    );
}

async fn stage(world: &World, component: &str) -> Value {
    world.flag(component).await.json()["stage"].clone()
}

fn named(list: &Value) -> Vec<&str> {
    let all = list.as_array().into_iter().flatten();
    all.filter_map(|each| each["component"].as_str()).collect()
}

/// Runs the binary against the world, with the control token; code, output and complaints.
async fn run(world: &World, arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_crossfade"))
        .args(arguments)
        .env("CROSSFADE_URL", world.control_url())
        .env("CROSSFADE_TOKEN", CONTROL)
        .stdin(Stdio::null())
        .output();
    let output = output.await.expect("the binary runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_kill_switch_needs_no_body_and_the_next_request_is_legacys() {
    let world = raised().await;
    let token = world.token("fresh_hs256", "alice");
    assert_eq!(world.decide("modelled", &token).await.json()["served_by"], "ssot");
    let killed = world.control("POST", "/v1/kill", "", "").await;
    assert_eq!(killed.status, 200, "{killed:?}");
    let answer = killed.json();
    assert_eq!(
        (named(&answer["moved"]), &answer["not_moved"]),
        (vec!["child", "modelled"], &json!([]))
    );
    assert_eq!(answer["moved"][1]["from"], json!({ "stage": "canary", "share": 10_000 }));
    assert_eq!(world.decide("modelled", &token).await.json()["served_by"], "legacy");
    for component in ["modelled", "child"] {
        let flag = world.flag(component).await.json();
        assert_eq!((&flag["stage"], flag["latch"].is_object()), (&json!("shadow"), true));
    }
    assert_eq!(stage(&world, "http-auth").await, "off", "what is off stays off");
    let again = world.control("POST", "/v1/kill", JSON, r#"{"note":"again"}"#).await.json();
    assert_eq!((&again["moved"], &again["revision"]), (&json!([]), &answer["revision"]));
    let off = world.control("POST", "/v1/kill", JSON, r#"{"to":"off"}"#).await;
    assert_eq!(named(&off.json()["moved"]), ["child", "modelled"]);
    world
        .control("POST", "/v1/kill", JSON, r#"{"to":"live"}"#)
        .await
        .is_problem(422, "shadow or off");
    let history = world.control("GET", "/v1/flags/child/history", "", "").await.json();
    assert_eq!(history["changes"][0]["after"]["stage"], "off");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phase_goes_back_alone() {
    let world = raised().await;
    for phase in ["2", "3"] {
        let path = format!("/v1/phases/{phase}/rollback");
        let other = world.control("POST", &path, "", "").await;
        assert_eq!((other.status, named(&other.json()["moved"])), (200, vec![]));
    }
    world.control("POST", "/v1/phases/4/rollback", "", "").await.is_problem(404, "1, 2 and 3");
    let (code, output, _) =
        run(&world, &["flags", "rollback", "--phase", "1", "--note", "x"]).await;
    assert_eq!(code, 0, "{output}");
    assert!(output.contains("modelled is at shadow (was canary 100 %)"), "{output}");
    let flag = world.flag("child").await.json();
    assert_eq!((&flag["stage"], &flag["cause"]["note"]), (&json!("shadow"), &json!("x")));
    let (code, output, _) = run(&world, &["flags", "kill"]).await;
    assert_eq!((code, output.as_str()), (0, "nothing to move: legacy serves already\n"));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_second_person_approves_is_killed_whether_legacy_answers_or_not() {
    let world = raised().await;
    let ada = operator(&world, "ada", Role::Admin).await;
    let bob = operator(&world, "bob", Role::Admin).await;
    let cookie = ada.headers.trim().split_once('=').expect("a cookie").1;
    let session = world.rooms.access.people.session(cookie).expect("a session");
    // What a forced kill asks for, when something was left alone.
    let what = json!({ "kind": "sweep", "phase": null, "off": false });
    let asked =
        world.rooms.access.approvals.ask(&session.caller, "all".to_owned(), what, "now".to_owned());
    let id = asked.await.expect("asked").id;
    let approve = format!("/v1/approvals/{id}/approve");
    let done = world.control_as_sent("POST", &approve, &bob.api_headers(), "").await;
    assert_eq!(done.status, 200, "{done:?}");
    assert_eq!(named(&done.json()["moved"]), ["child", "modelled"]);
    let cause = world.flag("child").await.json()["cause"].clone();
    let expected =
        json!({ "by": "two_people", "asked_by": "ada", "approved_by": "bob", "note": "now" });
    assert_eq!(cause, expected);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_kill_switch_leaves_alone_whose_legacy_is_silent_until_two_people_want_it() {
    let world = silent().await;
    let killed = world.control("POST", "/v1/kill", "", "").await;
    assert_eq!(killed.status, 200, "{killed:?}");
    let answer = killed.json();
    assert_eq!(named(&answer["moved"]), ["child", "modelled"], "{answer}");
    is_left_alone(&answer);
    assert_eq!(answer.get("second_person"), None, "nobody has asked for one");
    assert_eq!(stage(&world, "http-auth").await, "canary");
    assert_eq!(stage(&world, "modelled").await, "shadow");

    let ada = operator(&world, "ada", Role::Admin).await;
    let bob = operator(&world, "bob", Role::Admin).await;
    let wish = json!({ "force": true, "note": "everybody is logged out" }).to_string();
    let asked = world.control_as_sent("POST", "/v1/kill", &ada.api_headers(), &wish).await;
    assert_eq!(asked.status, 202, "{asked:?}");
    let answer = asked.json();
    is_left_alone(&answer);
    assert_eq!((named(&answer["moved"]), answer.get("second_person_refused")), (vec![], None));
    assert!(answer["second_person"]["expires_at"].is_string(), "{answer}");
    let id = answer["second_person"]["id"].as_str().expect("an id");
    let approve = format!("/v1/approvals/{id}/approve");
    let own = world.control_as_sent("POST", &approve, &ada.api_headers(), "").await;
    own.is_problem(403, "second person");
    assert_eq!(stage(&world, "http-auth").await, "canary", "asked for, and not done");

    let done = world.control_as_sent("POST", &approve, &bob.api_headers(), "").await;
    assert_eq!(done.status, 200, "{done:?}");
    let answer = done.json();
    assert_eq!((named(&answer["moved"]), &answer["not_moved"]), (vec!["http-auth"], &json!([])));
    let flag = world.flag("http-auth").await.json();
    assert_eq!((&flag["stage"], flag["latch"].is_object()), (&json!("shadow"), true));
    let cause = json!({ "by": "two_people", "asked_by": "ada", "approved_by": "bob",
                        "note": "everybody is logged out" });
    assert_eq!(flag["cause"], cause);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_token_asks_for_a_second_person_and_what_may_go_back_goes_all_the_same() {
    let world = silent().await;
    let wish = json!({ "force": true }).to_string();
    let killed = world.control("POST", "/v1/kill", JSON, &wish).await;
    assert_eq!(killed.status, 200, "{killed:?}");
    let answer = killed.json();
    assert_eq!(named(&answer["moved"]), ["child", "modelled"], "{answer}");
    is_left_alone(&answer);
    let refused = answer["second_person_refused"].as_str().expect("a reason");
    assert!(refused.contains("signed-in operator"), "{refused}");
    assert_eq!(answer.get("second_person"), None);
    assert_eq!(world.rooms.access.approvals.list().expect("a list").len(), 0);

    let left =
        "http-auth stays at canary 100 %: its legacy has not answered within the last minute";
    let (code, output, complaints) = run(&world, &["flags", "kill"]).await;
    assert_eq!((code, output.trim_end(), complaints.as_str()), (1, left, ""));
    let (code, output, complaints) = run(&world, &["flags", "kill", "--force"]).await;
    assert_eq!((code, output.trim_end()), (1, left));
    assert!(complaints.contains("no second person was asked about the rest"), "{complaints}");
    assert_eq!(stage(&world, "http-auth").await, "canary");
    // Once legacy has answered again, one is enough.
    world.legacy.allow("alice", &["read"]);
    let token = world.token("fresh_hs256", "alice");
    assert_eq!(world.decide("http-auth", &token).await.json()["served_by"], "ssot");
    world.rooms.shadow.idle().await;
    let (code, output, _) = run(&world, &["flags", "kill"]).await;
    assert_eq!(code, 0, "{output}");
    assert!(output.contains("http-auth is at shadow (was canary 100 %)"), "{output}");
    world.stop().await;
}

async fn import(world: &World, query: &str, headers: &str, body: &str) -> Reply {
    world.control("POST", &format!("/v1/table?{query}"), headers, body).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_exported_comes_back_without_a_difference_and_is_changed_as_one() {
    let world = raised().await;
    let toml = world.control("GET", "/v1/table", "", "").await;
    assert_eq!(toml.header("content-type"), Some("application/toml; charset=utf-8"));
    assert!(toml.body.starts_with("# The flag table at revision "), "{}", toml.body);
    let json = world.control("GET", "/v1/table?format=json", "", "").await;
    assert_eq!(json.json()["component"]["modelled"]["share_percent"], 100);
    assert!(!json.body.contains("salt"), "{}", json.body);
    for (headers, body) in [(TOML, &toml.body), (JSON, &json.body)] {
        let same = import(&world, "dry_run=true", headers, body).await;
        assert_eq!(same.status, 200, "{same:?}");
        let same = same.json();
        assert_eq!((&same["changes"], &same["refused"]), (&json!([]), &json!([])), "{same}");
    }
    let etag = toml.header("etag").expect("an ETag").to_owned();
    let document = "[component.http-auth]\nstage = \"shadow\"\ndeadline_ms = 900\n\
                    [component.modelled]\ndeadline_ms = 800\n";
    let dry = import(&world, "dry_run=true", TOML, document).await.json();
    assert_eq!(dry["applied"], false);
    assert_eq!(dry["changes"].as_array().map(Vec::len), Some(3), "{dry}");
    assert_eq!(
        dry["changes"][0],
        json!({ "component": "http-auth", "field": "deadline_ms", "from": 400, "to": 900 })
    );
    assert_eq!(dry["needs"].as_array().map(Vec::len), Some(2), "{dry}");
    assert!(dry["not_mentioned"].as_array().is_some_and(|rest| rest.contains(&json!("child"))));
    assert_eq!(stage(&world, "http-auth").await, "off", "it was only a rehearsal");
    let headers = format!("{TOML}if-match: {etag}\r\n");
    let applied = import(&world, "note=limits%20of%20autumn", &headers, document).await;
    assert_eq!(applied.status, 200, "{applied:?}");
    assert_eq!(applied.json()["applied"], true);
    let flag = world.flag("http-auth").await.json();
    assert_eq!((&flag["stage"], &flag["deadline_ms"]), (&json!("shadow"), &json!(900)));
    assert_eq!(flag["cause"]["note"], "limits of autumn");
    let again = import(&world, "", TOML, document).await.json();
    assert_eq!((&again["applied"], &again["changes"]), (&json!(false), &json!([])));
    import(&world, "", &headers, "[component.child]\ndeadline_ms = 70")
        .await
        .is_problem(412, "ETag");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_is_refused_whole_and_all_that_is_wrong_is_told() {
    let world = raised().await;
    let both = "[component.modelled]\nstage = \"sealed\"\n[component.nobody]\nstage = \"off\"\n\
                [component.http-auth]\nstage = \"shadow\"\n";
    let refused = import(&world, "", TOML, both).await;
    refused.is_problem(409, "modelled: stage: canary at 100 % cannot go to sealed");
    refused.is_problem(409, "nobody: is no component");
    assert_eq!(stage(&world, "http-auth").await, "off");
    let looser = r#"{"component":{"modelled":{"accepted":[{"name":"x","class":"looser","owner":"o","reason":"r","expires_in_days":1}]}}}"#;
    import(&world, "", JSON, looser).await.is_problem(409, "ssot lets in more than legacy");
    let faults =
        import(&world, "", TOML, "[component.modelled]\ndeadline_ms = 1\ncolour = 2\n").await;
    faults.is_problem(422, "modelled: deadline_ms: must be 50 to 60000");
    faults.is_problem(422, "modelled: colour: unknown key");
    import(&world, "", "", "{}").await.is_problem(415, "application/toml");
    import(&world, "format=yaml", JSON, "{}").await.is_problem(400, "toml or json");
    import(&world, "dry_run=maybe", JSON, "{}").await.is_problem(400, "dry_run");
    let large = format!("# {}", "x".repeat(4 * 1024 * 1024));
    assert_eq!(import(&world, "", TOML, &large).await.status, 413);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn drift_is_what_the_seeds_do_not_say_but_no_stage_that_people_have_moved_on() {
    let world = raised().await;
    let drift = world.control("GET", "/v1/drift", "", "").await.json();
    assert_eq!((&drift["drifted"], &drift["fields"]), (&json!(false), &json!([])), "{drift}");
    let stages = drift["stages"].as_array().expect("stages");
    assert_eq!(stages.len(), 2, "{drift}");
    assert!(stages.iter().all(|stage| stage["counts"] == false));
    let (code, output, _) = run(&world, &["flags", "drift"]).await;
    assert_eq!(code, 0, "{output}");
    assert!(
        output.contains("modelled: stage: seeded shadow, is canary (moved by people"),
        "{output}"
    );
    import(&world, "", TOML, "[component.child]\ndeadline_ms = 70").await;
    let drift = world.control("GET", "/v1/drift", "", "").await.json();
    let field = json!({ "component": "child", "field": "deadline_ms", "from": 1000, "to": 70 });
    assert_eq!((&drift["drifted"], &drift["fields"]), (&json!(true), &json!([field])));
    let (code, output, _) = run(&world, &["flags", "drift"]).await;
    assert_eq!((code, output.contains("child: deadline_ms: seeded 1000, is 70")), (1, true));
    let seeds = world.dir.path().join("seeds.toml");
    let arguments = ["flags", "drift", "--json", "--seeds", seeds.to_str().expect("a path")];
    let (code, output, _) = run(&world, &arguments).await;
    let local: Value = serde_json::from_str(&output).expect("JSON");
    assert_eq!((code, &local), (1, &drift), "the file is what the service was started from");
    let shipped = ["flags", "drift", "--seeds", "flags/production.toml"];
    let (code, output, _) = run(&world, &shipped).await;
    assert_eq!(code, 1);
    assert!(output.contains("event-delivery: seeded, and not in the table"), "{output}");
    assert!(output.contains("modelled: in the table, and not seeded"), "{output}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_team_keeps_its_components_in_a_file() {
    let world = raised().await;
    let file = world.dir.path().join("table.toml");
    let name = file.to_str().expect("a path");
    let (code, _, problem) = run(&world, &["flags", "export", "--out", name]).await;
    assert_eq!((code, problem.as_str()), (0, ""));
    let (code, output, _) = run(&world, &["flags", "diff", name]).await;
    assert_eq!((code, output.as_str()), (0, "no difference\n"));
    let text = std::fs::read_to_string(Path::new(name)).expect("a file");
    let wanted = text.replace("deadline_ms = 400", "deadline_ms = 450");
    std::fs::write(name, wanted).expect("written");
    let (code, output, problem) = run(&world, &["flags", "diff", name]).await;
    assert_eq!((code, output.as_str()), (1, "http-auth: deadline_ms: 400 -> 450\n"));
    assert!(problem.contains("takes: change settings (http-auth)"), "{problem}");
    let (code, ..) = run(&world, &["flags", "apply", name, "--dry-run"]).await;
    assert_eq!((code, &world.flag("http-auth").await.json()["deadline_ms"]), (1, &json!(400)));
    let (code, output, _) =
        run(&world, &["flags", "apply", name, "--note", "why & wherefore"]).await;
    assert_eq!(code, 0, "{output}");
    assert!(output.contains("applied, the table is at revision"), "{output}");
    let flag = world.flag("http-auth").await.json();
    assert_eq!(
        (&flag["deadline_ms"], &flag["cause"]["note"]),
        (&json!(450), &json!("why & wherefore"))
    );
    std::fs::write(name, "[component.modelled]\nstage = \"sealed\"\n").expect("written");
    let (code, _, problem) = run(&world, &["flags", "apply", name]).await;
    assert_eq!((code, problem.contains("cannot go to sealed")), (1, true), "{problem}");
    world.stop().await;
}
