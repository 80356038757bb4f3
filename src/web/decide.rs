//! `POST /v1/decide/{component}`: may this caller come in?

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::api_json::{parse_json, read_json_body};
use super::guard;
use super::named::Named;
use super::provenance::{self, Decider};
use super::request_log::RequestLine;
use super::{Problem, Rooms};
use crate::domain::{
    ComponentId, Credentials, Decision, Question, RequestId, RequestParts, Timestamp, Token,
};
use crate::shadow::Served;

/// Headers accepted in one question.
const HEADERS_MAX: usize = 100;

/// A question: either a token, or the request in which a token may be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DecideRequest<'a> {
    /// The token, already taken out of the request.
    #[serde(default, borrow)]
    token: Option<Cow<'a, str>>,
    /// The request's headers, as a list of name and value. Each side looks for the token where
    /// it always did.
    #[serde(default)]
    headers: Option<Vec<(String, String)>>,
    /// The request's method; `GET` when left out. Only beside `headers`.
    #[serde(default)]
    method: Option<String>,
    /// The request's path and query. Only beside `headers`.
    #[serde(default)]
    target: Option<String>,
}

/// An answer. Always with status 200: a deny is an answer, too.
#[derive(Debug, Serialize, ToSchema)]
pub struct DecideResponse<'a> {
    /// `allow` or `deny`.
    decision: &'static str,
    /// Who the caller is; absent when the serving side does not tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<&'a str>,
    /// What the caller may do; absent when the serving side does not tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    scopes: Option<&'a [Box<str>]>,
    /// `access`, `service`, ...; absent when the serving side does not tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    token_type: Option<&'static str>,
    /// When the token ends, in seconds since the epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<i64>,
    /// Why not, for a deny.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Cow<'a, str>>,
    /// True where the component enforces invariants and SSOT has proved that the token is bad:
    /// denied in the place of what legacy would have answered.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    enforced: bool,
    /// `legacy` or `ssot`.
    served_by: &'static str,
    /// Names the request in the log and in samples.
    #[schema(value_type = String)]
    request_id: RequestId,
}

/// May this caller come in?
#[utoipa::path(post, path = "/v1/decide/{component}", tag = "data",
    security((), ("token" = [])),
    params(("component" = String, Path, description = "The component whose traffic this is")),
    request_body = DecideRequest,
    responses(
        (status = 200, description = "Allow or deny", body = DecideResponse),
        (status = 400, description = "The body cannot be read", body = super::problem::ProblemBody),
        (status = 401, description = "No API token, or none that is known", body = super::problem::ProblemBody),
        (status = 403, description = "The API token is for something else", body = super::problem::ProblemBody),
        (status = 404, description = "No such component", body = super::problem::ProblemBody),
        (status = 408, description = "The body did not arrive in time", body = super::problem::ProblemBody),
        (status = 409, description = "The component does not answer questions", body = super::problem::ProblemBody),
        (status = 413, description = "The body is too large", body = super::problem::ProblemBody),
        (status = 415, description = "The body is not JSON", body = super::problem::ProblemBody),
        (status = 422, description = "Neither a token nor headers, or both", body = super::problem::ProblemBody),
        (status = 429, description = "Too many requests of this token or address", body = super::problem::ProblemBody),
        (status = 503, description = "Neither side can decide; ask again", body = super::problem::ProblemBody)))]
pub async fn decide(
    State(rooms): State<Arc<Rooms>>,
    Named(component): Named,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let headers = parts.headers;
    let token = guard::bearer(&headers);
    let admitted = rooms.admit_data(token, &parts.extensions, &headers);
    admitted.map_err(|refusal| rooms.refused(refusal))?;
    let network = rooms.told_network(token, &parts.extensions, &headers);
    // Not shown in the answer: a caller who mixes things up may have put the token there.
    let component = ComponentId::parse(&component)
        .map_err(|_| Problem::not_found("the path names no component"))?;
    let bytes = read_json_body(&headers, body).await?;
    let request: DecideRequest<'_> = parse_json(&bytes)?;
    let credentials = request.credentials().map_err(Problem::unprocessable)?;
    let asked_at = rooms.clock.now();
    let id = rooms.request_ids.next();
    let question =
        Question::new(id, component.clone(), asked_at, credentials).from_network(network);
    let served = rooms.shadow.decide(question).await?;
    let (status, response) = match &served.decision {
        Some(decision) => (StatusCode::OK, answer(decision, &served, id)),
        None => (StatusCode::SERVICE_UNAVAILABLE, Problem::undecided(id).into_response()),
    };
    let took = rooms.clock.now().since(asked_at);
    log(&rooms, "decide", status, (id, asked_at, took), &component, &served);
    if !provenance::is_asked(&headers) {
        return Ok(response);
    }
    let decider = Decider { side: served.by, component, revision: served.revision };
    Ok(rooms.with_provenance(response, &decider))
}

impl DecideRequest<'_> {
    fn credentials(self) -> Result<Credentials, &'static str> {
        match (self.token, self.headers) {
            (Some(token), None) if self.method.is_none() && self.target.is_none() => {
                Ok(Credentials::Token(Token::new(&token)))
            }
            (None, Some(headers)) if headers.len() <= HEADERS_MAX => {
                let lower = |(name, value): (String, String)| {
                    (name.to_ascii_lowercase().into(), value.into())
                };
                Ok(Credentials::Request(RequestParts {
                    method: self.method.unwrap_or_else(|| "GET".to_owned()).into(),
                    target: self.target.unwrap_or_else(|| "/".to_owned()).into(),
                    headers: headers.into_iter().map(lower).collect(),
                    ..RequestParts::default()
                }))
            }
            (None, Some(_)) => Err("a question has at most 100 headers"),
            (Some(_), _) => Err("`token` stands alone: the other fields belong to `headers`"),
            (None, None) => Err("a question has either `token` or `headers`"),
        }
    }
}

fn answer(decision: &Decision, served: &Served, id: RequestId) -> Response {
    let (grant, reason) = match decision {
        Decision::Allow(grant) => (Some(grant), None),
        Decision::Deny(denial) => (None, Some(denial.reason.code())),
    };
    let body = DecideResponse {
        decision: if decision.is_allow() { "allow" } else { "deny" },
        subject: grant.and_then(|grant| Some(grant.subject.as_ref()?.as_str())),
        scopes: grant.and_then(|grant| Some(grant.scopes.as_ref()?.names())),
        token_type: grant.and_then(|grant| Some(grant.token_type?.as_str())),
        expires_at: grant.and_then(|grant| Some(grant.expires_at?.seconds())),
        reason,
        enforced: served.enforced,
        served_by: served.by.as_str(),
        request_id: id,
    };
    let mut json = Vec::with_capacity(256);
    match serde_json::to_writer(&mut json, &body) {
        Ok(()) => {
            let mut response = Response::new(Body::from(json));
            let content_type = HeaderValue::from_static("application/json");
            response.headers_mut().insert(header::CONTENT_TYPE, content_type);
            response
        }
        Err(_) => Problem::undecided(id).into_response(),
    }
}

/// Writes the request's line, and the reason of a failure beside it.
pub(super) fn log(
    rooms: &Rooms,
    route: &'static str,
    status: StatusCode,
    (id, asked_at, took): (RequestId, Timestamp, Duration),
    component: &ComponentId,
    served: &Served,
) {
    if let Some(failure) = &served.failure {
        tracing::warn!(
            request.id = %id,
            component = %component,
            side = %served.rescued.unwrap_or(served.by),
            failure = %failure,
            "the serving side could not answer"
        );
    }
    let answer = match &served.decision {
        Some(Decision::Allow(_)) => Cow::Borrowed("allow"),
        Some(Decision::Deny(denial)) => denial.reason.code(),
        None => Cow::Borrowed("undecided"),
    };
    rooms.request_log.record(&RequestLine {
        asked_at,
        id,
        route,
        component,
        status: status.as_u16(),
        answer: &answer,
        by: served.by,
        rescued: served.rescued,
        enforced: served.enforced,
        slot: served.slot,
        revision: served.revision,
        took,
    });
}
