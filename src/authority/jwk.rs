//! Keys as JSON (RFC 7517, RFC 7518 §6, RFC 8037).

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeyPairComponents, PublicKeyComponents};
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

type Jwk = Map<String, Value>;

/// Reads a JWK or a JWK set. In a set, keys of another kind, for another algorithm or for
/// encryption are passed over (RFC 7517 §5); `place` names the text in errors.
pub(super) fn read(place: &str, text: &str) -> Result<Vec<Key>, AuthorityError> {
    let members = parse_strict(text.as_bytes(), Reason::ClaimsJson)
        .map_err(|_| unusable(place, "is not a JWK or a JWK set in JSON"))?;
    let Some(list) = members.get("keys") else {
        let jwk = members.iter().map(|(name, value)| (name.to_owned(), value.clone())).collect();
        let algorithm = algorithm(&jwk)
            .ok_or_else(|| unusable(place, "is a JWK of a kind or use that is not supported"))?;
        return Ok(vec![one(algorithm, &jwk)?]);
    };
    let list = list.as_array().ok_or_else(|| unusable(place, "`keys` is not a list"))?;
    let mut keys = Vec::new();
    for jwk in list.iter().filter_map(Value::as_object) {
        if let Some(algorithm) = algorithm(jwk) {
            keys.push(one(algorithm, jwk)?);
        }
    }
    if keys.is_empty() {
        return Err(unusable(place, "holds no key that can be used"));
    }
    Ok(keys)
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
        ("RSA", _) => Algorithm::Rs256,
        ("EC", Some("P-256")) => Algorithm::Es256,
        ("OKP", Some("Ed25519")) => Algorithm::EdDsa,
        _ => return None,
    };
    let same = jwk.get("alg").is_none_or(|alg| {
        let alg = alg.as_str();
        alg == Some(algorithm.as_str()) || (algorithm == Algorithm::EdDsa && alg == Some("Ed25519"))
    });
    let signs = jwk.get("use").is_none_or(|purpose| purpose == "sig");
    (same && signs).then_some(algorithm)
}

fn one(algorithm: Algorithm, jwk: &Jwk) -> Result<Key, AuthorityError> {
    let thumbprint = thumbprint(algorithm, jwk);
    let id = text(jwk, "kid").or(thumbprint.as_deref()).unwrap_or(UNNAMED_SECRET);
    let lacking = || unusable(id, "is a JWK with a missing or malformed member");
    if algorithm == Algorithm::Hs256 {
        return Key::from_secret(id, &bytes(jwk, "k").ok_or_else(lacking)?);
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
        Algorithm::Rs256 => {
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
        Algorithm::Rs256 => {
            let pair = RsaKeyPair::from_components(&KeyPairComponents {
                public_key: PublicKeyComponents { n: bytes(jwk, "n")?, e: bytes(jwk, "e")? },
                d,
                p: bytes(jwk, "p")?,
                q: bytes(jwk, "q")?,
                dP: bytes(jwk, "dp")?,
                dQ: bytes(jwk, "dq")?,
                qInv: bytes(jwk, "qi")?,
            });
            pair.ok().map(Signer::Rsa)
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

/// The SHA-256 thumbprint of a public key (RFC 7638 §3): required members only, in order, without
/// white space.
fn thumbprint(algorithm: Algorithm, jwk: &Jwk) -> Option<String> {
    let names: &[&str] = match algorithm {
        Algorithm::Hs256 => return None,
        Algorithm::Rs256 => &["e", "kty", "n"],
        Algorithm::Es256 => &["crv", "kty", "x", "y"],
        Algorithm::EdDsa => &["crv", "kty", "x"],
    };
    let member = |name: &&str| Some(format!("\"{name}\":{}", jwk.get(*name)?));
    let members: Option<Vec<String>> = names.iter().map(member).collect();
    let canonical = format!("{{{}}}", members?.join(","));
    Some(encode_base64url(digest(&SHA256, canonical.as_bytes()).as_ref()))
}
