//! Bounds of the room.

use std::time::Duration;

/// Bounds of the room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Open connections, over all users.
    pub connections_max: u32,
    /// Open connections of one user.
    pub connections_per_user_max: u32,
    /// Events that a connection may be behind before it is closed to resume later.
    pub queue_max: u32,
    /// Events kept for each user.
    pub retained_max: u32,
    /// Bytes of frames kept for each user.
    pub retained_bytes_max: usize,
    /// How long an event is kept.
    pub retained_for: Duration,
    /// How long the log of a user who gets nothing more is remembered.
    pub forgotten_after: Duration,
    /// Users whose logs are in memory; one more cannot be served.
    pub users_max: u32,
    /// Events that may wait for the disk.
    pub publishing_max: u32,
    /// How long a publisher waits for a place among them.
    pub publishing_wait: Duration,
    /// A connection from which nothing comes for so long is closed.
    pub idle_timeout: Duration,
    /// How long a connection that waits for the client's position waits.
    pub resume_wait: Duration,
    /// Runs to which one connection may narrow what it gets.
    pub subscriptions_max: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            connections_max: 20_000,
            connections_per_user_max: 20,
            queue_max: 256,
            retained_max: 1_000,
            retained_bytes_max: 4 * 1024 * 1024,
            retained_for: Duration::from_hours(1),
            forgotten_after: Duration::from_hours(7 * 24),
            users_max: 100_000,
            publishing_max: 8_192,
            publishing_wait: Duration::from_secs(2),
            idle_timeout: Duration::from_secs(75),
            resume_wait: Duration::from_secs(5),
            subscriptions_max: 16,
        }
    }
}
