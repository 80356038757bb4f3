//! How the outbox is doing.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::{OutboxError, ParcelId};
use crate::domain::Timestamp;

/// Numbers of the outbox. Counters begin at the start of the process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutboxStats {
    /// Parcels that have not ended.
    pub waiting: usize,
    /// Of these, attempts under way.
    pub under_way: usize,
    /// How long ago the oldest of them was put in; zero without one.
    pub oldest_age: Duration,
    /// Taken by the other end.
    pub delivered: u64,
    /// Given up because their time was over.
    pub expired: u64,
    /// Given up because the other end does not want them.
    pub refused: u64,
    /// Attempts after which the parcel is tried again.
    pub failed_attempts: u64,
    /// Not taken because as many waited as may.
    pub not_taken_full: u64,
    /// Not taken for any other reason.
    pub not_taken: u64,
    /// Rows on the disk that cannot be read; they stay there.
    pub unreadable: u64,
}

/// A parcel that waits, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingParcel {
    /// Its name.
    pub id: ParcelId,
    /// Scheme, host and port of its target.
    pub target: String,
    /// When it was put in.
    pub kept_at: Timestamp,
    /// When it is given up.
    pub expires_at: Timestamp,
    /// When it is tried next.
    pub due_at: Timestamp,
    /// Attempts that failed since the last start.
    pub failures: u32,
    /// What stood in the way at the last one.
    pub last_failure: Option<String>,
}

#[derive(Default)]
pub(super) struct Counts {
    pub delivered: AtomicU64,
    pub expired: AtomicU64,
    pub refused: AtomicU64,
    pub failed_attempts: AtomicU64,
    pub not_taken_full: AtomicU64,
    pub not_taken: AtomicU64,
    pub unreadable: AtomicU64,
}

pub(super) fn one_more(count: &AtomicU64) {
    count.fetch_add(1, Ordering::Relaxed);
}

impl Counts {
    pub fn not_taken(&self, error: &OutboxError) {
        match error {
            OutboxError::Full { .. } => one_more(&self.not_taken_full),
            OutboxError::TooLarge { .. }
            | OutboxError::BadId
            | OutboxError::HeaderNotKept { .. }
            | OutboxError::UnknownSource
            | OutboxError::Expired
            | OutboxError::Arriving
            | OutboxError::Refused(_)
            | OutboxError::Store(_) => one_more(&self.not_taken),
        }
    }

    pub fn read(&self) -> OutboxStats {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        OutboxStats {
            delivered: read(&self.delivered),
            expired: read(&self.expired),
            refused: read(&self.refused),
            failed_attempts: read(&self.failed_attempts),
            not_taken_full: read(&self.not_taken_full),
            not_taken: read(&self.not_taken),
            unreadable: read(&self.unreadable),
            ..OutboxStats::default()
        }
    }
}
