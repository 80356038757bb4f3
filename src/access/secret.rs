//! A text that must not be seen.

use std::fmt;

use crate::domain::encode_base64url;

/// A password, or the text of a session, a token or a link. Shown only by [`Secret::reveal`].
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// 32 random bytes as 43 characters of base64url.
    pub(super) fn random() -> Self {
        let bytes: [u8; 32] = rand::random();
        Self(encode_base64url(&bytes))
    }

    /// The text itself.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}
