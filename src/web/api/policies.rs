//! `/v1/policies`: which rules about tokens are enforced, for which issuer and kind of token.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{FromRequestParts, Path, Query, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use serde::Deserialize;

use super::policy_views::{
    Observations, PolicyHistory, PolicyList, PolicyView, ProfileList, observations, profile_list,
};
use crate::access::Permission;
use crate::authority::profile;
use crate::domain::{Mode, Policy, Revision, Rule, RuleSet, TokenType};
use crate::flags::{FlagsError, HistoryFilter, PolicyPlace, PolicyRow};
use crate::web::answers::{NamedBodyRefused, NamedQueryRefused, Refused};
use crate::web::api_json::take_json;
use crate::web::flags::{HistoryQuery, Note, cause};
use crate::web::guard::Asker;
use crate::web::{Problem, Rooms};

/// A change of one policy: some rules, or all of them as a profile has them.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicyWish {
    /// Rules and how far they are to go: `{"audience": "observe"}`; `off`, `observe` or `enforce`.
    #[serde(default)]
    modes: BTreeMap<String, String>,
    /// The name of a profile, instead of `modes`.
    profile: Option<String>,
    /// The revision of the policy as it was read.
    revision: u64,
    /// Why, for the history.
    #[serde(default)]
    note: String,
}

/// The issuer and the kind that a path names.
pub struct At(PolicyPlace);

impl<S: Send + Sync> FromRequestParts<S> for At {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let unknown = || Problem::not_found("the path names no issuer and kind of token");
        let found = Path::<(String, String)>::from_request_parts(parts, state).await;
        let Path((issuer, kind)) = found.map_err(|_| unknown())?;
        let kind = TokenType::parse(&kind).ok_or_else(|| {
            let known = TokenType::ALL.map(TokenType::as_str).join(", ");
            Problem::not_found(format!("there is no such kind of token; there are {known}"))
        })?;
        Ok(Self(PolicyPlace::named(&issuer, kind)))
    }
}

// Needs: Read.
/// The policy of every issuer and kind of token.
#[utoipa::path(get, path = "/v1/policies", tag = "policies", security(("control" = [])),
    responses((status = 200, description = "The policies", body = PolicyList), Refused))]
pub async fn list(State(rooms): State<Arc<Rooms>>) -> Json<PolicyList> {
    Json(PolicyList::of(rooms.flags.policies()))
}

// Needs: Read.
/// The ready-made policies, and what none of them can match.
#[utoipa::path(get, path = "/v1/policies/profiles", tag = "policies", security(("control" = [])),
    responses((status = 200, description = "The profiles", body = ProfileList), Refused))]
pub async fn profiles() -> Json<ProfileList> {
    Json(profile_list())
}

// Needs: Read.
/// What was let in and would be denied if the observed rules were enforced.
///
/// Since the start, or since a rule was last changed; kept in memory.
#[utoipa::path(get, path = "/v1/policies/observed", tag = "policies", security(("control" = [])),
    responses((status = 200, description = "Would be denied, by client", body = Observations),
              Refused))]
pub async fn observed(State(rooms): State<Arc<Rooms>>) -> Json<Observations> {
    Json(observations(&rooms.authority))
}

// Needs: Settings to tighten, Administer to loosen.
/// Changes how far some rules go. Whoever loosens one must be permitted to administer.
#[utoipa::path(put, path = "/v1/policies/{issuer}/{kind}", tag = "policies",
    security(("control" = [])),
    params(("issuer" = String, Path, description = "`own`, or the name of a foreign issuer"),
           ("kind" = String, Path, description = "`access`, `refresh`, `service`, `admin` or `id`")),
    request_body = PolicyWish,
    responses((status = 200, description = "Done, and on disk", body = PolicyView),
              NamedBodyRefused))]
pub async fn change(
    State(rooms): State<Arc<Rooms>>,
    At(place): At,
    asker: Asker,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<PolicyView>, Problem> {
    let wish: PolicyWish = take_json(&headers, body).await?;
    let modes = wish.modes()?;
    let row = rooms.flags.policy(&place)?;
    let wanted = modes.iter().fold(row.policy, |policy, (rule, mode)| policy.with(*rule, *mode));
    let pass = asker.permit(&rooms, permission_for(&row.policy, &wanted))?;
    if row.revision.0 != wish.revision {
        return Err(faster(row.revision));
    }
    // Judged by this very row: no other one may be changed by it.
    let expected = Some(row.revision);
    let cause = cause(&pass, wish.note);
    let changed = rooms.flags.set_policy(&place, &modes, expected, cause).await;
    forget(&rooms, &row, changed)
}

// Needs: Settings where that tightens, Administer where it loosens.
/// Puts back the policy that was in force before the last change.
#[utoipa::path(post, path = "/v1/policies/{issuer}/{kind}/rollback", tag = "policies",
    security(("control" = [])),
    params(("issuer" = String, Path, description = "`own`, or the name of a foreign issuer"),
           ("kind" = String, Path, description = "`access`, `refresh`, `service`, `admin` or `id`")),
    request_body(content = Option<Note>),
    responses((status = 200, description = "Rolled back, and on disk", body = PolicyView),
              NamedBodyRefused))]
pub async fn roll_back(
    State(rooms): State<Arc<Rooms>>,
    At(place): At,
    asker: Asker,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<PolicyView>, Problem> {
    let row = rooms.flags.policy(&place)?;
    let previous = row.previous.unwrap_or(row.policy);
    let pass = asker.permit(&rooms, permission_for(&row.policy, &previous))?;
    let note = if headers.contains_key(header::CONTENT_TYPE) {
        take_json::<Note>(&headers, body).await?.into_text()
    } else {
        String::new()
    };
    let expected = Some(row.revision);
    let changed = rooms.flags.roll_back_policy(&place, expected, cause(&pass, note)).await;
    forget(&rooms, &row, changed)
}

// Needs: Read.
/// The changes of one policy, newest first.
#[utoipa::path(get, path = "/v1/policies/{issuer}/{kind}/history", tag = "policies",
    security(("control" = [])),
    params(("issuer" = String, Path, description = "`own`, or the name of a foreign issuer"),
           ("kind" = String, Path, description = "`access`, `refresh`, `service`, `admin` or `id`"),
           HistoryQuery),
    responses((status = 200, description = "The changes", body = PolicyHistory),
              NamedQueryRefused))]
pub async fn history(
    State(rooms): State<Arc<Rooms>>,
    At(place): At,
    query: Result<Query<HistoryQuery>, QueryRejection>,
) -> Result<Json<PolicyHistory>, Problem> {
    let (before, limit) = HistoryQuery::read(query)?;
    let page = HistoryFilter { before, limit: Some(limit), ..HistoryFilter::default() };
    Ok(Json(PolicyHistory::of(rooms.flags.policy_history(&place, &page)?)))
}

/// What a change takes.
fn permission_for(from: &Policy, to: &Policy) -> Permission {
    if to.looser_than(from).next().is_some() {
        Permission::Administer
    } else {
        Permission::Settings
    }
}

/// What was seen of rules that have changed says nothing any more.
fn forget(
    rooms: &Rooms,
    before: &PolicyRow,
    changed: Result<PolicyRow, FlagsError>,
) -> Result<Json<PolicyView>, Problem> {
    let after = changed.map_err(|error| match error {
        FlagsError::Conflict { current } => faster(current),
        other => other.into(),
    })?;
    let mut rules = RuleSet::default();
    for rule in Rule::ALL.into_iter().filter(|r| before.policy.mode(*r) != after.policy.mode(*r)) {
        rules.insert(rule);
    }
    let place = &after.place;
    rooms.authority.forget_observed(place.issuer.as_deref(), place.kind, rules);
    Ok(Json(PolicyView::of(after)))
}

fn faster(current: Revision) -> Problem {
    let detail = "the policy has changed meanwhile; read it again and repeat the change with its \
                  new `revision`";
    Problem::new(StatusCode::CONFLICT, "conflict", "Somebody was faster", detail)
        .with_revision(current)
}

impl PolicyWish {
    /// The rules and their modes. Error: 422.
    fn modes(&self) -> Result<Vec<(Rule, Mode)>, Problem> {
        match &self.profile {
            Some(name) if self.modes.is_empty() => {
                let unknown = || {
                    Problem::unprocessable(
                        "there is no profile of that name; GET /v1/policies/profiles lists them",
                    )
                };
                Ok(profile(name).ok_or_else(unknown)?.policy.modes().collect())
            }
            Some(_) => Err(Problem::unprocessable("name a `profile` or `modes`, not both")),
            None if self.modes.is_empty() => {
                Err(Problem::unprocessable("the change names neither `modes` nor a `profile`"))
            }
            None => self.modes.iter().map(|(rule, mode)| named(rule, mode)).collect(),
        }
    }
}

fn named(rule: &str, mode: &str) -> Result<(Rule, Mode), Problem> {
    let rule = Rule::parse(rule).ok_or_else(|| {
        let known = Rule::ALL.map(Rule::as_str).join(", ");
        Problem::unprocessable(format!("the rules that can be switched are {known}"))
    })?;
    let wrong = || Problem::unprocessable("a rule is `off`, `observe` or `enforce`");
    Ok((rule, Mode::parse(mode).ok_or_else(wrong)?))
}
