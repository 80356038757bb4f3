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

    /// The usual figures.
    pub fn summary(&self) -> LatencySummary {
        let at = |quantile| (!self.0.is_empty()).then(|| self.0.value_at_quantile(quantile));
        LatencySummary {
            count: self.0.len(),
            p50_us: at(0.5),
            p90_us: at(0.9),
            p99_us: at(0.99),
            max_us: (!self.0.is_empty()).then(|| self.0.max()),
        }
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
        let recorded = latency.0.iter_recorded();
        recorded.map(|step| (step.value_iterated_to(), step.count_at_value())).collect()
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
            assert!(summary.p99_us.expect("recorded").abs_diff(990) <= 10);
        }
        assert!(latency.sum().as_micros().abs_diff(500_500) <= 5_005);
        assert_eq!(Latency::default().summary().p50_us, None);
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
