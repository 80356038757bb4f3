//! What can be set: of the room, and of one flag.

use std::collections::{HashMap, HashSet};
use std::ops::RangeInclusive;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize};

use super::segment::TARGETS_MAX;
use super::{
    ACCEPTED_MAX, AcceptedDifference, ForeignIssuer, Invariants, Issuers, Limits, MoveRefusal,
    Rescue, Target,
};
use crate::domain::{LivePolicies, Share, Timestamp, TokenForm};

/// Settings of the flag table.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The `iss` of tokens whose `sub` needs no issuer beside it. A token without `iss` counts as
    /// one of them.
    pub own_issuers: HashSet<String>,
    /// Trusted foreign issuers by their `iss`. The subject of anybody else's token is in `sub`.
    pub foreign_issuers: HashMap<String, ForeignIssuer>,
    /// The cool-down after a first rollback; it doubles with each rollback within seven days.
    pub cool_down: Duration,
    /// Where the policies about tokens are published, from the start on.
    pub policies: LivePolicies,
    /// Configured names of the foreign issuers that may have policies of their own.
    pub policy_issuers: Vec<String>,
}

impl Default for Settings {
    /// No issuer, half an hour, and policies that nobody reads.
    fn default() -> Self {
        Self {
            own_issuers: HashSet::new(),
            foreign_issuers: HashMap::new(),
            cool_down: Duration::from_mins(30),
            policies: LivePolicies::default(),
            policy_issuers: Vec::new(),
        }
    }
}

impl Settings {
    pub(super) fn issuers(&self) -> Issuers {
        Issuers { own: self.own_issuers.clone(), foreign: self.foreign_issuers.clone() }
    }
}

/// New values for some settings of a flag; what is `None` stays.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SettingsPatch {
    /// Part of answers that are compared, in basis points; `Some(None)` (JSON `null`) for the
    /// stage's default.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub sample: Option<Option<Share>>,
    /// Time for a whole answer, 50 to 60,000 ms.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deadline_ms: Option<u32>,
    /// Who may be rescued by the other side.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rescue: Option<Rescue>,
    /// Budgeted rescues per second, at most 100,000.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rescues_per_second_max: Option<u32>,
    /// The whole new list of accepted differences.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accepted: Option<Vec<AcceptedDifference>>,
    /// The whole new list of targets, in the order in which they are asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub targets: Option<Vec<Target>>,
    /// What becomes of a token that SSOT can prove to be bad while legacy serves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invariants: Option<Invariants>,
    /// What SSOT's new tokens look like; `own` only once nothing can roll back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_form: Option<TokenForm>,
    /// The whole new limits of the guard; what they leave out has its default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limits: Option<Limits>,
}

impl SettingsPatch {
    /// Deadlines that make sense, in milliseconds.
    pub const DEADLINE_MS: RangeInclusive<u32> = 50..=60_000;
    /// Largest budget, in rescues per second.
    pub const RESCUES_MAX: u32 = 100_000;

    /// Refuses values out of their range at `now`.
    pub(super) fn check(&self, now: Timestamp) -> Result<(), MoveRefusal> {
        let refused = |field: &str, problem: &str| {
            Err(MoveRefusal::Setting { field: field.to_owned(), problem: problem.to_owned() })
        };
        if self.deadline_ms.is_some_and(|value| !Self::DEADLINE_MS.contains(&value)) {
            return refused("deadline_ms", "must be 50 to 60000");
        }
        if self.rescues_per_second_max.is_some_and(|value| value > Self::RESCUES_MAX) {
            return refused("rescues_per_second_max", "must be at most 100000");
        }
        if let Some(limits) = &self.limits {
            limits.check()?;
        }
        let targets = self.targets.as_deref().unwrap_or_default();
        if targets.len() > TARGETS_MAX {
            return refused("targets", "has at most 16 entries");
        }
        for (at, target) in targets.iter().enumerate() {
            if targets[..at].iter().any(|other| other.segment == target.segment) {
                return refused(&format!("targets[{at}].segment"), "is there already");
            }
        }
        let accepted = self.accepted.as_deref().unwrap_or_default();
        if accepted.len() > ACCEPTED_MAX {
            return refused("accepted", "has at most 16 entries");
        }
        for (at, difference) in accepted.iter().enumerate() {
            if let Some((field, problem)) = difference.fault(now) {
                return refused(&format!("accepted[{at}].{field}"), problem);
            }
            if accepted[..at].iter().any(|other| other.name == difference.name) {
                return refused(&format!("accepted[{at}].name"), "is there already");
            }
        }
        Ok(())
    }
}

/// Tells `null` from a member that is not there.
fn present<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    T::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_is_the_default_and_a_missing_member_is_no_change() {
        let patch = |text| serde_json::from_str::<SettingsPatch>(text).expect("a patch").sample;
        assert_eq!(patch("{}"), None);
        assert_eq!(patch(r#"{"sample":null}"#), Some(None));
        assert_eq!(patch(r#"{"sample":10000}"#), Some(Some(Share::ALL)));
        assert!(serde_json::from_str::<SettingsPatch>(r#"{"smaple":1}"#).is_err());
    }

    #[test]
    fn a_patch_reads_back_from_its_json() {
        for text in ["{}", r#"{"sample":null,"deadline_ms":70}"#, r#"{"invariants":"enforce"}"#] {
            let patch: SettingsPatch = serde_json::from_str(text).expect("a patch");
            assert_eq!(serde_json::to_string(&patch).expect("json"), text);
        }
    }
}
