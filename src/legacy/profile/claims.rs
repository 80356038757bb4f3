//! Which claims must be there, of what type, and what they grant.

use serde::Deserialize;
use serde_json::Value;

use crate::domain::{Grant, Members, Reason, Scopes, Subject, Timestamp, TokenType};

/// A claim that a profile can make rules about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are the claims' own")]
pub enum Claim {
    Iss,
    Sub,
    Aud,
    Exp,
    Nbf,
    Iat,
    Jti,
    Email,
    Env,
    Permissions,
    Scope,
    ServiceId,
    SvcId,
    TokenType,
    UserId,
}

impl Claim {
    /// The member's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Iss => "iss",
            Self::Sub => "sub",
            Self::Aud => "aud",
            Self::Exp => "exp",
            Self::Nbf => "nbf",
            Self::Iat => "iat",
            Self::Jti => "jti",
            Self::Email => "email",
            Self::Env => "env",
            Self::Permissions => "permissions",
            Self::Scope => "scope",
            Self::ServiceId => "service_id",
            Self::SvcId => "svc_id",
            Self::TokenType => "token_type",
            Self::UserId => "user_id",
        }
    }
}

/// Presence and JSON types of claims.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ClaimRules {
    /// Must be present and not null.
    pub required: Vec<Claim>,
    /// Must be strings when present; null is none.
    pub texts: Vec<Claim>,
    /// Must not be empty when present.
    pub filled: Vec<Claim>,
    /// Must be lists of strings when present.
    pub lists: Vec<Claim>,
}

impl ClaimRules {
    pub(super) fn check(&self, claims: &Members) -> Result<(), Reason> {
        let value = |claim: Claim| claims.get(claim.as_str());
        let missing = |claim: &&Claim| value(**claim).is_none_or(Value::is_null);
        if let Some(claim) = self.required.iter().find(missing) {
            return Err(Reason::ClaimMissing(claim.as_str()));
        }
        let wrong = |claim: &&Claim| value(**claim).is_some_and(|value| !value.is_string());
        if let Some(claim) = self.texts.iter().find(wrong) {
            return Err(Reason::ClaimType(claim.as_str()));
        }
        let wrong = |claim: &&Claim| value(**claim).is_some_and(|value| !is_list_of_texts(value));
        if let Some(claim) = self.lists.iter().find(wrong) {
            return Err(Reason::ClaimType(claim.as_str()));
        }
        let empty = |claim: &&Claim| value(**claim).is_some_and(is_empty);
        if let Some(claim) = self.filled.iter().find(empty) {
            return Err(Reason::ClaimEmpty(claim.as_str()));
        }
        Ok(())
    }
}

fn is_list_of_texts(value: &Value) -> bool {
    value.as_array().is_some_and(|items| items.iter().all(Value::is_string))
}

/// Null, an empty text, an empty list or an empty object.
pub(super) fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Which claims the validator reads its answer from, and which parts get lost on the way.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GrantRules {
    /// The claim that names the caller.
    pub subject: Claim,
    /// The claim that lists what the caller may do.
    pub scopes: Claim,
    /// Parts that do not reach the validator's callers; they are not compared.
    pub drops: Vec<GrantPart>,
}

/// A part of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GrantPart {
    /// Who.
    Subject,
    /// What may be done.
    Scopes,
    /// Kind of token.
    TokenType,
    /// End of the token.
    ExpiresAt,
}

impl Default for GrantRules {
    fn default() -> Self {
        Self { subject: Claim::Sub, scopes: Claim::Permissions, drops: Vec::new() }
    }
}

impl GrantRules {
    pub(super) fn grant(&self, claims: &Members) -> Grant {
        let told = |part| !self.drops.contains(&part);
        Grant {
            subject: told(GrantPart::Subject).then(|| self.subject(claims)).flatten(),
            scopes: told(GrantPart::Scopes).then(|| scopes(claims.get(self.scopes.as_str()))),
            token_type: told(GrantPart::TokenType).then(|| token_type(claims)).flatten(),
            expires_at: told(GrantPart::ExpiresAt).then(|| expiry(claims)).flatten(),
            email: None,
        }
    }

    /// An empty subject is no subject, though the validator may have let it pass.
    pub(super) fn subject(&self, claims: &Members) -> Option<Subject> {
        match claims.get(self.subject.as_str())? {
            Value::String(text) => Subject::parse(text),
            Value::Number(number) => Subject::parse(&number.to_string()),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        }
    }
}

/// Whatever is neither a text nor a list of texts grants nothing.
fn scopes(value: Option<&Value>) -> Scopes {
    match value {
        Some(Value::String(text)) => Scopes::parse(text),
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).collect(),
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_)) | None => {
            Scopes::default()
        }
    }
}

fn token_type(claims: &Members) -> Option<TokenType> {
    claims.get("token_type")?.as_str().and_then(TokenType::parse)
}

/// `exp`, as a number or a text that is one.
pub(super) fn expiry(claims: &Members) -> Option<Timestamp> {
    let exp = claims.get("exp")?;
    let seconds = exp.as_f64().or_else(|| exp.as_str()?.trim().parse().ok())?;
    Timestamp::from_seconds_f64(seconds)
}
