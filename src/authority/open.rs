//! The authority and how it is built.

use std::sync::Arc;

use crate::domain::{Clock, FingerprintKey, LivePolicies};
use crate::outbound::Outbound;
use crate::store::Store;

use super::clients::Clients;
use super::families::Families;
use super::foreign::{self, Issuers};
use super::form::OwnNames;
use super::kept_keys::KeptKeys;
use super::keys::Keys;
use super::observed::Observer;
use super::revocations::Revocations;
use super::{AuthorityError, MasterKey, Settings};

/// The one judge of access tokens: decides, issues, revokes.
#[derive(Debug)]
pub struct Authority {
    /// The settings, without the key sources: these have become the keys.
    pub(super) settings: Settings,
    pub(super) keys: Arc<Keys>,
    /// The issuers and audiences that are ours, in every form of token.
    pub(super) own: OwnNames,
    pub(super) clients: Clients,
    /// Trusted issuers that are not ours.
    pub(super) foreign: Issuers,
    pub(super) fingerprints: FingerprintKey,
    pub(super) revocations: Revocations,
    pub(super) families: Families,
    /// Which of the rules are enforced; published by whoever keeps them.
    policies: LivePolicies,
    /// What they would refuse if they were enforced.
    pub(super) observed: Observer,
}

impl Authority {
    /// An authority whose revocations and kept keys are in `store`.
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
        let kept = KeptKeys::new(store, master.clone());
        let keys = Keys::open(&mut settings, kept.clone(), now).await?;
        let fingerprints = match settings.fingerprint_key.take() {
            Some(key) => key,
            None => kept.fingerprint(now).await?,
        };
        let revocations = Revocations::open(store, settings.revocations_max, now).await?;
        let master = master.unwrap_or_else(|| derived_master_key(&fingerprints));
        let families = Families::open(store, master, settings.families_max)?;
        Self::built(settings, keys, fingerprints, revocations, families)
    }

    /// An authority that keeps nothing: for replays, tests and demonstrations. Without
    /// configured keys it makes one that is gone when it is.
    pub fn in_memory(mut settings: Settings) -> Result<Self, AuthorityError> {
        install_crypto();
        settings.check()?;
        let keys = Keys::in_memory(&mut settings)?;
        let fingerprints = settings.fingerprint_key.take();
        let fingerprints = fingerprints.unwrap_or_else(|| FingerprintKey::new(rand::random()));
        let revocations = Revocations::in_memory(settings.revocations_max);
        let families = Families::in_memory(settings.families_max);
        Self::built(settings, keys, fingerprints, revocations, families)
    }

    fn built(
        mut settings: Settings,
        keys: Keys,
        fingerprints: FingerprintKey,
        revocations: Revocations,
        families: Families,
    ) -> Result<Self, AuthorityError> {
        if let Some(form) = &settings.compatible {
            keys.load().signing_as(&form.key_id)?;
        }
        let own = OwnNames::of(&settings);
        let configured = std::mem::take(&mut settings.clients);
        let clients = Clients::new(configured, &fingerprints, &own.audiences)?;
        let issuers = std::mem::take(&mut settings.issuers);
        foreign::check(&issuers, &own.issuers)?;
        Ok(Self {
            settings,
            keys: Arc::new(keys),
            own,
            clients,
            foreign: Issuers::new(issuers),
            fingerprints,
            revocations,
            families,
            policies: LivePolicies::default(),
            observed: Observer::default(),
        })
    }

    /// The same authority, which fetches the keys of foreign issuers through `outbound`. Until
    /// then, nothing can be said about their tokens. Refused when one of them is at a host that
    /// may not be called.
    pub fn reaching(mut self, outbound: &Outbound) -> Result<Self, AuthorityError> {
        self.foreign = self.foreign.reaching(outbound)?;
        Ok(self)
    }

    /// The `iss` of our own tokens.
    pub fn issuer(&self) -> &str {
        &self.settings.issuer
    }

    /// Where the policies in force are published; strict ones until somebody does.
    pub const fn policies(&self) -> &LivePolicies {
        &self.policies
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

/// What seals sessions where no master key is configured: as good a secret as the fingerprint key,
/// which is configured then.
fn derived_master_key(fingerprints: &FingerprintKey) -> MasterKey {
    let half = |name| *fingerprints.of_text(name).bytes();
    let halves = [half("session master key 1"), half("session master key 2")];
    let mut key = [0; 32];
    key.copy_from_slice(halves.as_flattened());
    MasterKey::new(key)
}
