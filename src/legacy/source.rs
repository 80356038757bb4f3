//! Where a legacy path looks for its token.

use std::borrow::Cow;

use serde::Deserialize;

use crate::domain::{Credentials, Presented, Question, Reason, RequestParts, decode_leniently};

/// One place where a token may be. A path has a list of them; the first that holds one wins.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "from", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Source {
    /// Handed over by a caller that has extracted it: what the house itself found in the request.
    Argument,
    /// A header field; only its first line counts.
    Header {
        /// The field, in lower case.
        name: String,
        /// What must stand before the token, such as `Bearer`; without it the whole value is the
        /// token.
        scheme: Option<String>,
        /// How the scheme is compared.
        #[serde(default)]
        scheme_case: SchemeCase,
    },
    /// An item offered in `Sec-WebSocket-Protocol` that starts with a prefix.
    Subprotocol {
        /// The prefixes, such as `jwt.`.
        prefixes: Vec<String>,
        /// What stands behind the prefix.
        #[serde(default)]
        decode: Prefixed,
        /// Shorter texts, and those of just this many bytes, are passed over.
        #[serde(default)]
        longer_than: usize,
    },
    /// A parameter of the query string.
    Query {
        /// The parameter.
        name: String,
    },
    /// A cookie.
    Cookie {
        /// The cookie.
        name: String,
    },
}

/// How an authentication scheme is compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SchemeCase {
    /// As RFC 9110 §11.1 says.
    #[default]
    Any,
    /// Letter by letter.
    Exact,
}

/// What stands behind a subprotocol prefix.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Prefixed {
    /// The token itself.
    #[default]
    Raw,
    /// base64url of the token or, when that does not decode to text, the token itself.
    Base64urlThenRaw,
}

impl Source {
    /// The token in this place; an empty one does not count.
    fn find<'q>(&self, parts: &'q RequestParts) -> Option<Cow<'q, str>> {
        let token = match self {
            Self::Argument => None,
            Self::Header { name, scheme, scheme_case } => {
                header_token(parts, name, scheme.as_deref(), *scheme_case).map(Cow::Borrowed)
            }
            Self::Subprotocol { prefixes, decode, longer_than } => {
                subprotocol_token(parts, prefixes, *longer_than).map(|raw| decode.read(raw))
            }
            Self::Query { name } => query_parameter(parts.query(), name).map(Cow::Owned),
            Self::Cookie { name } => cookie(parts, name).map(Cow::Borrowed),
        };
        token.filter(|token| !token.is_empty())
    }
}

/// The token that the first fitting source holds, as that path would see it. A caller that hands
/// over a bare token has extracted it, whatever the sources are.
pub(super) fn extract<'q>(
    sources: &[Source],
    question: &'q Question,
) -> Result<Cow<'q, str>, Reason> {
    let Credentials::Request(parts) = question.credentials() else {
        return presented(question).map(Cow::Borrowed);
    };
    for source in sources {
        if *source == Source::Argument {
            match presented(question) {
                Err(Reason::TokenMissing) => {}
                other => return other.map(Cow::Borrowed),
            }
        } else if let Some(token) = source.find(parts) {
            return Ok(token);
        }
    }
    Err(Reason::TokenMissing)
}

fn presented(question: &Question) -> Result<&str, Reason> {
    match question.presented() {
        Presented::Nothing => Err(Reason::TokenMissing),
        Presented::Conflict => Err(Reason::TokenConflict),
        Presented::Opaque(token, _) | Presented::Jws(token, _) => Ok(token.reveal()),
    }
}

fn header_token<'q>(
    parts: &'q RequestParts,
    name: &str,
    scheme: Option<&str>,
    case: SchemeCase,
) -> Option<&'q str> {
    let value = first_value(parts, name)?;
    let Some(scheme) = scheme else { return Some(value.trim()) };
    let (found, rest) = value.split_once(' ')?;
    let same = match case {
        SchemeCase::Any => found.eq_ignore_ascii_case(scheme),
        SchemeCase::Exact => found == scheme,
    };
    same.then(|| rest.trim())
}

fn first_value<'q>(parts: &'q RequestParts, name: &str) -> Option<&'q str> {
    parts.headers.iter().find(|(key, _)| &**key == name).map(|(_, value)| &**value)
}

fn subprotocol_token<'q>(
    parts: &'q RequestParts,
    prefixes: &[String],
    longer_than: usize,
) -> Option<&'q str> {
    let items = first_value(parts, "sec-websocket-protocol")?.split(',').map(str::trim);
    let stripped = |item: &'q str| prefixes.iter().find_map(|prefix| item.strip_prefix(&**prefix));
    items.filter_map(stripped).find(|token| token.len() > longer_than)
}

impl Prefixed {
    fn read(self, raw: &str) -> Cow<'_, str> {
        match self {
            Self::Raw => Cow::Borrowed(raw),
            // A dot is in no base64 alphabet: with one, this is the token itself.
            Self::Base64urlThenRaw if raw.contains('.') => Cow::Borrowed(raw),
            Self::Base64urlThenRaw => match String::from_utf8(decode_leniently(raw)) {
                Ok(text) if !text.is_empty() => Cow::Owned(text),
                Ok(_) | Err(_) => Cow::Borrowed(raw),
            },
        }
    }
}

fn cookie<'q>(parts: &'q RequestParts, name: &str) -> Option<&'q str> {
    let pairs = first_value(parts, "cookie")?.split(';');
    pairs.filter_map(|pair| pair.trim().split_once('=')).find(|(key, _)| *key == name).map(|p| p.1)
}

/// The first value of a query parameter, decoded as a form (`+` is a space).
pub(super) fn query_parameter(query: &str, name: &str) -> Option<String> {
    let pairs = query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    let mut named = pairs.filter(|(key, _)| decode_form(key) == name);
    named.next().map(|(_, value)| decode_form(value))
}

fn decode_form(text: &str) -> String {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let escaped = match tail {
            [high, low, ..] if *first == b'%' => hex(*high).zip(hex(*low)),
            _ => None,
        };
        if let Some((high, low)) = escaped {
            decoded.push(high * 16 + low);
            rest = &tail[2..];
        } else {
            decoded.push(if *first == b'+' { b' ' } else { *first });
            rest = tail;
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::legacy::testing::{question_with, request};

    fn found(source: &str, headers: &[(&str, &str)], target: &str) -> Option<String> {
        let source: Source = toml::from_str(source).expect("a source");
        let question = question_with(request(headers, target));
        extract(&[source], &question).ok().map(Cow::into_owned)
    }

    #[test]
    fn a_scheme_is_compared_as_the_source_says() {
        let any = "from='header'\nname='authorization'\nscheme='Bearer'";
        let exact = format!("{any}\nscheme_case='exact'");
        for (value, by_any, by_exact) in [
            ("Bearer t", true, true),
            ("Bearer   t", true, true),
            ("bearer t", true, false),
            ("BEARER t", true, false),
            ("Basic t", false, false),
            ("Bearer ", false, false),
            ("Bearer", false, false),
        ] {
            let headers = [("authorization", value)];
            assert_eq!(found(any, &headers, "/").is_some(), by_any, "{value}");
            assert_eq!(found(&exact, &headers, "/").is_some(), by_exact, "{value}");
        }
    }

    #[test]
    fn a_subprotocol_item_is_decoded_or_taken_as_it_is() {
        let source = "from='subprotocol'\nprefixes=['jwt.', 'bearer.']\n\
                      decode='base64url-then-raw'\nlonger_than=2";
        let offers = [
            ("jwt-auth, jwt.YS5iLmM", Some("a.b.c")),
            ("jwt.YS5iLmM=, jwt.eC55Lno", Some("a.b.c")),
            ("bearer.a.b.c", Some("a.b.c")),
            ("jwt.ab, bearer.abc.d", Some("abc.d")),
            ("jwt-auth, a.b.c", None),
        ];
        for (offer, token) in offers {
            let headers = [("sec-websocket-protocol", offer)];
            assert_eq!(found(source, &headers, "/").as_deref(), token, "{offer}");
        }
    }

    #[test]
    fn a_query_parameter_is_decoded_and_a_cookie_is_not() {
        let query = "from='query'\nname='token'";
        assert_eq!(found(query, &[], "/ws?x=1&token=a%2Eb+c%").as_deref(), Some("a.b c%"));
        assert_eq!(found(query, &[], "/ws?token="), None);
        let cookie = "from='cookie'\nname='session'";
        let headers = [("cookie", "theme=dark; session=a.b.c")];
        assert_eq!(found(cookie, &headers, "/").as_deref(), Some("a.b.c"));
    }

    #[test]
    fn the_first_source_that_holds_a_token_wins() {
        let header =
            Source::Header { name: "x-token".into(), scheme: None, scheme_case: SchemeCase::Any };
        let sources = [header, Source::Argument];
        let both = request(&[("authorization", "Bearer a"), ("x-token", "b")], "/");
        assert_eq!(extract(&sources, &question_with(both)).as_deref(), Ok("b"));
        let one = request(&[("authorization", "Bearer a")], "/");
        assert_eq!(extract(&sources, &question_with(one)).as_deref(), Ok("a"));
        let none = question_with(request(&[], "/"));
        assert_eq!(extract(&sources, &none), Err(Reason::TokenMissing));
    }
}
