//! One session as it is kept, and the rules by which its refresh tokens are used.
//!
//! A refresh token is never stored. Its claims follow from what is: the generation, when that was
//! reached, and as `jti` a keyed hash of the generation under the family's secret. A retry
//! gets a token with the very same claims; its signature differs where the algorithm's signatures
//! do (ES256, PS256), which no rule looks at.

use serde::{Deserialize, Serialize};

use crate::domain::{FingerprintKey, Scopes, Subject, Timestamp, decode_base64url};
use crate::store::Row;

/// A row of the table `families`, whose key is the family's name.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct FamilyRow {
    /// The [`Holder`], sealed.
    pub(super) sealed: String,
    /// What the session allows; never grows.
    pub(super) scopes: Vec<Box<str>>,
    /// The client that the session was given to; `None`: whoever has the token.
    pub(super) client: Option<Box<str>>,
    pub(super) made_at: Timestamp,
    /// When the session ends, in seconds since the epoch.
    pub(super) ends_at_s: i64,
    /// The number of the refresh token that is not used yet, from 1.
    pub(super) generation: u32,
    /// Its `iat`.
    pub(super) rotated_at_s: i64,
    /// Its `exp`.
    pub(super) refresh_ends_at_s: i64,
    /// Whether it is worded as legacy's are.
    pub(super) compatible: bool,
    /// How the one before it was used first.
    pub(super) first_use: Option<FirstUse>,
}

impl Row for FamilyRow {
    const FORMAT: u8 = 1;
}

/// How a refresh token was used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FirstUse {
    /// Microseconds since the epoch.
    pub(super) at_us: i64,
    pub(super) attempt: Attempt,
}

/// What makes an attempt a retry of another: the same of both.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Attempt {
    /// The client that authenticated.
    pub(super) client: Option<Box<str>>,
    /// Keyed hash of the idempotency key.
    pub(super) key: Option<String>,
}

/// How long a retry is answered, in seconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct RetryWindow {
    /// With client authentication.
    pub(super) authenticated_s: u32,
    /// Without.
    pub(super) unauthenticated_s: u32,
}

/// What a refresh token that was shown is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// The one to be used next.
    First,
    /// The one used last, by whoever has used it: its answer may have got lost.
    Retry,
    /// Used before. Two have it, and one of them has stolen it.
    Replay,
}

impl FamilyRow {
    /// What the token of a generation is, when it is shown in this attempt. One of a generation
    /// that was never reached is a replay as well: the disk was put back.
    pub(super) fn turn(
        &self,
        generation: u32,
        attempt: &Attempt,
        window: RetryWindow,
        now: Timestamp,
    ) -> Turn {
        if generation == self.generation {
            return Turn::First;
        }
        let before = generation.checked_add(1) == Some(self.generation);
        let retry = self.first_use.as_ref().is_some_and(|first| {
            let window_s = match attempt.client {
                Some(_) => window.authenticated_s,
                None => window.unauthenticated_s,
            };
            let end = Timestamp::from_micros(first.at_us).plus_seconds(window_s.into());
            before && first.attempt == *attempt && now < end
        });
        if retry { Turn::Retry } else { Turn::Replay }
    }

    pub(super) fn scopes(&self) -> Scopes {
        self.scopes.iter().collect()
    }
}

/// Whom a session belongs to and what its refresh tokens are derived from: what nobody may read
/// from the disk.
#[derive(Serialize, Deserialize)]
pub(super) struct Holder {
    /// 32 bytes in base64url.
    secret: String,
    subject: String,
    pub(super) email: Option<String>,
}

impl Holder {
    pub(super) fn new(secret: [u8; 32], subject: &Subject, email: Option<&str>) -> Self {
        Self {
            secret: crate::domain::encode_base64url(&secret),
            subject: subject.as_str().to_owned(),
            email: email.map(str::to_owned),
        }
    }

    pub(super) fn subject(&self) -> Option<Subject> {
        Subject::parse(&self.subject)
    }

    fn key(&self) -> Option<FingerprintKey> {
        Some(FingerprintKey::new(decode_base64url(&self.secret)?.try_into().ok()?))
    }

    /// The `jti` of a generation's refresh token.
    pub(super) fn token_id(&self, generation: u32) -> Option<String> {
        Some(self.key()?.of_text(&format!("generation {generation}")).to_string())
    }

    pub(super) fn attempt(&self, client: Option<&str>, key: Option<&str>) -> Option<Attempt> {
        let hash = self.key()?;
        let key = key.map(|key| hash.of_text(&format!("attempt {key}")).to_string());
        Some(Attempt { client: client.map(Into::into), key })
    }
}

impl std::fmt::Debug for Holder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Holder(..)")
    }
}
