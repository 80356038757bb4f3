//! `GET /v1/access-log`: who was let in, added, changed, revoked.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::access::{AccessEvent, EventRow};
use crate::domain::Timestamp;
use crate::web::answers::QueryRefused;
use crate::web::{Problem, Rooms};

/// Which part of the log.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct LogQuery {
    /// Only lines before this number.
    before: Option<u64>,
    /// At most this many, 1 to 500; 50 when left out.
    limit: Option<usize>,
}

/// A part of the log.
#[derive(Serialize, ToSchema)]
pub struct LogPage {
    /// The newest first.
    events: Vec<LogLine>,
}

/// One line of the log.
#[derive(Serialize, ToSchema)]
pub struct LogLine {
    /// Its number, which only grows; `before` continues from it.
    number: u64,
    /// By whom, as in the history of flags.
    actor: String,
    /// When.
    #[schema(value_type = String)]
    at: Timestamp,
    /// What, as `event`, and what belongs to it.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    event: AccessEvent,
}

// Needs: Read.
/// Who was let in, added, changed, revoked: the newest first.
#[utoipa::path(get, path = "/v1/access-log", tag = "access", security(("control" = [])),
    params(LogQuery),
    responses((status = 200, description = "The events", body = LogPage), QueryRefused))]
pub async fn read(
    State(rooms): State<Arc<Rooms>>,
    query: Result<Query<LogQuery>, QueryRejection>,
) -> Result<Json<LogPage>, Problem> {
    let bad_query = "the query takes `before` (a number) and `limit` (1 to 500)";
    let Query(query) = query.map_err(|_| Problem::bad_request(bad_query))?;
    let limit = query.limit.unwrap_or(50);
    if !(1..=500).contains(&limit) {
        return Err(Problem::bad_request(bad_query));
    }
    let rows = rooms.counted(rooms.access.events(query.before, limit))?;
    let line = |(number, row): (u64, EventRow)| LogLine {
        number,
        at: row.at,
        actor: row.actor.to_string(),
        event: row.event,
    };
    Ok(Json(LogPage { events: rows.into_iter().map(line).collect() }))
}
