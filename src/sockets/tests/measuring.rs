//! What is left behind.

use super::*;

/// Connects and disconnects `times` times, many at once, and checks that nothing is left.
async fn connects_leave_nothing(times: usize) {
    let room = Room::new().await;
    let tasks = tokio::runtime::Handle::current().metrics().num_alive_tasks();
    for round in 0..times / 100 {
        let mut held = Vec::new();
        for place in 0..100 {
            held.push(room.connect(&format!("user-{}", (round * 7 + place) % 250)).await);
        }
        assert_eq!(room.manager.stats().connections, 100);
    }
    room.clock.advance(Duration::from_mins(2));
    room.manager.forget_old().await.expect("forgotten");
    let stats = room.manager.stats();
    assert_eq!((stats.connections, stats.users, stats.retained), (0, 0, 0));
    assert_eq!(stats.attached, times as u64);
    let after = tokio::runtime::Handle::current().metrics().num_alive_tasks();
    assert_eq!(after, tasks, "tasks");
}

#[tokio::test]
async fn a_hundred_thousand_connects_leave_no_connection_no_log_and_no_task() {
    connects_leave_nothing(100_000).await;
}
