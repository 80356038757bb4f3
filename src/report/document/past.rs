//! What a report says of changes, decisions of the guard, and what they have spared people.

use serde::{Deserialize, Serialize};

use crate::domain::{Revision, Timestamp};
use crate::guard::{Found, Without};

/// Where a component stood.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SharePart {
    /// The stage.
    pub stage: String,
    /// Part of traffic that SSOT served.
    pub share_basis_points: u16,
}

/// A change of the flag.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChangePart {
    /// When.
    pub at: Timestamp,
    /// Its revision.
    pub revision: Revision,
    /// `created`, `raised`, `lowered`, `rolled_back`, `held`, `released` or `settings`.
    pub what: String,
    /// Where the component stood; `None` when the change created it.
    pub before: Option<SharePart>,
    /// Where it has stood since.
    pub after: SharePart,
    /// `operator`, `two_people`, `seed`, `guard` or `schedule`.
    pub cause: String,
    /// Who, where people did it.
    pub by: String,
    /// Why, in their words or in those of the guard.
    pub why: String,
    /// Why the guard ruled so, where it did.
    pub decision_card: Option<CardPart>,
}

/// A decision of the guard; the whole card is at `/v1/guard/cards/{id}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CardPart {
    /// Names it.
    pub id: String,
    /// When.
    pub at: Timestamp,
    /// `rolled_back`, `would_have_rolled_back`, `held`, `would_have_held` or `hold_ended`.
    pub deed: String,
    /// The rules that spoke, the one that acted first.
    pub found: Vec<Found>,
    /// Where the component was.
    pub stood: SharePart,
    /// The revision of the flag that was in force.
    pub revision: Revision,
    /// Ids of the requests of kept samples.
    pub samples: Vec<String>,
    /// What would have happened without it.
    pub without: Option<Without>,
    /// From the failure that crossed the line to the published rollback.
    pub published_after_us: Option<u64>,
}

/// What rollbacks of the guard have spared people, estimated with care.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct HarmPart {
    /// Failed or wrongly refused answers that were not given, at least; never negative.
    pub answers_spared: u64,
    /// What it is made of.
    pub rollbacks: Vec<HarmOf>,
}

/// One rollback, and what it is estimated to have spared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HarmOf {
    /// When.
    pub at: Timestamp,
    /// The revision of the rollback.
    pub revision: Revision,
    /// The share of SSOT before it.
    pub share_basis_points: u16,
    /// From when both sides are looked at, until the rollback.
    pub seen_from: Timestamp,
    /// How often each side was asked in that time.
    pub asked: super::BySide<u64>,
    /// How often each side failed in that time.
    pub failed: super::BySide<u64>,
    /// How often SSOT refused what legacy allows in that time, not accepted.
    pub wrongly_refused: u64,
    /// The lower end of the 95 % interval (Wilson) of SSOT's failures and wrong refusals.
    pub ssot_rate_low: f64,
    /// The upper end of the 95 % interval (Wilson) of legacy's failures.
    pub legacy_rate_high: f64,
    /// The one without the other; never negative.
    pub excess_rate: f64,
    /// Until when traffic is counted: an hour after the rollback, or when SSOT served again.
    pub counted_until: Timestamp,
    /// False while that moment had not come when the report was drawn up.
    pub is_over: bool,
    /// Answers that legacy gave from the first whole minute after the rollback on.
    pub served_by_legacy: u64,
    /// That times the share, rounded down.
    pub would_be_ssot: u64,
    /// That times the excess, rounded down.
    pub answers_spared: u64,
}
