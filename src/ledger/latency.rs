//! How long a side takes to answer.

use std::time::Duration;

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

/// Longest latency told apart from longer ones: the longest deadline there is.
const LONGEST_US: u64 = 60_000_000;

/// A histogram of latencies from 1 µs to a minute, each within 1 %. 1 to 10 KB.
///
/// In JSON a list of `[microseconds, count]`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(from = "Vec<(u64, u32)>", into = "Vec<(u64, u32)>")]
pub struct Latency(Histogram<u32>);

impl Default for Latency {
    fn default() -> Self {
        // Grows with the slowest answer: sides that answer within microseconds stay at 1 KB,
        // and a thousand components' books stay near each other in memory.
        Self(Histogram::new(2).expect("two digits are a valid precision"))
    }
}

impl Latency {
    /// Records one answer.
    pub fn record(&mut self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.record_n(micros, 1);
    }

    fn record_n(&mut self, micros: u64, count: u32) {
        let recorded = self.0.record_n(micros.clamp(1, LONGEST_US), count);
        recorded.expect("a histogram that grows takes any value up to a minute");
    }

    /// Adds what was recorded elsewhere.
    pub fn absorb(&mut self, other: &Self) {
        let added = self.0.add(&other.0);
        added.expect("a histogram that grows takes whatever another of its kind holds");
    }

    /// Whether nothing was recorded.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each time that was recorded, in microseconds, as the longest that is counted with it, and
    /// how often; shortest first.
    pub(super) fn recorded(&self) -> impl Iterator<Item = (u64, u32)> {
        self.0.iter_recorded().map(|step| (step.value_iterated_to(), step.count_at_value()))
    }

    /// What was recorded here and not in `earlier`, an earlier state of the same histogram.
    #[must_use]
    pub fn without(&self, earlier: &Self) -> Self {
        let mut later = Self::default();
        for step in self.0.iter_recorded() {
            let micros = step.value_iterated_to();
            let count = step.count_at_value().saturating_sub(earlier.0.count_at(micros));
            if count > 0 {
                later.record_n(micros, count);
            }
        }
        later
    }

    /// The usual figures. Quantiles are by nearest rank: the shortest time that so many percent of
    /// the answers, rounded up to whole ones, did not exceed.
    pub fn summary(&self) -> LatencySummary {
        let count = self.0.len();
        let ranks = [50, 90, 95, 99].map(|percent| (count * percent).div_ceil(100));
        let mut found = [None; 4];
        let mut below = 0;
        for (micros, here) in self.recorded() {
            below += u64::from(here);
            for (rank, place) in ranks.iter().zip(&mut found) {
                if place.is_none() && below >= *rank {
                    *place = Some(micros);
                }
            }
        }
        let [p50_us, p90_us, p95_us, p99_us] = found;
        let max_us = (count > 0).then(|| self.0.max());
        LatencySummary { count, p50_us, p90_us, p95_us, p99_us, max_us }
    }

    /// All answers' time together, within 1 %.
    pub fn sum(&self) -> Duration {
        let steps = self.0.iter_recorded();
        let micros = steps.map(|step| step.value_iterated_to() * u64::from(step.count_at_value()));
        Duration::from_micros(micros.fold(0, u64::saturating_add))
    }

    /// How many answers took at most `micros`, for cumulative buckets.
    pub fn count_up_to(&self, micros: u64) -> u64 {
        if micros == 0 { 0 } else { self.0.count_between(0, micros) }
    }
}

impl From<Vec<(u64, u32)>> for Latency {
    fn from(pairs: Vec<(u64, u32)>) -> Self {
        let mut latency = Self::default();
        for (micros, count) in pairs {
            latency.record_n(micros, count);
        }
        latency
    }
}

impl From<Latency> for Vec<(u64, u32)> {
    fn from(latency: Latency) -> Self {
        latency.recorded().collect()
    }
}

/// Quantiles of a side's latency, in microseconds; `None` before the first answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LatencySummary {
    /// Answers recorded.
    pub count: u64,
    /// Median.
    pub p50_us: Option<u64>,
    /// Nine of ten answers were at least this fast.
    pub p90_us: Option<u64>,
    /// Nineteen of twenty answers were at least this fast.
    pub p95_us: Option<u64>,
    /// Ninety-nine of a hundred answers were at least this fast.
    pub p99_us: Option<u64>,
    /// The slowest.
    pub max_us: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_within_one_percent_and_survive_their_json() {
        let mut latency = Latency::default();
        for micros in 1..=1000 {
            latency.record(Duration::from_micros(micros));
        }
        let json = serde_json::to_string(&latency).expect("writable");
        let read: Latency = serde_json::from_str(&json).expect("readable");
        for summary in [latency.summary(), read.summary()] {
            assert_eq!(summary.count, 1000);
            assert!(summary.p50_us.expect("recorded").abs_diff(500) <= 5);
            assert!(summary.p95_us.expect("recorded").abs_diff(950) <= 10);
            assert!(summary.p99_us.expect("recorded").abs_diff(990) <= 10);
        }
        assert!(latency.sum().as_micros().abs_diff(500_500) <= 5_005);
        assert_eq!(Latency::default().summary().p50_us, None);
    }

    #[test]
    fn what_two_hold_together_is_what_one_would_hold() {
        let [mut left, mut right, mut both] = [(); 3].map(|()| Latency::default());
        for micros in [3, 900, 70_000, 50_000_000, 12] {
            let part = if micros < 1_000 { &mut left } else { &mut right };
            part.record(Duration::from_micros(micros));
            both.record(Duration::from_micros(micros));
        }
        left.absorb(&right);
        assert_eq!(left.summary(), both.summary());
        assert!(left.recorded().eq(both.recorded()));
    }

    #[test]
    fn what_was_recorded_since_is_told_from_what_was_there() {
        let mut latency = Latency::default();
        latency.record(Duration::from_micros(10));
        latency.record(Duration::from_secs(50));
        let earlier = latency.clone();
        assert_eq!(latency.without(&earlier).summary().count, 0);
        latency.record(Duration::from_micros(10));
        latency.record(Duration::from_millis(3));
        let since = latency.without(&earlier).summary();
        assert_eq!((since.count, since.p50_us), (2, Some(10)));
        assert!(since.max_us.expect("recorded").abs_diff(3_000) <= 30);
    }
}
