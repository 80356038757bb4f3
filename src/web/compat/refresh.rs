//! `/auth/refresh`.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;

use super::body::{detail, ok, read};
use crate::authority::{Client, ClientGrant};
use crate::domain::{Operation, Outcome, RefreshOrder, Token, TokenForm};
use crate::web::oauth::token as oauth;
use crate::web::{Problem, Rooms};

/// The refresh token, under any of the three names that live clients use.
#[derive(Default, Deserialize)]
#[serde(default)]
struct RefreshBody {
    refresh_token: Option<String>,
    #[serde(rename = "refreshToken")]
    camel_case: Option<String>,
    token: Option<String>,
}

/// The next pair of tokens. Send an `Idempotency-Key` that stays the same when the request is
/// repeated.
#[utoipa::path(post, path = "/auth/refresh", tag = "compatible",
    request_body = Object,
    responses((status = 200, description = "The next pair of tokens", body = Object),
              (status = 401, description = "The refresh token is not good, or no longer", body = Object),
              (status = 422, description = "No refresh token", body = Object),
              crate::web::answers::DoorRefused))]
pub(in crate::web) async fn refresh(
    State(rooms): State<Arc<Rooms>>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    rooms.pace_data(&parts.extensions, &parts.headers).map_err(|refusal| rooms.refused(refusal))?;
    let body = read::<RefreshBody>(body).await?.unwrap_or_default();
    let sent = body.refresh_token.or(body.camel_case).or(body.token);
    let Some(token) = sent.filter(|token| !token.is_empty()) else {
        return Ok(detail(StatusCode::UNPROCESSABLE_ENTITY, "refresh_token field is required"));
    };
    let client = rooms.client_if_any(&parts.headers, None);
    let may = |client: &Arc<Client>| client.may(ClientGrant::RefreshToken);
    let Some(client) = client.ok().filter(|client| client.as_ref().is_none_or(may)) else {
        return Ok(detail(StatusCode::UNAUTHORIZED, "Invalid service credentials"));
    };
    let order = RefreshOrder {
        token: Token::new(&token),
        client: client.map(|client| client.name.to_string()),
        idempotency_key: oauth::idempotency_key(&parts.headers)?,
        scopes: None,
        form: TokenForm::default(),
    };
    let network = rooms.network_at_door(&parts.extensions, &parts.headers);
    let operated = rooms.operate("refresh", Operation::Refresh(order), network).await?;
    let response = match &operated.outcome {
        Outcome::Done(made) => ok(&json!({
            "access_token": made.access.reveal(),
            "refresh_token": made.refresh.as_ref().map(Token::reveal),
            "token_type": "Bearer",
            "expires_in": made.expires_in_s,
        })),
        Outcome::Denied(_) => detail(StatusCode::UNAUTHORIZED, "Invalid refresh token"),
    };
    Ok(operated.told(&rooms, &parts.headers, response))
}
