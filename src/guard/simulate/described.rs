//! Traffic as an engineer describes it.

use std::collections::VecDeque;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::chance::{Chance, mixed};
use crate::domain::{Revision, Share, Side, SubjectKey, Timestamp};
use crate::flags::{Rate, Stage};
use crate::guard::case::subjects::DISTINCT_MIN;
use crate::ledger::{Compared, Trial, Worth};

/// Seconds between two tries of somebody who is failed.
const RETRY_S: i64 = 1;

/// Retries that wait, at most.
const RETRIES_WAITING_MAX: usize = 100_000;

/// Traffic, and what goes wrong with it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Described {
    /// The part of subjects whom SSOT serves.
    pub share: Share,
    /// Requests a minute, of both sides together.
    pub requests_per_minute: u32,
    /// How often legacy fails what it serves; what it is asked beside SSOT it fails in an outage
    /// alone.
    #[serde(rename = "legacy_rate_ppm")]
    pub legacy_rate: Rate,
    /// How often SSOT fails while it is healthy.
    #[serde(rename = "ssot_rate_ppm")]
    pub ssot_rate: Rate,
    /// How often SSOT fails once it has become worse.
    #[serde(rename = "regression_rate_ppm")]
    pub regression_rate: Rate,
    /// Requests that SSOT serves before it becomes worse.
    pub onset: u64,
    /// What a failure looks like.
    pub kind: FailureKind,
    /// Requests that a failing subject makes in all, one a second; 1: no retries.
    pub tries: u32,
    /// What hits both sides alike.
    pub outage: Option<SharedOutage>,
    /// Different subjects; 0: every request is somebody else's.
    pub subjects: u64,
    /// Requests after which a run ends, of both sides, counted from the onset.
    pub requests_max: u64,
    /// Requests of a healthy run.
    pub healthy_requests: u64,
    /// Runs that become worse, and healthy runs.
    pub runs: u32,
    /// Chooses one set of runs of all that are possible.
    pub seed: u64,
}

/// What a failure looks like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// No answer.
    #[default]
    Failed,
    /// A deny of somebody whom the other side lets in.
    WronglyDenied,
}

/// What hits both sides alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SharedOutage {
    /// When it begins, in seconds from the beginning of a run.
    pub from_s: u32,
    /// When it is over.
    pub to_s: u32,
    /// How often a request fails meanwhile, whoever serves it.
    #[serde(rename = "rate_ppm")]
    pub rate: Rate,
}

impl Default for Described {
    fn default() -> Self {
        Self {
            share: Share::from_basis_points(500).unwrap_or(Share::ALL),
            requests_per_minute: 12_000,
            legacy_rate: rate(5_000),
            ssot_rate: rate(5_000),
            regression_rate: rate(50_000),
            onset: 0,
            kind: FailureKind::Failed,
            tries: 1,
            outage: None,
            subjects: 0,
            requests_max: 2_000_000,
            healthy_requests: 100_000,
            runs: 200,
            seed: 1,
        }
    }
}

fn rate(ppm: u32) -> Rate {
    Rate::from_ppm(ppm).unwrap_or_default()
}

impl Described {
    /// The stage at which a component with this share is.
    pub fn stage(&self) -> Stage {
        if self.share == Share::ALL { Stage::Live } else { Stage::Canary(self.share) }
    }

    /// People whom legacy has served before a run: those who are needed for a conclusion, or all.
    pub fn known(&self) -> u64 {
        let enough = 2 * DISTINCT_MIN as u64;
        if self.subjects == 0 { enough } else { enough.min(self.subjects) }
    }

    /// The requests of a run. `worse`: SSOT becomes worse at the onset; else it stays healthy.
    pub fn requests(&self, run: u32, worse: bool) -> Requests<'_> {
        let stream = u64::from(run) * 2 + u64::from(worse);
        Requests {
            described: self,
            chance: Chance::of(self.seed, stream),
            worse,
            next_at: start(),
            ssot_asked: 0,
            retries: VecDeque::new(),
        }
    }
}

/// When every run begins, on its own clock.
pub(super) const fn start() -> Timestamp {
    Timestamp::from_seconds(1_000_000_000)
}

/// One request of a run.
#[derive(Clone, Copy, Debug)]
pub struct Request {
    /// What the guard sees of it.
    pub trial: Trial,
    /// It is another try of somebody who was failed.
    pub again: bool,
    /// SSOT has become worse by now.
    pub worse: bool,
}

/// The requests of one run, one after the other, without end.
#[derive(Clone, Debug)]
pub struct Requests<'a> {
    described: &'a Described,
    chance: Chance,
    worse: bool,
    next_at: Timestamp,
    ssot_asked: u64,
    retries: VecDeque<(Trial, u32)>,
}

impl Iterator for Requests<'_> {
    type Item = Request;

    fn next(&mut self) -> Option<Request> {
        let at = self.next_at;
        let worse = self.worse && self.ssot_asked >= self.described.onset;
        if self.retries.front().is_some_and(|(trial, _)| trial.asked_at <= at) {
            let (trial, left) = self.retries.pop_front()?;
            self.try_again(trial, left);
            return Some(Request { trial, again: true, worse });
        }
        self.next_at = at.plus(self.pause());
        let trial = self.new_trial(at, worse);
        if trial.served.is_failure() {
            self.try_again(trial, self.described.tries.saturating_sub(1));
        }
        self.ssot_asked += u64::from(trial.arm == Side::Ssot);
        Some(Request { trial, again: false, worse })
    }
}

impl Requests<'_> {
    /// Until the next request: anything up to twice the mean, so that no window has the same number.
    fn pause(&mut self) -> Duration {
        let mean = 60_000_000 / u64::from(self.described.requests_per_minute.max(1));
        Duration::from_micros(self.chance.below(2 * mean + 1))
    }

    fn new_trial(&mut self, at: Timestamp, worse: bool) -> Trial {
        let described = self.described;
        let bits = match described.subjects {
            0 => self.chance.bits(),
            subjects => mixed(described.seed ^ mixed(self.chance.below(subjects))),
        };
        let subject = SubjectKey::from_hash(bits);
        let ssot = subject.slot().is_below(described.share);
        let (arm, rate) = match (ssot, worse) {
            (false, _) => (Side::Legacy, described.legacy_rate),
            (true, false) => (Side::Ssot, described.ssot_rate),
            (true, true) => (Side::Ssot, described.regression_rate),
        };
        let outage = described.outage.filter(|outage| {
            let second = at.since(start()).as_secs();
            second >= u64::from(outage.from_s) && second < u64::from(outage.to_s)
        });
        let mut hit = || outage.is_some_and(|outage| self.chance.happens(outage.rate.ppm()));
        let (shared, standby_hit) = (hit(), hit());
        let fails = self.chance.happens(rate.ppm());
        let failed = fails || shared;
        let mut trial = trial(at, arm, described, subject, failed);
        trial.other_failed = Some(standby_hit);
        if failed && standby_hit {
            // Nobody says whose question it was, and so it counts for neither side.
            (trial.served, trial.proven, trial.rescued) = (Worth::Nothing, false, false);
        }
        trial
    }

    fn try_again(&mut self, mut trial: Trial, left: u32) {
        if left > 0 && self.retries.len() < RETRIES_WAITING_MAX {
            trial.asked_at = trial.asked_at.plus_seconds(RETRY_S);
            self.retries.push_back((trial, left - 1));
        }
    }
}

fn trial(
    at: Timestamp,
    arm: Side,
    described: &Described,
    subject: SubjectKey,
    fails: bool,
) -> Trial {
    let denies = described.kind == FailureKind::WronglyDenied;
    let served = match (fails, described.kind) {
        (false, _) => Worth::Good,
        (true, FailureKind::Failed) => Worth::Failed,
        (true, FailureKind::WronglyDenied) => Worth::WronglyDenied,
    };
    let compared = match (denies, fails && arm == Side::Ssot) {
        (false, _) => Compared::Not,
        (true, false) => Compared::Harmless,
        (true, true) => Compared::Harmful,
    };
    Trial {
        asked_at: at,
        revision: Revision::default(),
        arm,
        share: (described.share != Share::ALL).then_some(described.share),
        subject: Some(subject),
        client: None,
        drawn: true,
        other_failed: Some(false),
        proven: true,
        served,
        rescued: served == Worth::Failed && arm == Side::Ssot,
        compared,
        legacy_took: None,
        ssot_took: None,
        recorded_at: None,
    }
}
