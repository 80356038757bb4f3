//! Two sides, one socket.

use std::sync::atomic::AtomicUsize;

use bytes::Bytes;

use super::*;
use crate::domain::{Condition, EventId, Side};
use crate::sockets::{About, Beside, Legacy, LegacyFrame, Watcher};

async fn beside(room: &Room, side: Side) -> Connection {
    watched(room, side, Resume::Now, &Arc::default()).await
}

/// Whoever compares is told of so many events.
async fn watched(room: &Room, side: Side, resume: Resume, told: &Arc<AtomicUsize>) -> Connection {
    let told = Arc::clone(told);
    let watcher: Watcher = Arc::new(move |_, _, _| {
        told.fetch_add(1, Ordering::SeqCst);
    });
    let beside = Beside { side, greets: true, watcher };
    let attached = room.manager.attach_beside(&admission("ada"), resume, beside).await;
    attached.expect("a connection")
}

/// Legacy wants to write the event of that name.
fn offer(room: &Room, connection: &Connection, id: &str) {
    let text = Bytes::from(format!(r#"{{"type":"legacy","event_id":"old-{id}"}}"#));
    let about = About::Event(EventId::parse(id).expect("a name"));
    let frame = LegacyFrame { about, text };
    assert!(room.manager.offer(connection.id(), frame));
}

#[tokio::test]
async fn only_the_side_that_serves_reaches_the_client() {
    let room = Room::new().await;
    let mut of_ssot = beside(&room, Side::Ssot).await;
    let mut of_legacy = beside(&room, Side::Legacy).await;
    for id in ["a", "b"] {
        offer(&room, &of_ssot, id);
        room.publish("ada", id).await;
        offer(&room, &of_legacy, id);
    }
    assert_eq!(frames_now(&mut of_ssot), ["connection_established", "a", "b"]);
    assert_eq!(frames_now(&mut of_legacy), ["connection_established", "old-a", "old-b"]);
    let stats = room.manager.stats();
    assert_eq!((stats.legacy_written, stats.legacy_swallowed), (2, 2));
}

#[tokio::test]
async fn what_ssot_gives_or_would_give_is_told_once_to_whoever_compares() {
    let room = Room::new().await;
    let told = Arc::default();
    let mut of_legacy = watched(&room, Side::Legacy, Resume::Now, &told).await;
    for id in ["a", "b"] {
        room.publish("ada", id).await;
    }
    assert_eq!(frames_now(&mut of_legacy), ["connection_established"]);
    room.manager.assign(|_| Side::Ssot);
    offer(&room, &of_legacy, "b");
    room.publish("ada", "c").await;
    assert_eq!(frames_now(&mut of_legacy), ["old-b"]);
    assert_eq!(told.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_nameless_frame_of_legacy_s_reaches_only_whom_legacy_serves_unless_ssot_does_not_know_it()
{
    let room = Room::new().await;
    let mut of_legacy = beside(&room, Side::Legacy).await;
    let mut of_ssot = beside(&room, Side::Ssot).await;
    room.publish("ada", "a").await;
    assert!(of_ssot.knows_run(&crate::domain::RunId::parse("r1").expect("a name")));
    for known in [true, false] {
        let about = About::Nameless { known };
        assert_eq!(of_legacy.legacy(&about), Legacy::Write);
        let ruling = if known { Legacy::Swallow } else { Legacy::Write };
        assert_eq!(of_ssot.legacy(&about), ruling);
    }
    assert_eq!(room.manager.stats().uncertain, 1);
    // A model's never does.
    for about in [About::Nothing, About::Nameless { known: false }] {
        let frame = LegacyFrame { about, text: Bytes::from_static(b"{\"type\":\"old\"}") };
        assert!(room.manager.offer(of_ssot.id(), frame.clone()));
        assert!(room.manager.offer(of_legacy.id(), frame));
    }
    assert_eq!(frames_now(&mut of_ssot), ["connection_established", "a"]);
    assert_eq!(frames_now(&mut of_legacy), ["connection_established", "old", "old"]);
}

#[tokio::test]
async fn a_connection_without_a_legacy_manager_takes_nothing_of_legacy_s() {
    let room = Room::new().await;
    let mut connection = room.connect("ada").await;
    offer(&room, &connection, "a");
    assert_eq!(frames_now(&mut connection), ["connection_established"]);
    assert_eq!(connection.legacy(&About::Nothing), Legacy::Swallow);
}

#[tokio::test]
async fn a_change_to_ssot_and_back_under_way_loses_and_repeats_nothing() {
    let room = Room::new().await;
    let mut connection = beside(&room, Side::Legacy).await;
    room.publish("ada", "a").await;
    offer(&room, &connection, "a");
    room.publish("ada", "b").await;
    assert_eq!(frames_now(&mut connection), ["connection_established", "old-a"]);
    room.manager.assign(|_| Side::Ssot);
    // Both must be level first: legacy owes an event.
    assert_eq!(frames_now(&mut connection), Vec::<String>::new());
    offer(&room, &connection, "b");
    assert_eq!(frames_now(&mut connection), ["old-b", "position"]);
    offer(&room, &connection, "c");
    room.publish("ada", "c").await;
    assert_eq!(frames_now(&mut connection), ["c"]);
    room.manager.assign(|_| Side::Legacy);
    assert_eq!(frames_now(&mut connection), Vec::<String>::new());
    offer(&room, &connection, "d");
    room.publish("ada", "d").await;
    offer(&room, &connection, "c");
    assert_eq!(frames_now(&mut connection), ["old-d"]);
}

#[tokio::test(start_paused = true)]
async fn a_change_does_not_wait_for_ever_for_what_legacy_has_lost() {
    let room = Room::new().await;
    let mut connection = beside(&room, Side::Legacy).await;
    room.publish("ada", "a").await;
    offer(&room, &connection, "a");
    room.publish("ada", "lost").await;
    assert_eq!(frames_now(&mut connection), ["connection_established", "old-a"]);
    room.manager.assign(|_| Side::Ssot);
    assert_eq!(frame(&mut connection).await["type"], "position");
    assert_eq!(frames_now(&mut connection), ["lost"]);
}

#[tokio::test]
async fn whoever_connects_again_without_a_position_goes_on_where_the_last_connection_ended() {
    let room = Room::new().await;
    let mut connection = beside(&room, Side::Ssot).await;
    room.publish("ada", "a").await;
    assert_eq!(frames_now(&mut connection), ["connection_established", "a"]);
    room.publish("ada", "b").await;
    // Handed out, and never written.
    assert!(matches!(connection.ready(), Some(Outgoing::Text(_))));
    drop(connection);
    room.publish("ada", "c").await;
    let mut again = beside(&room, Side::Ssot).await;
    assert_eq!(frames_now(&mut again), ["connection_established", "b", "c"]);
    let mut other = beside(&room, Side::Ssot).await;
    assert_eq!(frames_now(&mut other), ["connection_established"], "once");
}

#[tokio::test]
async fn a_client_that_tells_its_position_is_given_what_it_missed_also_while_legacy_serves() {
    let room = Room::new().await;
    let before = room.publish("ada", "a").await.position;
    room.publish("ada", "b").await;
    let resume = Resume::After(before);
    let mut connection = watched(&room, Side::Legacy, resume, &Arc::default()).await;
    offer(&room, &connection, "b");
    room.publish("ada", "c").await;
    offer(&room, &connection, "c");
    let expected = ["connection_established", "position", "b", "old-c"];
    assert_eq!(frames_now(&mut connection), expected);
}

#[tokio::test]
async fn what_was_taken_and_not_written_comes_again_when_the_client_tells_its_position() {
    let room = Room::new().await;
    let mut connection = beside(&room, Side::Ssot).await;
    assert_eq!(frames_now(&mut connection), ["connection_established"]);
    let mut first = None;
    for id in ["a", "b", "c"] {
        first.get_or_insert(room.publish("ada", id).await.position);
    }
    assert!(matches!(connection.ready(), Some(Outgoing::Text(_))));
    connection.written();
    let Position { epoch, after } = first.expect("published");
    connection.received(&format!(r#"{{"type":"resume","epoch":{epoch},"after":{after}}}"#));
    assert_eq!(frames_now(&mut connection), ["position", "b", "c"]);
}

#[tokio::test]
async fn a_remembered_place_that_is_gone_is_a_gap_and_not_the_end() {
    let settings = Settings { retained_max: 2, ..Settings::default() };
    let room = Room::with(settings).await;
    drop(beside(&room, Side::Ssot).await);
    for id in ["a", "b", "c", "d"] {
        room.publish("ada", id).await;
    }
    let mut again = beside(&room, Side::Ssot).await;
    assert_eq!(frames_now(&mut again), ["connection_established", "gap", "c", "d"]);
    // The same at a change of sides.
    let mut of_legacy = beside(&room, Side::Legacy).await;
    assert_eq!(frames_now(&mut of_legacy), ["connection_established"]);
    for id in ["e", "f", "g", "h"] {
        room.publish("ada", id).await;
        frames_now(&mut of_legacy);
    }
    offer(&room, &of_legacy, "e");
    room.manager.assign(|_| Side::Ssot);
    frames_now(&mut of_legacy);
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(3)).await;
    assert_eq!(frames_now(&mut of_legacy), ["gap", "g", "h"]);
}

#[tokio::test]
async fn what_the_client_had_before_is_not_written_again_by_a_late_legacy() {
    let room = Room::new().await;
    for id in ["a", "b"] {
        room.publish("ada", id).await;
    }
    let mut connection = beside(&room, Side::Ssot).await;
    offer(&room, &connection, "a");
    assert_eq!(frames_now(&mut connection), ["connection_established"]);
}

#[tokio::test]
async fn whoever_is_given_much_again_is_not_taken_for_slow() {
    let settings = Settings { queue_max: 40, ..Settings::default() };
    let room = Room::with(settings).await;
    let mut connection = beside(&room, Side::Legacy).await;
    for number in 0..100 {
        room.publish("ada", &format!("e{number}")).await;
        assert!(connection.ready().is_none() || number == 0);
    }
    room.manager.assign(|_| Side::Ssot);
    frames_now(&mut connection);
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(3)).await;
    assert!(matches!(connection.ready(), Some(Outgoing::Text(_))), "the position");
    assert!(matches!(connection.ready(), Some(Outgoing::Text(_))), "the first");
    tokio::time::resume();
    room.publish("ada", "next").await;
    let rest = frames_now(&mut connection);
    assert_eq!((rest.len(), &*rest[99]), (100, "next"), "{rest:?}");
}

#[tokio::test]
async fn the_audience_is_who_is_connected_and_whether_frames_get_through() {
    let settings = Settings { queue_max: 4, ..Settings::default() };
    let room = Room::with(settings).await;
    let connection = beside(&room, Side::Legacy).await;
    let ada = Subject::parse("ada").expect("a subject");
    let condition = || room.manager.audience(&ada)[0].condition;
    assert_eq!(condition(), Condition::Ready);
    offer(&room, &connection, "a");
    assert_eq!(condition(), Condition::Slow);
    for id in ["b", "c"] {
        offer(&room, &connection, id);
    }
    assert_eq!(condition(), Condition::Hung);
    for id in ["d", "e"] {
        offer(&room, &connection, id);
    }
    assert_eq!(condition(), Condition::Broken);
    assert_eq!(room.manager.audience(&Subject::parse("bob").expect("a subject")), []);
}
