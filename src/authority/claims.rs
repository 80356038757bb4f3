//! The rules for a token's claims, applied once its signature has been verified.

use serde_json::Value;

use crate::domain::{Grant, Members, Reason, Scopes, Subject, Timestamp, TokenType};

use super::Settings;

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

/// Applies every rule in the order of the room's documentation.
pub(super) fn check(
    claims: &Members,
    access_token: bool,
    settings: &Settings,
    now: Timestamp,
) -> Result<Grant, Reason> {
    let expires_at = times(claims, &settings.tolerance(), now)?;
    issuer(claims, &settings.issuer)?;
    audience(claims, |name| settings.audiences.iter().any(|audience| audience == name))?;
    let subject = subject(claims, settings)?;
    if text(claims, "jti")?.is_empty() {
        return Err(Reason::ClaimEmpty("jti"));
    }
    let token_type = token_type(claims, access_token, settings)?;
    bound_to(claims, "env", settings.environment.as_deref(), settings.environment_required)?;
    bound_to(claims, "svc_id", settings.service_id.as_deref(), false)?;
    let scopes = scopes(claims)?;
    Ok(Grant {
        subject: Some(subject),
        scopes: Some(scopes),
        token_type: Some(token_type),
        expires_at: Some(expires_at),
    })
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

/// `exp`, `iat` and, where there, `nbf`; returns `exp`.
pub(super) fn times(
    claims: &Members,
    tolerance: &Tolerance,
    now: Timestamp,
) -> Result<Timestamp, Reason> {
    let expires_at = moment(claims, "exp")?.ok_or(Reason::ClaimMissing("exp"))?;
    let issued_at = moment(claims, "iat")?.ok_or(Reason::ClaimMissing("iat"))?;
    let not_before = moment(claims, "nbf")?;
    let skewed = now.plus_seconds(tolerance.skew_s.into());
    if now >= expires_at.plus_seconds(tolerance.expiry_s.into()) {
        return Err(Reason::Expired);
    }
    if not_before.is_some_and(|not_before| skewed < not_before) {
        return Err(Reason::NotYetValid);
    }
    if issued_at > skewed {
        return Err(Reason::IssuedInFuture);
    }
    if expires_at < issued_at {
        return Err(Reason::ClaimType("exp"));
    }
    if expires_at > issued_at.plus_seconds(tolerance.lifetime_max_s.into()) {
        return Err(Reason::LifetimeTooLong);
    }
    Ok(expires_at)
}

/// A claim that must be there and must be a string.
pub(super) fn text<'c>(claims: &'c Members, name: &'static str) -> Result<&'c str, Reason> {
    let value = claims.get(name).ok_or(Reason::ClaimMissing(name))?;
    value.as_str().ok_or(Reason::ClaimType(name))
}

pub(super) fn issuer(claims: &Members, expected: &str) -> Result<(), Reason> {
    if text(claims, "iss")? == expected { Ok(()) } else { Err(Reason::Issuer) }
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

fn subject(claims: &Members, settings: &Settings) -> Result<Subject, Reason> {
    let text = text(claims, "sub")?;
    if text.trim().is_empty() && !text.contains(char::is_control) {
        return Err(Reason::ClaimEmpty("sub"));
    }
    let fits = subject_fits(text, settings);
    fits.then(|| Subject::parse(text)).flatten().ok_or(Reason::ClaimType("sub"))
}

/// Not blank, not too long, no control characters: they forge log lines and cut C strings.
pub(super) fn subject_fits(text: &str, settings: &Settings) -> bool {
    !text.trim().is_empty()
        && text.len() <= settings.subject_bytes_max
        && !text.contains(char::is_control)
}

/// `token_type` and `type` say the same; where both are missing, `typ` may have said it.
fn token_type(
    claims: &Members,
    access_token: bool,
    settings: &Settings,
) -> Result<TokenType, Reason> {
    let optional = |name| match claims.get(name) {
        None => Ok(None),
        Some(value) => value.as_str().map(Some).ok_or(Reason::ClaimType(name)),
    };
    let named = match (optional("token_type")?, optional("type")?) {
        (Some(one), Some(other)) if one != other => return Err(Reason::TokenType),
        (Some(name), _) | (None, Some(name)) => TokenType::parse(name),
        (None, None) if access_token => Some(TokenType::Access),
        (None, None) => return Err(Reason::ClaimMissing("token_type")),
    };
    named.filter(|token_type| settings.accepted_types.contains(token_type)).ok_or(Reason::TokenType)
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

/// The union of `permissions`, a list of strings, and `scope`, names with spaces between.
fn scopes(claims: &Members) -> Result<Scopes, Reason> {
    let mut names: Vec<&str> = Vec::new();
    if let Some(permissions) = claims.get("permissions") {
        for name in permissions.as_array().ok_or(Reason::ClaimType("permissions"))? {
            names.push(name.as_str().ok_or(Reason::ClaimType("permissions"))?);
        }
    }
    if let Some(scope) = claims.get("scope") {
        let scope = scope.as_str().ok_or(Reason::ClaimType("scope"))?;
        names.extend(scope.split_ascii_whitespace());
    }
    Ok(names.into_iter().collect())
}
