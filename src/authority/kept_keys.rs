//! Keys that the authority made itself and keeps, sealed.

use serde::{Deserialize, Serialize};

use crate::domain::{FingerprintKey, Timestamp};
use crate::store::{Durability, Expect, Row, Store, Table};

use super::key::Key;
use super::seal::{seal, unseal};
use super::signer::Signer;
use super::{Algorithm, AuthorityError, MasterKey};

const SIGNING: &str = "signing/";
const FINGERPRINT: &str = "fingerprint";
const FINGERPRINT_ALGORITHM: &str = "BLAKE3";

/// A key in the table `keys`: `signing/<key id>` or `fingerprint`.
#[derive(Serialize, Deserialize)]
struct KeyRow {
    algorithm: String,
    /// Nonce, ciphertext and tag in base64url.
    sealed: String,
    created_at: Timestamp,
}

impl Row for KeyRow {
    const FORMAT: u8 = 1;
}

/// The table `keys` with what opens it.
pub(super) struct KeptKeys<'m> {
    table: Table<KeyRow>,
    master: Option<&'m MasterKey>,
    now: Timestamp,
}

impl<'m> KeptKeys<'m> {
    pub(super) fn new(store: &Store, master: Option<&'m MasterKey>, now: Timestamp) -> Self {
        Self { table: store.table("keys"), master, now }
    }

    /// The kept signing keys; at the very first start a new one of `algorithm`.
    pub(super) async fn signing(&self, algorithm: Algorithm) -> Result<Vec<Key>, AuthorityError> {
        let master = self.master.ok_or(AuthorityError::KeyMissing)?;
        let mut keys = Vec::new();
        for row in self.table.scan(SIGNING) {
            let (place, stored) = row?;
            let unreadable = || AuthorityError::Unseal(place.clone());
            let id = place.strip_prefix(SIGNING).unwrap_or_default();
            let algorithm = Algorithm::parse(&stored.value.algorithm).ok_or_else(unreadable)?;
            keys.push(from_kept(id, algorithm, &opened(master, &place, &stored.value)?)?);
        }
        if keys.is_empty() {
            let id = format!("k-{:016x}", rand::random::<u64>());
            let fault = || AuthorityError::Crypto { algorithm, what: "generate a key" };
            let made = Signer::generate(algorithm).ok_or_else(fault)?;
            self.keep(master, &format!("{SIGNING}{id}"), algorithm.as_str(), &made).await?;
            keys.push(from_kept(&id, algorithm, &made)?);
        }
        Ok(keys)
    }

    /// The kept fingerprint key; at the very first start a new one.
    pub(super) async fn fingerprint(&self) -> Result<FingerprintKey, AuthorityError> {
        let master = self.master.ok_or(AuthorityError::FingerprintKeyMissing)?;
        if let Some(stored) = self.table.get(FINGERPRINT)? {
            let bytes = opened(master, FINGERPRINT, &stored.value)?.try_into();
            let bytes = bytes.map_err(|_| AuthorityError::Unseal(FINGERPRINT.into()))?;
            return Ok(FingerprintKey::new(bytes));
        }
        let made: [u8; 32] = rand::random();
        self.keep(master, FINGERPRINT, FINGERPRINT_ALGORITHM, &made).await?;
        Ok(FingerprintKey::new(made))
    }

    async fn keep(
        &self,
        master: &MasterKey,
        place: &str,
        algorithm: &str,
        made: &[u8],
    ) -> Result<(), AuthorityError> {
        let sealed = seal(master, &bound(place, algorithm), made);
        let sealed = sealed.ok_or_else(|| AuthorityError::Seal(place.into()))?;
        let row = KeyRow { algorithm: algorithm.into(), sealed, created_at: self.now };
        self.table.replace(place, Expect::Absent, &row, Durability::Durable).await?;
        Ok(())
    }
}

fn opened(master: &MasterKey, place: &str, row: &KeyRow) -> Result<Vec<u8>, AuthorityError> {
    unseal(master, &bound(place, &row.algorithm), &row.sealed)
        .ok_or_else(|| AuthorityError::Unseal(place.into()))
}

/// What a sealed key is bound to: its row and its algorithm.
fn bound(place: &str, algorithm: &str) -> String {
    format!("{place} {algorithm}")
}

/// A key from what [`Signer::generate`] made.
pub(super) fn from_kept(
    id: &str,
    algorithm: Algorithm,
    kept: &[u8],
) -> Result<Key, AuthorityError> {
    let fault = || AuthorityError::Crypto { algorithm, what: "read a key that it made" };
    match algorithm {
        Algorithm::Hs256 => Key::from_secret(id, kept),
        Algorithm::Rs256 | Algorithm::Es256 | Algorithm::EdDsa => {
            Key::from_signer(id, Signer::from_der(algorithm, kept).ok_or_else(fault)?)
        }
    }
}
