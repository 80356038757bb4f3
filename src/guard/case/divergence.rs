//! R4: SSOT's answer differs from legacy's, to somebody's harm, more often than is tolerated.
//!
//! Both answers are there for the same question, so each comparison is a trial of its own; the test
//! is that of a rate against the tolerated one.

use serde::{Deserialize, Serialize};

use super::error_rate::Counts;
use super::mixture::{Grid, Mixture};

/// The evidence of R4.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Divergence {
    mixture: Mixture,
    /// Comparisons, and subjects about whom the sides differ.
    pub counts: Counts,
    #[serde(skip)]
    grid: Option<(u32, Grid)>,
}

impl Default for Divergence {
    fn default() -> Self {
        Self { mixture: Mixture::of_rate(), counts: Counts::default(), grid: None }
    }
}

impl Divergence {
    /// Takes in a comparison.
    pub fn observe(&mut self, harmful: bool, tolerated_ppm: u32) {
        self.counts.add(harmful);
        let grid = match &self.grid {
            Some((ppm, grid)) if *ppm == tolerated_ppm => grid,
            Some(_) | None => {
                let grid = Grid::of_rate(f64::from(tolerated_ppm) / 1e6);
                &self.grid.insert((tolerated_ppm, grid)).1
            }
        };
        self.mixture.observe(harmful, grid);
    }

    /// The limit is a looser one from now on: what was won against the stricter is given up.
    pub fn give_up_gains(&mut self) {
        self.mixture.give_up_gains();
    }

    /// What the bet is worth.
    pub fn value(&self) -> f64 {
        self.mixture.value()
    }
}
