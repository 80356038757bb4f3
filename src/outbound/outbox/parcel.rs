//! What is sent later.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::OutboxError;
use crate::domain::Timestamp;
use crate::outbound::{Headers, Method, OutboundError, Url};

/// Largest body of a parcel, in bytes.
pub(super) const BODY_BYTES_MAX: usize = 64 * 1024;
/// Most header fields of a parcel, and most bytes of their names and values together.
const HEADERS_MAX: usize = 32;
const HEADER_BYTES_MAX: usize = 8 * 1024;
const URL_BYTES_MAX: usize = 4 * 1024;
const SOURCE_BYTES_MAX: usize = 64;

/// Fields that carry secrets and are therefore not kept.
const SECRET_FIELDS: [&str; 3] = ["authorization", "proxy-authorization", "cookie"];
/// The field with the parcel's id.
pub(super) const ID_FIELD: &str = "idempotency-key";

/// The sender's name for a parcel: the same for the same matter, also after a restart. 1 to 128
/// ASCII letters, digits, `-`, `_`, `.` and `:`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct ParcelId(Arc<str>);

impl ParcelId {
    /// Parses an id.
    pub fn parse(text: &str) -> Result<Self, OutboxError> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte);
        if text.is_empty() || text.len() > 128 || !text.bytes().all(fits) {
            return Err(OutboxError::BadId);
        }
        Ok(Self(text.into()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ParcelId {
    type Error = OutboxError;
    fn try_from(text: String) -> Result<Self, OutboxError> {
        Self::parse(&text)
    }
}

impl fmt::Display for ParcelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for ParcelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// One thing that must arrive. All of it is kept in the clear, so no part of it may be a secret:
/// not the URL with its query, not a header, not the body. What is secret comes from a source.
#[derive(Clone)]
pub struct Parcel {
    /// Its name; a second parcel of the same name is taken for the same.
    pub id: ParcelId,
    /// Where to; who wrote it is kept, too, and the target judged at each attempt.
    pub url: Url,
    /// How.
    pub method: Method,
    /// Header fields, name and value; none of those that carry secrets, nor `Idempotency-Key`.
    pub headers: Vec<(String, String)>,
    /// At most 64 KiB; sealed, where the source opens it.
    pub body: Bytes,
    /// Who adds what is secret when it leaves, by the name given to [`Outbox::open`].
    ///
    /// [`Outbox::open`]: super::Outbox::open
    pub secrets: Option<String>,
    /// `None`: 2xx says that it has arrived, another 4xx that it is not wanted. `Some`: 2xx and
    /// these statuses say that it has arrived, and after any other it is tried again.
    pub landed: Option<Vec<u16>>,
    /// When it is no longer worth sending.
    pub expires_at: Timestamp,
}

impl fmt::Debug for Parcel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Parcel({} {:?} {}, {} bytes)", self.id, self.method, self.url, self.body.len())
    }
}

impl Parcel {
    /// Refuses what cannot or must not be kept.
    pub(super) fn check(&self) -> Result<(), OutboxError> {
        let header_bytes: usize = self.headers.iter().map(|(n, v)| n.len() + v.len()).sum();
        if self.body.len() > BODY_BYTES_MAX {
            return Err(OutboxError::TooLarge { part: "body", bytes_max: BODY_BYTES_MAX });
        }
        if header_bytes > HEADER_BYTES_MAX || self.headers.len() > HEADERS_MAX {
            return Err(OutboxError::TooLarge { part: "headers", bytes_max: HEADER_BYTES_MAX });
        }
        if self.url.as_text().len() > URL_BYTES_MAX {
            return Err(OutboxError::TooLarge { part: "url", bytes_max: URL_BYTES_MAX });
        }
        if self.secrets.as_ref().is_some_and(|name| name.len() > SOURCE_BYTES_MAX) {
            return Err(OutboxError::UnknownSource);
        }
        let kept_out = |name: &str| name.eq_ignore_ascii_case(ID_FIELD) || is_secret(name);
        if let Some((name, _)) = self.headers.iter().find(|(name, _)| kept_out(name)) {
            return Err(OutboxError::HeaderNotKept { name: name.to_ascii_lowercase() });
        }
        self.departing().map(drop).map_err(OutboxError::Refused)
    }

    /// The parcel as it leaves, before its secrets are added.
    pub(super) fn departing(&self) -> Result<Departing, OutboundError> {
        let mut headers = Headers::default();
        headers.append(ID_FIELD, self.id.as_str())?;
        for (name, value) in &self.headers {
            headers.append(name, value)?;
        }
        let (id, url, body) = (self.id.clone(), self.url.clone(), self.body.clone());
        Ok(Departing { id, url, headers, body })
    }
}

fn is_secret(name: &str) -> bool {
    SECRET_FIELDS.iter().any(|field| name.eq_ignore_ascii_case(field))
}

/// A parcel on its way out, for its [`SecretSource`]: header fields may be added, a signature
/// over the body computed, a sealed body opened.
#[derive(Clone, Debug)]
pub struct Departing {
    /// The parcel's name.
    pub id: ParcelId,
    /// Where to. A change is ignored.
    pub url: Url,
    /// Header fields, with the parcel's own.
    pub headers: Headers,
    /// The body.
    pub body: Bytes,
}

/// Adds what is secret to a parcel that leaves. `false`: not now; the parcel is tried again.
pub type SecretSource = Arc<dyn Fn(&mut Departing) -> bool + Send + Sync>;

/// Secret sources by name. A parcel whose source is not among them waits until one is.
pub type SecretSources = HashMap<String, SecretSource>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_fits_a_header_and_a_key() {
        for odd in ["", "a b", "a/b", "a\n", "é", &"x".repeat(129)] {
            assert!(ParcelId::parse(odd).is_err(), "{odd:?}");
        }
        assert!(ParcelId::parse("rollback:42.http-auth_1").is_ok());
    }
}
