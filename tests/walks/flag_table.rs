//! The flag table over HTTP: revisions, moves, rollback, release, history.

use serde_json::{Value, json};

use super::kit::World;

async fn put(world: &World, component: &str, etag: &str, body: &Value) -> super::kit::Reply {
    let headers = format!("if-match: {etag}\r\ncontent-type: application/json\r\n");
    world.control("PUT", &format!("/v1/flags/{component}"), &headers, &body.to_string()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_read_the_same_revision_the_second_is_told_the_new_one() {
    let world = World::start().await;
    let etag = world.flag("modelled").await.header("etag").expect("an ETag").to_owned();
    let change = json!({ "stage": "canary", "share": 100, "note": "first" });
    let first = put(&world, "modelled", &etag, &change).await;
    assert_eq!(first.status, 200, "{}", first.body);
    let second = put(&world, "modelled", &etag, &json!({ "stage": "off" })).await;
    second.is_problem(412, "ETag");
    let now = world.flag("modelled").await;
    assert_eq!(second.json()["revision"], now.json()["revision"]);
    assert_eq!(first.header("etag"), now.header("etag"));
    assert_eq!(now.json()["stage"], "canary");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stages_are_not_skipped_and_a_child_does_not_overtake_what_it_requires() {
    let world = World::start().await;
    let etag = world.flag("http-auth").await.header("etag").expect("an ETag").to_owned();
    put(&world, "http-auth", &etag, &json!({ "stage": "live" })).await.is_problem(409, "one stage");
    world.move_to("child", &[json!({ "stage": "shadow" })]).await;
    let etag = world.flag("child").await.header("etag").expect("an ETag").to_owned();
    let ahead = json!({ "stage": "canary", "share": 1 });
    put(&world, "child", &etag, &ahead).await.is_problem(409, "requires modelled");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_takes_dependents_along_latches_and_holds_for_the_next_request() {
    let world = World::start().await;
    world.move_to("modelled", &[json!({ "stage": "canary", "share": 10_000 })]).await;
    world.move_to("child", &[json!({ "stage": "shadow" })]).await;
    world.move_to("child", &[json!({ "stage": "canary", "share": 5_000 })]).await;
    let token = world.token("fresh_hs256", "alice");
    assert_eq!(world.decide("modelled", &token).await.json()["served_by"], "ssot");

    let reply = world.control("POST", "/v1/flags/modelled/rollback", "", "").await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    assert_eq!(reply.json()["rolled_back_before"][0]["component"], "child");
    assert_eq!(world.decide("modelled", &token).await.json()["served_by"], "legacy");
    for component in ["modelled", "child"] {
        let flag = world.flag(component).await;
        assert_eq!(flag.json()["stage"], "shadow", "{component}");
        assert!(flag.json()["latch"]["until"].is_string(), "{component}");
        let etag = flag.header("etag").expect("an ETag").to_owned();
        let again = json!({ "stage": "canary", "share": 1 });
        put(&world, component, &etag, &again).await.is_problem(409, "release it first");
    }
    let note = "content-type: application/json\r\n";
    let body = json!({ "note": "mended" }).to_string();
    let release = world.control("POST", "/v1/flags/modelled/release", note, &body).await;
    release.is_problem(409, "cooling down");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_stands_in_the_history_with_who_and_why() {
    let world = World::start().await;
    let note = "after a week without differences";
    let step = json!({ "stage": "canary", "share": 250, "note": note });
    world.move_to("modelled", &[step]).await;
    let rollback = json!({ "note": "pager" }).to_string();
    let headers = "content-type: application/json\r\n";
    world.control("POST", "/v1/flags/modelled/rollback", headers, &rollback).await;
    let page = world.control("GET", "/v1/flags/modelled/history", "", "").await.json();
    let changes = page["changes"].as_array().expect("changes");
    let notes: Vec<&str> =
        changes.iter().filter_map(|change| change["cause"]["note"].as_str()).collect();
    assert_eq!(notes, ["pager", note]);
    assert_eq!(changes[0]["cause"]["name"], "token:walker");
    assert_eq!(changes[0]["before"]["share"], 250);
    assert_eq!(changes.last().expect("a seed")["cause"]["by"], "seed");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_control_routes_ask_for_a_token_and_are_not_on_the_data_listener() {
    let world = World::start().await;
    for (method, target) in [
        ("GET", "/v1/flags"),
        ("GET", "/v1/flags/modelled"),
        ("PUT", "/v1/flags/modelled"),
        ("POST", "/v1/flags/modelled/rollback"),
        ("POST", "/v1/flags/modelled/release"),
        ("GET", "/v1/flags/modelled/history"),
        ("GET", "/v1/report"),
    ] {
        for headers in ["", "authorization: Bearer wrong-token-of-right-length\r\n"] {
            let reply = world.control_as_sent(method, target, headers, "").await;
            reply.is_problem(401, "token");
            assert!(reply.header("www-authenticate").is_some());
        }
        world.data(method, target, "", "").await.is_problem(404, "no such path");
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_metrics_say_what_the_ledger_counted() {
    let world = World::start().await;
    world.decide("modelled", &world.token("fresh_hs256", "alice")).await;
    world.tally("modelled").await;
    let text = world.metrics("GET", "/metrics").await.body;
    let line = r#"crossfade_events_total{component="modelled",code="matched"} 1"#;
    assert!(text.contains(line), "{text}");
    assert!(text.contains("# HELP crossfade_events_total "), "help texts");
    world.stop().await;
}
