//! A step of a rollout plan, and what must be shown at it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::super::Stage;
use super::seconds;
use crate::domain::Share;

/// A step of a plan. Hold, needs and approval belong to the time *at* this step: they are asked
/// for before the plan goes on to the next one, or is finished by the last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "StepFields", try_from = "StepFields")]
pub struct Step {
    /// Where the component stands at this step: shadow, canary or live.
    pub to: Stage,
    /// The shortest time at this step.
    pub hold: Duration,
    /// What must be shown at this step.
    pub needs: Needs,
    /// Whether a second person must approve at this step.
    pub approval: bool,
}

/// What must be shown at a step before the next. The default asks for nothing but that no
/// difference and no failure is seen where something was compared.
///
/// Limits of differences and failures are counts in 10,000 comparisons, so that they mean the
/// same at every amount of traffic; at zero a single one is too many.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Needs {
    /// Conclusive comparisons since the step began.
    pub comparisons_min: u64,
    /// By the code of the class, how many differences in 10,000 comparisons are too few to
    /// matter. A class that is not named may not occur at all.
    pub mismatches_per_10000_max: BTreeMap<String, u32>,
    /// How many failures of ssot in 10,000 comparisons are too few to matter.
    pub failures_per_10000_max: u32,
    /// The slow end of ssot's answers, in percent of legacy's.
    pub latency_p99_ratio_max_percent: Option<u32>,
    /// The guard must have certified the present step, and hold nothing against it.
    pub guard: bool,
    /// A good certificate must be there.
    pub certificate: bool,
    /// A good test report must be there.
    pub tests: bool,
    /// Walks of the golden path must have come through.
    pub golden_path: Option<GoldenPathNeed>,
    /// How old any evidence may be.
    #[serde(rename = "fresh_for_s", with = "seconds")]
    pub fresh_for: Duration,
}

impl Default for Needs {
    fn default() -> Self {
        Self {
            comparisons_min: 0,
            mismatches_per_10000_max: BTreeMap::new(),
            failures_per_10000_max: 0,
            latency_p99_ratio_max_percent: None,
            guard: false,
            certificate: false,
            tests: false,
            golden_path: None,
            fresh_for: Duration::from_hours(24),
        }
    }
}

/// How well the golden path must be walked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GoldenPathNeed {
    /// Walks, at least.
    pub walks_min: u32,
    /// How many percentage points fewer than before may come through.
    pub below_baseline_max_percent_points: u8,
}

/// A step in JSON and TOML: one flat object.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StepFields {
    stage: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    share: Option<Share>,
    #[serde(default, rename = "hold_s", with = "seconds")]
    hold: Duration,
    #[serde(default)]
    needs: Needs,
    #[serde(default)]
    approval: bool,
}

impl From<Step> for StepFields {
    fn from(step: Step) -> Self {
        let Step { to, hold, needs, approval } = step;
        let share = match to {
            Stage::Canary(share) => Some(share),
            Stage::Off | Stage::Shadow | Stage::Live | Stage::Sealed | Stage::Complete => None,
        };
        Self { stage: to.name().to_owned(), share, hold, needs, approval }
    }
}

impl TryFrom<StepFields> for Step {
    type Error = String;
    fn try_from(fields: StepFields) -> Result<Self, String> {
        let StepFields { stage, share, hold, needs, approval } = fields;
        let to = Stage::from_parts(&stage, share)?;
        Ok(Self { to, hold, needs, approval })
    }
}
