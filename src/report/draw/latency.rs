//! Latencies of many stretches together.

use std::collections::BTreeMap;

use super::super::document::{LatencyPart, PointLatency};
use crate::ledger::Latency;

/// Counts by the upper edge of their bucket, in microseconds.
#[derive(Debug, Default)]
pub(super) struct Merged(BTreeMap<u64, u64>);

impl Merged {
    pub fn add(&mut self, latency: &Latency) {
        for (micros, count) in Vec::from(latency.clone()) {
            *self.0.entry(micros).or_default() += u64::from(count);
        }
    }

    pub fn count(&self) -> u64 {
        self.0.values().sum()
    }

    /// By nearest rank: the smallest value that `percent` of 100 do not exceed.
    fn at(&self, percent: u64) -> Option<u64> {
        let rank = (self.count() * percent).div_ceil(100).max(1);
        let mut below = 0;
        self.0.iter().find_map(|(micros, count)| {
            below += count;
            (below >= rank).then_some(*micros)
        })
    }

    pub fn part(&self) -> LatencyPart {
        LatencyPart {
            count: self.count(),
            p50_us: self.at(50),
            p95_us: self.at(95),
            p99_us: self.at(99),
            max_us: self.0.last_key_value().map(|(micros, _)| *micros),
        }
    }

    pub fn point(&self) -> PointLatency {
        PointLatency { p50_us: self.at(50), p95_us: self.at(95), p99_us: self.at(99) }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn stretches_together_have_the_quantiles_of_all_their_answers() {
        let mut merged = Merged::default();
        assert_eq!(merged.part(), LatencyPart::default());
        for part in [1..=50, 51..=100] {
            let mut latency = Latency::default();
            part.for_each(|micros| latency.record(Duration::from_micros(micros)));
            merged.add(&latency);
        }
        let part = merged.part();
        assert_eq!((part.count, part.p50_us, part.p95_us), (100, Some(50), Some(95)));
        assert_eq!((part.p99_us, part.max_us), (Some(99), Some(100)));
    }
}
