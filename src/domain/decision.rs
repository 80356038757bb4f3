//! What a path answers.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Reason, Subject, Timestamp};

/// A path's answer to a question. A deny is an answer, never an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Let in, as this subject.
    Allow(Grant),
    /// Not let in.
    Deny(Denial),
}

impl Decision {
    /// A deny whose reason the path tells its callers.
    pub const fn deny(reason: Reason) -> Self {
        Self::Deny(Denial { reason, disclosed: true })
    }

    /// True for an allow.
    pub const fn is_allow(&self) -> bool {
        matches!(self, Self::Allow(_))
    }
}

/// What an allow says about the caller. A path that does not tell a part leaves it `None`, and
/// that part is not compared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grant {
    /// Who the caller is.
    pub subject: Option<Subject>,
    /// What the caller may do.
    pub scopes: Option<Scopes>,
    /// What kind of token was shown.
    pub token_type: Option<TokenType>,
    /// When the token ends.
    pub expires_at: Option<Timestamp>,
    /// The caller's e-mail address; `Some("")` when the path tells that there is none.
    pub email: Option<Box<str>>,
}

/// Why not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    /// The rule that failed.
    pub reason: Reason,
    /// Whether the path tells its callers the reason. An undisclosed one explains a difference
    /// to an engineer, but is never itself counted as a difference.
    pub disclosed: bool,
}

/// A set of scopes, sorted and without repetition.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Scopes(Vec<Box<str>>);

impl Scopes {
    /// The names, sorted.
    pub fn names(&self) -> &[Box<str>] {
        &self.0
    }

    /// Reads a space-separated list (RFC 6749 §3.3).
    pub fn parse(text: &str) -> Self {
        text.split_ascii_whitespace().collect()
    }
}

impl<S: AsRef<str>> FromIterator<S> for Scopes {
    fn from_iter<I: IntoIterator<Item = S>>(names: I) -> Self {
        let mut names: Vec<Box<str>> = names.into_iter().map(|name| name.as_ref().into()).collect();
        names.sort_unstable();
        names.dedup();
        Self(names)
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(" "))
    }
}

/// What a token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TokenType {
    /// A user's access token.
    Access,
    /// Good only for getting new tokens.
    Refresh,
    /// A service's access token.
    Service,
    /// An administrator's access token.
    Admin,
    /// An OpenID Connect ID token: proof of a sign-in, never access.
    Id,
}

impl TokenType {
    /// Every kind.
    pub const ALL: [Self; 5] = [Self::Access, Self::Refresh, Self::Service, Self::Admin, Self::Id];

    /// Reads the value of a `token_type` claim.
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "access" => Self::Access,
            "refresh" => Self::Refresh,
            "service" => Self::Service,
            "admin" => Self::Admin,
            "id" => Self::Id,
            _ => return None,
        })
    }

    /// The value of the `token_type` claim.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Access => "access",
            Self::Refresh => "refresh",
            Self::Service => "service",
            Self::Admin => "admin",
            Self::Id => "id",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_the_same_set_whatever_their_order() {
        assert_eq!(Scopes::parse("write read  read"), ["read", "write"].iter().collect());
    }
}
