//! What reaches sockets: events in order, once, also over a restart; messages for the backend.

use crossfade::access::Scope;
use crossfade::config::Config;
use crossfade::outbound::{Url, WebhookKey};
use crossfade::sockets::ForwardSettings;
use crossfade::web::DataAccess;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

use super::doors::{basic, post, ssot_makes_tokens};
use super::kit::{Endpoint, World};
use super::people::token;
use super::socket_client::{Socket, bearer, counted, event, publish};
use super::socket_doors::ssot_decides;

/// Publishes, and gives back the place.
async fn published(world: &World, event: &Value) -> Value {
    let reply = publish(world, event).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.json()
}

fn ids(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["event_id"].as_str().expect("an id")).collect()
}

async fn of_alice(world: &World, target: &str) -> Socket {
    let shown = bearer(&world.token("fresh_hs256", "alice"));
    let mut socket = Socket::open(world, target, &[("authorization", &shown)]).await;
    socket.of_type("connection_established").await;
    socket
}

/// The token of service `chat`.
async fn service_token(world: &World) -> String {
    ssot_makes_tokens(world).await;
    let wish = json!({ "service_id": "chat", "service_secret": super::kit::CLIENT_SECRET });
    let made = post(world, "/auth/service-token", &basic("chat"), &wish).await;
    made.json()["access_token"].as_str().expect("a token").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_reaches_every_socket_of_its_user_in_order_and_nobody_else_s() {
    let world = World::start().await;
    ssot_decides(&world).await;
    let (mut one, mut two) = (of_alice(&world, "/ws").await, of_alice(&world, "/ws").await);
    let mut of_bob = Socket::of(&world, &world.token("fresh_hs256", "bob")).await;
    let run = json!({ "type": "agent_started", "run_id": "r1", "user_id": "alice", "payload": {} });
    let first = published(&world, &run).await;
    assert_eq!((&first["sequence"], &first["duplicate"]), (&json!(1), &json!(false)), "{first}");
    let batch =
        json!({ "events": [event("e2", "alice"), event("b1", "bob"), event("e3", "alice")] });
    let all = published(&world, &batch).await;
    let places: Vec<_> = all["events"].as_array().expect("all").iter().collect();
    assert_eq!(places.len(), 3);
    assert_eq!((&places[0]["sequence"], &places[2]["sequence"]), (&json!(2), &json!(3)));
    for socket in [&mut one, &mut two] {
        let events = [socket.json().await, socket.json().await, socket.json().await];
        assert_eq!(events[0]["type"], "agent_started");
        assert_eq!(ids(&events[1..]), ["e2", "e3"]);
        assert_eq!(events[1]["payload"], json!({ "message_id": "e2", "reasoning": "about e2" }));
        let places = events.map(|event| event["sequence"].as_u64());
        assert_eq!(places, [Some(1), Some(2), Some(3)]);
        assert!(socket.until_pong().await.is_empty());
    }
    assert_eq!(ids(&of_bob.until_pong().await), ["b1"]);
    assert_eq!(counted(&world, "sockets_published_total").await, 4);
    assert_eq!(counted(&world, "sockets_delivered_total").await, 7);
    for socket in [one, two, of_bob] {
        socket.leave().await;
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_is_published_again_is_acknowledged_and_given_once() {
    let world = World::start().await;
    ssot_decides(&world).await;
    let mut socket = of_alice(&world, "/ws").await;
    let first = published(&world, &event("e1", "alice")).await;
    let again = published(&world, &event("e1", "alice")).await;
    assert_eq!((&again["duplicate"], &again["sequence"]), (&json!(true), &first["sequence"]));
    let batch = json!({ "events": [event("e1", "alice"), event("e2", "alice")] });
    let told = published(&world, &batch).await;
    assert_eq!(told["events"][0]["duplicate"], true, "{told}");
    assert_eq!(ids(&socket.until_pong().await), ["e1", "e2"]);
    assert_eq!(counted(&world, "sockets_duplicates_total").await, 2);
    socket.leave().await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_comes_back_is_given_what_it_has_missed() {
    let world = World::start().await;
    ssot_decides(&world).await;
    let mut places = Vec::new();
    for id in ["e1", "e2", "e3"] {
        places.push(published(&world, &event(id, "alice")).await);
    }
    let epoch = &places[0]["epoch"];
    let behind_first = format!("/ws?epoch={epoch}&after=1");
    let mut by_query = of_alice(&world, &behind_first).await;
    by_query.of_type("position").await;
    assert_eq!(ids(&by_query.until_pong().await), ["e2", "e3"]);
    let mut by_message = of_alice(&world, "/ws?resume=message").await;
    published(&world, &event("e4", "alice")).await;
    by_message.say(&json!({ "type": "resume", "epoch": epoch, "after": 2 })).await;
    by_message.of_type("position").await;
    assert_eq!(ids(&by_message.until_pong().await), ["e3", "e4"], "nothing came before");
    let mut from_now = of_alice(&world, "/ws").await;
    assert!(from_now.until_pong().await.is_empty(), "who asks for nothing old gets nothing old");
    let mut elsewhere = of_alice(&world, "/ws?epoch=1&after=7").await;
    assert_eq!(elsewhere.of_type("gap").await["cause"], "other_epoch");
    for socket in [by_query, by_message, from_now, elsewhere] {
        socket.leave().await;
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_is_given_again_after_a_restart_of_the_service() {
    let world = World::start().await;
    ssot_decides(&world).await;
    let mut socket = of_alice(&world, "/ws").await;
    for id in ["e1", "e2"] {
        published(&world, &event(id, "alice")).await;
    }
    let seen = socket.json().await;
    let (dir, mint) = tokio::join!(world.stop(), socket.closed()).0;

    let world = World::start_in(dir, mint).await;
    let target = format!("/ws?epoch={}&after={}", seen["epoch"], seen["sequence"]);
    let mut socket = of_alice(&world, &target).await;
    socket.of_type("position").await;
    assert_eq!(published(&world, &event("e1", "alice")).await["duplicate"], true);
    let third = published(&world, &event("e3", "alice")).await;
    assert_eq!((&third["epoch"], &third["sequence"]), (&seen["epoch"], &json!(3)));
    assert_eq!(ids(&socket.until_pong().await), ["e2", "e3"]);
    socket.leave().await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_batch_with_a_fault_nothing_is_published_and_the_fault_has_its_place() {
    let world = World::start().await;
    ssot_decides(&world).await;
    let mut socket = of_alice(&world, "/ws").await;
    let mut tool = event("e3", "alice");
    tool["type"] = "tool_executing".into();
    let batch = json!({ "events": [event("e1", "alice"), event("e2", "alice"), tool] });
    let reply = publish(&world, &batch).await;
    reply.is_problem(422, "tool");
    assert_eq!(reply.json()["pointer"], "/events/2/payload/tool_name");
    let single = publish(&world, &json!({ "type": "x", "payload": {} })).await;
    single.is_problem(422, "missing");
    assert_eq!(single.json()["pointer"], "/user_id");
    let many: Vec<Value> = (0..1_001).map(|id| event(&format!("m{id}"), "alice")).collect();
    publish(&world, &json!({ "events": many })).await.is_problem(422, "1 to 1000");
    world.data("POST", "/v1/events", "", "{}").await.is_problem(415, "application/json");
    assert!(socket.until_pong().await.is_empty());
    assert_eq!(counted(&world, "sockets_published_total").await, 0);
    assert_eq!(counted(&world, r#"sockets_events_total{event="event_refused"}"#).await, 3);
    socket.leave().await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_publisher_is_told_which_rules_of_a_run_its_events_break() {
    let world = World::start().await;
    let completed = json!({
        "type": "tool_completed", "run_id": "r1", "user_id": "alice",
        "payload": { "tool_name": "search" },
    });
    let told = published(&world, &completed).await;
    assert_eq!(told["anomalies"], json!(["not_started", "tool_not_executing"]), "{told}");
    let metric = r#"sockets_anomalies_total{rule="tool_not_executing"}"#;
    assert_eq!(counted(&world, metric).await, 1);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_publishes_over_its_socket_and_a_user_does_not() {
    let world = World::start().await;
    ssot_decides(&world).await;
    let mut alice = of_alice(&world, "/ws").await;
    let wish = json!({ "type": "publish", "event": event("e1", "alice") });
    alice.say(&wish).await;
    assert_eq!(alice.of_type("error").await["code"], "not_allowed");

    let shown = bearer(&service_token(&world).await);
    let mut service = Socket::open(&world, "/ws", &[("authorization", &shown)]).await;
    service.of_type("connection_established").await;
    service.say(&wish).await;
    let told = service.of_type("published").await;
    assert_eq!((&told["event_id"], &told["sequence"]), (&json!("e1"), &json!(1)), "{told}");
    service.say(&wish).await;
    assert_eq!(service.of_type("published").await["duplicate"], true);
    service.say(&json!({ "type": "publish", "event": { "type": "x", "payload": {} } })).await;
    let error = service.of_type("error").await;
    assert_eq!(
        (&error["code"], &error["pointer"]),
        (&json!("invalid_event"), &json!("/event/user_id"))
    );
    assert_eq!(ids(&alice.until_pong().await), ["e1"]);
    for socket in [alice, service] {
        socket.leave().await;
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_taken_of_publishers_alone_where_the_listener_asks_for_tokens() {
    let world = World::start_with(|config: &mut Config| {
        config.listen.data_access = DataAccess::Token;
    })
    .await;
    let publisher = token(&world, "agents", Scope::Publish).await;
    let other = token(&world, "proxy", Scope::Decide).await;
    let body = event("e1", "alice").to_string();
    let head = |who: &str| format!("content-type: application/json\r\n{who}");
    let reply = world.data("POST", "/v1/events", &head(&publisher.headers), &body).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    let reply = world.data("POST", "/v1/events", &head(&other.headers), &body).await;
    reply.is_problem(403, "publish events");
    world.data("POST", "/v1/events", &head(""), &body).await.is_problem(401, "token");
    world.stop().await;
}

const KEY: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

fn forwards_to(url: &str) -> impl FnOnce(&mut Config) {
    let url = Url::configured(&format!("{url}/chat")).expect("a url");
    let key = WebhookKey::parse(KEY).expect("a key");
    let kept_for = std::time::Duration::from_mins(10);
    move |config| {
        config.sockets.forward = Some(ForwardSettings { url, key, kept_for, in_flight_max: 8 });
    }
}

/// Waits until the backend has heard so many messages.
async fn heard(backend: &Endpoint, times: usize) -> Vec<String> {
    let heard = async {
        while backend.asked() < times {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), heard).await.expect("heard");
    backend.requests()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_for_the_backend_is_acknowledged_and_arrives_signed() {
    let backend = Endpoint::start();
    let world = World::start_with(forwards_to(&backend.url)).await;
    ssot_decides(&world).await;
    let mut socket = of_alice(&world, "/ws").await;
    socket
        .say(&json!({ "type": "user_message", "content": "h\u{e9}llo", "thread_id": "t1" }))
        .await;
    let ack = socket.of_type("ack").await;
    assert_eq!(ack, json!({ "type": "ack", "received_type": "user_message", "number": 1 }));
    let request = heard(&backend, 1).await.remove(0);
    let (head, body) = request.split_once("\r\n\r\n").expect("a body");
    assert!(head.starts_with("POST /chat "), "{head}");
    for name in ["webhook-id: c-", "webhook-timestamp: ", "webhook-signature: v1,"] {
        assert!(head.contains(name), "{name} is not in {head}");
    }
    let body: Value = serde_json::from_str(body).expect("JSON");
    assert_eq!(body["type"], "socket.message");
    assert_eq!((&body["data"]["user_id"], &body["data"]["number"]), (&json!("alice"), &json!(1)));
    assert!(body["data"]["connection_id"].as_str().is_some_and(|id| id.starts_with("c-")));
    assert_eq!(body["data"]["message"]["content"], "h\u{e9}llo");
    assert_eq!(counted(&world, r#"sockets_events_total{event="forwarded"}"#).await, 1);
    socket.leave().await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_nobody_takes_is_not_acknowledged() {
    let world = World::start().await;
    ssot_decides(&world).await;
    let mut socket = of_alice(&world, "/ws").await;
    socket.say(&json!({ "type": "chat_message", "content": "hello?" })).await;
    assert_eq!(socket.of_type("error").await["code"], "not_forwarded");
    assert_eq!(counted(&world, r#"sockets_events_total{event="not_forwarded"}"#).await, 1);
    socket.leave().await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_echo_everything_comes_back_and_without_it_there_is_nothing() {
    let world = World::start_with(|config| config.sockets.doors.echo = true).await;
    let mut socket = Socket::open(&world, "/echo", &[]).await;
    let texts = ["", "h\u{e9}llo", &"x".repeat(1024 * 1024)];
    for text in texts {
        socket.send(Message::text(text)).await;
        assert_eq!(socket.message().await, Message::text(text));
    }
    let bytes: Vec<u8> = (0..200_000_u32).map(|byte| byte.to_le_bytes()[0]).collect();
    for _ in 0..100 {
        socket.send(Message::binary(bytes.clone())).await;
        assert_eq!(socket.message().await, Message::binary(bytes.clone()));
    }
    // In pieces, with a ping between them, and a letter that is cut in two.
    let text = "h\u{e9}llo";
    let piece = |range: std::ops::Range<usize>, code, last| {
        Message::Frame(Frame::message(text.as_bytes()[range].to_vec(), OpCode::Data(code), last))
    };
    socket.send(piece(0..2, Data::Text, false)).await;
    socket.send(Message::Ping(vec![7].into())).await;
    socket.send(piece(2..2, Data::Continue, false)).await;
    socket.send(piece(2..text.len(), Data::Continue, true)).await;
    assert_eq!(socket.message().await, Message::text(text));
    socket.leave().await;
    assert_eq!(counted(&world, "sockets_attached_total").await, 0);
    world.stop().await;

    let world = World::start().await;
    world.data("GET", "/echo", "", "").await.is_problem(404, "no such path");
    world.stop().await;
}
