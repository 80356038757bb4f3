//! `/api/v1/jwt/*`: the same questions for services.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};

use super::body::{detail, email, iso, ok, permissions, read, subject};
use super::validate::{ask, is_blacklisted};
use crate::authority::ClientGrant;
use crate::domain::{ClientNetwork, Decision, Grant, Jws, Revocation, Timestamp, Token, TokenType};
use crate::web::client::NotLetIn;
use crate::web::doors::bare;
use crate::web::{Problem, Rooms};

/// Most tokens of one batch.
const BATCH_MAX: usize = 100;

/// A question.
#[derive(Deserialize)]
pub(in crate::web) struct JwtBody {
    token: String,
    #[serde(default = "access")]
    token_type: String,
    #[serde(default = "yes")]
    include_user_context: bool,
}

/// Up to a hundred questions.
#[derive(Deserialize)]
pub(in crate::web) struct BatchBody {
    #[serde(default)]
    tokens: Vec<Value>,
    #[serde(default = "access")]
    token_type: String,
    #[serde(default = "yes")]
    include_user_context: bool,
}

#[derive(Deserialize)]
struct OneToken {
    #[serde(default)]
    token: String,
}

fn access() -> String {
    "access".to_owned()
}

const fn yes() -> bool {
    true
}

/// Is this token, of this kind, good?
#[utoipa::path(post, path = "/api/v1/jwt/validate", tag = "compatible",
    request_body = Object,
    responses((status = 200, description = "`valid`, and who; or `error`", body = Object),
              (status = 422, description = "No token", body = Object),
              crate::web::answers::DoorRefused))]
pub(in crate::web) async fn jwt_validate(
    State(rooms): State<Arc<Rooms>>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let network = rooms.admit_asker(&parts.extensions, &parts.headers)?;
    let Some(body) = read::<JwtBody>(body).await? else {
        return Ok(detail(StatusCode::UNPROCESSABLE_ENTITY, "token: Field required"));
    };
    let kind = TokenType::parse(&body.token_type);
    Ok(ok(&one(&rooms, (&body.token, network), kind, body.include_user_context).await?))
}

/// Up to a hundred of them, answered in their order.
#[utoipa::path(post, path = "/api/v1/jwt/validate-batch", tag = "compatible",
    request_body = Object,
    responses((status = 200, description = "`results`, `valid_count`, `invalid_count`; or `error`", body = Object),
              crate::web::answers::DoorRefused))]
pub(in crate::web) async fn jwt_validate_batch(
    State(rooms): State<Arc<Rooms>>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let network = rooms.admit_asker(&parts.extensions, &parts.headers)?;
    let Some(body) = read::<BatchBody>(body).await? else {
        return Ok(ok(&no_batch("batch_processing_error")));
    };
    if body.tokens.is_empty() {
        return Ok(ok(&no_batch("tokens_array_required")));
    }
    if body.tokens.len() > BATCH_MAX {
        return Ok(ok(&no_batch("too_many_tokens_max_100")));
    }
    let kind = TokenType::parse(&body.token_type);
    let mut results = Vec::with_capacity(body.tokens.len());
    for (place, token) in body.tokens.iter().enumerate() {
        if place > 0 {
            // Each is a question of its own to whoever asks too much.
            let paced = rooms.pace_data(&parts.extensions, &parts.headers);
            paced.map_err(|refusal| rooms.refused(refusal))?;
        }
        let mut result = match token.as_str() {
            Some(token) => one(&rooms, (token, network), kind, body.include_user_context).await?,
            None => refused("individual_validation_error", rooms.clock.now()),
        };
        result["token_index"] = place.into();
        results.push(result);
    }
    let valid = results.iter().filter(|result| result["valid"] == true).count();
    Ok(ok(&json!({
        "valid_count": valid,
        "invalid_count": results.len() - valid,
        "total_processed": results.len(),
        "results": results,
        "batch_timestamp": iso(rooms.clock.now()),
    })))
}

fn no_batch(error: &str) -> Value {
    json!({ "valid_count": 0, "invalid_count": 0, "results": [], "error": error })
}

/// A kind that nobody knows is held by no token.
async fn one(
    rooms: &Rooms,
    (token, network): (&str, Option<ClientNetwork>),
    kind: Option<TokenType>,
    with_context: bool,
) -> Result<Value, Problem> {
    let Some(kind) = kind else {
        return Ok(refused("invalid_or_expired_token", rooms.clock.now()));
    };
    let asked = ask(rooms, "jwt_validate", (bare(token), network), Some(kind)).await?;
    let now = rooms.clock.now();
    Ok(match &asked.decision {
        Decision::Allow(grant) if with_context => context(grant, token, now),
        Decision::Allow(_) => json!({ "valid": true, "validation_timestamp": iso(now) }),
        Decision::Deny(_) => refused("invalid_or_expired_token", now),
    })
}

fn refused(error: &str, now: Timestamp) -> Value {
    json!({ "valid": false, "error": error, "validation_timestamp": iso(now) })
}

fn context(grant: &Grant, token: &str, now: Timestamp) -> Value {
    json!({
        "valid": true,
        "user_id": subject(grant),
        "email": email(grant),
        "permissions": permissions(grant),
        "token_type": grant.token_type.map(TokenType::as_str),
        "expires_at": grant.expires_at.map(iso),
        "issued_at": issued_at(token).map(iso),
        "validation_timestamp": iso(now),
    })
}

/// The `iat` of a token that was let in.
fn issued_at(token: &str) -> Option<Timestamp> {
    let claims = Jws::decode(&Token::new(token)).ok()?.claims.ok()?;
    Timestamp::from_seconds_f64(claims.get("iat")?.as_f64()?)
}

/// Is this token revoked?
#[utoipa::path(post, path = "/api/v1/jwt/check-blacklist", tag = "compatible",
    request_body = Object,
    responses((status = 200, description = "`blacklisted`", body = Object),
              crate::web::answers::DoorRefused))]
pub(in crate::web) async fn jwt_check_blacklist(
    State(rooms): State<Arc<Rooms>>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let network = rooms.admit_asker(&parts.extensions, &parts.headers)?;
    let body = read::<OneToken>(body).await?.filter(|body| !body.token.is_empty());
    let Some(body) = body else {
        return Ok(ok(&json!({ "blacklisted": false, "error": "token_required" })));
    };
    let blacklisted = is_blacklisted(&rooms, &body.token, network).await?;
    let at = iso(rooms.clock.now());
    Ok(ok(&json!({ "blacklisted": blacklisted, "check_timestamp": at })))
}

/// Revokes a token, at both sides. The original lets anybody do it; here a client with the grant
/// `revoke` does.
#[utoipa::path(post, path = "/api/v1/jwt/blacklist-token", tag = "compatible",
    security(("client" = [])),
    request_body = Object,
    responses((status = 200, description = "`success`", body = Object),
              (status = 401, description = "No client, or another secret", body = Object),
              (status = 403, description = "The client may not revoke", body = Object),
              crate::web::answers::DoorRefused))]
pub(in crate::web) async fn blacklist_token(
    State(rooms): State<Arc<Rooms>>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    rooms.pace_data(&parts.extensions, &parts.headers).map_err(|refusal| rooms.refused(refusal))?;
    match rooms.client_for(&parts.headers, None, ClientGrant::Revoke) {
        Ok(_) => {}
        Err(NotLetIn::NotForThis) => {
            return Ok(detail(StatusCode::FORBIDDEN, "This client may not revoke"));
        }
        Err(NotLetIn::Nobody | NotLetIn::TwoWays | NotLetIn::Wrong) => {
            return Ok(detail(StatusCode::UNAUTHORIZED, "Invalid service credentials"));
        }
    }
    let body = read::<OneToken>(body).await?.filter(|body| !body.token.is_empty());
    let Some(body) = body else {
        return Ok(ok(&json!({ "success": false, "error": "token_required" })));
    };
    let done = rooms.revoke(Revocation::Token(Token::new(&body.token))).await?;
    let at = iso(rooms.clock.now());
    Ok(ok(&json!({ "success": done.effective, "blacklist_timestamp": at })))
}
