//! Answers of the token endpoint and its neighbours (RFC 6749 §5).

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::domain::{Performed, Token};
use crate::web::client::NotLetIn;
use crate::web::session::uncached;

/// 200 with a body that nobody keeps.
pub(super) fn ok(body: &Value) -> Response {
    uncached(Json(body).into_response())
}

/// 400 with one of the codes of RFC 6749 §5.2.
pub(super) fn refused(error: &'static str, description: &str) -> Response {
    let body = json!({ "error": error, "error_description": description });
    uncached((StatusCode::BAD_REQUEST, Json(body)).into_response())
}

/// 401 `invalid_client`, or 403 for a client that may not do this.
pub(super) fn not_let_in(why: NotLetIn) -> Response {
    let (status, error, description) = match why {
        NotLetIn::Nobody => (StatusCode::UNAUTHORIZED, "invalid_client", "no client was named"),
        NotLetIn::TwoWays => {
            let text = "a client shows its secret in one way that can be read, not in two";
            return refused("invalid_request", text);
        }
        NotLetIn::Wrong => {
            (StatusCode::UNAUTHORIZED, "invalid_client", "unknown client, or another secret")
        }
        NotLetIn::NotForThis => {
            (StatusCode::FORBIDDEN, "unauthorized_client", "the client lacks the grant for this")
        }
    };
    let body = json!({ "error": error, "error_description": description });
    let mut response = uncached((status, Json(body)).into_response());
    if status == StatusCode::UNAUTHORIZED {
        let challenge = HeaderValue::from_static("Basic realm=\"crossfade\"");
        response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    }
    response
}

/// A pair of tokens (RFC 6749 §5.1).
pub(super) fn pair(made: &Performed) -> Response {
    let scope = made.grant.scopes.as_ref().map(ToString::to_string);
    let mut body = json!({
        "access_token": made.access.reveal(),
        "token_type": "Bearer",
        "expires_in": made.expires_in_s,
        "scope": scope.unwrap_or_default(),
    });
    if let Some(refresh) = made.refresh.as_ref().map(Token::reveal) {
        body["refresh_token"] = refresh.into();
    }
    ok(&body)
}
