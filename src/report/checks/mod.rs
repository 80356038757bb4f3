//! The twelve checks of the migration, each judged from evidence: parsed source, live traffic, and
//! walks of the golden path. What nobody has seen yet is neither passed nor failed.

mod check;
mod evidence;
mod judge;
mod metrics;
mod scans;

pub use check::{Check, CheckFigure, CheckId, Judged};
pub use evidence::{CheckEvidence, SourceSeen};
pub use judge::judge;
pub use metrics::Metrics;
pub use scans::{KeptScan, SCANS_MAX, ScanCount, Scans, ScansError, Site, Unused};

use serde::Serialize;

use crate::domain::Timestamp;

/// All twelve, and the five rates beside them.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Checks {
    /// When they were judged.
    pub judged_at: Timestamp,
    /// In their order.
    pub checks: Vec<Check>,
    /// How far the migration has come, in rates.
    pub metrics: Metrics,
}

impl Checks {
    /// How many were judged so.
    pub fn count(&self, judged: Judged) -> usize {
        self.checks.iter().filter(|check| check.judged == judged).count()
    }
}
