//! When a token counts.

use serde::Deserialize;
use serde_json::Value;

use crate::domain::{Members, Reason, Timestamp};

/// Rules about `exp`, `nbf` and `iat` (RFC 7519 §4.1). A claim without rules is not looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TimeRules {
    /// How exactly the validator reads its clock.
    pub clock: ClockReading,
    /// How far its clock is ahead of ours, in seconds; negative: behind.
    pub offset_s: i64,
    /// Rules for `exp`.
    pub exp: Option<TimeClaim>,
    /// Rules for `nbf`.
    pub nbf: Option<TimeClaim>,
    /// Rules for `iat`: refused when it lies ahead.
    pub iat: Option<TimeClaim>,
    /// Tokens issued longer ago than this many seconds are refused.
    pub age_max_s: Option<u32>,
    /// Tokens whose `exp - iat` is over this many seconds are refused.
    pub lifetime_max_s: Option<u32>,
}

/// How exactly a clock is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClockReading {
    /// With its fraction of a second.
    #[default]
    Exact,
    /// Rounded down to whole seconds.
    WholeSeconds,
}

/// Rules for one claim.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TimeClaim {
    /// False: only the type is looked at.
    pub compared: bool,
    /// Tolerance in the token's favour, in seconds.
    pub leeway_s: u32,
    /// What becomes of a number written as a text.
    pub text: TextNumber,
    /// What becomes of a fraction of a second.
    pub fraction: Fraction,
    /// What `exp` means in the very second that it names.
    pub boundary: Boundary,
}

impl Default for TimeClaim {
    fn default() -> Self {
        Self {
            compared: true,
            leeway_s: 0,
            text: TextNumber::Refused,
            fraction: Fraction::Kept,
            boundary: Boundary::Expired,
        }
    }
}

/// What becomes of a number written as a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TextNumber {
    /// A wrong type.
    Refused,
    /// As good as a number, when it is a whole one.
    Accepted,
}

/// What becomes of a fraction of a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fraction {
    /// Compared as it is.
    Kept,
    /// Cut off.
    Truncated,
    /// Rounded to the nearest second.
    Rounded,
    /// A wrong type.
    Refused,
}

/// What `exp` means in the very second that it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Boundary {
    /// Over: "on or after which" (RFC 7519 §4.1.4).
    Expired,
    /// Still good.
    Valid,
}

impl TimeClaim {
    /// The claim in seconds; `None` when it is absent.
    fn read(&self, claims: &Members, name: &'static str) -> Result<Option<f64>, Reason> {
        let Some(value) = claims.get(name) else { return Ok(None) };
        let wrong = Reason::ClaimType(name);
        let seconds = match value {
            Value::Number(number) => number.as_f64(),
            Value::String(text) if self.text == TextNumber::Accepted => whole_number(text),
            Value::String(_)
            | Value::Null
            | Value::Bool(_)
            | Value::Array(_)
            | Value::Object(_) => None,
        };
        let seconds = seconds.ok_or_else(|| wrong.clone())?;
        match self.fraction {
            Fraction::Truncated => Ok(Some(seconds.trunc())),
            Fraction::Rounded => Ok(Some(seconds.round())),
            Fraction::Refused if value.is_f64() => Err(wrong),
            Fraction::Kept | Fraction::Refused => Ok(Some(seconds)),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "seconds far from the epoch need no last digit")]
fn whole_number(text: &str) -> Option<f64> {
    text.trim().parse::<i64>().ok().map(|seconds| seconds as f64)
}

impl TimeRules {
    /// What the validator's clock shows at `asked_at`, in seconds.
    #[expect(clippy::cast_precision_loss, reason = "offsets are small")]
    pub(super) fn now(&self, asked_at: Timestamp) -> f64 {
        let seconds = match self.clock {
            ClockReading::Exact => asked_at.seconds_f64(),
            ClockReading::WholeSeconds => asked_at.seconds() as f64,
        };
        seconds + self.offset_s as f64
    }

    pub(super) fn check(&self, claims: &Members, asked_at: Timestamp) -> Result<(), Reason> {
        let now = self.now(asked_at);
        let read = |rules: &Option<TimeClaim>, name| match rules {
            Some(rules) => rules.read(claims, name),
            None => Ok(None),
        };
        let iat = read(&self.iat, "iat")?;
        let nbf = read(&self.nbf, "nbf")?;
        let exp = read(&self.exp, "exp")?;
        if lies_ahead(self.iat.as_ref(), iat, now) {
            return Err(Reason::IssuedInFuture);
        }
        if lies_ahead(self.nbf.as_ref(), nbf, now) {
            return Err(Reason::NotYetValid);
        }
        if has_passed(self.exp.as_ref(), exp, now) {
            return Err(Reason::Expired);
        }
        self.check_spans(exp, iat, now)
    }

    fn check_spans(&self, exp: Option<f64>, iat: Option<f64>, now: f64) -> Result<(), Reason> {
        let over = |span: Option<f64>, max: Option<u32>| {
            span.zip(max).is_some_and(|(span, max)| span > f64::from(max))
        };
        if over(iat.map(|iat| now - iat), self.age_max_s) {
            return Err(Reason::TooOld);
        }
        if over(exp.zip(iat).map(|(exp, iat)| exp - iat), self.lifetime_max_s) {
            return Err(Reason::LifetimeTooLong);
        }
        Ok(())
    }
}

fn lies_ahead(rules: Option<&TimeClaim>, seconds: Option<f64>, now: f64) -> bool {
    rules
        .zip(seconds)
        .is_some_and(|(rules, seconds)| rules.compared && seconds > now + f64::from(rules.leeway_s))
}

fn has_passed(rules: Option<&TimeClaim>, exp: Option<f64>, now: f64) -> bool {
    rules.zip(exp).is_some_and(|(rules, exp)| {
        let limit = now - f64::from(rules.leeway_s);
        rules.compared
            && match rules.boundary {
                Boundary::Expired => exp <= limit,
                Boundary::Valid => exp < limit,
            }
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_000_400_000);

    fn verdict(rules: &str, name: &str, value: Value) -> Result<(), Reason> {
        let rules: TimeRules = toml::from_str(rules).expect("rules");
        rules.check(&std::iter::once((name.into(), value)).collect(), NOW)
    }

    #[test]
    fn a_claim_without_rules_is_not_looked_at() {
        assert_eq!(verdict("", "exp", json!("never")), Ok(()));
    }

    #[test]
    fn the_boundary_second_is_the_rules_business() {
        let clock = "clock = 'whole-seconds'\n";
        let refused = format!("{clock}[exp]");
        assert_eq!(verdict(&refused, "exp", json!(1000)), Err(Reason::Expired));
        let valid = format!("{clock}[exp]\nboundary = 'valid'");
        assert_eq!(verdict(&valid, "exp", json!(1000)), Ok(()));
        assert_eq!(verdict(&valid, "exp", json!(999)), Err(Reason::Expired));
    }

    #[test]
    fn leeway_favours_the_token_at_both_ends() {
        assert_eq!(verdict("[exp]\nleeway_s = 60", "exp", json!(941)), Ok(()));
        assert_eq!(verdict("[nbf]\nleeway_s = 60", "nbf", json!(1060)), Ok(()));
        assert_eq!(verdict("[nbf]", "nbf", json!(1001)), Err(Reason::NotYetValid));
        assert_eq!(verdict("[iat]", "iat", json!(1001)), Err(Reason::IssuedInFuture));
        assert_eq!(verdict("[iat]\ncompared = false", "iat", json!(1001)), Ok(()));
    }

    #[test]
    fn a_fraction_is_kept_cut_rounded_or_refused() {
        let exp = |fraction: &str| format!("[exp]\nfraction = '{fraction}'");
        assert_eq!(verdict(&exp("kept"), "exp", json!(1000.6)), Ok(()));
        assert_eq!(verdict(&exp("truncated"), "exp", json!(1000.6)), Err(Reason::Expired));
        assert_eq!(verdict(&exp("rounded"), "exp", json!(1000.6)), Ok(()));
        let wrong = Err(Reason::ClaimType("exp"));
        assert_eq!(verdict(&exp("refused"), "exp", json!(2000.6)), wrong);
    }

    #[test]
    fn a_number_in_quotes_is_a_number_only_where_the_rules_say_so() {
        let wrong = Err(Reason::ClaimType("exp"));
        assert_eq!(verdict("[exp]", "exp", json!("2000")), wrong);
        let accepted = "[exp]\ntext = 'accepted'";
        assert_eq!(verdict(accepted, "exp", json!("2000")), Ok(()));
        assert_eq!(verdict(accepted, "exp", json!("soon")), wrong);
        assert_eq!(verdict(accepted, "exp", json!(null)), wrong);
    }
}
