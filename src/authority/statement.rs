//! Signed statements between installations that trust each other: no tokens, and never to be
//! mistaken for one.

use std::sync::Arc;

use serde::Serialize;
use serde_json::{Map, Value};

use super::claims::{self, Held, Tolerance};
use super::key::{Key, unusable};
use super::{Algorithm, Authority, AuthorityError, JwsKeys, jwk, pem, verify_jws};
use crate::domain::{Jws, Policy, Reason, Timestamp, Token, parse_strict};

/// Longest `exp - iat`, in seconds: 31 days.
const LIFETIME_S_MAX: u32 = 31 * 86_400;

/// The other installation's clock may be ahead by this, in seconds.
const SKEW_S: u32 = 5;

/// Installations that are trusted, at most.
const SIGNERS_MAX: usize = 16;

/// A statement whose signature and times are good.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    /// The installation that made it.
    pub issuer: String,
    /// Its key.
    pub key_id: String,
    /// Every claim.
    pub claims: Map<String, Value>,
}

/// The installations whose statements are trusted, each with its public keys.
#[derive(Debug, Default)]
pub struct StatementKeys(Vec<(String, JwsKeys)>);

impl StatementKeys {
    /// Trusts the public keys in a text: a JWK, a JWK set, or a PEM block, which does not say what
    /// it is for. Errors: no such key, a private or shared one, or the installation is trusted
    /// already.
    pub fn trust(
        &mut self,
        installation: &str,
        text: &str,
        algorithm: Option<Algorithm>,
    ) -> Result<(), AuthorityError> {
        let refused = |why| unusable(installation, why);
        if installation.is_empty() || self.0.iter().any(|(name, _)| name == installation) {
            return Err(refused("is nameless, or named twice: put its keys in one JWK set"));
        }
        if self.0.len() == SIGNERS_MAX {
            return Err(refused("is one too many: at most 16 installations are trusted"));
        }
        let is_pem = text.trim_start().starts_with("-----BEGIN ");
        let keys = match (is_pem, algorithm) {
            (true, Some(algorithm)) => vec![(pem::read(installation, algorithm, text)?, false)],
            (true, None) => return Err(refused("is a PEM key: say its `algorithm`")),
            (false, None) => jwk::read_any(text, false)?,
            (false, Some(_)) => return Err(refused("is a JWK, which has its own `alg`")),
        };
        let is_private = |(key, _): &(Key, bool)| key.public().is_none() || key.signer().is_some();
        if keys.iter().any(is_private) {
            return Err(refused("holds a private or shared key: name the public one"));
        }
        self.0.push((installation.to_owned(), JwsKeys::of(keys)?));
        Ok(())
    }

    /// True when nobody is trusted.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Verifies a statement whose header says that it is of type `typ`. In this order: form, who
    /// made it, key and signature, type, times. The algorithm is the key's.
    pub fn verify(&self, typ: &str, text: &str, now: Timestamp) -> Result<Statement, Reason> {
        let jws = Jws::decode(&Token::new(text))?;
        // Only to find the keys; what is believed is read again from what was verified.
        let told = jws.claims.as_ref().map_err(Reason::clone)?;
        let told = claims::text(told, "iss")?;
        let trusted = self.0.iter().find(|(name, _)| name == told);
        let (issuer, keys) = trusted.ok_or(Reason::Issuer)?;
        let verified = verify_jws(keys, text)?;
        let header = parse_strict(&verified.header, Reason::HeaderJson)?;
        let is_typ = |found: &str| found.eq_ignore_ascii_case(typ);
        if !header.get("typ").and_then(Value::as_str).is_some_and(is_typ) {
            return Err(Reason::TypeHeader);
        }
        let members = parse_strict(&verified.payload, Reason::ClaimsJson)?;
        claims::issuer(&members, |name| name == issuer)?;
        let tolerance = Tolerance { expiry_s: 0, skew_s: SKEW_S, lifetime_max_s: LIFETIME_S_MAX };
        claims::times(&members, &tolerance, now, &mut Held::to(&Policy::STRICT))?;
        let claims = members.iter().map(|(name, value)| (name.to_owned(), value.clone())).collect();
        Ok(Statement { issuer: issuer.clone(), key_id: verified.key_id, claims })
    }
}

impl Authority {
    /// Signs a statement of type `typ` with the key that signs tokens, or, where that is a shared
    /// secret, with another active key. Error: only shared secrets sign, so that whoever could
    /// verify the statement could have made it.
    pub fn sign_statement(
        &self,
        typ: &'static str,
        claims: &impl Serialize,
    ) -> Result<String, AuthorityError> {
        let key: Arc<Key> = {
            let keys = self.keys.load();
            let key = keys.signing_publicly().ok_or(AuthorityError::OnlySecretsSign)?;
            Arc::clone(key)
        };
        let token = super::issue::signed(&key, typ, Some(key.id()), claims)?;
        Ok(token.reveal().to_owned())
    }
}
