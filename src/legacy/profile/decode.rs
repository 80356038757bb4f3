//! A token's three segments, decoded as a given validator decodes them.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::domain::{
    Jws, Members, Presented, Reason, decode_base64url, decode_leniently, encode_base64url,
    parse_strict,
};

/// How tokens are taken apart.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TokenRules {
    /// What passes for base64url.
    pub base64: Base64,
    /// What becomes of a JSON member that occurs twice.
    pub duplicates: Duplicates,
}

/// What passes for base64url in a segment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Base64 {
    /// Only the canonical form (RFC 7515 §2).
    #[default]
    Strict,
    /// The canonical form, or that form padded to a multiple of four.
    Padded,
    /// As browsers' `atob` behind a helper: both alphabets, white space and padding skipped,
    /// unused bits ignored.
    Forgiving,
    /// As `CPython`'s `binascii` behind a helper that pads to four: both alphabets, every other
    /// character skipped, unused bits ignored, nothing read behind complete padding.
    Lenient,
}

/// What becomes of a JSON member that occurs twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Duplicates {
    /// The last one counts, as in most JSON libraries.
    #[default]
    LastWins,
    /// The token is refused.
    Refused,
}

impl Base64 {
    fn decode(self, text: &str) -> Option<Vec<u8>> {
        match self {
            Self::Strict => decode_base64url(text),
            Self::Padded => padded(text),
            Self::Forgiving => forgiving(text),
            Self::Lenient => lenient(text),
        }
    }
}

fn is_alphabet(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'+' | b'/')
}

fn padded(text: &str) -> Option<Vec<u8>> {
    let data = text.trim_end_matches('=');
    let padding = text.len() - data.len();
    let whole = padding == 0 || (padding <= 2 && text.len().is_multiple_of(4));
    whole.then(|| decode_base64url(data)).flatten()
}

fn forgiving(text: &str) -> Option<Vec<u8>> {
    let kept = |c: &char| !c.is_ascii_whitespace();
    let trimmed: String = text.chars().filter(kept).collect();
    let data = trimmed.trim_end_matches('=');
    let whole = data.bytes().all(is_alphabet) && data.len() % 4 != 1;
    (whole && trimmed.len() - data.len() <= 2).then(|| decode_leniently(data))
}

/// The helper pads by the length of the whole text, junk included, so that one junk character
/// breaks the padding and four do not.
fn lenient(text: &str) -> Option<Vec<u8>> {
    let padding = (4 - text.len() % 4) % 4;
    let mut data = String::with_capacity(text.len());
    let mut pads = 0;
    for byte in text.bytes().chain(std::iter::repeat_n(b'=', padding)) {
        let place = data.len() % 4;
        if is_alphabet(byte) {
            data.push(char::from(byte));
            pads = 0;
        } else if byte == b'=' && place >= 2 {
            pads += 1;
            if place + pads >= 4 {
                return Some(decode_leniently(&data));
            }
        }
    }
    data.len().is_multiple_of(4).then(|| decode_leniently(&data))
}

impl Duplicates {
    fn parse(self, bytes: &[u8], not_an_object: Reason) -> Result<Members, Reason> {
        match self {
            Self::Refused => parse_strict(bytes, not_an_object),
            Self::LastWins => match serde_json::from_slice::<Map<String, Value>>(bytes) {
                Ok(map) => Ok(map.into_iter().map(|(k, v)| (k.into_boxed_str(), v)).collect()),
                Err(_) => Err(not_an_object),
            },
        }
    }
}

/// A token in three segments. What the house has decoded strictly and without complaint is used
/// as it is: a lenient decoder reads the same there.
pub(super) struct Segments<'t> {
    rules: &'t TokenRules,
    shared: Option<&'t Jws>,
    header: &'t str,
    claims: &'t str,
    /// Header and claims as they were signed.
    pub(super) signed: &'t str,
    signature: &'t str,
}

impl<'t> Segments<'t> {
    pub(super) fn split(
        rules: &'t TokenRules,
        text: &'t str,
        presented: &'t Presented,
    ) -> Result<Self, Reason> {
        let (signed, signature) = text.rsplit_once('.').ok_or(Reason::Segments)?;
        let (header, claims) = signed.split_once('.').ok_or(Reason::Segments)?;
        if claims.contains('.') {
            return Err(Reason::Segments);
        }
        let shared = match presented {
            Presented::Jws(token, jws) if token.reveal() == text => Some(jws),
            Presented::Jws(..)
            | Presented::Nothing
            | Presented::Conflict
            | Presented::Opaque(..) => None,
        };
        Ok(Self { rules, shared, header, claims, signed, signature })
    }

    pub(super) fn header(&self) -> Result<Cow<'t, Members>, Reason> {
        let shared = self.shared.map(|jws| &jws.header);
        self.object(shared, self.header, Reason::HeaderJson)
    }

    pub(super) fn claims(&self) -> Result<Cow<'t, Members>, Reason> {
        let shared = self.shared.map(|jws| &jws.claims);
        self.object(shared, self.claims, Reason::ClaimsJson)
    }

    fn object(
        &self,
        shared: Option<&'t Result<Members, Reason>>,
        text: &str,
        not_an_object: Reason,
    ) -> Result<Cow<'t, Members>, Reason> {
        if let Some(Ok(members)) = shared {
            return Ok(Cow::Borrowed(members));
        }
        let bytes = self.rules.base64.decode(text).ok_or(Reason::Encoding)?;
        self.rules.duplicates.parse(&bytes, not_an_object).map(Cow::Owned)
    }

    /// The signature as canonical base64url, whatever it looked like.
    pub(super) fn signature(&self) -> Result<Cow<'t, str>, Reason> {
        if self.shared.is_some_and(|jws| jws.signature.is_ok()) {
            return Ok(Cow::Borrowed(self.signature));
        }
        let bytes = self.rules.base64.decode(self.signature).ok_or(Reason::Encoding)?;
        Ok(Cow::Owned(encode_base64url(&bytes)))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::legacy::testing;

    #[test]
    fn the_lenient_decoder_reads_as_cpython_does() {
        let one = Some(vec![1]);
        for text in ["AQ", "AQ==", "AR", "A!!!!Q", "????AQ", "AQ==behind"] {
            assert_eq!(Base64::Lenient.decode(text), one, "{text}");
        }
        for text in ["A", "!AQ", "A!?Q", "AQE!", "AAAAA", "A=Q="] {
            assert_eq!(Base64::Lenient.decode(text), None, "{text}");
        }
        assert_eq!(Base64::Lenient.decode("+/+/"), Base64::Lenient.decode("-_-_"));
    }

    #[test]
    fn the_padded_decoder_reads_right_padding_and_nothing_else() {
        for text in ["AQ", "AQ=="] {
            assert_eq!(Base64::Padded.decode(text), Some(vec![1]), "{text}");
        }
        for text in ["AQ=", "AQ======", "AR==", "A Q=", "A===", "+/8="] {
            assert_eq!(Base64::Padded.decode(text), None, "{text}");
        }
    }

    #[test]
    fn the_forgiving_decoder_skips_white_space_and_nothing_else() {
        for text in ["AQ", "AQ==", "AR", " A Q\n"] {
            assert_eq!(Base64::Forgiving.decode(text), Some(vec![1]), "{text}");
        }
        for text in ["A", "A!Q", "AQ===", "A=Q"] {
            assert_eq!(Base64::Forgiving.decode(text), None, "{text}");
        }
    }

    #[test]
    fn the_last_of_two_members_wins_or_none_does() {
        let twice = br#"{"sub":"a","sub":"b"}"#;
        let last = Duplicates::LastWins.parse(twice, Reason::ClaimsJson).expect("an object");
        assert_eq!(last.get("sub"), Some(&"b".into()));
        let refused = Duplicates::Refused.parse(twice, Reason::ClaimsJson);
        assert_eq!(refused, Err(Reason::DuplicateMember));
        let array = Duplicates::LastWins.parse(b"[]", Reason::HeaderJson);
        assert_eq!(array, Err(Reason::HeaderJson));
    }
    #[test]
    fn what_the_house_has_decoded_reads_the_same_as_decoding_it_again() {
        let text = testing::token(&json!({"sub": "ä\u{1}", "exp": 1.5e300, "nested": {"a": [1]}}));
        let question = testing::question(&text);
        let rules = TokenRules { base64: Base64::Lenient, duplicates: Duplicates::LastWins };
        let shared = Segments::split(&rules, &text, question.presented()).expect("segments");
        let own = Segments::split(&rules, &text, &Presented::Nothing).expect("segments");
        assert!(matches!(shared.claims(), Ok(Cow::Borrowed(_))));
        assert!(matches!(own.claims(), Ok(Cow::Owned(_))));
        for (shared, own) in [(shared.header(), own.header()), (shared.claims(), own.claims())] {
            let (shared, own) = (shared.expect("an object"), own.expect("an object"));
            assert_eq!(shared.iter().count(), own.iter().count());
            assert!(shared.iter().all(|(name, value)| own.get(name) == Some(value)));
        }
        assert_eq!(shared.signature(), own.signature());
        assert_eq!(shared.signed, own.signed);
    }
}
