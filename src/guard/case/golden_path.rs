//! R7: the golden path cannot be walked on SSOT any more, and can on legacy.

use serde::{Deserialize, Serialize};

use crate::domain::{Side, Timestamp};
use crate::ledger::WalkSeen;

/// The evidence of R7.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GoldenWalks {
    /// Failed walks on SSOT in a row.
    pub failed: u32,
    /// When the first of them ended.
    since: Option<Timestamp>,
    /// Whether legacy's last walk passed, and when it ended.
    legacy: Option<(bool, Timestamp)>,
}

impl GoldenWalks {
    /// Takes in a walk.
    pub fn observe(&mut self, walk: &WalkSeen) {
        match (walk.side, walk.passed) {
            (Side::Legacy, passed) => self.legacy = Some((passed, walk.at)),
            (Side::Ssot, true) => (self.failed, self.since) = (0, None),
            (Side::Ssot, false) => {
                self.failed = self.failed.saturating_add(1);
                self.since.get_or_insert(walk.at);
            }
        }
    }

    /// True when anything was walked at all.
    pub const fn is_walked(&self) -> bool {
        self.legacy.is_some() || self.failed > 0
    }

    /// True when so many have failed in a row, and legacy has passed since the first of them.
    pub fn trips(&self, failed_max: u32) -> bool {
        let Some(since) = self.since else { return false };
        self.failed >= failed_max && self.legacy.is_some_and(|(passed, at)| passed && at >= since)
    }
}
