//! How long is waited, and how much is remembered.

use std::time::Duration;

use crate::domain::Side;

/// How long is waited, and how much is remembered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatchSettings {
    /// An event that is not seen for so long on a connection that is open all the while is lost.
    pub wait: Duration,
    /// An event seen later than this is late.
    pub late_after: Duration,
    /// How far a frame's time may be from the published one: old emitters write their own.
    pub stamps_apart: Duration,
    /// How long an event is remembered.
    pub kept_for: Duration,
    /// Events remembered of one user; the oldest make room.
    pub events_per_user_max: usize,
    /// Events remembered of everybody; the oldest make room.
    pub events_max: usize,
    /// Open connections that are followed.
    pub connections_max: usize,
    /// Events that are waited for, each on each connection.
    pub awaited_max: usize,
    /// Frames remembered of which nobody knows what they are; the oldest make room.
    pub strays_max: usize,
}

impl Default for MatchSettings {
    fn default() -> Self {
        Self {
            wait: Duration::from_secs(5),
            late_after: Duration::from_secs(1),
            stamps_apart: Duration::from_mins(1),
            kept_for: Duration::from_mins(10),
            events_per_user_max: 256,
            events_max: 20_000,
            connections_max: 20_000,
            awaited_max: 100_000,
            strays_max: 4_096,
        }
    }
}

/// Which sides were asked about an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sides([bool; 2]);

impl Sides {
    /// Both.
    pub const BOTH: Self = Self([true; 2]);

    /// This one.
    pub const fn only(side: Side) -> Self {
        let mut sides = [false; 2];
        sides[side as usize] = true;
        Self(sides)
    }

    /// True when this side was asked.
    pub const fn hold(self, side: Side) -> bool {
        self.0[side as usize]
    }
}
