//! The kept policy of one issuer and kind of token, and a line of its history.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::super::Cause;
use super::super::log::Line;
use crate::domain::{Policy, Revision, Timestamp, TokenType};
use crate::store::Row;

/// Whose tokens a policy is for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PolicyPlace {
    /// The configured name of a foreign issuer; `None` for our own.
    pub issuer: Option<String>,
    /// The kind of token.
    pub kind: TokenType,
}

impl PolicyPlace {
    /// The name of our own issuer in paths and keys; no foreign issuer can have it.
    pub const OWN: &'static str = "own";

    /// A place by the name of its issuer: [`PolicyPlace::OWN`] or that of a foreign one.
    pub fn named(issuer: &str, kind: TokenType) -> Self {
        Self { issuer: (issuer != Self::OWN).then(|| issuer.to_owned()), kind }
    }

    /// The name of the issuer.
    pub fn issuer_name(&self) -> &str {
        self.issuer.as_deref().unwrap_or(Self::OWN)
    }

    /// Where its row is kept.
    pub(super) fn key(&self) -> String {
        format!("{}/{}", self.issuer_name(), self.kind.as_str())
    }

    /// True when no other place has its key.
    pub(super) fn is_nameable(&self) -> bool {
        self.issuer.as_deref().is_none_or(|name| {
            let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
            name != Self::OWN && (1..=64).contains(&name.len()) && name.chars().all(plain)
        })
    }
}

impl fmt::Display for PolicyPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.key())
    }
}

/// The policy of one issuer and kind of token, and how it came to be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PolicyRow {
    /// Whose tokens.
    #[serde(flatten)]
    pub place: PolicyPlace,
    /// The mode of every rule.
    pub policy: Policy,
    /// What a rollback puts back; `None` when it was never changed.
    pub previous: Option<Policy>,
    /// The revision of its last change; 0 when it was never changed.
    pub revision: Revision,
    /// When it last changed.
    pub changed_at: Option<Timestamp>,
    /// Why it last changed.
    pub cause: Option<Cause>,
}

impl PolicyRow {
    /// The row of a place that nobody has changed: strict.
    pub(super) fn untouched(place: PolicyPlace) -> Self {
        let policy = Policy::STRICT;
        let revision = Revision(0);
        Self { place, policy, previous: None, revision, changed_at: None, cause: None }
    }

    /// The row after a change.
    pub(super) fn changed(
        &self,
        policy: Policy,
        revision: Revision,
        at: Timestamp,
        cause: Cause,
    ) -> Self {
        Self {
            place: self.place.clone(),
            policy,
            previous: Some(self.policy),
            revision,
            changed_at: Some(at),
            cause: Some(cause),
        }
    }
}

/// One change of one policy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PolicyChange {
    /// The revision of the change.
    pub revision: Revision,
    /// When.
    pub at: Timestamp,
    /// Whose tokens.
    #[serde(flatten)]
    pub place: PolicyPlace,
    /// The policy as it was.
    pub before: Policy,
    /// The policy as it is since then.
    pub after: Policy,
    /// Why.
    pub cause: Cause,
}

impl Line for PolicyChange {
    type Kept = PolicyRow;

    const LOG: &'static str = "policy_history";
    const ROWS: &'static str = "policies";

    fn revision(&self) -> Revision {
        self.revision
    }

    fn place(&self) -> Option<String> {
        Some(self.place.key())
    }

    fn row_key(&self) -> String {
        self.place.key()
    }

    fn continues(&self, before: Option<&PolicyRow>) -> bool {
        self.before == before.map_or(Policy::STRICT, |row| row.policy)
    }

    fn leaves(&self) -> Option<PolicyRow> {
        Some(PolicyRow {
            place: self.place.clone(),
            policy: self.after,
            previous: Some(self.before),
            revision: self.revision,
            changed_at: Some(self.at),
            cause: Some(self.cause.clone()),
        })
    }
}

impl Row for PolicyRow {
    const FORMAT: u8 = 1;
}

impl Row for PolicyChange {
    const FORMAT: u8 = 1;
}
