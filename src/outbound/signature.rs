//! Signatures in the scheme of Standard Webhooks (version 1 of its symmetric form).

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Departing, SecretSource};
use crate::domain::Clock;

/// How keys begin.
const PREFIX: &str = "whsec_";

/// How long a key may be, in bytes.
const KEY_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// Most keys of a webhook: the new one, and the one that it replaces.
const KEYS_MAX: usize = 2;

/// What the notices to one webhook are signed with: one key, or two while one replaces the other.
#[derive(Clone)]
pub struct WebhookKey(Vec<hmac::Key>);

/// Why a text is no key. It does not hold the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is whsec_ and 24 to 64 bytes in base64; two of them while one replaces the other")]
pub struct WebhookKeyError;

impl WebhookKey {
    /// Reads `whsec_` and base64, or two of them with white space between.
    pub fn parse(text: &str) -> Result<Self, WebhookKeyError> {
        let words: Vec<&str> = text.split_whitespace().collect();
        if words.is_empty() || words.len() > KEYS_MAX {
            return Err(WebhookKeyError);
        }
        words.into_iter().map(key).collect::<Result<_, _>>().map(Self)
    }
}

fn key(text: &str) -> Result<hmac::Key, WebhookKeyError> {
    let encoded = text.strip_prefix(PREFIX).ok_or(WebhookKeyError)?;
    let bytes = STANDARD.decode(encoded).map_err(|_| WebhookKeyError)?;
    if !KEY_BYTES.contains(&bytes.len()) {
        return Err(WebhookKeyError);
    }
    Ok(hmac::Key::new(hmac::HMAC_SHA256, &bytes))
}

impl fmt::Debug for WebhookKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookKey(..)")
    }
}

/// The value of `webhook-signature`: one signature a key, of `id.seconds.body`.
pub(crate) fn sign(key: &WebhookKey, id: &str, seconds: i64, body: &[u8]) -> String {
    let one = |key: &hmac::Key| {
        let mut signing = hmac::Context::with_key(key);
        signing.update(format!("{id}.{seconds}.").as_bytes());
        signing.update(body);
        format!("v1,{}", STANDARD.encode(signing.sign()))
    };
    key.0.iter().map(one).collect::<Vec<_>>().join(" ")
}

impl WebhookKey {
    /// Signs parcels whose ids begin with `purpose`, at the moment they leave; the rest of the id
    /// is what the other end knows them by.
    pub fn source(&self, purpose: &str, clock: Arc<dyn Clock>) -> SecretSource {
        let (key, purpose) = (self.clone(), purpose.to_owned());
        Arc::new(move |departing| signed(departing, &purpose, &key, clock.now().seconds()))
    }
}

fn signed(departing: &mut Departing, purpose: &str, key: &WebhookKey, seconds: i64) -> bool {
    let Some(id) = departing.id.as_str().strip_prefix(purpose).map(str::to_owned) else {
        return false;
    };
    let signature = sign(key, &id, seconds, &departing.body);
    let fields = [
        ("webhook-id", id),
        ("webhook-timestamp", seconds.to_string()),
        ("webhook-signature", signature),
    ];
    fields.iter().all(|(name, value)| departing.headers.append(name, value).is_ok())
}
