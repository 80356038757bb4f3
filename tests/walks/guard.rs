//! The doors of the guard: what it says, what it is told, and what it is held to.

use std::process::Stdio;
use std::time::Duration;

use crossfade::access::Scope;
use crossfade::guard::CardFilter;
use serde_json::{Value, json};
use tokio::process::Command;

use super::kit::{CONTROL, Reply, World};
use super::people::token;

const JSON: &str = "content-type: application/json\r\n";
const OUTCOMES: &str = "/v1/outcomes";
const GOLDEN_PATH: &str = "/v1/evidence/golden-path";

/// Changes settings of a flag as it is now.
async fn put(world: &World, component: &str, body: &Value) -> Reply {
    let etag = world.flag(component).await.header("etag").expect("an ETag").to_owned();
    let headers = format!("if-match: {etag}\r\n{JSON}");
    world.control("PUT", &format!("/v1/flags/{component}"), &headers, &body.to_string()).await
}

fn outcome(component: &str, side: &str) -> Value {
    json!({ "component": component, "side": side, "runs_started": 10, "runs_completed": 9,
            "active_users": 3, "messages": 12 })
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
async fn every_component_has_a_ruling_and_its_evidence() {
    let world = World::start().await;
    let list = world.control("GET", "/v1/guard", "", "").await;
    assert_eq!(list.status, 200, "{list:?}");
    let list = list.json();
    let rows = list["components"].as_array().expect("a list");
    let named: Vec<&str> = rows.iter().filter_map(|row| row["component"].as_str()).collect();
    let all = ["child", "frontend-session", "http-auth", "modelled", "token-operations"];
    assert_eq!(named, all);
    for component in all {
        let path = format!("/v1/flags/{component}/guard");
        let shown = world.control("GET", &path, "", "").await;
        assert_eq!(shown.status, 200, "{shown:?}");
        let view = shown.json();
        assert_eq!(view["ruling"]["ruling"], "wait", "{view}");
        assert_eq!((&view["component"], &view["foretold"]), (&json!(component), &json!([])));
        assert!(view["standings"].as_array().is_some_and(|list| list.len() == 11), "{view}");
        assert_eq!(view["limits"]["error_rate_ppm"], 10_000);
    }
    let (code, output, _) = run(&world, &["guard", "explain", "modelled"]).await;
    assert_eq!(code, 0, "{output}");
    assert!(output.starts_with("modelled: WAIT at shadow"), "{output}");
    let (code, output, _) = run(&world, &["guard", "list"]).await;
    assert_eq!((code, output.lines().count()), (0, 6), "{output}");
    let (code, output, _) = run(&world, &["guard", "explain", "modelled", "--json"]).await;
    let view: Value = serde_json::from_str(&output).expect("JSON");
    assert_eq!((code, &view["component"]), (0, &json!("modelled")));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_and_what_is_asked_wrongly_are_told() {
    let world = World::start().await;
    for component in ["none", "NO%20ID", "%ff"] {
        let path = format!("/v1/flags/{component}/guard");
        world.control("GET", &path, "", "").await.is_problem(404, "no component");
    }
    for id in ["none", "NO%20ID", &"a".repeat(65)] {
        let card = world.control("GET", &format!("/v1/guard/cards/{id}"), "", "").await;
        assert_eq!(card.status, 404, "{card:?}");
    }
    let page = world.control("GET", "/v1/guard/cards", "", "").await;
    assert_eq!((page.status, page.json()), (200, json!({ "cards": [], "next": null })));
    for query in ["limit=0", "limit=501", "limit=x", "nonsense=1"] {
        let path = format!("/v1/guard/cards?{query}");
        world.control("GET", &path, "", "").await.is_problem(400, "limit");
    }
    let before = world.control("GET", "/v1/guard/cards?before=a/b", "", "").await;
    before.is_problem(400, "before");
    let other = world.control("GET", "/v1/guard/cards?component=none", "", "").await;
    other.is_problem(404, "no component");
    let path = "/v1/guard/cards?component=modelled&limit=500";
    assert_eq!(world.control("GET", path, "", "").await.json()["cards"], json!([]));
    let (code, _, complaint) = run(&world, &["guard", "card", "none"]).await;
    assert!(code == 2 && complaint.contains("no decision card"), "{code} {complaint}");
    let (code, output, _) = run(&world, &["guard", "cards", "--component", "modelled"]).await;
    assert_eq!((code, output.lines().count()), (0, 1), "only the names of the columns: {output}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn outcomes_that_make_no_sense_are_refused_and_none_of_their_report_counts() {
    let world = World::start().await;
    let send = |body: Value| {
        let world = &world;
        async move { world.control("POST", OUTCOMES, JSON, &body.to_string()).await }
    };
    send(json!([])).await.is_problem(400, "not a list");
    send(json!({})).await.is_problem(400, "missing field");
    send(json!({ "outcomes": [{ "component": "modelled" }] })).await.is_problem(400, "missing");
    send(json!({ "outcomes": [], "x": 1 })).await.is_problem(400, "unknown field");
    send(json!({ "outcomes": [] })).await.is_problem(422, "1 to 100");
    send(json!({ "outcomes": vec![outcome("modelled", "ssot"); 101] }))
        .await
        .is_problem(422, "1 to 100");
    let with = |name: &str, value: Value| {
        let mut second = outcome("modelled", "ssot");
        second[name] = value;
        json!({ "outcomes": [outcome("modelled", "ssot"), second] })
    };
    send(with("side", json!("both"))).await.is_problem(400, "another type");
    send(with("runs_started", json!(-1))).await.is_problem(400, "another type");
    send(with("component", json!("none"))).await.is_problem(422, "outcomes[1]: there is no such");
    send(with("runs_completed", json!(11))).await.is_problem(422, "more runs");
    send(with("active_users", json!(0))).await.is_problem(422, "nobody");
    send(with("messages", json!(u64::MAX))).await.is_problem(422, "at most");
    send(with("at", json!("2001-01-01T00:00:00Z"))).await.is_problem(422, "more than a day");
    send(with("at", json!("2999-01-01T00:00:00Z"))).await.is_problem(422, "future");
    world.control("POST", OUTCOMES, "", "{}").await.is_problem(415, "Content-Type");
    let view = world.control("GET", "/v1/flags/modelled/guard", "", "").await.json();
    let standings = view["standings"].as_array().expect("a list").iter();
    let outcomes: Vec<&Value> =
        standings.filter(|standing| standing["rule"] == "outcomes").collect();
    assert!(outcomes[0]["unarmed"].as_str().is_some_and(|why| why.contains("no data source")));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn outcomes_are_handed_in_by_observers_and_seen_by_the_guard() {
    let world = World::start().await;
    let observer = token(&world, "analytics", Scope::Observe).await;
    let headers = format!("{}{JSON}", observer.headers);
    let outcomes = [outcome("modelled", "ssot"), outcome("modelled", "legacy")];
    let body = json!({ "outcomes": outcomes }).to_string();
    assert_eq!(world.data("POST", OUTCOMES, &headers, &body).await.status, 204);
    assert_eq!(world.control("POST", OUTCOMES, JSON, &body).await.status, 204);
    until(&world, "modelled", |view| {
        let standings = view["standings"].as_array().into_iter().flatten();
        let mut outcomes = standings.filter(|standing| standing["rule"] == "outcomes");
        outcomes.any(|standing| {
            standing["seen"].as_str().is_some_and(|seen| seen.contains("18 of 20 runs"))
        })
    })
    .await;
    // The door of observers takes a token even where nobody else needs one, and only of its scope.
    world.data("POST", OUTCOMES, JSON, &body).await.is_problem(401, "");
    let decide = token(&world, "decider", Scope::Decide).await;
    let headers = format!("{}{JSON}", decide.headers);
    world.data("POST", OUTCOMES, &headers, &body).await.is_problem(403, "report outcomes");
    world.stop().await;
}

/// Asks for the guard's view until it is as it should be: the guard looks every 100 ms.
async fn until(world: &World, component: &str, is_so: impl Fn(&Value) -> bool) {
    let path = format!("/v1/flags/{component}/guard");
    let looking = async {
        let mut looks = tokio::time::interval(Duration::from_millis(20));
        loop {
            looks.tick().await;
            if is_so(&world.control("GET", &path, "", "").await.json()) {
                return;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), looking).await.expect("it becomes so");
}

#[tokio::test(flavor = "multi_thread")]
async fn walks_are_of_a_side_where_the_guard_is_to_look_at_them() {
    let world = World::start().await;
    let send = |body: Value| {
        let world = &world;
        async move { world.control("POST", GOLDEN_PATH, JSON, &body.to_string()).await }
    };
    let walks = |more: Value| {
        let mut body = json!({ "walks": 3, "passed": 3 });
        for (name, value) in more.as_object().expect("an object") {
            body[name] = value.clone();
        }
        body
    };
    send(walks(json!({ "component": "modelled" }))).await.is_problem(422, "beside `side`");
    send(walks(json!({ "side": "ssot", "component": "none" }))).await.is_problem(422, "names none");
    send(walks(json!({ "side": "both" }))).await.is_problem(400, "another type");
    send(walks(json!({ "side": "ssot", "walks": 101 }))).await.is_problem(422, "at most 100");
    send(walks(json!({ "side": "ssot", "passed": 4 }))).await.is_problem(422, "more walks passed");
    let shown = world.control("GET", GOLDEN_PATH, "", "").await.json();
    assert_eq!(shown["observations"], json!([]), "nothing of it counts");
    assert_eq!(send(walks(json!({ "side": "ssot" }))).await.status, 204);
    assert_eq!(send(walks(json!({ "side": "legacy", "component": "child" }))).await.status, 204);
    let shown = world.control("GET", GOLDEN_PATH, "", "").await.json();
    assert_eq!(shown["rate"]["walks"], 6);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn three_failed_walks_on_ssot_while_legacys_pass_roll_a_component_back() {
    let world = World::start().await;
    world.move_to("modelled", &[json!({ "stage": "canary", "share": 500 })]).await;
    let probe = token(&world, "probe", Scope::Observe).await;
    let headers = format!("{}{JSON}", probe.headers);
    let report = async |side: &str, walks: u32, passed: u32| {
        let body = json!({ "side": side, "component": "modelled", "walks": walks,
                           "passed": passed })
        .to_string();
        assert_eq!(world.data("POST", GOLDEN_PATH, &headers, &body).await.status, 204);
    };
    let mut told = world.rooms.guard.watch();
    report("ssot", 3, 0).await;
    report("legacy", 1, 1).await;
    let card = tokio::time::timeout(Duration::from_secs(20), told.changed()).await;
    card.expect("in time").expect("a card");
    let flag = world.flag("modelled").await.json();
    assert_eq!((&flag["stage"], flag["latch"].is_object()), (&json!("shadow"), true), "{flag}");
    let (code, output, _) = run(&world, &["guard", "cards", "--json"]).await;
    let page: Value = serde_json::from_str(&output).expect("JSON");
    assert_eq!((code, &page["cards"][0]["found"][0]["rule"]), (0, &json!("golden_path")));
    let id = page["cards"][0]["id"].as_str().expect("an id");
    let (code, output, _) = run(&world, &["guard", "card", id]).await;
    assert_eq!(code, 0, "{output}");
    assert!(output.starts_with("modelled: rolled back at "), "{output}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_are_changed_whole_and_kept() {
    let world = World::start().await;
    let limits = json!({ "error_rate_ppm": 5_000, "harm_max": null, "advance": "certified",
                         "windows": [{ "over_s": 60, "error_rate_ppm": 10_000, "at_least": 100 }] });
    let changed = put(&world, "modelled", &json!({ "limits": limits, "note": "less" })).await;
    assert_eq!(changed.status, 200, "{changed:?}");
    let kept = &changed.json()["flag"]["limits"];
    assert_eq!((&kept["error_rate_ppm"], &kept["harm_max"]), (&json!(5_000), &Value::Null));
    assert_eq!((&kept["windows"][0]["times"], &kept["slow_ms"]), (&json!(1), &json!(500)));
    let exported = world.control("GET", "/v1/table?format=json", "", "").await.json();
    let written = &exported["component"]["modelled"]["limits"];
    assert_eq!(written["error_rate_percent"], 0.5);
    assert_eq!((&written["harm_max"], &written["slow_ms"]), (&json!("off"), &Value::Null));
    assert_eq!(exported["component"]["child"]["limits"], "default");
    let drift = world.control("GET", "/v1/drift", "", "").await.json();
    let fields = drift["fields"].as_array().expect("a list").iter();
    let fields: Vec<&str> = fields.filter_map(|field| field["field"].as_str()).collect();
    let expected =
        ["limits.advance", "limits.error_rate_percent", "limits.harm_max", "limits.windows"];
    assert_eq!(fields, expected);
    let wrong = |limits: Value| put_of(&world, limits);
    wrong(json!({ "slow_ms": 0 })).await.is_problem(422, "limits.slow_ms must be 1 to 60000");
    wrong(json!({ "error_rate_ppm": null })).await.is_problem(422, "limits.harm_max");
    wrong(json!({ "error_rate_ppm": 1_000_001 })).await.is_problem(400, "another type");
    wrong(json!({ "errors": 1 })).await.is_problem(400, "unknown field");
    wrong(json!({ "mode": "sleep" })).await.is_problem(400, "another type");
    let (dir, mint) = world.stop().await;
    let world = World::start_in(dir, mint).await;
    assert_eq!(&world.flag("modelled").await.json()["limits"], kept);
    world.stop().await;
}

async fn put_of(world: &World, limits: Value) -> Reply {
    put(world, "modelled", &json!({ "limits": limits })).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_component_that_serves_is_watched_more_closely_and_not_less() {
    let world = World::start().await;
    world.move_to("modelled", &[json!({ "stage": "canary", "share": 500 })]).await;
    let held = r#"{"note":"an incident"}"#;
    assert_eq!(world.control("POST", "/v1/flags/modelled/hold", JSON, held).await.status, 200);
    let weaker = json!({ "limits": { "harm_max": 1_000 } });
    put(&world, "modelled", &weaker).await.is_problem(409, "held since");
    let stricter = json!({ "limits": { "harm_max": 10 } });
    assert_eq!(put(&world, "modelled", &stricter).await.status, 200);
    // A document is no way around it.
    let document = json!({ "component": { "modelled": { "limits": "default" } } }).to_string();
    let plan = world.control("POST", "/v1/table?dry_run=true", JSON, &document).await.json();
    assert_eq!(plan["changes"][0]["field"], "limits.harm_max", "{plan}");
    assert!(plan["refused"][0]["problem"].as_str().is_some_and(|why| why.contains("held since")));
    let needs: Vec<&str> = plan["needs"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|need| need["permission"].as_str())
        .collect();
    assert_eq!(needs, ["raise exposure"]);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_are_set_by_name_on_the_command_line() {
    let world = World::start().await;
    let limits = async |more: &[&str]| {
        let arguments: Vec<&str> =
            ["guard", "limits", "modelled"].iter().chain(more).copied().collect();
        run(&world, &arguments).await
    };
    let (code, output, _) = limits(&[]).await;
    let line = |output: &str, name: &str| -> Vec<String> {
        let mut lines = output.lines().filter(|line| line.trim_start().starts_with(name));
        let words = lines.next().unwrap_or_default().split_whitespace();
        words.map(str::to_owned).collect()
    };
    assert_eq!((code, line(&output, "harm_max")), (0, vec!["harm_max".into(), "100".into()]));
    let set = ["--set", "error_rate_percent=0.5", "--set", "slow_ms=off", "--note", "why"];
    let (code, output, complaint) = limits(&set).await;
    assert_eq!(code, 0, "{output}{complaint}");
    assert!(output.contains("limits.error_rate_percent: 1 to 0.5"), "{output}");
    assert!(output.contains("limits.slow_ms: 500 to off"), "{output}");
    assert!(complaint.contains("lets more through than before (slow_ms)"), "{complaint}");
    let (_, output, _) = limits(&[]).await;
    assert_eq!(line(&output, "slow_ms"), ["slow_ms", "off", "500"]);
    let (code, output, _) = limits(&["--set", "harm_max=20", "--json", "--note", "why"]).await;
    let told: Value = serde_json::from_str(&output).expect("JSON");
    assert_eq!((code, &told["harm_max"], &told["slow_ms"]), (0, &json!(20), &Value::Null));
    let flag = world.flag("modelled").await.json();
    assert_eq!((&flag["limits"], &flag["cause"]["note"]), (&told, &json!("why")));
    for (wrong, about) in [
        ("harm_max=0", "harm_max: must be 1 to"),
        ("harm=1", "no such limit"),
        ("slow_ms=fast", "whole number"),
        ("harm_max", "NAME=VALUE"),
    ] {
        let (code, _, complaint) = limits(&["--set", wrong, "--note", "why"]).await;
        assert!(code == 2 && complaint.contains(about), "{wrong}: {code} {complaint}");
    }
    let (code, _, complaint) = limits(&["--set", "harm_max=7"]).await;
    assert!(code == 2 && complaint.contains("--note"), "{complaint}");
    let (code, _, complaint) = limits(&["--reset", "--revision", "0", "--note", "why"]).await;
    assert!(code == 1 && complaint.contains("Somebody was faster"), "{code} {complaint}");
    assert_eq!(limits(&["--reset", "--note", "enough"]).await.0, 0);
    assert_eq!(world.flag("modelled").await.json()["limits"], Value::Null, "as without a word");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_network_cannot_roll_a_component_back_and_several_can() {
    let world = World::start().await;
    let limits = json!({ "advance": "unheld", "security": false, "divergence_ppm": null,
                         "harm_max": null, "failover_max": null });
    world.move_to("modelled", &[json!({ "limits": limits })]).await;
    world.move_to("modelled", &[json!({ "stage": "canary", "share": 10_000 })]).await;
    let gateway = token(&world, "gateway", Scope::Decide).await;
    // Legacy lets in whom no audience is named, and SSOT does not.
    let deny = async |number: u32, client: &str| {
        let body = json!({ "token": world.token("aud_missing", &format!("person-{number}")) });
        let headers = format!("{}{JSON}x-forwarded-for: {client}\r\n", gateway.headers);
        let target = "/v1/decide/modelled";
        let answer = world.data("POST", target, &headers, &body.to_string()).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()["served_by"].as_str().map(str::to_owned)
    };
    for number in 0..60 {
        let by = deny(number, &format!("203.0.113.{number}")).await;
        assert_eq!(by.as_deref(), Some("ssot"), "person {number}");
    }
    until(&world, "modelled", |view| view["answers"].as_u64() >= Some(60)).await;
    let view = world.control("GET", "/v1/flags/modelled/guard", "", "").await.json();
    // Of their failures, and of their comparisons.
    assert!(view["ignored"].as_u64() >= Some(116), "{view}");
    assert_eq!(world.flag("modelled").await.json()["stage"], "canary");
    let mut network = 0;
    while world.flag("modelled").await.json()["stage"] == "canary" {
        network += 1;
        assert!(network < 5_000, "never rolled back");
        deny(100 + network, &format!("10.{}.{}.1", network / 250, network % 250)).await;
    }
    // The card is written a moment after the rollback is in force.
    let mut told = world.rooms.guard.watch();
    let filter = CardFilter::default();
    while world.rooms.guard.cards(&filter).expect("readable").is_empty() {
        tokio::time::timeout(Duration::from_secs(20), told.changed())
            .await
            .expect("a card")
            .expect("told");
    }
    let cards = world.control("GET", "/v1/guard/cards", "", "").await.json();
    assert_eq!(cards["cards"][0]["found"][0]["rule"], "error_rate", "{cards}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_raises_what_the_guard_has_not_cleared() {
    let world = World::start().await;
    let limits = json!({ "limits": { "advance": "certified" } });
    world.move_to("modelled", &[limits]).await;
    let raise = json!({ "stage": "canary", "share": 500, "note": "up" });
    let refused = put(&world, "modelled", &raise).await;
    refused.is_problem(409, "distinct subjects");
    assert_eq!(
        refused.json()["type"].as_str().map(|kind| kind.ends_with("not-cleared")),
        Some(true)
    );
    assert_eq!(world.flag("modelled").await.json()["stage"], "shadow");
    world.stop().await;
}
