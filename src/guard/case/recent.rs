//! How SSOT does of late: what a decision card says would have happened without it.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::domain::Timestamp;

/// Minutes that are looked at.
const MINUTES: i64 = 5;

/// Trials of SSOT in the last few minutes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recent {
    minutes: VecDeque<Minute>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Minute {
    began: Timestamp,
    trials: u64,
    failed: u64,
}

/// How often SSOT fails of late, and how much it is asked.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct RecentRate {
    /// The part of trials that failed, 0 to 1.
    pub failure_rate: f64,
    /// Trials a minute.
    pub trials_per_minute: f64,
}

impl Recent {
    /// Takes in a trial of SSOT.
    pub fn observe(&mut self, at: Timestamp, bad: bool) {
        let fits = |minute: &Minute| at.since(minute.began).as_secs() < 60;
        if !self.minutes.back().is_some_and(fits) {
            self.minutes.push_back(Minute { began: at, trials: 0, failed: 0 });
            if self.minutes.len() > usize::try_from(MINUTES).unwrap_or(0) {
                self.minutes.pop_front();
            }
        }
        if let Some(minute) = self.minutes.back_mut() {
            minute.trials += 1;
            minute.failed += u64::from(bad);
        }
    }

    /// The rate of the last few minutes; `None` where there was no trial.
    pub fn rate(&self, now: Timestamp) -> Option<RecentRate> {
        let horizon = now.plus_seconds(-60 * MINUTES);
        let minutes = || self.minutes.iter().filter(|minute| minute.began >= horizon);
        let first = minutes().next()?;
        let (trials, failed) =
            minutes().fold((0, 0), |sum, minute| (sum.0 + minute.trials, sum.1 + minute.failed));
        // A few trials of a first second are no rate of a minute.
        let span = now.since(first.began).as_secs_f64().max(10.0);
        Some(RecentRate {
            failure_rate: count(failed) / count(trials),
            trials_per_minute: count(trials) * 60.0 / span,
        })
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of five minutes")]
const fn count(number: u64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_that_of_the_last_few_minutes() {
        let mut recent = Recent::default();
        assert_eq!(recent.rate(Timestamp::from_seconds(0)), None);
        for second in 0..1200 {
            recent.observe(Timestamp::from_seconds(second), second >= 600 && second % 4 == 0);
        }
        let rate = recent.rate(Timestamp::from_seconds(1200)).expect("a rate");
        assert!((rate.failure_rate - 0.25).abs() < 0.01, "{rate:?}");
        assert!((rate.trials_per_minute - 60.0).abs() < 1.0, "{rate:?}");
        assert_eq!(recent.rate(Timestamp::from_seconds(3000)), None);
    }
}
