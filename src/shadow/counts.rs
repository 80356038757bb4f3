//! What the shadow tells one side because of the other, counted.

use std::sync::atomic::{AtomicU64, Ordering};

/// What one side was told because of the other, since the start.
#[derive(Debug, Default)]
pub struct ShadowCounts {
    pub(super) imported: AtomicU64,
    pub(super) not_imported: AtomicU64,
    pub(super) told: AtomicU64,
    pub(super) not_told: AtomicU64,
}

impl ShadowCounts {
    /// Name, meaning and count of each.
    pub fn all(&self) -> [(&'static str, &'static str, u64); 4] {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        [
            (
                "revocations_imported",
                "Revocations that only legacy knew and SSOT was told of",
                read(&self.imported),
            ),
            (
                "revocations_not_imported",
                "Revocations that only legacy knows, because SSOT could not keep them",
                read(&self.not_imported),
            ),
            (
                "used_tokens_told",
                "Used refresh tokens that the side which did not refresh was told of",
                read(&self.told),
            ),
            (
                "used_tokens_not_told",
                "Used refresh tokens that the other side could not be told of",
                read(&self.not_told),
            ),
        ]
    }
}

pub(super) fn one_more(count: &AtomicU64) {
    count.fetch_add(1, Ordering::Relaxed);
}
