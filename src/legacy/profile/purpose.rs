//! Who issued a token, for whom, of which kind and for which environment.

use serde::Deserialize;
use serde_json::Value;

use super::claims::is_empty;
use crate::domain::{Members, Reason};

/// Rules for `aud` (RFC 7519 §4.1.3).
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AudienceRules {
    /// What is looked for.
    pub check: AudienceCheck,
    /// Accepted audiences.
    pub values: Vec<String>,
    /// Accepted besides, outside production.
    pub outside_production: Vec<String>,
    /// What a token's audience means where `values` is empty.
    pub unconfigured: Unconfigured,
    /// A token without `aud` is accepted.
    pub missing_ok: bool,
    /// Null, an empty text, an empty list and an empty object count as a missing `aud`.
    pub empty_is_missing: bool,
    /// What becomes of a list.
    pub lists: ListRule,
    /// A value that is neither a text nor a list of texts counts as a missing `aud`.
    pub odd_is_missing: bool,
}

/// What becomes of an `aud` that is a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ListRule {
    /// It is refused, even when it holds an accepted audience.
    #[default]
    Refused,
    /// It must hold an accepted audience, and nothing but texts.
    Texts,
    /// It must hold an accepted audience, whatever else is in it.
    Mixed,
}

/// What is looked for in `aud`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AudienceCheck {
    /// Nothing.
    #[default]
    Ignored,
    /// A token that has one is refused.
    Refused,
    /// An accepted value.
    Listed,
}

/// What a token's audience means to a validator that was given none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unconfigured {
    /// Nothing.
    #[default]
    Ignored,
    /// The token is for somebody else.
    Refused,
}

impl AudienceRules {
    pub(super) fn check(&self, claims: &Members, production: bool) -> Result<(), Reason> {
        let value = claims.get("aud").filter(|value| {
            let missing = (self.empty_is_missing && is_empty(value))
                || (self.odd_is_missing && !is_text_or_texts(value));
            !missing
        });
        let refused = |refused| if refused { Err(Reason::Audience) } else { Ok(()) };
        match (self.check, value) {
            (AudienceCheck::Ignored, _) => Ok(()),
            (AudienceCheck::Refused, value) => refused(value.is_some()),
            (AudienceCheck::Listed, value) if self.values.is_empty() => {
                refused(value.is_some() && self.unconfigured == Unconfigured::Refused)
            }
            (AudienceCheck::Listed, None) if self.missing_ok => Ok(()),
            (AudienceCheck::Listed, None) => Err(Reason::ClaimMissing("aud")),
            (AudienceCheck::Listed, Some(value)) => refused(!self.accepts(value, production)),
        }
    }

    fn accepts(&self, value: &Value, production: bool) -> bool {
        let listed = |text: &str| {
            self.values.iter().any(|value| value == text)
                || (!production && self.outside_production.iter().any(|value| value == text))
        };
        match value {
            Value::String(text) => listed(text),
            Value::Array(items) => {
                let readable = match self.lists {
                    ListRule::Refused => false,
                    ListRule::Texts => items.iter().all(Value::is_string),
                    ListRule::Mixed => true,
                };
                readable && items.iter().filter_map(Value::as_str).any(listed)
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => false,
        }
    }
}

fn is_text_or_texts(value: &Value) -> bool {
    match value {
        Value::String(_) => true,
        Value::Array(items) => items.iter().all(Value::is_string),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => false,
    }
}

/// Rules for `iss` (RFC 7519 §4.1.1).
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct IssuerRules {
    /// Accepted issuers. Empty: not looked at.
    pub values: Vec<String>,
    /// True when the house's own issuer, from the settings, takes the place of `values`.
    pub configurable: bool,
    /// A token without `iss` is accepted.
    pub missing_ok: bool,
    /// A list is accepted when it holds an accepted issuer.
    pub list_ok: bool,
    /// A value that is neither a text nor a list of texts counts as a missing `iss`.
    pub odd_is_missing: bool,
}

impl IssuerRules {
    pub(super) fn check(&self, claims: &Members) -> Result<(), Reason> {
        if self.values.is_empty() {
            return Ok(());
        }
        let listed = |text: &str| self.values.iter().any(|value| value == text);
        let value = claims.get("iss");
        let value = value.filter(|value| !self.odd_is_missing || is_text_or_texts(value));
        let accepted = match value {
            None if self.missing_ok => true,
            None => return Err(Reason::ClaimMissing("iss")),
            Some(Value::String(text)) => listed(text),
            Some(Value::Array(items)) if self.list_ok => {
                items.iter().filter_map(Value::as_str).any(listed)
            }
            Some(
                Value::Array(_)
                | Value::Null
                | Value::Bool(_)
                | Value::Number(_)
                | Value::Object(_),
            ) => return Err(Reason::ClaimType("iss")),
        };
        if accepted { Ok(()) } else { Err(Reason::Issuer) }
    }
}

/// Rules for `token_type`. The sibling claim `type` is never looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TypeRules {
    /// The accepted value. `None`: not looked at.
    pub expected: Option<String>,
    /// A token without `token_type` is accepted.
    pub missing_ok: bool,
}

impl TypeRules {
    pub(super) fn check(&self, claims: &Members) -> Result<(), Reason> {
        let Some(expected) = &self.expected else { return Ok(()) };
        match claims.get("token_type") {
            None if self.missing_ok => Ok(()),
            Some(Value::String(found)) if found == expected => Ok(()),
            Some(_) | None => Err(Reason::TokenType),
        }
    }
}

/// Rules for `env`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EnvironmentRules {
    /// True when `env` is compared with `value`.
    pub checked: bool,
    /// The environment that the validator serves.
    pub value: Option<String>,
    /// A token without `env` is accepted.
    pub missing_ok: bool,
}

impl EnvironmentRules {
    pub(super) fn check(&self, claims: &Members) -> Result<(), Reason> {
        let Some(expected) = self.value.as_ref().filter(|_| self.checked) else { return Ok(()) };
        match claims.get("env") {
            None if self.missing_ok => Ok(()),
            Some(Value::String(found)) if found == expected => Ok(()),
            Some(_) | None => Err(Reason::Environment),
        }
    }
}
