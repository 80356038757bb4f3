//! A decision card: why the guard ruled as it did, in figures that can be checked.

use serde::{Deserialize, Serialize};

use super::case::ruling::{Found, Standing};
use crate::domain::{ComponentId, Revision, Timestamp};
use crate::flags::{Limits, Stage};
use crate::store::Row;

/// What became of a ruling.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "deed", rename_all = "snake_case")]
pub enum Deed {
    /// The component was rolled back and latched.
    RolledBack {
        /// The flag's revision since then; zero where the disk could not give it one.
        revision: Revision,
        /// False while the rollback holds in memory alone: a restart may forget it.
        durable: bool,
    },
    /// Nothing: the component is watched without acting.
    WouldHaveRolledBack,
    /// It may not be raised.
    Held,
    /// Nothing: the component is watched without acting.
    WouldHaveHeld,
    /// It may be raised again.
    HoldEnded,
}

/// Why the guard ruled as it did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DecisionCard {
    /// Names it; ascending with time.
    pub id: String,
    /// Which component.
    pub component: ComponentId,
    /// When.
    pub at: Timestamp,
    /// The rules that spoke, the one that acted first.
    pub found: Vec<Found>,
    /// What became of it.
    pub deed: Deed,
    /// Where the component was.
    pub stage: Stage,
    /// The revision of the flag that was in force.
    pub revision: Revision,
    /// The number of the attempt, and when it began.
    pub attempt: u32,
    /// When the attempt began.
    pub attempt_since: Timestamp,
    /// How every rule stood.
    pub standings: Vec<Standing>,
    /// How the deciding value came about, the latest last: of at most 64 failures.
    pub path: Vec<PathPoint>,
    /// What the rules were held to.
    pub limits: Limits,
    /// Ids of the requests of kept samples, the latest last.
    pub samples: Vec<String>,
    /// What would have happened without it.
    pub without: Option<Without>,
    /// From the record of the failure that crossed the line to the published rollback, in
    /// microseconds; `None` where no single record brought it about.
    pub published_after_us: Option<u64>,
    /// Observations that could not be kept for the guard, since the start.
    pub unseen: u64,
}

impl Row for DecisionCard {
    const FORMAT: u8 = 1;
}

/// A moment of the evidence.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PathPoint {
    /// When the failure was asked.
    pub at: Timestamp,
    /// Trials of SSOT by then.
    pub ssot_trials: u64,
    /// What the value was.
    pub value: f64,
}

/// What would have happened without a rollback.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Without {
    /// SSOT's failure rate of late, 0 to 1.
    pub failure_rate: f64,
    /// Trials of SSOT a minute of late.
    pub trials_per_minute: f64,
    /// People whom SSOT would have failed in the next hour, at this rate and traffic.
    pub people_per_hour: f64,
}
