//! For tests: tokens, questions and keys.

use jsonwebtoken::{Algorithm as Library, EncodingKey};
use serde_json::{Value, json};

use super::profile::{Algorithm, Key, ProfilePath};
use super::{ProfileSettings, Secret};
use crate::domain::{
    ComponentId, Credentials, Decision, Question, Reason, RequestId, RequestParts, Timestamp,
    Token, encode_base64url,
};
use crate::outbound::{HostRule, Outbound, Settings as OutboundSettings};

pub(super) const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
pub(super) const SECRET: &[u8] = b"a secret of thirty-two bytes ...";

pub(super) fn request(headers: &[(&str, &str)], target: &str) -> Credentials {
    let headers = headers.iter().map(|(name, value)| ((*name).into(), (*value).into()));
    Credentials::Request(RequestParts {
        method: "GET".into(),
        target: target.into(),
        headers: headers.collect(),
        ..RequestParts::default()
    })
}

pub(super) fn question_with(credentials: Credentials) -> Question {
    let component = ComponentId::parse("http-auth").expect("an id");
    Question::new(RequestId::new(1, 1), component, NOW, credentials)
}

pub(super) fn question(token: &str) -> Question {
    question_with(Credentials::Token(Token::new(token)))
}

/// The claims of a good access token, with `changes` laid over; null takes a claim away.
pub(super) fn claims(changes: &Value) -> Value {
    let mut claims = json!({
        "sub": "alice", "iat": NOW.seconds() - 10, "exp": NOW.seconds() + 600,
        "iss": "netra-auth-service", "aud": "netra-platform", "jti": "j-1", "token_type": "access",
        "type": "access", "env": "production", "email": "alice@example.com",
        "permissions": ["read", "write"],
    });
    let members = claims.as_object_mut().expect("an object");
    for (name, value) in changes.as_object().expect("an object") {
        if value.is_null() {
            members.remove(name);
        } else {
            members.insert(name.clone(), value.clone());
        }
    }
    claims
}

pub(super) fn sign_text(header: &str, claims: &str, secret: &[u8]) -> String {
    jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER.install_default().ok();
    let [header, claims] = [header, claims].map(|text| encode_base64url(text.as_bytes()));
    let signed = format!("{header}.{claims}");
    let key = EncodingKey::from_secret(secret);
    let signature = jsonwebtoken::crypto::sign(signed.as_bytes(), &key, Library::HS256);
    format!("{signed}.{}", signature.expect("a signature"))
}

pub(super) fn sign(header: &Value, claims: &Value) -> String {
    sign_text(&header.to_string(), &claims.to_string(), SECRET)
}

/// A good access token with `changes` in its claims.
pub(super) fn token(changes: &Value) -> String {
    sign(&json!({"alg": "HS256", "typ": "JWT"}), &claims(changes))
}

pub(super) fn keys() -> Vec<Key> {
    vec![Key::read("main", Algorithm::HS256, &Secret::new(SECRET)).expect("a key")]
}

/// The shipped profile of that name, in production.
pub(super) fn path(name: &str) -> ProfilePath {
    ProfileSettings::of(name, keys()).build().expect("a path")
}

pub(super) fn answer(path: &ProfilePath, token: &str) -> Decision {
    path.answer(&question(token)).expect("an answer")
}

pub(super) fn reason(decision: &Decision) -> Option<&Reason> {
    match decision {
        Decision::Deny(denial) => Some(&denial.reason),
        Decision::Allow(_) => None,
    }
}

/// The subject let in, `None` for a deny or a nameless caller.
pub(super) fn subject(decision: &Decision) -> Option<&str> {
    match decision {
        Decision::Allow(grant) => grant.subject.as_ref().map(crate::domain::Subject::as_str),
        Decision::Deny(_) => None,
    }
}

/// A client that may call this machine; its calls always end by their own time-out.
pub(super) fn loopback() -> Outbound {
    let allowed_hosts = vec![HostRule::parse("127.0.0.1").expect("a rule")];
    let connect_timeout_ms = 3_600_000;
    Outbound::new(OutboundSettings {
        allowed_hosts,
        connect_timeout_ms,
        ..OutboundSettings::default()
    })
    .expect("a client")
}
