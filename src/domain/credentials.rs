//! What a caller sent, and which token the SSOT side takes from it.

use super::jws::decode_padded_base64url;
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
    /// True for a WebSocket handshake at our own door, where the SSOT side knows more forms of
    /// subprotocols with a token in them.
    pub handshake: bool,
    /// A token that the door itself has found where the SSOT side does not look.
    pub beside: Option<Token>,
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
    /// (RFC 6750 §5.3), unless a door has been told to look there. All tokens found must be the
    /// same one.
    ///
    /// At our own door also `jwt-auth.` and `bearer.`, and behind each prefix the token itself or
    /// its base64url, padded or not.
    pub fn presented(&self) -> Presented {
        match self {
            Self::Token(token) => Presented::of(token.clone()),
            Self::Request(parts) => {
                let offered = subprotocols(parts);
                let token = if parts.handshake { handshake_token } else { subprotocol_token };
                let offered = offered.filter_map(token);
                let mut found = bearer_tokens(parts).chain(offered).chain(parts.beside.clone());
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

/// What a client offers to speak, in its order.
fn subprotocols(parts: &RequestParts) -> impl Iterator<Item = &str> {
    let lists = parts.values("sec-websocket-protocol");
    lists.flat_map(|list| list.split(',')).map(str::trim).filter(|item| !item.is_empty())
}

fn subprotocol_token(item: &str) -> Option<Token> {
    let bytes = decode_base64url(item.strip_prefix("jwt.")?)?;
    Some(Token::new(std::str::from_utf8(&bytes).ok()?))
}

/// What an offered subprotocol of a handshake begins with when it carries a token.
const TOKEN_PREFIXES: [&str; 3] = ["jwt.", "jwt-auth.", "bearer."];

/// True for a subprotocol that carries a token, and so is never answered with.
pub fn carries_token(item: &str) -> bool {
    TOKEN_PREFIXES.iter().any(|prefix| item.starts_with(prefix))
}

/// The token that an offered subprotocol carries. What stands there without being one is taken
/// for a token as well: it is denied, and never passed over for another one.
fn handshake_token(item: &str) -> Option<Token> {
    let text = TOKEN_PREFIXES.iter().find_map(|prefix| item.strip_prefix(prefix))?;
    if text.contains('.') {
        return Some(Token::new(text));
    }
    let decoded = decode_padded_base64url(text).and_then(|bytes| String::from_utf8(bytes).ok());
    Some(Token::new(decoded.as_deref().unwrap_or(text)))
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

    fn shaken(offer: &str) -> Presented {
        let headers = vec![("sec-websocket-protocol".into(), offer.into())];
        Credentials::Request(RequestParts { headers, handshake: true, ..RequestParts::default() })
            .presented()
    }

    #[test]
    fn a_handshake_takes_a_token_as_it_is_or_encoded_behind_every_prefix() {
        for prefix in TOKEN_PREFIXES {
            for text in ["a.b.c".to_owned(), encode_base64url(b"a.b.c"), "YS5iLmM=".to_owned()] {
                let item = format!("{prefix}{text}");
                assert!(carries_token(&item));
                let found = shaken(&format!("crossfade, {item}"));
                assert_eq!(found.token(), Some(&Token::new("a.b.c")), "{item}");
            }
        }
        for plain in ["jwt", "jwt-auth", "bearer", "crossfade", "chat.v2", ""] {
            assert!(!carries_token(plain), "{plain}");
            assert!(matches!(shaken(plain), Presented::Nothing), "{plain}");
        }
    }

    #[test]
    fn outside_of_a_handshake_only_the_one_form_is_known() {
        for item in ["jwt.a.b.c", "jwt.YS5iLmM=", "jwt-auth.YS5iLmM", "bearer.YS5iLmM"] {
            let found = presented(&[("sec-websocket-protocol", item)]);
            assert!(matches!(found, Presented::Nothing), "{item}");
        }
    }

    #[test]
    fn what_is_no_token_in_a_handshake_is_not_passed_over_for_another_one() {
        for odd in ["jwt.!!!", "jwt.AR", "jwt._w", "bearer.YS5iLmM==="] {
            assert!(matches!(shaken(odd), Presented::Opaque(..)), "{odd}");
            let beside = format!("jwt-auth.a.b.c, {odd}");
            assert!(matches!(shaken(&beside), Presented::Conflict), "{odd}");
        }
        assert!(matches!(shaken("jwt."), Presented::Nothing));
        assert!(matches!(shaken("jwt., jwt.a.b.c"), Presented::Conflict));
        assert_eq!(shaken("jwt.a.b.c, bearer.a.b.c").token(), Some(&Token::new("a.b.c")));
    }

    #[test]
    fn a_token_that_a_door_has_found_must_be_the_same_one() {
        let found = |beside: &str| {
            let headers = vec![("authorization".into(), "Bearer a.b.c".into())];
            let beside = Some(Token::new(beside));
            let parts = RequestParts { headers, beside, ..RequestParts::default() };
            Credentials::Request(parts).presented()
        };
        assert_eq!(found("a.b.c").token(), Some(&Token::new("a.b.c")));
        assert!(matches!(found("x.y.z"), Presented::Conflict));
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
