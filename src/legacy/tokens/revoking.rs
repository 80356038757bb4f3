//! Revocations on their way to legacy: kept on the disk until they arrive.
//!
//! A parcel's body holds the token and is therefore sealed while it waits; its id is a keyed
//! fingerprint of what the token decodes to, so that a token that is revoked twice, however it
//! was written, is one parcel. It ends with the token.

use std::sync::Arc;
use std::time::Duration;

use super::body::Values;
use super::settings::{Checked, Settings};
use crate::domain::{
    FingerprintKey, Jws, PathError, Reason, Revocation, RevocationOutcome, Timestamp, Token,
};
use crate::legacy::remote::read_expiry;
use crate::outbound::{Outbox, OutboxError, Parcel, ParcelId, SecretSource};

/// What the ids of parcels with revocations begin with.
pub const PARCEL_PREFIX: &str = "revoke:";

/// How long the revocation of a token is worth sending that does not say when it ends, and of one
/// that says later.
const LIFETIME_MAX: Duration = Duration::from_hours(31 * 24);

/// So often, and this far apart, is a parcel tried that somebody else is just putting on the disk.
const ARRIVING: (u32, Duration) = (100, Duration::from_millis(20));

/// Seals bytes in the name of a place; `None` when the library fails.
type Seal = dyn Fn(&str, &[u8]) -> Option<String> + Send + Sync;
/// Opens what was sealed in the name of the same place.
type Open = dyn Fn(&str, &str) -> Option<Vec<u8>> + Send + Sync;

/// Seals texts for the disk and opens them, each in the name of a place.
#[derive(Clone)]
pub struct Sealer {
    /// Seals; `None` when the library fails.
    pub seal: Arc<Seal>,
    /// Opens what was sealed in the name of the same place, and nothing else.
    pub open: Arc<Open>,
}

/// By what revocations are sent.
#[derive(Clone)]
pub struct Post {
    /// Where they wait.
    pub outbox: Outbox,
    /// What seals them.
    pub sealer: Sealer,
    /// The key of their ids.
    pub fingerprints: FingerprintKey,
}

/// The name and the working of the secret source by which the parcels of path `name` leave: the
/// outbox must know it from its opening. `None` for a path that sends none.
pub fn secret_source(
    name: &str,
    settings: &Settings,
    sealer: &Sealer,
) -> Option<(String, SecretSource)> {
    let settings = match settings {
        Settings::Http(settings) => settings,
        Settings::Modelled(_) => return None,
    };
    settings.revoke.as_ref()?;
    let text =
        |bytes: &[u8]| std::str::from_utf8(bytes).ok().map(|text| text.trim_end().to_owned());
    let headers: Vec<(String, String)> = settings
        .secret_headers
        .iter()
        .filter_map(|(name, secret)| Some((name.clone(), text(secret.reveal())?)))
        .collect();
    let open = Arc::clone(&sealer.open);
    let source: SecretSource = Arc::new(move |departing| {
        let kept = std::str::from_utf8(&departing.body).ok();
        let place = place(&departing.id);
        let Some(body) = kept.and_then(|kept| open(&place, kept)) else {
            tracing::error!(parcel.id = %departing.id, "a kept revocation cannot be opened");
            return false;
        };
        departing.body = body.into();
        headers.iter().all(|(name, value)| departing.headers.append(name, value).is_ok())
    });
    Some((source_name(name), source))
}

fn source_name(name: &str) -> String {
    format!("{PARCEL_PREFIX}{name}").chars().take(64).collect()
}

fn place(id: &ParcelId) -> String {
    format!("outbox/{id}")
}

/// Sends the revocations of one path.
pub(super) struct Revoker {
    name: String,
    endpoint: Checked,
    landed: Vec<u16>,
    post: Post,
}

impl Revoker {
    pub fn new(name: &str, endpoint: Checked, landed: Vec<u16>, post: Post) -> Self {
        Self { name: name.to_owned(), endpoint, landed, post }
    }

    /// Legacy knows tokens only: a session or a subject is not taken back there.
    pub async fn revoke(
        &self,
        revocation: &Revocation,
        now: Timestamp,
    ) -> Result<RevocationOutcome, PathError> {
        let token = match revocation {
            Revocation::Token(token) => token,
            Revocation::TokenId { .. } | Revocation::Subject { .. } | Revocation::Family(_) => {
                return Ok(RevocationOutcome::Unsupported);
            }
        };
        let expires_at = match ends(token, now) {
            Ok(expires_at) => expires_at,
            Err(reason) => return Ok(RevocationOutcome::Nothing(reason)),
        };
        let parcel = self.parcel(token, expires_at)?;
        match self.keep(parcel).await {
            Ok(()) => Ok(RevocationOutcome::Kept),
            Err(OutboxError::Expired) => Ok(RevocationOutcome::Nothing(Reason::Expired)),
            Err(error) => Err(PathError::Unreachable(error.to_string().into())),
        }
    }

    fn parcel(&self, token: &Token, expires_at: Timestamp) -> Result<Parcel, PathError> {
        let fault = |text: &'static str| PathError::Unreadable(text.into());
        let fingerprint = self.post.fingerprints.of_token(token);
        let id = ParcelId::parse(&format!("{PARCEL_PREFIX}{}:{fingerprint}", self.name))
            .map_err(|_| fault("no id for the revocation"))?;
        let values = Values { token: token.reveal(), ..Values::default() };
        let body = self.endpoint.body.fill(&values);
        let sealed = (self.post.sealer.seal)(&place(&id), body.as_bytes());
        Ok(Parcel {
            id,
            url: self.endpoint.url.clone(),
            method: self.endpoint.method,
            headers: self.endpoint.headers.clone(),
            body: sealed.ok_or_else(|| fault("the revocation cannot be sealed"))?.into(),
            secrets: Some(source_name(&self.name)),
            landed: Some(self.landed.clone()),
            expires_at,
        })
    }

    /// On the disk when it returns, whoever put it there.
    async fn keep(&self, parcel: Parcel) -> Result<(), OutboxError> {
        let (tries, pause) = ARRIVING;
        for _ in 0..tries {
            match self.post.outbox.send_later(parcel.clone()).await {
                Err(OutboxError::Arriving) => tokio::time::sleep(pause).await,
                kept => return kept,
            }
        }
        Err(OutboxError::Arriving)
    }
}

/// When the token ends, as far as it says; or why there is nothing to take back.
fn ends(token: &Token, now: Timestamp) -> Result<Timestamp, Reason> {
    let latest = now.plus(LIFETIME_MAX);
    if token.reveal().is_empty() {
        return Err(Reason::TokenMissing);
    }
    let told = match Jws::decode(token) {
        Ok(jws) => jws.claims.ok().and_then(|claims| read_expiry(claims.get("exp")?).ok()?),
        // It is not ours to say that legacy makes no such token.
        Err(Reason::Segments) => None,
        Err(reason) => return Err(reason),
    };
    match told {
        Some(end) if end <= now => Err(Reason::Expired),
        told => Ok(told.unwrap_or(latest).min(latest)),
    }
}
