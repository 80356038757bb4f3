//! Why a question is not answered, in the words of the protocol.

use std::borrow::Cow;

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::{OfrepCounts, OfrepOutcome};
use crate::access::Refusal;
use crate::web::{Problem, Rooms};

/// Why a question is not answered.
#[derive(Debug)]
pub(super) enum Failure {
    /// 400: the body cannot be read.
    Parse(Cow<'static, str>),
    /// 400: there is no subject in the context.
    TargetingKeyMissing,
    /// 400: the context means nothing, or two things.
    Context(&'static str),
    /// 404: there is no such component.
    NotFound,
    /// 401, 403 or 429: the caller is not let in. 503: there is no place left.
    Refused(Problem),
    /// 500: the component cannot be evaluated.
    Failed(&'static str),
}

/// The body of every answer that is no evaluation.
#[derive(Serialize, ToSchema)]
pub struct OfrepFailure<'a> {
    /// The component, where one was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) key: Option<&'a str>,
    /// `PARSE_ERROR`, `TARGETING_KEY_MISSING`, `INVALID_CONTEXT`, `FLAG_NOT_FOUND` or `GENERAL`.
    #[serde(rename = "errorCode")]
    pub(super) error_code: &'static str,
    /// What is wrong, for people.
    #[serde(rename = "errorDetails")]
    pub(super) error_details: &'a str,
}

/// Why a component of a known key is not evaluated.
pub(super) const NO_SALT: &str = "the component's group has no salt, so nobody has a place in it";

/// What a caller is told of a fault of ours.
pub(super) const FAULT: &str = "the evaluation failed; the log says how";

impl Failure {
    pub fn context(problem: &'static str) -> Self {
        Self::Context(problem)
    }

    /// The place of a fault, and nothing of what stands there.
    pub fn no_json(error: &serde_json::Error) -> Self {
        let (line, column) = (error.line(), error.column());
        Self::Parse(format!("the body is no JSON at line {line}, column {column}").into())
    }

    /// A body of another kind, too large, too slow or cut short: the protocol has one status for
    /// all of them.
    pub fn unread(problem: &Problem) -> Self {
        Self::Parse(problem.detail().to_owned().into())
    }

    pub fn refused(rooms: &Rooms, refusal: Refusal) -> Self {
        Self::Refused(rooms.refused(refusal))
    }

    pub const fn outcome(&self) -> OfrepOutcome {
        match self {
            Self::Parse(_) | Self::TargetingKeyMissing | Self::Context(_) => {
                OfrepOutcome::Unreadable
            }
            Self::NotFound => OfrepOutcome::NotFound,
            Self::Refused(_) => OfrepOutcome::Refused,
            Self::Failed(_) => OfrepOutcome::Failed,
        }
    }

    pub const fn code(&self) -> &'static str {
        match self {
            Self::Parse(_) => "PARSE_ERROR",
            Self::TargetingKeyMissing => "TARGETING_KEY_MISSING",
            Self::Context(_) => "INVALID_CONTEXT",
            Self::NotFound => "FLAG_NOT_FOUND",
            Self::Refused(_) | Self::Failed(_) => "GENERAL",
        }
    }

    fn details(&self) -> &str {
        match self {
            Self::Parse(problem) => problem,
            Self::TargetingKeyMissing => "the context has no `targetingKey`",
            Self::Context(problem) | Self::Failed(problem) => problem,
            Self::NotFound => "there is no component of this name",
            Self::Refused(problem) => problem.detail(),
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::Parse(_) | Self::TargetingKeyMissing | Self::Context(_) => {
                StatusCode::BAD_REQUEST
            }
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Refused(problem) => problem.status(),
            Self::Failed(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The answer; counted.
    pub fn into_response(self, counts: &OfrepCounts, key: Option<&str>) -> Response {
        counts.count(self.outcome());
        let status = self.status();
        let (error_code, error_details) = (self.code(), self.details());
        let body = serde_json::to_vec(&OfrepFailure { key, error_code, error_details });
        let json = Body::from(body.unwrap_or_default());
        // What a refusal says in headers it says here as well: a challenge, when to come back.
        let mut response = match self {
            Self::Refused(problem) => problem.into_response().map(|_| json),
            Self::Parse(_)
            | Self::TargetingKeyMissing
            | Self::Context(_)
            | Self::NotFound
            | Self::Failed(_) => (status, json).into_response(),
        };
        let content_type = HeaderValue::from_static("application/json");
        response.headers_mut().insert(header::CONTENT_TYPE, content_type);
        response.headers_mut().remove(header::CONTENT_LENGTH);
        response
    }
}
