//! R2: SSOT fails more often than the limit says.
//!
//! While the [cause](super::cause) is common, the rule holds, and does not look, so that a shared
//! outage is not laid at one side's door. It is not blind meanwhile: as soon as SSOT is clearly
//! worse than legacy, or legacy recovers, it looks again.

use serde::{Deserialize, Serialize};

use super::cause::{Cause, Steps, Tried, Turn};
use super::mixture::{Grid, Mixture, VALUE_MAX};
use crate::domain::Side;

/// The evidence of R2.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ErrorRate {
    mixture: Mixture,
    /// A second bet on the same limit, with what R1 had left when nobody was left to compare with.
    taken_over: Option<TakenOver>,
    /// Whose failures they are.
    cause: Cause,
    /// Whether the present hold began above the line.
    held_above: bool,
    /// How often the bet began anew with half of what was left.
    halvings: u32,
    /// Trials and failing subjects of each side in this attempt.
    pub legacy: Counts,
    /// Likewise.
    pub ssot: Counts,
    #[serde(skip)]
    grid: Option<(u32, Grid, Steps)>,
}

/// Failing subjects that there must be, whatever the value: fewer are no outage, and no network
/// alone may have so many.
pub const FAILED_MIN: u64 = 3;

/// Trials and failures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// First outcomes of subjects in slices of ten seconds.
    pub trials: u64,
    /// Failing subjects.
    pub failed: u64,
}

impl Counts {
    pub(super) fn add(&mut self, bad: bool) {
        self.trials += 1;
        self.failed += u64::from(bad);
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct TakenOver {
    mixture: Mixture,
    capital: f64,
}

impl Default for ErrorRate {
    fn default() -> Self {
        Self {
            mixture: Mixture::of_rate(),
            taken_over: None,
            cause: Cause::default(),
            held_above: false,
            halvings: 0,
            legacy: Counts::default(),
            ssot: Counts::default(),
            grid: None,
        }
    }
}

/// What R2 is held to.
#[derive(Clone, Copy, Debug)]
pub struct RateLimit {
    /// Parts per million that may fail.
    pub ppm: u32,
    /// SSOT's failures in percent of legacy's that are not clearly worse.
    pub ratio_percent: u32,
    /// The rule's part of the probability of a false rollback.
    pub alpha: f64,
    /// The same of what it took over.
    pub alpha_taken_over: f64,
}

impl ErrorRate {
    /// Takes in a trial of either side, and says whether a hold begins or ends with it.
    /// `regression`: what R1 has reached.
    pub fn observe(&mut self, tried: Tried, limit: &RateLimit, regression: f64) -> Turn {
        let Tried { arm, bad, whole, .. } = tried;
        match arm {
            Side::Legacy => self.legacy.add(bad),
            Side::Ssot => self.ssot.add(bad),
        }
        let (_, grid, steps) = match &self.grid {
            Some(known) if known.0 == limit.ppm => known,
            Some(_) | None => {
                let null = f64::from(limit.ppm) / 1e6;
                self.grid.insert((limit.ppm, Grid::of_rate(null), Steps::of(null)))
            }
        };
        if arm == Side::Ssot && !self.cause.is_common() {
            if whole {
                self.mixture.observe(bad, grid);
            }
            if let Some(taken) = &mut self.taken_over {
                taken.mixture.observe(bad, grid);
            }
        }
        let turn = self.cause.observe(tried, steps, limit);
        match turn {
            Turn::None => {}
            Turn::Began => self.held_above = self.is_above(limit, regression),
            Turn::SsotWorse => self.look_again(false),
            Turn::Over => self.look_again(true),
        }
        turn
    }

    /// The limit is a looser one from now on: what was won against the stricter is given up.
    pub fn give_up_gains(&mut self) {
        self.mixture.give_up_gains();
        self.give_up_what_was_taken_over();
    }

    /// The same of what R1 had won against its own limit.
    pub fn give_up_what_was_taken_over(&mut self) {
        if let Some(taken) = &mut self.taken_over {
            taken.mixture.give_up_gains();
            taken.capital = taken.capital.min(1.0);
        }
    }

    /// A hold that began above the line restarts with half of what is left. What an outage that is
    /// over has brought below the line is given up as well: to discard capital is always allowed.
    fn look_again(&mut self, over: bool) {
        self.halvings += u32::from(self.held_above);
        let restart = |mixture: &mut Mixture, above: bool| {
            if above || (over && mixture.value() > 1.0) {
                *mixture = Mixture::of_rate();
            }
        };
        restart(&mut self.mixture, self.held_above);
        if let Some(taken) = &mut self.taken_over {
            if self.held_above {
                taken.capital /= 2.0;
            }
            restart(&mut taken.mixture, self.held_above);
        }
        self.held_above = false;
    }

    /// The value as a part of what must be reached: at 1 the line is crossed.
    pub fn reached(&self, limit: &RateLimit) -> f64 {
        let halved = 0.5_f64.powi(i32::try_from(self.halvings).unwrap_or(i32::MAX));
        let taken = self.taken_over.as_ref().map_or(0.0, TakenOver::value);
        self.mixture.value() * halved * limit.alpha + taken * limit.alpha_taken_over
    }

    fn is_above(&self, limit: &RateLimit, regression: f64) -> bool {
        self.reached(limit) + regression >= 1.0
    }

    /// True when the line is crossed together with what R1 has reached, the cause is not common,
    /// and legacy has had its chance to show that it is.
    pub fn trips(&self, limit: &RateLimit, regression: f64, legacy_serves: bool) -> bool {
        self.is_above(limit, regression)
            && self.ssot.failed >= FAILED_MIN
            && !self.cause.is_common()
            && (!legacy_serves || self.cause.is_ssots_own(limit))
    }

    /// True while the cause is common.
    pub const fn is_common(&self) -> bool {
        self.cause.is_common()
    }

    /// People whom SSOT has failed since it began to look suspicious.
    pub fn suspicious_failures(&self) -> f64 {
        self.cause.ssot_failures()
    }

    /// What the bet is worth, without what it took over.
    pub fn value(&self) -> f64 {
        self.mixture.value()
    }

    /// Takes over what R1 has left, where nobody is left to compare with.
    pub fn take_over(&mut self, capital: f64) {
        let mixture = Mixture::of_rate();
        self.taken_over.get_or_insert(TakenOver { mixture, capital });
    }

    /// True while it goes on with what R1 had left.
    pub const fn has_taken_over(&self) -> bool {
        self.taken_over.is_some()
    }

    /// Gives back what it took over, with what has become of it.
    pub fn give_back(&mut self) -> Option<f64> {
        self.taken_over.take().map(|taken| taken.value())
    }

    /// How often a common cause has made it begin anew.
    pub const fn halvings(&self) -> u32 {
        self.halvings
    }
}

impl TakenOver {
    fn value(&self) -> f64 {
        (self.capital * self.mixture.value()).min(VALUE_MAX)
    }
}
