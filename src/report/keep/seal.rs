//! What proves that a saved report is as it was made.
//!
//! A report in JSON carries a `seal`: the SHA-256 of its canonical text without the seal, and a
//! compact JWS (RFC 7515) whose claims repeat it. A page or a Markdown text ends in a comment with
//! a JWS over all bytes before it. Whoever has the public keys verifies both without asking
//! anybody.

use std::fmt::Write as _;
use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest as sha};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::canonical::members;
use crate::domain::Timestamp;

/// The `typ` of a seal: no token is taken for one, and no seal for a token.
pub const SEAL_TYP: &str = "crossfade-report+jwt";

/// Signs the claims of a seal; the error says in words why nothing was signed.
pub type Signer = Arc<dyn Fn(&Claims) -> Result<String, String> + Send + Sync>;

const SEAL: &str = "seal";

/// What stands around the JWS at the end of a text.
const TRAILER: (&str, &str) = ("<!-- crossfade-seal: ", " -->\n");

/// What a seal says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// The installation.
    pub iss: String,
    /// The id of the report; `None` for one that was not kept.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sub: Option<String>,
    /// When it was signed, in seconds since the epoch.
    pub iat: i64,
    /// What the digest is of.
    pub form: Form,
    /// SHA-256, in hexadecimal digits.
    pub sha256: String,
}

/// What a digest is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Form {
    /// The canonical JSON without its seal.
    Json,
    /// All bytes of a page before the seal's comment.
    Html,
    /// All bytes of a Markdown text before the seal's comment.
    Markdown,
}

/// The seal in a report's JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seal {
    /// SHA-256 of the canonical JSON without this member, in hexadecimal digits.
    pub sha256: String,
    /// The signed claims; `None` where nothing signs.
    pub jws: Option<String>,
    /// Why nothing signs.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub unsigned: Option<String>,
}

/// Why a file is not what was sealed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealFault {
    /// It cannot be read as a report.
    #[error("no report with a seal: {0}")]
    Unreadable(String),
    /// Nobody signed it.
    #[error("not signed: {0}")]
    Unsigned(String),
    /// Its content is another one.
    #[error("changed since it was sealed")]
    Changed,
    /// The signature is of something else.
    #[error("the seal is of something else: {0}")]
    Foreign(&'static str),
}

/// SHA-256, in hexadecimal digits.
pub fn digest(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(64);
    for byte in sha(&SHA256, bytes).as_ref() {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

impl Claims {
    /// The claims of a digest.
    pub fn of(
        form: Form,
        sha256: String,
        (installation, id): (&str, Option<&str>),
        now: Timestamp,
    ) -> Self {
        let (iss, sub) = (installation.to_owned(), id.map(str::to_owned));
        Self { iss, sub, iat: now.seconds(), form, sha256 }
    }
}

impl Seal {
    /// Seals claims.
    pub fn of(claims: &Claims, signer: &Signer) -> Self {
        let sha256 = claims.sha256.clone();
        match signer(claims) {
            Ok(jws) => Self { sha256, jws: Some(jws), unsigned: None },
            Err(why) => Self { sha256, jws: None, unsigned: Some(why) },
        }
    }
}

/// The canonical text of a report with its seal as the last member.
pub fn sealed_json(canonical: &str, seal: &Seal) -> String {
    let body = canonical.strip_suffix('}').unwrap_or(canonical);
    let seal = serde_json::to_string(seal).unwrap_or_else(|_| "null".to_owned());
    format!("{body},\"{SEAL}\":{seal}}}\n")
}

/// A text with its seal at the end; without one where nothing signs.
pub fn sealed_text(text: &str, seal: &Seal) -> String {
    let lined = if text.ends_with('\n') { text.to_owned() } else { format!("{text}\n") };
    match &seal.jws {
        Some(jws) => format!("{lined}{}{jws}{}", TRAILER.0, TRAILER.1),
        None => lined,
    }
}

/// The digest of a report in JSON as it is now, and its signature. Error: it has none, or says
/// itself that it is another one.
pub fn unseal_json(text: &str) -> Result<(String, String), SealFault> {
    let members = members(text).map_err(SealFault::Unreadable)?;
    let found = members.0.iter().find(|(name, _)| name == SEAL);
    let (_, seal) =
        found.ok_or_else(|| SealFault::Unreadable("it has no member `seal`".to_owned()))?;
    let seal: Seal = serde_json::from_str(seal.get())
        .map_err(|_| SealFault::Unreadable("its `seal` is none".to_owned()))?;
    let canonical = members.canonical_without(SEAL).map_err(SealFault::Unreadable)?;
    let sha256 = digest(canonical.as_bytes());
    if sha256 != seal.sha256 {
        return Err(SealFault::Changed);
    }
    let unsigned = seal.unsigned.unwrap_or_else(|| "the seal has no signature".to_owned());
    seal.jws.map(|jws| (sha256, jws)).ok_or(SealFault::Unsigned(unsigned))
}

/// The digest of a page or Markdown text as it is now, and its signature.
pub fn unseal_text(text: &str) -> Result<(String, String), SealFault> {
    let missing = || SealFault::Unsigned("it does not end in a seal".to_owned());
    let (content, rest) = text.rsplit_once(TRAILER.0).ok_or_else(missing)?;
    let jws = rest.trim_end().strip_suffix(TRAILER.1.trim_end()).ok_or_else(missing)?;
    Ok((digest(content.as_bytes()), jws.trim().to_owned()))
}

/// Holds a digest against what was signed. `typ` and `claims` are those of a JWS whose signature
/// is good.
pub fn check(
    typ: Option<&str>,
    claims: &[u8],
    form: Form,
    sha256: &str,
) -> Result<Claims, SealFault> {
    if !typ.is_some_and(|typ| typ.eq_ignore_ascii_case(SEAL_TYP)) {
        return Err(SealFault::Foreign("it signs no report"));
    }
    let claims: Value = serde_json::from_slice(claims)
        .map_err(|_| SealFault::Foreign("its claims cannot be read"))?;
    let claims: Claims = serde_json::from_value(claims)
        .map_err(|_| SealFault::Foreign("its claims are not those of a seal"))?;
    if claims.form != form {
        return Err(SealFault::Foreign("it is of another format"));
    }
    if claims.sha256 != sha256 {
        return Err(SealFault::Changed);
    }
    Ok(claims)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::canonical;

    fn signer() -> Signer {
        Arc::new(|claims| Ok(format!("h.{}.s", claims.sha256)))
    }

    fn sealed(text: &str) -> String {
        let canonical = canonical(text).expect("canonical");
        let sha256 = digest(canonical.as_bytes());
        let claims =
            Claims::of(Form::Json, sha256, ("here", Some("one")), Timestamp::from_seconds(7));
        sealed_json(&canonical, &Seal::of(&claims, &signer()))
    }

    #[test]
    fn the_digest_is_the_well_known_one() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(digest(b""), empty);
    }

    #[test]
    fn a_changed_figure_breaks_the_seal_and_another_layout_does_not() {
        let text = sealed(r#"{"requests":41,"rate":0.125,"components":[{"a":1}]}"#);
        let (sha256, jws) = unseal_json(&text).expect("a seal");
        assert!(jws.contains(&sha256));
        let laid_out: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(unseal_json(&format!("{laid_out:#}")).expect("a seal").0, sha256);
        for (from, to) in [("41", "42"), ("0.125", "0.126"), ("\"a\":1", "\"a\":1,\"b\":1")] {
            assert_eq!(unseal_json(&text.replace(from, to)), Err(SealFault::Changed), "{to}");
        }
        let twice = text.replacen("{\"components\"", "{\"rate\":1,\"components\"", 1);
        assert!(matches!(unseal_json(&twice), Err(SealFault::Unreadable(_))));
    }

    #[test]
    fn who_changes_digest_and_content_still_has_the_signed_digest_against_him() {
        let forged = sealed(r#"{"requests":42}"#);
        let (sha256, _) = unseal_json(&forged).expect("consistent in itself");
        let honest =
            Claims::of(Form::Json, "00".to_owned(), ("here", None), Timestamp::from_seconds(7));
        let signed = serde_json::to_vec(&honest).expect("JSON");
        let refused = check(Some(SEAL_TYP), &signed, Form::Json, &sha256);
        assert_eq!(refused, Err(SealFault::Changed));
        assert!(check(Some("JWT"), &signed, Form::Json, "00").is_err());
        assert!(check(Some(SEAL_TYP), &signed, Form::Html, "00").is_err());
        assert_eq!(check(Some(SEAL_TYP), &signed, Form::Json, "00"), Ok(honest));
    }

    #[test]
    fn a_text_is_sealed_to_its_last_byte() {
        let text = "# Report\n\nseven requests\n";
        let claims = Claims::of(
            Form::Markdown,
            digest(text.as_bytes()),
            ("here", None),
            Timestamp::from_seconds(7),
        );
        let sealed = sealed_text(text, &Seal::of(&claims, &signer()));
        assert_eq!(unseal_text(&sealed).expect("a seal").0, claims.sha256);
        assert_ne!(
            unseal_text(&sealed.replace("seven", "eight")).expect("a seal").0,
            claims.sha256
        );
        assert!(matches!(unseal_text(text), Err(SealFault::Unsigned(_))));
        assert!(matches!(unseal_text(&format!("{sealed}more")), Err(SealFault::Unsigned(_))));
    }

    #[test]
    fn where_nothing_signs_the_seal_says_why() {
        let refuse: Signer = Arc::new(|_| Err("only shared secrets sign here".to_owned()));
        let claims =
            Claims::of(Form::Json, digest(b"{}"), ("here", None), Timestamp::from_seconds(7));
        let text = sealed_json("{\"a\":1}", &Seal::of(&claims, &refuse));
        assert_eq!(unseal_json(&text), Err(SealFault::Changed), "the digest is of something else");
        let claims = Claims { sha256: digest(b"{\"a\":1}"), ..claims };
        let text = sealed_json("{\"a\":1}", &Seal::of(&claims, &refuse));
        assert!(
            matches!(unseal_json(&text), Err(SealFault::Unsigned(why)) if why.contains("shared"))
        );
    }
}
