//! What survives, and what is forgotten.

use super::*;
use crate::sockets::PublishError;

/// Rows of events on the disk.
fn rows(room: &Room) -> usize {
    #[derive(serde::Serialize, serde::Deserialize)]
    struct Any(serde_json::Value);
    impl crate::store::Row for Any {
        const FORMAT: u8 = 1;
    }
    room.store.table::<Any>("events").scan("").count()
}

#[tokio::test]
async fn what_was_accepted_is_there_after_a_restart_and_the_numbers_go_on() {
    let room = Room::new().await;
    let first = room.publish("ada", "a").await.position;
    room.publish("ada", "b").await;
    let room = room.reopen().await;
    let mut connection = room.resume("ada", first).await;
    let third = room.publish("ada", "c").await.position;
    assert_eq!(third, position(first.epoch.0, 3));
    let expected = ["connection_established", "position", "b", "c"];
    assert_eq!(frames_now(&mut connection), expected);
    assert!(room.publish("ada", "a").await.duplicate, "names are remembered, too");
}

#[tokio::test]
async fn runs_go_on_after_a_restart() {
    let room = Room::new().await;
    let json = |kind: &str| {
        let json = serde_json::json!({
            "type": kind, "run_id": "r", "user_id": "ada", "payload": { "tool_name": "t" }
        });
        Event::parse(json.to_string().as_bytes()).expect("an event")
    };
    for kind in ["agent_started", "tool_executing"] {
        let published = room.manager.publish(json(kind)).await.expect("accepted");
        assert_eq!(published.anomalies, []);
    }
    let room = room.reopen().await;
    let published = room.manager.publish(json("tool_completed")).await.expect("accepted");
    assert_eq!(published.anomalies, []);
}

#[tokio::test]
async fn what_the_disk_refuses_is_given_to_nobody_and_leaves_no_hole() {
    let room = Room::new().await;
    let mut connection = room.connect("ada").await;
    let first = room.publish("ada", "a").await.position;
    room.faults.refuse();
    let refused = room.manager.publish(event("ada", "b")).await;
    assert!(matches!(refused, Err(PublishError::Store(_))), "{refused:?}");
    assert_eq!(frames_now(&mut connection), ["connection_established", "a"]);
    room.faults.heal();
    let next = room.publish("ada", "c").await.position;
    assert_eq!(next, position(first.epoch.0, 2));
    assert_eq!(frames_now(&mut connection), ["c"]);
    assert!(!room.publish("ada", "b").await.duplicate);
    assert_eq!(frames_now(&mut connection), ["b"]);
}

#[tokio::test]
async fn the_disk_keeps_no_more_than_the_retention() {
    let settings = Settings { retained_max: 10, ..Settings::default() };
    let room = Room::with(settings).await;
    for number in 0..50 {
        room.publish("ada", &format!("e{number}")).await;
    }
    room.manager.forget_old().await.expect("forgotten");
    assert_eq!(rows(&room), 10);
    room.clock.advance(Duration::from_hours(2));
    room.manager.forget_old().await.expect("forgotten");
    assert_eq!(rows(&room), 1, "the last one tells how far the log has come");
    let room = room.reopen().await;
    assert_eq!(room.publish("ada", "next").await.position.after.0, 51);
    room.manager.forget_old().await.expect("forgotten");
    assert_eq!(rows(&room), 1);
}

#[tokio::test]
async fn a_log_that_nobody_needs_leaves_memory_and_comes_back() {
    let room = Room::new().await;
    let first = room.publish("ada", "a").await.position;
    let connected = room.connect("bob").await;
    assert_eq!(room.manager.stats().users, 2);
    room.clock.advance(Duration::from_mins(2));
    room.manager.forget_old().await.expect("forgotten");
    assert_eq!(room.manager.stats().users, 1, "who is connected stays");
    assert_eq!(room.publish("ada", "b").await.position, position(first.epoch.0, 2));
    drop(connected);
}

#[tokio::test]
async fn a_forgotten_log_begins_again_in_another_epoch() {
    let room = Room::new().await;
    let old = room.publish("ada", "a").await.position;
    room.clock.advance(Duration::from_hours(8 * 24));
    room.manager.forget_old().await.expect("put away");
    room.manager.forget_old().await.expect("forgotten");
    assert_eq!(rows(&room), 0);
    let new = room.publish("ada", "b").await.position;
    assert!(new.epoch > old.epoch && new.after.0 == 1, "{new:?}");
    let mut connection = room.resume("ada", old).await;
    assert_eq!(frames_now(&mut connection), ["connection_established", "gap", "b"]);
}

#[tokio::test]
async fn many_events_share_a_sync_of_the_disk() {
    let room = Room::new().await;
    let before = room.store.stats().fsyncs;
    let events = (0..1_000).map(|number| event("ada", &format!("e{number}"))).collect();
    let results = room.manager.publish_all(events).await;
    assert!(results.iter().all(Result::is_ok));
    let fsyncs = room.store.stats().fsyncs - before;
    assert!(fsyncs < 100, "{fsyncs} for 1,000 events");
}

#[tokio::test]
async fn a_room_that_has_ended_keeps_what_it_accepted_and_takes_nothing_more() {
    let room = Room::new().await;
    room.publish("ada", "z").await;
    let accepted = room.manager.publish(event("ada", "a"));
    let (accepted, ()) = tokio::join!(biased; accepted, room.manager.end());
    accepted.expect("accepted before the end");
    let late = room.manager.publish(event("ada", "b")).await;
    assert_eq!(late, Err(PublishError::ShuttingDown));
    assert!(!room.manager.stats().keeps);
    room.manager.end().await;
}
