//! Keys as JSON (RFC 7517, RFC 7518 §6, RFC 8037).

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::rsa::{self, KeyPairComponents, PublicKeyComponents};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, RsaKeyPair,
};
use serde_json::{Map, Value};

use crate::domain::{Reason, decode_base64url, encode_base64url, parse_strict};

use super::key::{Key, unusable};
use super::signer::Signer;
use super::{Algorithm, AuthorityError};

/// The id of a secret without a name: its thumbprint would say something about the secret
/// (RFC 7638 §7).
const UNNAMED_SECRET: &str = "hs256";

pub(super) type Jwk = Map<String, Value>;

/// How a secret becomes a key: with or without a look at its strength.
type FromSecret = fn(&str, &[u8]) -> Result<Key, AuthorityError>;

/// Reads a JWK or a JWK set. In a set, keys of another kind, for another algorithm or for
/// encryption are passed over (RFC 7517 §5); `place` names the text in errors.
pub(super) fn read(place: &str, text: &str) -> Result<Vec<Key>, AuthorityError> {
    let keys = members_of(place, text)?;
    keys.iter().map(|(algorithm, jwk)| one(*algorithm, jwk, Key::from_secret)).collect()
}

/// The same for whoever wants to see what a key verifies: with whether each key has a name, and
/// with weak secrets if wanted. A set of secrets and public keys together is refused: whoever
/// publishes one has published secrets.
pub(super) fn read_any(text: &str, weak: bool) -> Result<Vec<(Key, bool)>, AuthorityError> {
    let keys = members_of("the key file", text)?;
    let secrets = keys.iter().filter(|(algorithm, _)| *algorithm == Algorithm::Hs256).count();
    if secrets != 0 && secrets != keys.len() {
        return Err(unusable("the key file", "mixes shared secrets with public keys"));
    }
    let from_secret: FromSecret = if weak { Key::from_any_secret } else { Key::from_secret };
    let read = |(algorithm, jwk): &(Algorithm, Jwk)| {
        Ok((one(*algorithm, jwk, from_secret)?, jwk.contains_key("kid")))
    };
    keys.iter().map(read).collect()
}

/// The usable members of a JWK or a JWK set, at least one, each with its algorithm.
fn members_of(place: &str, text: &str) -> Result<Vec<(Algorithm, Jwk)>, AuthorityError> {
    let members = parse_strict(text.as_bytes(), Reason::ClaimsJson)
        .map_err(|_| unusable(place, "is not a JWK or a JWK set in JSON"))?;
    let Some(list) = members.get("keys") else {
        let jwk = members.iter().map(|(name, value)| (name.to_owned(), value.clone())).collect();
        let algorithm = algorithm(&jwk).ok_or_else(|| unsupported(place, &jwk))?;
        return Ok(vec![(algorithm, jwk)]);
    };
    let list = list.as_array().ok_or_else(|| unusable(place, "`keys` is not a list"))?;
    let objects = list.iter().filter_map(Value::as_object);
    let keys = objects.filter_map(|jwk| Some((algorithm(jwk)?, jwk.clone())));
    let keys: Vec<(Algorithm, Jwk)> = keys.collect();
    if keys.is_empty() {
        return Err(unusable(place, "holds no key that can be used"));
    }
    Ok(keys)
}

/// Says by name what a JWK is for.
fn unsupported(place: &str, jwk: &Jwk) -> AuthorityError {
    let members = ["alg", "crv", "kty"].into_iter().filter_map(|name| text(jwk, name));
    let known = |name: &&str| Algorithm::parse(name).is_none();
    let kind = members.filter(known).map(|name| name.chars().take(32).collect()).next();
    match kind {
        Some(kind) if may_verify(jwk) => AuthorityError::KeyKind { id: place.into(), kind },
        Some(_) | None => unusable(place, "is a JWK of a kind or use that is not supported"),
    }
}

/// Reads the public keys of somebody else's JWK set. Whatever is no usable public key is passed
/// over, a shared secret too: whoever publishes one has not thought of HMAC. `None` for what is
/// no JWK set.
pub(super) fn read_foreign(bytes: &[u8]) -> Option<Vec<Key>> {
    let members = parse_strict(bytes, Reason::ClaimsJson).ok()?;
    let list = members.get("keys")?.as_array()?;
    let keys = list.iter().filter_map(Value::as_object).filter_map(|jwk| {
        let algorithm = algorithm(jwk)?;
        let thumbprint = thumbprint(algorithm, jwk)?;
        let id = text(jwk, "kid").unwrap_or(&thumbprint);
        Key::from_public(id, algorithm, &public(algorithm, jwk)?).ok()
    });
    Some(keys.take(super::foreign_keys::KEYS_MAX).collect())
}

fn text<'j>(jwk: &'j Jwk, name: &str) -> Option<&'j str> {
    jwk.get(name)?.as_str()
}

fn bytes(jwk: &Jwk, name: &str) -> Option<Vec<u8>> {
    decode_base64url(text(jwk, name)?)
}

/// The algorithm that a JWK is for, by its kind; `None` when that is none of ours.
fn algorithm(jwk: &Jwk) -> Option<Algorithm> {
    let algorithm = match (text(jwk, "kty")?, text(jwk, "crv")) {
        ("oct", _) => Algorithm::Hs256,
        // The key itself does not say which padding it is for.
        ("RSA", _) if jwk.get("alg").is_some_and(|alg| alg == "PS256") => Algorithm::Ps256,
        ("RSA", _) => Algorithm::Rs256,
        ("EC", Some("P-256")) => Algorithm::Es256,
        ("OKP", Some("Ed25519")) => Algorithm::EdDsa,
        _ => return None,
    };
    let same = jwk.get("alg").is_none_or(|alg| {
        let alg = alg.as_str();
        alg == Some(algorithm.as_str()) || (algorithm == Algorithm::EdDsa && alg == Some("Ed25519"))
    });
    (same && may_verify(jwk)).then_some(algorithm)
}

/// True unless a JWK says that it is for something else than signatures (RFC 7517 §4.2, §4.3).
fn may_verify(jwk: &Jwk) -> bool {
    let signs = jwk.get("use").is_none_or(|purpose| purpose == "sig");
    let may = jwk.get("key_ops").is_none_or(|operations| {
        let mut operations = operations.as_array().into_iter().flatten();
        operations.any(|operation| operation == "verify" || operation == "sign")
    });
    signs && may
}

fn one(algorithm: Algorithm, jwk: &Jwk, from_secret: FromSecret) -> Result<Key, AuthorityError> {
    let thumbprint = thumbprint(algorithm, jwk);
    if jwk.get("kid").is_some_and(|id| !id.is_string()) {
        return Err(unusable(
            thumbprint.as_deref().unwrap_or(UNNAMED_SECRET),
            "has no text as kid",
        ));
    }
    let id = text(jwk, "kid").or(thumbprint.as_deref()).unwrap_or(UNNAMED_SECRET);
    let lacking = || unusable(id, "is a JWK with a missing or malformed member");
    if algorithm == Algorithm::Hs256 {
        return from_secret(id, &bytes(jwk, "k").ok_or_else(lacking)?);
    }
    let public = public(algorithm, jwk).ok_or_else(lacking)?;
    if !jwk.contains_key("d") {
        return Key::from_public(id, algorithm, &public);
    }
    let signer = private(algorithm, jwk, &public)
        .ok_or_else(|| unusable(id, "is a JWK whose private and public parts do not match"))?;
    Key::from_signer(id, signer)
}

/// The public part in the form that [`Key::from_public`] reads.
fn public(algorithm: Algorithm, jwk: &Jwk) -> Option<Vec<u8>> {
    match algorithm {
        Algorithm::Hs256 => None,
        Algorithm::Rs256 | Algorithm::Ps256 => {
            let key = PublicKeyComponents { n: bytes(jwk, "n")?, e: bytes(jwk, "e")? };
            let der: PublicKeyX509Der<'_> = key.as_der().ok()?;
            Some(der.as_ref().to_vec())
        }
        Algorithm::Es256 => {
            let (x, y) = (bytes(jwk, "x")?, bytes(jwk, "y")?);
            (x.len() == 32 && y.len() == 32).then(|| [&[4], &x[..], &y[..]].concat())
        }
        Algorithm::EdDsa => bytes(jwk, "x").filter(|x| x.len() == 32),
    }
}

fn private(algorithm: Algorithm, jwk: &Jwk, public: &[u8]) -> Option<Signer> {
    let d = bytes(jwk, "d")?;
    match algorithm {
        Algorithm::Hs256 => None,
        Algorithm::Rs256 | Algorithm::Ps256 => {
            let pair = RsaKeyPair::from_components(&KeyPairComponents {
                public_key: PublicKeyComponents { n: bytes(jwk, "n")?, e: bytes(jwk, "e")? },
                d,
                p: bytes(jwk, "p")?,
                q: bytes(jwk, "q")?,
                dP: bytes(jwk, "dp")?,
                dQ: bytes(jwk, "dq")?,
                qInv: bytes(jwk, "qi")?,
            });
            let kind = if algorithm == Algorithm::Ps256 { Signer::RsaPss } else { Signer::Rsa };
            pair.ok().map(kind)
        }
        Algorithm::Es256 => {
            let kind = &ECDSA_P256_SHA256_FIXED_SIGNING;
            EcdsaKeyPair::from_private_key_and_public_key(kind, &d, public).ok().map(Signer::Ec)
        }
        Algorithm::EdDsa => {
            let seed = d.get(..32).filter(|seed| seed.len() == d.len())?;
            Ed25519KeyPair::from_seed_and_public_key(seed, public).ok().map(Signer::Ed)
        }
    }
}

/// A public key, in the form that [`Key::from_public`] reads, as the members that make it up.
/// `None` for a secret and for what is no key.
fn of_public(algorithm: Algorithm, public: &[u8]) -> Option<Jwk> {
    let text = |bytes: &[u8]| Value::from(encode_base64url(bytes));
    let members = match algorithm {
        Algorithm::Hs256 => return None,
        Algorithm::Rs256 | Algorithm::Ps256 => {
            let key = rsa::PublicKey::from_der(public).ok()?;
            let (n, e) = (key.modulus(), key.exponent());
            vec![
                ("kty", Value::from("RSA")),
                ("n", text(n.big_endian_without_leading_zero())),
                ("e", text(e.big_endian_without_leading_zero())),
            ]
        }
        Algorithm::Es256 => {
            let (x, y) = public.get(1..)?.split_at_checked(32)?;
            let (kty, crv) = (Value::from("EC"), Value::from("P-256"));
            vec![("kty", kty), ("crv", crv), ("x", text(x)), ("y", text(y))]
        }
        Algorithm::EdDsa => {
            let (kty, crv) = (Value::from("OKP"), Value::from("Ed25519"));
            vec![("kty", kty), ("crv", crv), ("x", text(public))]
        }
    };
    Some(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

/// The thumbprint of a public key, however it was written.
pub(super) fn identity(algorithm: Algorithm, public: &[u8]) -> Option<String> {
    thumbprint(algorithm, &of_public(algorithm, public)?)
}

/// A public key as it is published: what it is for, by which name (RFC 7517 §4).
pub(super) fn published(key: &Key) -> Option<Jwk> {
    let mut jwk = of_public(key.algorithm(), key.public()?)?;
    jwk.insert("kid".into(), key.id().into());
    jwk.insert("alg".into(), key.algorithm().as_str().into());
    jwk.insert("use".into(), "sig".into());
    Some(jwk)
}

/// The SHA-256 thumbprint of a public key (RFC 7638 §3): required members only, in order, without
/// white space.
fn thumbprint(algorithm: Algorithm, jwk: &Jwk) -> Option<String> {
    let names: &[&str] = match algorithm {
        Algorithm::Hs256 => return None,
        Algorithm::Rs256 | Algorithm::Ps256 => &["e", "kty", "n"],
        Algorithm::Es256 => &["crv", "kty", "x", "y"],
        Algorithm::EdDsa => &["crv", "kty", "x"],
    };
    let member = |name: &&str| Some(format!("\"{name}\":{}", jwk.get(*name)?));
    let members: Option<Vec<String>> = names.iter().map(member).collect();
    let canonical = format!("{{{}}}", members?.join(","));
    Some(encode_base64url(digest(&SHA256, canonical.as_bytes()).as_ref()))
}
