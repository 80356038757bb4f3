//! `/v1/rollouts`: plans by which components go on.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::rollout_views::{RolloutList, RolloutView, TemplateList};
use crate::access::{Actor, Permission, Refusal};
use crate::compare::MismatchClass;
use crate::domain::{ComponentId, Revision};
use crate::flags::{
    FlagsError, HistoryFilter, Rollout, RolloutChange, RolloutRefusal, RolloutStep, StartWish,
    templates,
};
use crate::web::answers::{NamedBodyRefused, NamedQueryRefused, NamedRefused, Refused};
use crate::web::api_json::take_json;
use crate::web::flags::{HistoryQuery, Note, cause, component_id, unknown, with_etag};
use crate::web::guard::{Asker, Granted};
use crate::web::named::Named;
use crate::web::problem::ProblemBody;
use crate::web::{Problem, Rooms};

/// A plan to start: a template by its name, or steps.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RolloutWish {
    /// `cautious`, `normal` or `fast`.
    template: Option<String>,
    /// 1 to 32 steps, each further than the one before: `stage` (`shadow`, `canary`, `live`),
    /// `share` of a canary in basis points, `hold_s`, `needs`, `approval`. With `guard` among its
    /// needs a step waits until the guard has certified it.
    #[schema(value_type = Option<Vec<Object>>)]
    steps: Option<Vec<RolloutStep>>,
    /// Why, for the history.
    #[serde(default)]
    note: String,
}

/// The changes of one plan, newest first.
#[derive(Serialize, ToSchema)]
pub struct RolloutHistory {
    /// The changes.
    #[schema(value_type = Vec<Object>)]
    changes: Vec<RolloutChange>,
}

// Needs: Read.
/// Every plan, with what it waits for.
#[utoipa::path(get, path = "/v1/rollouts", tag = "rollouts", security(("control" = [])),
    responses((status = 200, description = "The plans", body = RolloutList), Refused))]
pub async fn list(State(rooms): State<Arc<Rooms>>) -> Json<RolloutList> {
    let plans = rooms.plans.rollouts().all();
    Json(RolloutList::of(plans.iter().map(|plan| RolloutView::of(&rooms, plan)).collect()))
}

// Needs: Read.
/// The ready-made plans.
#[utoipa::path(get, path = "/v1/rollouts/templates", tag = "rollouts",
    security(("control" = [])),
    responses((status = 200, description = "The templates", body = TemplateList), Refused))]
pub async fn list_templates() -> Json<TemplateList> {
    Json(TemplateList::of(templates()))
}

// Needs: Read.
/// The plan of a component: where it stands and what it waits for, with figures and limits. Its
/// revision is the entity tag.
#[utoipa::path(get, path = "/v1/rollouts/{component}", tag = "rollouts",
    security(("control" = [])),
    params(("component" = String, Path, description = "The component")),
    responses((status = 200, description = "The plan", body = RolloutView), NamedRefused))]
pub async fn show(
    State(rooms): State<Arc<Rooms>>,
    Named(component): Named,
) -> Result<Response, Problem> {
    let id = known(&rooms, &component)?;
    let plan = rooms.plans.rollouts().of(&id).ok_or(RolloutRefusal::NoPlan(id))?;
    Ok(shown(&rooms, &plan))
}

// Needs: Raise.
/// Defines a plan and starts it. `If-None-Match: *` where there is none yet, `If-Match` with the
/// entity tag of the one that it replaces.
#[utoipa::path(put, path = "/v1/rollouts/{component}", tag = "rollouts",
    security(("control" = [])),
    params(("component" = String, Path, description = "The component"),
           ("If-Match" = Option<String>, Header, description = "The ETag of the plan that is replaced"),
           ("If-None-Match" = Option<String>, Header, description = "`*` where there is none")),
    request_body = RolloutWish,
    responses((status = 200, description = "Started, and on disk", body = RolloutView),
              (status = 412, description = "There is another plan", body = ProblemBody),
              (status = 428, description = "Neither If-Match nor If-None-Match", body = ProblemBody),
              NamedBodyRefused))]
pub async fn start(
    State(rooms): State<Arc<Rooms>>,
    Named(component): Named,
    Granted(pass): Granted,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let id = known(&rooms, &component)?;
    let RolloutWish { template, steps, note } = take_json(&headers, body).await?;
    let wish = match (template, steps) {
        (Some(template), None) => StartWish::Template(template),
        (None, Some(steps)) => StartWish::Steps(with_known_classes(steps)?),
        (Some(_), Some(_)) | (None, None) => {
            return Err(Problem::unprocessable("name a `template` or `steps`, one of them"));
        }
    };
    if wish.asks_for_approval() && !matches!(pass.actor(), Actor::Operator(_)) {
        // A token has an owner, who would be his own second person.
        return Err(rooms.refused(Refusal::NeedsPerson));
    }
    let seen = replaced(&headers)?;
    let plan = rooms.plans.rollouts().start(&id, wish, seen, cause(&pass, note)).await?;
    Ok(shown(&rooms, &plan))
}

// Needs: Lower.
/// Keeps a plan from going on until it is resumed; what serves goes on.
#[utoipa::path(post, path = "/v1/rollouts/{component}/pause", tag = "rollouts",
    security(("control" = [])),
    params(("component" = String, Path, description = "The component")),
    request_body(content = Option<Note>),
    responses((status = 200, description = "Paused, and on disk", body = RolloutView),
              NamedBodyRefused))]
pub async fn pause(
    State(rooms): State<Arc<Rooms>>,
    Named(component): Named,
    Granted(pass): Granted,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let (id, seen, note) = taken(&rooms, &component, &headers, body).await?;
    let plan = rooms.plans.rollouts().pause(&id, seen, cause(&pass, note)).await;
    done(&rooms, plan)
}

// Needs: Raise.
/// Lets a paused or stopped plan go on from where the component is now.
#[utoipa::path(post, path = "/v1/rollouts/{component}/resume", tag = "rollouts",
    security(("control" = [])),
    params(("component" = String, Path, description = "The component")),
    request_body(content = Option<Note>),
    responses((status = 200, description = "Resumed, and on disk", body = RolloutView),
              NamedBodyRefused))]
pub async fn resume(
    State(rooms): State<Arc<Rooms>>,
    Named(component): Named,
    Granted(pass): Granted,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let (id, seen, note) = taken(&rooms, &component, &headers, body).await?;
    let plan = rooms.plans.rollouts().resume(&id, seen, cause(&pass, note)).await;
    done(&rooms, plan)
}

// Needs: Raise.
/// Leaves needs and hold of the present step behind, for a reason. An approval that is due stays
/// due, and the move is one like any other.
#[utoipa::path(post, path = "/v1/rollouts/{component}/skip", tag = "rollouts",
    security(("control" = [])),
    params(("component" = String, Path, description = "The component")),
    request_body = Note,
    responses((status = 200, description = "Skipped, and on disk", body = RolloutView),
              NamedBodyRefused))]
pub async fn skip(
    State(rooms): State<Arc<Rooms>>,
    Named(component): Named,
    Granted(pass): Granted,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let (id, seen, note) = taken(&rooms, &component, &headers, body).await?;
    let plan = rooms.plans.rollouts().skip(&id, seen, cause(&pass, note)).await;
    done(&rooms, plan)
}

// Needs: Lower.
/// Ends a plan; the component stays where it is.
#[utoipa::path(post, path = "/v1/rollouts/{component}/abort", tag = "rollouts",
    security(("control" = [])),
    params(("component" = String, Path, description = "The component")),
    request_body(content = Option<Note>),
    responses((status = 200, description = "Ended, and on disk", body = RolloutView),
              NamedBodyRefused))]
pub async fn abort(
    State(rooms): State<Arc<Rooms>>,
    Named(component): Named,
    Granted(pass): Granted,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let (id, seen, note) = taken(&rooms, &component, &headers, body).await?;
    let plan = rooms.plans.rollouts().abort(&id, seen, cause(&pass, note)).await;
    done(&rooms, plan)
}

// Needs: Raise, a person who did not start the plan.
/// Approves the present step as the second person.
#[utoipa::path(post, path = "/v1/rollouts/{component}/approve", tag = "rollouts",
    security(("control" = [])),
    params(("component" = String, Path, description = "The component")),
    request_body(content = Option<Note>),
    responses((status = 200, description = "Approved, and on disk", body = RolloutView),
              NamedBodyRefused))]
pub async fn approve(
    State(rooms): State<Arc<Rooms>>,
    Named(component): Named,
    asker: Asker,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let pass = asker.permit(&rooms, Permission::Raise)?;
    let (id, seen, note) = taken(&rooms, &component, &headers, body).await?;
    let plan = rooms.plans.rollouts().approve(&id, seen, cause(&pass, note)).await;
    if let Err(FlagsError::Rollout(RolloutRefusal::SamePerson { .. })) = plan {
        return Err(rooms.refused(Refusal::SamePerson));
    }
    done(&rooms, plan)
}

// Needs: Read.
/// The changes of a component's plans, newest first.
#[utoipa::path(get, path = "/v1/rollouts/{component}/history", tag = "rollouts",
    security(("control" = [])),
    params(("component" = String, Path, description = "The component"), HistoryQuery),
    responses((status = 200, description = "The changes", body = RolloutHistory),
              NamedQueryRefused))]
pub async fn history(
    State(rooms): State<Arc<Rooms>>,
    Named(component): Named,
    query: Result<Query<HistoryQuery>, QueryRejection>,
) -> Result<Json<RolloutHistory>, Problem> {
    let id = known(&rooms, &component)?;
    let (before, limit) = HistoryQuery::read(query)?;
    let filter = HistoryFilter {
        component: Some(id),
        before,
        limit: Some(limit),
        ..HistoryFilter::default()
    };
    Ok(Json(RolloutHistory { changes: rooms.plans.rollouts().history(&filter)? }))
}

/// The id of a component that there is. Error: 404.
fn known(rooms: &Rooms, component: &str) -> Result<ComponentId, Problem> {
    let id = component_id(component)?;
    match rooms.flags.snapshot().flag(id.as_str()) {
        Some(_) => Ok(id),
        None => Err(unknown(component)),
    }
}

/// Whose plan, at which revision if the caller says so, and why. The body may be left out.
async fn taken(
    rooms: &Rooms,
    component: &str,
    headers: &HeaderMap,
    body: Body,
) -> Result<(ComponentId, Option<Revision>, String), Problem> {
    let id = known(rooms, component)?;
    let seen = headers.contains_key(header::IF_MATCH).then(|| if_match(headers)).transpose()?;
    let note = if headers.contains_key(header::CONTENT_TYPE) {
        take_json::<Note>(headers, body).await?.into_text()
    } else {
        String::new()
    };
    Ok((id, seen, note))
}

fn done(rooms: &Rooms, plan: Result<Arc<Rollout>, FlagsError>) -> Result<Response, Problem> {
    let plan = plan?;
    Ok(shown(rooms, &plan))
}

fn shown(rooms: &Rooms, plan: &Rollout) -> Response {
    with_etag(plan.revision, Json(RolloutView::of(rooms, plan)))
}

/// The revision of the plan that is replaced; `None` where the caller says that there is none.
/// Error: 428 where he says neither.
fn replaced(headers: &HeaderMap) -> Result<Option<Revision>, Problem> {
    if headers.contains_key(header::IF_MATCH) {
        return if_match(headers).map(Some);
    }
    if headers.get(header::IF_NONE_MATCH).is_some_and(|value| value.as_bytes() == b"*") {
        return Ok(None);
    }
    Err(Problem::new(
        StatusCode::PRECONDITION_REQUIRED,
        "if-match",
        "Which revision?",
        "send the ETag of the plan that is replaced in `If-Match`, or `If-None-Match: *`",
    ))
}

fn if_match(headers: &HeaderMap) -> Result<Revision, Problem> {
    let text = headers.get(header::IF_MATCH).and_then(|value| value.to_str().ok());
    let number = text.and_then(|text| text.strip_prefix('"')?.strip_suffix('"'));
    let number = number.and_then(|number| number.parse().ok());
    number
        .map(Revision)
        .ok_or_else(|| Problem::bad_request("`If-Match` holds one ETag as GET showed it"))
}

/// Refuses limits for classes of difference that do not exist: a slip of the pen would allow what
/// nobody meant. Error: 422.
fn with_known_classes(steps: Vec<RolloutStep>) -> Result<Vec<RolloutStep>, Problem> {
    for (at, step) in steps.iter().enumerate() {
        let mut classes = step.needs.mismatches_per_10000_max.keys();
        if classes.any(|class| MismatchClass::parse(class).is_none()) {
            let known = MismatchClass::ALL.map(MismatchClass::code).join(", ");
            return Err(Problem::unprocessable(format!(
                "steps[{at}].needs.mismatches_per_10000_max names classes of difference: {known}"
            )));
        }
    }
    Ok(steps)
}
