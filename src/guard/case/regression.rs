//! R1: SSOT fails more often than legacy does, at the same time.
//!
//! Of failing subjects alone, one each, which side was theirs? Where slots and the share have
//! chosen the sides, a failing subject is SSOT's with a probability of at most
//! `r ρ / (r ρ + 1 − ρ)` as long as SSOT fails at most `r` times as often as legacy. No baseline is
//! estimated, and what hits both sides moves nothing. (The share test; design-based as in Lindon,
//! Sanden and Shirikian, KDD 2022.)

use serde::{Deserialize, Serialize};

use super::mixture::{Grid, Mixture, VALUE_MAX, null_share};
use crate::domain::{Share, Side};

/// Above this share there is hardly anybody left to compare with.
const SHARE_MAX: f64 = 0.9;
/// Where nearly every failing subject is SSOT's by right, nothing can be concluded.
const NULL_MAX: f64 = 0.95;

/// The evidence of R1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Regression {
    mixture: Mixture,
    /// What the bet began with: 1, or what came back from R2.
    capital: f64,
    /// Failing subjects of each side.
    pub legacy_failed: u64,
    /// Likewise.
    pub ssot_failed: u64,
    #[serde(skip)]
    grid: Option<(u16, u32, Grid)>,
}

impl Default for Regression {
    fn default() -> Self {
        Self::with_capital(1.0)
    }
}

impl Regression {
    /// A new bet with what another has left.
    pub const fn with_capital(capital: f64) -> Self {
        let mixture = Mixture::of_share();
        Self { mixture, capital, legacy_failed: 0, ssot_failed: 0, grid: None }
    }

    /// Begins a new bet with what came back; the counts go on.
    pub fn resume(&mut self, capital: f64) {
        (self.mixture, self.capital) = (Mixture::of_share(), capital);
    }

    /// The ratio is a looser one from now on: what was won against the stricter is given up.
    pub fn give_up_gains(&mut self) {
        if self.value() > 1.0 {
            self.resume(1.0);
        }
    }

    /// True while there are two sides to compare at this share.
    pub fn can_compare(share: Share, ratio_percent: u32) -> bool {
        Self::has_two_arms(share) && null_share(fraction(share), ratio(ratio_percent)) <= NULL_MAX
    }

    /// True while legacy serves enough people for its failures to say something.
    pub fn has_two_arms(share: Share) -> bool {
        share != Share::NONE && fraction(share) <= SHARE_MAX
    }

    /// Takes in a failing subject whose side the share has chosen.
    pub fn observe(&mut self, arm: Side, share: Share, ratio_percent: u32) {
        if !Self::can_compare(share, ratio_percent) {
            return;
        }
        let grid = match &self.grid {
            Some((points, percent, grid))
                if *points == share.basis_points() && *percent == ratio_percent =>
            {
                grid
            }
            Some(_) | None => {
                let grid = Grid::of_share(null_share(fraction(share), ratio(ratio_percent)));
                &self.grid.insert((share.basis_points(), ratio_percent, grid)).2
            }
        };
        match arm {
            Side::Legacy => self.legacy_failed += 1,
            Side::Ssot => self.ssot_failed += 1,
        }
        self.mixture.observe(arm == Side::Ssot, grid);
    }

    /// What the bet is worth.
    pub fn value(&self) -> f64 {
        (self.capital * self.mixture.value()).min(VALUE_MAX)
    }
}

fn fraction(share: Share) -> f64 {
    f64::from(share.basis_points()) / 10_000.0
}

fn ratio(percent: u32) -> f64 {
    f64::from(percent) / 100.0
}
