//! Why an ID token is not believed.

use std::borrow::Cow;

use crate::domain::Reason;

/// Why an ID token is not believed. No text here holds any of the token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdTokenRefusal {
    /// A rule that holds for every token.
    #[error("the id token is refused: {}", .0.code())]
    Token(Reason),
    /// `azp` is not us, or is missing though there are several audiences (OpenID Connect Core
    /// §3.1.3.7).
    #[error("the id token was issued to somebody else")]
    AuthorizedParty,
    /// The nonce is missing or is not that of this sign-in.
    #[error("the id token belongs to another sign-in")]
    Nonce,
    /// The provider's keys cannot be fetched: nothing is said about the token.
    #[error("the provider's keys cannot be fetched: {0}")]
    KeysUnavailable(String),
}

impl IdTokenRefusal {
    /// The machine-readable code, such as `audience` or `nonce`.
    pub fn code(&self) -> Cow<'static, str> {
        match self {
            Self::Token(reason) => reason.code(),
            Self::AuthorizedParty => "authorized_party".into(),
            Self::Nonce => "nonce".into(),
            Self::KeysUnavailable(_) => "keys_unavailable".into(),
        }
    }
}

impl From<Reason> for IdTokenRefusal {
    fn from(reason: Reason) -> Self {
        Self::Token(reason)
    }
}
