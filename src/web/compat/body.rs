//! Bodies as live clients send and read them.

use axum::Json;
use axum::body::Body;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::domain::{Grant, Timestamp};
use crate::web::Problem;
use crate::web::api_json::read_bounded;
use crate::web::session::uncached;

/// Reads a JSON object whatever its content type says; unknown members are ignored, as the
/// original ignores them. `None` for what is no such object.
pub(super) async fn read<T: DeserializeOwned>(body: Body) -> Result<Option<T>, Problem> {
    let bytes = read_bounded(body).await?;
    let is_object = bytes.trim_ascii_start().first() == Some(&b'{');
    Ok(is_object.then(|| serde_json::from_slice(&bytes).ok()).flatten())
}

/// A body with status 200.
pub(super) fn ok(body: &Value) -> Response {
    uncached(Json(body).into_response())
}

/// A refusal in the form of the original: `{"detail": ...}`.
pub(super) fn detail(status: StatusCode, text: &str) -> Response {
    uncached((status, Json(json!({ "detail": text }))).into_response())
}

/// No, with a code and a sentence.
pub(super) fn no(member: &str, error: &str, message: &str) -> Response {
    ok(&json!({ (member): false, "error": error, "message": message }))
}

pub(super) fn subject(grant: &Grant) -> Option<&str> {
    grant.subject.as_ref().map(crate::domain::Subject::as_str)
}

pub(super) fn email(grant: &Grant) -> Option<&str> {
    grant.email.as_deref().filter(|email| !email.is_empty())
}

/// The granted scopes, as the original calls them; none is an empty list.
pub(super) fn permissions(grant: &Grant) -> Vec<&str> {
    let names = grant.scopes.iter().flat_map(crate::domain::Scopes::names);
    names.map(|name| &**name).collect()
}

/// A moment in ISO 8601, whole seconds, with an offset in digits: as Python writes it.
pub(super) fn iso(moment: Timestamp) -> String {
    let text = Timestamp::from_seconds(moment.seconds()).rfc3339();
    let date = text.split(['.', 'Z']).next().unwrap_or_default().to_owned();
    format!("{date}+00:00")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_written_as_python_writes_it() {
        assert_eq!(iso(Timestamp::from_micros(1_790_000_000_250_000)), "2026-09-21T14:13:20+00:00");
    }
}
