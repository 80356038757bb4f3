//! Evidence against "it fails no more often than that", as a bet that pays if it does.
//!
//! A mixture of likelihood ratios over a grid of alternatives, with restarts. Each factor has a
//! conditional mean of at most 1 as long as the probability of a failure, given all that was
//! before, is at most that of the null; so the value is a non-negative supermartingale that begins
//! at 1, and the probability that it *ever* reaches 1/α is at most α (Ville 1939; the mixture:
//! Robbins 1970; restarts with summable weights: Shin, Ramdas and Rinaldo, e-detectors).
//! Observations need neither be independent nor alike.

use serde::{Deserialize, Serialize};

/// Alternatives of a grid.
pub const ALTERNATIVES: usize = 12;

/// The weight of the first generation.
const FIRST_WEIGHT: f64 = 0.5;

/// Scales the weights of the later generations so that all of them sum to 1.
const LATER_SCALE: f64 = 0.765_481_938_838;

/// Nothing is gained by more; products stay finite.
pub(super) const VALUE_MAX: f64 = 1e300;

/// The weight with which generation `k` begins.
pub fn weight(generation: u64) -> f64 {
    if generation == 0 {
        return FIRST_WEIGHT;
    }
    #[expect(clippy::cast_precision_loss, reason = "exact far beyond any number of generations")]
    let k = generation as f64;
    (1.0 - FIRST_WEIGHT) * LATER_SCALE / ((k + 1.0) * (k + 2.0).ln().powi(2))
}

/// The alternatives to one null hypothesis, as factors.
#[derive(Clone, Debug, PartialEq)]
pub struct Grid {
    null: f64,
    alternatives: [f64; ALTERNATIVES],
    bad: [f64; ALTERNATIVES],
    good: [f64; ALTERNATIVES],
}

impl Grid {
    /// For "a rate is at most `null`": up to 95 %.
    pub fn of_rate(null: f64) -> Self {
        Self::up_to(null, 0.95)
    }

    /// For "a failure is of this side with a probability of at most `null`": up to 99.5 %.
    pub fn of_share(null: f64) -> Self {
        Self::up_to(null, 0.995)
    }

    /// Geometric in odds, from 1.4 times those of the null.
    fn up_to(null: f64, top: f64) -> Self {
        let odds = |p: f64| p / (1.0 - p);
        let low = (1.4 * odds(null)).ln();
        let step = (odds(top).ln() - low) / 11.0;
        let mut alternatives = [0.0; ALTERNATIVES];
        let mut place = 0.0;
        for alternative in &mut alternatives {
            let odds = (low + step * place).exp();
            *alternative = odds / (1.0 + odds);
            place += 1.0;
        }
        let bad = alternatives.map(|p| p / null);
        let good = alternatives.map(|p| (1.0 - p) / (1.0 - null));
        Self { null, alternatives, bad, good }
    }

    /// The greatest rate that is no failure of the hypothesis.
    pub const fn null(&self) -> f64 {
        self.null
    }

    /// The rates that are bet on, ascending.
    pub const fn alternatives(&self) -> &[f64; ALTERNATIVES] {
        &self.alternatives
    }
}

/// The value of the bet so far.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mixture {
    /// What the generations that have begun are worth, by alternative.
    mass: [f64; ALTERNATIVES],
    /// The weight of those that have not, worth 1 each.
    unspent: f64,
    /// Observations so far.
    seen: u64,
    /// Observations between the beginnings of two generations.
    generation_length: u64,
}

impl Mixture {
    /// A new bet for observations of which many are good: a generation every 64.
    pub const fn of_rate() -> Self {
        Self::every(64)
    }

    /// A new bet for a share of failures alone, which are few: a generation every 8.
    pub const fn of_share() -> Self {
        Self::every(8)
    }

    const fn every(generation_length: u64) -> Self {
        Self { mass: [0.0; ALTERNATIVES], unspent: 1.0, seen: 0, generation_length }
    }

    /// Takes one observation in.
    pub fn observe(&mut self, bad: bool, grid: &Grid) {
        self.begin_generation();
        let factors = if bad { &grid.bad } else { &grid.good };
        for (mass, factor) in self.mass.iter_mut().zip(factors) {
            *mass = (*mass * factor).min(VALUE_MAX);
        }
        self.seen += 1;
    }

    /// Takes many good observations in; the same, up to rounding, as one after the other.
    pub fn observe_good(&mut self, count: u64, grid: &Grid) {
        let mut left = count;
        while left > 0 {
            self.begin_generation();
            let to_the_next = self.generation_length - self.seen % self.generation_length;
            let now = left.min(to_the_next);
            let power = i32::try_from(now).unwrap_or(i32::MAX);
            for (mass, factor) in self.mass.iter_mut().zip(&grid.good) {
                *mass *= factor.powi(power);
            }
            self.seen += now;
            left -= now;
        }
    }

    fn begin_generation(&mut self) {
        if !self.seen.is_multiple_of(self.generation_length) {
            return;
        }
        let weight = weight(self.seen / self.generation_length);
        #[expect(clippy::cast_precision_loss, reason = "twelve")]
        let each = weight / ALTERNATIVES as f64;
        for mass in &mut self.mass {
            *mass += each;
        }
        self.unspent = (self.unspent - weight).max(0.0);
    }

    /// Begins anew where it has won: the capital of 1 is all that a looser hypothesis may be met
    /// with. A bet that has lost goes on with what is left.
    pub fn give_up_gains(&mut self) {
        if self.value() > 1.0 {
            let generation_length = self.generation_length;
            *self = Self::every(generation_length);
        }
    }

    /// What the bet is worth: 1 at the beginning.
    pub fn value(&self) -> f64 {
        self.mass.iter().sum::<f64>().min(VALUE_MAX) + self.unspent
    }

    /// Observations so far.
    pub const fn seen(&self) -> u64 {
        self.seen
    }
}

/// The greatest probability with which a failing subject is of SSOT's share, if SSOT fails at most
/// `ratio` times as often as legacy: by design, since chance has chosen the sides.
pub fn null_share(share: f64, ratio: f64) -> f64 {
    ratio * share / (ratio * share + 1.0 - share)
}
