//! The authority and how it is built.

use std::sync::Arc;

use crate::domain::{Clock, FingerprintKey};
use crate::store::Store;

use super::kept_keys::{KeptKeys, from_kept};
use super::key::Key;
use super::keyring::{self, Keyring};
use super::revocations::Revocations;
use super::signer::Signer;
use super::{Algorithm, AuthorityError, Settings};

/// The one judge of access tokens: decides, issues, revokes.
#[derive(Debug)]
pub struct Authority {
    /// The settings, without the key sources: these have become the keyring.
    pub(super) settings: Settings,
    pub(super) keyring: Keyring,
    pub(super) fingerprints: FingerprintKey,
    pub(super) revocations: Revocations,
}

impl Authority {
    /// An authority whose revocations, and whose keys where none are configured, are in `store`.
    /// Revoked tokens are refused from here on.
    pub async fn open(
        mut settings: Settings,
        store: &Store,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, AuthorityError> {
        install_crypto();
        settings.check()?;
        let now = clock.now();
        let master = settings.master_key.take();
        let kept = KeptKeys::new(store, master.as_ref(), now);
        let sources = std::mem::take(&mut settings.keys);
        let mut keys = keyring::read(&sources)?;
        if keys.is_empty() {
            keys = kept.signing(settings.generated_algorithm).await?;
        }
        let fingerprints = match settings.fingerprint_key.take() {
            Some(key) => key,
            None => kept.fingerprint().await?,
        };
        let revocations = Revocations::open(store, settings.revocations_max, now).await?;
        Self::built(settings, keys, fingerprints, revocations)
    }

    /// An authority that keeps nothing: for replays, tests and demonstrations. Without
    /// configured keys it makes one that is gone when it is.
    pub fn in_memory(mut settings: Settings) -> Result<Self, AuthorityError> {
        install_crypto();
        settings.check()?;
        let sources = std::mem::take(&mut settings.keys);
        let mut keys = keyring::read(&sources)?;
        if keys.is_empty() {
            keys.push(generated("generated", settings.generated_algorithm)?);
        }
        let fingerprints = settings.fingerprint_key.take();
        let fingerprints = fingerprints.unwrap_or_else(|| FingerprintKey::new(rand::random()));
        let revocations = Revocations::in_memory(settings.revocations_max);
        Self::built(settings, keys, fingerprints, revocations)
    }

    fn built(
        settings: Settings,
        keys: Vec<Key>,
        fingerprints: FingerprintKey,
        revocations: Revocations,
    ) -> Result<Self, AuthorityError> {
        let keyring = Keyring::new(keys, settings.signing_key.as_deref())?;
        for id in &settings.keys_without_kid {
            keyring.named(id).ok_or_else(|| AuthorityError::KeyUnknown(id.clone()))?;
        }
        Ok(Self { settings, keyring, fingerprints, revocations })
    }

    /// The key under which revoked tokens are fingerprinted.
    pub const fn fingerprint_key(&self) -> &FingerprintKey {
        &self.fingerprints
    }
}

/// Chooses the cryptographic library for the process, once; later calls do nothing. Without a
/// choice the first signature would panic. The first line of `main`; every constructor here
/// calls it as well.
pub fn install_crypto() {
    jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER.install_default().ok();
}

/// A new key that is kept nowhere.
fn generated(id: &str, algorithm: Algorithm) -> Result<Key, AuthorityError> {
    let fault = || AuthorityError::Crypto { algorithm, what: "generate a key" };
    from_kept(id, algorithm, &Signer::generate(algorithm).ok_or_else(fault)?)
}
