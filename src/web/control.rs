//! Who may use the control routes, until operators exist: whoever knows a configured token.

use std::fmt;

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};

use super::Problem;
use crate::domain::{Fingerprint, FingerprintKey};

/// A token for the control routes, and the name under which its changes stand in the history.
pub struct ControlToken {
    /// Shown in the history.
    pub name: String,
    /// The secret, at least 16 characters.
    pub secret: String,
}

impl fmt::Debug for ControlToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ControlToken({})", self.name)
    }
}

/// The accepted tokens, hashed under a key of this process: what is compared byte by byte tells
/// nothing about a token.
#[derive(Debug)]
pub struct ControlTokens {
    key: FingerprintKey,
    accepted: Vec<(Fingerprint, String)>,
}

impl ControlTokens {
    /// Accepts exactly `tokens`.
    pub fn new(tokens: Vec<ControlToken>) -> Self {
        let key = FingerprintKey::new(rand::random());
        let hash = |token: ControlToken| (key.of_text(&token.secret), token.name);
        Self { accepted: tokens.into_iter().map(hash).collect(), key }
    }

    /// The name behind the request's bearer token (RFC 6750 §2.1), or 401.
    pub fn admit(&self, headers: &HeaderMap) -> Result<&str, Problem> {
        let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = value.and_then(|value| {
            let (scheme, token) = value.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
        });
        let hash = self.key.of_text(token.unwrap_or_default());
        let known = self.accepted.iter().find(|(accepted, _)| *accepted == hash);
        known.map(|(_, name)| name.as_str()).ok_or_else(|| {
            Problem::new(
                StatusCode::UNAUTHORIZED,
                "control-token",
                "Who are you?",
                "send a token of the configuration's [control] section as \
                 `Authorization: Bearer ...`",
            )
            .with_header(
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static("Bearer realm=\"crossfade control\""),
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_configured_token_is_admitted() {
        let secret = "correct horse battery".to_owned();
        let tokens = ControlTokens::new(vec![ControlToken { name: "ci".to_owned(), secret }]);
        let admitted = |value: Option<&'static str>| {
            let mut headers = HeaderMap::new();
            if let Some(value) = value {
                headers.insert(header::AUTHORIZATION, HeaderValue::from_static(value));
            }
            tokens.admit(&headers).map(str::to_owned).ok()
        };
        assert_eq!(admitted(Some("Bearer correct horse battery")).as_deref(), Some("ci"));
        for other in [None, Some("Bearer"), Some("Bearer "), Some("Basic correct horse battery")] {
            assert_eq!(admitted(other), None, "{other:?}");
        }
    }
}
