//! Who gets what, in which order.

use super::*;
use crate::sockets::{AttachError, Received};

#[tokio::test]
async fn every_socket_of_a_user_gets_each_event_once_and_in_order_and_nobody_else_does() {
    let room = Room::new().await;
    let (mut one, mut two) = (room.connect("ada").await, room.connect("ada").await);
    let mut other = room.connect("bob").await;
    for id in ["a", "b", "c"] {
        room.publish("ada", id).await;
    }
    let expected = ["connection_established", "a", "b", "c"];
    assert_eq!(frames_now(&mut one), expected);
    assert_eq!(frames_now(&mut two), expected);
    assert_eq!(frames_now(&mut other), ["connection_established"]);
}

#[tokio::test]
async fn a_socket_that_waits_is_woken_by_an_event() {
    let room = Room::new().await;
    let mut connection = room.connect("ada").await;
    frames_now(&mut connection);
    let waiting = tokio::spawn(async move { frame(&mut connection).await });
    room.publish("ada", "a").await;
    assert_eq!(waiting.await.expect("a frame")["event_id"], "a");
}

#[tokio::test]
async fn events_of_one_batch_come_in_the_order_of_the_batch() {
    let room = Room::new().await;
    let mut connection = room.connect("ada").await;
    let names: Vec<String> = (0..200).map(|number| format!("e{number}")).collect();
    let events = names.iter().map(|name| event("ada", name)).collect();
    let results = room.manager.publish_all(events).await;
    let places = results.iter().map(|result| result.as_ref().expect("accepted").position.after.0);
    assert_eq!(places.collect::<Vec<_>>(), (1..=200).collect::<Vec<_>>());
    assert_eq!(frames_now(&mut connection)[1..], names);
}

#[tokio::test]
async fn an_event_published_again_is_acknowledged_and_not_given_again() {
    let room = Room::new().await;
    let mut connection = room.connect("ada").await;
    let first = room.publish("ada", "a").await;
    let again = room.publish("ada", "a").await;
    assert!(!first.duplicate && again.duplicate);
    assert_eq!(first.position, again.position);
    // Also within one round, and the same name of somebody else is another event.
    let events = vec![event("ada", "b"), event("bob", "b"), event("ada", "b")];
    let duplicates = room.manager.publish_all(events).await;
    let duplicates = duplicates.into_iter().map(|result| result.expect("accepted").duplicate);
    assert_eq!(duplicates.collect::<Vec<_>>(), [false, false, true]);
    assert_eq!(frames_now(&mut connection), ["connection_established", "a", "b"]);
    assert_eq!(room.manager.stats().duplicates, 2);
}

#[tokio::test]
async fn whoever_resumes_gets_what_was_missed_before_what_is_live() {
    let room = Room::new().await;
    let first = room.publish("ada", "a").await;
    room.publish("ada", "b").await;
    let mut connection = room.resume("ada", first.position).await;
    room.publish("ada", "c").await;
    let expected = ["connection_established", "position", "b", "c"];
    assert_eq!(frames_now(&mut connection), expected);
    assert_eq!(room.manager.stats().replayed, 1);
}

#[tokio::test]
async fn a_position_that_is_gone_is_answered_with_what_is_lost() {
    let settings = Settings { retained_max: 2, ..Settings::default() };
    let room = Room::with(settings).await;
    let first = room.publish("ada", "a").await;
    for id in ["b", "c", "d"] {
        room.publish("ada", id).await;
    }
    let mut connection = room.resume("ada", first.position).await;
    assert_eq!(frame(&mut connection).await["type"], "connection_established");
    let gap = frame(&mut connection).await;
    assert_eq!((&gap["type"], &gap["cause"]), (&"gap".into(), &"expired".into()));
    assert_eq!((&gap["lost_from"], &gap["lost_to"]), (&2.into(), &2.into()));
    assert_eq!(frames_now(&mut connection), ["c", "d"]);
}

#[tokio::test]
async fn live_events_wait_for_the_position_that_a_client_is_about_to_tell() {
    let room = Room::new().await;
    let first = room.publish("ada", "a").await;
    let attached = room.manager.attach(&admission("ada"), Resume::WhenTold).await;
    let mut connection = attached.expect("a connection");
    room.publish("ada", "b").await;
    assert_eq!(frames_now(&mut connection), ["connection_established"]);
    let Position { epoch, .. } = first.position;
    let told = connection.received(&format!(r#"{{"type":"resume","epoch":{epoch},"after":0}}"#));
    assert!(matches!(told, Received::Done));
    assert_eq!(frames_now(&mut connection), ["position", "a", "b"]);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_never_tells_its_position_gets_what_is_live() {
    let room = Room::new().await;
    let attached = room.manager.attach(&admission("ada"), Resume::WhenTold).await;
    let mut connection = attached.expect("a connection");
    frame(&mut connection).await;
    room.publish("ada", "b").await;
    assert_eq!(frame(&mut connection).await["event_id"], "b");
}

#[tokio::test]
async fn a_socket_that_falls_too_far_behind_is_closed_and_the_others_go_on() {
    let settings = Settings { queue_max: 3, ..Settings::default() };
    let room = Room::with(settings).await;
    let (mut slow, mut quick) = (room.connect("ada").await, room.connect("ada").await);
    let Position { epoch, after } = room.publish("ada", "a").await.position;
    assert_eq!(frames_now(&mut slow), ["connection_established", "a"]);
    for id in ["b", "c", "d", "e"] {
        room.publish("ada", id).await;
        frames_now(&mut quick);
    }
    assert_eq!(frames_now(&mut slow), ["close:slow"]);
    room.publish("ada", "f").await;
    assert_eq!(frames_now(&mut quick), ["f"]);
    // It resumes, however far it is behind.
    let mut again = room.resume("ada", Position { epoch, after }).await;
    room.publish("ada", "g").await;
    let expected = ["connection_established", "position", "b", "c", "d", "e", "f", "g"];
    assert_eq!(frames_now(&mut again), expected);
}

#[tokio::test]
async fn a_connection_may_narrow_what_it_gets_to_some_runs() {
    let room = Room::new().await;
    let mut connection = room.connect("ada").await;
    connection.received(r#"{"type":"subscribe","run_id":"r2"}"#);
    for (id, run) in [("a", "r1"), ("b", "r2"), ("c", "r1")] {
        room.manager.publish(event_of_run("ada", id, run)).await.expect("accepted");
    }
    assert_eq!(frames_now(&mut connection), ["connection_established", "b"]);
    connection.received(r#"{"type":"unsubscribe","run_id":"r2"}"#);
    room.manager.publish(event_of_run("ada", "d", "r1")).await.expect("accepted");
    assert_eq!(frames_now(&mut connection), ["d"]);
}

#[tokio::test]
async fn there_are_only_so_many_connections_of_a_user_and_in_all() {
    let settings =
        Settings { connections_per_user_max: 2, connections_max: 3, ..Settings::default() };
    let room = Room::with(settings).await;
    let held = (room.connect("ada").await, room.connect("ada").await, room.connect("bob").await);
    let attach = |user| {
        let (manager, admission) = (room.manager.clone(), admission(user));
        async move { manager.attach(&admission, Resume::Now).await.err() }
    };
    assert_eq!(attach("ada").await, Some(AttachError::TooManyOfUser));
    assert_eq!(attach("cyd").await, Some(AttachError::TooMany));
    drop(held);
    assert_eq!(attach("ada").await, None);
}

#[tokio::test]
async fn broken_rules_of_a_run_are_told_and_the_event_is_delivered() {
    let room = Room::new().await;
    let mut connection = room.connect("ada").await;
    let json = r#"{"type":"tool_completed","event_id":"a","run_id":"r","user_id":"ada",
        "payload":{"tool_name":"search"}}"#;
    let event = Event::parse(json.as_bytes()).expect("an event");
    let published = room.manager.publish(event).await.expect("accepted");
    let codes: Vec<_> = published.anomalies.iter().map(|anomaly| anomaly.code()).collect();
    assert_eq!(codes, ["not_started", "tool_not_executing"]);
    assert_eq!(frames_now(&mut connection), ["connection_established", "a"]);
}

#[tokio::test]
async fn messages_that_cannot_be_taken_are_answered() {
    let room = Room::new().await;
    let mut connection = room.connect("ada").await;
    frames_now(&mut connection);
    for (text, code) in [
        ("hello", "unreadable"),
        (r#"{"type":"resume"}"#, "invalid_message"),
        (r#"{"type":"publish","event":{}}"#, "invalid_event"),
        (r#"{"type":"publish","event":{"type":"x","user_id":"bob","payload":{}}}"#, "not_allowed"),
    ] {
        assert!(matches!(connection.received(text), Received::Done), "{text}");
        assert_eq!(frame(&mut connection).await["code"], code, "{text}");
    }
    connection.received(r#"{"type":"ping"}"#);
    assert_eq!(frame(&mut connection).await["type"], "pong");
    let passed = connection.received(r#"{"type":"user_message","content":"hi"}"#);
    assert!(matches!(passed, Received::Forward(message) if &*message.kind == "user_message"));
}
