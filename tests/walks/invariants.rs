//! Invariants that hold whoever serves, while legacy lets everybody in.

use std::time::Duration;

use crossfade::compare::MismatchClass;
use crossfade::domain::{Clock as _, ComponentId, Side, SystemClock, Token};
use crossfade::ledger::Counter;
use crossfade::shadow::Probe;
use serde_json::{Value, json};

use super::endpoint::Behaviour;
use super::kit::{World, counted};

const FORGERIES: [&str; 4] = ["wrong_secret", "alg_none", "signature_flipped", "key_confusion_kid"];

async fn enforcing() -> World {
    let world = World::start().await;
    let settings = [json!({ "stage": "shadow" }), json!({ "invariants": "enforce" })];
    world.move_to("http-auth", &settings).await;
    world
}

async fn decided(world: &World, token: &str) -> Value {
    let reply = world.decide("http-auth", token).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.json()
}

#[tokio::test(flavor = "multi_thread")]
async fn only_reported_a_forgery_gets_in_where_legacy_lets_it() {
    let world = World::start().await;
    world.move_to("http-auth", &[json!({ "stage": "shadow" })]).await;
    for kind in FORGERIES {
        let answer = decided(&world, &world.token(kind, "alice")).await;
        assert_eq!((&answer["decision"], &answer["enforced"]), (&json!("allow"), &Value::Null));
    }
    let tally = world.tally("http-auth").await;
    counted(&tally, &[(Counter::Mismatched(MismatchClass::Stricter), 4), (Counter::Enforced, 0)]);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn enforced_no_forgery_and_nothing_revoked_gets_in_and_the_honest_do() {
    let world = enforcing().await;
    for kind in FORGERIES {
        let answer = decided(&world, &world.token(kind, "alice")).await;
        assert_eq!(answer["decision"], "deny", "{kind}: {answer}");
        assert_eq!((&answer["enforced"], &answer["served_by"]), (&json!(true), &json!("legacy")));
    }
    let honest = world.token("fresh_hs256", "alice");
    let answer = decided(&world, &honest).await;
    assert_eq!((&answer["decision"], &answer["enforced"]), (&json!("allow"), &Value::Null));
    // What has expired is a matter of time, and so of whoever serves.
    assert_eq!(decided(&world, &world.token("expired_5h", "alice")).await["decision"], "allow");
    let revoked = world.rooms.authority.revoke(&Token::new(&honest), SystemClock.now()).await;
    revoked.expect("revoked");
    let answer = decided(&world, &honest).await;
    assert_eq!((&answer["decision"], &answer["reason"]), (&json!("deny"), &json!("revoked")));
    let tally = world.tally("http-auth").await;
    counted(
        &tally,
        &[
            (Counter::Enforced, 5),
            (Counter::EnforceUndecided, 0),
            (Counter::Denied, 5),
            (Counter::Served(Side::Legacy), 7),
        ],
    );
    let report = world.control("GET", "/v1/report", "", "").await.json();
    let of = report["components"].as_array().expect("components").iter();
    let mut of = of.filter(|each| each["component"] == "http-auth");
    assert_eq!(of.next().expect("http-auth")["total"]["counts"]["enforced"], 5);
    let metrics = world.metrics("GET", "/metrics").await.body;
    let line = "crossfade_events_total{component=\"http-auth\",code=\"enforced\"} 5";
    assert!(metrics.contains(line), "{metrics}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_key_follows_legacy_and_is_counted_and_a_failing_legacy_lets_no_forgery_in() {
    let world = enforcing().await;
    let unknown = world.token("kid_dev_null", "alice");
    assert_eq!(decided(&world, &unknown).await["decision"], "allow");
    world.legacy.behave(Behaviour::Crash);
    let forged = world.token("wrong_secret", "alice");
    assert_eq!(decided(&world, &forged).await["decision"], "deny");
    assert_eq!(world.decide("http-auth", &unknown).await.status, 503);
    let head = format!("authorization: Bearer {forged}\r\n");
    let proxied = world.data("GET", "/v1/forward-auth/http-auth", &head, "").await;
    assert_eq!(proxied.status, 401, "{proxied:?}");
    let tally = world.tally("http-auth").await;
    counted(&tally, &[(Counter::EnforceUndecided, 2), (Counter::Enforced, 2)]);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_known_when_legacy_last_answered_and_nobody_need_ask_for_it() {
    let world = World::start().await;
    let id = ComponentId::parse("http-auth").expect("an id");
    assert_eq!(world.rooms.shadow.legacy_answered_at(&id), None);
    let before = SystemClock.now();
    world.legacy.deny("no such token");
    let probe = world.rooms.shadow.probe_legacy(&id, Duration::from_secs(5)).await;
    assert_eq!(probe, Probe::Answered);
    let request = world.legacy.requests().pop().expect("a request");
    assert!(request.contains("crossfade-probe"), "{request}");
    let at = world.rooms.shadow.legacy_answered_at(&id).expect("answered");
    assert!(at >= before);
    let metrics = world.metrics("GET", "/metrics").await.body;
    let name = "crossfade_legacy_answered_seconds{component=\"http-auth\"}";
    assert!(metrics.contains(name), "{metrics}");
    counted(&world.tally("http-auth").await, &[(Counter::Allowed, 0), (Counter::Denied, 0)]);
    world.legacy.behave(Behaviour::Crash);
    let probe = world.rooms.shadow.probe_legacy(&id, Duration::from_secs(5)).await;
    assert!(matches!(probe, Probe::Failed(_)), "{probe:?}");
    assert_eq!(world.rooms.shadow.legacy_answered_at(&id), Some(at));
    world.stop().await;
}
