//! What the authority is told at its start.

use std::fmt;

use crate::domain::{FingerprintKey, TokenType, decode_base64url};

use super::claims::Tolerance;
use super::{Algorithm, AuthorityError};

/// Settings of an [`Authority`](super::Authority).
#[derive(Clone, Debug)]
pub struct Settings {
    /// The only accepted `iss`, compared exactly.
    pub issuer: String,
    /// `aud` must name one of these; issued tokens name the first unless the order chooses.
    pub audiences: Vec<String>,
    /// When set, a token's `env` must be this one.
    pub environment: Option<String>,
    /// Whether a token without `env` is refused, when [`Settings::environment`] is set.
    pub environment_required: bool,
    /// When set, a token's `svc_id` must be this one, if it has one.
    pub service_id: Option<String>,
    /// Token types that are let in; default: access only.
    pub accepted_types: Vec<TokenType>,
    /// Seconds for which a token is still accepted after its `exp`; default 0.
    pub expiry_tolerance_s: u32,
    /// Seconds by which other clocks may be ahead, for `nbf` and `iat`; default 5.
    pub skew_tolerance_s: u32,
    /// Longest `exp - iat` in seconds; default 24 hours.
    pub lifetime_max_s: u32,
    /// Longest `sub` in bytes, at most 4096; default 255 (OpenID Connect Core §2).
    pub subject_bytes_max: usize,
    /// The keys. Without any, one is generated and kept, sealed under the master key; with any,
    /// kept ones are left alone.
    pub keys: Vec<KeySource>,
    /// Ids of keys whose issued tokens carry no `kid`, for verifiers that choke on one.
    pub keys_without_kid: Vec<String>,
    /// The key that signs unless the order chooses; default: the first that can.
    pub signing_key: Option<String>,
    /// What kind of key is generated when none is configured; default `EdDSA`.
    pub generated_algorithm: Algorithm,
    /// Seals keys at rest.
    pub master_key: Option<MasterKey>,
    /// Fingerprints revoked tokens; when it changes, revocations are forgotten. Without it a key
    /// is generated and kept, sealed.
    pub fingerprint_key: Option<FingerprintKey>,
    /// Most revoked and unexpired tokens remembered; default one million.
    pub revocations_max: usize,
}

impl Settings {
    /// The defaults, for an issuer and one audience.
    pub fn new(issuer: &str, audience: &str) -> Self {
        Self {
            issuer: issuer.into(),
            audiences: vec![audience.into()],
            environment: None,
            environment_required: false,
            service_id: None,
            accepted_types: vec![TokenType::Access],
            expiry_tolerance_s: 0,
            skew_tolerance_s: 5,
            lifetime_max_s: 86_400,
            subject_bytes_max: 255,
            keys: Vec::new(),
            keys_without_kid: Vec::new(),
            signing_key: None,
            generated_algorithm: Algorithm::EdDsa,
            master_key: None,
            fingerprint_key: None,
            revocations_max: 1_000_000,
        }
    }

    pub(super) const fn tolerance(&self) -> Tolerance {
        Tolerance {
            expiry_s: self.expiry_tolerance_s,
            skew_s: self.skew_tolerance_s,
            lifetime_max_s: self.lifetime_max_s,
        }
    }

    pub(super) fn check(&self) -> Result<(), AuthorityError> {
        let fault = |setting, why| Err(AuthorityError::Setting { setting, why });
        if self.issuer.is_empty() {
            return fault("issuer", "must not be empty");
        }
        if self.audiences.is_empty() || self.audiences.iter().any(String::is_empty) {
            return fault("audiences", "at least one, and none of them empty");
        }
        if self.accepted_types.is_empty() {
            return fault("accepted_types", "at least one");
        }
        if self.expiry_tolerance_s > 300 {
            return fault("expiry_tolerance_s", "at most 300 seconds");
        }
        if self.skew_tolerance_s > 300 {
            return fault("skew_tolerance_s", "at most 300 seconds");
        }
        if self.lifetime_max_s == 0 {
            return fault("lifetime_max_s", "at least one second");
        }
        if !(1..=crate::domain::Subject::MAX).contains(&self.subject_bytes_max) {
            return fault("subject_bytes_max", "1 to 4096 bytes");
        }
        Ok(())
    }
}

/// A key as it was configured; the contents, not a file's name.
#[derive(Clone)]
pub enum KeySource {
    /// A shared secret for HS256.
    Secret {
        /// The key id.
        id: String,
        /// The secret, at least 32 bytes.
        bytes: Vec<u8>,
    },
    /// A private or public key in PEM: PKCS #8, PKCS #1, SEC 1 or SPKI.
    Pem {
        /// The key id.
        id: String,
        /// What the key is for; the text must hold such a key.
        algorithm: Algorithm,
        /// The PEM text.
        text: String,
    },
    /// A JWK or a JWK set (RFC 7517), public, private or `oct`. Without `kid`, a key's id is its
    /// thumbprint (RFC 7638), a secret's is `hs256`.
    Jwk {
        /// The JSON text.
        text: String,
    },
}

impl fmt::Debug for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Secret { id, .. } => write!(f, "Secret({id:?}, ..)"),
            Self::Pem { id, algorithm, .. } => write!(f, "Pem({id:?}, {algorithm}, ..)"),
            Self::Jwk { .. } => f.write_str("Jwk(..)"),
        }
    }
}

/// 32 bytes under which keys are sealed at rest.
#[derive(Clone)]
pub struct MasterKey([u8; 32]);

impl MasterKey {
    /// A master key from its bytes.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub(super) const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Reads 64 hexadecimal digits or 43 characters of base64url, with white space around.
    pub fn parse(text: &str) -> Result<Self, AuthorityError> {
        let text = text.trim();
        let bytes = from_hex(text).or_else(|| decode_base64url(text)?.try_into().ok());
        bytes.map(Self).ok_or(AuthorityError::MasterKeyForm)
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(..)")
    }
}

fn from_hex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
        let digits = std::str::from_utf8(digits).ok()?;
        if digits.starts_with('+') {
            return None;
        }
        *byte = u8::from_str_radix(digits, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_master_key_is_read_from_hexadecimal_and_from_base64url() {
        let hex = MasterKey::parse(&format!("{}\n", "0f".repeat(32))).expect("a key");
        let text = crate::domain::encode_base64url(&[0x0f; 32]);
        assert_eq!(hex.0, MasterKey::parse(&text).expect("a key").0);
        for odd in ["", "0f", &"0g".repeat(32), &"+f".repeat(32), &"A".repeat(44)] {
            let error = MasterKey::parse(odd).expect_err("no key");
            assert!(odd.is_empty() || !error.to_string().contains(odd));
        }
    }
}
