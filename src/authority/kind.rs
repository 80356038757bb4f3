//! What a token says of its own kind.

use serde_json::Value;

use super::header::Typ;
use super::rules::Rules;
use crate::domain::{Members, Reason, TokenType};

/// What `token_type`, `type` and `typ` come to.
#[derive(Debug)]
pub(super) struct Kind {
    /// The kind whose policy applies: what the token says first, else what one that says nothing
    /// is taken for.
    pub(super) token_type: TokenType,
    /// Why no policy lets it in: it says that it is something else than what is due here, or
    /// nothing that can be read.
    pub(super) confused: Option<Reason>,
    /// Why it does not say well enough what it is.
    pub(super) unsaid: Option<Reason>,
}

impl Kind {
    pub(super) fn of(claims: &Members, typ: Typ, rules: &Rules<'_>) -> Self {
        let taken = rules.default_type.unwrap_or(TokenType::Access);
        let (one, other) = match (said(claims, "token_type"), said(claims, "type")) {
            (Ok(one), Ok(other)) => (one, other),
            (Err(reason), _) | (_, Err(reason)) => {
                return Self { token_type: taken, confused: Some(reason), unsaid: None };
            }
        };
        let unsaid = match (one, other) {
            (Some(one), Some(other)) => (one != other).then_some(Reason::TokenType),
            (Some(_), None) | (None, Some(_)) => None,
            (None, None) if typ == Typ::AccessToken || rules.default_type.is_some() => None,
            (None, None) => Some(Reason::ClaimMissing("token_type")),
        };
        let nothing = if typ == Typ::AccessToken { TokenType::Access } else { taken };
        let first = one.or(other).map_or(Some(nothing), TokenType::parse);
        let second = other.map_or(first, TokenType::parse);
        let due = |kind: Option<TokenType>| kind.filter(|kind| rules.accepted_types.contains(kind));
        let confused = due(first).is_none() || due(second).is_none();
        Self {
            token_type: first.unwrap_or(taken),
            confused: confused.then_some(Reason::TokenType),
            unsaid,
        }
    }
}

fn said<'c>(claims: &'c Members, name: &'static str) -> Result<Option<&'c str>, Reason> {
    let said = |value: &'c Value| value.as_str().ok_or(Reason::ClaimType(name));
    claims.get(name).map(said).transpose()
}
