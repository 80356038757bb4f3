//! What the guard says of a component: wait, pass, hold or trip.

use serde::{Deserialize, Serialize};

/// A rule of the guard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GuardRule {
    /// R1: SSOT fails more often than legacy.
    Regression,
    /// R2: SSOT fails more often than the limit says.
    ErrorRate,
    /// R3: SSOT lets in what legacy refuses.
    Security,
    /// R4: the sides differ, to somebody's harm.
    Divergence,
    /// R5: SSOT is slow.
    Latency,
    /// R6: events do not reach people.
    Sockets,
    /// R7: the golden path cannot be walked.
    GoldenPath,
    /// R8: too many people were hurt.
    Harm,
    /// R9: people get less done.
    Outcomes,
    /// Legacy has had to answer too often in SSOT's place.
    Failover,
    /// A plain rule over a fixed window.
    Window,
}

impl GuardRule {
    /// Every rule, in the order in which they are shown.
    pub const ALL: [Self; 11] = [
        Self::Regression,
        Self::ErrorRate,
        Self::Security,
        Self::Divergence,
        Self::Latency,
        Self::Sockets,
        Self::GoldenPath,
        Self::Harm,
        Self::Outcomes,
        Self::Failover,
        Self::Window,
    ];

    /// The machine-readable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Regression => "regression",
            Self::ErrorRate => "error_rate",
            Self::Security => "security",
            Self::Divergence => "divergence",
            Self::Latency => "latency",
            Self::Sockets => "sockets",
            Self::GoldenPath => "golden_path",
            Self::Harm => "harm",
            Self::Outcomes => "outcomes",
            Self::Failover => "failover",
            Self::Window => "window",
        }
    }

    /// True for rules whose false rollbacks together stay below one in a thousand, for ever.
    pub const fn is_statistical(self) -> bool {
        match self {
            Self::Regression
            | Self::ErrorRate
            | Self::Divergence
            | Self::Latency
            | Self::Sockets => true,
            Self::Security
            | Self::GoldenPath
            | Self::Harm
            | Self::Outcomes
            | Self::Failover
            | Self::Window => false,
        }
    }
}

/// Why a component is held or rolled back: the rule, and its finding in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// The rule.
    pub rule: GuardRule,
    /// What it has found, in words, with the figures.
    pub what: String,
}

/// What the guard says of a component at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ruling", rename_all = "snake_case")]
pub enum Ruling {
    /// Nothing speaks against it; not enough was seen for more.
    Wait {
        /// What is missing.
        missing: String,
    },
    /// It may advance.
    Pass,
    /// It may not advance.
    Hold {
        /// Every reason.
        found: Vec<Found>,
    },
    /// It must go back now.
    Trip {
        /// The first rule that says so.
        found: Found,
    },
}

impl Ruling {
    /// `wait`, `pass`, `hold` or `trip`.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Wait { .. } => "wait",
            Self::Pass => "pass",
            Self::Hold { .. } => "hold",
            Self::Trip { .. } => "trip",
        }
    }
}

/// How one rule stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Standing {
    /// The rule.
    pub rule: GuardRule,
    /// Why it is not armed; `None` while it is.
    pub unarmed: Option<String>,
    /// What its evidence is worth; `None` for rules that are not statistical.
    pub value: Option<f64>,
    /// The value at which it acts.
    pub acts_at: Option<f64>,
    /// What was seen, in words.
    pub seen: String,
    /// What it finds; `None` while that is nothing.
    pub finds: Option<String>,
}
