//! `/auth/validate`, `/auth/verify`, `/auth/validate-service-token`, `/auth/check-blacklist`.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};

use super::body::{email, iso, no, ok, permissions, read, subject};
use crate::domain::{
    ClientNetwork, Credentials, Decision, Denial, Grant, Presented, Reason, ReasonClass, TokenType,
};
use crate::web::client::{NotLetIn, shown};
use crate::web::doors::{Asked, DenyStatus, bare, kind_beside_access, request_credentials};
use crate::web::{Problem, Rooms};

/// The body of all four.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(in crate::web) struct TokenBody {
    token: Option<String>,
    access_token: Option<String>,
    service_name: Option<String>,
}

impl TokenBody {
    fn token(self) -> Option<String> {
        self.token.or(self.access_token).filter(|token| !token.is_empty())
    }
}

/// Is this token good, and whose is it? Always 200, unless nobody can tell.
#[utoipa::path(post, path = "/auth/validate", tag = "compatible",
    request_body = Object,
    responses((status = 200, description = "`valid`, and who; or `error` and `message`", body = Object),
              crate::web::answers::DoorRefused))]
pub(in crate::web) async fn validate(
    State(rooms): State<Arc<Rooms>>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let network = rooms.admit_asker(&parts.extensions, &parts.headers)?;
    if let Some(answer) = refuse_service(&rooms, &parts.headers, "valid") {
        return Ok(answer);
    }
    let Some(body) = read::<TokenBody>(body).await? else {
        return Ok(no("valid", "invalid_request", "Invalid request format"));
    };
    let Some(token) = body.token.filter(|token| !token.is_empty()) else {
        return Ok(no("valid", "missing_token", "Token is required"));
    };
    let asked = ask(&rooms, "validate", (bare(&token), network), None).await?;
    Ok(match &asked.decision {
        Decision::Allow(grant) => ok(&json!({
            "valid": true,
            "user_id": subject(grant),
            "email": email(grant),
            "permissions": permissions(grant),
            "expires_at": grant.expires_at.map(iso),
        })),
        Decision::Deny(_) => no("valid", "invalid_token", "Invalid or expired token"),
    })
}

/// The same for whoever sends the token in `Authorization` or in a body.
#[utoipa::path(post, path = "/auth/verify", tag = "compatible",
    request_body = Object,
    responses((status = 200, description = "`valid`, and who; or `error`", body = Object),
              crate::web::answers::DoorRefused))]
pub(in crate::web) async fn verify(
    State(rooms): State<Arc<Rooms>>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let network = rooms.admit_asker(&parts.extensions, &parts.headers)?;
    let in_body = if parts.method == Method::POST {
        read::<TokenBody>(body).await?.and_then(TokenBody::token)
    } else {
        None
    };
    let Some(credentials) = credentials(&parts, in_body) else {
        let error = "No token provided in Authorization header or request body";
        return Ok(ok(&json!({ "valid": false, "error": error })));
    };
    let asked = ask(&rooms, "verify", (credentials, network), None).await?;
    Ok(match &asked.decision {
        Decision::Allow(grant) => ok(&verified(grant)),
        Decision::Deny(_) => ok(&json!({ "valid": false, "error": "Invalid or expired token" })),
    })
}

/// The header's token goes before the body's, as in the original.
fn credentials(parts: &Parts, in_body: Option<String>) -> Option<Credentials> {
    let of_request = request_credentials(&parts.headers);
    match of_request.presented() {
        Presented::Nothing => in_body.map(|token| bare(&token)),
        Presented::Conflict | Presented::Opaque(..) | Presented::Jws(..) => Some(of_request),
    }
}

fn verified(grant: &Grant) -> Value {
    let mut body = json!({ "valid": true, "user_id": subject(grant), "email": email(grant) });
    if let Some(expires_at) = grant.expires_at {
        body["exp"] = iso(expires_at).into();
    }
    let permissions = permissions(grant);
    if !permissions.is_empty() {
        body["permissions"] = permissions.into();
    }
    body
}

/// Is this a service's token? The original never says yes; this does.
#[utoipa::path(post, path = "/auth/validate-service-token", tag = "compatible",
    request_body = Object,
    responses((status = 200, description = "`valid`, and which service; or `error` and `message`", body = Object),
              crate::web::answers::DoorRefused))]
pub(in crate::web) async fn validate_service_token(
    State(rooms): State<Arc<Rooms>>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let network = rooms.admit_asker(&parts.extensions, &parts.headers)?;
    let Some(body) = read::<TokenBody>(body).await? else {
        return Ok(no("valid", "invalid_request", "Invalid request format"));
    };
    let Some(token) = body.token.filter(|token| !token.is_empty()) else {
        return Ok(no("valid", "missing_token", "Token is required"));
    };
    let wanted = Some(TokenType::Service);
    let about = (bare(&token), network);
    let asked = ask(&rooms, "validate_service_token", about, wanted).await?;
    Ok(match &asked.decision {
        Decision::Allow(grant) if grant.token_type != Some(TokenType::Service) => not_a_service(),
        Decision::Allow(grant) => {
            let service = subject(grant);
            ok(&json!({
                "valid": true,
                "service_id": service,
                "service_name": body.service_name.as_deref().or(service),
                "permissions": permissions(grant),
                "expires_at": grant.expires_at.map(iso),
            }))
        }
        Decision::Deny(Denial { reason: Reason::TokenType, .. }) => not_a_service(),
        Decision::Deny(_) => no("valid", "invalid_token", "Invalid or expired token"),
    })
}

fn not_a_service() -> Response {
    no("valid", "not_service_token", "Token is not a service token")
}

/// Is this token revoked?
#[utoipa::path(post, path = "/auth/check-blacklist", tag = "compatible",
    request_body = Object,
    responses((status = 200, description = "`blacklisted`, and `status`", body = Object),
              crate::web::answers::DoorRefused))]
pub(in crate::web) async fn check_blacklist(
    State(rooms): State<Arc<Rooms>>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let network = rooms.admit_asker(&parts.extensions, &parts.headers)?;
    if let Some(answer) = refuse_service(&rooms, &parts.headers, "blacklisted") {
        return Ok(answer);
    }
    let Some(body) = read::<TokenBody>(body).await? else {
        return Ok(no("blacklisted", "invalid_request", "Invalid request format"));
    };
    let Some(token) = body.token.filter(|token| !token.is_empty()) else {
        return Ok(no("blacklisted", "missing_token", "Token is required"));
    };
    let blacklisted = is_blacklisted(&rooms, &token, network).await?;
    let status = if blacklisted { "blacklisted" } else { "valid" };
    Ok(ok(&json!({ "blacklisted": blacklisted, "status": status })))
}

/// True for a token that is refused because it was revoked. One that is refused for another
/// reason is not on any list.
pub(super) async fn is_blacklisted(
    rooms: &Rooms,
    token: &str,
    network: Option<ClientNetwork>,
) -> Result<bool, Problem> {
    let credentials = bare(token);
    let kind = kind_beside_access(&credentials);
    let asked = ask(rooms, "check_blacklist", (credentials, network), kind).await?;
    Ok(match asked.decision {
        Decision::Allow(_) => false,
        Decision::Deny(denial) => denial.reason.class() == ReasonClass::Revocation,
    })
}

/// Deny or allow, both are a 200 here.
pub(super) async fn ask(
    rooms: &Rooms,
    route: &'static str,
    about: (Credentials, Option<ClientNetwork>),
    wanted: Option<TokenType>,
) -> Result<Asked, Problem> {
    rooms.ask(route, &rooms.doors.component, about, wanted, DenyStatus(StatusCode::OK)).await
}

/// Service headers are optional, but wrong ones are refused in the original's words. Which of the
/// two is wrong stays untold.
fn refuse_service(rooms: &Rooms, headers: &HeaderMap, member: &str) -> Option<Response> {
    shown(headers)?;
    match rooms.client_if_any(headers, None) {
        Ok(_) => None,
        Err(NotLetIn::Nobody | NotLetIn::TwoWays | NotLetIn::Wrong | NotLetIn::NotForThis) => {
            Some(no(member, "invalid_service_secret", "Invalid service secret"))
        }
    }
}
