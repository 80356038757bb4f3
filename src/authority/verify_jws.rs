//! Raw signatures: does a key verify a compact JWS, whatever its payload is?
//!
//! The rules of form are those for tokens, without the claims.

use std::fmt;

use serde_json::Value;

use super::key::Key;
use super::{Algorithm, AuthorityError, jwk};
use crate::domain::{Jws, Members, Reason, Token, decode_base64url};

/// Keys from a JWK or a JWK set, for [`verify_jws`].
#[derive(Debug)]
pub struct JwsKeys(Vec<Named>);

#[derive(Debug)]
struct Named {
    key: Key,
    /// False when the JWK has no `kid`: then it goes with any.
    has_id: bool,
}

impl JwsKeys {
    /// Reads public or private keys. Shared secrets that are short or well known are refused
    /// unless `weak_secrets` are let in, which is for test vectors. In a set, keys for other
    /// purposes and algorithms are passed over. Error: no key can be used, or two have one name.
    pub fn read(text: &str, weak_secrets: bool) -> Result<Self, AuthorityError> {
        Self::of(jwk::read_any(text, weak_secrets)?)
    }

    /// Keys, each with whether it has a name of its own.
    pub(super) fn of(keys: Vec<(Key, bool)>) -> Result<Self, AuthorityError> {
        let keys: Vec<Named> =
            keys.into_iter().map(|(key, has_id)| Named { key, has_id }).collect();
        for (place, named) in keys.iter().enumerate().filter(|(_, named)| named.has_id) {
            let mut before = keys[..place].iter().filter(|other| other.has_id);
            if before.any(|other| other.key.id() == named.key.id()) {
                return Err(AuthorityError::KeyIdTwice(named.key.id().into()));
            }
        }
        Ok(Self(keys))
    }

    /// The keys that may have signed.
    fn candidates(&self, key_id: Option<&str>) -> impl Iterator<Item = &Key> {
        let fits =
            move |named: &&Named| key_id.is_none_or(|id| !named.has_id || named.key.id() == id);
        self.0.iter().filter(fits).map(|named| &named.key)
    }
}

/// A JWS whose signature is good.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifiedJws {
    /// The protected header, as it was signed.
    pub header: Vec<u8>,
    /// The payload: any bytes.
    pub payload: Vec<u8>,
    /// The key that verified it: its `kid`, or its thumbprint.
    pub key_id: String,
    /// With which algorithm.
    pub algorithm: Algorithm,
}

impl fmt::Debug for VerifiedJws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifiedJws({:?}, {}, ..)", self.key_id, self.algorithm)
    }
}

/// Verifies a compact JWS (RFC 7515 §5.2) of any payload. Strict as for tokens: canonical
/// base64url, a header without double members, no `crit`, no `b64`; the key's algorithm is the
/// header's; a `kid` in the header must be the key's, if it has one.
pub fn verify_jws(keys: &JwsKeys, text: &str) -> Result<VerifiedJws, Reason> {
    let token = Token::new(text);
    let jws = Jws::decode(&token)?;
    let (signed, _) = jws.split(&token);
    let (header_text, payload_text) = signed.split_once('.').ok_or(Reason::Segments)?;
    let members = jws.header.as_ref().map_err(Reason::clone)?;
    let (algorithm, key_id) = read_header(members)?;
    let payload = decode_base64url(payload_text).ok_or(Reason::Encoding)?;
    let signature = jws.signature.as_ref().map_err(Reason::clone)?;
    let mut of_name = keys.candidates(key_id).peekable();
    if of_name.peek().is_none() {
        return Err(Reason::KeyUnknown);
    }
    let mut candidates = of_name.filter(|key| key.algorithm() == algorithm).peekable();
    if candidates.peek().is_none() {
        return Err(Reason::Algorithm);
    }
    let verified = candidates.find(|key| key.verify(signed.as_bytes(), signature));
    let key = verified.ok_or(Reason::Signature)?;
    let header = decode_base64url(header_text).ok_or(Reason::Encoding)?;
    Ok(VerifiedJws { header, payload, key_id: key.id().to_owned(), algorithm })
}

/// The algorithm and the key id; `typ` and `cty` say what the payload is, which is not ours.
fn read_header(members: &Members) -> Result<(Algorithm, Option<&str>), Reason> {
    let algorithm = members.get("alg").and_then(Value::as_str).and_then(Algorithm::parse);
    let algorithm = algorithm.ok_or(Reason::Algorithm)?;
    if members.get("crit").is_some() || members.get("b64").is_some() {
        return Err(Reason::CriticalHeader);
    }
    for name in ["typ", "cty"] {
        if members.get(name).is_some_and(|value| !value.is_string()) {
            return Err(Reason::TypeHeader);
        }
    }
    match members.get("kid") {
        None => Ok((algorithm, None)),
        Some(Value::String(id)) => Ok((algorithm, Some(id))),
        Some(_) => Err(Reason::KeyIdType),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authority::specimens::Mint;
    use crate::domain::encode_base64url;

    const SECRET: &[u8] = b"q8Zt3vK1yP6mWc0RbXn7LhJd2sGf9uAe";

    fn keys(text: &str) -> JwsKeys {
        JwsKeys::read(text, false).expect("keys")
    }

    fn secret(id: &str) -> String {
        format!(r#"{{"kty":"oct","kid":"{id}","k":"{}"}}"#, encode_base64url(SECRET))
    }

    fn jws(header: &str, payload: &[u8]) -> String {
        let mint = Mint::seeded(1).with_secret(SECRET);
        mint.token(header.as_bytes(), payload, Algorithm::Hs256).reveal().to_owned()
    }

    #[test]
    fn any_payload_is_verified_and_handed_back() {
        for payload in [&b"It's a dangerous business"[..], b"", &[0xff, 0, 1], b"{\"a\":1,\"a\":2}"]
        {
            let text =
                jws(r#"{"alg":"HS256","kid":"one","typ":"JOSE","cty":"text/plain"}"#, payload);
            let verified = verify_jws(&keys(&secret("one")), &text).expect("verified");
            assert_eq!((&*verified.payload, &*verified.key_id), (payload, "one"));
            assert!(verified.header.starts_with(b"{\"alg\""));
        }
    }

    #[test]
    fn the_rules_of_form_are_those_for_tokens() {
        let keys = keys(&secret("one"));
        for (header, reason) in [
            (r#"{"alg":"HS256","crit":["exp"]}"#, Reason::CriticalHeader),
            (r#"{"alg":"HS256","b64":true}"#, Reason::CriticalHeader),
            (r#"{"alg":"HS256","alg":"HS256"}"#, Reason::DuplicateMember),
            (r#"{"alg":"none"}"#, Reason::Algorithm),
            (r#"{"alg":"HS384"}"#, Reason::Algorithm),
            (r#"{"alg":"RS256"}"#, Reason::Algorithm),
            (r#"{"alg":"HS256","kid":"two"}"#, Reason::KeyUnknown),
            (r#"{"alg":"HS256","kid":1}"#, Reason::KeyIdType),
            (r#"{"alg":"HS256","typ":1}"#, Reason::TypeHeader),
        ] {
            assert_eq!(verify_jws(&keys, &jws(header, b"x")), Err(reason), "{header}");
        }
        let good = jws(r#"{"alg":"HS256"}"#, b"x");
        assert!(verify_jws(&keys, &good).is_ok());
        assert_eq!(verify_jws(&keys, &format!("{good}=")), Err(Reason::Encoding));
        assert_eq!(verify_jws(&keys, &good.replace(".eA.", ".eB.")), Err(Reason::Encoding));
        assert_eq!(verify_jws(&keys, &good.replace(".eA.", ".eQ.")), Err(Reason::Signature));
    }

    #[test]
    fn a_key_without_a_name_goes_with_any_and_two_of_one_name_are_refused() {
        let unnamed = format!(r#"{{"kty":"oct","k":"{}"}}"#, encode_base64url(SECRET));
        let text = jws(r#"{"alg":"HS256","kid":"any"}"#, b"x");
        assert!(verify_jws(&keys(&unnamed), &text).is_ok());
        let set = format!(r#"{{"keys":[{},{}]}}"#, secret("one"), secret("one"));
        let refused = JwsKeys::read(&set, false);
        assert!(matches!(refused, Err(AuthorityError::KeyIdTwice(id)) if id == "one"));
    }

    #[test]
    fn a_weak_secret_is_read_only_by_whoever_insists() {
        let text = r#"{"kty":"oct","k":"c2VjcmV0"}"#;
        assert!(matches!(JwsKeys::read(text, false), Err(AuthorityError::SecretShort { .. })));
        assert!(JwsKeys::read(text, true).is_ok());
    }

    #[test]
    fn keys_of_other_kinds_are_refused_by_name() {
        for (text, kind) in [
            (r#"{"kty":"oct","alg":"HS384","k":"AAAA"}"#, "HS384"),
            (r#"{"kty":"EC","crv":"P-521","x":"AA","y":"AA"}"#, "P-521"),
        ] {
            let refused = JwsKeys::read(text, false).expect_err("refused").to_string();
            assert!(refused.contains(kind), "{refused}");
        }
        for purpose in [r#""use":"enc""#, r#""key_ops":["encrypt"]"#] {
            let text = format!(r#"{{"kty":"oct","k":"{}",{purpose}}}"#, encode_base64url(SECRET));
            assert!(JwsKeys::read(&text, false).is_err(), "{purpose}");
        }
        let mixed = format!(
            r#"{{"keys":[{},{}]}}"#,
            secret("one"),
            r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#
        );
        assert!(JwsKeys::read(&mixed, false).is_err(), "secrets beside public keys");
    }
}
