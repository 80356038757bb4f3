//! What `/v1/policies` shows.

use serde::Serialize;
use utoipa::ToSchema;

use crate::authority::{self, Authority, ObservedRow, Unmatched};
use crate::domain::{Policy, Timestamp};
use crate::flags::{Cause, PolicyChange, PolicyPlace, PolicyRow};

/// Every policy.
#[derive(Serialize, ToSchema)]
pub struct PolicyList {
    /// Our own issuer first, then the foreign ones; a row a kind of token.
    policies: Vec<PolicyView>,
}

/// The policy of one issuer and kind of token.
#[derive(Serialize, ToSchema)]
pub struct PolicyView {
    /// `own`, or the name of a foreign issuer.
    issuer: String,
    /// The kind of token.
    kind: &'static str,
    /// The profile that is the same, if any is.
    profile: Option<&'static str>,
    /// Every rule, and how far it goes: `off`, `observe` or `enforce`.
    #[schema(value_type = Object)]
    modes: Policy,
    /// What a rollback would put back.
    #[schema(value_type = Option<Object>)]
    previous: Option<Policy>,
    /// The revision of its last change, 0 before the first.
    revision: u64,
    /// When it last changed.
    #[schema(value_type = Option<String>)]
    changed_at: Option<Timestamp>,
    /// Why it last changed.
    #[schema(value_type = Option<Object>)]
    cause: Option<Cause>,
}

/// The history of one policy.
#[derive(Serialize, ToSchema)]
pub struct PolicyHistory {
    /// The newest first.
    changes: Vec<PolicyChangeView>,
}

/// One change of one policy.
#[derive(Serialize, ToSchema)]
pub struct PolicyChangeView {
    /// The revision of the change.
    revision: u64,
    /// When.
    #[schema(value_type = String)]
    at: Timestamp,
    /// Every rule as it was.
    #[schema(value_type = Object)]
    before: Policy,
    /// Every rule as it is since then.
    #[schema(value_type = Object)]
    after: Policy,
    /// Why.
    #[schema(value_type = Object)]
    cause: Cause,
}

/// Every profile.
#[derive(Serialize, ToSchema)]
pub struct ProfileList {
    /// The strict one first.
    profiles: Vec<ProfileView>,
}

/// A ready-made policy.
#[derive(Serialize, ToSchema)]
pub struct ProfileView {
    /// Its name.
    name: &'static str,
    /// Whose behaviour it is.
    about: &'static str,
    /// Every rule, and how far it goes.
    #[schema(value_type = Object)]
    modes: Policy,
    /// In which cases the two answer differently, whatever is switched.
    unmatched: Vec<UnmatchedView>,
}

/// A case that cannot be matched.
#[derive(Serialize, ToSchema)]
pub struct UnmatchedView {
    /// Which tokens.
    case: &'static str,
    /// What the library does.
    library: &'static str,
    /// What the authority does.
    authority: &'static str,
    /// `stricter` or `looser`: the authority, beside the library.
    direction: &'static str,
    /// Why, and what can be done about it.
    why: &'static str,
}

/// What would be denied.
#[derive(Serialize, ToSchema)]
pub struct Observations {
    /// The most frequent first.
    observed: Vec<ObservationRow>,
    /// Decisions that found no room for a row of their own.
    other: u64,
}

/// Tokens of one issuer, kind and client that broke one observed rule.
#[derive(Serialize, ToSchema)]
pub struct ObservationRow {
    /// `own`, or the name of a foreign issuer.
    issuer: String,
    /// The kind of token.
    kind: &'static str,
    /// The rule.
    rule: &'static str,
    /// `client_id`, else `azp`; `-` where a token has neither.
    client: String,
    /// How many decisions.
    count: u64,
    /// When it was first seen.
    #[schema(value_type = String)]
    first_seen: Timestamp,
    /// When it was last seen.
    #[schema(value_type = String)]
    last_seen: Timestamp,
}

impl PolicyList {
    /// Of these rows.
    pub fn of(rows: Vec<PolicyRow>) -> Self {
        Self { policies: rows.into_iter().map(PolicyView::of).collect() }
    }
}

impl PolicyHistory {
    /// Of these lines.
    pub fn of(changes: Vec<PolicyChange>) -> Self {
        let view = |change: PolicyChange| PolicyChangeView {
            revision: change.revision.0,
            at: change.at,
            before: change.before,
            after: change.after,
            cause: change.cause,
        };
        Self { changes: changes.into_iter().map(view).collect() }
    }
}

impl PolicyView {
    /// Of this row.
    pub fn of(row: PolicyRow) -> Self {
        let same = authority::profiles().iter().find(|profile| profile.policy == row.policy);
        Self {
            issuer: row.place.issuer_name().to_owned(),
            kind: row.place.kind.as_str(),
            profile: same.map(|profile| profile.name),
            modes: row.policy,
            previous: row.previous,
            revision: row.revision.0,
            changed_at: row.changed_at,
            cause: row.cause,
        }
    }
}

/// Every profile, as it is shown.
pub fn profile_list() -> ProfileList {
    let view = |profile: &authority::Profile| ProfileView {
        name: profile.name,
        about: profile.about,
        modes: profile.policy,
        unmatched: profile.unmatched().map(UnmatchedView::of).collect(),
    };
    ProfileList { profiles: authority::profiles().iter().map(view).collect() }
}

/// What the authority has observed.
pub fn observations(authority: &Authority) -> Observations {
    let observed = authority.observed();
    let row = |row: ObservedRow| ObservationRow {
        issuer: row.issuer.unwrap_or_else(|| PolicyPlace::OWN.to_owned()),
        kind: row.kind.as_str(),
        rule: row.rule.as_str(),
        client: row.client,
        count: row.count,
        first_seen: row.first_seen,
        last_seen: row.last_seen,
    };
    Observations { observed: observed.rows.into_iter().map(row).collect(), other: observed.other }
}

impl UnmatchedView {
    fn of(case: &Unmatched) -> Self {
        let &Unmatched { case, library, authority, direction, why } = case;
        Self { case, library, authority, direction: direction.as_str(), why }
    }
}
