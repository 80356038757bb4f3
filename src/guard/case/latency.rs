//! R5: SSOT's answers are slow: more of them than tolerated take longer than the limit, or half of
//! them take longer than so many times legacy's for the same question.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::error_rate::Counts;
use super::mixture::{Grid, Mixture};

/// Below this nobody feels a difference, whatever the ratio.
const FELT_FROM: Duration = Duration::from_millis(5);

/// The evidence of R5.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Latency {
    slow: Mixture,
    slower: Mixture,
    /// Answers of SSOT, and those that were slow while legacy was not.
    pub slow_counts: Counts,
    /// Answers of both sides, and those where SSOT took so many times longer.
    pub slower_counts: Counts,
    #[serde(skip)]
    grids: Option<(u32, Grid, Grid)>,
}

impl Default for Latency {
    fn default() -> Self {
        Self {
            slow: Mixture::of_rate(),
            slower: Mixture::of_rate(),
            slow_counts: Counts::default(),
            slower_counts: Counts::default(),
            grids: None,
        }
    }
}

/// What an answer's time says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// It was slow, and legacy was not; `None` where that rule is switched off, or legacy was not
    /// asked.
    pub slow: Option<bool>,
    /// It took so many times longer than legacy; `None` where that rule is switched off, or legacy
    /// was not asked.
    pub slower: Option<bool>,
}

impl Pace {
    /// What the times of one question say.
    pub fn of(
        ssot: Duration,
        legacy: Option<Duration>,
        slow_ms: Option<u32>,
        percent: Option<u32>,
    ) -> Self {
        // Where legacy's time is not known, the whole machine may be slow.
        let slow = slow_ms.zip(legacy).map(|(limit, legacy)| {
            let limit = Duration::from_millis(limit.into());
            // Both slow is nobody's fault; to leave it out would weigh the others too much.
            ssot > limit && legacy <= limit
        });
        let slower = percent.zip(legacy).map(|(percent, legacy)| {
            ssot > FELT_FROM && ssot.as_micros() * 100 > legacy.as_micros() * u128::from(percent)
        });
        Self { slow, slower }
    }

    /// True when either rule calls it bad.
    pub fn is_bad(self) -> bool {
        self.slow == Some(true) || self.slower == Some(true)
    }
}

impl Latency {
    /// Takes in the pace of an answer.
    pub fn observe(&mut self, pace: Pace, slow_ppm: u32) {
        let (_, slow, slower) = match &self.grids {
            Some(grids) if grids.0 == slow_ppm => grids,
            Some(_) | None => {
                let slow = Grid::of_rate(f64::from(slow_ppm) / 1e6);
                self.grids.insert((slow_ppm, slow, Grid::of_rate(0.5)))
            }
        };
        if let Some(bad) = pace.slow {
            self.slow_counts.add(bad);
            self.slow.observe(bad, slow);
        }
        if let Some(bad) = pace.slower {
            self.slower_counts.add(bad);
            self.slower.observe(bad, slower);
        }
    }

    /// The limits are looser ones from now on: what was won against the stricter is given up.
    pub fn give_up_gains(&mut self) {
        self.slow.give_up_gains();
        self.slower.give_up_gains();
    }

    /// What the better of the two bets is worth, and how many subjects had to wait for it.
    pub fn worth(&self) -> (f64, u64) {
        let slow = (self.slow.value(), self.slow_counts.failed);
        let slower = (self.slower.value(), self.slower_counts.failed);
        if slow.0 >= slower.0 { slow } else { slower }
    }
}
