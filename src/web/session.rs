//! `GET /v1/session`: who a browser's user is, so that no front end decodes a token by itself.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::doors::{DenyStatus, bare, request_credentials};
use super::provenance::{self, Decider};
use super::{Problem, Rooms};
use crate::domain::{Credentials, Decision, Grant, Presented, Reason, RequestId, Scopes};

/// Seconds before its end at which a token is to be refreshed, at most.
const REFRESH_AHEAD_S: i64 = 300;

/// Who the user is.
#[derive(Serialize, ToSchema)]
pub struct SessionAnswer {
    /// The user; absent when the serving side does not tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    /// The user's e-mail address, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    /// What the user may do.
    #[schema(value_type = Vec<String>)]
    scopes: Scopes,
    /// When the token ends, in seconds since the epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<i64>,
    /// From when on it is time to refresh: five minutes before the end, or at four fifths of
    /// what is left of a token that lives shorter.
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_at: Option<i64>,
    /// `legacy` or `ssot`.
    served_by: &'static str,
    /// Names the request in the log and in samples.
    #[schema(value_type = String)]
    request_id: RequestId,
}

/// Who is it, by the token in `Authorization` or in the session cookie?
#[utoipa::path(get, path = "/v1/session", tag = "data",
    responses(
        (status = 200, description = "Who the user is, and when to refresh", body = SessionAnswer),
        (status = 401, description = "No valid token; the detail is the reason", body = super::problem::ProblemBody),
        (status = 404, description = "There is no such component", body = super::problem::ProblemBody),
        (status = 409, description = "The component does not answer questions", body = super::problem::ProblemBody),
        (status = 429, description = "Too many requests of this address", body = super::problem::ProblemBody),
        (status = 503, description = "Neither side can decide; ask again", body = super::problem::ProblemBody)))]
pub async fn session(
    State(rooms): State<Arc<Rooms>>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    rooms.pace_data(&parts.extensions, &parts.headers).map_err(|refusal| rooms.refused(refusal))?;
    let credentials = credentials(&parts.headers, &rooms.doors.session_cookie);
    let deny = DenyStatus(StatusCode::UNAUTHORIZED);
    let component = &rooms.doors.session;
    let network = rooms.network_at_door(&parts.extensions, &parts.headers);
    let asked = rooms.ask("session", component, (credentials?, network), None, deny).await?;
    match asked.decision {
        Decision::Allow(grant) => {
            let now = rooms.clock.now().seconds();
            let answer = answer(&grant, now, asked.by.as_str(), asked.id);
            let response = uncached(Json(answer).into_response());
            if !provenance::is_asked(&parts.headers) {
                return Ok(response);
            }
            let (component, revision) = (component.clone(), asked.revision);
            Ok(rooms.with_provenance(response, &Decider { side: asked.by, component, revision }))
        }
        Decision::Deny(denial) => Err(denied(&denial.reason, asked.id)),
    }
}

/// The request's own token, or the cookie's; both must be the same one.
fn credentials(headers: &HeaderMap, cookie: &str) -> Result<Credentials, Problem> {
    let from_request = request_credentials(headers);
    let mut in_cookies = cookie_values(headers, cookie);
    let Some(in_cookie) = in_cookies.next() else { return Ok(from_request) };
    if in_cookies.any(|other| other != in_cookie) {
        // Another host of the same domain may have set the second one.
        return Err(unauthorized(Reason::TokenConflict.code()));
    }
    match from_request.presented() {
        Presented::Nothing => Ok(bare(in_cookie)),
        Presented::Conflict => Ok(from_request),
        Presented::Opaque(token, _) | Presented::Jws(token, _) if token.reveal() == in_cookie => {
            Ok(from_request)
        }
        Presented::Opaque(..) | Presented::Jws(..) => {
            Err(unauthorized(Reason::TokenConflict.code()))
        }
    }
}

fn cookie_values<'h>(headers: &'h HeaderMap, name: &'h str) -> impl Iterator<Item = &'h str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = cookies.flat_map(|value| value.split(';')).filter_map(|pair| pair.split_once('='));
    pairs.filter(move |(key, _)| key.trim() == name).map(|(_, value)| value.trim())
}

fn answer(
    grant: &Grant,
    now: i64,
    served_by: &'static str,
    request_id: RequestId,
) -> SessionAnswer {
    let expires_at = grant.expires_at.map(crate::domain::Timestamp::seconds);
    SessionAnswer {
        subject: grant.subject.as_ref().map(|subject| subject.as_str().to_owned()),
        email: grant.email.as_deref().filter(|email| !email.is_empty()).map(str::to_owned),
        scopes: grant.scopes.clone().unwrap_or_default(),
        expires_at,
        refresh_at: expires_at.map(|end| refresh_at(now, end)),
        served_by,
        request_id,
    }
}

fn refresh_at(now: i64, end: i64) -> i64 {
    let left = end.saturating_sub(now).max(0);
    end.saturating_sub(REFRESH_AHEAD_S.min(left / 5))
}

fn denied(reason: &Reason, id: RequestId) -> Problem {
    unauthorized(reason.code()).with_request(id)
}

fn unauthorized(reason: impl Into<String>) -> Problem {
    let challenge = HeaderValue::from_static("Bearer realm=\"crossfade\"");
    Problem::new(StatusCode::UNAUTHORIZED, "denied", "No valid token", reason)
        .with_header(header::WWW_AUTHENTICATE, challenge)
}

/// What names a person is kept by nobody on the way.
pub(super) fn uncached(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_token_is_refreshed_five_minutes_ahead_and_a_short_one_at_four_fifths() {
        assert_eq!(refresh_at(1_000, 1_000 + 3_600), 1_000 + 3_300);
        assert_eq!(refresh_at(1_000, 1_100), 1_080);
        assert_eq!(refresh_at(1_000, 900), 900);
    }

    #[test]
    fn a_cookie_is_found_among_others_by_its_whole_name() {
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, HeaderValue::from_static("xtoken=1; token=a.b.c"));
        assert_eq!(cookie_values(&headers, "token").next(), Some("a.b.c"));
        assert_eq!(cookie_values(&headers, "oken").next(), None);
    }
}
