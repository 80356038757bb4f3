//! What the room has done.

use std::sync::atomic::{AtomicU64, Ordering};

use super::close_reason::CloseReason;
use super::runs::Anomaly;

/// Counts since the start.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub attached: AtomicU64,
    pub published: AtomicU64,
    pub duplicates: AtomicU64,
    pub refused: AtomicU64,
    pub delivered: AtomicU64,
    pub replayed: AtomicU64,
    pub gaps: AtomicU64,
    pub rounds: AtomicU64,
    pub legacy_written: AtomicU64,
    pub legacy_swallowed: AtomicU64,
    pub uncertain: AtomicU64,
    closes: [AtomicU64; CloseReason::ALL.len()],
    anomalies: [AtomicU64; Anomaly::ALL.len()],
}

/// Adds one.
pub(super) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

impl Counts {
    pub fn closed(&self, reason: CloseReason) {
        count(&self.closes[reason.index()]);
    }

    pub fn anomalies(&self, anomalies: &[Anomaly]) {
        for anomaly in anomalies {
            count(&self.anomalies[anomaly.index()]);
        }
    }
}

/// What the room has done since the start, and what it holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Open connections.
    pub connections: u64,
    /// Users whose logs are in memory.
    pub users: u64,
    /// Events in memory.
    pub retained: u64,
    /// Events that wait for the disk.
    pub publishing: u64,
    /// Connections attached.
    pub attached: u64,
    /// Events accepted, each once.
    pub published: u64,
    /// Events that were published again under the same name.
    pub duplicates: u64,
    /// Events that the disk refused, or for which there was no place.
    pub refused: u64,
    /// Frames of events written to sockets.
    pub delivered: u64,
    /// Of these, frames of events from before the connection.
    pub replayed: u64,
    /// Gaps told to clients.
    pub gaps: u64,
    /// Group commits.
    pub rounds: u64,
    /// Frames of legacy's that were written, because legacy serves.
    pub legacy_written: u64,
    /// Frames of legacy's that were not, because SSOT serves.
    pub legacy_swallowed: u64,
    /// Frames of legacy's that were written although SSOT serves: no event that SSOT knows.
    pub uncertain: u64,
    /// Connections ended, by reason.
    pub closes: Vec<(CloseReason, u64)>,
    /// Broken rules of runs.
    pub anomalies: Vec<(Anomaly, u64)>,
    /// False when events can no longer be kept until the service is started again.
    pub keeps: bool,
}

impl Counts {
    /// The counts; what the room holds is left at zero.
    pub fn stats(&self) -> Stats {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let closes = CloseReason::ALL.into_iter().zip(self.closes.iter().map(read)).collect();
        let anomalies = Anomaly::ALL.into_iter().zip(self.anomalies.iter().map(read)).collect();
        Stats {
            attached: read(&self.attached),
            published: read(&self.published),
            duplicates: read(&self.duplicates),
            refused: read(&self.refused),
            delivered: read(&self.delivered),
            replayed: read(&self.replayed),
            gaps: read(&self.gaps),
            rounds: read(&self.rounds),
            legacy_written: read(&self.legacy_written),
            legacy_swallowed: read(&self.legacy_swallowed),
            uncertain: read(&self.uncertain),
            closes,
            anomalies,
            ..Stats::default()
        }
    }
}
