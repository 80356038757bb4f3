//! R6: events do not reach people as they should. One that reaches somebody else is one too many.

use serde::{Deserialize, Serialize};

use super::error_rate::Counts;
use super::mixture::{Grid, Mixture};
use crate::ledger::DeliveryFault;

/// The evidence of R6.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sockets {
    mixture: Mixture,
    /// Deliveries of SSOT, and people for whom one went wrong.
    pub counts: Counts,
    /// Events that reached somebody else.
    pub misdelivered: u64,
    #[serde(skip)]
    grid: Option<(u32, Grid)>,
}

impl Default for Sockets {
    fn default() -> Self {
        let (mixture, counts) = (Mixture::of_rate(), Counts::default());
        Self { mixture, counts, misdelivered: 0, grid: None }
    }
}

impl Sockets {
    /// An event has reached somebody else.
    pub const fn misdelivered(&mut self) {
        self.misdelivered += 1;
    }

    /// Takes in a delivery.
    pub fn observe(&mut self, fault: Option<DeliveryFault>, tolerated_ppm: u32) {
        let bad = fault.is_some();
        self.counts.add(bad);
        let grid = match &self.grid {
            Some((ppm, grid)) if *ppm == tolerated_ppm => grid,
            Some(_) | None => {
                let grid = Grid::of_rate(f64::from(tolerated_ppm) / 1e6);
                &self.grid.insert((tolerated_ppm, grid)).1
            }
        };
        self.mixture.observe(bad, grid);
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
