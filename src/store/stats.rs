//! What the store counts.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts since the store was opened, and its size now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Writes and batches that were applied, durable or not.
    pub commits: u64,
    /// Writes and batches whose expectation did not hold.
    pub conflicts: u64,
    /// Rounds that the disk confirmed, each with one flush and one fsync.
    pub fsyncs: u64,
    /// Rounds that the disk refused.
    pub refusals: u64,
    /// Jobs that wait for the writer.
    pub queued_jobs: u64,
    /// Revisions that can be taken before the disk must confirm another block.
    pub revisions_left: u64,
    /// Approximate size on disk, in bytes; zero when it could not be read.
    pub disk_bytes: u64,
}

/// The counters behind [`Stats`].
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub commits: AtomicU64,
    pub conflicts: AtomicU64,
    pub fsyncs: AtomicU64,
    pub refusals: AtomicU64,
}

/// Adds one.
pub(super) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}
