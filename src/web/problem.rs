//! What a caller is told when a request cannot be answered: RFC 9457 problem details.
//!
//! The only place that turns a room's error into a status code. Texts of the rooms below go to
//! the log, not to the caller, unless they were written for the caller.

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::access::{AccessError, Refusal};
use crate::domain::{RequestId, Revision};
use crate::flags::{FlagsError, MoveRefusal, RolloutRefusal};
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
    pointer: Option<String>,
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
    /// Where in the body it is, as a JSON pointer (RFC 6901).
    #[serde(skip_serializing_if = "Option::is_none")]
    pointer: Option<String>,
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
            pointer: None,
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

    /// 401 with its challenge (RFC 9110 §15.5.2).
    fn unauthorized(
        code: &'static str,
        title: &'static str,
        detail: impl Into<String>,
        challenge: &'static str,
    ) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, code, title, detail)
            .with_header(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge))
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
    pub(super) fn with_pointer(mut self, pointer: String) -> Self {
        self.0.pointer = Some(pointer);
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

    /// What was wrong, where, and what to do.
    pub(super) fn detail(&self) -> &str {
        &self.0.detail
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
            pointer: parts.pointer,
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
            ShadowError::MakesNoTokens(_) => Self::new(
                StatusCode::CONFLICT,
                "makes-no-tokens",
                "Makes no tokens",
                error.to_string(),
            ),
            ShadowError::NotRevoked { .. } => {
                tracing::error!(%error, "a revocation is not kept on both sides");
                Self::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "not-revoked",
                    "Not revoked everywhere",
                    "one side could not keep the revocation; send it again",
                )
            }
        }
    }
}

impl From<FlagsError> for Problem {
    fn from(error: FlagsError) -> Self {
        let text = error.to_string();
        match error {
            FlagsError::UnknownComponent(_)
            | FlagsError::UnknownIssuer(_)
            | FlagsError::UnknownLine { .. } => Self::not_found(text),
            FlagsError::UnknownSegment(_)
            | FlagsError::SegmentFaulty(_)
            | FlagsError::ImportTooLarge
            | FlagsError::NotAllowed(MoveRefusal::Setting { .. }) => Self::unprocessable(text),
            FlagsError::SegmentExists { current, .. }
            | FlagsError::SegmentConflict { current, .. } => Self::new(
                StatusCode::PRECONDITION_FAILED,
                "conflict",
                "Somebody was faster",
                format!("{text}; read the segment again and repeat the change with its new ETag"),
            )
            .with_revision(current),
            FlagsError::SegmentsFull
            | FlagsError::SegmentTargeted { .. }
            | FlagsError::SegmentHeld { .. } => {
                Self::new(StatusCode::CONFLICT, "not-allowed", "The segment stays", text)
            }
            FlagsError::Conflict { current } => Self::new(
                StatusCode::PRECONDITION_FAILED,
                "conflict",
                "Somebody was faster",
                format!("{text}; read the flag again and repeat the change with its new ETag"),
            )
            .with_revision(current),
            FlagsError::NotAllowed(MoveRefusal::NotCleared { .. }) => Self::new(
                StatusCode::CONFLICT,
                "not-cleared",
                "The guard does not clear it",
                format!("{text}; GET /v1/flags/{{component}}/guard tells all it has seen"),
            ),
            FlagsError::NotAllowed(MoveRefusal::WouldSignOut { .. }) => Self::new(
                StatusCode::CONFLICT,
                "signs-out",
                "A rollback would sign people out",
                format!("{text}. GET /v1/matrix tells all that was seen"),
            ),
            FlagsError::NotAllowed(_) | FlagsError::ImportRefused(_) => {
                Self::new(StatusCode::CONFLICT, "not-allowed", "The flag does not move", text)
            }
            FlagsError::NotDurable { .. } | FlagsError::PolicyNotDurable { .. } => {
                tracing::error!(error = text, "a change of the flag table is not durable");
                Self::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "not-durable",
                    "Not on disk",
                    "the disk refused the change; a lowered exposure holds in memory until the \
                     process ends, a raised one did not happen; make room on the disk, then try again",
                )
            }
            FlagsError::Rollout(refusal) => refusal.into(),
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
                    "the flag table could not be read or written; the log has the reason: look \
                     there and at the disk, then try again",
                )
            }
        }
    }
}

impl From<RolloutRefusal> for Problem {
    fn from(refusal: RolloutRefusal) -> Self {
        use RolloutRefusal as Is;
        let detail = refusal.to_string();
        let with = |status, code, title| Self::new(status, code, title, detail.clone());
        match refusal {
            Is::NoPlan(_) => Self::not_found(detail),
            Is::IsThere { current } | Is::Changed { current } => {
                let title = "Somebody was faster";
                with(StatusCode::PRECONDITION_FAILED, "conflict", title).with_revision(current)
            }
            Is::NoTemplate(_) | Is::Steps { .. } | Is::NoteMissing => Self::unprocessable(detail),
            Is::SamePerson { .. } => {
                with(StatusCode::FORBIDDEN, "same-person", "A second person is needed")
            }
            Is::NotAtTheStart { .. }
            | Is::BesideTheSteps { .. }
            | Is::Latched { .. }
            | Is::Held { .. }
            | Is::NotRunning { .. }
            | Is::NotPaused { .. }
            | Is::Over { .. }
            | Is::PausedAlready { .. }
            | Is::SkippedAlready
            | Is::NoApprovalDue
            | Is::ApprovedAlready { .. } => {
                with(StatusCode::CONFLICT, "not-allowed", "The plan does not do that")
            }
        }
    }
}

impl From<Refusal> for Problem {
    /// 401 to whoever may come back with other credentials, 403 to whoever need not.
    fn from(refusal: Refusal) -> Self {
        let detail = refusal.to_string();
        let forbidden = |code, title| Self::new(StatusCode::FORBIDDEN, code, title, detail.clone());
        let challenge = "Bearer realm=\"crossfade control\", error=\"invalid_token\"";
        let not_let_in = |code| Self::unauthorized(code, "Not let in", detail.clone(), challenge);
        match refusal {
            Refusal::NoCredentials => Self::unauthorized(
                "no-credentials",
                "Who are you?",
                "sign in, or send an API token as `Authorization: Bearer ...`",
                "Bearer realm=\"crossfade control\"",
            ),
            Refusal::Unknown => not_let_in("unknown"),
            Refusal::Expired => not_let_in("expired"),
            Refusal::WrongPassword => not_let_in("wrong-password"),
            Refusal::NotPermitted(_) => forbidden("not-permitted", "Not permitted"),
            Refusal::Stale => Self::new(
                StatusCode::FORBIDDEN,
                "stale",
                "Prove again who you are",
                "this takes a sign-in of the last minutes; give your password again and repeat it",
            ),
            Refusal::NeedsPerson => forbidden("needs-person", "A person does this"),
            Refusal::SamePerson => forbidden("same-person", "A second person is needed"),
            Refusal::Forged => forbidden("forged", "Not from a page of this session"),
            Refusal::ForeignIdentity => forbidden("foreign-identity", "Not let in"),
            Refusal::TooMany { retry_after_s } => {
                Self::new(StatusCode::TOO_MANY_REQUESTS, "too-many", "Too many requests", detail)
                    .with_header(header::RETRY_AFTER, HeaderValue::from(retry_after_s))
            }
            Refusal::LinkOver => {
                Self::new(StatusCode::GONE, "link-over", "The link is over", detail)
            }
        }
    }
}

impl From<AccessError> for Problem {
    fn from(error: AccessError) -> Self {
        let text = error.to_string();
        let conflict = |code, title| Self::new(StatusCode::CONFLICT, code, title, text.clone());
        match error {
            AccessError::Refused(refusal) => refusal.into(),
            AccessError::NameTaken(_) => conflict("name-taken", "The name is taken"),
            AccessError::LastAdmin(_) => conflict("last-admin", "An admin must remain"),
            AccessError::Full { .. } => conflict("full", "No room for more"),
            AccessError::ProposalOver => conflict("decided", "Decided or expired"),
            AccessError::NotFound(_) => Self::not_found(text),
            AccessError::BadPassword(_) => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "bad-password",
                "Another password, please",
                text,
            ),
            AccessError::Unusable(_) => Self::unprocessable(text),
            AccessError::Store(_) => {
                tracing::error!(error = text, "who may do what cannot be read or written");
                Self::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "store",
                    "The store failed",
                    "the change does not hold; the log has the reason",
                )
            }
            AccessError::Provider(_) => {
                tracing::error!(error = text, "nobody can sign in by the identity provider");
                Self::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "provider",
                    "The identity provider does not answer",
                    "try again later; the log has the reason",
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::{Name, Permission};

    fn status(problem: impl Into<Problem>) -> u16 {
        problem.into().status().as_u16()
    }

    #[test]
    fn whoever_is_not_known_gets_a_challenge_and_whoever_may_not_gets_none() {
        for refusal in [Refusal::NoCredentials, Refusal::Unknown, Refusal::Expired] {
            let answer = Problem::from(refusal).into_response();
            assert_eq!(answer.status(), 401, "{refusal:?}");
            assert!(answer.headers().contains_key(header::WWW_AUTHENTICATE), "{refusal:?}");
        }
        for refusal in [
            Refusal::NotPermitted(Permission::Raise),
            Refusal::Stale,
            Refusal::NeedsPerson,
            Refusal::SamePerson,
            Refusal::Forged,
        ] {
            let answer = Problem::from(refusal).into_response();
            assert_eq!(answer.status(), 403, "{refusal:?}");
            assert!(!answer.headers().contains_key(header::WWW_AUTHENTICATE), "{refusal:?}");
        }
    }

    #[test]
    fn whoever_comes_too_often_is_told_when_to_come_back() {
        let answer = Problem::from(Refusal::TooMany { retry_after_s: 7 }).into_response();
        assert_eq!(answer.status(), 429);
        assert_eq!(answer.headers()[header::RETRY_AFTER], "7");
    }

    #[test]
    fn what_does_not_fit_the_present_state_is_a_conflict() {
        let name = Name::parse("ada").expect("a name");
        assert_eq!(status(AccessError::NameTaken(name.clone())), 409);
        assert_eq!(status(AccessError::LastAdmin(name)), 409);
        assert_eq!(status(AccessError::Full { what: "tokens", max: 1 }), 409);
        assert_eq!(status(AccessError::ProposalOver), 409);
        assert_eq!(status(AccessError::Refused(Refusal::LinkOver)), 410);
        assert_eq!(status(AccessError::BadPassword("is short")), 422);
    }

    #[test]
    fn what_the_guard_does_not_clear_is_a_conflict_of_its_own_kind() {
        let why = "no certificate".to_owned();
        let problem = Problem::from(FlagsError::NotAllowed(MoveRefusal::NotCleared { why }));
        assert_eq!((problem.status().as_u16(), problem.0.code), (409, "not-cleared"));
        assert!(problem.detail().contains("no certificate"), "{}", problem.detail());
    }

    #[test]
    fn what_the_inside_says_is_not_quoted_to_the_caller() {
        let problem = Problem::from(AccessError::Provider("10.1.2.3 refused".to_owned()));
        assert_eq!(problem.status(), 503);
        assert!(!problem.0.detail.contains("10.1.2.3"), "{}", problem.0.detail);
    }
}
