//! New tokens.

use serde::Serialize;

use crate::domain::{Scopes, Subject, Timestamp, Token, TokenType, encode_base64url};

use super::claims::subject_fits;
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
}

impl Authority {
    /// Makes the token that `order` asks for. It is one that the authority itself would accept,
    /// as long as tokens of its type are let in.
    pub fn issue(&self, order: &Order, now: Timestamp) -> Result<Issued, AuthorityError> {
        let token_type = self.checked(order)?;
        let audience = self.audience(order)?;
        let key = self.signing_key(order)?;
        let token_id = encode_base64url(&rand::random::<[u8; 16]>());
        let issued_at = now.seconds();
        let expires_at = issued_at.saturating_add(order.lifetime_s.into());
        let claims = NewClaims {
            sub: order.subject.as_str(),
            iat: issued_at,
            exp: expires_at,
            iss: &self.settings.issuer,
            aud: audience,
            jti: &token_id,
            token_type,
            r#type: token_type,
            env: self.settings.environment.as_deref(),
            svc_id: self.settings.service_id.as_deref(),
            email: order.email.as_deref(),
            permissions: &order.scopes,
        };
        let token = self.signed(key, &claims)?;
        Ok(Issued { token, expires_at: Timestamp::from_seconds(expires_at), token_id })
    }

    /// The order's token type as text, when nothing about the order is impossible.
    fn checked(&self, order: &Order) -> Result<&'static str, AuthorityError> {
        let fault = |part, why| AuthorityError::Order { part, why };
        if !subject_fits(order.subject.as_str(), &self.settings) {
            return Err(fault("subject", "is blank, too long or holds control characters"));
        }
        if order.lifetime_s == 0 || order.lifetime_s > self.settings.lifetime_max_s {
            return Err(fault("lifetime", "is zero or over the longest allowed"));
        }
        match order.token_type {
            TokenType::Access | TokenType::Service => Ok(order.token_type.as_str()),
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

    fn signing_key(&self, order: &Order) -> Result<&Key, AuthorityError> {
        match &order.key_id {
            None => self.keyring.signing().ok_or(AuthorityError::NothingSigns),
            Some(id) => {
                self.keyring.named(id).ok_or_else(|| AuthorityError::KeyUnknown(id.clone()))
            }
        }
    }

    fn signed(&self, key: &Key, claims: &NewClaims<'_>) -> Result<Token, AuthorityError> {
        let algorithm = key.algorithm();
        let fault = |what| AuthorityError::Crypto { algorithm, what };
        let signer = key.signer().ok_or_else(|| AuthorityError::KeyCannotSign(key.id().into()))?;
        let named = !self.settings.keys_without_kid.iter().any(|id| id == key.id());
        let kid = named.then(|| key.id());
        let header = NewHeader { alg: algorithm.as_str(), kid, typ: "JWT" };
        let header = serde_json::to_vec(&header).map_err(|_| fault("write a header"))?;
        let claims = serde_json::to_vec(claims).map_err(|_| fault("write the claims"))?;
        let mut text = format!("{}.{}", encode_base64url(&header), encode_base64url(&claims));
        let signature = signer.sign(text.as_bytes()).ok_or_else(|| fault("sign"))?;
        text.push('.');
        text.push_str(&encode_base64url(&signature));
        Ok(Token::new(&text))
    }
}
