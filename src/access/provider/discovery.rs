//! The provider's addresses (OpenID Connect Discovery §4).

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::Mutex;

use super::fetch;
use crate::domain::{Members, Reason, Timestamp, parse_strict};
use crate::outbound::{Outbound, Url};

/// Addresses are asked for again after this long.
const FRESH: Duration = Duration::from_hours(1);

/// While the provider cannot be asked, its last addresses hold for this long.
const STALE_MAX: Duration = Duration::from_hours(24);

/// Pause after the first failure; it doubles with each that follows.
const PAUSE: Duration = Duration::from_secs(1);

const PAUSE_DOUBLINGS_MAX: u32 = 6;

/// Longest accepted address, in bytes.
const ADDRESS_MAX: usize = 2_000;

/// The provider's addresses.
#[derive(Debug)]
pub(super) struct Endpoints {
    /// Where browsers sign in, as the provider writes it.
    pub(super) authorization: String,
    /// Where codes are exchanged.
    pub(super) token: Url,
    /// Where its keys are.
    pub(super) keys: Url,
    /// Whether every answer names the issuer (RFC 9207 §3).
    pub(super) names_issuer: bool,
}

impl Endpoints {
    fn read(body: &[u8], issuer: &str, outbound: &Outbound) -> Result<Self, String> {
        let members = parse_strict(body, Reason::ClaimsJson).map_err(|reason| {
            format!("its discovery document cannot be read: {}", reason.code())
        })?;
        if text(&members, "issuer") != Some(issuer) {
            return Err("its discovery document names another issuer".into());
        }
        if !offers(&members, "code_challenge_methods_supported", "S256") {
            return Err("it does not offer PKCE with S256".into());
        }
        if !offers(&members, "response_types_supported", "code") {
            return Err("it does not offer the code flow".into());
        }
        let endpoint = |name| {
            let address = text(&members, name).ok_or_else(|| format!("{name} is missing"))?;
            let url =
                checked_endpoint(address, outbound).map_err(|why| format!("{name}: {why}"))?;
            Ok::<_, String>((address.to_owned(), url))
        };
        Ok(Self {
            authorization: endpoint("authorization_endpoint")?.0,
            token: endpoint("token_endpoint")?.1,
            keys: endpoint("jwks_uri")?.1,
            names_issuer: members.get("authorization_response_iss_parameter_supported")
                == Some(&Value::Bool(true)),
        })
    }
}

fn text<'m>(members: &'m Members, name: &str) -> Option<&'m str> {
    members.get(name)?.as_str()
}

/// True when a list of what is offered holds `wanted`, or when nothing is said.
fn offers(members: &Members, list: &str, wanted: &str) -> bool {
    match members.get(list) {
        None => true,
        Some(list) => list.as_array().is_some_and(|list| list.iter().any(|each| each == wanted)),
    }
}

/// An address of the provider: https, or plain http on this machine, on an allowed host.
pub(super) fn checked_endpoint(text: &str, outbound: &Outbound) -> Result<Url, String> {
    let plain = text.chars().all(|c| c.is_ascii_graphic() && c != '\\' && c != '#');
    if !plain || text.len() > ADDRESS_MAX {
        return Err("is no plain address".into());
    }
    let url = Url::configured(text).map_err(|error| error.to_string())?;
    if url.scheme() != "https" && !is_loopback(url.host()) {
        return Err("is neither https nor on this machine".into());
    }
    outbound.check(&url).map_err(|error| error.to_string())?;
    Ok(url)
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Asks for the addresses and remembers them. One call at a time: whoever comes meanwhile waits
/// for it and takes what it brought.
pub(super) struct Discovery {
    issuer: String,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    endpoints: Option<(Arc<Endpoints>, Timestamp)>,
    failed_at: Option<Timestamp>,
    failures: u32,
}

impl Held {
    fn no_older_than(&self, max: Duration, now: Timestamp) -> Option<Arc<Endpoints>> {
        let (endpoints, fetched_at) = self.endpoints.as_ref()?;
        (now.since(*fetched_at) < max).then(|| Arc::clone(endpoints))
    }

    /// True while nothing is asked because it has just failed.
    fn pauses(&self, now: Timestamp) -> bool {
        let doublings = self.failures.saturating_sub(1).min(PAUSE_DOUBLINGS_MAX);
        self.failed_at.is_some_and(|at| now.since(at) < PAUSE * 2_u32.pow(doublings))
    }
}

impl Discovery {
    pub(super) fn new(issuer: &str) -> Self {
        Self { issuer: issuer.into(), held: Mutex::new(Held::default()) }
    }

    /// The addresses, at most an hour old, or a day while the provider cannot be asked. The error
    /// says why there are none.
    pub(super) async fn endpoints(
        &self,
        outbound: &Outbound,
        now: Timestamp,
    ) -> Result<Arc<Endpoints>, String> {
        let mut held = self.held.lock().await;
        if let Some(fresh) = held.no_older_than(FRESH, now) {
            return Ok(fresh);
        }
        let stale = held.no_older_than(STALE_MAX, now);
        if held.pauses(now) {
            return stale.ok_or_else(|| "it has just failed to answer".into());
        }
        match self.fetch(outbound).await {
            Ok(endpoints) => {
                let endpoints = Arc::new(endpoints);
                let found = Some((Arc::clone(&endpoints), now));
                *held = Held { endpoints: found, ..Held::default() };
                Ok(endpoints)
            }
            Err(why) => {
                tracing::warn!(why, "the identity provider does not tell its addresses");
                held.failed_at = Some(now);
                held.failures = held.failures.saturating_add(1);
                stale.ok_or(why)
            }
        }
    }

    async fn fetch(&self, outbound: &Outbound) -> Result<Endpoints, String> {
        // Discovery §4.1: a slash at the issuer's end is left out.
        let base = self.issuer.trim_end_matches('/');
        let url = Url::configured(&format!("{base}/.well-known/openid-configuration"));
        let url = url.map_err(|error| error.to_string())?;
        let answer = fetch::get(outbound, &url).await.map_err(|error| error.to_string())?;
        if answer.status != 200 {
            return Err(format!("its discovery document comes with status {}", answer.status));
        }
        Endpoints::read(&answer.body, &self.issuer, outbound)
    }
}
