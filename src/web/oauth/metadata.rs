//! `/.well-known/oauth-authorization-server` (RFC 8414) and `/.well-known/jwks.json` (RFC 7517).

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::authority::Authority;
use crate::web::Rooms;

/// What the authority can do, and where.
#[utoipa::path(get, path = "/.well-known/oauth-authorization-server", tag = "oauth",
    responses((status = 200, description = "Metadata (RFC 8414 §2)", body = Object)))]
pub(in crate::web) async fn metadata(State(rooms): State<Arc<Rooms>>) -> Response {
    cached(Json(document(&rooms)).into_response())
}

fn document(rooms: &Rooms) -> Value {
    let url = &rooms.doors.url;
    let authenticated = ["client_secret_basic", "client_secret_post"];
    json!({
        "issuer": rooms.authority.issuer(),
        "token_endpoint": format!("{url}/oauth/token"),
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
        "grant_types_supported": ["client_credentials", "refresh_token"],
        "response_types_supported": [],
        "jwks_uri": format!("{url}/.well-known/jwks.json"),
        "introspection_endpoint": format!("{url}/oauth/introspect"),
        "introspection_endpoint_auth_methods_supported": authenticated,
        "revocation_endpoint": format!("{url}/oauth/revoke"),
        "revocation_endpoint_auth_methods_supported": authenticated,
    })
}

/// The public keys: those that sign, those that will, and those whose tokens still live.
#[utoipa::path(get, path = "/.well-known/jwks.json", tag = "oauth",
    responses((status = 200, description = "A JWK set", body = Object, content_type = "application/jwk-set+json"),
              (status = 304, description = "As the caller has it")))]
pub(in crate::web) async fn jwks(State(rooms): State<Arc<Rooms>>, headers: HeaderMap) -> Response {
    let keys = rooms.authority.jwks();
    let tag = format!("\"{}\"", rooms.authority.fingerprint_key().of_text(&keys));
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let mut response = if known.is_some_and(|known| known.split(',').any(|one| one.trim() == tag)) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        keys.to_string().into_response()
    };
    let fields = response.headers_mut();
    fields.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/jwk-set+json"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        fields.insert(header::ETAG, tag);
    }
    cached(response)
}

fn cached(mut response: Response) -> Response {
    let age = format!("public, max-age={}", Authority::JWKS_MAX_AGE_S);
    if let Ok(age) = HeaderValue::from_str(&age) {
        response.headers_mut().insert(header::CACHE_CONTROL, age);
    }
    response
}
