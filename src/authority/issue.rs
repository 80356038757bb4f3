//! New tokens.

use std::sync::Arc;

use serde::Serialize;

use crate::domain::{Scopes, Subject, Timestamp, Token, TokenForm, TokenType, encode_base64url};

use super::form::Wording;
use super::key::Key;
use super::{Authority, AuthorityError};

/// A token that somebody is to get.
#[derive(Clone, Debug)]
pub struct Order {
    /// For whom.
    pub subject: Subject,
    /// What it allows.
    pub scopes: Scopes,
    /// What it is for: access or service.
    pub token_type: TokenType,
    /// How long it is good for, in seconds.
    pub lifetime_s: u32,
    /// The `aud`, one of the settings' audiences; the first of them without a choice.
    pub audience: Option<String>,
    /// The key that signs; the settings' signing key without a choice.
    pub key_id: Option<String>,
    /// The subject's e-mail address, for services that read it from the token.
    pub email: Option<String>,
}

impl Order {
    /// An access token for `subject`, without scopes.
    pub const fn access(subject: Subject, scopes: Scopes, lifetime_s: u32) -> Self {
        Self {
            subject,
            scopes,
            token_type: TokenType::Access,
            lifetime_s,
            audience: None,
            key_id: None,
            email: None,
        }
    }
}

/// A token that was issued.
#[derive(Clone, Debug)]
pub struct Issued {
    /// The token.
    pub token: Token,
    /// When it ends.
    pub expires_at: Timestamp,
    /// Its `jti`.
    pub token_id: String,
}

#[derive(Serialize)]
struct NewHeader<'o> {
    alg: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    kid: Option<&'o str>,
    typ: &'static str,
}

/// A token that is to be made, in every word.
#[derive(Clone, Copy, Debug)]
pub(super) struct NewToken<'o> {
    pub(super) key_id: Option<&'o str>,
    pub(super) issuer: &'o str,
    pub(super) audience: &'o str,
    pub(super) token_type: TokenType,
    pub(super) subject: &'o Subject,
    pub(super) scopes: &'o Scopes,
    pub(super) lifetime_s: u32,
    /// Seconds since the epoch from which it is good; now without a choice.
    pub(super) issued_at_s: Option<i64>,
    /// Seconds since the epoch after which it is no longer good, whatever its lifetime.
    pub(super) ends_at_s: i64,
    /// The `jti`; a random one without a choice.
    pub(super) token_id: Option<&'o str>,
    pub(super) email: Option<&'o str>,
    pub(super) client_id: Option<&'o str>,
    pub(super) service: Option<&'o str>,
    /// The session that it belongs to.
    pub(super) family: Option<&'o str>,
    /// Which of the session's refresh tokens it is.
    pub(super) generation: Option<u32>,
}

impl<'o> NewToken<'o> {
    pub(super) fn worded(
        wording: Wording<'o>,
        token_type: TokenType,
        subject: &'o Subject,
        scopes: &'o Scopes,
    ) -> Self {
        Self {
            key_id: wording.key_id,
            issuer: wording.issuer,
            audience: wording.audience,
            token_type,
            subject,
            scopes,
            lifetime_s: wording.lifetime_s,
            issued_at_s: None,
            ends_at_s: i64::MAX,
            token_id: None,
            email: wording.email_always.then_some(""),
            client_id: None,
            service: None,
            family: None,
            generation: None,
        }
    }
}

#[derive(Serialize)]
struct NewClaims<'o> {
    sub: &'o str,
    iat: i64,
    exp: i64,
    iss: &'o str,
    aud: &'o str,
    jti: &'o str,
    token_type: &'static str,
    r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    env: Option<&'o str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    svc_id: Option<&'o str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'o str>,
    permissions: &'o Scopes,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<&'o str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<&'o str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fid: Option<&'o str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    r#gen: Option<u32>,
}

impl Authority {
    /// Makes the token that `order` asks for. It is one that the authority itself would accept,
    /// as long as tokens of its type are let in.
    pub fn issue(&self, order: &Order, now: Timestamp) -> Result<Issued, AuthorityError> {
        self.checked(order)?;
        let wording = self.settings.wording(TokenForm::Own, order.token_type);
        let new = NewToken {
            key_id: order.key_id.as_deref(),
            audience: self.audience(order)?,
            lifetime_s: order.lifetime_s,
            email: order.email.as_deref(),
            ..NewToken::worded(wording, order.token_type, &order.subject, &order.scopes)
        };
        self.mint(&new, now)
    }

    /// Makes a token, whatever it is.
    pub(super) fn mint(
        &self,
        new: &NewToken<'_>,
        now: Timestamp,
    ) -> Result<Issued, AuthorityError> {
        let key = self.signing_key(new.key_id)?;
        let random = new.token_id.is_none().then(|| encode_base64url(&rand::random::<[u8; 16]>()));
        let token_id = new.token_id.map(str::to_owned).or(random).unwrap_or_default();
        let issued_at = new.issued_at_s.unwrap_or_else(|| self.dated_s(new.subject, now));
        let expires_at = issued_at.saturating_add(new.lifetime_s.into()).min(new.ends_at_s);
        let token_type = new.token_type.as_str();
        let claims = NewClaims {
            sub: new.subject.as_str(),
            iat: issued_at,
            exp: expires_at,
            iss: new.issuer,
            aud: new.audience,
            jti: &token_id,
            token_type,
            r#type: token_type,
            env: self.settings.environment.as_deref(),
            svc_id: self.settings.service_id.as_deref(),
            email: new.email,
            permissions: new.scopes,
            client_id: new.client_id,
            service: new.service,
            fid: new.family,
            r#gen: new.generation,
        };
        let token = self.signed(&key, &claims)?;
        Ok(Issued { token, expires_at: Timestamp::from_seconds(expires_at), token_id })
    }

    /// Nothing about the order is impossible.
    fn checked(&self, order: &Order) -> Result<(), AuthorityError> {
        let fault = |part, why| AuthorityError::Order { part, why };
        if !self.is_own_subject(order.subject.as_str()) {
            let why = "is blank, too long, a foreign issuer's or holds control characters";
            return Err(fault("subject", why));
        }
        if order.lifetime_s == 0 || order.lifetime_s > self.settings.lifetime_max_s {
            return Err(fault("lifetime", "is zero or over the longest allowed"));
        }
        match order.token_type {
            TokenType::Access | TokenType::Service => Ok(()),
            other @ (TokenType::Refresh | TokenType::Admin | TokenType::Id) => {
                Err(AuthorityError::TypeNotIssued(other))
            }
        }
    }

    fn audience<'o>(&'o self, order: &'o Order) -> Result<&'o str, AuthorityError> {
        let audiences = &self.settings.audiences;
        let chosen = match &order.audience {
            None => audiences.first(),
            Some(wanted) => audiences.iter().find(|audience| *audience == wanted),
        };
        let fault = AuthorityError::Order { part: "audience", why: "is none of the settings'" };
        chosen.map(String::as_str).ok_or(fault)
    }

    fn signing_key(&self, id: Option<&str>) -> Result<Arc<Key>, AuthorityError> {
        let keys = self.keys.load();
        let key = match id {
            None => keys.signing().ok_or(AuthorityError::NothingSigns)?,
            Some(id) => keys.signing_as(id)?,
        };
        Ok(Arc::clone(key))
    }

    fn signed(&self, key: &Key, claims: &NewClaims<'_>) -> Result<Token, AuthorityError> {
        let named = !self.settings.keys_without_kid.iter().any(|id| id == key.id());
        signed(key, "JWT", named.then(|| key.id()), claims)
    }
}

/// A compact JWS over `claims`.
pub(super) fn signed(
    key: &Key,
    typ: &'static str,
    kid: Option<&str>,
    claims: &impl Serialize,
) -> Result<Token, AuthorityError> {
    let algorithm = key.algorithm();
    let fault = |what| AuthorityError::Crypto { algorithm, what };
    let signer = key.signer().ok_or_else(|| AuthorityError::KeyCannotSign(key.id().into()))?;
    let header = NewHeader { alg: algorithm.as_str(), kid, typ };
    let header = serde_json::to_vec(&header).map_err(|_| fault("write a header"))?;
    let claims = serde_json::to_vec(claims).map_err(|_| fault("write the claims"))?;
    let mut text = format!("{}.{}", encode_base64url(&header), encode_base64url(&claims));
    let signature = signer.sign(text.as_bytes()).ok_or_else(|| fault("sign"))?;
    text.push('.');
    text.push_str(&encode_base64url(&signature));
    Ok(Token::new(&text))
}
