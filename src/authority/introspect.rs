//! What a token says about itself, for RFC 7662.

use serde_json::Value;

use crate::domain::{Jws, Members, Scopes, Timestamp, Token, TokenType};

use super::{Authority, claims};

/// The claims that introspection tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenFacts {
    /// `iss`.
    pub issuer: Option<String>,
    /// `aud`, one or several.
    pub audiences: Vec<String>,
    /// `sub`.
    pub subject: Option<String>,
    /// `iat`.
    pub issued_at: Option<Timestamp>,
    /// `nbf`.
    pub not_before: Option<Timestamp>,
    /// `exp`.
    pub expires_at: Option<Timestamp>,
    /// `jti`.
    pub token_id: Option<String>,
    /// `client_id` (RFC 9068 §2.2).
    pub client_id: Option<String>,
    /// `email`.
    pub email: Option<String>,
    /// `token_type` or `type`.
    pub token_type: Option<TokenType>,
    /// `permissions` and `scope` together.
    pub scopes: Scopes,
    /// The session that the token belongs to.
    pub family: Option<String>,
}

impl Authority {
    /// What the token says. Believes it: to be asked only after a decision has let the token in.
    /// `None` for what is no token.
    pub fn introspection(&self, token: &Token) -> Option<TokenFacts> {
        let members = Jws::decode(token).ok()?.claims.ok()?;
        let text = |name| members.get(name).and_then(Value::as_str).map(str::to_owned);
        let moment = |name| claims::moment(&members, name).ok().flatten();
        let kind = text("token_type").or_else(|| text("type"));
        Some(TokenFacts {
            issuer: text("iss"),
            audiences: list(&members, "aud").map(str::to_owned).collect(),
            subject: text("sub"),
            issued_at: moment("iat"),
            not_before: moment("nbf"),
            expires_at: moment("exp"),
            token_id: text("jti"),
            client_id: text("client_id"),
            email: text("email").filter(|email| !email.is_empty()),
            token_type: kind.and_then(|kind| TokenType::parse(&kind)),
            scopes: scopes(&members),
            family: self.own_family(&members).map(str::to_owned),
        })
    }
}

/// A string, or the strings of a list.
fn list<'m>(members: &'m Members, name: &str) -> impl Iterator<Item = &'m str> {
    let items = match members.get(name) {
        Some(Value::Array(items)) => items.as_slice(),
        Some(single) => std::slice::from_ref(single),
        None => &[],
    };
    items.iter().filter_map(Value::as_str)
}

fn scopes(members: &Members) -> Scopes {
    let scope = members.get("scope").and_then(Value::as_str).unwrap_or_default();
    list(members, "permissions").chain(scope.split_ascii_whitespace()).collect()
}
