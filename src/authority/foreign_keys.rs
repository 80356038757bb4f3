//! The public keys that somebody else publishes, fetched when they are needed.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Mutex;

use super::header::Header;
use super::jwk;
use super::key::Key;
use crate::domain::{Reason, Timestamp};
use crate::outbound::{Call, Headers, Method, Outbound, Url};

/// Most keys held of one provider.
pub(super) const KEYS_MAX: usize = 64;

/// Most keys tried for a token without a key id.
const TRIES_MAX: usize = 4;

/// Keys are fetched again after this long.
const FRESH: Duration = Duration::from_hours(1);

/// While the provider cannot be asked, its last keys hold for this long.
const STALE_MAX: Duration = Duration::from_hours(24);

/// Pause between two calls, whatever came of the first.
const PAUSE: Duration = Duration::from_secs(10);

/// Pause before a token with an unknown key causes another call.
const PAUSE_UNKNOWN: Duration = Duration::from_mins(1);

const TIMEOUT: Duration = Duration::from_secs(5);

/// Largest accepted key set, in bytes.
const BYTES_MAX: usize = 64 * 1024;

/// The keys that one provider published at one moment.
#[derive(Debug)]
pub(super) struct KeySet {
    url: Url,
    keys: Vec<Key>,
    fetched_at: Timestamp,
}

impl KeySet {
    /// Reads a JWK set; the error says why it holds no usable key.
    pub(super) fn read(url: &Url, text: &[u8], now: Timestamp) -> Result<Self, String> {
        let keys = jwk::read_foreign(text).ok_or("no key set in the answer")?;
        if keys.is_empty() {
            return Err("no usable key in the key set".into());
        }
        Ok(Self { url: url.clone(), keys, fetched_at: now })
    }

    /// When it was asked for.
    pub(super) const fn fetched_at(&self) -> Timestamp {
        self.fetched_at
    }

    /// How many keys there are.
    pub(super) const fn len(&self) -> usize {
        self.keys.len()
    }

    /// The keys that may have signed: of the header's algorithm and, if it names one, of that id.
    fn candidates<'k>(&'k self, header: &'k Header<'_>) -> impl Iterator<Item = &'k Key> {
        self.keys
            .iter()
            .filter(|key| key.algorithm() == header.algorithm)
            .filter(|key| header.key_id.is_none_or(|id| id == key.id()))
            .take(TRIES_MAX)
    }

    /// True when every key that the header can mean is tried.
    pub(super) fn tries_all(&self, header: &Header<'_>) -> bool {
        let fits = |key: &&Key| {
            key.algorithm() == header.algorithm && header.key_id.is_none_or(|id| id == key.id())
        };
        self.keys.iter().filter(fits).count() <= TRIES_MAX
    }

    /// True when a key could have signed.
    pub(super) fn knows(&self, header: &Header<'_>) -> bool {
        self.candidates(header).next().is_some()
    }

    /// Verifies a signature over `message`.
    pub(super) fn verify(
        &self,
        header: &Header<'_>,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), Reason> {
        if !self.knows(header) {
            return Err(Reason::KeyUnknown);
        }
        let verified = self.candidates(header).any(|key| key.verify(message, signature));
        if verified { Ok(()) } else { Err(Reason::Signature) }
    }
}

/// Fetches and remembers. One call at a time: whoever comes meanwhile waits for it and takes
/// what it brought.
#[derive(Debug)]
pub(super) struct ForeignKeys {
    outbound: Outbound,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    set: Option<Arc<KeySet>>,
    tried_at: Option<Timestamp>,
}

impl ForeignKeys {
    pub(super) fn new(outbound: Outbound) -> Self {
        Self { outbound, held: Mutex::new(Held::default()) }
    }

    /// The keys at `url`, at most an hour old, or a day while the provider cannot be asked. The
    /// error says why there are none.
    pub(super) async fn current(&self, url: &Url, now: Timestamp) -> Result<Arc<KeySet>, String> {
        let mut held = self.held.lock().await;
        let known = held.set.clone().filter(|set| set.url == *url);
        let no_older_than = |max| move |set: &Arc<KeySet>| now.since(set.fetched_at) < max;
        if let Some(set) = known.clone().filter(no_older_than(FRESH)) {
            return Ok(set);
        }
        match self.fetch(&mut held, url, PAUSE, now).await {
            Ok(set) => Ok(set),
            Err(why) => known.filter(no_older_than(STALE_MAX)).ok_or(why),
        }
    }

    /// The keys after `set`, in which a token's key is missing; `set` itself when nothing newer
    /// is to be had.
    pub(super) async fn after(&self, set: Arc<KeySet>, now: Timestamp) -> Arc<KeySet> {
        let mut held = self.held.lock().await;
        if let Some(newer) = &held.set
            && newer.url == set.url
            && !Arc::ptr_eq(newer, &set)
        {
            return Arc::clone(newer);
        }
        self.fetch(&mut held, &set.url, PAUSE_UNKNOWN, now).await.unwrap_or(set)
    }

    async fn fetch(
        &self,
        held: &mut Held,
        url: &Url,
        pause: Duration,
        now: Timestamp,
    ) -> Result<Arc<KeySet>, String> {
        if held.tried_at.is_some_and(|at| now.since(at) < pause) {
            return Err("asked moments ago".into());
        }
        held.tried_at = Some(now);
        let set = Arc::new(fetch(&self.outbound, url, now).await?);
        held.set = Some(Arc::clone(&set));
        Ok(set)
    }
}

/// The keys that are published at `url` now; the error says why there are none.
pub(super) async fn fetch(
    outbound: &Outbound,
    url: &Url,
    now: Timestamp,
) -> Result<KeySet, String> {
    let call = Call {
        method: Method::Get,
        url: url.clone(),
        headers: Headers::default(),
        body: Bytes::new(),
        timeout: TIMEOUT,
        response_bytes_max: BYTES_MAX,
    };
    let answer = outbound.send(call).await.map_err(|error| error.to_string())?;
    if answer.status != 200 {
        return Err(format!("status {}", answer.status));
    }
    KeySet::read(url, &answer.body, now)
}
