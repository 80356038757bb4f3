//! The rules for a token's header.

use serde_json::Value;

use crate::domain::{Members, Reason};

use super::Algorithm;

/// What the header says, as far as it is listened to.
pub(super) struct Header<'t> {
    pub(super) algorithm: Algorithm,
    pub(super) key_id: Option<&'t str>,
    /// What kind of object the token says it is; whether that will do is for the rules to say.
    pub(super) typ: Typ,
}

/// What `typ` says (RFC 7515 §4.1.9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Typ {
    /// There is none.
    Missing,
    /// A JWT of any kind.
    Jwt,
    /// An access token (RFC 9068 §2.1).
    AccessToken,
    /// No token of ours, or no text.
    Other,
}

impl<'t> Header<'t> {
    /// Applies the rules; `knows` tells whether we hold a key of an algorithm.
    pub(super) fn read(
        members: &'t Members,
        knows: impl Fn(Algorithm) -> bool,
    ) -> Result<Self, Reason> {
        let algorithm = members.get("alg").and_then(Value::as_str).and_then(Algorithm::parse);
        let algorithm = algorithm.filter(|&algorithm| knows(algorithm)).ok_or(Reason::Algorithm)?;
        // `enc` and `zip` are of encrypted tokens, and change what the text means.
        let odd = ["crit", "b64", "enc", "zip"];
        if odd.iter().any(|name| members.get(name).is_some()) {
            return Err(Reason::CriticalHeader);
        }
        let typ = Typ::of(members.get("typ"));
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
        Ok(Self { algorithm, key_id, typ })
    }
}

impl Typ {
    fn of(value: Option<&Value>) -> Self {
        let Some(value) = value else { return Self::Missing };
        match value.as_str().map(media_type) {
            Some(typ) if typ.eq_ignore_ascii_case("jwt") => Self::Jwt,
            Some(typ) if typ.eq_ignore_ascii_case("at+jwt") => Self::AccessToken,
            Some(_) | None => Self::Other,
        }
    }
}

/// A media type without the prefix that may be left out (RFC 7515 §4.1.9).
fn media_type(text: &str) -> &str {
    match text.split_at_checked("application/".len()) {
        Some((prefix, rest)) if prefix.eq_ignore_ascii_case("application/") => rest,
        Some(_) | None => text,
    }
}
