//! The named peers of the load benchmark, one process: a bare axum hello, and bare axum endpoints
//! with the same JSON in and out as `POST /v1/decide/{component}` and one verification by
//! jsonwebtoken each, or as an evaluation by OFREP and nothing to work out. Built as an example, so that it never ships.
//!
//! `anchors ADDRESS FOLDER`; before it `anchors mint FOLDER COUNT`, which makes the keys and the
//! questions of every algorithm.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use crossfade::domain::{Clock as _, SystemClock, encode_base64url};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ED25519, PKCS_RSA_SHA256};
use serde::{Deserialize, Serialize};
use serde_json::json;

type Fallible<T> = Result<T, Box<dyn std::error::Error>>;

const ALGORITHMS: [Algorithm; 4] =
    [Algorithm::HS256, Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA];

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

#[derive(Deserialize)]
struct Evaluate<'a> {
    #[serde(borrow)]
    context: Context<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Context<'a> {
    #[serde(borrow)]
    targeting_key: Cow<'a, str>,
}

#[derive(Serialize)]
struct Evaluated {
    key: &'static str,
    value: bool,
    reason: &'static str,
    variant: &'static str,
    metadata: Metadata,
}

#[derive(Serialize)]
struct Metadata {
    stage: &'static str,
    share: u16,
    slot: u16,
    revision: u64,
    decided_by: &'static str,
}

struct Keys {
    decoding: DecodingKey,
    validation: Validation,
}

impl Keys {
    /// From the files that [`mint`] wrote.
    fn read(algorithm: Algorithm, folder: &Path) -> Fallible<Self> {
        let name = match algorithm {
            Algorithm::HS256 => "HS256.secret".to_owned(),
            other => format!("{other:?}.public.pem"),
        };
        let text = fs::read(folder.join(name))?;
        let decoding = match algorithm {
            Algorithm::HS256 => DecodingKey::from_secret(&text),
            Algorithm::RS256 => DecodingKey::from_rsa_pem(&text)?,
            Algorithm::ES256 => DecodingKey::from_ec_pem(&text)?,
            Algorithm::EdDSA => DecodingKey::from_ed_pem(&text)?,
            other => return Err(format!("no key of {other:?}").into()),
        };
        let mut validation = Validation::new(algorithm);
        validation.leeway = 0;
        validation.set_issuer(&["netra-auth-service"]);
        validation.set_audience(&["netra-platform"]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        Ok(Self { decoding, validation })
    }
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

/// The same answer for everybody who is named.
async fn evaluate(body: axum::body::Bytes) -> Response {
    match serde_json::from_slice::<Evaluate<'_>>(&body) {
        Ok(Evaluate { context }) if !context.targeting_key.is_empty() => {}
        Ok(_) | Err(_) => return axum::http::StatusCode::BAD_REQUEST.into_response(),
    }
    Json(Evaluated {
        key: "http-auth",
        value: true,
        reason: "SPLIT",
        variant: "ssot",
        metadata: Metadata {
            stage: "canary",
            share: 5000,
            slot: 1234,
            revision: 42,
            decided_by: "share",
        },
    })
    .into_response()
}

/// Writes a file that only its owner can read.
fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    let mut options = fs::OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(0o600).open(path)?;
    std::io::Write::write_all(&mut file, text.as_bytes())
}

/// Makes a key of an algorithm: the secret or the private and the public part.
fn key(algorithm: Algorithm, folder: &Path) -> Fallible<EncodingKey> {
    let kind = match algorithm {
        Algorithm::RS256 => &PKCS_RSA_SHA256,
        Algorithm::ES256 => &PKCS_ECDSA_P256_SHA256,
        Algorithm::EdDSA => &PKCS_ED25519,
        Algorithm::HS256 => {
            let secret = encode_base64url(&rand::random::<[u8; 32]>());
            write_private(&folder.join("HS256.secret"), &secret)?;
            return Ok(EncodingKey::from_secret(secret.as_bytes()));
        }
        other => return Err(format!("no key of {other:?}").into()),
    };
    let pair = KeyPair::generate_for(kind)?;
    let private = pair.serialize_pem();
    write_private(&folder.join(format!("{algorithm:?}.pem")), &private)?;
    fs::write(folder.join(format!("{algorithm:?}.public.pem")), pair.public_key_pem())?;
    Ok(match algorithm {
        Algorithm::RS256 => EncodingKey::from_rsa_pem(private.as_bytes())?,
        Algorithm::ES256 => EncodingKey::from_ec_pem(private.as_bytes())?,
        _ => EncodingKey::from_ed_pem(private.as_bytes())?,
    })
}

/// Makes keys, and as many bodies with a token as asked for, one a line.
fn mint(folder: &Path, count: u32) -> Fallible<()> {
    let now = SystemClock.now().seconds();
    for algorithm in ALGORITHMS {
        let key = key(algorithm, folder)?;
        let mut bodies = String::new();
        for number in 0..count {
            let claims = json!({
                "sub": format!("user-{number:06}"), "iat": now, "exp": now + 36_000,
                "iss": "netra-auth-service", "aud": "netra-platform",
                "jti": format!("00000000-0000-0000-0000-{number:012}"), "env": "production",
                "svc_id": "netra_auth_service_prod", "token_type": "access", "type": "access",
                "email": format!("user{number}@example.com"), "permissions": ["read", "write"],
            });
            let token = jsonwebtoken::encode(&Header::new(algorithm), &claims, &key)?;
            writeln!(bodies, "{}", json!({ "token": token }))?;
        }
        fs::write(folder.join(format!("{algorithm:?}.bodies")), bodies)?;
    }
    Ok(())
}

#[tokio::main]
async fn main() -> Fallible<()> {
    crossfade::authority::install_crypto();
    let mut arguments = std::env::args().skip(1);
    let first = arguments.next().ok_or("an address is missing")?;
    let folder = arguments.next().ok_or("a folder is missing")?;
    if first == "mint" {
        return mint(Path::new(&folder), arguments.next().ok_or("a count is missing")?.parse()?);
    }
    let mut router = Router::new().route("/hello", get(|| async { "hello" }));
    router = router.route("/evaluate", post(evaluate));
    for algorithm in ALGORITHMS {
        let keys = Arc::new(Keys::read(algorithm, Path::new(&folder))?);
        router = router.route(&format!("/verify/{algorithm:?}"), post(verify).with_state(keys));
    }
    let listener = tokio::net::TcpListener::bind(first).await?;
    axum::serve(listener, router).await?;
    Ok(())
}
