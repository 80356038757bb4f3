//! Keys on the disk: kept ones sealed, and what was decided about configured ones.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use crate::domain::{FingerprintKey, Timestamp};
use crate::store::{Durability, Expect, Row, Store, Table};

use super::key::Key;
use super::key_life::{KeyState, Life};
use super::keyring::Held;
use super::seal::{seal, unseal};
use super::signer::Signer;
use super::{Algorithm, AuthorityError, MasterKey};

/// Before the id of a kept key.
const SIGNING: &str = "signing/";
/// Before the identity of a configured key that is no longer simply in use.
const CONFIGURED: &str = "configured/";
const FINGERPRINT: &str = "fingerprint";
const FINGERPRINT_ALGORITHM: &str = "BLAKE3";

/// The row `fingerprint` of the table `keys`.
#[derive(Serialize, Deserialize)]
struct FingerprintRow {
    algorithm: String,
    sealed: String,
    created_at: Timestamp,
}

impl Row for FingerprintRow {
    const FORMAT: u8 = 1;
}

/// A key in the table `keys`: `signing/<key id>` or `configured/<identity>`.
#[derive(Serialize, Deserialize)]
struct KeyRow {
    id: String,
    algorithm: String,
    /// [`Key::identity`]; empty in a row of the first format.
    identity: String,
    /// The public part as a JWK, for whoever asks what a retired key was. Nothing is verified
    /// with it.
    public: Option<String>,
    /// Nonce, ciphertext and tag in base64url: the private part, or the public one where there is
    /// no other. A retired key and a configured one have nothing here.
    sealed: Option<String>,
    /// True when the public part is what is sealed.
    public_only: bool,
    #[serde(flatten)]
    life: Life,
}

/// A row of the first format, which knew no states.
#[derive(Deserialize)]
struct FirstRow {
    algorithm: String,
    sealed: String,
    created_at: Timestamp,
}

impl Row for KeyRow {
    const FORMAT: u8 = 2;

    /// The key that was generated at the very first start. It signed if nothing was configured;
    /// whoever loads it knows whether that was so.
    fn upgrade(format: u8, json: &[u8]) -> Option<Self> {
        let FirstRow { algorithm, sealed, created_at } =
            serde_json::from_slice(json).ok().filter(|_| format == 1)?;
        Some(Self {
            id: String::new(),
            algorithm,
            identity: String::new(),
            public: None,
            sealed: Some(sealed),
            public_only: false,
            life: Life { made_at: Some(created_at), ..Life::ACTIVE },
        })
    }
}

/// What the disk knows.
#[derive(Debug, Default)]
pub(super) struct Loaded {
    /// Kept keys, retired ones too.
    pub(super) kept: Vec<Held>,
    /// What was decided about configured keys, under their identities.
    pub(super) marks: Vec<Held>,
    /// Kept keys of the first format, which must be told whether they sign.
    pub(super) undated: Vec<Held>,
    /// Kept keys that are left alone, as nothing opens them.
    pub(super) sealed: usize,
}

/// The table `keys` with what opens it.
#[derive(Clone, Debug)]
pub(super) struct KeptKeys {
    store: Store,
    table: Table<KeyRow>,
    master: Option<MasterKey>,
}

impl KeptKeys {
    pub(super) fn new(store: &Store, master: Option<MasterKey>) -> Self {
        Self { store: store.clone(), table: store.table("keys"), master }
    }

    /// True when keys can be kept.
    pub(super) const fn has_master(&self) -> bool {
        self.master.is_some()
    }

    /// Reads everything. Without a master key, kept keys stay closed.
    pub(super) fn load(&self) -> Result<Loaded, AuthorityError> {
        let mut loaded = Loaded::default();
        for row in self.table.scan(CONFIGURED) {
            let (place, stored) = row?;
            loaded.marks.push(record(&place, stored.value, true)?);
        }
        for row in self.table.scan(SIGNING) {
            let (place, mut stored) = row?;
            let id = place.strip_prefix(SIGNING).unwrap_or_default();
            id.clone_into(&mut stored.value.id);
            let row = stored.value;
            match (&row.sealed, &self.master) {
                (None, _) => loaded.kept.push(record(&place, row, false)?),
                (Some(_), None) => loaded.sealed += 1,
                (Some(sealed), Some(master)) => {
                    let key = opened(master, &place, &row, sealed)?;
                    let held = Held::new(key, false, row.life);
                    let list = if row.identity.is_empty() {
                        &mut loaded.undated
                    } else {
                        &mut loaded.kept
                    };
                    list.push(held);
                }
            }
        }
        Ok(loaded)
    }

    /// Writes what has changed, all or nothing.
    pub(super) async fn write(&self, changed: &[Held]) -> Result<(), AuthorityError> {
        let mut batch = self.store.batch();
        let mut places = HashSet::new();
        for held in changed {
            let place = place(held);
            // One configured key under several names is one row.
            if !places.insert(place.clone()) {
                continue;
            }
            let row = self.row(&place, held)?;
            batch.put(&self.table, &place, &row, Expect::Anything, None)?;
        }
        Ok(batch.commit(Durability::Durable).await?)
    }

    /// Forgets records.
    pub(super) async fn remove(&self, gone: &[Held]) -> Result<(), AuthorityError> {
        let mut batch = self.store.batch();
        for held in gone {
            batch.remove(&self.table, &place(held), Expect::Anything)?;
        }
        Ok(batch.commit(Durability::Relaxed).await?)
    }

    fn row(&self, place: &str, held: &Held) -> Result<KeyRow, AuthorityError> {
        let key = held.key.as_ref().filter(|_| !held.configured);
        let sealed = key.map(|key| self.sealed(place, key)).transpose()?;
        Ok(KeyRow {
            id: held.id.to_string(),
            algorithm: held.algorithm.as_str().into(),
            identity: held.identity.to_string(),
            public: held.public.as_deref().map(str::to_owned),
            sealed,
            public_only: key.is_some_and(|key| key.signer().is_none()),
            life: held.life,
        })
    }

    fn sealed(&self, place: &str, key: &Key) -> Result<String, AuthorityError> {
        let master = self.master.as_ref().ok_or(AuthorityError::MasterKeyMissing)?;
        let public_only = key.signer().is_none();
        let plain = match key.signer() {
            Some(signer) => signer.kept(),
            None => key.public().map(<[u8]>::to_vec),
        };
        let bound = bound(place, key.algorithm().as_str(), public_only);
        let sealed = plain.and_then(|plain| seal(master, &bound, &plain));
        sealed.ok_or_else(|| AuthorityError::Seal(place.into()))
    }

    /// The kept fingerprint key; at the very first start a new one.
    pub(super) async fn fingerprint(
        &self,
        now: Timestamp,
    ) -> Result<FingerprintKey, AuthorityError> {
        let master = self.master.as_ref().ok_or(AuthorityError::FingerprintKeyMissing)?;
        let table: Table<FingerprintRow> = self.store.table("keys");
        let bound = bound(FINGERPRINT, FINGERPRINT_ALGORITHM, false);
        if let Some(stored) = table.get(FINGERPRINT)? {
            let bytes = unseal(master, &bound, &stored.value.sealed);
            let bytes = bytes.and_then(|bytes| bytes.try_into().ok());
            return bytes
                .map(FingerprintKey::new)
                .ok_or_else(|| AuthorityError::Unseal(FINGERPRINT.into()));
        }
        let made: [u8; 32] = rand::random();
        let sealed = seal(master, &bound, &made);
        let sealed = sealed.ok_or_else(|| AuthorityError::Seal(FINGERPRINT.into()))?;
        let row =
            FingerprintRow { algorithm: FINGERPRINT_ALGORITHM.into(), sealed, created_at: now };
        table.replace(FINGERPRINT, Expect::Absent, &row, Durability::Durable).await?;
        Ok(FingerprintKey::new(made))
    }
}

fn place(held: &Held) -> String {
    if held.configured {
        format!("{CONFIGURED}{}", held.identity)
    } else {
        format!("{SIGNING}{}", held.id)
    }
}

/// A row without a key.
fn record(place: &str, row: KeyRow, configured: bool) -> Result<Held, AuthorityError> {
    let algorithm = Algorithm::parse(&row.algorithm);
    // A kept key without its key can only have retired, whatever the row says.
    let is_whole = configured || row.life.state == KeyState::Retired;
    Ok(Held {
        id: row.id.into(),
        algorithm: algorithm
            .filter(|_| is_whole)
            .ok_or_else(|| AuthorityError::Unseal(place.into()))?,
        identity: row.identity.into(),
        public: row.public.map(Into::into),
        configured,
        life: row.life,
        key: None,
    })
}

fn opened(
    master: &MasterKey,
    place: &str,
    row: &KeyRow,
    sealed: &str,
) -> Result<Key, AuthorityError> {
    let unreadable = || AuthorityError::Unseal(place.into());
    let algorithm = Algorithm::parse(&row.algorithm).ok_or_else(unreadable)?;
    let bound = bound(place, &row.algorithm, row.public_only);
    let plain = unseal(master, &bound, sealed).ok_or_else(unreadable)?;
    if row.public_only {
        Key::from_public(&row.id, algorithm, &plain)
    } else {
        from_kept(&row.id, algorithm, &plain)
    }
}

/// What a sealed key is bound to: its row, its algorithm, and which of its parts it is.
fn bound(place: &str, algorithm: &str, public_only: bool) -> String {
    let part = if public_only { " public" } else { "" };
    format!("{place} {algorithm}{part}")
}

/// A new key that is kept nowhere yet.
pub(super) fn generated(id: &str, algorithm: Algorithm) -> Result<Key, AuthorityError> {
    let fault = || AuthorityError::Crypto { algorithm, what: "generate a key" };
    from_kept(id, algorithm, &Signer::generate(algorithm).ok_or_else(fault)?)
}

/// A name for a new key.
pub(super) fn new_id() -> String {
    format!("k-{:016x}", rand::random::<u64>())
}

/// A key from what [`Signer::generate`] made.
fn from_kept(id: &str, algorithm: Algorithm, kept: &[u8]) -> Result<Key, AuthorityError> {
    let fault = || AuthorityError::Crypto { algorithm, what: "read a key that it made" };
    match algorithm {
        Algorithm::Hs256 => Key::from_secret(id, kept),
        Algorithm::Rs256 | Algorithm::Ps256 | Algorithm::Es256 | Algorithm::EdDsa => {
            Key::from_signer(id, Signer::from_der(algorithm, kept).ok_or_else(fault)?)
        }
    }
}

/// Turns a kept key's row into one of the first format.
#[cfg(test)]
pub(super) async fn age(store: &Store, id: &str) {
    #[derive(Serialize, Deserialize)]
    struct OldRow {
        algorithm: String,
        sealed: String,
        created_at: Timestamp,
    }
    impl Row for OldRow {
        const FORMAT: u8 = 1;
    }
    let place = format!("{SIGNING}{id}");
    let table: Table<KeyRow> = store.table("keys");
    let row = table.get(&place).expect("readable").expect("a row").value;
    let (sealed, created_at) = (row.sealed.expect("sealed"), row.life.made_at.expect("a time"));
    let old = OldRow { algorithm: row.algorithm, sealed, created_at };
    let table: Table<OldRow> = store.table("keys");
    table.insert(&place, &old, Durability::Durable).await.expect("written");
}
