//! Sign-in through a foreign OpenID provider: the code flow (OpenID Connect Core §3.1) with PKCE
//! (RFC 7636).
//!
//! [`Provider::begin`] sends the browser away, [`Provider::finish`] takes it back and fetches the
//! ID token, and once that has been verified, elsewhere, [`Provider::identity`] says who it is.
//! A sign-in ends in the browser in which it began: its cookie, its `state` and the nonce in the
//! token belong together, and are good for one try within ten minutes.

mod answer;
mod discovery;
mod exchange;
mod fetch;
mod identity;
mod local_path;
mod pending;
mod settings;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use serde_json::{Map, Value};

use super::{AccessError, ForeignIdentity, Refusal, Secret};
use crate::domain::{Clock, encode_base64url};
use crate::outbound::{Outbound, Url};
use discovery::{Discovery, Endpoints};
use pending::{Pending, PendingTable};

pub use answer::ProviderAnswer;
pub use settings::ProviderSettings;

/// How long ago, in seconds, the provider may have seen a proof of identity (OpenID Connect Core
/// §3.1.2.1, `max_age`).
const PROOF_AGE_MAX_S: i64 = 300;

/// How far the clocks may be apart, in seconds.
const SKEW_S: i64 = 5;

/// How long a browser has to come back with an answer.
const SIGN_IN_MAX: Duration = Duration::from_mins(10);

/// A sign-in that has begun.
pub struct Begun {
    /// Where the browser goes; holds `state` and nonce.
    pub authorization_url: String,
    /// What the browser must show when it comes back.
    pub cookie: Secret,
}

impl fmt::Debug for Begun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Begun(..)")
    }
}

/// What a code was exchanged for. Nothing of it has been verified.
#[derive(Debug)]
pub struct Exchanged {
    /// The ID token.
    pub id_token: Secret,
    /// The nonce that it must hold.
    pub nonce: Secret,
    /// Where the keys are that verify it.
    pub keys_at: Url,
    /// Where on this site the browser goes then.
    pub next: String,
}

/// Sign-in through one provider.
pub struct Provider {
    settings: ProviderSettings,
    redirect_uri: String,
    outbound: Outbound,
    clock: Arc<dyn Clock>,
    discovery: Discovery,
    pending: PendingTable,
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Provider({:?}, ..)", self.settings.issuer)
    }
}

impl Provider {
    /// `redirect_uri` is where the provider sends browsers back to, as it is registered there.
    /// The error is [`AccessError::Unusable`]; the provider itself is not asked yet.
    pub fn new(
        settings: ProviderSettings,
        redirect_uri: String,
        outbound: Outbound,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, AccessError> {
        settings.check(&outbound).map_err(AccessError::Unusable)?;
        let discovery = Discovery::new(&settings.issuer);
        let pending = PendingTable::default();
        Ok(Self { settings, redirect_uri, outbound, clock, discovery, pending })
    }

    /// Begins a sign-in after which the browser goes to `next`, a path on this site.
    ///
    /// The errors are [`AccessError::Unusable`] for any other `next`, and
    /// [`AccessError::Provider`] when the provider has not told its addresses.
    pub async fn begin(&self, next: &str) -> Result<Begun, AccessError> {
        let next = local_path::checked(next).map_err(AccessError::Unusable)?;
        let endpoints = self.endpoints().await?;
        let (cookie, state, nonce) = (Secret::random(), Secret::random(), Secret::random());
        let verifier = Secret::random();
        let authorization_url = self.authorization_url(&endpoints, &state, &nonce, &verifier);
        let pending = Pending { nonce, verifier, next: next.to_owned() };
        self.pending.insert(&cookie, &state, pending, self.clock.now());
        Ok(Begun { authorization_url, cookie })
    }

    fn authorization_url(
        &self,
        endpoints: &Endpoints,
        state: &Secret,
        nonce: &Secret,
        verifier: &Secret,
    ) -> String {
        let challenge = encode_base64url(digest(&SHA256, verifier.reveal().as_bytes()).as_ref());
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.settings.client_id)
            .append_pair("redirect_uri", &self.redirect_uri)
            .append_pair("scope", &self.settings.scopes.join(" "))
            .append_pair("state", state.reveal())
            .append_pair("nonce", nonce.reveal())
            // A session of ours begins fresh, so the proof of identity must be.
            .append_pair("max_age", &PROOF_AGE_MAX_S.to_string())
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256")
            .finish();
        // An endpoint may have a query of its own, which stays (RFC 6749 §3.1).
        let joint = if endpoints.authorization.contains('?') { '&' } else { '?' };
        format!("{}{joint}{query}", endpoints.authorization)
    }

    /// Takes a browser back that shows `cookie`, and exchanges the code it brings.
    ///
    /// [`Refusal::ForeignIdentity`] when the sign-in did not begin in this browser, was tried
    /// before or is over, or when the provider refuses; [`AccessError::Provider`] when it cannot
    /// be asked.
    pub async fn finish(
        &self,
        answer: &ProviderAnswer<'_>,
        cookie: &str,
    ) -> Result<Exchanged, AccessError> {
        let state = answer.state.unwrap_or_default();
        let pending = self.pending.take(cookie, state, self.clock.now());
        let pending = pending.ok_or_else(|| refused("no such sign-in in this browser"))?;
        let endpoints = self.endpoints().await?;
        let code = answer.code(&self.settings.issuer, endpoints.names_issuer).map_err(refused)?;
        let id_token = self.exchange(&endpoints, code, &pending.verifier).await?;
        let Pending { nonce, next, .. } = pending;
        Ok(Exchanged { id_token, nonce, keys_at: endpoints.keys.clone(), next })
    }

    /// Who it is by the claims of a verified ID token, and what his groups let him do: the
    /// highest of their roles. Refused when none of them has a role here.
    pub fn identity(&self, claims: &Map<String, Value>) -> Result<ForeignIdentity, Refusal> {
        let refused = |why| {
            tracing::info!(why, "a foreign identity is refused");
            Refusal::ForeignIdentity
        };
        let proved_at = claims.get("auth_time").and_then(Value::as_i64);
        let oldest = self.clock.now().seconds() - PROOF_AGE_MAX_S - SKEW_S;
        if proved_at.is_none_or(|at| at < oldest) {
            return Err(refused("no proof of identity of the last minutes"));
        }
        identity::read(&self.settings, claims).map_err(refused)
    }

    /// The host of its issuer, as people know it.
    pub fn host(&self) -> &str {
        let issuer = &self.settings.issuer;
        let rest = issuer.split_once("://").map_or(issuer.as_str(), |(_, rest)| rest);
        rest.split('/').next().unwrap_or(rest)
    }

    /// Sign-ins that were pushed out by later ones before they ended.
    pub fn dropped(&self) -> u64 {
        self.pending.dropped()
    }

    async fn endpoints(&self) -> Result<Arc<Endpoints>, AccessError> {
        let endpoints = self.discovery.endpoints(&self.outbound, self.clock.now()).await;
        endpoints.map_err(AccessError::Provider)
    }
}

/// Says in the log why; the browser learns only that.
fn refused(why: &'static str) -> AccessError {
    tracing::info!(why, "a foreign sign-in is refused");
    AccessError::Refused(Refusal::ForeignIdentity)
}
