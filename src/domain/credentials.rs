//! What a caller sent, and which token the SSOT side takes from it.

use super::{Jws, Reason, Token, decode_base64url};

/// What came with a request.
#[derive(Clone, Debug)]
pub enum Credentials {
    /// A token that the caller has extracted already.
    Token(Token),
    /// The request as it came; each path extracts for itself, as its original does.
    Request(RequestParts),
}

/// The parts of a request in which a token can be.
#[derive(Clone, Default)]
pub struct RequestParts {
    /// The method, upper case.
    pub method: Box<str>,
    /// The path with its query string.
    pub target: Box<str>,
    /// Header names in lower case, with their values in order.
    pub headers: Vec<(Box<str>, Box<str>)>,
}

impl std::fmt::Debug for RequestParts {
    /// Values may hold tokens: only names are shown.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names = self.headers.iter().map(|(name, _)| name);
        f.debug_list().entries(names).finish()
    }
}

impl RequestParts {
    /// Every value of a header; `name` in lower case.
    pub fn values<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'s str> {
        self.headers.iter().filter(move |(key, _)| &**key == name).map(|(_, value)| &**value)
    }

    /// The query string, without its question mark.
    pub fn query(&self) -> &str {
        self.target.split_once('?').map_or("", |(_, query)| query)
    }
}

/// What the SSOT side finds in the credentials: decoded, not verified.
#[derive(Clone, Debug)]
pub enum Presented {
    /// No token where one may be.
    Nothing,
    /// Two different tokens: whose request is this?
    Conflict,
    /// A token that is no JWS, and why not.
    Opaque(Token, Reason),
    /// A token with three segments.
    Jws(Token, Jws),
}

impl Credentials {
    /// The SSOT side's extraction. `Authorization: Bearer` (RFC 6750 §2.1; the scheme in any
    /// case, RFC 9110 §11.1) and, for browsers that cannot set headers on a WebSocket,
    /// the subprotocol `jwt.<base64url of the token>`. Tokens in queries are not taken
    /// (RFC 6750 §5.3). All tokens found must be the same one.
    pub fn presented(&self) -> Presented {
        match self {
            Self::Token(token) => Presented::of(token.clone()),
            Self::Request(parts) => {
                let mut found = bearer_tokens(parts).chain(subprotocol_tokens(parts));
                let Some(first) = found.next() else { return Presented::Nothing };
                if found.any(|other| other != first) {
                    return Presented::Conflict;
                }
                Presented::of(first)
            }
        }
    }
}

impl Presented {
    fn of(token: Token) -> Self {
        if token.reveal().is_empty() {
            return Self::Nothing;
        }
        match Jws::decode(&token) {
            Ok(jws) => Self::Jws(token, jws),
            Err(reason) => Self::Opaque(token, reason),
        }
    }

    /// The token, when there is exactly one.
    pub const fn token(&self) -> Option<&Token> {
        match self {
            Self::Opaque(token, _) | Self::Jws(token, _) => Some(token),
            Self::Nothing | Self::Conflict => None,
        }
    }

    /// The claims, when they decode; unverified.
    pub fn claims(&self) -> Option<&super::Members> {
        match self {
            Self::Jws(_, jws) => jws.claims.as_ref().ok(),
            Self::Nothing | Self::Conflict | Self::Opaque(..) => None,
        }
    }
}

fn bearer_tokens(parts: &RequestParts) -> impl Iterator<Item = Token> + '_ {
    parts.values("authorization").filter_map(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| Token::new(token.trim_matches(' ')))
    })
}

fn subprotocol_tokens(parts: &RequestParts) -> impl Iterator<Item = Token> + '_ {
    let items = parts.values("sec-websocket-protocol").flat_map(|value| value.split(','));
    items.filter_map(|item| {
        let bytes = decode_base64url(item.trim().strip_prefix("jwt.")?)?;
        Some(Token::new(std::str::from_utf8(&bytes).ok()?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::encode_base64url;

    fn presented(headers: &[(&str, &str)]) -> Presented {
        let headers = headers.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        Credentials::Request(RequestParts { headers: headers.collect(), ..RequestParts::default() })
            .presented()
    }

    #[test]
    fn the_bearer_scheme_is_read_in_any_case() {
        for header in ["Bearer a.b.c", "bearer a.b.c", "BEARER   a.b.c"] {
            let found = presented(&[("authorization", header)]);
            assert_eq!(found.token(), Some(&Token::new("a.b.c")), "{header}");
        }
        for header in ["Basic a.b.c", "a.b.c", "Bearer", "Bearer "] {
            assert!(matches!(presented(&[("authorization", header)]), Presented::Nothing));
        }
    }

    #[test]
    fn a_browser_sends_its_token_as_a_subprotocol() {
        let offer = format!("jwt-auth, jwt.{}", encode_base64url(b"a.b.c"));
        let found = presented(&[("sec-websocket-protocol", &offer)]);
        assert_eq!(found.token(), Some(&Token::new("a.b.c")));
    }

    #[test]
    fn two_different_tokens_are_a_conflict_and_the_same_twice_is_not() {
        let protocol = format!("jwt.{}", encode_base64url(b"x.y.z"));
        let both = [("authorization", "Bearer a.b.c"), ("sec-websocket-protocol", &protocol)];
        assert!(matches!(presented(&both), Presented::Conflict));
        let twice = [("authorization", "Bearer a.b.c"), ("authorization", "bearer a.b.c")];
        assert_eq!(presented(&twice).token(), Some(&Token::new("a.b.c")));
    }
}
