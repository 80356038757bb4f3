//! The twelve checks, as evidence comes and goes.

use std::sync::Arc;

use crossfade::access::Role;
use crossfade::domain::Clock as _;
use serde_json::{Value, json};

use super::doors::{basic, post, ssot_makes_tokens};
use super::kit::{Ahead, World};
use super::people::{Person, operator};

async fn judged(world: &World, name: &str) -> String {
    let reply = world.control("GET", "/v1/checks", "", "").await;
    assert_eq!(reply.status, 200, "{reply:?}");
    let checks = reply.json();
    let all = checks["checks"].as_array().expect("checks");
    assert_eq!(all.len(), 12);
    let check = all.iter().find(|check| check["name"] == name).expect("known");
    assert_ne!(check["says"], "", "{check}");
    check["judged"].as_str().expect("a word").to_owned()
}

async fn scanned(world: &World, counts: &Value) {
    let body = json!({ "tree": "the code base", "files": 8, "counts": counts,
                       "sites": [{ "name": "app/a.py:check", "category": "validator" }] });
    let json = "content-type: application/json\r\n";
    let reply = world.control("POST", "/v1/scans", json, &body.to_string()).await;
    assert_eq!(reply.status, 204, "{reply:?}");
}

fn count(category: &str, canonical: bool, count: u64) -> Value {
    json!({ "category": category, "class": "production", "service": "backend",
            "canonical": canonical, "count": count })
}

/// The same token at both components.
async fn shown(world: &World, clock: &Ahead, subject: &str) {
    let token = world.token_at("fresh_hs256", subject, clock.now());
    for component in ["http-auth", "modelled"] {
        assert_eq!(world.decide(component, &token).await.status, 200);
    }
}

fn up_to_live() -> [Value; 3] {
    [
        json!({ "stage": "shadow" }),
        json!({ "stage": "canary", "share": 10_000 }),
        json!({ "stage": "live" }),
    ]
}

async fn page(world: &World, who: &Person) -> String {
    let reply = world.control_as_sent("GET", "/checks", &who.form_headers(), "").await;
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.body
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_passes_once_ssot_answers_at_both_doors_and_fails_again_after_a_rollback() {
    let clock = Arc::new(Ahead::default());
    let world = World::start_by(clock.clone()).await;
    let name = "websocket_uses_same_jwt_validation";
    assert_eq!(judged(&world, name).await, "no_evidence");
    // Legacy lets everybody in at the one door as alice.
    world.legacy.allow("alice", &["read"]);
    shown(&world, &clock, "bob").await;
    assert_eq!(judged(&world, name).await, "failed");
    let unwatched = json!({ "limits": { "mode": "off" } });
    world.move_to("modelled", &[unwatched]).await;
    world.move_to("modelled", &up_to_live()[1..]).await;
    world.move_to("http-auth", &up_to_live()).await;
    assert_eq!(judged(&world, name).await, "no_evidence");
    shown(&world, &clock, "bob").await;
    assert_eq!(judged(&world, name).await, "passed");
    let json = "content-type: application/json\r\n";
    let back = json!({ "note": "back" }).to_string();
    let reply = world.control("POST", "/v1/flags/http-auth/rollback", json, &back).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    shown(&world, &clock, "carol").await;
    assert_eq!(judged(&world, name).await, "failed");
    let who = operator(&world, "ada", Role::Viewer).await;
    let page = page(&world, &who).await;
    assert!(page.contains("Tokens with two answers") && page.contains("subject"), "{page}");
    assert!(!page.contains("carol"));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn logins_and_handshakes_are_judged_by_what_has_served_since_the_stage_changed() {
    let clock = Arc::new(Ahead::default());
    let world = World::start_by(clock.clone()).await;
    let name = "login_websocket_same_authority";
    assert_eq!(judged(&world, name).await, "no_evidence");
    ssot_makes_tokens(&world).await;
    let unwatched = json!({ "limits": { "mode": "off" } });
    world.move_to("modelled", &[unwatched]).await;
    clock.seconds(61);
    let login = async || {
        let wish = json!({ "subject": "alice", "permissions": ["read"] });
        let reply = post(&world, "/v1/issue", &basic("chat"), &wish).await;
        assert_eq!(reply.status, 200, "{reply:?}");
    };
    login().await;
    world.decide("modelled", &world.token("fresh_hs256", "alice")).await;
    assert_eq!(judged(&world, name).await, "failed");
    world.move_to("modelled", &up_to_live()[1..]).await;
    assert_eq!(judged(&world, name).await, "no_evidence");
    clock.seconds(61);
    world.decide("modelled", &world.token("fresh_hs256", "alice")).await;
    assert_eq!(judged(&world, name).await, "passed");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn source_is_judged_by_the_latest_scan_which_survives_a_restart() {
    let world = World::start().await;
    let name = "single_jwt_validation_authority";
    assert_eq!(judged(&world, name).await, "no_evidence");
    scanned(&world, &json!([count("validator", false, 2), count("validator", true, 1)])).await;
    assert_eq!(judged(&world, name).await, "failed");
    assert_eq!(judged(&world, "architectural_compliance").await, "failed");
    assert_eq!(judged(&world, "no_factory_wrappers").await, "passed");
    let (dir, mint) = world.stop().await;
    let world = World::start_in(dir, mint).await;
    assert_eq!(judged(&world, name).await, "failed");
    scanned(&world, &json!([count("validator", true, 1)])).await;
    assert_eq!(judged(&world, name).await, "passed");
    assert_eq!(judged(&world, "architectural_compliance").await, "passed");
    let list = world.control("GET", "/v1/scans", "", "").await.json();
    assert_eq!(list["scans"].as_array().map(Vec::len), Some(2), "{list}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_calls_is_known_by_its_call_site() {
    let clock = Arc::new(Ahead::default());
    let world = World::start_by(clock.clone()).await;
    scanned(&world, &json!([count("validator", false, 1)])).await;
    let calls = async |site: &str| {
        let body = json!({ "token": world.token("fresh_hs256", "alice") }).to_string();
        let head = format!("content-type: application/json\r\ncrossfade-call-site: {site}\r\n");
        assert_eq!(world.data("POST", "/v1/decide/modelled", &head, &body).await.status, 200);
    };
    calls("app/a.py:check").await;
    calls("app/b.py:other").await;
    let unused = async || world.control("GET", "/v1/scans", "", "").await.json()["unused"].clone();
    let told = unused().await;
    assert_eq!((&told["in_use"], &told["is_known"]), (&json!(1), &json!(false)), "{told}");
    clock.seconds(15 * 24 * 3600);
    calls("app/b.py:other").await;
    let told = unused().await;
    assert_eq!(told["is_known"], true, "{told}");
    assert_eq!(told["sites"][0]["name"], "app/a.py:check");
    let sites = world.control("GET", "/v1/call-sites", "", "").await.json();
    assert_eq!(sites["call_sites"][1]["calls"], 2, "{sites}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_scan_is_refused_and_nothing_of_it_kept() {
    let world = World::start().await;
    let json = "content-type: application/json\r\n";
    let post =
        async |body: &Value| world.control("POST", "/v1/scans", json, &body.to_string()).await;
    let sound = json!({ "tree": "x", "files": 1, "counts": [] });
    let with = |name: &str, value: Value| {
        let mut scan = sound.clone();
        scan[name] = value;
        scan
    };
    post(&with("tree", json!(""))).await.is_problem(422, "300 bytes");
    post(&with("at", json!("2199-01-01T00:00:00Z"))).await.is_problem(422, "future");
    post(&with("counts", json!([{}]))).await.is_problem(400, "category");
    post(&with("more", json!(1))).await.is_problem(400, "more");
    let many = vec![count("validator", false, 1); 2_001];
    post(&with("counts", json!(many))).await.is_problem(422, "2000");
    let list = world.control("GET", "/v1/scans", "", "").await.json();
    assert_eq!(list["scans"], json!([]));
    world.stop().await;
}
