//! `/auth/service-token`.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;

use super::body::{detail, ok, read};
use crate::access::Secret;
use crate::authority::ClientGrant;
use crate::web::oauth::token as oauth;
use crate::web::{Problem, Rooms};

#[derive(Default, Deserialize)]
#[serde(default)]
struct ServiceBody {
    service_id: String,
    service_secret: String,
}

/// A token for a service, for a client with the grant `client_credentials`.
#[utoipa::path(post, path = "/auth/service-token", tag = "compatible",
    request_body = Object,
    responses((status = 200, description = "`access_token`, `token_type`, `expires_in`", body = Object),
              (status = 401, description = "Not such a client, or another secret", body = Object),
              (status = 422, description = "No service, or no secret", body = Object),
              crate::web::answers::DoorRefused))]
pub(in crate::web) async fn service_token(
    State(rooms): State<Arc<Rooms>>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    rooms.pace_data(&parts.extensions, &parts.headers).map_err(|refusal| rooms.refused(refusal))?;
    let body = read::<ServiceBody>(body).await?.unwrap_or_default();
    let secret = Secret::new(&body.service_secret);
    if body.service_id.is_empty() || secret.reveal().is_empty() {
        let text = "Service ID and secret are required";
        return Ok(detail(StatusCode::UNPROCESSABLE_ENTITY, text));
    }
    let client = rooms.authority.client(&body.service_id, secret.reveal()).ok();
    let Some(client) = client.filter(|client| client.may(ClientGrant::ClientCredentials)) else {
        return Ok(detail(StatusCode::UNAUTHORIZED, "Invalid service credentials"));
    };
    let made = oauth::service_token(&rooms, &client, None)?;
    Ok(ok(&json!({
        "access_token": made.token.reveal(),
        "token_type": "Bearer",
        "expires_in": oauth::seconds_left(&rooms, made.expires_at),
    })))
}
