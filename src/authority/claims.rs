//! The rules for a token's claims, applied once its signature has been verified.

use serde_json::Value;

use crate::domain::{
    Grant, Members, Mode, Policies, Policy, Reason, Rule, RuleSet, Scopes, Subject, Timestamp,
    TokenType,
};

use super::header::Typ;
use super::kind::Kind;
use super::rules::Rules;

/// Seconds since the epoch from which a time is taken for nonsense (the year 5138).
const SECONDS_END: u64 = 100_000_000_000;

/// How far clocks and lifetimes may be off.
#[expect(clippy::struct_field_names, reason = "units stand last")]
pub(super) struct Tolerance {
    /// Seconds after `exp`.
    pub(super) expiry_s: u32,
    /// Seconds by which other clocks may be ahead.
    pub(super) skew_s: u32,
    /// Longest `exp - iat` in seconds.
    pub(super) lifetime_max_s: u32,
}

/// What a token's claims come to.
#[derive(Debug)]
pub(super) struct Checked {
    /// What the caller gets.
    pub(super) grant: Grant,
    /// The kind of token.
    pub(super) kind: TokenType,
    /// Rules that are only observed and that this token breaks.
    pub(super) broken: RuleSet,
}

/// Applies every rule in the order of the room's documentation, each as far as `policies` say for
/// the issuer and the kind of token.
pub(super) fn check(
    claims: &Members,
    typ: Typ,
    rules: &Rules<'_>,
    policies: &Policies,
    now: Timestamp,
) -> Result<Checked, Reason> {
    let kind = Kind::of(claims, typ, rules);
    let mut held = Held::to(policies.of(rules.name, kind.token_type));
    held.keeps(Rule::TypeHeader, || when(typ != Typ::Other, Reason::TypeHeader))?;
    held.keeps(Rule::AccessTokenTyp, || when(typ == Typ::AccessToken, Reason::TypeHeader))?;
    let expires_at = times(claims, &rules.tolerance, now, &mut held)?;
    held.keeps(Rule::Issuer, || {
        issuer(claims, |name| rules.issuers.iter().any(|issuer| issuer == name))
    })?;
    held.keeps(Rule::Audience, || {
        audience(claims, |name| rules.audiences.iter().any(|audience| audience == name))
    })?;
    let subject = subject(claims, rules)?;
    held.keeps(Rule::TokenId, || {
        when(!text(claims, "jti")?.is_empty(), Reason::ClaimEmpty("jti"))
    })?;
    held.keeps(Rule::TokenType, || kind.unsaid.map_or(Ok(()), Err))?;
    kind.confused.map_or(Ok(()), Err)?;
    held.keeps(Rule::Environment, || {
        bound_to(claims, "env", rules.environment, rules.environment_required)
    })?;
    held.keeps(Rule::ServiceId, || bound_to(claims, "svc_id", rules.service_id, false))?;
    held.keeps(Rule::Permissions, || permissions_are_readable(claims, rules.permissions_claim))?;
    let email = claims.get("email").and_then(Value::as_str).unwrap_or_default();
    let grant = Grant {
        subject: Some(subject),
        scopes: Some(scopes(claims, rules.permissions_claim)),
        token_type: Some(kind.token_type),
        expires_at: Some(expires_at),
        email: Some(email.into()),
    };
    Ok(Checked { grant, kind: kind.token_type, broken: held.broken })
}

/// A token held to a policy, and what it has broken of what is only observed.
pub(super) struct Held<'p> {
    policy: &'p Policy,
    broken: RuleSet,
}

impl<'p> Held<'p> {
    pub(super) fn to(policy: &'p Policy) -> Self {
        Self { policy, broken: RuleSet::default() }
    }

    /// Refuses what breaks an enforced rule, and notes what breaks an observed one.
    fn keeps(
        &mut self,
        rule: Rule,
        check: impl FnOnce() -> Result<(), Reason>,
    ) -> Result<(), Reason> {
        match self.policy.mode(rule) {
            Mode::Off => Ok(()),
            Mode::Enforce => check(),
            Mode::Observe => {
                if check().is_err() {
                    self.broken.insert(rule);
                }
                Ok(())
            }
        }
    }
}

fn when(holds: bool, reason: Reason) -> Result<(), Reason> {
    if holds { Ok(()) } else { Err(reason) }
}

/// The moment in a claim: a number, whole or not, from 0 to [`SECONDS_END`] (RFC 7519 §2).
pub(super) fn moment(claims: &Members, name: &'static str) -> Result<Option<Timestamp>, Reason> {
    let Some(value) = claims.get(name) else { return Ok(None) };
    let moment = match value {
        Value::Number(number) => match (number.as_u64(), number.as_f64()) {
            (Some(whole), _) => i64::try_from(whole)
                .ok()
                .filter(|_| whole < SECONDS_END)
                .map(Timestamp::from_seconds),
            (None, Some(fraction)) if (0.0..1e11).contains(&fraction) => {
                Timestamp::from_seconds_f64(fraction)
            }
            (None, _) => None,
        },
        Value::Null | Value::Bool(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
            None
        }
    };
    moment.map(Some).ok_or(Reason::ClaimType(name))
}

/// `exp`, which must be there and ahead, and `iat` and `nbf` as far as they are looked at;
/// returns `exp`.
pub(super) fn times(
    claims: &Members,
    tolerance: &Tolerance,
    now: Timestamp,
    held: &mut Held<'_>,
) -> Result<Timestamp, Reason> {
    let expires_at = moment(claims, "exp")?.ok_or(Reason::ClaimMissing("exp"))?;
    let issued_at = moment(claims, "iat").and_then(|iat| iat.ok_or(Reason::ClaimMissing("iat")));
    let not_before = moment(claims, "nbf");
    let skewed = now.plus_seconds(tolerance.skew_s.into());
    held.keeps(Rule::IssuedAt, || issued_at.clone().map(drop))?;
    held.keeps(Rule::NotBefore, || not_before.clone().map(drop))?;
    if now >= expires_at.plus_seconds(tolerance.expiry_s.into()) {
        return Err(Reason::Expired);
    }
    let (issued_at, not_before) = (issued_at.ok(), not_before.ok().flatten());
    let has_come = |moment: Option<Timestamp>| moment.is_none_or(|moment| moment <= skewed);
    held.keeps(Rule::NotBefore, || when(has_come(not_before), Reason::NotYetValid))?;
    held.keeps(Rule::IssuedAt, || when(has_come(issued_at), Reason::IssuedInFuture))?;
    if issued_at.is_some_and(|issued_at| expires_at < issued_at) {
        return Err(Reason::ClaimType("exp"));
    }
    // However late a token says it was issued, it was by now.
    let since = issued_at.map_or(skewed, |issued_at| issued_at.min(skewed));
    let ends = since.plus_seconds(tolerance.lifetime_max_s.into());
    held.keeps(Rule::Lifetime, || when(expires_at <= ends, Reason::LifetimeTooLong))?;
    Ok(expires_at)
}

/// A claim that must be there and must be a string.
pub(super) fn text<'c>(claims: &'c Members, name: &'static str) -> Result<&'c str, Reason> {
    let value = claims.get(name).ok_or(Reason::ClaimMissing(name))?;
    value.as_str().ok_or(Reason::ClaimType(name))
}

/// `iss` is exactly one of ours.
pub(super) fn issuer(claims: &Members, ours: impl Fn(&str) -> bool) -> Result<(), Reason> {
    if ours(text(claims, "iss")?) { Ok(()) } else { Err(Reason::Issuer) }
}

/// `aud` is a string or a list of strings (RFC 7519 §4.1.3), and one of them is ours.
pub(super) fn audience(claims: &Members, ours: impl Fn(&str) -> bool) -> Result<(), Reason> {
    let named = match claims.get("aud").ok_or(Reason::ClaimMissing("aud"))? {
        Value::String(name) => ours(name),
        Value::Array(names) if names.is_empty() => return Err(Reason::ClaimEmpty("aud")),
        Value::Array(names) => {
            if !names.iter().all(Value::is_string) {
                return Err(Reason::ClaimType("aud"));
            }
            names.iter().filter_map(Value::as_str).any(&ours)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => {
            return Err(Reason::ClaimType("aud"));
        }
    };
    if named { Ok(()) } else { Err(Reason::Audience) }
}

fn subject(claims: &Members, rules: &Rules<'_>) -> Result<Subject, Reason> {
    let name = rules.subject_claim;
    let text = text(claims, name)?;
    if text.trim().is_empty() && !text.contains(char::is_control) {
        return Err(Reason::ClaimEmpty(name));
    }
    let fits = subject_fits(text, rules.subject_bytes_max);
    fits.then(|| rules.subject(text)).flatten().ok_or(Reason::ClaimType(name))
}

/// Not blank, not too long, no control characters: they forge log lines and cut C strings.
pub(super) fn subject_fits(text: &str, bytes_max: usize) -> bool {
    !text.trim().is_empty() && text.len() <= bytes_max && !text.contains(char::is_control)
}

/// A claim that binds the token to one place: when a value is expected, no other will do.
fn bound_to(
    claims: &Members,
    name: &'static str,
    expected: Option<&str>,
    required: bool,
) -> Result<(), Reason> {
    let Some(expected) = expected else { return Ok(()) };
    match claims.get(name) {
        None if required => Err(Reason::ClaimMissing(name)),
        None => Ok(()),
        Some(Value::String(value)) if value == expected => Ok(()),
        Some(Value::String(_)) => Err(Reason::Environment),
        Some(_) => Err(Reason::ClaimType(name)),
    }
}

/// The permissions claim is a list of strings, `scope` is names with spaces between; so is `scp`
/// for some providers.
fn permissions_are_readable(
    claims: &Members,
    permissions_claim: &'static str,
) -> Result<(), Reason> {
    let is_list = |value: &Value| {
        value.as_array().is_some_and(|names| names.iter().all(Value::is_string))
            || (permissions_claim == "scp" && value.is_string())
    };
    let listed = claims.get(permissions_claim).is_none_or(is_list);
    when(listed, Reason::ClaimType(permissions_claim))?;
    when(claims.get("scope").is_none_or(Value::is_string), Reason::ClaimType("scope"))
}

/// The union of what is readable of the permissions claim and of `scope`.
fn scopes(claims: &Members, permissions_claim: &'static str) -> Scopes {
    let permissions = claims.get(permissions_claim);
    let listed = permissions.and_then(Value::as_array).into_iter().flatten();
    let in_one = permissions.filter(|_| permissions_claim == "scp").and_then(Value::as_str);
    let scope = claims.get("scope").and_then(Value::as_str);
    let named = [in_one, scope].into_iter().flatten().flat_map(str::split_ascii_whitespace);
    listed.filter_map(Value::as_str).chain(named).collect()
}
