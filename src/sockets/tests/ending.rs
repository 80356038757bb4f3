//! How connections end.

use super::*;
use crate::sockets::{AttachError, CloseReason, OtherUser, PublishError};

fn closes(room: &Room, reason: CloseReason) -> u64 {
    let closes = room.manager.stats().closes;
    closes.into_iter().find(|(other, _)| *other == reason).map_or(0, |(_, count)| count)
}

#[tokio::test]
async fn a_token_that_runs_out_ends_its_connection_unless_a_fresh_one_is_shown() {
    let room = Room::new().await;
    let end = room.clock.now().plus(Duration::from_secs(10));
    let until = admission_until("ada", Some(end), TokenType::Access);
    let attach = || room.manager.attach(&until, Resume::Now);
    let mut ends = attach().await.expect("a connection");
    let mut stays = attach().await.expect("a connection");
    assert_eq!(stays.renew(&admission("bob")), Err(OtherUser));
    stays.renew(&admission("ada")).expect("the same user");
    room.clock.advance(Duration::from_secs(9));
    room.manager.end_overdue();
    assert_eq!(frames_now(&mut ends), ["connection_established"]);
    room.clock.advance(Duration::from_secs(1));
    room.manager.end_overdue();
    assert_eq!(frames_now(&mut ends), ["close:expired"]);
    assert_eq!(frames_now(&mut stays), ["connection_established"]);
    drop(ends);
    assert_eq!(closes(&room, CloseReason::Expired), 1);
}

#[tokio::test]
async fn a_silent_connection_ends_and_one_that_is_heard_stays() {
    let room = Room::new().await;
    let (mut silent, mut heard) = (room.connect("ada").await, room.connect("ada").await);
    room.clock.advance(Duration::from_mins(1));
    heard.heard();
    room.clock.advance(Duration::from_mins(1));
    room.manager.end_overdue();
    assert_eq!(frames_now(&mut silent), ["close:idle"]);
    assert_eq!(frames_now(&mut heard), ["connection_established"]);
}

#[tokio::test]
async fn whoever_waits_for_a_hung_socket_is_told_that_the_connection_ends() {
    let room = Room::new().await;
    let connection = room.connect("ada").await;
    let closed = tokio::spawn(connection.closed());
    assert!(room.manager.close(connection.id(), CloseReason::Revoked));
    assert!(!room.manager.close(connection.id(), CloseReason::Ended), "the first reason stays");
    assert_eq!(closed.await.expect("told"), CloseReason::Revoked);
    assert_eq!(connection.closed().await, CloseReason::Revoked);
}

#[tokio::test]
async fn all_connections_of_a_user_can_be_ended() {
    let room = Room::new().await;
    let mut held = [room.connect("ada").await, room.connect("ada").await];
    let mut other = room.connect("bob").await;
    let ada = Subject::parse("ada").expect("a subject");
    assert_eq!(room.manager.close_user(&ada, CloseReason::Revoked), 2);
    for connection in &mut held {
        assert_eq!(frames_now(connection), ["close:revoked"]);
    }
    assert_eq!(frames_now(&mut other), ["connection_established"]);
}

#[tokio::test]
async fn at_the_end_clients_are_told_to_connect_again_and_what_was_accepted_is_there() {
    let room = Room::new().await;
    let mut connection = room.connect("ada").await;
    let published = room.publish("ada", "a").await;
    room.manager.shutdown();
    assert_eq!(frames_now(&mut connection), ["close:restart"]);
    assert_eq!(CloseReason::Restart.code(), 1012);
    let refused = room.manager.attach(&admission("ada"), Resume::Now).await;
    assert_eq!(refused.err(), Some(AttachError::ShuttingDown));
    let refused = room.manager.publish(event("ada", "b")).await;
    assert_eq!(refused, Err(PublishError::ShuttingDown));
    drop(connection);
    let room = room.reopen().await;
    let before = position(published.position.epoch.0, 0);
    let mut again = room.resume("ada", before).await;
    assert_eq!(frames_now(&mut again), ["connection_established", "position", "a"]);
}

#[tokio::test]
async fn a_client_that_asks_without_reading_is_closed() {
    let room = Room::new().await;
    let mut connection = room.connect("ada").await;
    for _ in 0..100 {
        connection.received(r#"{"type":"ping"}"#);
    }
    assert_eq!(frames_now(&mut connection), ["close:too_many_messages"]);
}

#[tokio::test]
async fn how_a_connection_ended_is_counted_once() {
    let room = Room::new().await;
    room.connect("ada").await.end(CloseReason::Client);
    drop(room.connect("ada").await);
    let connection = room.connect("ada").await;
    room.manager.close(connection.id(), CloseReason::Ended);
    connection.end(CloseReason::Client);
    let counted: u64 = room.manager.stats().closes.iter().map(|(_, count)| count).sum();
    assert_eq!(counted, 3);
    for reason in [CloseReason::Client, CloseReason::Gone, CloseReason::Ended] {
        assert_eq!(closes(&room, reason), 1, "{reason}");
    }
    assert_eq!(room.manager.stats().connections, 0);
}
