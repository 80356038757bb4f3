//! What is wrong with a line, in words that quote nothing of it.

use serde_json::Value;

use super::line::is_recent;
use crate::domain::{IdError, Timestamp};

/// Why a line was left out.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Fault {
    #[error("longer than 64 KiB")]
    TooLong,
    #[error("not UTF-8")]
    Utf8,
    #[error("not JSON (column {column})")]
    Json { column: usize },
    #[error("not a JSON object")]
    Object,
    #[error("a member occurs twice")]
    Repeated,
    #[error("an unknown member{0}")]
    Unknown(Shown),
    #[error("`{0}` is missing")]
    Missing(&'static str),
    #[error("`{member}` is not {wanted}")]
    Type { member: &'static str, wanted: &'static str },
    #[error("`at` is in milliseconds or later than the year 5138; seconds are read")]
    Milliseconds,
    #[error("neither `token` nor `headers`")]
    NoCredentials,
    #[error("both `token` and `headers`")]
    BothCredentials,
    #[error("`method` and `target` go with `headers`, not with `token`")]
    RequestOfToken,
    #[error("`component`: {0}")]
    Component(#[from] IdError),
    #[error("more than {0} components")]
    Components(usize),
    #[error("`legacy.decision` is neither \"allow\" nor \"deny\"")]
    Decision,
    #[error("`legacy` allows and has a reason")]
    AllowWithReason,
    #[error("`legacy` denies and has a subject, scopes or a token type")]
    DenyWithGrant,
    #[error("`legacy.subject` is empty or over 4096 bytes")]
    Subject,
    #[error("`legacy.token_type` is not access, refresh, service, admin or id")]
    TokenType,
    #[error("no `legacy` in it, and without --secret-file no model can answer")]
    LegacyUnknown,
}

/// A member's name, when it looks like one: whatever else stands there may be a secret.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Shown(Option<String>);

impl Shown {
    fn of(name: &str) -> Self {
        let plain = |c: char| c.is_ascii_lowercase() || c == '_';
        let shown = (1..=24).contains(&name.len()) && name.chars().all(plain);
        Self(shown.then(|| name.to_owned()))
    }
}

impl std::fmt::Display for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.as_ref().map_or(Ok(()), |name| write!(f, " `{name}`"))
    }
}

/// A member, whether a value is one for it, and what it must be.
type Member = (&'static str, fn(&Value) -> bool, &'static str);

const LINE: &[Member] = &[
    ("at", is_moment, "an RFC 3339 date and time, nor seconds since 1970"),
    ("component", is_text, "a text"),
    ("token", is_text, "a text"),
    ("headers", is_headers, "a list of [\"name\", \"value\"]"),
    ("method", is_text, "a text"),
    ("target", is_text, "a text"),
    ("legacy", Value::is_object, "an object"),
    ("note", |_| true, ""),
];

const LEGACY: &[Member] = &[
    ("legacy.decision", is_text, "a text"),
    ("legacy.subject", is_text, "a text"),
    ("legacy.scopes", is_texts, "a list of texts"),
    ("legacy.token_type", is_text, "a text"),
    ("legacy.reason", is_text, "a text"),
    ("legacy.took_us", Value::is_u64, "a whole number of microseconds"),
];

/// Finds what is wrong with a line that could not be read. Slow, and for bad lines only: a
/// parser's own words quote what it has read.
pub(super) fn diagnose(line: &[u8]) -> Fault {
    if std::str::from_utf8(line).is_err() {
        return Fault::Utf8;
    }
    let members = match serde_json::from_slice(line) {
        Ok(Value::Object(members)) => members,
        Ok(_) => return Fault::Object,
        Err(error) => return Fault::Json { column: error.column() },
    };
    if members.get("at").and_then(moment).is_some_and(|at| at.seconds() >= 0 && !is_recent(at)) {
        return Fault::Milliseconds;
    }
    let fault = first_fault(&members, LINE, "").or_else(|| {
        let legacy = members.get("legacy")?.as_object()?;
        first_fault(legacy, LEGACY, "legacy.")
    });
    // Nothing is wrong with any member, as the map has each of them once.
    fault.unwrap_or(Fault::Repeated)
}

fn first_fault(
    found: &serde_json::Map<String, Value>,
    known: &[Member],
    prefix: &str,
) -> Option<Fault> {
    let named = |member: &Member, name: &str| member.0.strip_prefix(prefix) == Some(name);
    if let Some(name) = found.keys().find(|name| !known.iter().any(|member| named(member, name))) {
        return Some(Fault::Unknown(Shown::of(name)));
    }
    let required = &known[0];
    if !found.keys().any(|name| named(required, name)) {
        return Some(Fault::Missing(required.0));
    }
    known.iter().find_map(|(member, fits, wanted)| {
        let value = found.get(member.strip_prefix(prefix)?)?;
        let optional = *member != required.0 && value.is_null();
        (!optional && !fits(value)).then_some(Fault::Type { member, wanted })
    })
}

fn is_text(value: &Value) -> bool {
    value.is_string()
}

fn is_texts(value: &Value) -> bool {
    value.as_array().is_some_and(|items| items.iter().all(Value::is_string))
}

fn is_headers(value: &Value) -> bool {
    let pair = |item: &Value| is_texts(item) && item.as_array().is_some_and(|pair| pair.len() == 2);
    value.as_array().is_some_and(|items| items.iter().all(pair))
}

fn is_moment(value: &Value) -> bool {
    moment(value).is_some_and(is_recent)
}

fn moment(value: &Value) -> Option<Timestamp> {
    match value {
        Value::String(text) => Timestamp::parse(text),
        Value::Number(number) => number.as_f64().and_then(Timestamp::from_seconds_f64),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::line::Recorded;

    #[test]
    fn every_fault_is_named_and_nothing_of_the_line_is_quoted() {
        let secret = "eyJhbGciOiJIUzI1NiJ9";
        for (line, words) in [
            (r#"{"at":1,"token":"SECRET""#, "not JSON (column"),
            ("[1]", "not a JSON object"),
            (r#"{"at":1,"token":"SECRET","token":"b"}"#, "a member occurs twice"),
            (r#"{"at":1,"token":"SECRET","user_agent":"SECRET"}"#, "unknown member `user_agent`"),
            (r#"{"at":1,"token":"a","SECRET":1}"#, "an unknown member"),
            (r#"{"token":"SECRET"}"#, "`at` is missing"),
            (r#"{"at":"SECRET","token":"SECRET"}"#, "`at` is not an RFC 3339"),
            (r#"{"at":null,"token":"SECRET"}"#, "`at` is not an RFC 3339"),
            (r#"{"at":1772355600000,"token":"SECRET"}"#, "`at` is in milliseconds"),
            (r#"{"at":"1772355600000","token":"SECRET"}"#, "`at` is in milliseconds"),
            (r#"{"at":-1,"token":"SECRET"}"#, "`at` is not an RFC 3339"),
            (r#"{"at":1,"token":["SECRET"]}"#, "`token` is not a text"),
            (r#"{"at":1,"headers":"SECRET"}"#, "`headers` is not a list of"),
            (r#"{"at":1,"headers":[["SECRET"]]}"#, "`headers` is not a list of"),
            (r#"{"at":1}"#, "neither `token` nor `headers`"),
            (r#"{"at":1,"token":null}"#, "neither `token` nor `headers`"),
            (r#"{"at":1,"token":"SECRET","headers":[]}"#, "both `token` and `headers`"),
            (r#"{"at":1,"token":"SECRET","target":"/"}"#, "go with `headers`"),
            (r#"{"at":1,"token":"a","legacy":"SECRET"}"#, "`legacy` is not an object"),
            (r#"{"at":1,"token":"a","legacy":{}}"#, "`legacy.decision` is missing"),
            (r#"{"at":1,"token":"a","legacy":{"decision":"SECRET"}}"#, "neither \"allow\" nor"),
            (
                r#"{"at":1,"token":"a","legacy":{"decision":"deny","who":"SECRET"}}"#,
                "an unknown member `who`",
            ),
            (
                r#"{"at":1,"token":"a","legacy":{"decision":"allow","scopes":"SECRET"}}"#,
                "`legacy.scopes` is not a list of texts",
            ),
            (
                r#"{"at":1,"token":"a","legacy":{"decision":"allow","reason":"SECRET"}}"#,
                "allows and has a reason",
            ),
            (
                r#"{"at":1,"token":"a","legacy":{"decision":"deny","subject":"SECRET"}}"#,
                "denies and has a subject",
            ),
            (
                r#"{"at":1,"token":"a","legacy":{"decision":"allow","subject":""}}"#,
                "`legacy.subject` is empty",
            ),
            (
                r#"{"at":1,"token":"a","legacy":{"decision":"allow","token_type":"SECRET"}}"#,
                "`legacy.token_type` is not",
            ),
        ] {
            let line = line.replace("SECRET", secret);
            let Err(fault) = Recorded::read(line.as_bytes()) else { panic!("read: {line}") };
            let said = fault.to_string();
            assert!(said.contains(words), "{line}: {said}");
            assert!(!said.contains(secret), "{said}");
        }
        let Err(fault) = Recorded::read(b"{\"at\":1,\"token\":\"\xff\"}") else { panic!("read") };
        assert_eq!(fault.to_string(), "not UTF-8");
    }
}
