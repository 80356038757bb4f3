//! Named sets of people and requests, and what a flag does with them.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::Cause;
use super::facts::Facts;
use super::issuers::Issuers;
use crate::domain::{Revision, SegmentId, Subject, Timestamp};
use crate::store::Row;

/// Most segments of one table.
pub const SEGMENTS_MAX: usize = 200;

/// Most targets of one component.
pub const TARGETS_MAX: usize = 16;

/// Most subjects, tenants, scopes and header values of one segment, all together.
const MEMBERS_MAX: usize = 500;

/// Most bytes of the lists as JSON, all together: what a segment was and what it is fit into one
/// line of the log, with the causes of both.
const BYTES_MAX: usize = 20_000;

/// Longest description, in bytes.
const DESCRIPTION_MAX: usize = 500;

/// A named set of people or requests. One belongs to it who is named by any of its lists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Segment {
    /// Its name.
    pub name: SegmentId,
    /// What it is for.
    #[serde(default)]
    pub description: String,
    /// Subjects as the authority grants them: `alice`, or `corp|1` for a foreign issuer's.
    #[serde(default)]
    pub subjects: BTreeSet<String>,
    /// Tenants: the values of the token's `tenant_id`, `tenant`, `tid` or `org_id`.
    #[serde(default)]
    pub tenants: BTreeSet<String>,
    /// Scopes of the token.
    #[serde(default)]
    pub scopes: BTreeSet<String>,
    /// Values of request headers, by name in lower case.
    #[serde(default)]
    pub headers: BTreeMap<String, BTreeSet<String>>,
    /// The revision of its last change.
    pub revision: Revision,
    /// When it last changed.
    pub changed_at: Timestamp,
    /// Why it last changed.
    pub cause: Cause,
}

impl Row for Segment {
    const FORMAT: u8 = 1;
}

/// What is wrong with a segment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field} {problem}")]
pub struct SegmentFault {
    /// Where.
    pub field: &'static str,
    /// What.
    pub problem: String,
}

/// What a flag does with the members of a segment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// Whom it is about.
    pub segment: SegmentId,
    /// How they are served.
    pub serve: Serve,
}

/// How a question is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Serve {
    /// By ssot.
    Ssot,
    /// By legacy; ssot is not asked.
    Legacy,
    /// By legacy; ssot is asked afterwards and compared.
    Shadow,
}

impl Serve {
    /// `ssot`, `legacy` or `shadow`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ssot => "ssot",
            Self::Legacy => "legacy",
            Self::Shadow => "shadow",
        }
    }

    /// Reads one by its name.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Ssot, Self::Legacy, Self::Shadow].into_iter().find(|serve| serve.as_str() == text)
    }
}

/// True when somebody is on ssot by a target, whatever the share.
pub(super) fn serves_somebody(targets: &[Target]) -> bool {
    targets.iter().any(|target| target.serve == Serve::Ssot)
}

impl Segment {
    /// True when membership may depend on what only a verified token can tell.
    pub fn asks_for_proof(&self) -> bool {
        !(self.tenants.is_empty() && self.scopes.is_empty() && self.headers.is_empty())
    }

    /// By which of its lists somebody belongs to it: `subject`, `tenant`, `scope` or `header`.
    pub(super) fn matches(&self, facts: &Facts<'_>, issuers: &Issuers) -> Option<&'static str> {
        let named = |names: &BTreeSet<String>, name: Option<&str>| {
            name.is_some_and(|name| names.contains(name))
        };
        if !self.subjects.is_empty() && named(&self.subjects, facts.subject(issuers).as_deref()) {
            return Some("subject");
        }
        if !self.tenants.is_empty() && named(&self.tenants, facts.tenant()) {
            return Some("tenant");
        }
        if self.scopes.iter().any(|scope| facts.has_scope(scope)) {
            return Some("scope");
        }
        let carried = |(name, values): (&String, &BTreeSet<String>)| {
            values.iter().any(|value| facts.has_header(name, value))
        };
        self.headers.iter().any(carried).then_some("header")
    }

    /// Bytes of the lists as they are stored.
    fn bytes_of_lists(&self) -> usize {
        let lists = (&self.subjects, &self.tenants, &self.scopes, &self.headers);
        serde_json::to_vec(&lists).map_or(usize::MAX, |json| json.len())
    }

    /// What is wrong with it, if anything.
    pub fn fault(&self) -> Option<SegmentFault> {
        let fault = |field, problem: String| Some(SegmentFault { field, problem });
        if self.description.len() > DESCRIPTION_MAX || self.description.contains(char::is_control) {
            let problem = format!("has at most {DESCRIPTION_MAX} bytes, none a control character");
            return fault("description", problem);
        }
        let headers = || self.headers.values().flatten();
        let lists =
            [("subjects", &self.subjects), ("tenants", &self.tenants), ("scopes", &self.scopes)];
        let bad = |name: &String| {
            name.is_empty() || name.len() > Subject::MAX || name.contains(char::is_control)
        };
        for (field, names) in lists {
            if names.iter().any(bad) {
                return fault(field, "must not be empty or hold control characters".to_owned());
            }
        }
        let odd = |name: &String| {
            let plain =
                |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
            name.is_empty() || name.len() > 64 || !name.chars().all(plain)
        };
        let values = || self.headers.values();
        if self.headers.keys().any(odd) || values().any(BTreeSet::is_empty) || headers().any(bad) {
            return fault(
                "headers",
                "needs names in lower case, each with values that are not empty".to_owned(),
            );
        }
        if self.headers.keys().any(|name| CREDENTIAL_HEADERS.contains(&name.as_str())) {
            return fault("headers", "must not look at credentials".to_owned());
        }
        let all = || lists.iter().flat_map(|(_, names)| names.iter()).chain(headers());
        let members = all().count();
        if members == 0 {
            return fault("subjects", "names nobody, and neither does any other list".to_owned());
        }
        let bytes = self.bytes_of_lists();
        if members > MEMBERS_MAX || bytes > BYTES_MAX {
            let problem = format!(
                "and the other lists have {members} members of {bytes} bytes, at most {MEMBERS_MAX} of {BYTES_MAX} fit"
            );
            return fault("subjects", problem);
        }
        None
    }
}

/// Headers whose values are secrets.
const CREDENTIAL_HEADERS: [&str; 4] =
    ["authorization", "cookie", "proxy-authorization", "sec-websocket-protocol"];
