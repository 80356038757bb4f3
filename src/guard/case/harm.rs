//! R8: a step has hurt too many people, beyond what the limit of the error rate tolerates.
//!
//! The balance goes up by one with each failing subject, down by the tolerated part with each
//! trial, and never below zero: good days buy no credit.

use serde::{Deserialize, Serialize};

/// The evidence of R8.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Harm {
    balance: f64,
    /// People whom SSOT has failed since the step began, whether or not legacy answered them.
    pub people: u64,
}

impl Harm {
    /// Takes in a trial of SSOT; `common`: both sides fail for one cause, which is counted and not
    /// charged.
    pub fn observe(&mut self, bad: bool, common: bool, tolerated_ppm: u32) {
        self.people += u64::from(bad);
        if common {
            return;
        }
        let step = f64::from(u8::from(bad)) - f64::from(tolerated_ppm) / 1e6;
        self.balance = (self.balance + step).max(0.0);
    }

    /// People beyond what is tolerated.
    pub const fn balance(&self) -> f64 {
        self.balance
    }

    /// So many people were hurt by what hurts both sides: that is no fault of the step.
    pub fn forgive(&mut self, people: f64) {
        self.balance = (self.balance - people).max(0.0);
    }
}
