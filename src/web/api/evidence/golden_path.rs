//! How often users get through the golden path.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{Extensions, HeaderMap, StatusCode};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::access::{Permission, Refusal};
use crate::domain::Timestamp;
use crate::guard::Walked;
use crate::web::answers::{BodyRefused, Refused};
use crate::web::api::words;
use crate::web::api_json::take_json;
use crate::web::guard::{Granted, bearer, door_token};
use crate::web::{Problem, Rooms};

/// Walks that somebody has seen.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WalksSeen {
    /// How many, 1 to 10000.
    walks: u32,
    /// How many of them reached the end.
    passed: u32,
    /// When, within the last day; now when left out.
    #[schema(value_type = Option<String>)]
    at: Option<Timestamp>,
}

/// Why the present rate is one to hold others against.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BaselineWish {
    /// Kept with the baseline.
    note: String,
}

/// The pass rate of the last day, of 10,000 walks at most, and its baseline.
#[utoipa::path(get, path = "/v1/evidence/golden-path", tag = "evidence",
    security(("control" = [])),
    responses((status = 200, description = "Rate, baselines, observations", body = Object),
              Refused))]
pub async fn show(State(rooms): State<Arc<Rooms>>) -> Json<crate::guard::GoldenPath> {
    Json(rooms.evidence.evidence.golden_path(rooms.clock.now()))
}

/// Adds walks. On the control listener for whoever may raise; on the data listener for an API
/// token of scope `observe`, which is always asked for.
#[utoipa::path(post, path = "/v1/evidence/golden-path", tag = "evidence",
    security(("control" = [])), request_body = WalksSeen,
    responses((status = 204, description = "Added, and on disk"), BodyRefused))]
pub async fn observe(
    State(rooms): State<Arc<Rooms>>,
    Granted(pass): Granted,
    headers: HeaderMap,
    body: Body,
) -> Result<StatusCode, Problem> {
    add(&rooms, pass.actor().to_string(), &headers, body).await
}

/// The same on the data listener.
pub async fn report(
    State(rooms): State<Arc<Rooms>>,
    extensions: Extensions,
    headers: HeaderMap,
    body: Body,
) -> Result<StatusCode, Problem> {
    let refused = |refusal| rooms.refused(refusal);
    rooms.pace_data(&extensions, &headers).map_err(refused)?;
    let token = bearer(&headers).or_else(|| door_token(&headers));
    let token = token.ok_or(Refusal::NoCredentials).map_err(refused)?;
    let caller = rooms.access.tokens.admit(token).map_err(refused)?;
    let pass = caller.permit(Permission::Observe, rooms.clock.now()).map_err(refused)?;
    add(&rooms, pass.actor().to_string(), &headers, body).await
}

async fn add(
    rooms: &Rooms,
    by: String,
    headers: &HeaderMap,
    body: Body,
) -> Result<StatusCode, Problem> {
    let WalksSeen { walks, passed, at } = take_json(headers, body).await?;
    let now = rooms.clock.now();
    let walked = Walked { at: at.unwrap_or(now), walks, passed, by };
    rooms.evidence.evidence.observe(walked, now).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Records the present rate as the baseline.
#[utoipa::path(post, path = "/v1/evidence/golden-path/baseline", tag = "evidence",
    security(("control" = [])), request_body = BaselineWish,
    responses((status = 200, description = "The baseline, on disk", body = Object), BodyRefused))]
pub async fn baseline(
    State(rooms): State<Arc<Rooms>>,
    Granted(pass): Granted,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<crate::guard::Baseline>, Problem> {
    let BaselineWish { note } = take_json(&headers, body).await?;
    let (note, by) = (words::note(&note)?, pass.actor().to_string());
    let now = rooms.clock.now();
    Ok(Json(rooms.evidence.evidence.set_baseline(note, &by, now).await?))
}
