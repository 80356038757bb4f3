//! Who has signed in elsewhere, as a foreign OpenID provider says it.

use std::fmt;

use serde_json::{Map, Value};

use super::claims::{self, Held, Tolerance};
use super::foreign_keys::ForeignKeys;
use super::header::{Header, Typ};
use super::{Algorithm, AuthorityError, IdTokenRefusal};
use crate::domain::{Jws, Members, Policy, Reason, Timestamp, Token};
use crate::outbound::{Outbound, Url};

/// Longest `sub`, in bytes (OpenID Connect Core §2).
const SUBJECT_BYTES_MAX: usize = 255;

/// What ID tokens must look like.
#[derive(Clone, Debug)]
pub struct IdTokenSettings {
    /// The only accepted `iss`, compared exactly.
    pub issuer: String,
    /// The name under which the provider knows us; `aud` must hold it.
    pub client_id: String,
    /// Accepted algorithms; default RS256, ES256 and `EdDSA`. Never HS256: there is no shared
    /// key.
    pub algorithms: Vec<Algorithm>,
    /// Seconds by which the provider's clock may be ahead, for `nbf` and `iat`; default 5.
    pub skew_tolerance_s: u32,
    /// Longest `exp - iat` in seconds; default 24 hours.
    pub lifetime_max_s: u32,
}

impl IdTokenSettings {
    /// The defaults, for one provider and us.
    pub fn new(issuer: &str, client_id: &str) -> Self {
        Self {
            issuer: issuer.into(),
            client_id: client_id.into(),
            algorithms: vec![
                Algorithm::Rs256,
                Algorithm::Ps256,
                Algorithm::Es256,
                Algorithm::EdDsa,
            ],
            skew_tolerance_s: 5,
            lifetime_max_s: 86_400,
        }
    }
}

/// An ID token as it came, and what it must fit.
#[derive(Clone, Copy)]
pub struct IdToken<'a> {
    /// The compact JWS.
    pub text: &'a str,
    /// The nonce with which this sign-in began.
    pub nonce: &'a str,
    /// Where the provider publishes its keys (`jwks_uri`).
    pub keys_at: &'a Url,
}

/// What a verified ID token says.
#[derive(Clone)]
pub struct IdClaims {
    /// Who has signed in, unique within the issuer.
    pub subject: String,
    /// Until when the token was valid.
    pub expires_at: Timestamp,
    /// Every claim, `sub` included.
    pub claims: Map<String, Value>,
}

impl fmt::Debug for IdClaims {
    /// Without the claims: they describe a person.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IdClaims(.., until {})", self.expires_at)
    }
}

/// Verifies the ID tokens of one provider. It keeps none of them.
#[derive(Debug)]
pub struct IdTokens {
    settings: IdTokenSettings,
    keys: ForeignKeys,
}

impl IdTokens {
    /// The error is [`AuthorityError::Setting`].
    pub fn new(settings: IdTokenSettings, outbound: Outbound) -> Result<Self, AuthorityError> {
        let fault = |setting, why| Err(AuthorityError::Setting { setting, why });
        if settings.issuer.is_empty() || settings.client_id.is_empty() {
            return fault("issuer and client_id", "must not be empty");
        }
        if settings.algorithms.is_empty() || settings.algorithms.contains(&Algorithm::Hs256) {
            return fault("algorithms", "at least one, and none with a shared secret");
        }
        Ok(Self { settings, keys: ForeignKeys::new(outbound) })
    }

    /// Verifies form, signature and claims (OpenID Connect Core §3.1.3.7), in this order.
    ///
    /// The provider's keys are asked for when there are none, when they are an hour old, and
    /// once a minute at most when a token names a key that is not among them.
    pub async fn verify(
        &self,
        token: IdToken<'_>,
        now: Timestamp,
    ) -> Result<IdClaims, IdTokenRefusal> {
        let text = Token::new(token.text);
        let jws = Jws::decode(&text)?;
        self.verify_signature(&text, &jws, token.keys_at, now).await?;
        let members = jws.claims.as_ref().map_err(Reason::clone)?;
        self.check(members, token.nonce, now)
    }

    async fn verify_signature(
        &self,
        token: &Token,
        jws: &Jws,
        keys_at: &Url,
        now: Timestamp,
    ) -> Result<(), IdTokenRefusal> {
        let members = jws.header.as_ref().map_err(Reason::clone)?;
        let header =
            Header::read(members, |algorithm| self.settings.algorithms.contains(&algorithm))?;
        match header.typ {
            Typ::Missing | Typ::Jwt => {}
            Typ::AccessToken | Typ::Other => return Err(Reason::TypeHeader.into()),
        }
        let signature = jws.signature.as_ref().map_err(Reason::clone)?;
        let keys = self.keys.current(keys_at, now).await;
        let mut keys = keys.map_err(IdTokenRefusal::KeysUnavailable)?;
        if !keys.knows(&header) {
            keys = self.keys.after(keys, now).await;
        }
        keys.verify(&header, jws.split(token).0.as_bytes(), signature)?;
        Ok(())
    }

    fn check(
        &self,
        members: &Members,
        nonce: &str,
        now: Timestamp,
    ) -> Result<IdClaims, IdTokenRefusal> {
        let settings = &self.settings;
        claims::issuer(members, |name| name == settings.issuer)?;
        claims::audience(members, |name| name == settings.client_id)?;
        self.authorized_party(members)?;
        let tolerance = Tolerance {
            expiry_s: 0,
            skew_s: settings.skew_tolerance_s,
            lifetime_max_s: settings.lifetime_max_s,
        };
        let mut strictly = Held::to(&Policy::STRICT);
        let expires_at = claims::times(members, &tolerance, now, &mut strictly)?;
        if members.get("nonce").and_then(Value::as_str) != Some(nonce) || nonce.is_empty() {
            return Err(IdTokenRefusal::Nonce);
        }
        let subject = subject(members)?.to_owned();
        let claims = members.iter().map(|(name, value)| (name.to_owned(), value.clone())).collect();
        Ok(IdClaims { subject, expires_at, claims })
    }

    /// Where there are several audiences, `azp` says which of them had asked; where it is there,
    /// it must be us.
    fn authorized_party(&self, members: &Members) -> Result<(), IdTokenRefusal> {
        let several = members.get("aud").and_then(Value::as_array).is_some_and(|aud| aud.len() > 1);
        match members.get("azp") {
            None if several => Err(IdTokenRefusal::AuthorizedParty),
            None => Ok(()),
            Some(party) if party == &self.settings.client_id => Ok(()),
            Some(_) => Err(IdTokenRefusal::AuthorizedParty),
        }
    }
}

fn subject(members: &Members) -> Result<&str, Reason> {
    let subject = claims::text(members, "sub")?;
    if subject.trim().is_empty() {
        return Err(Reason::ClaimEmpty("sub"));
    }
    if subject.len() > SUBJECT_BYTES_MAX || subject.contains(char::is_control) {
        return Err(Reason::ClaimType("sub"));
    }
    Ok(subject)
}
