//! Plain rules over fixed windows, for those who want them. A window counts trials, so nobody counts
//! twice in it, and fewer than three failing subjects break nothing.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::error_rate::FAILED_MIN;
use crate::domain::Timestamp;
use crate::flags::FixedWindow;

/// The evidence of one such rule.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// The second at which the present window began.
    began: Option<i64>,
    trials: u64,
    failed: u64,
    /// Windows in a row that broke the limit.
    broken: u32,
    /// The last windows that ended: trials and failures, the latest last.
    pub past: VecDeque<(u64, u64)>,
}

/// Windows that are shown.
const PAST_MAX: usize = 10;

impl Window {
    /// Takes in a trial of SSOT.
    pub fn observe(&mut self, at: Timestamp, bad: bool, rule: &FixedWindow) {
        self.close(at, rule);
        self.began.get_or_insert(at.seconds());
        self.trials += 1;
        self.failed += u64::from(bad);
    }

    /// Ends the present window if its time is over.
    fn close(&mut self, now: Timestamp, rule: &FixedWindow) {
        if !self.is_over(now, rule) {
            return;
        }
        self.broken = self.broken_by(now, rule);
        if self.past.len() >= PAST_MAX {
            self.past.pop_front();
        }
        self.past.push_back((self.trials, self.failed));
        (self.began, self.trials, self.failed) = (None, 0, 0);
    }

    fn is_over(&self, now: Timestamp, rule: &FixedWindow) -> bool {
        self.began.is_some_and(|began| now.seconds() - began >= i64::from(rule.over_s))
    }

    /// Windows in a row that have broken the limit by now, the present one included if its time is
    /// over.
    pub fn broken_by(&self, now: Timestamp, rule: &FixedWindow) -> u32 {
        if !self.is_over(now, rule) {
            return self.broken;
        }
        let counts = self.trials >= u64::from(rule.at_least) && self.failed >= FAILED_MIN;
        let limit = u128::from(self.trials) * u128::from(rule.error_rate.ppm());
        let breaks = counts && u128::from(self.failed) * 1_000_000 > limit;
        if breaks { self.broken.saturating_add(1) } else { 0 }
    }

    /// True when enough windows in a row have broken the limit.
    pub fn trips(&self, now: Timestamp, rule: &FixedWindow) -> bool {
        self.broken_by(now, rule) >= rule.times
    }

    /// Bytes that it takes, about.
    pub fn memory_bytes(&self) -> usize {
        size_of::<Self>() + self.past.capacity() * size_of::<(u64, u64)>()
    }
}
