//! What a matcher has seen.

use super::Outcome;
use crate::domain::Side;

/// What a matcher has seen, and what it could not judge.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MatchCounts {
    outcomes: [[u64; Outcome::COUNT]; 2],
    /// Events published.
    pub published: u64,
    /// Events published again under the same name.
    pub published_again: u64,
    /// Frames that no client can read, by side.
    pub unreadable: [u64; 2],
    /// Frames that are about the connection, by side.
    pub not_events: [u64; 2],
    /// Frames whose type was written under another name, by side.
    pub renamed: [u64; 2],
    /// Frames of which nothing can be said: to a connection that is not open, or maybe of an event
    /// that is forgotten.
    pub unplaced: u64,
    /// Events that were forgotten while they were waited for, on each connection and side.
    pub unjudged: u64,
    /// Events, by side, for which nobody came.
    pub unclaimed: u64,
    /// Events that could not be waited for, on each connection: too many are.
    pub not_awaited: u64,
    /// Connections that are not followed: too many are.
    pub connections_left_out: u64,
    /// Unknown frames that made room for others before they were judged.
    pub strays_dropped: u64,
}

impl MatchCounts {
    /// How often this outcome was found on this side. Of [`Outcome::BodyDiffers`] any.
    pub const fn outcomes(&self, side: Side, outcome: &Outcome) -> u64 {
        self.outcomes[side as usize][outcome.place()]
    }

    pub(super) const fn add(&mut self, side: Side, outcome: &Outcome) {
        self.outcomes[side as usize][outcome.place()] += 1;
    }
}
