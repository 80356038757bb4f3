//! What is known about a component at one moment, for its rollout plan.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::Timestamp;

/// What is known about a component at one moment, for its rollout plan. What is `None` is not
/// known, and never counts as good.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// What live traffic came to since the step began.
    pub traffic: Option<Traffic>,
    /// What the guard last said.
    pub guard: Option<GuardWord>,
    /// The last imported certificate.
    pub certificate: Option<Finding>,
    /// The last imported test report.
    pub tests: Option<Finding>,
    /// The last walks of the golden path.
    pub golden_path: Option<PassRate>,
}

/// Counts of live traffic between two moments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Traffic {
    /// The first moment that is counted.
    pub since: Timestamp,
    /// The first moment that is no longer counted.
    pub until: Timestamp,
    /// Comparisons from which something follows.
    pub comparisons: u64,
    /// Differences that nobody has accepted, by the code of their class.
    pub mismatches: BTreeMap<String, u64>,
    /// Answers that ssot failed to give.
    pub failures: u64,
    /// The slow end of ssot's answers in percent of legacy's; `None` when not both are known.
    pub latency_p99_ratio_percent: Option<u32>,
}

/// What the guard says of a component.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "word", rename_all = "lowercase")]
pub enum GuardWord {
    /// Nothing speaks against it, and it is certified.
    Content {
        /// When it said so.
        at: Timestamp,
    },
    /// Nothing does, and not enough was seen to clear an advance, or something passes by itself.
    Waiting {
        /// When it said so.
        at: Timestamp,
        /// For what.
        why: String,
    },
    /// Something does.
    Unhappy {
        /// When it said so.
        at: Timestamp,
        /// What.
        why: String,
    },
}

/// An imported certificate or test report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Of when it is.
    pub at: Timestamp,
    /// Whether it speaks for the component.
    pub good: bool,
    /// What it is, in words.
    pub what: String,
}

/// How many walks of the golden path came through.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PassRate {
    /// When the last of them was walked.
    pub at: Timestamp,
    /// Walks.
    pub walks: u32,
    /// Those that came through.
    pub passed: u32,
    /// How many of a thousand came through before the component was moved; `None` when nobody
    /// knows.
    pub baseline_permille: Option<u16>,
}

impl PassRate {
    /// Passed walks of a thousand, rounded down; none of none is none.
    pub fn permille(&self) -> u16 {
        let passed = u64::from(self.passed) * 1000;
        let permille = passed.checked_div(self.walks.into()).unwrap_or(0);
        u16::try_from(permille.min(1000)).unwrap_or(1000)
    }
}
