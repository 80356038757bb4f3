//! What a caller is told when a request cannot be answered: RFC 9457 problem details.
//!
//! The only place that turns a room's error into a status code. Texts of the rooms below go to
//! the log, not to the caller, unless they were written for the caller.

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::{RequestId, Revision};
use crate::flags::{FlagsError, MoveRefusal};
use crate::shadow::ShadowError;

/// A problem as `application/problem+json`.
#[derive(Debug)]
pub struct Problem(Box<Parts>);

#[derive(Debug)]
struct Parts {
    status: StatusCode,
    code: &'static str,
    title: &'static str,
    detail: String,
    revision: Option<Revision>,
    request_id: Option<RequestId>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// The JSON of a problem.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProblemBody {
    /// A URN that names the kind of problem.
    #[serde(rename = "type")]
    kind: String,
    /// The kind in a few words.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// What was wrong, where, and what to do.
    detail: String,
    /// The current revision, where one was expected and another found.
    #[serde(skip_serializing_if = "Option::is_none")]
    revision: Option<u64>,
    /// Names the request in the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
}

impl Problem {
    pub(super) fn new(
        status: StatusCode,
        code: &'static str,
        title: &'static str,
        detail: impl Into<String>,
    ) -> Self {
        let detail = detail.into();
        let headers = Vec::new();
        Self(Box::new(Parts {
            status,
            code,
            title,
            detail,
            revision: None,
            request_id: None,
            headers,
        }))
    }

    pub(super) fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad-request", "The request cannot be read", detail)
    }

    pub(super) fn unprocessable(detail: impl Into<String>) -> Self {
        let title = "The request makes no sense";
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "unprocessable", title, detail)
    }

    pub(super) fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", "There is nothing here", detail)
    }

    /// Neither side may decide: try again in a second.
    pub(super) fn undecided(request_id: RequestId) -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "undecided",
            "Neither side can decide",
            "the serving side did not answer and the other may not answer for it; \
             this is no refusal, ask again",
        )
        .with_request(request_id)
        .with_header(header::RETRY_AFTER, HeaderValue::from_static("1"))
    }

    #[must_use]
    pub(super) fn with_request(mut self, request_id: RequestId) -> Self {
        self.0.request_id = Some(request_id);
        self
    }

    #[must_use]
    pub(super) fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.push((name, value));
        self
    }

    #[must_use]
    pub(super) fn with_revision(mut self, revision: Revision) -> Self {
        self.0.revision = Some(revision);
        self
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        self.0.status
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let parts = *self.0;
        let body = ProblemBody {
            kind: format!("urn:crossfade:problem:{}", parts.code),
            title: parts.title,
            status: parts.status.as_u16(),
            detail: parts.detail,
            revision: parts.revision.map(|revision| revision.0),
            request_id: parts.request_id.map(|id| id.to_string()),
        };
        let json = serde_json::to_vec(&body).unwrap_or_default();
        let content_type = HeaderValue::from_static("application/problem+json");
        let mut response = (parts.status, json).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, content_type);
        response.headers_mut().extend(parts.headers);
        response
    }
}

impl From<ShadowError> for Problem {
    fn from(error: ShadowError) -> Self {
        match error {
            ShadowError::UnknownComponent(_) => Self::not_found(format!(
                "{error}; GET /v1/flags on the control listener lists them"
            )),
            ShadowError::NotAsked(_) => {
                Self::new(StatusCode::CONFLICT, "not-asked", "Not a question", error.to_string())
            }
        }
    }
}

impl From<FlagsError> for Problem {
    fn from(error: FlagsError) -> Self {
        let text = error.to_string();
        match error {
            FlagsError::UnknownComponent(_) => Self::not_found(text),
            FlagsError::Conflict { current } => Self::new(
                StatusCode::PRECONDITION_FAILED,
                "conflict",
                "Somebody was faster",
                format!("{text}; read the flag again and repeat the change with its new ETag"),
            )
            .with_revision(current),
            FlagsError::NotAllowed(MoveRefusal::Setting { .. }) => Self::unprocessable(text),
            FlagsError::NotAllowed(_) => {
                Self::new(StatusCode::CONFLICT, "not-allowed", "The flag does not move", text)
            }
            FlagsError::NotDurable { .. } => {
                tracing::error!(error = text, "a change of the flag table is not durable");
                Self::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "not-durable",
                    "Not on disk",
                    "the disk refused the change; a lowered exposure holds in memory until the \
                     process ends, a raised one did not happen",
                )
            }
            FlagsError::Ending => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "ending",
                "The process is ending",
                "whether the change holds is told by the next start",
            ),
            FlagsError::Store(_) | FlagsError::Seeds(_) => {
                tracing::error!(error = text, "the flag table cannot be read or written");
                Self::new(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "store",
                    "The store failed",
                    "the flag table could not be read or written; the log has the reason",
                )
            }
        }
    }
}
