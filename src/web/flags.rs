//! `/v1/flags`: the flag table over HTTP.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::answers::{NamedBodyRefused, NamedQueryRefused, NamedRefused, Refused};
use super::api_json::{parse_json, read_json_body};
use super::guard::{Asker, Granted};
use super::named::Named;
use super::{Problem, Rooms, approved};
use crate::access::{Pass, Permission};
use crate::domain::{ComponentId, Revision, Share, TokenForm};
use crate::flags::{
    AcceptedDifference, Applied, Cause, Flag, FlagsError, HistoryFilter, HistoryRow, Invariants,
    Limits, Linked, Move, Rescue, SettingsPatch, Stage, Target,
};

/// The flag table.
#[derive(Serialize, ToSchema)]
pub struct FlagList {
    /// The revision of the latest change of the table.
    revision: u64,
    /// The rows, in the order of their ids.
    #[schema(value_type = Vec<Object>)]
    flags: Vec<Arc<Flag>>,
}

/// A change of one flag: where it goes, or how it behaves. What is left out stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FlagChange {
    /// `off`, `shadow`, `canary`, `live`, `sealed` or `complete`.
    stage: Option<String>,
    /// The share of a canary in basis points, 1 to 10000. Only with `"stage": "canary"`.
    #[schema(value_type = Option<u16>)]
    share: Option<Share>,
    /// Part of traffic that is compared, in basis points; `null` for the stage's default.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<u16>)]
    #[expect(clippy::option_option, reason = "left out, null and a share mean three things")]
    sample: Option<Option<Share>>,
    /// How long a caller waits at most, in milliseconds.
    deadline_ms: Option<u32>,
    /// `ssot`: legacy answers for a failing SSOT. `both`: and the other way round.
    #[schema(value_type = Option<String>)]
    rescue: Option<Rescue>,
    /// Rescues in a second, at most.
    rescues_per_second_max: Option<u32>,
    /// The accepted differences, all of them.
    #[schema(value_type = Option<Vec<Object>>)]
    accepted: Option<Vec<AcceptedDifference>>,
    /// The targets, all of them, in the order in which they are asked: `segment`, and `serve`,
    /// which is `ssot`, `legacy` or `shadow`.
    #[schema(value_type = Option<Vec<Object>>)]
    targets: Option<Vec<Target>>,
    /// `report`: a token that SSOT can prove to be bad shows as a difference. `enforce`: it is
    /// denied, whoever serves.
    #[schema(value_type = Option<String>)]
    invariants: Option<Invariants>,
    /// `compatible`: new tokens are such as legacy reads. `own`: by SSOT's own key and settings;
    /// refused while the component, or what requires it, may still roll back.
    #[schema(value_type = Option<String>)]
    token_form: Option<TokenForm>,
    /// What the guard holds the component to: all of it, what is left out has its default. Rates
    /// are parts per million; `null` for a rule that is switched off.
    #[schema(value_type = Option<Object>)]
    limits: Option<Limits>,
    /// With a stage: raise it though legacy refuses what SSOT signs. Asks for a second person.
    #[serde(default)]
    force: bool,
    /// Why, for the history.
    #[serde(default)]
    note: String,
}

/// Tells a field that is `null` from one that is left out.
#[expect(clippy::option_option, reason = "left out, null and a share mean three things")]
fn present<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<Share>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// Why a component is rolled back or released.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Note {
    /// For the history.
    #[serde(default)]
    note: String,
}

impl Note {
    /// The note.
    pub(super) fn into_text(self) -> String {
        self.note
    }
}

/// What a change came to.
#[derive(Serialize, ToSchema)]
pub struct Changed {
    /// The flag as it is since then.
    #[schema(value_type = Object)]
    flag: Arc<Flag>,
    /// What a rollback took along, deepest first.
    #[schema(value_type = Vec<Object>)]
    rolled_back_before: Vec<Arc<Flag>>,
}

/// Which part of the history.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct HistoryQuery {
    /// Only changes before this revision.
    before: Option<u64>,
    /// At most this many, 1 to 500; 50 when left out.
    limit: Option<usize>,
}

impl HistoryQuery {
    /// Where the page begins and how long it is. Error: 400.
    pub(super) fn read(
        query: Result<Query<Self>, QueryRejection>,
    ) -> Result<(Option<Revision>, usize), Problem> {
        let bad_query = "the query takes `before` (a revision) and `limit` (1 to 500)";
        let Query(query) = query.map_err(|_| Problem::bad_request(bad_query))?;
        let limit = query.limit.unwrap_or(50);
        if !(1..=500).contains(&limit) {
            return Err(Problem::bad_request(bad_query));
        }
        Ok((query.before.map(Revision), limit))
    }
}

/// A part of the history, newest first.
#[derive(Serialize, ToSchema)]
pub struct HistoryPage {
    /// The changes.
    #[schema(value_type = Vec<Object>)]
    changes: Vec<Linked<HistoryRow>>,
    /// From where to go on with `before`, if that is not the end.
    next: Option<u64>,
}

impl HistoryPage {
    pub(super) fn of(page: crate::flags::HistoryPage) -> Self {
        Self { changes: page.lines, next: page.next.map(|revision| revision.0) }
    }
}

/// All flags.
#[utoipa::path(get, path = "/v1/flags", tag = "control", security(("control" = [])),
    responses((status = 200, description = "The table", body = FlagList),
              Refused))]
pub async fn list(State(rooms): State<Arc<Rooms>>) -> Result<Json<FlagList>, Problem> {
    let snapshot = rooms.flags.snapshot();
    let mut flags: Vec<Arc<Flag>> = snapshot.iter().cloned().collect();
    flags.sort_by(|a, b| a.component.cmp(&b.component));
    Ok(Json(FlagList { revision: snapshot.revision().0, flags }))
}

/// One flag; its revision is the entity tag.
#[utoipa::path(get, path = "/v1/flags/{component}", tag = "control", security(("control" = [])),
    params(("component" = String, Path, description = "The component")),
    responses((status = 200, description = "The flag", body = Object),
              NamedRefused))]
pub async fn show(
    State(rooms): State<Arc<Rooms>>,
    Named(component): Named,
) -> Result<Response, Problem> {
    let id = component_id(&component)?;
    let snapshot = rooms.flags.snapshot();
    let flag = snapshot.flag(id.as_str()).ok_or_else(|| unknown(&component))?;
    Ok(with_etag(flag.revision, Json(flag)))
}

/// Moves a flag or changes how it behaves. `If-Match` must name the revision that was read.
#[utoipa::path(put, path = "/v1/flags/{component}", tag = "control", security(("control" = [])),
    params(("component" = String, Path, description = "The component"),
           ("If-Match" = String, Header, description = "The ETag of the flag as it was read")),
    request_body = FlagChange,
    responses((status = 200, description = "Done, and on disk", body = Changed),
              (status = 412, description = "Somebody was faster", body = super::problem::ProblemBody),
              (status = 428, description = "If-Match is missing", body = super::problem::ProblemBody),
              (status = 202, description = "Asked for; a second person approves", body = Object),
              NamedBodyRefused))]
pub async fn change(
    State(rooms): State<Arc<Rooms>>,
    Named(component): Named,
    asker: Asker,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let id = component_id(&component)?;
    let bytes = read_json_body(&headers, body).await?;
    let change: FlagChange = parse_json(&bytes)?;
    let expected = if_match(&headers)?;
    let (note, force) = (change.note.clone(), change.force);
    let step = change.into_move()?;
    let snapshot = rooms.flags.snapshot();
    let flag = snapshot.flag(id.as_str()).ok_or_else(|| unknown(&component))?;
    if flag.revision != expected {
        // What the move takes is judged by the flag as the caller has seen it.
        return Err(FlagsError::Conflict { current: flag.revision }.into());
    }
    if force {
        let Move::To(stage) = step else {
            return Err(Problem::unprocessable("`force` stands beside `stage`"));
        };
        asker.permit(&rooms, Permission::Force)?;
        return approved::ask_to_raise(&rooms, &asker.0, flag, stage, note).await;
    }
    let permission = permission_for(flag, &step);
    let pass = asker.permit(&rooms, permission)?;
    if let Some(asked) = approved::ask_if_due(&rooms, &asker.0, flag, &step, &note).await? {
        return Ok(asked);
    }
    let applied = rooms.flags.apply(&id, step, Some(expected), cause(&pass, note)).await?;
    Ok(changed(applied))
}

/// Puts a component, and what requires it, back on legacy at once.
#[utoipa::path(post, path = "/v1/flags/{component}/rollback", tag = "control",
    security(("control" = [])),
    params(("component" = String, Path, description = "The component")),
    request_body(content = Option<Note>),
    responses((status = 200, description = "Rolled back, and on disk", body = Changed),
              NamedBodyRefused))]
pub async fn roll_back(
    State(rooms): State<Arc<Rooms>>,
    Named(component): Named,
    Granted(pass): Granted,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    act(&rooms, &component, (&pass, &headers, body), Move::RollBack).await
}

/// Keeps a component from being raised until it is released; what serves goes on. Needs a reason.
#[utoipa::path(post, path = "/v1/flags/{component}/hold", tag = "control",
    security(("control" = [])),
    params(("component" = String, Path, description = "The component")),
    request_body = Note,
    responses((status = 200, description = "Held, and on disk", body = Changed),
              NamedBodyRefused))]
pub async fn hold(
    State(rooms): State<Arc<Rooms>>,
    Named(component): Named,
    Granted(pass): Granted,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    act(&rooms, &component, (&pass, &headers, body), Move::Hold).await
}

/// Lets a rolled-back component try again, with a reason and after its cool-down.
#[utoipa::path(post, path = "/v1/flags/{component}/release", tag = "control",
    security(("control" = [])),
    params(("component" = String, Path, description = "The component")),
    request_body = Note,
    responses((status = 200, description = "Released", body = Changed),
              NamedBodyRefused))]
pub async fn release(
    State(rooms): State<Arc<Rooms>>,
    Named(component): Named,
    Granted(pass): Granted,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    act(&rooms, &component, (&pass, &headers, body), Move::Release).await
}

/// The changes of a component, newest first.
#[utoipa::path(get, path = "/v1/flags/{component}/history", tag = "control",
    security(("control" = [])),
    params(("component" = String, Path, description = "The component"), HistoryQuery),
    responses((status = 200, description = "The changes", body = HistoryPage),
              NamedQueryRefused))]
pub async fn history(
    State(rooms): State<Arc<Rooms>>,
    Named(component): Named,
    query: Result<Query<HistoryQuery>, QueryRejection>,
) -> Result<Json<HistoryPage>, Problem> {
    let id = component_id(&component)?;
    if rooms.flags.snapshot().flag(id.as_str()).is_none() {
        return Err(unknown(&component));
    }
    let (before, limit) = HistoryQuery::read(query)?;
    let limit = Some(limit);
    let filter = HistoryFilter { component: Some(id), before, limit, ..HistoryFilter::default() };
    Ok(Json(HistoryPage::of(rooms.flags.history_page(&filter)?)))
}

async fn act(
    rooms: &Rooms,
    component: &str,
    (pass, headers, body): (&Pass, &HeaderMap, Body),
    step: Move,
) -> Result<Response, Problem> {
    let id = component_id(component)?;
    // The red button needs no body: whoever presses it may have no time for one.
    let note = if headers.contains_key(header::CONTENT_TYPE) {
        parse_json::<Note>(&read_json_body(headers, body).await?)?.note
    } else {
        String::new()
    };
    let applied = rooms.act_on(&id, step, cause(pass, note)).await?;
    Ok(changed(applied))
}

/// Who stands in the history, and why.
pub(super) fn cause(pass: &Pass, note: String) -> Cause {
    Cause::Operator { name: pass.actor().to_string(), note }
}

/// What a change of this flag takes.
pub(super) fn permission_for(flag: &Flag, step: &Move) -> Permission {
    match step {
        // A restore has a route of its own, which asks for what it would change.
        Move::To(Stage::Complete) | Move::Restore(_) => Permission::Force,
        Move::To(stage) if *stage > flag.stage => Permission::Raise,
        Move::To(_) | Move::RollBack | Move::Hold => Permission::Lower,
        Move::Release => Permission::Release,
        Move::Settings(patch) => {
            let lets_go = flag.invariants == Invariants::Enforce
                && patch.invariants == Some(Invariants::Report);
            let weakens = |limits: &Limits| limits.weakened_against(&flag.limits).is_some();
            let exposes = patch.token_form == Some(TokenForm::Own)
                || patch.targets.is_some()
                || patch.limits.as_ref().is_some_and(weakens);
            if approved::takes_two(flag, patch) || lets_go {
                Permission::Force
            } else if exposes {
                Permission::Raise
            } else {
                Permission::Settings
            }
        }
    }
}

impl FlagChange {
    fn into_move(self) -> Result<Move, Problem> {
        let settings = SettingsPatch {
            sample: self.sample,
            deadline_ms: self.deadline_ms,
            rescue: self.rescue,
            rescues_per_second_max: self.rescues_per_second_max,
            accepted: self.accepted,
            targets: self.targets,
            invariants: self.invariants,
            token_form: self.token_form,
            limits: self.limits,
        };
        match (self.stage, settings == SettingsPatch::default()) {
            (Some(stage), true) => stage_of(&stage, self.share).map(Move::To),
            (None, false) if self.share.is_none() => Ok(Move::Settings(settings)),
            (None, _) if self.share.is_some() => {
                Err(Problem::unprocessable("`share` stands beside `\"stage\": \"canary\"`"))
            }
            (Some(_), false) => Err(Problem::unprocessable(
                "move the stage or change settings, one at a time: each is a change of its own \
                 in the history",
            )),
            (None, _) => {
                Err(Problem::unprocessable("the change says neither `stage` nor a setting"))
            }
        }
    }
}

fn stage_of(name: &str, share: Option<Share>) -> Result<Stage, Problem> {
    Stage::from_parts(name, share).map_err(Problem::unprocessable)
}

pub(super) fn component_id(text: &str) -> Result<ComponentId, Problem> {
    ComponentId::parse(text).map_err(|_| unknown(text))
}

pub(super) fn unknown(component: &str) -> Problem {
    let shown: String = component.chars().take(ComponentId::MAX).collect();
    Problem::not_found(format!("there is no component {shown:?}; GET /v1/flags lists them"))
}

/// Reads `If-Match: "<revision>"`. Errors: 428 when it is missing, 400 when it is not the
/// entity tag of a row.
pub(super) fn if_match(headers: &HeaderMap) -> Result<Revision, Problem> {
    let Some(value) = headers.get(header::IF_MATCH) else {
        return Err(Problem::new(
            StatusCode::PRECONDITION_REQUIRED,
            "if-match",
            "Which revision?",
            "send the ETag of what you change, as you read it, in `If-Match`",
        ));
    };
    let text = value.to_str().unwrap_or_default();
    let number = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    number
        .and_then(|number| number.parse().ok())
        .map(Revision)
        .ok_or_else(|| Problem::bad_request("`If-Match` holds one ETag as GET showed it"))
}

pub(super) fn changed(applied: Applied) -> Response {
    let body = Changed { flag: applied.flag, rolled_back_before: applied.dependents };
    with_etag(body.flag.revision, Json(body))
}

pub(super) fn with_etag(revision: Revision, body: impl IntoResponse) -> Response {
    let mut response = body.into_response();
    if let Ok(etag) = HeaderValue::from_str(&format!("\"{revision}\"")) {
        response.headers_mut().insert(header::ETAG, etag);
    }
    response
}
