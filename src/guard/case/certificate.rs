//! Evidence that SSOT fails less often than some bad rate: enough of it clears an advance.
//!
//! The null is "it fails at least as often as `bad`"; alternatives are parts of it. Without
//! restarts, since nothing is to be found late: clean subjects are counted from the beginning of
//! the step, each once. Without a failure 368, 548 or 797 of them certify less than 1 % at 95, 99
//! or 99.9 %.

use serde::{Deserialize, Serialize};

use super::Promise;
use super::mixture::VALUE_MAX;
use super::subjects::SubjectSet;
use crate::domain::SubjectKey;

/// Where the search for a number of subjects ends.
const COUNT_MAX: i32 = 1 << 28;

/// Parts of the bad rate that are bet on.
const PARTS: [f64; 7] = [0.01, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7];

/// Evidence of a step's cleanness.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cleanness {
    mass: [f64; 7],
    /// Distinct subjects so far.
    pub subjects: u64,
    /// Those whom SSOT has failed.
    pub failed: u64,
}

impl Default for Cleanness {
    fn default() -> Self {
        Self { mass: [1.0 / 7.0; 7], subjects: 0, failed: 0 }
    }
}

impl Cleanness {
    /// Takes in a subject; `bad` is the rate that is to be ruled out.
    pub fn observe(&mut self, failed: bool, bad: f64) {
        self.subjects += 1;
        self.failed += u64::from(failed);
        for (mass, part) in self.mass.iter_mut().zip(PARTS) {
            let factor = if failed { part } else { growth(part, bad) };
            *mass = (*mass * factor).min(VALUE_MAX);
        }
    }

    /// What the bet is worth: at `1 / (1 − confidence)` it is certified.
    pub fn value(&self) -> f64 {
        self.mass.iter().sum()
    }

    /// Clean subjects that would still do, if none failed; 0 when it is certified.
    pub fn clean_missing(&self, promise: Promise) -> u64 {
        let line = 1.0 / promise.beta;
        let worth = |count: i32| -> f64 {
            let grown = |(mass, part): (&f64, f64)| mass * growth(part, promise.bad).powi(count);
            self.mass.iter().zip(PARTS).map(grown).sum()
        };
        let (mut low, mut high) = (0, 1);
        if worth(low) >= line {
            return 0;
        }
        while worth(high) < line && high < COUNT_MAX {
            (low, high) = (high, high * 2);
        }
        while high - low > 1 {
            let middle = i32::midpoint(low, high);
            if worth(middle) < line {
                low = middle;
            } else {
                high = middle;
            }
        }
        u64::try_from(high).unwrap_or(0)
    }

    /// Gives up what has been gained, and keeps what has been lost: for when nobody knows any more
    /// who has counted. To discard capital is always allowed.
    pub fn forfeit(&mut self) {
        let value = self.value();
        if value > 1.0 {
            self.mass = self.mass.map(|mass| mass / value);
        }
    }
}

/// What a clean subject makes of the bet on this part of the bad rate.
fn growth(part: f64, bad: f64) -> f64 {
    (1.0 - bad * part) / (1.0 - bad)
}

/// Distinct subjects remembered for a certificate; beyond it nobody new is clean.
const CLEAN_MAX: usize = 100_000;

/// So many are kept over a restart.
const FEW: usize = 1024;

/// Who counts for a certificate.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CleanSubjects {
    clean: SubjectSet,
    failed: SubjectSet,
}

impl CleanSubjects {
    /// Whether an outcome of this subject counts: each once as clean, unless it has failed before,
    /// and once as failed.
    pub fn admit(&mut self, subject: SubjectKey, failed: bool) -> bool {
        if self.failed.contains(&subject) {
            return false;
        }
        let set = if failed { &mut self.failed } else { &mut self.clean };
        // A failure that cannot be remembered still counts: that is the cautious side.
        if set.len() >= CLEAN_MAX { failed } else { set.insert(subject) }
    }

    /// Themselves, unless they are many.
    pub fn if_few(&self) -> Option<Self> {
        (self.clean.len() + self.failed.len() <= FEW).then(|| self.clone())
    }

    /// Bytes that they take, about.
    pub fn memory_bytes(&self) -> usize {
        (self.clean.capacity() + self.failed.capacity()) * (size_of::<SubjectKey>() + 1)
    }
}
