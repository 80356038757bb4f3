//! What a report says of whether a component may advance.

use serde::{Deserialize, Serialize};

/// Whether a component may advance when the report was drawn up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReadinessPart {
    /// In a word.
    pub verdict: Verdict,
    /// The stage that comes next; `None` after the last.
    pub next: Option<String>,
    /// What is missing or speaks against it.
    pub missing: Vec<Missing>,
    /// What the guard says: `wait`, `pass`, `hold` or `trip`; `None` where it does not look.
    pub guard: Option<String>,
    /// How far the certificate of the present stage has come.
    pub certificate: Option<CertificatePart>,
}

/// Whether a component may advance, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Nothing is missing.
    Ready,
    /// Something is, and it may come by itself.
    Waiting,
    /// Something speaks against it, and a person must look.
    Blocked,
    /// There is no later stage.
    Arrived,
}

impl Verdict {
    /// The code, as in JSON.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Waiting => "waiting",
            Self::Blocked => "blocked",
            Self::Arrived => "arrived",
        }
    }
}

/// Something that is missing, or speaks against advancing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missing {
    /// A gate of rollout plans, or `latched`, `held`, `requires`, `alarm`, `plan`, `two_people`.
    pub gate: String,
    /// It, in words, with the figures.
    pub what: String,
    /// How to get it.
    pub how: String,
    /// It does not pass by itself.
    pub blocks: bool,
}

/// How far a certificate has come.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CertificatePart {
    /// The failure rate that it rules out, 0 to 1.
    pub below: f64,
    /// How sure one may be, 0 to 1.
    pub confidence: f64,
    /// Distinct subjects so far.
    pub subjects: u64,
    /// Those of them that failed.
    pub failed: u64,
    /// Clean subjects that would still do, if none failed; 0 when certified.
    pub clean_subjects_missing: u64,
}
