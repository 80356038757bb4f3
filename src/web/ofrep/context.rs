//! What a question says: `{"context": {"targetingKey": "alice", ...}}`.
//!
//! Callers put into the context whatever their rules need, so members that mean nothing here are
//! passed over. Those that mean something are read as they are meant or not at all: a context that
//! could be taken in two ways is refused.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;

use super::failure::Failure;
use crate::flags::Facts;

/// The context of an evaluation.
#[derive(Debug, Default)]
pub(super) struct Context<'b> {
    subject: Cow<'b, str>,
    tenant: Option<Text<'b>>,
    scopes: Option<Scopes<'b>>,
    /// Names in lower case.
    headers: Vec<(String, Text<'b>)>,
}

/// A text that is borrowed from the body unless something in it is escaped.
#[derive(Debug, Deserialize)]
struct Text<'b>(#[serde(borrow)] Cow<'b, str>);

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Scopes<'b> {
    #[serde(borrow)]
    Spaced(Text<'b>),
    Listed(Vec<Text<'b>>),
}

/// Most scopes, and most headers: each is compared with those of every segment.
const STATED_MAX: usize = 64;

impl<'b> Context<'b> {
    /// Reads a body.
    pub fn parse(bytes: &'b [u8]) -> Result<Self, Failure> {
        let Body(Members { targeting_key, tenant, scopes, headers }) =
            serde_json::from_slice(bytes).map_err(|_| why_not(bytes))?;
        let Text(subject) = targeting_key.ok_or(Failure::TargetingKeyMissing)?;
        let lower = |(name, value): (String, _)| (name.to_ascii_lowercase(), value);
        let headers: Vec<_> = headers.into_iter().flatten().map(lower).collect();
        let many = match &scopes {
            Some(Scopes::Spaced(Text(scopes))) => scopes.split(' ').count(),
            Some(Scopes::Listed(scopes)) => scopes.len(),
            None => 0,
        };
        if many > STATED_MAX || headers.len() > STATED_MAX {
            return Err(Failure::Context("scopes and headers have at most 64 entries each"));
        }
        Ok(Self { subject, tenant, scopes, headers })
    }

    /// The same as the flag table takes it. The caller is trusted: whoever may ask may ask about
    /// anybody.
    pub fn facts(&self) -> Facts<'_> {
        let facts = Facts::of_subject(&self.subject);
        let tenant = self.tenant.as_ref().map(|Text(tenant)| &**tenant);
        if tenant.is_none() && self.scopes.is_none() && self.headers.is_empty() {
            return facts;
        }
        let scopes = match &self.scopes {
            Some(Scopes::Spaced(Text(scopes))) => scopes.split(' ').collect(),
            Some(Scopes::Listed(scopes)) => scopes.iter().map(|Text(scope)| &**scope).collect(),
            None => Vec::new(),
        };
        let headers = self.headers.iter().map(|(name, Text(value))| (name.as_str(), &**value));
        facts.stating(tenant, scopes, headers.collect())
    }
}

/// The body, read in one go; what is wrong with it is found out afterwards.
struct Body<'b>(Members<'b>);

#[derive(Default)]
struct Members<'b> {
    targeting_key: Option<Text<'b>>,
    tenant: Option<Text<'b>>,
    scopes: Option<Scopes<'b>>,
    headers: Option<BTreeMap<String, Text<'b>>>,
}

// By hand, because derived readers take a list of values for an object.
impl<'de> Deserialize<'de> for Body<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Outer;

        impl<'de> Visitor<'de> for Outer {
            type Value = Body<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object with a context")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Body<'de>, A::Error> {
                let mut members = None;
                while let Some(Text(name)) = map.next_key()? {
                    if name == "context" {
                        set(&mut members, &mut map)?;
                    } else {
                        map.next_value::<IgnoredAny>()?;
                    }
                }
                members.map(Body).ok_or_else(|| Error::missing_field("context"))
            }
        }

        deserializer.deserialize_map(Outer)
    }
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Inner;

        impl<'de> Visitor<'de> for Inner {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a context")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let (mut key, mut tenant, mut scopes, mut headers) = (None, None, None, None);
                while let Some(Text(name)) = map.next_key()? {
                    match &*name {
                        "targetingKey" => set(&mut key, &mut map)?,
                        "tenant" => set(&mut tenant, &mut map)?,
                        "scopes" => set(&mut scopes, &mut map)?,
                        "headers" => set(&mut headers, &mut map)?,
                        _ => drop(map.next_value::<IgnoredAny>()?),
                    }
                }
                Ok(Members {
                    targeting_key: key.flatten(),
                    tenant: tenant.flatten(),
                    scopes: scopes.flatten(),
                    headers: headers.flatten(),
                })
            }
        }

        deserializer.deserialize_map(Inner)
    }
}

/// Reads a member that stands there once.
fn set<'de, T: Deserialize<'de>, A: MapAccess<'de>>(
    place: &mut Option<T>,
    map: &mut A,
) -> Result<(), A::Error> {
    match place.replace(map.next_value()?) {
        None => Ok(()),
        Some(_) => Err(Error::custom("a member stands there twice")),
    }
}

/// What is wrong with a body that could not be read.
fn why_not(bytes: &[u8]) -> Failure {
    let body = match serde_json::from_slice::<Value>(bytes) {
        Ok(body) => body,
        Err(error) => return Failure::no_json(&error),
    };
    let Some(context) = body.get("context").and_then(Value::as_object) else {
        return Failure::context("the body is an object, and so is its `context`");
    };
    let is = |name, fits: fn(&Value) -> bool| context.get(name).is_none_or(fits);
    let texts =
        |value: &Value| value.as_array().is_some_and(|all| all.iter().all(Value::is_string));
    if context.get("targetingKey").is_none_or(Value::is_null) {
        return Failure::TargetingKeyMissing;
    }
    Failure::context(if !is("targetingKey", Value::is_string) {
        "`targetingKey` is a text"
    } else if !is("tenant", |tenant| tenant.is_null() || tenant.is_string()) {
        "`tenant` is a text"
    } else if !context
        .get("scopes")
        .is_none_or(|scopes| scopes.is_null() || scopes.is_string() || texts(scopes))
    {
        "`scopes` is a list of texts, or one text with spaces between them"
    } else if !is("headers", |headers| {
        let of_texts = |pairs: &serde_json::Map<_, Value>| pairs.values().all(Value::is_string);
        headers.is_null() || headers.as_object().is_some_and(of_texts)
    }) {
        "`headers` is an object of texts"
    } else {
        "`context`, `targetingKey`, `tenant`, `scopes` and `headers` stand there once each"
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(body: &str) -> &'static str {
        Context::parse(body.as_bytes()).expect_err("refused").code()
    }

    #[test]
    fn a_body_is_read_with_what_means_something_here_and_past_the_rest() {
        let body = r#"{"before": [1], "context": {"email": {"x": [null]}, "targetingKey": "al\u0069ce",
            "tenant": "acme", "scopes": "read  write", "headers": {"X-Plan": "pro"}, "n": 1e400}}"#;
        let context = Context::parse(body.as_bytes()).expect("a context");
        assert_eq!(context.subject, "alice");
        assert_eq!(context.headers[0].0, "x-plan");
        for scopes in [r#""read write""#, r#"["read","write"]"#] {
            let body = format!(r#"{{"context":{{"targetingKey":"a","scopes":{scopes}}}}}"#);
            let context = Context::parse(body.as_bytes()).expect("a context");
            assert!(format!("{:?}", context.facts()).contains(r#"["read", "write"]"#), "{scopes}");
        }
    }

    #[test]
    fn a_plain_subject_is_not_copied() {
        let body = r#"{"context":{"targetingKey":"älice"}}"#;
        let context = Context::parse(body.as_bytes()).expect("a context");
        assert!(matches!(context.subject, Cow::Borrowed("älice")));
    }

    #[test]
    fn what_is_no_json_is_told_from_what_is_no_context() {
        for body in
            ["", "{", "nonsense", "\"\u{0}\"", "{\"context\":{\"targetingKey\":\"\\ud800\"}}"]
        {
            assert_eq!(code(body), "PARSE_ERROR", "{body}");
        }
        let deep = format!("{{\"context\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000));
        assert_eq!(code(&deep), "PARSE_ERROR");
        assert!(Context::parse(b"{\"context\":{\"targetingKey\":\"\xff\"}}").is_err());
        for body in [
            "[]",
            "null",
            "{}",
            r#"{"context":null}"#,
            r#"{"context":["alice"]}"#,
            r#"[{"targetingKey":"alice"}]"#,
            r#"{"context":{"targetingKey":1}}"#,
            r#"{"context":{"targetingKey":["alice"]}}"#,
            r#"{"context":{"targetingKey":"a","targetingKey":"b"}}"#,
            r#"{"context":{"targetingKey":"a"},"context":{"targetingKey":"b"}}"#,
            r#"{"context":{"targetingKey":"a","tenant":1}}"#,
            r#"{"context":{"targetingKey":"a","tenant":"a","tenant":null}}"#,
            r#"{"context":{"targetingKey":"a","scopes":{"read":true}}}"#,
            r#"{"context":{"targetingKey":"a","scopes":["read",1]}}"#,
            r#"{"context":{"targetingKey":"a","headers":[]}}"#,
            r#"{"context":{"targetingKey":"a","headers":{"x":1}}}"#,
        ] {
            assert_eq!(code(body), "INVALID_CONTEXT", "{body}");
        }
        for body in [r#"{"context":{}}"#, r#"{"context":{"targetingKey":null,"tenant":"a"}}"#] {
            assert_eq!(code(body), "TARGETING_KEY_MISSING", "{body}");
        }
    }

    #[test]
    fn what_is_null_is_not_said() {
        let body = r#"{"context":{"targetingKey":"a","tenant":null,"scopes":null,"headers":null}}"#;
        let context = Context::parse(body.as_bytes()).expect("a context");
        assert!(format!("{:?}", context.facts()).contains("Nothing"));
    }
}
