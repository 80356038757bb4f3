//! The keys that the authority holds.

use super::header::Header;
use super::key::Key;
use super::{Algorithm, AuthorityError, KeySource, jwk, pem};
use crate::domain::Reason;

/// Most keys held.
const KEYS_MAX: usize = 64;

/// Most keys tried for a token without a key id.
const TRIES_MAX: usize = 4;

/// The keys, fixed at the start.
#[derive(Debug)]
pub(super) struct Keyring {
    keys: Vec<Key>,
    /// Where in `keys` the one stands that signs; `None` when all are public.
    signing: Option<usize>,
}

impl Keyring {
    pub(super) fn new(keys: Vec<Key>, signing: Option<&str>) -> Result<Self, AuthorityError> {
        if keys.len() > KEYS_MAX {
            return Err(AuthorityError::KeysTooMany { count: keys.len(), max: KEYS_MAX });
        }
        for (place, key) in keys.iter().enumerate() {
            if keys[..place].iter().any(|other| other.id() == key.id()) {
                return Err(AuthorityError::KeyIdTwice(key.id().into()));
            }
        }
        let signing = match signing {
            None => keys.iter().position(|key| key.signer().is_some()),
            Some(id) => {
                let place = keys.iter().position(|key| key.id() == id);
                let place = place.ok_or_else(|| AuthorityError::KeyUnknown(id.into()))?;
                if keys[place].signer().is_none() {
                    return Err(AuthorityError::KeyCannotSign(id.into()));
                }
                Some(place)
            }
        };
        Ok(Self { keys, signing })
    }

    pub(super) fn named(&self, id: &str) -> Option<&Key> {
        self.keys.iter().find(|key| key.id() == id)
    }

    /// The key that signs unless the order chooses.
    pub(super) fn signing(&self) -> Option<&Key> {
        self.signing.and_then(|place| self.keys.get(place))
    }

    /// True when a key of that algorithm is held.
    pub(super) fn knows(&self, algorithm: Algorithm) -> bool {
        self.keys.iter().any(|key| key.algorithm() == algorithm)
    }

    /// Verifies a signature over `message`, with the key that the header asks for.
    pub(super) fn verify(
        &self,
        header: &Header<'_>,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), Reason> {
        let algorithm = header.algorithm;
        let verified = if let Some(id) = header.key_id {
            let key = self.named(id).ok_or(Reason::KeyUnknown)?;
            if key.algorithm() != algorithm {
                return Err(Reason::Algorithm);
            }
            key.verify(message, signature)
        } else {
            let candidates = self.keys.iter().filter(|key| key.algorithm() == algorithm);
            candidates.take(TRIES_MAX).any(|key| key.verify(message, signature))
        };
        if verified { Ok(()) } else { Err(Reason::Signature) }
    }
}

/// Reads every configured key.
pub(super) fn read(sources: &[KeySource]) -> Result<Vec<Key>, AuthorityError> {
    let mut keys = Vec::new();
    for (place, source) in sources.iter().enumerate() {
        match source {
            KeySource::Secret { id, bytes } => keys.push(Key::from_secret(id, bytes)?),
            KeySource::Pem { id, algorithm, text } => keys.push(pem::read(id, *algorithm, text)?),
            KeySource::Jwk { text } => {
                keys.extend(jwk::read(&format!("keys[{place}]"), text)?);
            }
        }
    }
    Ok(keys)
}
