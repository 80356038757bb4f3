//! How often users get through the golden path, and how often they did before.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::EvidenceError;
use crate::domain::Timestamp;
use crate::flags::PassRate;
use crate::store::Row;

/// Walks in the window, at most.
pub const WALKS_MAX: u32 = 10_000;

/// Most walks of one observation: one alone does not push out all others.
const OBSERVED_MAX: u32 = 1000;

/// A baseline is taken from at least this many walks.
pub const BASELINE_WALKS_MIN: u32 = 100;

/// Walks older than this do not count.
pub(super) const WINDOW_S: i64 = 24 * 3600;

/// An observer's clock may be ahead by this.
const AHEAD_S: i64 = 5;

/// Observations and baselines that are shown, at most.
pub(super) const SHOWN_MAX: usize = 20;

/// Some walks that somebody has seen, at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Walked {
    /// When.
    pub at: Timestamp,
    /// How many.
    pub walks: u32,
    /// How many of them reached the end.
    pub passed: u32,
    /// Who has seen them.
    pub by: String,
}

impl Row for Walked {
    const FORMAT: u8 = 1;
}

impl Walked {
    /// Refuses what cannot be; a clock that is a little ahead is put right.
    pub(super) fn checked(self, now: Timestamp) -> Result<Self, EvidenceError> {
        if self.walks == 0 || self.walks > OBSERVED_MAX {
            return Err(EvidenceError::Walks("an observation is of 1 to 1000 walks"));
        }
        if self.passed > self.walks {
            return Err(EvidenceError::Walks("more walks passed than there were"));
        }
        if self.at > now.plus_seconds(AHEAD_S) {
            return Err(EvidenceError::Walks("the walks are dated in the future"));
        }
        if self.at <= now.plus_seconds(-WINDOW_S) {
            return Err(EvidenceError::Walks("the walks are more than a day old"));
        }
        Ok(Self { at: self.at.min(now), ..self })
    }
}

/// A pass rate that somebody has recorded for later ones to be held against.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Baseline {
    /// Passed walks of a thousand, rounded down.
    pub permille: u16,
    /// Of how many walks.
    pub walks: u32,
    /// How many of them passed.
    pub passed: u32,
    /// When it was recorded.
    pub at: Timestamp,
    /// By whom.
    pub by: String,
    /// Why.
    pub note: String,
}

impl Row for Baseline {
    const FORMAT: u8 = 1;
}

/// The golden path as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GoldenPath {
    /// The rate over the window; nobody has seen a walk of the last day without it.
    pub rate: Option<PassRate>,
    /// The same in passed walks of a thousand, rounded down.
    pub permille: Option<u16>,
    /// What it is held against.
    pub baseline: Option<Baseline>,
    /// The baselines so far, newest first.
    pub baselines: Vec<Baseline>,
    /// The latest observations, newest first.
    pub observations: Vec<Walked>,
}

/// The observations that may still count, by their moment, and where each stands on the disk.
#[derive(Debug, Default)]
pub(super) struct Walks(pub(super) VecDeque<(String, Walked)>);

impl Walks {
    /// The row of a new observation: by its moment, then by when it came.
    pub(super) fn key_for(&self, at: Timestamp) -> String {
        let moment = format!("{:020}/", at.micros());
        let same = self.0.iter().rev().filter(|(key, _)| key.starts_with(&moment));
        let last = same.filter_map(|(key, _)| key[moment.len()..].parse::<u64>().ok()).max();
        format!("{moment}{:06}", last.map_or(0, |last| last + 1))
    }

    pub(super) fn add(&mut self, key: String, walked: Walked) {
        let place = self.0.partition_point(|(other, _)| *other < key);
        self.0.insert(place, (key, walked));
    }

    /// The observations of the window, newest first: of the last day, and as many as hold at most
    /// [`WALKS_MAX`] walks.
    fn window(&self, now: Timestamp) -> impl Iterator<Item = &Walked> {
        let from = now.plus_seconds(-WINDOW_S);
        let mut room = WALKS_MAX;
        let recent = self.0.iter().rev().map(|(_, walked)| walked);
        recent.take_while(move |walked| {
            let fits = walked.at > from && walked.walks <= room;
            room = room.saturating_sub(walked.walks);
            fits
        })
    }

    /// The keys of those that will never count again, oldest first.
    pub(super) fn past(&self, now: Timestamp) -> Vec<String> {
        let past = self.0.len() - self.window(now).count();
        self.0.iter().take(past).map(|(key, _)| key.clone()).collect()
    }

    pub(super) fn forget(&mut self, keys: &[String]) {
        self.0.retain(|(key, _)| !keys.contains(key));
    }

    pub(super) fn rate(&self, baseline: Option<&Baseline>, now: Timestamp) -> Option<PassRate> {
        self.rate_since(now.plus_seconds(-WINDOW_S), baseline, now)
    }

    /// The rate of those of the window that were walked at `since` or later.
    pub(super) fn rate_since(
        &self,
        since: Timestamp,
        baseline: Option<&Baseline>,
        now: Timestamp,
    ) -> Option<PassRate> {
        let counted = || self.window(now).take_while(|walked| walked.at >= since);
        let at = counted().next()?.at;
        let (mut walks, mut passed) = (0, 0);
        for walked in counted() {
            walks += walked.walks;
            passed += walked.passed;
        }
        let baseline_permille = baseline.map(|baseline| baseline.permille);
        Some(PassRate { at, walks, passed, baseline_permille })
    }

    pub(super) fn latest(&self) -> Vec<Walked> {
        self.0.iter().rev().take(SHOWN_MAX).map(|(_, walked)| walked.clone()).collect()
    }
}
