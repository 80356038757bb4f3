//! `/v1/keys`: the keys that sign and verify, without what must stay secret.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::words;
use crate::access::{AccessEvent, Pass};
use crate::authority::{Algorithm, Authority, AuthorityError, KeySource, KeyView};
use crate::domain::Timestamp;
use crate::web::answers::{BodyRefused, NamedBodyRefused, NamedRefused, Refused};
use crate::web::api_json::take_json;
use crate::web::guard::Granted;
use crate::web::named::Named;
use crate::web::{Problem, Rooms};

/// All keys.
#[derive(Serialize, ToSchema)]
pub struct KeyList {
    /// Configured ones first.
    keys: Vec<KeyRow>,
    /// How long the JWK set may be cached, in seconds.
    jwks_max_age_s: u32,
}

/// One key, without its private part.
#[derive(Serialize, ToSchema)]
#[expect(clippy::struct_excessive_bools, reason = "four independent answers about one key")]
pub struct KeyRow {
    /// The `kid` of its tokens.
    id: String,
    /// `HS256`, `RS256`, `PS256`, `ES256` or `EdDSA`.
    algorithm: &'static str,
    /// `next` (published, does not sign), `active`, `retiring` (verifies, does not sign) or
    /// `retired` (does not verify).
    state: &'static str,
    /// True when it is one of the configuration.
    configured: bool,
    /// True for the one that signs.
    signs: bool,
    /// True when its private part is at hand.
    private: bool,
    /// When it was made or imported.
    #[schema(value_type = Option<String>)]
    made_at: Option<Timestamp>,
    /// Since when it is published.
    #[schema(value_type = Option<String>)]
    published_at: Option<Timestamp>,
    /// Since when it signs or signed.
    #[schema(value_type = Option<String>)]
    active_at: Option<Timestamp>,
    /// Since when it signs no more.
    #[schema(value_type = Option<String>)]
    retiring_at: Option<Timestamp>,
    /// Until when it verifies.
    #[schema(value_type = Option<String>)]
    verifies_until: Option<Timestamp>,
    /// Since when it does not verify.
    #[schema(value_type = Option<String>)]
    retired_at: Option<Timestamp>,
    /// True when it was retired at once, with every token that it had signed.
    revoked: bool,
}

/// A key to be made or taken in: one of the two.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyWish {
    /// Make a key.
    generate: Option<KeyGeneration>,
    /// Take one in.
    import: Option<KeyImport>,
    /// Why, for the access log.
    #[serde(default)]
    note: String,
}

/// A key to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyGeneration {
    /// `HS256`, `RS256`, `PS256`, `ES256` or `EdDSA`.
    algorithm: String,
}

/// A key that somebody else made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyImport {
    /// `pem`, `jwk` (also a set) or `secret`.
    kind: String,
    /// Its id; a JWK has its own.
    id: Option<String>,
    /// What a PEM key is for.
    algorithm: Option<String>,
    /// The key itself.
    text: String,
}

/// The keys that were made or taken in.
#[derive(Serialize, ToSchema)]
pub struct MadeKeys {
    /// Usually one.
    keys: Vec<KeyRow>,
}

/// How to rotate.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyRotation {
    /// Also when caches of the JWK set may not know the next key yet.
    #[serde(default)]
    force: bool,
    /// Why, for the access log.
    note: String,
}

/// What came of a rotation.
#[derive(Serialize, ToSchema)]
pub struct RotatedKeys {
    /// The key that signs from now on.
    active: KeyRow,
    /// The keys that it relieves.
    retiring: Vec<KeyRow>,
}

/// How to retire a key.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyRetirement {
    /// It does not even verify any more: every token that it has signed is revoked.
    #[serde(default)]
    at_once: bool,
    /// Why, for the access log.
    note: String,
}

// Needs: Read.
/// All keys: configured ones, kept ones, and those that have retired.
#[utoipa::path(get, path = "/v1/keys", tag = "access", security(("control" = [])),
    responses((status = 200, description = "The keys", body = KeyList), Refused))]
pub async fn list(State(rooms): State<Arc<Rooms>>) -> Json<KeyList> {
    let mut keys = rooms.authority.keys();
    keys.sort_by_key(|key| (!key.configured, key.state, key.made_at));
    let jwks_max_age_s = Authority::JWKS_MAX_AGE_S;
    Json(KeyList { keys: keys.into_iter().map(row).collect(), jwks_max_age_s })
}

// Needs: Administer.
/// Makes a key or takes one in: published from now on, and signing after a rotation. A public key
/// never signs, and verifies until it is retired.
#[utoipa::path(post, path = "/v1/keys", tag = "access", security(("control" = [])),
    request_body = KeyWish,
    responses((status = 201, description = "Made, and on disk", body = MadeKeys), BodyRefused))]
pub async fn add(
    State(rooms): State<Arc<Rooms>>,
    Granted(pass): Granted,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<MadeKeys>), Problem> {
    let wish: KeyWish = take_json(&headers, body).await?;
    let note = words::note(&wish.note)?;
    let now = rooms.clock.now();
    let made = match (wish.generate, wish.import) {
        (Some(KeyGeneration { algorithm }), None) => {
            let algorithm = parsed(&algorithm)?;
            whole(async move {
                let made = rooms.authority.generate_key(algorithm, now).await?;
                note_made(&rooms, &pass, &made.id, false, &note).await;
                Ok(vec![made])
            })
            .await?
        }
        (None, Some(import)) => {
            let source = source(import)?;
            whole(async move {
                let made = rooms.authority.import_key(source, now).await?;
                for key in &made {
                    note_made(&rooms, &pass, &key.id, true, &note).await;
                }
                Ok(made)
            })
            .await?
        }
        (Some(_), Some(_)) | (None, None) => {
            return Err(Problem::unprocessable("send one of `generate` and `import`"));
        }
    };
    Ok((StatusCode::CREATED, Json(MadeKeys { keys: made.into_iter().map(row).collect() })))
}

// Needs: Administer.
/// Lets the oldest next key sign. Without one, makes it first; unless forced, it must have been
/// published for as long as caches may be old: 409 says from when on.
#[utoipa::path(post, path = "/v1/keys/rotate", tag = "access", security(("control" = [])),
    request_body = KeyRotation,
    responses((status = 200, description = "Done, and on disk", body = RotatedKeys), BodyRefused))]
pub async fn rotate(
    State(rooms): State<Arc<Rooms>>,
    Granted(pass): Granted,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<RotatedKeys>, Problem> {
    let KeyRotation { force, note } = take_json(&headers, body).await?;
    let note = words::note(&note)?;
    let now = rooms.clock.now();
    let rotated = whole(async move {
        let rotated = rooms.authority.rotate_keys(force, now).await;
        match &rotated {
            Ok(rotated) => {
                let active = rotated.active.id.clone();
                let retiring = rotated.retiring.iter().map(|key| key.id.clone()).collect();
                let event = AccessEvent::KeysRotated { active, retiring, forced: force, note };
                noted(&rooms, &pass, event).await;
            }
            Err(AuthorityError::KeyNotPublished { id, made: true, .. }) => {
                note_made(&rooms, &pass, id, false, &note).await;
            }
            Err(_) => {}
        }
        rotated
    })
    .await?;
    let retiring = rotated.retiring.into_iter().map(row).collect();
    Ok(Json(RotatedKeys { active: row(rotated.active), retiring }))
}

// Needs: Administer.
/// Lets a key sign no more; at once: it verifies nothing with the next request, and for good.
#[utoipa::path(post, path = "/v1/keys/{id}/retire", tag = "access", security(("control" = [])),
    params(("id" = String, Path, description = "The key")), request_body = KeyRetirement,
    responses((status = 200, description = "Done, and on disk", body = KeyRow), NamedBodyRefused))]
pub async fn retire(
    State(rooms): State<Arc<Rooms>>,
    Named(id): Named,
    Granted(pass): Granted,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<KeyRow>, Problem> {
    let KeyRetirement { at_once, note } = take_json(&headers, body).await?;
    let note = words::note(&note)?;
    let now = rooms.clock.now();
    let retired = whole(async move {
        let retired = rooms.authority.retire_key(&id, at_once, now).await?;
        let event = AccessEvent::KeyRetired { key: id, at_once, note };
        noted(&rooms, &pass, event).await;
        Ok(retired)
    });
    Ok(Json(row(retired.await?)))
}

// Needs: Read.
/// The public part of a key as a JWK, also of a retired one.
#[utoipa::path(get, path = "/v1/keys/{id}/public", tag = "access", security(("control" = [])),
    params(("id" = String, Path, description = "The key")),
    responses((status = 200, description = "The JWK (RFC 7517)", body = Object, content_type = "application/jwk+json"), NamedRefused))]
pub async fn public(
    State(rooms): State<Arc<Rooms>>,
    Named(id): Named,
) -> Result<Response, Problem> {
    let jwk = rooms.authority.public_jwk(&id)?;
    let content_type = [(header::CONTENT_TYPE, "application/jwk+json")];
    Ok((content_type, jwk.to_string()).into_response())
}

/// Brings a change and its line in the log to their end, also when nobody waits any more.
async fn whole<T: Send + 'static>(
    change: impl Future<Output = Result<T, AuthorityError>> + Send + 'static,
) -> Result<T, Problem> {
    let changed = tokio::spawn(change).await;
    Ok(changed.unwrap_or(Err(AuthorityError::ChangeBroken))?)
}

async fn note_made(rooms: &Rooms, pass: &Pass, key: &str, imported: bool, note: &str) {
    let (key, note) = (key.to_owned(), note.to_owned());
    noted(rooms, pass, AccessEvent::KeyMade { key, imported, note }).await;
}

/// The change holds already; a line that cannot be written is told in the other log.
async fn noted(rooms: &Rooms, pass: &Pass, event: AccessEvent) {
    if let Err(error) = rooms.access.note(pass, event.clone()).await {
        let actor = pass.actor().to_string();
        tracing::error!(%error, actor, ?event, "a change of the keys is not in the access log");
    }
}

fn source(import: KeyImport) -> Result<KeySource, Problem> {
    let KeyImport { kind, id, algorithm, text } = import;
    let lacks = |what| Problem::unprocessable(format!("a key of kind {kind} needs `{what}`"));
    match kind.as_str() {
        "secret" => {
            Ok(KeySource::Secret { id: id.ok_or_else(|| lacks("id"))?, bytes: text.into_bytes() })
        }
        "pem" => {
            let algorithm = parsed(&algorithm.ok_or_else(|| lacks("algorithm"))?)?;
            Ok(KeySource::Pem { id: id.ok_or_else(|| lacks("id"))?, algorithm, text })
        }
        "jwk" if id.is_none() && algorithm.is_none() => Ok(KeySource::Jwk { text }),
        "jwk" => Err(Problem::unprocessable("a JWK has its own `kid` and `alg`")),
        _ => Err(Problem::unprocessable("`kind` is pem, jwk or secret")),
    }
}

fn parsed(algorithm: &str) -> Result<Algorithm, Problem> {
    let known = || Algorithm::ALL.map(Algorithm::as_str).join(", ");
    Algorithm::parse(algorithm)
        .ok_or_else(|| Problem::unprocessable(format!("algorithms are {}", known())))
}

fn row(key: KeyView) -> KeyRow {
    KeyRow {
        id: key.id,
        algorithm: key.algorithm.as_str(),
        state: key.state.as_str(),
        configured: key.configured,
        signs: key.signs,
        private: key.private,
        made_at: key.made_at,
        published_at: key.published_at,
        active_at: key.active_at,
        retiring_at: key.retiring_at,
        verifies_until: key.verifies_until,
        retired_at: key.retired_at,
        revoked: key.revoked,
    }
}
