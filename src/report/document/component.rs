//! What a report says of one component.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{ChangePart, HarmPart, ReadinessPart};
use crate::domain::{Revision, Timestamp};
use crate::flags::{AcceptedDifference, Finding, Hold, Latch};
use crate::ledger::Exemplar;

/// Something that each side has one of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BySide<T> {
    /// The old way.
    pub legacy: T,
    /// The new way.
    pub ssot: T,
}

/// What a report says of one component.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ComponentPart {
    /// Which component.
    pub component: String,
    /// What kind of piece it is.
    pub kind: String,
    /// The phase of the migration, 1 to 3.
    pub phase: u8,
    /// Where it stood when the report was drawn up.
    pub stage: String,
    /// Part of traffic that SSOT served then.
    pub share_basis_points: u16,
    /// The revision of its flag.
    pub flag_revision: Revision,
    /// The mark of a rollback that nobody has released.
    pub latch: Option<Latch>,
    /// The mark of a hold that nobody has released.
    pub hold: Option<Hold>,
    /// Questions answered, undecided ones included.
    pub requests: u64,
    /// Which side answered.
    pub served_by: BySide<u64>,
    /// `allowed`, `denied`, `undecided`.
    pub decisions: BTreeMap<String, u64>,
    /// Comparisons: conclusive and inconclusive ones.
    pub compared: u64,
    /// Comparisons from which something follows: matched, mismatched, accepted.
    pub conclusive: u64,
    /// Both sides agree.
    pub matched: u64,
    /// Differences that nobody has accepted, by class.
    pub mismatches: BTreeMap<String, u64>,
    /// Differences that an operator has accepted, by class.
    pub accepted: BTreeMap<String, u64>,
    /// Comparisons from which nothing follows, by reason.
    pub inconclusive: BTreeMap<String, u64>,
    /// Matched and accepted in conclusive comparisons.
    pub match_rate: Option<f64>,
    /// The lower end of its 95 % interval (Wilson).
    pub match_rate_low: Option<f64>,
    /// The upper end of its 95 % interval (Wilson).
    pub match_rate_high: Option<f64>,
    /// Where no difference was seen: what the rate of differences is below, at 95 % confidence
    /// (the rule of three).
    pub mismatch_rate_below: Option<f64>,
    /// How each side failed, served or shadowed.
    pub failures: BySide<BTreeMap<String, u64>>,
    /// How often each side was to answer: answers and failures that took some time, and failures
    /// without being asked (`unasked:` in `other_counts`).
    pub asked: BySide<u64>,
    /// Failures in all that each side was asked.
    pub error_rate: BySide<ErrorRate>,
    /// How often each side was answered for by the other.
    pub rescued: BySide<u64>,
    /// Everything else that was counted, by code.
    pub other_counts: BTreeMap<String, u64>,
    /// How long each side took.
    pub latency: BySide<LatencyPart>,
    /// SSOT's latency in that of legacy.
    pub latency_ratio: Ratios,
    /// The classes of difference, most severe first.
    pub classes: Vec<ClassPart>,
    /// Differences with what they have in common, most severe first.
    pub groups: Vec<GroupPart>,
    /// Groups that found no room.
    pub groups_left_out: u64,
    /// Accepted differences of the flag.
    pub accepted_differences: Vec<AcceptedPart>,
    /// Traffic over time.
    pub series: Series,
    /// Changes of the flag, oldest first.
    pub changes: Vec<ChangePart>,
    /// Older changes of the period that found no room.
    pub changes_left_out: u64,
    /// Decisions of the guard that changed no flag: holds, and what it would have done.
    pub other_cards: Vec<super::CardPart>,
    /// Answers that rollbacks have spared people.
    pub harm_prevented: HarmPart,
    /// What another installation certifies.
    pub certificate: Option<Finding>,
    /// The team's own critical tests.
    pub tests: Option<Finding>,
    /// Whether it may advance, and what is missing.
    pub readiness: ReadinessPart,
}

/// How often a side failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ErrorRate {
    /// Failures.
    pub failed: u64,
    /// In all that it was asked, 0 to 1.
    pub rate: Option<f64>,
    /// The lower end of its 95 % interval (Wilson).
    pub low: Option<f64>,
    /// The upper end of its 95 % interval (Wilson).
    pub high: Option<f64>,
}

/// Quantiles of a side's latency, by nearest rank, within 1 %.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LatencyPart {
    /// Answers and failures that took some time.
    pub count: u64,
    /// Half were at least this fast.
    pub p50_us: Option<u64>,
    /// 95 of 100 were at least this fast.
    pub p95_us: Option<u64>,
    /// 99 of 100 were at least this fast.
    pub p99_us: Option<u64>,
    /// The slowest.
    pub max_us: Option<u64>,
}

/// SSOT's latency in that of legacy: above 1 SSOT is slower.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Ratios {
    /// Of the medians.
    pub p50: Option<f64>,
    /// Of the 95th percentiles.
    pub p95: Option<f64>,
    /// Of the 99th percentiles.
    pub p99: Option<f64>,
}

/// A class of difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClassPart {
    /// Its code.
    pub class: String,
    /// Which way it goes: `ssot_lets_in_more`, `ssot_lets_in_less`, `somebody_else`, `same_outcome`,
    /// `either` or `delivery`.
    pub direction: String,
    /// What it is, in words.
    pub meaning: String,
    /// How often, not accepted.
    pub count: u64,
    /// How often an accepted difference applied.
    pub accepted: u64,
    /// One of them is an alarm.
    pub alarm: bool,
}

/// Differences that have class, reasons and claim shape in common.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct GroupPart {
    /// The code of the class.
    pub class: String,
    /// Which way it goes, as in [`ClassPart::direction`].
    pub direction: String,
    /// What the difference is, in words.
    pub explanation: String,
    /// Why legacy denied, if it did.
    pub legacy_reason: Option<String>,
    /// Why SSOT denied, if it did.
    pub ssot_reason: Option<String>,
    /// The kinds of the token's claims.
    pub claim_shape: String,
    /// The latest fell under an accepted difference.
    pub accepted: bool,
    /// How many since the ledger was begun, not only within the period.
    pub count_ever: u64,
    /// When the first was asked.
    pub first_at: Timestamp,
    /// When the latest was asked.
    pub last_at: Timestamp,
    /// The latest few within the period, redacted.
    pub exemplars: Vec<Exemplar>,
}

/// An accepted difference of the flag.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcceptedPart {
    /// What is accepted, by whom, why and until when.
    pub difference: AcceptedDifference,
    /// `active`, `expiring` or `expired`.
    pub state: String,
    /// How often it has applied since it was accepted.
    pub used_ever: u64,
    /// Differences over its rate, which counted as mismatches, since it was accepted.
    pub over_rate_ever: u64,
}

/// Traffic over time.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Series {
    /// The length of a point, in seconds.
    pub step_s: i64,
    /// Points in which something was counted, oldest first.
    pub points: Vec<Point>,
}

/// Some minutes or hours.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Point {
    /// When it begins.
    pub at: Timestamp,
    /// Questions answered.
    pub requests: u64,
    /// Which side answered.
    pub served_by: BySide<u64>,
    /// Comparisons from which something follows.
    pub conclusive: u64,
    /// Both sides agree.
    pub matched: u64,
    /// Accepted differences.
    pub accepted: u64,
    /// Differences by class; zeros are left out.
    pub mismatches: BTreeMap<String, u64>,
    /// How often each side failed.
    pub failures: BySide<u64>,
    /// How often each side was asked.
    pub asked: BySide<u64>,
    /// How long each side took.
    pub latency: BySide<PointLatency>,
}

/// Quantiles of a side's latency, by nearest rank, within 1 %.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PointLatency {
    /// Half were at least this fast.
    pub p50_us: Option<u64>,
    /// 95 of 100 were at least this fast.
    pub p95_us: Option<u64>,
    /// 99 of 100 were at least this fast.
    pub p99_us: Option<u64>,
}

impl ComponentPart {
    /// Differences of every class that nobody has accepted.
    pub fn mismatched(&self) -> u64 {
        self.mismatches.values().sum()
    }

    /// True when something happened in the period, or somebody must look after it.
    pub fn is_busy(&self) -> bool {
        self.requests > 0
            || self.compared > 0
            || self.latch.is_some()
            || self.hold.is_some()
            || !self.changes.is_empty()
            || !self.other_cards.is_empty()
    }
}
