//! Why sockets end, and what the other end is told.

use std::sync::Arc;

use crossfade::authority::Order;
use crossfade::config::Config;
use crossfade::domain::{Scopes, Subject, Token};
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

use super::kit::{Ahead, World};
use super::socket_client::{Socket, bearer, counted, event, publish, refused};
use super::socket_doors::ssot_decides;

fn subject(name: &str) -> Subject {
    Subject::parse(name).expect("a subject")
}

/// A token of the authority's own making that lives so many seconds from now.
fn living(world: &World, name: &str, seconds: u32) -> String {
    let order = Order::access(subject(name), Scopes::parse("read"), seconds);
    let issued = world.rooms.authority.issue(&order, world.rooms.clock.now());
    issued.expect("a token").token.reveal().to_owned()
}

/// Clients may be silent for as long as the story takes, by a clock that jumps.
fn patient(config: &mut Config) {
    config.sockets.manager.idle_timeout = std::time::Duration::from_hours(24);
}

async fn closed_by(world: &World, reason: &str) -> u64 {
    counted(world, &format!(r#"sockets_closed_total{{reason="{reason}"}}"#)).await
}

/// Waits until that many sockets have ended for this reason.
async fn ended(world: &World, reason: &str, times: u64) {
    let ended = async {
        while closed_by(world, reason).await < times {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), ended).await.expect(reason);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_ends_with_its_token() {
    let clock = Arc::new(Ahead::default());
    let world = World::start_changed_by(clock.clone(), patient).await;
    ssot_decides(&world).await;
    let short = Socket::of(&world, &living(&world, "alice", 60)).await;
    let mut long = Socket::of(&world, &living(&world, "alice", 600)).await;
    clock.seconds(61);
    assert_eq!(short.closed().await, (4401, "expired".to_owned()));
    assert!(long.until_pong().await.is_empty(), "the other token is still good");
    assert_eq!(closed_by(&world, "expired").await, 1);
    long.leave().await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fresh_token_of_the_same_user_lets_a_socket_stay() {
    let clock = Arc::new(Ahead::default());
    let world = World::start_changed_by(clock.clone(), patient).await;
    ssot_decides(&world).await;
    let mut renewed = Socket::of(&world, &living(&world, "alice", 60)).await;
    let left = Socket::of(&world, &living(&world, "alice", 60)).await;
    let fresh = living(&world, "alice", 600);
    renewed.say(&json!({ "type": "authenticate", "token": fresh })).await;
    let told = renewed.of_type("authenticated").await;
    assert!(told["expires_at"].is_string(), "{told}");
    clock.seconds(61);
    assert_eq!(left.closed().await, (4401, "expired".to_owned()));
    assert!(renewed.until_pong().await.is_empty(), "it has outlived its first token");
    // And now it is the fresh token that counts, also when that is revoked.
    let now = world.rooms.clock.now();
    world.rooms.authority.revoke(&Token::new(&fresh), now).await.expect("revoked");
    assert_eq!(renewed.closed().await, (4401, "revoked".to_owned()));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_denied_token_changes_nothing_and_one_of_somebody_else_ends_the_socket() {
    let world = World::start().await;
    ssot_decides(&world).await;
    let mut socket = Socket::of(&world, &world.token("fresh_hs256", "alice")).await;
    let expired = world.token("expired_5h", "alice");
    socket.say(&json!({ "type": "authenticate", "token": expired })).await;
    let error = socket.of_type("error").await;
    assert_eq!((&error["code"], &error["detail"]), (&json!("denied"), &json!("expired")));
    assert!(socket.until_pong().await.is_empty());
    let of_bob = world.token("fresh_hs256", "bob");
    socket.say(&json!({ "type": "authenticate", "token": of_bob })).await;
    assert_eq!(socket.closed().await, (4403, "forbidden".to_owned()));
    let log = super::kit::log();
    assert!(!log.contains(&expired) && !log.contains(&of_bob), "a token is in the log");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_ends_the_sockets_behind_it_and_no_others() {
    let world = World::start().await;
    ssot_decides(&world).await;
    let (first, second) = (living(&world, "alice", 600), living(&world, "alice", 600));
    let ended = Socket::of(&world, &first).await;
    let mut other = Socket::of(&world, &second).await;
    let mut of_bob = Socket::of(&world, &living(&world, "bob", 600)).await;
    let now = world.rooms.clock.now();
    world.rooms.authority.revoke(&Token::new(&first), now).await.expect("revoked");
    assert_eq!(ended.closed().await, (4401, "revoked".to_owned()));
    assert!(other.until_pong().await.is_empty(), "another token of the same user");
    let (alice, before) = (subject("alice"), now.plus_seconds(1));
    let all = world.rooms.authority.revoke_subject(&alice, before, now);
    all.await.expect("revoked");
    assert_eq!(other.closed().await, (4401, "revoked".to_owned()));
    assert!(of_bob.until_pong().await.is_empty(), "another user");
    let shown = bearer(&second);
    let again = refused(&world, "/ws", &[("authorization", &shown)]).await;
    again.is_problem(401, "revoked");
    of_bob.leave().await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_legacy_lets_in_although_it_was_revoked_before_stays_while_legacy_serves() {
    let world = World::start().await;
    let (old, other) = (world.token("fresh_hs256", "alice"), world.token("fresh_hs256", "bob"));
    let (authority, now) = (&world.rooms.authority, world.rooms.clock.now());
    authority.revoke(&Token::new(&old), now).await.expect("revoked");
    let mut let_in = Socket::of(&world, &old).await;
    let of_bob = Socket::of(&world, &other).await;
    authority.revoke(&Token::new(&other), now).await.expect("revoked");
    // All are looked at, and this one goes.
    assert_eq!(of_bob.closed().await, (4401, "revoked".to_owned()));
    assert!(let_in.until_pong().await.is_empty(), "who may come in is legacy's to say");
    let_in.leave().await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_sends_what_may_not_be_sent_is_closed_with_a_code_that_says_so() {
    let bounded = |config: &mut Config| {
        config.sockets.doors.message_bytes_max = 1_000;
        config.sockets.doors.messages_per_second = 20;
    };
    let world = World::start_with(bounded).await;
    ssot_decides(&world).await;
    let token = world.token("fresh_hs256", "alice");
    let not_text = Frame::message(vec![0xff, 0xfe], OpCode::Data(Data::Text), true);
    for (message, code, reason) in [
        (Message::binary(vec![1, 2, 3]), 1003, "unsupported"),
        (Message::text("x".repeat(1_001)), 1009, "too_large"),
        (Message::text("x".repeat(300_000)), 1009, "too_large"),
        (Message::Frame(not_text), 1007, "not_text"),
    ] {
        let mut socket = Socket::of(&world, &token).await;
        socket.send(message).await;
        assert_eq!(socket.closed().await, (code, reason.to_owned()));
    }
    let mut socket = Socket::of(&world, &token).await;
    socket.send_while_heard(Message::text(r#"{"type":"ack","epoch":1,"after":0}"#)).await;
    ended(&world, "too_many_messages", 1).await;
    let mut socket = Socket::of(&world, &token).await;
    socket.send_while_heard(Message::Ping(Vec::new().into())).await;
    ended(&world, "too_many_messages", 2).await;
    assert_eq!(closed_by(&world, "too_large").await, 2);
    // What cannot be read is answered, and ends nothing.
    let mut socket = Socket::of(&world, &token).await;
    socket.send(Message::text("{")).await;
    assert_eq!(socket.of_type("error").await["code"], "unreadable");
    assert!(socket.until_pong().await.is_empty());
    socket.leave().await;
    ended(&world, "client", 1).await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_takes_nothing_is_closed_and_keeps_nobody_waiting() {
    let strict = |config: &mut Config| {
        config.sockets.manager.queue_max = 8;
        config.sockets.manager.retained_max = 1_000;
    };
    let world = World::start_with(strict).await;
    ssot_decides(&world).await;
    let token = world.token("fresh_hs256", "alice");
    let deaf = Socket::of(&world, &token).await.into_stream();
    let mut listening = Socket::of(&world, &token).await;
    let mut large = event("e", "alice");
    large["payload"]["reasoning"] = "x".repeat(40_000).into();
    let mut number = 0;
    while closed_by(&world, "slow").await == 0 {
        number += 1;
        assert!(number < 2_000, "80 MB went to somebody who takes nothing");
        large["event_id"] = format!("e{number}").into();
        assert_eq!(publish(&world, &large).await.status, 200);
        let given = listening.of_type("agent_thinking").await;
        assert_eq!(given["event_id"], large["event_id"], "nobody waits for the other one");
    }
    drop(deaf);
    listening.leave().await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_is_not_heard_of_any_more_is_closed() {
    let clock = Arc::new(Ahead::default());
    let world = World::start_by(clock.clone()).await;
    ssot_decides(&world).await;
    let socket = Socket::of(&world, &living(&world, "alice", 600)).await;
    clock.seconds(76);
    assert_eq!(socket.closed().await, (4408, "idle".to_owned()));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_shows_that_it_is_there_by_answering_pings() {
    let clock = Arc::new(Ahead::default());
    let often = |config: &mut Config| {
        config.sockets.doors.ping_every = std::time::Duration::from_millis(20);
    };
    let world = World::start_changed_by(clock.clone(), often).await;
    ssot_decides(&world).await;
    let mut socket = Socket::of(&world, &living(&world, "alice", 3_600)).await;
    // Twice what a client may be silent for, and every ping is answered in between.
    for _ in 0..3 {
        clock.seconds(50);
        for _ in 0..3 {
            socket.pinged().await;
        }
    }
    assert_eq!(closed_by(&world, "idle").await, 0);
    socket.leave().await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_and_the_service_have_so_many_sockets_and_no_more() {
    let few = |config: &mut Config| {
        config.sockets.manager.connections_per_user_max = 2;
        config.sockets.manager.connections_max = 3;
    };
    let world = World::start_with(few).await;
    ssot_decides(&world).await;
    let alice = world.token("fresh_hs256", "alice");
    let first = Socket::of(&world, &alice).await;
    let second = Socket::of(&world, &alice).await;
    let shown = bearer(&alice);
    let third = refused(&world, "/ws", &[("authorization", &shown)]).await;
    third.is_problem(429, "too many connections");
    assert!(third.header("retry-after").is_some(), "{third:?}");
    let of_bob = Socket::of(&world, &world.token("fresh_hs256", "bob")).await;
    let of_eve = bearer(&world.token("fresh_hs256", "eve"));
    refused(&world, "/ws", &[("authorization", &of_eve)]).await.is_problem(503, "too many");
    first.leave().await;
    ended(&world, "client", 1).await;
    let again = Socket::of(&world, &alice).await;
    for socket in [second, of_bob, again] {
        socket.leave().await;
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_tells_every_client_to_come_again_and_waits_until_it_has_heard() {
    let world = World::start().await;
    ssot_decides(&world).await;
    let token = world.token("fresh_hs256", "alice");
    let (one, two) = (Socket::of(&world, &token).await, Socket::of(&world, &token).await);
    let (_, first, second) = tokio::join!(world.stop(), one.closed(), two.closed());
    assert_eq!(first, (1012, "restart".to_owned()));
    assert_eq!(second, (1012, "restart".to_owned()));
}
