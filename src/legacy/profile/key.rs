//! Keys that a model verifies with.

use std::fmt;

use jsonwebtoken::DecodingKey;
use serde::Deserialize;

use super::algorithm::{Algorithm, Family};
use crate::legacy::{LegacyError, Secret};

/// Where a profile's keys come from, and whether they matter.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct KeyRules {
    /// False when the validator decodes without verifying.
    pub signature_checked: bool,
    /// An HMAC secret that stands in the validator's source, such as `test-secret-key`; it is
    /// then the only key, whatever was handed in.
    pub literal: Option<String>,
}

impl Default for KeyRules {
    fn default() -> Self {
        Self { signature_checked: true, literal: None }
    }
}

impl fmt::Debug for KeyRules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let literal = self.literal.is_some();
        write!(f, "KeyRules(checked: {}, literal: {literal})", self.signature_checked)
    }
}

/// One key with its name. `Debug` shows the name only.
#[derive(Clone)]
pub struct Key {
    id: String,
    family: Family,
    decoding: DecodingKey,
}

impl Key {
    /// Reads a key: for `HS*` the secret's bytes, for all others a public key in PEM. The error
    /// is [`LegacyError::Key`].
    pub fn read(id: &str, algorithm: Algorithm, secret: &Secret) -> Result<Self, LegacyError> {
        let bytes = secret.reveal();
        let family = algorithm.family();
        let decoding = match family {
            Family::Hmac if bytes.is_empty() => None,
            Family::Hmac => Some(DecodingKey::from_secret(bytes)),
            Family::Rsa => DecodingKey::from_rsa_pem(bytes).ok(),
            Family::Ec => DecodingKey::from_ec_pem(bytes).ok(),
            Family::Ed => DecodingKey::from_ed_pem(bytes).ok(),
        };
        let id = id.to_owned();
        match decoding {
            Some(decoding) => Ok(Self { id, family, decoding }),
            None => Err(LegacyError::Key { id, algorithm: algorithm.as_str() }),
        }
    }

    pub(super) fn is_named(&self, id: &str) -> bool {
        self.id == id
    }

    /// True when the signature, canonical base64url, is this key's over `signed`.
    pub(super) fn verifies(&self, algorithm: Algorithm, signed: &str, signature: &str) -> bool {
        self.family == algorithm.family()
            && jsonwebtoken::crypto::verify(
                signature,
                signed.as_bytes(),
                &self.decoding,
                algorithm.to_library(),
            )
            .unwrap_or(false)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({:?})", self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_no_key_of_the_algorithm_are_refused() {
        let bytes = Secret::new(b"not a pem");
        for algorithm in [Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA] {
            let error = Key::read("k", algorithm, &bytes).expect_err("no key");
            assert!(!error.to_string().contains("not a pem"));
        }
        assert!(Key::read("k", Algorithm::HS256, &bytes).is_ok());
        assert!(Key::read("k", Algorithm::HS256, &Secret::new(b"")).is_err());
    }
}
