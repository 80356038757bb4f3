//! What the authority is told at its start.

use std::fmt;

use crate::domain::{FingerprintKey, TokenType, decode_base64url};

use super::claims::Tolerance;
use super::{Algorithm, AuthorityError, CompatibleForm, ConfiguredClient, IssuerSettings};

/// Most keys that a schedule may leave retiring at a time.
const RETIRING_MAX: i64 = 32;

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
    /// Keys that stand in the configuration. They verify, beside those that are kept; one signs
    /// when [`Settings::signing_key`] names it or when no kept key is active. Without any, the
    /// first start makes a key and keeps it, sealed under the master key.
    pub keys: Vec<KeySource>,
    /// Ids of keys whose issued tokens carry no `kid`, for verifiers that choke on one.
    pub keys_without_kid: Vec<String>,
    /// The key that signs unless the order chooses; default: the active kept key, else the first
    /// configured one that can.
    pub signing_key: Option<String>,
    /// Seconds for which a key is published before it signs, unless a rotation is forced; default
    /// 3600, as long as the JWK set may be cached.
    pub key_publish_s: u32,
    /// Seconds for which a kept key signs before the next one takes over; 0, the default, is
    /// never.
    pub rotate_every_s: u32,
    /// What kind of key is generated when none is configured; default `EdDSA`.
    pub generated_algorithm: Algorithm,
    /// Seals keys at rest.
    pub master_key: Option<MasterKey>,
    /// Fingerprints revoked tokens; when it changes, revocations are forgotten. Without it a key
    /// is generated and kept, sealed.
    pub fingerprint_key: Option<FingerprintKey>,
    /// Most revocations remembered; default one million.
    pub revocations_max: usize,
    /// How tokens look while legacy may have to read them; without it as our own do.
    pub compatible: Option<CompatibleForm>,
    /// How long an access token of a session is good for, at most
    /// [`Settings::lifetime_max_s`]; default 900 seconds.
    pub access_lifetime_s: u32,
    /// How long a refresh token waits for its use; default 7 days.
    pub refresh_lifetime_s: u32,
    /// How long a session lasts however often it is refreshed; default 30 days.
    pub family_lifetime_s: u32,
    /// How long a client's token for itself is good for, at most [`Settings::lifetime_max_s`];
    /// default one hour.
    pub service_lifetime_s: u32,
    /// Seconds from the first use of a refresh token during which an authenticated client's retry
    /// gets the same successor; default 10.
    pub retry_s: u32,
    /// The same without client authentication; default 2.
    pub retry_unauthenticated_s: u32,
    /// Most sessions kept; default one million.
    pub families_max: usize,
    /// Who may ask for tokens and about them.
    pub clients: Vec<ConfiguredClient>,
    /// Trusted issuers that are not ours, at most 32.
    pub issuers: Vec<IssuerSettings>,
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
            key_publish_s: 3600,
            rotate_every_s: 0,
            generated_algorithm: Algorithm::EdDsa,
            master_key: None,
            fingerprint_key: None,
            revocations_max: 1_000_000,
            compatible: None,
            access_lifetime_s: 900,
            refresh_lifetime_s: 7 * 86_400,
            family_lifetime_s: 30 * 86_400,
            service_lifetime_s: 3_600,
            retry_s: 10,
            retry_unauthenticated_s: 2,
            families_max: 1_000_000,
            clients: Vec::new(),
            issuers: Vec::new(),
        }
    }

    /// Clocks and lifetimes. Refresh tokens live longer than what opens doors.
    pub(super) fn tolerance(&self, kind: Option<TokenType>) -> Tolerance {
        let lifetime_max_s = match kind {
            Some(TokenType::Refresh) => self.lifetime_max_s.max(self.refresh_lifetime_s),
            Some(TokenType::Access | TokenType::Service | TokenType::Admin | TokenType::Id)
            | None => self.lifetime_max_s,
        };
        Tolerance {
            expiry_s: self.expiry_tolerance_s,
            skew_s: self.skew_tolerance_s,
            lifetime_max_s,
        }
    }

    /// The longest that anything signed now may verify, in seconds: the longest lifetime, and the
    /// tolerances on both ends.
    pub(super) fn verifies_for_s(&self) -> i64 {
        i64::from(self.lifetime_max_s.max(self.refresh_lifetime_s))
            + i64::from(self.expiry_tolerance_s)
            + i64::from(self.skew_tolerance_s)
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
        if self.key_publish_s > 31_622_400 {
            return fault("key_publish_s", "at most 366 days");
        }
        if self.rotate_every_s != 0 {
            let every = i64::from(self.rotate_every_s);
            if self.rotate_every_s < 3600 || self.rotate_every_s <= self.key_publish_s {
                return fault("rotate_every_s", "0, or at least an hour and over key_publish_s");
            }
            if self.verifies_for_s() / every > RETIRING_MAX {
                return fault("rotate_every_s", "so short that over 32 keys would be retiring");
            }
            if self.signing_key.is_some() {
                return fault("rotate_every_s", "not together with signing_key");
            }
        }
        if self.lifetime_max_s == 0 {
            return fault("lifetime_max_s", "at least one second");
        }
        if !(1..=crate::domain::Subject::MAX).contains(&self.subject_bytes_max) {
            return fault("subject_bytes_max", "1 to 4096 bytes");
        }
        self.check_sessions()?;
        self.compatible.as_ref().map_or(Ok(()), CompatibleForm::check)
    }

    fn check_sessions(&self) -> Result<(), AuthorityError> {
        let fault = |setting, why| Err(AuthorityError::Setting { setting, why });
        if self.access_lifetime_s == 0 {
            return fault("access_lifetime_s", "at least one second");
        }
        if self.service_lifetime_s == 0 {
            return fault("service_lifetime_s", "at least one second");
        }
        if self.refresh_lifetime_s == 0 {
            return fault("refresh_lifetime_s", "at least one second");
        }
        if self.family_lifetime_s == 0 {
            return fault("family_lifetime_s", "at least one second");
        }
        if self.retry_s > 60 || self.retry_unauthenticated_s > self.retry_s {
            return fault("retry_s", "at most 60 seconds, and no less than without a client");
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
