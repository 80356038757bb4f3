//! Recorded traffic: a JSON object a line, in the order in which the answers were recorded.
//!
//! ```json
//! {"at":"2026-03-01T12:00:00.125Z","subject":"8d1f","arm":"ssot","share":500,"outcome":"good"}
//! {"at":"2026-03-01T12:00:00.131Z","subject":"77a0","arm":"legacy","share":500,"outcome":"failed"}
//! ```

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::chance::mixed;
use crate::domain::{Revision, Share, Side, SubjectKey, Timestamp};
use crate::ledger::{Compared, Trial, Worth};

/// Lines read at most.
const LINES_MAX: usize = 20_000_000;

/// One line of recorded traffic.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedTrial {
    /// When it was asked, in RFC 3339.
    pub at: Timestamp,
    /// Anything that tells subjects apart, such as a keyed hash. It stays in memory.
    pub subject: String,
    /// The side that served.
    pub arm: Side,
    /// The share then, in basis points, where it has chosen the side; left out for whoever was
    /// targeted, and where one side served everybody.
    #[serde(default)]
    pub share: Option<Share>,
    /// What the answer was worth.
    pub outcome: RecordedOutcome,
    /// Whether the other side was asked as well, so that a wrong deny would be known.
    #[serde(default = "yes")]
    pub compared: bool,
    /// How long SSOT took, in milliseconds.
    #[serde(default)]
    pub ssot_ms: Option<u32>,
    /// How long legacy took, in milliseconds.
    #[serde(default)]
    pub legacy_ms: Option<u32>,
}

const fn yes() -> bool {
    true
}

/// What a recorded answer was worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordedOutcome {
    /// Let in.
    Good,
    /// No answer.
    Failed,
    /// Denied, and the other side lets the same question in.
    WronglyDenied,
    /// Neither: both deny, or nothing is known.
    Nothing,
}

/// Why recorded traffic cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum RecordedError {
    /// A line that is none.
    #[error("line {line}: {problem}")]
    Line {
        /// Its number; the first is 1.
        line: usize,
        /// What is wrong with it.
        problem: String,
    },
    /// There are too many.
    #[error("more than {LINES_MAX} lines")]
    TooMany,
    /// There are none.
    #[error("no line at all")]
    Empty,
}

/// Reads recorded traffic; empty lines are left out.
pub fn read_recorded(text: &str) -> Result<Vec<RecordedTrial>, RecordedError> {
    let mut trials = Vec::new();
    for (number, line) in text.lines().enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        if trials.len() >= LINES_MAX {
            return Err(RecordedError::TooMany);
        }
        let wrong = |problem: serde_json::Error| RecordedError::Line {
            line: number + 1,
            problem: problem.to_string(),
        };
        trials.push(serde_json::from_str(line).map_err(wrong)?);
    }
    if trials.is_empty() { Err(RecordedError::Empty) } else { Ok(trials) }
}

impl RecordedTrial {
    /// What the guard would have seen of it.
    pub fn trial(&self) -> Trial {
        let hash = self.subject.bytes().fold(0, |hash, byte| mixed(hash ^ u64::from(byte)));
        let took = |ms: Option<u32>| ms.map(|ms| Duration::from_millis(ms.into()));
        let ssot = self.arm == Side::Ssot;
        let (served, harmful) = match self.outcome {
            RecordedOutcome::Good => (Worth::Good, false),
            RecordedOutcome::Failed => (Worth::Failed, false),
            RecordedOutcome::WronglyDenied => (Worth::WronglyDenied, ssot),
            RecordedOutcome::Nothing => (Worth::Nothing, false),
        };
        let compared = match (self.compared && served != Worth::Failed, harmful) {
            (false, _) => Compared::Not,
            (true, false) => Compared::Harmless,
            (true, true) => Compared::Harmful,
        };
        Trial {
            asked_at: self.at,
            revision: Revision::default(),
            arm: self.arm,
            share: self.share,
            subject: Some(SubjectKey::from_hash(hash)),
            client: None,
            drawn: self.compared,
            other_failed: None,
            proven: true,
            served,
            rescued: served == Worth::Failed && ssot,
            compared,
            legacy_took: took(self.legacy_ms),
            ssot_took: took(self.ssot_ms),
            recorded_at: None,
        }
    }
}
