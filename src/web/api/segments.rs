//! `/v1/segments`: named sets of people and requests, which targets of flags name.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::{ComponentId, Revision, SegmentId};
use crate::flags::{FlagsError, HistoryFilter, Segment, SegmentChange, SegmentDraft, Snapshot};
use crate::web::answers::{NamedBodyRefused, NamedQueryRefused, NamedRefused, Refused};
use crate::web::api_json::take_json;
use crate::web::flags::{HistoryQuery, Note, cause, if_match, with_etag};
use crate::web::guard::Granted;
use crate::web::named::Named;
use crate::web::{Problem, Rooms};

/// All segments.
#[derive(Serialize, ToSchema)]
pub struct SegmentList {
    /// The revision of the latest change of the table.
    revision: u64,
    /// By name.
    segments: Vec<SegmentRow>,
}

/// A segment, and what it matters to.
#[derive(Serialize, ToSchema)]
pub struct SegmentRow {
    /// The segment.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    segment: Arc<Segment>,
    /// The components that target it.
    #[schema(value_type = Vec<String>)]
    targeted_by: Vec<ComponentId>,
}

/// What a segment is to be. A list that is left out is empty.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SegmentWish {
    /// What it is for.
    #[serde(default)]
    description: String,
    /// Subjects as the authority grants them: `alice`, or `corp|1` for a foreign issuer's.
    #[serde(default)]
    subjects: BTreeSet<String>,
    /// Values of the token's `tenant_id`, `tenant`, `tid` or `org_id`.
    #[serde(default)]
    tenants: BTreeSet<String>,
    /// Scopes of the token.
    #[serde(default)]
    scopes: BTreeSet<String>,
    /// Values of request headers, by name in lower case.
    #[serde(default)]
    headers: BTreeMap<String, BTreeSet<String>>,
    /// Why, for the history.
    #[serde(default)]
    note: String,
}

/// The history of one segment.
#[derive(Serialize, ToSchema)]
pub struct SegmentHistory {
    /// The newest first.
    #[schema(value_type = Vec<Object>)]
    changes: Vec<SegmentChange>,
}

// Needs: Read.
/// All segments.
#[utoipa::path(get, path = "/v1/segments", tag = "control", security(("control" = [])),
    responses((status = 200, description = "The segments", body = SegmentList), Refused))]
pub async fn list(State(rooms): State<Arc<Rooms>>) -> Json<SegmentList> {
    let snapshot = rooms.flags.snapshot();
    let segments = snapshot.segments().into_iter().map(|segment| row(&snapshot, segment));
    Json(SegmentList { revision: snapshot.revision().0, segments: segments.collect() })
}

fn row(snapshot: &Snapshot, segment: &Arc<Segment>) -> SegmentRow {
    let flags = snapshot.targeting(&segment.name).into_iter();
    let targeted_by = flags.map(|flag| flag.component.clone()).collect();
    SegmentRow { segment: Arc::clone(segment), targeted_by }
}

// Needs: Read.
/// One segment; its revision is the entity tag.
#[utoipa::path(get, path = "/v1/segments/{name}", tag = "control", security(("control" = [])),
    params(("name" = String, Path, description = "The segment")),
    responses((status = 200, description = "The segment", body = Object), NamedRefused))]
pub async fn show(
    State(rooms): State<Arc<Rooms>>,
    Named(name): Named,
) -> Result<Response, Problem> {
    let snapshot = rooms.flags.snapshot();
    let segment = snapshot.segment(&name).ok_or_else(|| unknown(&name))?;
    Ok(with_etag(segment.revision, Json(segment)))
}

// Needs: Raise.
/// Makes a segment (`If-None-Match: *`), or changes it (`If-Match` names the revision that was
/// read). It holds for the next question, wherever a flag targets it.
#[utoipa::path(put, path = "/v1/segments/{name}", tag = "control", security(("control" = [])),
    params(("name" = String, Path, description = "The segment"),
           ("If-Match" = Option<String>, Header, description = "The ETag of the segment as it was read"),
           ("If-None-Match" = Option<String>, Header, description = "`*`: there must be none yet")),
    request_body = SegmentWish,
    responses((status = 200, description = "Done, and on disk", body = Object),
              (status = 412, description = "Somebody was faster", body = crate::web::problem::ProblemBody),
              (status = 428, description = "Neither If-Match nor If-None-Match", body = crate::web::problem::ProblemBody),
              NamedBodyRefused))]
pub async fn put(
    State(rooms): State<Arc<Rooms>>,
    Named(name): Named,
    Granted(pass): Granted,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let wish: SegmentWish = take_json(&headers, body).await?;
    let expected = condition(&headers)?;
    let id = SegmentId::parse(&name).map_err(|error| Problem::unprocessable(error.to_string()))?;
    let cause = cause(&pass, wish.note.clone());
    let changed = rooms.flags.put_segment(wish.into_draft(id), expected, cause).await;
    let segment = changed.map_err(|error| not_found(error, &name))?;
    Ok(with_etag(segment.revision, Json(segment)))
}

// Needs: Raise.
/// Removes a segment that no flag targets. `If-Match` must name the revision that was read.
#[utoipa::path(delete, path = "/v1/segments/{name}", tag = "control", security(("control" = [])),
    params(("name" = String, Path, description = "The segment"),
           ("If-Match" = String, Header, description = "The ETag of the segment as it was read")),
    request_body(content = Option<Note>),
    responses((status = 204, description = "Removed, and on disk"),
              (status = 412, description = "Somebody was faster", body = crate::web::problem::ProblemBody),
              (status = 428, description = "If-Match is missing", body = crate::web::problem::ProblemBody),
              NamedBodyRefused))]
pub async fn remove(
    State(rooms): State<Arc<Rooms>>,
    Named(name): Named,
    Granted(pass): Granted,
    headers: HeaderMap,
    body: Body,
) -> Result<StatusCode, Problem> {
    let id = SegmentId::parse(&name).map_err(|_| unknown(&name))?;
    let expected = if_match(&headers)?;
    let note = if headers.contains_key(header::CONTENT_TYPE) {
        take_json::<Note>(&headers, body).await?.into_text()
    } else {
        String::new()
    };
    let removed = rooms.flags.remove_segment(&id, expected, cause(&pass, note)).await;
    removed.map_err(|error| not_found(error, &name))?;
    Ok(StatusCode::NO_CONTENT)
}

// Needs: Read.
/// The changes of a segment, newest first; also of one that was removed.
#[utoipa::path(get, path = "/v1/segments/{name}/history", tag = "control",
    security(("control" = [])),
    params(("name" = String, Path, description = "The segment"), HistoryQuery),
    responses((status = 200, description = "The changes", body = SegmentHistory),
              NamedQueryRefused))]
pub async fn history(
    State(rooms): State<Arc<Rooms>>,
    Named(name): Named,
    query: Result<Query<HistoryQuery>, QueryRejection>,
) -> Result<Json<SegmentHistory>, Problem> {
    let id = SegmentId::parse(&name).map_err(|_| unknown(&name))?;
    let (before, limit) = HistoryQuery::read(query)?;
    let page = HistoryFilter { before, limit: Some(limit), ..HistoryFilter::default() };
    let changes = rooms.flags.segment_history(&id, &page)?;
    if changes.is_empty() && before.is_none() {
        return Err(unknown(&name));
    }
    Ok(Json(SegmentHistory { changes }))
}

impl SegmentWish {
    fn into_draft(self, name: SegmentId) -> SegmentDraft {
        let Self { description, subjects, tenants, scopes, headers, note: _ } = self;
        SegmentDraft { name, description, subjects, tenants, scopes, headers }
    }
}

/// The revision that must be there; `None` when there must be none.
fn condition(headers: &HeaderMap) -> Result<Option<Revision>, Problem> {
    match headers.get(header::IF_NONE_MATCH) {
        Some(_) if headers.contains_key(header::IF_MATCH) => {
            Err(Problem::bad_request("send `If-Match` or `If-None-Match`, not both"))
        }
        Some(value) if value.as_bytes().trim_ascii() == b"*" => Ok(None),
        Some(_) => Err(Problem::bad_request("`If-None-Match` is `*`: there must be none yet")),
        None => if_match(headers).map(Some),
    }
}

fn unknown(name: &str) -> Problem {
    let shown: String = name.chars().take(SegmentId::MAX).collect();
    Problem::not_found(format!("there is no segment {shown:?}; GET /v1/segments lists them"))
}

/// Here it is the path that names what is not there.
fn not_found(error: FlagsError, name: &str) -> Problem {
    if matches!(error, FlagsError::UnknownSegment(_)) { unknown(name) } else { error.into() }
}
