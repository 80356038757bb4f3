//! `GET /v1/report`: legacy against SSOT, as JSON, Markdown or a page.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};

use super::pages::report_file;
use super::{Problem, Rooms};
use crate::report::{self, AlarmPeriod};

/// The report: JSON, or what `Accept` prefers of `text/html` and `text/markdown`.
#[utoipa::path(get, path = "/v1/report", tag = "control", security(("control" = [])),
    responses((status = 200, description = "The report", content(
                  (serde_json::Value = "application/json"),
                  (String = "text/html"),
                  (String = "text/markdown"))),
              super::answers::Refused))]
pub async fn report(
    State(rooms): State<Arc<Rooms>>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let snapshot = rooms.flags.snapshot();
    let report =
        report::build(Some(&snapshot), &rooms.ledger, rooms.clock.now(), AlarmPeriod::LastHour);
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or("");
    Ok(match accept.split([',', ';']).next().unwrap_or("").trim() {
        "text/html" => report_file(&report),
        "text/markdown" => with_type("text/markdown; charset=utf-8", report::markdown(&report)),
        _ => Json(report).into_response(),
    })
}

fn with_type(kind: &'static str, text: String) -> Response {
    ([(header::CONTENT_TYPE, HeaderValue::from_static(kind))], text).into_response()
}
