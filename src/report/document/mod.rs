//! The report of a period as a value: what is drawn up, kept, signed, and shown in every format.
//!
//! Its JSON is described member by member in `docs/reports.md`. Names say the unit (`_us`, `_s`,
//! `_basis_points`); rates are 0 to 1, and each can be computed from counts beside it.

mod component;
mod past;
mod readiness;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use component::{
    AcceptedPart, BySide, ClassPart, ComponentPart, ErrorRate, GroupPart, LatencyPart, Point,
    PointLatency, Ratios, Series,
};
pub use past::{CardPart, ChangePart, HarmOf, HarmPart, SharePart};
pub use readiness::{CertificatePart, Missing, ReadinessPart, Verdict};

use super::{Period, Scope};
use crate::domain::{ComponentId, Revision, Timestamp};
use crate::flags::PassRate;

/// The version of the JSON. A member is added without another version; none is taken away or
/// changes its meaning.
pub const SCHEMA: &str = "crossfade.report/1";

/// The report of a period.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Document {
    /// [`SCHEMA`].
    pub schema: String,
    /// Its name where it is kept; `None` for one that is not.
    pub id: Option<String>,
    /// Which installation it is of.
    pub installation: String,
    /// When it was drawn up. What was asked later is not in it, whatever the period.
    pub made_at: Timestamp,
    /// By whom.
    pub made_by: String,
    /// On which occasion.
    pub occasion: Occasion,
    /// Which components it is about.
    pub scope: Scope,
    /// From when to when.
    pub period: Period,
    /// The revision of the flag table when it was drawn up.
    pub revision: Revision,
    /// Within the period SSOT allowed something that legacy denies, or somebody as somebody else,
    /// or an event went to somebody else, and nobody has accepted it.
    pub alarm: bool,
    /// One part a component, in the order of their ids.
    pub components: Vec<ComponentPart>,
    /// Walks of the golden path; one for all components.
    pub golden_path: Option<GoldenPathPart>,
    /// Walks of the prober within the period, of each side; by whole hours for a period of up to a
    /// week, else by whole days.
    pub walks: BySide<WalksPart>,
    /// The twelve checks, as they were when the report was drawn up.
    pub checks: Vec<CheckPart>,
    /// Of what there is no evidence yet, and how to get it.
    pub no_evidence: Vec<NoEvidence>,
    /// How answers spared are estimated, in words.
    pub harm_method: String,
    /// What that estimate leaves out.
    pub harm_not_counted: Vec<String>,
    /// What found no room in the report, in words.
    pub left_out: Vec<String>,
}

/// On which occasion a report was drawn up. In JSON tagged by `kind`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Occasion {
    /// Somebody wanted it.
    Asked,
    /// The schedule did.
    Schedule {
        /// Which line of it.
        line: String,
    },
    /// A component has left a stage.
    StageExit {
        /// Which component.
        component: ComponentId,
        /// The revision of the change.
        revision: Revision,
        /// What became of it, such as `went live`.
        what: String,
    },
}

impl Occasion {
    /// In words.
    pub fn words(&self) -> String {
        match self {
            Self::Asked => "asked for".to_owned(),
            Self::Schedule { line } => format!("by the schedule: {line}"),
            Self::StageExit { component, what, .. } => format!("{component} {what}"),
        }
    }
}

/// Walks of the golden path.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct GoldenPathPart {
    /// Walks of the last day before the report was drawn up, those that came through, and what
    /// they are held against.
    pub rate: PassRate,
    /// Walks that came through in all of them.
    pub pass_rate: Option<f64>,
    /// The lower end of its interval.
    pub pass_rate_low: Option<f64>,
    /// The upper end of its interval.
    pub pass_rate_high: Option<f64>,
}

/// Walks of the prober on one side.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct WalksPart {
    /// Walks to the end.
    pub passed: u64,
    /// Walks that failed by the doing of the side that was walked.
    pub failed: u64,
    /// Walks that ended at a step of the other side's; they count for neither.
    pub astray: u64,
    /// Walks that nobody could be found for; they count for neither.
    pub unplaced: u64,
    /// Passed in passed and failed.
    pub pass_rate: Option<f64>,
    /// The lower end of its 95 % interval (Wilson).
    pub pass_rate_low: Option<f64>,
    /// The upper end of its 95 % interval (Wilson).
    pub pass_rate_high: Option<f64>,
    /// How often each step failed; zeros are left out.
    pub failed_steps: BTreeMap<String, u64>,
}

/// One of the twelve checks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckPart {
    /// Its name in the plan of the migration.
    pub name: String,
    /// What must be so.
    pub title: String,
    /// 1 tokens, 2 sockets, 3 golden path.
    pub phase: u8,
    /// `passed`, `failed` or `no_evidence`.
    pub judged: String,
    /// Why, in a sentence.
    pub says: String,
}

/// Something of which there is no evidence yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoEvidence {
    /// Of what.
    pub of: String,
    /// How to get it.
    pub how: String,
}

impl Document {
    /// What it is called: scope and period.
    pub fn title(&self) -> String {
        format!("Legacy against SSOT: {}", self.scope.words())
    }
}
