//! Streams of events on both listeners: what is told, to whom, from where on and until when.

use std::net::SocketAddr;
use std::sync::Arc;

use crossfade::access::Scope;
use crossfade::web::{DataAccess, ListenerEvent, Listens, STREAMS_MAX};
use serde_json::json;

use super::kit::{CONTROL, World};
use super::people::token;
use super::streams::{Event, Listening};

const OFREP: &str = "/ofrep/v1/events";

fn address(url: &str) -> SocketAddr {
    url.trim_start_matches("http://").parse().expect("an address")
}

pub async fn changes(world: &World, target: &str, headers: &str) -> Listening {
    let headers = format!("authorization: Bearer {CONTROL}\r\n{headers}");
    Listening::to(address(&world.control_url()), target, &headers).await
}

async fn roll_back(world: &World, component: &str) -> u64 {
    let note = json!({ "note": "on purpose" }).to_string();
    let headers = "content-type: application/json\r\n";
    let target = format!("/v1/flags/{component}/rollback");
    let reply = world.control("POST", &target, headers, &note).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.json()["flag"]["revision"].as_u64().expect("a revision")
}

/// Waits for a place to be given back: the service learns of it when it has read the end.
async fn until_open(world: &World, listener: Listens, count: usize) {
    let waiting = async {
        while world.rooms.streams.open(listener) != count {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), waiting).await.expect("in time");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_evaluating_service_is_told_to_ask_again_at_once_and_after_each_change() {
    let world = World::start().await;
    let mut stream = Listening::to(world.data_address(), OFREP, "last-event-id: 999\r\n").await;
    let reply = stream.reply();
    assert_eq!((reply.status, reply.header("content-type")), (200, Some("text/event-stream")));
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    let first = stream.event().await;
    let revision = world.rooms.flags.snapshot().revision().0;
    assert_eq!((first.id, first.name.as_str()), (revision, "message"));
    world.move_to("modelled", &[json!({ "stage": "canary", "share": 100 })]).await;
    let flag = world.flag("modelled").await.json();
    let Event { id, name, data, .. } = stream.event().await;
    assert_eq!((json!(id), name.as_str()), (flag["revision"].clone(), "message"));
    let changed_at = flag["changed_at"].as_str().expect("a time");
    let changed_at = crossfade::domain::Timestamp::parse(changed_at).expect("a time").seconds();
    assert_eq!(
        data,
        json!({ "type": "refetchEvaluation", "etag": format!("\"{id}\""), "lastModified": changed_at })
    );
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_is_told_each_change_with_who_made_it_and_why() {
    let world = World::start().await;
    let mut stream = changes(&world, "/v1/events", "").await;
    let reset = stream.event().await;
    let newest = world.rooms.flags.snapshot().revision().0;
    assert_eq!((reset.id, reset.name.as_str()), (newest, "reset"));
    assert_eq!(reset.data, json!({ "reason": "new", "revision": newest }));
    world
        .move_to("modelled", &[json!({ "stage": "canary", "share": 250, "note": "carefully" })])
        .await;
    let change = stream.event().await;
    let flag = world.flag("modelled").await.json();
    assert_eq!((json!(change.id), change.name.as_str()), (flag["revision"].clone(), "change"));
    assert_eq!(
        change.data,
        json!({ "revision": change.id, "change": change.id, "component": "modelled",
                "stage": "canary", "share": 250, "stage_before": "shadow", "share_before": 0,
                "latched": false, "held": false, "at": flag["changed_at"], "cause": flag["cause"] })
    );
    assert_eq!(change.data["cause"]["note"], "carefully");
    let rolled_back = roll_back(&world, "modelled").await;
    let event = stream.event().await;
    assert_eq!((event.id, &event.data["latched"]), (rolled_back, &json!(true)));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_comes_back_is_told_what_it_missed_and_nothing_twice() {
    let world = World::start().await;
    let mut stream = changes(&world, "/v1/events?after=0", "").await;
    let mut seen = Vec::new();
    for _ in 0..5 {
        seen.push(stream.event().await);
    }
    assert!(seen.iter().all(|event| event.data["cause"]["by"] == "seed"), "{seen:?}");
    let last = seen.last().expect("an event").id;
    drop(stream);
    // More than a page of them.
    let mut missed = Vec::new();
    for share in 1..=60 {
        world.move_to("modelled", &[json!({ "stage": "canary", "share": share })]).await;
    }
    missed.push(roll_back(&world, "modelled").await);
    let from = format!("last-event-id: {last}\r\n");
    // What the browser says goes before what the address says.
    let mut stream = changes(&world, "/v1/events?after=0", &from).await;
    let mut told = Vec::new();
    for _ in 0..61 {
        told.push(stream.event().await);
    }
    assert!(told.is_sorted_by(|one, next| one.id < next.id) && told[0].id > last);
    assert_eq!(told.last().map(|event| event.id), missed.pop());
    let shares: Vec<_> = told.iter().map(|event| event.data["share"].clone()).collect();
    let expected: Vec<_> = (1..=60).chain([0]).map(|share| json!(share)).collect();
    assert_eq!(shares, expected);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_names_what_the_log_does_not_have_is_told_to_read_the_table_anew() {
    let world = World::start().await;
    let newest = world.rooms.flags.snapshot().revision().0;
    for (target, header) in [
        ("/v1/events?after=999999", ""),
        ("/v1/events", "last-event-id: 999999\r\n"),
        ("/v1/events?after=0", "last-event-id: of another service\r\n"),
        ("/v1/events", "last-event-id: -1\r\n"),
        ("/v1/events", "last-event-id: 1.\r\n"),
        ("/v1/events", "last-event-id: 999999.some-card\r\n"),
        ("/v1/events?after=999999.some-card", ""),
    ] {
        let mut stream = changes(&world, target, header).await;
        let reset = stream.event().await;
        assert_eq!((reset.id, reset.name.as_str()), (newest, "reset"), "{target} {header}");
        assert_eq!(reset.data["reason"], "unknown");
    }
    for query in ["after=x", "after=-1", "after=1.", "after=.1", "before=1"] {
        let target = format!("/v1/events?{query}");
        world.control("GET", &target, "", "").await.is_problem(400, "after");
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn places_are_bounded_and_whoever_leaves_makes_room() {
    let world = World::start().await;
    let mut streams = Vec::new();
    for _ in 0..STREAMS_MAX {
        let mut stream = Listening::to(world.data_address(), OFREP, "").await;
        stream.event().await;
        streams.push(stream);
    }
    let refused = world.data("GET", OFREP, "", "").await;
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("10")), "{refused:?}");
    assert_eq!(refused.json()["errorCode"], "GENERAL");
    let metrics = world.metrics("GET", "/metrics").await.body;
    for line in ["streams_open{listener=\"data\"} 256\n", "streams_refused_total 1\n"] {
        assert!(metrics.contains(&format!("crossfade_{line}")), "{line} in {metrics}");
    }
    // Operators have places of their own.
    changes(&world, "/v1/events", "").await.event().await;
    streams.pop();
    until_open(&world, Listens::Data, STREAMS_MAX - 1).await;
    Listening::to(world.data_address(), OFREP, "").await.event().await;
    drop(streams);
    until_open(&world, Listens::Data, 0).await;
    until_open(&world, Listens::Control, 0).await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_end_with_the_service_and_do_not_hold_it_up() {
    let world = World::start().await;
    let mut evaluating = Listening::to(world.data_address(), OFREP, "").await;
    let mut operating = changes(&world, "/v1/events", "").await;
    evaluating.event().await;
    operating.event().await;
    let rooms = Arc::clone(&world.rooms);
    world.stop().await;
    evaluating.ends().await;
    operating.ends().await;
    for (listener, counts) in &rooms.network.listeners {
        assert_eq!(counts.of(ListenerEvent::CutAtDrain), 0, "{listener}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_ends_when_its_token_is_revoked() {
    let world = World::start_with(|config| config.listen.data_access = DataAccess::Token).await;
    world.data("GET", OFREP, "", "").await;
    let reader = token(&world, "reader", Scope::Read).await;
    let evaluator = token(&world, "evaluator", Scope::Evaluate).await;
    let control = address(&world.control_url());
    let mut operating = Listening::to(control, "/v1/events", &reader.headers).await;
    let mut evaluating = Listening::to(world.data_address(), OFREP, &evaluator.headers).await;
    operating.event().await;
    evaluating.event().await;
    for name in ["reader", "evaluator"] {
        let reply = world.control("DELETE", &format!("/v1/tokens/{name}"), "", "").await;
        assert!(reply.status < 300, "{reply:?}");
    }
    // At the next change, or at the next sign of life.
    world.move_to("modelled", &[json!({ "stage": "canary", "share": 1 })]).await;
    operating.ends().await;
    evaluating.ends().await;
    let refused = world.data("GET", OFREP, &reader.headers, "").await;
    assert_eq!(refused.status, 401, "{refused:?}");
    world.stop().await;
}
