//! `/v1/tokens`: what machines show.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::words;
use crate::access::TokenView;
use crate::domain::Timestamp;
use crate::web::answers::{BodyRefused, NamedRefused, Refused};
use crate::web::api_json::take_json;
use crate::web::guard::Granted;
use crate::web::named::Named;
use crate::web::{Problem, Rooms};

/// A token lives this long when nobody says how long.
const USUAL: Duration = Duration::from_hours(24 * 90);

/// All API tokens.
#[derive(Serialize, ToSchema)]
pub struct TokenList {
    /// In the order of their names.
    tokens: Vec<TokenRow>,
}

/// One API token, without the token.
#[derive(Serialize, ToSchema)]
pub struct TokenRow {
    /// Stands in the history as `token:NAME`.
    name: String,
    /// What it is for.
    scopes: Vec<&'static str>,
    /// By whom.
    made_by: String,
    /// When.
    #[schema(value_type = String)]
    made_at: Timestamp,
    /// Until when; only tokens of the configuration may be without an end.
    #[schema(value_type = Option<String>)]
    expires_at: Option<Timestamp>,
    /// Its last use, to the minute.
    #[schema(value_type = Option<String>)]
    last_used: Option<Timestamp>,
    /// True when it is one of the configuration, and revoked there.
    configured: bool,
}

/// A new API token.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenWish {
    /// 1 to 64 of `a-z`, `0-9`, `.`, `_`, `-` and `@`.
    name: String,
    /// What it is for: of `read`, `roll_back`, `raise`, `admin`; or of `evaluate`, `decide`,
    /// `publish`, `observe`. Not of both.
    scopes: Vec<String>,
    /// How long, in seconds, at most 400 days; 90 days when left out.
    valid_for_s: Option<u64>,
}

/// A new API token, shown this once.
#[derive(Serialize, ToSchema)]
pub struct MadeToken {
    /// The token.
    token: String,
    /// All that is known of it.
    #[serde(flatten)]
    row: TokenRow,
}

// Needs: Read.
/// All API tokens, without the tokens themselves.
#[utoipa::path(get, path = "/v1/tokens", tag = "access", security(("control" = [])),
    responses((status = 200, description = "The tokens", body = TokenList), Refused))]
pub async fn list(State(rooms): State<Arc<Rooms>>) -> Json<TokenList> {
    let mut tokens: Vec<_> = rooms.access.tokens.list().iter().map(row).collect();
    tokens.sort_by(|a, b| a.name.cmp(&b.name));
    Json(TokenList { tokens })
}

// Needs: Administer.
/// Makes an API token; the answer is the only place that ever shows it.
#[utoipa::path(post, path = "/v1/tokens", tag = "access", security(("control" = [])),
    request_body = TokenWish,
    responses((status = 201, description = "Made, and on disk", body = MadeToken), BodyRefused))]
pub async fn make(
    State(rooms): State<Arc<Rooms>>,
    Granted(pass): Granted,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<MadeToken>), Problem> {
    let wish: TokenWish = take_json(&headers, body).await?;
    let (name, scopes) = (words::name(&wish.name)?, words::scopes(&wish.scopes)?);
    let valid_for = wish.valid_for_s.map_or(Ok(USUAL), words::span)?;
    let expires_at = rooms.clock.now().plus(valid_for);
    let made = rooms.access.tokens.make(&pass, name, scopes, expires_at).await;
    let made = rooms.counted(made)?;
    let token = made.secret.reveal().to_owned();
    Ok((StatusCode::CREATED, Json(MadeToken { token, row: row(&made.view) })))
}

// Needs: Administer.
/// Revokes an API token; the next request with it is refused.
#[utoipa::path(delete, path = "/v1/tokens/{name}", tag = "access", security(("control" = [])),
    params(("name" = String, Path, description = "The token's name")),
    responses((status = 204, description = "Revoked, and on disk"),
              (status = 422, description = "It is one of the configuration: remove it there",
               body = crate::web::problem::ProblemBody), NamedRefused))]
pub async fn revoke(
    State(rooms): State<Arc<Rooms>>,
    Named(name): Named,
    Granted(pass): Granted,
) -> Result<StatusCode, Problem> {
    rooms.counted(rooms.access.tokens.revoke(&pass, &words::named(&name)?).await)?;
    Ok(StatusCode::NO_CONTENT)
}

fn row(token: &TokenView) -> TokenRow {
    TokenRow {
        name: token.name.to_string(),
        scopes: token.scopes.as_slice().iter().map(|scope| scope.as_str()).collect(),
        made_by: token.made_by.clone(),
        made_at: token.made_at,
        expires_at: token.expires_at,
        last_used: token.last_used,
        configured: token.configured,
    }
}
