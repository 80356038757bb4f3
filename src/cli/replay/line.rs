//! One line of a recording.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, Visitor};

use super::fault::{Fault, diagnose};
use crate::domain::{
    Credentials, Decision, Denial, Grant, Reason, RequestParts, Scopes, Subject, Timestamp, Token,
    TokenType,
};

/// Whose traffic a line is that does not say.
pub(super) const COMPONENT: &str = "http-auth";

/// A question as it was recorded.
pub(super) struct Recorded<'l> {
    pub(super) at: Timestamp,
    pub(super) component: Cow<'l, str>,
    pub(super) credentials: Credentials,
    pub(super) legacy: Option<Told>,
}

/// What legacy really answered, and how long that took, if it is known.
pub(super) struct Told {
    pub(super) decision: Decision,
    pub(super) took: Option<Duration>,
}

/// A line as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line<'l> {
    at: At,
    #[serde(borrow)]
    component: Option<Text<'l>>,
    #[serde(borrow)]
    token: Option<Text<'l>>,
    #[serde(borrow)]
    headers: Option<Vec<(Text<'l>, Text<'l>)>>,
    #[serde(borrow)]
    method: Option<Text<'l>>,
    #[serde(borrow)]
    target: Option<Text<'l>>,
    #[serde(borrow)]
    legacy: Option<Answer<'l>>,
    #[serde(rename = "note")]
    _note: Option<IgnoredAny>,
}

/// Legacy's answer as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer<'l> {
    #[serde(borrow)]
    decision: Text<'l>,
    #[serde(borrow)]
    subject: Option<Text<'l>>,
    #[serde(borrow)]
    scopes: Option<Vec<Text<'l>>>,
    #[serde(borrow)]
    token_type: Option<Text<'l>>,
    #[serde(borrow)]
    reason: Option<Text<'l>>,
    took_us: Option<u64>,
}

/// A text, borrowed from the line unless it has escapes in it.
#[derive(Deserialize)]
#[serde(transparent)]
struct Text<'l>(#[serde(borrow)] Cow<'l, str>);

struct At(Timestamp);

impl<'l> Recorded<'l> {
    /// Reads a line.
    pub(super) fn read(line: &'l [u8]) -> Result<Self, Fault> {
        let line: Line<'l> = serde_json::from_slice(line).map_err(|_| diagnose(line))?;
        Ok(Self {
            at: line.at.0,
            component: line.component.map_or(Cow::Borrowed(COMPONENT), |text| text.0),
            credentials: credentials(line.token, line.headers, line.method, line.target)?,
            legacy: line.legacy.map(Answer::told).transpose()?,
        })
    }
}

fn credentials(
    token: Option<Text<'_>>,
    headers: Option<Vec<(Text<'_>, Text<'_>)>>,
    method: Option<Text<'_>>,
    target: Option<Text<'_>>,
) -> Result<Credentials, Fault> {
    match (token, headers) {
        (Some(_), Some(_)) => Err(Fault::BothCredentials),
        (None, None) => Err(Fault::NoCredentials),
        (Some(_), None) if method.is_some() || target.is_some() => Err(Fault::RequestOfToken),
        (Some(token), None) => Ok(Credentials::Token(Token::new(&token.0))),
        (None, Some(headers)) => {
            let header = |(name, value): (Text<'_>, Text<'_>)| {
                (name.0.to_ascii_lowercase().into(), value.0.into())
            };
            Ok(Credentials::Request(RequestParts {
                method: method.map_or("GET".into(), |text| text.0.to_ascii_uppercase().into()),
                target: target.map_or("/".into(), |text| text.0.into()),
                headers: headers.into_iter().map(header).collect(),
                ..RequestParts::default()
            }))
        }
    }
}

impl Answer<'_> {
    fn told(self) -> Result<Told, Fault> {
        let decision = match &*self.decision.0 {
            "allow" if self.reason.is_some() => return Err(Fault::AllowWithReason),
            "allow" => Decision::Allow(self.grant()?),
            "deny" if self.subject.is_some() => return Err(Fault::DenyWithGrant),
            "deny" if self.scopes.is_some() || self.token_type.is_some() => {
                return Err(Fault::DenyWithGrant);
            }
            "deny" => Decision::Deny(match &self.reason {
                Some(reason) => Denial { reason: Reason::foreign(&reason.0), disclosed: true },
                None => Denial { reason: Reason::Unspecified, disclosed: false },
            }),
            _ => return Err(Fault::Decision),
        };
        Ok(Told { decision, took: self.took_us.map(Duration::from_micros) })
    }

    fn grant(&self) -> Result<Grant, Fault> {
        let subject = self.subject.as_ref();
        let subject = subject.map(|text| Subject::parse(&text.0).ok_or(Fault::Subject));
        let token_type = self.token_type.as_ref();
        let token_type = token_type.map(|text| TokenType::parse(&text.0).ok_or(Fault::TokenType));
        let names = |names: &Vec<Text<'_>>| names.iter().map(|name| &*name.0).collect::<Scopes>();
        Ok(Grant {
            subject: subject.transpose()?,
            scopes: self.scopes.as_ref().map(names),
            token_type: token_type.transpose()?,
            expires_at: None,
            email: None,
        })
    }
}

impl<'de> Deserialize<'de> for At {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(At(Timestamp::from_micros(0)))
    }
}

impl Visitor<'_> for At {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a moment")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self, E> {
        moment(Timestamp::parse(text))
    }

    fn visit_u64<E: serde::de::Error>(self, seconds: u64) -> Result<Self, E> {
        moment(i64::try_from(seconds).ok().map(Timestamp::from_seconds))
    }

    fn visit_f64<E: serde::de::Error>(self, seconds: f64) -> Result<Self, E> {
        moment(Timestamp::from_seconds_f64(seconds))
    }
}

/// The error's words are of no use: `diagnose` finds its own.
fn moment<E: serde::de::Error>(at: Option<Timestamp>) -> Result<At, E> {
    at.filter(|at| is_recent(*at)).map(At).ok_or_else(|| E::custom("no moment"))
}

/// False before 1970, and from the year 5138 on: those are milliseconds.
pub(super) fn is_recent(at: Timestamp) -> bool {
    (0..100_000_000_000).contains(&at.seconds())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_a_date_or_seconds_with_or_without_a_fraction() {
        let at = |at: &str| {
            let line = format!(r#"{{"at":{at},"token":"x"}}"#);
            Recorded::read(line.as_bytes()).map(|recorded| recorded.at.micros()).ok()
        };
        for same in ["1772355600.5", r#""2026-03-01T09:00:00.5Z""#, r#""1772355600.5""#] {
            assert_eq!(at(same), Some(1_772_355_600_500_000), "{same}");
        }
        assert_eq!(at(r#""2026-03-01T10:00:00+01:00""#), at("1772355600"));
        for odd in
            ["1772355600000", "\"1772355600000\"", "1e18", "-1", "null", "true", "\"noon\"", "[]"]
        {
            assert_eq!(at(odd), None, "{odd}");
        }
    }

    #[test]
    fn header_names_are_read_in_any_case() {
        let line = br#"{"at":1,"headers":[["AUTHORIZATION","Bearer a.b.c"]],"method":"post"}"#;
        let recorded = Recorded::read(line).unwrap_or_else(|fault| panic!("{fault}"));
        assert_eq!(recorded.credentials.presented().token(), Some(&Token::new("a.b.c")));
        let Credentials::Request(parts) = recorded.credentials else { panic!("a request") };
        assert_eq!((&*parts.method, &*parts.target), ("POST", "/"));
    }

    #[test]
    fn a_recorded_answer_tells_what_is_in_it_and_nothing_else() {
        let told = |legacy: &str| {
            let line = format!(r#"{{"at":1,"token":"x","legacy":{legacy}}}"#);
            let recorded = Recorded::read(line.as_bytes()).unwrap_or_else(|f| panic!("{f}"));
            recorded.legacy.expect("an answer").decision
        };
        let Decision::Allow(grant) = told(r#"{"decision":"allow"}"#) else { panic!("denied") };
        assert_eq!((grant.subject, grant.scopes, grant.token_type), (None, None, None));
        let Decision::Deny(silent) = told(r#"{"decision":"deny"}"#) else { panic!("allowed") };
        assert!(!silent.disclosed);
        let Decision::Deny(denial) = told(r#"{"decision":"deny","reason":"expired"}"#) else {
            panic!("allowed")
        };
        assert_eq!((denial.reason, denial.disclosed), (Reason::foreign("expired"), true));
    }
}
