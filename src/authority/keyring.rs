//! The keys of one moment.

use std::sync::Arc;

use serde_json::json;

use super::header::Header;
use super::key::Key;
use super::key_life::{KeyState, KeyView, Life};
use super::prove::Signed;
use super::{Algorithm, AuthorityError, KeySource, jwk, pem};
use crate::domain::Reason;

/// Most keys that verify.
pub(super) const KEYS_MAX: usize = 64;

/// Most keys that are remembered, retired ones too.
pub(super) const RECORDS_MAX: usize = 1024;

/// Most keys tried for a token without a key id.
const TRIES_MAX: usize = 4;

/// A key and what is known of it; once it has retired, the latter alone.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) id: Box<str>,
    pub(super) algorithm: Algorithm,
    /// [`Key::identity`].
    pub(super) identity: Box<str>,
    /// The public part as a JWK; a secret has none.
    pub(super) public: Option<Arc<str>>,
    /// True for a key of the settings.
    pub(super) configured: bool,
    pub(super) life: Life,
    /// Gone when it has retired.
    pub(super) key: Option<Arc<Key>>,
}

impl Held {
    pub(super) fn new(key: Key, configured: bool, life: Life) -> Self {
        let public = jwk::published(&key).map(|jwk| serde_json::Value::from(jwk).to_string());
        Self {
            id: key.id().into(),
            algorithm: key.algorithm(),
            identity: key.identity().into(),
            public: public.map(Into::into),
            configured,
            life,
            key: (life.state != KeyState::Retired).then(|| Arc::new(key)),
        }
    }

    /// The same key somewhere else in its life.
    pub(super) fn at(&self, life: Life) -> Self {
        let mut moved = Self { life, ..self.clone() };
        if life.state == KeyState::Retired {
            moved.key = None;
        }
        moved
    }

    pub(super) fn signs(&self) -> bool {
        self.key.as_ref().is_some_and(|key| key.signer().is_some())
    }

    fn is(&self, state: KeyState) -> bool {
        self.life.state == state
    }

    /// True when both stand for the same key in the same place.
    fn is_same(&self, other: &Self) -> bool {
        self.configured == other.configured
            && self.id == other.id
            && self.identity == other.identity
    }
}

/// Keys that stay as they are: a change makes another ring.
#[derive(Debug)]
pub(super) struct Keyring {
    /// Those that verify, configured ones first.
    keys: Vec<Arc<Key>>,
    /// The one that signs; `None` when all are public.
    signing: Option<Arc<Key>>,
    /// All that are known.
    held: Vec<Held>,
    jwks: Arc<str>,
}

impl Keyring {
    /// A ring of what is held; `pinned` names the key that the settings want to sign.
    pub(super) fn new(held: Vec<Held>, pinned: Option<&str>) -> Result<Self, AuthorityError> {
        let keys: Vec<_> = held.iter().filter_map(|held| held.key.clone()).collect();
        if keys.len() > KEYS_MAX {
            return Err(AuthorityError::KeysTooMany { count: keys.len(), max: KEYS_MAX });
        }
        if held.len() > RECORDS_MAX {
            return Err(AuthorityError::KeysTooMany { count: held.len(), max: RECORDS_MAX });
        }
        for (place, key) in keys.iter().enumerate() {
            if keys[..place].iter().any(|other| other.id() == key.id()) {
                return Err(AuthorityError::KeyIdTwice(key.id().into()));
            }
            let other = keys[..place].iter().find(|other| other.identity() == key.identity());
            if other.is_some_and(|other| other.algorithm() != key.algorithm()) {
                return Err(AuthorityError::KeyAlgorithmTwice(key.id().into()));
            }
        }
        let signing = chosen(&held, pinned);
        let jwks = rendered(&held).into();
        Ok(Self { keys, signing, held, jwks })
    }

    /// This ring with some keys changed, and those added that it does not hold.
    pub(super) fn with(
        &self,
        changed: &[Held],
        pinned: Option<&str>,
    ) -> Result<Self, AuthorityError> {
        let mut held = self.held.clone();
        for new in changed {
            match held.iter_mut().find(|old| old.is_same(new)) {
                Some(old) => *old = new.clone(),
                None => held.push(new.clone()),
            }
        }
        Self::new(held, pinned)
    }

    /// This ring without some of its records.
    pub(super) fn without(
        &self,
        gone: &[Held],
        pinned: Option<&str>,
    ) -> Result<Self, AuthorityError> {
        let mut held = self.held.clone();
        held.retain(|each| !gone.iter().any(|gone| gone.is_same(each)));
        Self::new(held, pinned)
    }

    fn named(&self, id: &str) -> Option<&Arc<Key>> {
        self.keys.iter().find(|key| key.id() == id)
    }

    /// The key that signs unless the order chooses.
    pub(super) const fn signing(&self) -> Option<&Arc<Key>> {
        self.signing.as_ref()
    }

    /// The key that signs where everybody must be able to verify and nobody to sign: the one that
    /// signs, unless it is a shared secret, else an active one.
    pub(super) fn signing_publicly(&self) -> Option<&Arc<Key>> {
        let public = |key: &&Arc<Key>| key.public().is_some();
        let able = self.held.iter().filter(|held| held.signs() && held.is(KeyState::Active));
        self.signing().filter(public).or_else(|| {
            let mut keys = able.filter_map(|held| held.key.as_ref());
            keys.find(public)
        })
    }

    /// The active key of that name: keys in other states sign nothing, whoever asks.
    pub(super) fn signing_as(&self, id: &str) -> Result<&Arc<Key>, AuthorityError> {
        let held = self.record(id).ok_or_else(|| AuthorityError::KeyUnknown(id.into()))?;
        let state = held.life.state.as_str();
        let not_active = || AuthorityError::KeyNotActive { id: id.into(), state };
        let key = held.key.as_ref().ok_or_else(not_active)?;
        if key.signer().is_none() {
            return Err(AuthorityError::KeyCannotSign(id.into()));
        }
        Some(key).filter(|_| held.is(KeyState::Active)).ok_or_else(not_active)
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

    /// What the keys say about a signature over `message`.
    pub(super) fn signed(&self, header: &Header<'_>, message: &[u8], signature: &[u8]) -> Signed {
        match self.verify(header, message, signature) {
            Ok(()) => Signed::Well,
            Err(Reason::Algorithm) => Signed::Otherwise,
            Err(Reason::Signature) if self.tries_all(header) => Signed::Badly,
            Err(_) => Signed::Unknown,
        }
    }

    /// True when every key that the header can mean is tried.
    fn tries_all(&self, header: &Header<'_>) -> bool {
        let fitting = self.keys.iter().filter(|key| key.algorithm() == header.algorithm);
        header.key_id.is_some() || fitting.count() <= TRIES_MAX
    }

    /// The JWK set of this moment.
    pub(super) const fn jwks(&self) -> &Arc<str> {
        &self.jwks
    }

    /// All that are known.
    pub(super) fn held(&self) -> &[Held] {
        &self.held
    }

    /// What is known of a key; of the one that verifies, if there are more of that name.
    pub(super) fn record(&self, id: &str) -> Option<&Held> {
        let mut named = self.held.iter().filter(|held| &*held.id == id);
        let last = named.clone().next_back();
        named.find(|held| held.key.is_some()).or(last)
    }

    pub(super) fn view(&self, held: &Held) -> KeyView {
        let signs = |key: &Arc<Key>| self.signing.as_ref().is_some_and(|one| Arc::ptr_eq(one, key));
        let life = &held.life;
        KeyView {
            id: held.id.to_string(),
            algorithm: held.algorithm,
            state: life.state,
            configured: held.configured,
            signs: held.key.as_ref().is_some_and(signs),
            private: held.signs(),
            made_at: life.made_at,
            published_at: life.published_at,
            active_at: life.active_at,
            retiring_at: life.retiring_at,
            verifies_until: life.verifies_until,
            retired_at: life.retired_at,
            revoked: life.revoked,
        }
    }
}

/// The key that signs: the one that the settings name, else the active one that is kept, else
/// the first configured one that can.
fn chosen(held: &[Held], pinned: Option<&str>) -> Option<Arc<Key>> {
    let able = || held.iter().filter(|held| held.signs() && held.is(KeyState::Active));
    let pinned = able().find(|held| Some(&*held.id) == pinned);
    let kept = || able().filter(|held| !held.configured).max_by_key(|held| held.life.active_at);
    let configured = || able().find(|held| held.configured);
    pinned.or_else(kept).or_else(configured)?.key.clone()
}

/// Public keys as they are published (RFC 7517 §5). Secrets have no public part.
fn rendered(held: &[Held]) -> String {
    let verifying = held.iter().filter(|held| held.key.is_some());
    let keys: Vec<serde_json::Value> =
        verifying.filter_map(|held| serde_json::from_str(held.public.as_deref()?).ok()).collect();
    json!({ "keys": keys }).to_string()
}

/// Reads every configured key.
pub(super) fn read(sources: &[KeySource]) -> Result<Vec<Key>, AuthorityError> {
    let mut keys = Vec::new();
    for (place, source) in sources.iter().enumerate() {
        keys.extend(read_one(&format!("keys[{place}]"), source)?);
    }
    Ok(keys)
}

/// Reads the keys of one source; `place` names a JWK text in errors.
pub(super) fn read_one(place: &str, source: &KeySource) -> Result<Vec<Key>, AuthorityError> {
    match source {
        KeySource::Secret { id, bytes } => Ok(vec![Key::from_secret(id, bytes)?]),
        KeySource::Pem { id, algorithm, text } => Ok(vec![pem::read(id, *algorithm, text)?]),
        KeySource::Jwk { text } => jwk::read(place, text),
    }
}
