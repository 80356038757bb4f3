//! The rules for a token's header.

use serde_json::Value;

use crate::domain::{Members, Reason};

use super::Algorithm;

/// What the header says, as far as it is listened to.
pub(super) struct Header<'t> {
    pub(super) algorithm: Algorithm,
    pub(super) key_id: Option<&'t str>,
    /// Whether `typ` says that this is an access token (RFC 9068 §2.1).
    pub(super) access_token: bool,
}

impl<'t> Header<'t> {
    /// Applies the rules; `knows` tells whether we hold a key of an algorithm.
    pub(super) fn read(
        members: &'t Members,
        knows: impl Fn(Algorithm) -> bool,
    ) -> Result<Self, Reason> {
        let algorithm = members.get("alg").and_then(Value::as_str).and_then(Algorithm::parse);
        let algorithm = algorithm.filter(|&algorithm| knows(algorithm)).ok_or(Reason::Algorithm)?;
        if members.get("crit").is_some() || members.get("b64").is_some() {
            return Err(Reason::CriticalHeader);
        }
        let access_token = match members.get("typ") {
            None => false,
            Some(Value::String(typ)) => access_type(typ).ok_or(Reason::TypeHeader)?,
            Some(_) => return Err(Reason::TypeHeader),
        };
        if let Some(content) = members.get("cty") {
            let content = content.as_str().ok_or(Reason::TypeHeader)?;
            if media_type(content).eq_ignore_ascii_case("jwt") {
                return Err(Reason::TypeHeader);
            }
        }
        let key_id = match members.get("kid") {
            None => None,
            Some(Value::String(id)) => Some(id.as_str()),
            Some(_) => return Err(Reason::KeyIdType),
        };
        Ok(Self { algorithm, key_id, access_token })
    }
}

/// Whether a `typ` is that of an access token; `None` when it is no token of ours at all.
fn access_type(typ: &str) -> Option<bool> {
    let typ = media_type(typ);
    if typ.eq_ignore_ascii_case("jwt") {
        Some(false)
    } else {
        typ.eq_ignore_ascii_case("at+jwt").then_some(true)
    }
}

/// A media type without the prefix that may be left out (RFC 7515 §4.1.9).
fn media_type(text: &str) -> &str {
    match text.split_at_checked("application/".len()) {
        Some((prefix, rest)) if prefix.eq_ignore_ascii_case("application/") => rest,
        Some(_) | None => text,
    }
}
