//! Whose failures are they: SSOT's own, or do both sides fail for one cause?
//!
//! Counts begin when SSOT begins to look suspicious, and end when it no longer does (Page's CUSUM,
//! 1954). Within them the cause is *common* while legacy surely breaks the limit too and SSOT is
//! not surely worse than it. It is *SSOT's own* when legacy would surely have failed more, if it
//! failed as often as SSOT. In between one waits. None of this is a bet: it decides only whether
//! R2 looks, and whether it acts.

use serde::{Deserialize, Serialize};

use super::binomial::{at_least, at_most};
use super::error_rate::RateLimit;
use crate::domain::Side;

/// What may be called sure of legacy.
const SURE: f64 = 0.05;
/// What may be called sure of SSOT, which is asked again and again while legacy fails too.
const VERY_SURE: f64 = 0.01;
/// Failures of both sides beyond which the counts are halved: what is long ago says little.
const FAILURES_MAX: f64 = 128.0;
/// Failing subjects of SSOT beyond which nobody waits for a legacy that has hardly any traffic.
const FAILURES_WAITED: f64 = 60.0;
/// Failing subjects of either side without which nothing is common.
const FAILURES_MIN: f64 = 2.0;
/// The score does not grow beyond this, so that an outage that is over is soon forgotten.
const SCORE_MAX: f64 = 7.0;

/// The suspicious time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Cause {
    /// Goes up with a failure of SSOT and down with a success; at zero nothing is suspicious.
    score: f64,
    legacy: Arm,
    ssot: Arm,
    common: bool,
}

/// Counts, which may have been halved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Arm {
    trials: f64,
    failed: f64,
}

/// What a trial of SSOT does to the score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Steps {
    bad: f64,
    good: f64,
}

impl Steps {
    /// For this limit: the likelihood ratio of two and a half times as many failures.
    pub fn of(limit: f64) -> Self {
        let worse = (2.5 * limit).min(f64::midpoint(1.0, limit));
        Self { bad: (worse / limit).ln(), good: ((1.0 - worse) / (1.0 - limit)).ln() }
    }
}

/// A trial of either side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tried {
    /// Whose turn it was.
    pub arm: Side,
    /// It failed.
    pub bad: bool,
    /// Legacy was asked the same question, which SSOT has answered well; true: legacy failed. Where
    /// SSOT has failed, legacy's answer says nothing: without it the failure would not count.
    pub legacy_failed: Option<bool>,
    /// It was in the sample, so that a wrong deny would be known as well as a failure.
    pub whole: bool,
}

/// What an observation has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Nothing.
    None,
    /// The cause is common from now on.
    Began,
    /// It no longer is: SSOT is surely worse.
    SsotWorse,
    /// It no longer is: what was common is over.
    Over,
}

impl Arm {
    fn add(&mut self, bad: bool) {
        self.trials += 1.0;
        self.failed += f64::from(u8::from(bad));
    }

    const fn halve(&mut self) {
        self.trials /= 2.0;
        self.failed /= 2.0;
    }
}

impl Cause {
    /// Takes in a trial of either side.
    pub fn observe(&mut self, tried: Tried, steps: &Steps, limit: &RateLimit) -> Turn {
        let calm = self.score <= 0.0;
        if tried.arm == Side::Ssot {
            let step = if tried.bad { steps.bad } else { steps.good };
            self.score = (self.score + step).min(SCORE_MAX);
            if self.score <= 0.0 {
                let was_common = self.common;
                *self = Self::default();
                return if was_common { Turn::Over } else { Turn::None };
            }
        }
        if calm {
            // The failure that raises suspicion says nothing: without it nobody would count.
            return Turn::None;
        }
        match tried.arm {
            Side::Legacy => self.legacy.add(tried.bad),
            Side::Ssot => self.ssot.add(tried.bad),
        }
        if let Some(failed) = tried.legacy_failed {
            self.legacy.add(failed);
        }
        if self.legacy.failed + self.ssot.failed > FAILURES_MAX {
            self.legacy.halve();
            self.ssot.halve();
        }
        // Only a failure brings it about; while it lasts, successes end it a few trials later.
        let trials = self.legacy.trials + self.ssot.trials;
        let due = tried.bad || (self.common && trials % 16.0 < 2.0);
        if due { self.judge(limit) } else { Turn::None }
    }

    fn judge(&mut self, limit: &RateLimit) -> Turn {
        let worse = || self.ssot_is_worse(limit);
        match (self.common, self.legacy_breaks(limit)) {
            (true, false) => {
                self.common = false;
                Turn::Over
            }
            (true, true) if worse() => {
                self.common = false;
                Turn::SsotWorse
            }
            (false, true) if !worse() && self.ssot.failed >= FAILURES_MIN => {
                self.common = true;
                Turn::Began
            }
            (true | false, true) | (false, false) => Turn::None,
        }
    }

    fn legacy_breaks(&self, limit: &RateLimit) -> bool {
        let rate = f64::from(limit.ppm) / 1e6;
        let Arm { trials, failed } = self.legacy;
        failed >= FAILURES_MIN && failed > rate * trials && at_least(failed, trials, rate) < SURE
    }

    /// SSOT surely fails more than so many times as often as legacy: a failing subject would be
    /// SSOT's less often otherwise.
    fn ssot_is_worse(&self, limit: &RateLimit) -> bool {
        let (legacy, ssot) = (self.legacy, self.ssot);
        let weighted = ssot.trials * f64::from(limit.ratio_percent) / 100.0;
        let null = weighted / (weighted + legacy.trials).max(1.0);
        at_least(ssot.failed, ssot.failed + legacy.failed, null) < VERY_SURE
    }

    /// True while both sides fail for one cause.
    pub const fn is_common(&self) -> bool {
        self.common
    }

    /// True when legacy would surely have failed more by now, if it failed as often as SSOT.
    pub fn is_ssots_own(&self, limit: &RateLimit) -> bool {
        let (legacy, ssot) = (self.legacy, self.ssot);
        let rate = ssot.failed / ssot.trials.max(1.0);
        at_most(legacy.failed, legacy.trials, rate) < VERY_SURE
            || (ssot.failed >= FAILURES_WAITED && !self.legacy_breaks(limit))
    }

    /// People whom SSOT has failed in the suspicious time, about.
    pub fn ssot_failures(&self) -> f64 {
        if self.score > 0.0 { self.ssot.failed + 1.0 } else { 0.0 }
    }
}
