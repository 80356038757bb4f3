//! `/v1/reports`: reports of a period, made, kept and shown.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::report::{Entry, Wish};
use crate::web::answers::{NamedBodyRefused, NamedQueryRefused, NamedRefused, QueryRefused};
use crate::web::api_json::take_json;
use crate::web::guard::{Asker, Granted};
use crate::web::named::Named;
use crate::web::reports::{Asked, Format};
use crate::web::{Problem, Rooms};

/// Which part of the list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct ListQuery {
    /// Only reports older than the one of this id.
    before: Option<String>,
    /// At most this many, 1 to 500; 50 when left out.
    limit: Option<usize>,
}

/// Kept reports, newest first.
#[derive(Serialize, ToSchema)]
pub struct ReportList {
    /// The reports, without their content.
    #[schema(value_type = Vec<Object>)]
    reports: Vec<Entry>,
    /// From where to go on with `before`, if that is not the end.
    next: Option<String>,
}

/// Which report is wanted.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ReportWish {
    /// `all`, `phase:1` to `phase:3`, or `component:NAME`; all when left out.
    scope: Option<String>,
    /// `1h`, `24h`, `7d` or `30d` until now; a day when left out.
    period: Option<String>,
    /// From when, in place of `period`.
    from: Option<String>,
    /// Until when; now when left out.
    to: Option<String>,
}

/// Which report is wanted, and as what.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
pub struct NowQuery {
    /// `all`, `phase:1` to `phase:3`, or `component:NAME`; all when left out.
    scope: Option<String>,
    /// `1h`, `24h`, `7d` or `30d` until now; a day when left out.
    period: Option<String>,
    /// From when, in place of `period`.
    from: Option<String>,
    /// Until when; now when left out.
    to: Option<String>,
    /// `json`, `html`, `markdown`, `csv` or `series`; what `Accept` prefers when left out.
    format: Option<String>,
}

/// As what a report is sent.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
pub struct FormatQuery {
    /// `json`, `html`, `markdown`, `csv` or `series`; what `Accept` prefers when left out.
    format: Option<String>,
}

// Needs: Read.
/// The kept reports: id, scope, period, occasion, seal; the newest first.
#[utoipa::path(get, path = "/v1/reports", tag = "control", security(("control" = [])),
    params(ListQuery),
    responses((status = 200, description = "The reports", body = ReportList), QueryRefused))]
pub async fn list(
    State(rooms): State<Arc<Rooms>>,
    query: Result<Query<ListQuery>, QueryRejection>,
) -> Result<Json<ReportList>, Problem> {
    let told = "the query takes `before` (the id of a report) and `limit` (1 to 500)";
    let Query(query) = query.map_err(|_| Problem::bad_request(told))?;
    let limit = query.limit.unwrap_or(50);
    let before_is_id = query.before.as_deref().is_none_or(|id| id.len() <= 40);
    if !(1..=500).contains(&limit) || !before_is_id {
        return Err(Problem::bad_request(told));
    }
    // One more tells whether there are more.
    let mut reports = rooms.reports.list(query.before, limit + 1).await?;
    let is_more = reports.len() > limit;
    reports.truncate(limit);
    let next = reports.last().filter(|_| is_more).map(|entry| entry.id.clone());
    Ok(Json(ReportList { reports, next }))
}

// Needs: Lower.
/// Makes a report of a period and keeps it, sealed.
#[utoipa::path(post, path = "/v1/reports", tag = "control", security(("control" = [])),
    request_body = ReportWish,
    responses((status = 201, description = "Made, and on disk; `Location` says where",
               body = Object), NamedBodyRefused))]
pub async fn make(
    State(rooms): State<Arc<Rooms>>,
    Granted(pass): Granted,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let wish: ReportWish = if headers.contains_key(header::CONTENT_TYPE) {
        take_json(&headers, body).await?
    } else {
        ReportWish::default()
    };
    let asked = Asked { scope: wish.scope, period: wish.period, from: wish.from, to: wish.to };
    let wish = asked.wish(pass.actor().to_string(), rooms.clock.now());
    let wish = wish.map_err(|(_, told)| Problem::unprocessable(told))?;
    let entry = rooms.reports.make(wish).await?;
    let place = HeaderValue::from_str(&format!("/v1/reports/{}", entry.id));
    let mut response = (StatusCode::CREATED, Json(entry)).into_response();
    if let Ok(place) = place {
        response.headers_mut().insert(header::LOCATION, place);
    }
    Ok(response)
}

// Needs: Read.
/// A report of a period as things are now, which is not kept.
#[utoipa::path(get, path = "/v1/reports/now", tag = "control", security(("control" = [])),
    params(NowQuery),
    responses((status = 200, description = "The report", content(
                  (serde_json::Value = "application/json"),
                  (String = "text/html"),
                  (String = "text/markdown"),
                  (String = "text/csv"))),
              NamedQueryRefused))]
pub async fn now(
    State(rooms): State<Arc<Rooms>>,
    Asker(caller): Asker,
    query: Result<Query<NowQuery>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let told = "the query takes `scope`, `period` or `from` and `to`, and `format`";
    let Query(query) = query.map_err(|_| Problem::bad_request(told))?;
    let format = Format::wanted(query.format.as_deref(), &headers)?;
    let asked = Asked { scope: query.scope, period: query.period, from: query.from, to: query.to };
    let wish: Result<Wish, _> = asked.wish(caller.actor().to_string(), rooms.clock.now());
    let wish = wish.map_err(|(_, told)| Problem::bad_request(told))?;
    let document = rooms.reports.draw(wish).await?;
    rooms.sent(&document, None, format)
}

// Needs: Read.
/// A kept report.
#[utoipa::path(get, path = "/v1/reports/{id}", tag = "control", security(("control" = [])),
    params(("id" = String, Path, description = "The id of the report"), FormatQuery),
    responses((status = 200, description = "The report", content(
                  (serde_json::Value = "application/json"),
                  (String = "text/html"),
                  (String = "text/markdown"),
                  (String = "text/csv"))),
              NamedQueryRefused))]
pub async fn show(
    State(rooms): State<Arc<Rooms>>,
    Named(id): Named,
    query: Result<Query<FormatQuery>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let Query(query) = query.map_err(|_| Problem::bad_request("the query takes `format`"))?;
    let format = Format::wanted(query.format.as_deref(), &headers)?;
    let (entry, document, text) = rooms.reports.document(&id).await?;
    rooms.sent(&document, Some((&entry, &text)), format)
}

// Needs: Administer.
/// Removes a kept report. Nobody can make the same one again.
#[utoipa::path(delete, path = "/v1/reports/{id}", tag = "control", security(("control" = [])),
    params(("id" = String, Path, description = "The id of the report")),
    responses((status = 204, description = "Removed"), NamedRefused))]
pub async fn remove(
    State(rooms): State<Arc<Rooms>>,
    Named(id): Named,
    Granted(pass): Granted,
) -> Result<StatusCode, Problem> {
    rooms.reports.remove(&id).await?;
    tracing::warn!(report.id = %id, actor = %pass.actor(), "a report was removed");
    Ok(StatusCode::NO_CONTENT)
}
