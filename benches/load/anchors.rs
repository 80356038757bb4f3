//! The named peers of the load benchmark, one process: a bare axum hello, and a bare axum
//! endpoint with the same JSON in and out as `POST /v1/decide/{component}` and one HS256
//! verification by jsonwebtoken. Built as an example, so that it never ships.
//!
//! `anchors ADDRESS SECRET_FILE`

use std::borrow::Cow;
use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
struct Ask<'a> {
    #[serde(borrow)]
    token: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
    exp: i64,
    permissions: Vec<String>,
    token_type: String,
}

#[derive(Serialize)]
struct Answer {
    decision: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scopes: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<i64>,
    served_by: &'static str,
    request_id: String,
}

struct Keys {
    decoding: DecodingKey,
    validation: Validation,
}

async fn verify(State(keys): State<Arc<Keys>>, body: axum::body::Bytes) -> Response {
    let Ok(ask) = serde_json::from_slice::<Ask<'_>>(&body) else {
        return axum::http::StatusCode::BAD_REQUEST.into_response();
    };
    #[expect(clippy::disallowed_methods, reason = "this is the bare peer")]
    let decoded = jsonwebtoken::decode::<Claims>(&*ask.token, &keys.decoding, &keys.validation);
    let claims = decoded.ok().map(|data| data.claims);
    let decision = if claims.is_some() { "allow" } else { "deny" };
    let (subject, scopes, token_type, expires_at) = match claims {
        Some(claims) => {
            (Some(claims.sub), Some(claims.permissions), Some(claims.token_type), Some(claims.exp))
        }
        None => (None, None, None, None),
    };
    Json(Answer {
        decision,
        subject,
        scopes,
        token_type,
        expires_at,
        served_by: "ssot",
        request_id: "00000000-0000000000".to_owned(),
    })
    .into_response()
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    crossfade::authority::install_crypto();
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next().ok_or("an address is missing")?;
    let secret = std::fs::read_to_string(arguments.next().ok_or("a secret file is missing")?)?;
    let mut validation = Validation::new(Algorithm::HS256);
    validation.leeway = 0;
    validation.set_issuer(&["netra-auth-service"]);
    validation.set_audience(&["netra-platform"]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    let keys = Keys { decoding: DecodingKey::from_secret(secret.trim().as_bytes()), validation };
    let router = Router::new()
        .route("/hello", get(|| async { "hello" }))
        .route("/verify", post(verify))
        .with_state(Arc::new(keys));
    let listener = tokio::net::TcpListener::bind(address).await?;
    axum::serve(listener, router).await?;
    Ok(())
}
