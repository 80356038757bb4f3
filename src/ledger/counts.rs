//! What was counted and measured within a minute or an hour.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Counter, Latency, Tally, packed};

/// Counts and latencies of both sides. They only ever grow, so that sums of them are right in any
/// order.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Counts {
    #[serde(rename = "t")]
    pub(super) tally: Tally,
    #[serde(rename = "l", with = "packed", default, skip_serializing_if = "Latency::is_empty")]
    pub(super) legacy: Latency,
    #[serde(rename = "s", with = "packed", default, skip_serializing_if = "Latency::is_empty")]
    pub(super) ssot: Latency,
}

/// How long each side took, where there was something to measure.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Took {
    pub(super) legacy: Option<Duration>,
    pub(super) ssot: Option<Duration>,
}

impl Counts {
    /// Adds one entry.
    pub(super) fn add<'a>(&mut self, counters: impl Iterator<Item = &'a Counter>, took: Took) {
        for counter in counters {
            self.tally.add(*counter);
        }
        if let Some(took) = took.legacy {
            self.legacy.record(took);
        }
        if let Some(took) = took.ssot {
            self.ssot.record(took);
        }
    }

    /// Adds what was counted elsewhere.
    pub(super) fn absorb(&mut self, other: &Self) {
        self.tally.absorb(&other.tally);
        self.legacy.absorb(&other.legacy);
        self.ssot.absorb(&other.ssot);
    }

    /// About how many bytes it takes on disk.
    pub(super) fn bytes(&self) -> usize {
        let places = self.legacy.recorded().count() + self.ssot.recorded().count();
        100 + places
    }
}

impl From<Tally> for Counts {
    fn from(tally: Tally) -> Self {
        Self { tally, ..Self::default() }
    }
}
