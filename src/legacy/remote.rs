//! What both remote adapters share: whose token is sent, what a failed call means, and how parts
//! of a JSON answer are read.

use std::borrow::Cow;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::Source;
use super::source::extract;
use crate::domain::{
    Decision, Denial, PathError, Presented, Question, Reason, Scopes, Timestamp, TokenType,
};
use crate::outbound::OutboundError;

/// How long a call may take and how large its answer may be.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CallLimits {
    /// From the first step to the last byte of the answer, in milliseconds.
    pub timeout_ms: u64,
    /// Largest accepted body, in bytes.
    pub response_bytes_max: usize,
}

impl Default for CallLimits {
    fn default() -> Self {
        Self { timeout_ms: 3_000, response_bytes_max: 64 * 1_024 }
    }
}

impl CallLimits {
    pub(super) const fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms)
    }

    pub(super) fn faults(&self) -> impl Iterator<Item = String> {
        let timeout = (self.timeout_ms == 0).then(|| "limits.timeout_ms is 0".to_owned());
        let size = (self.response_bytes_max == 0).then(|| "limits.response_bytes_max is 0".into());
        timeout.into_iter().chain(size)
    }
}

/// What happens to a request without a token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MissingToken {
    /// Nobody is asked: the answer is a deny.
    #[default]
    Deny,
    /// The endpoint is asked all the same, with an empty token.
    Ask,
}

/// The token to send, empty where none is and the endpoint is to be asked all the same. Two
/// different tokens are never sent anywhere.
pub(super) fn token_to_send<'q>(
    sources: &[Source],
    missing: MissingToken,
    question: &'q Question,
) -> Result<Cow<'q, str>, Reason> {
    let found = if sources.is_empty() {
        match question.presented() {
            Presented::Nothing => Err(Reason::TokenMissing),
            Presented::Conflict => Err(Reason::TokenConflict),
            Presented::Opaque(token, _) | Presented::Jws(token, _) => Ok(token.reveal().into()),
        }
    } else {
        extract(sources, question)
    };
    match (found, missing) {
        (Err(Reason::TokenMissing), MissingToken::Ask) => Ok(Cow::Borrowed("")),
        (found, MissingToken::Deny | MissingToken::Ask) => found,
    }
}

/// What is sent in the place of a token to see whether an endpoint answers: nobody's token.
pub(super) const PROBE: &str = "crossfade-probe";

pub(super) const fn undisclosed(reason: Reason) -> Decision {
    Decision::Deny(Denial { reason, disclosed: false })
}

/// What a call without a whole answer means for the question.
pub(super) fn path_error(error: &OutboundError) -> PathError {
    match error {
        OutboundError::TimedOut => PathError::TimedOut,
        OutboundError::TooLarge { .. } | OutboundError::Interrupted => {
            PathError::Unreadable(error.to_string().into())
        }
        OutboundError::Setup(_)
        | OutboundError::BadUrl(_)
        | OutboundError::BadHostRule(_)
        | OutboundError::BadHeader { .. }
        | OutboundError::BadAddressRange(_)
        | OutboundError::HostNotAllowed { .. }
        | OutboundError::AddressRefused { .. }
        | OutboundError::Busy
        | OutboundError::Unreachable(_) => PathError::Unreachable(error.to_string().into()),
    }
}

/// A status that is no answer: 502, 503 and 504 say that nobody is there, the rest that nobody
/// understands.
pub(super) fn failed_status(status: u16) -> PathError {
    let text = format!("status {status}");
    if matches!(status, 502..=504) {
        PathError::Unreachable(text.into())
    } else {
        PathError::Unreadable(text.into())
    }
}

/// A list of texts, or one text with spaces (RFC 6749 §3.3); null is an empty set, anything else
/// the error [`PathError::Unreadable`].
pub(super) fn read_scopes(value: &Value) -> Result<Scopes, PathError> {
    match value {
        Value::Null => Ok(Scopes::default()),
        Value::String(text) => Ok(Scopes::parse(text)),
        Value::Array(items) if items.iter().all(Value::is_string) => {
            Ok(items.iter().filter_map(Value::as_str).collect())
        }
        Value::Array(_) | Value::Bool(_) | Value::Number(_) | Value::Object(_) => {
            Err(PathError::Unreadable("scopes are no list of texts".into()))
        }
    }
}

/// Seconds since the epoch or an RFC 3339 date; null is none.
pub(super) fn read_expiry(value: &Value) -> Result<Option<Timestamp>, PathError> {
    let found = match value {
        Value::Null => return Ok(None),
        Value::Number(number) => number.as_f64().and_then(Timestamp::from_seconds_f64),
        Value::String(text) => Timestamp::parse(text),
        Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    found.map(Some).ok_or_else(|| PathError::Unreadable("expiry is no moment".into()))
}

/// One of the house's token types; `Bearer` and other words are none.
pub(super) fn read_token_type(value: &Value) -> Option<TokenType> {
    value.as_str().and_then(TokenType::parse)
}

/// Percent-encodes for `application/x-www-form-urlencoded`.
pub(super) fn encode_form(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'*' => {
                encoded.push(char::from(byte));
            }
            b' ' => encoded.push('+'),
            _ => {
                let digit = |value: u8| char::from(b"0123456789ABCDEF"[usize::from(value)]);
                encoded.extend(['%', digit(byte >> 4), digit(byte & 15)]);
            }
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_form_value_cannot_start_another_field() {
        assert_eq!(encode_form("a.b-c_d*"), "a.b-c_d*");
        assert_eq!(encode_form("a&b=c d%\n"), "a%26b%3Dc+d%25%0A");
    }

    #[test]
    fn scopes_are_a_list_or_a_text_and_nothing_else() {
        assert_eq!(read_scopes(&json!("b a")), read_scopes(&json!(["a", "b"])));
        assert!(read_scopes(&json!(["a", 1])).is_err());
        assert!(read_scopes(&json!({})).is_err());
    }

    #[test]
    fn an_expiry_is_read_in_seconds_or_as_a_date() {
        let moment = Ok(Some(Timestamp::from_seconds(1_700_000_000)));
        assert_eq!(read_expiry(&json!(1_700_000_000)), moment);
        assert_eq!(read_expiry(&json!("2023-11-14T22:13:20Z")), moment);
        assert_eq!(read_expiry(&json!(null)), Ok(None));
        assert!(read_expiry(&json!("tomorrow")).is_err());
        assert!(read_expiry(&json!([])).is_err());
    }
}
