//! What an endpoint's answer means.

use serde_json::Value;

use super::Pointers;
use crate::domain::{
    Grant, Jws, Members, Outcome, PathError, Performed, Reason, Subject, Timestamp, Token,
};
use crate::legacy::remote::{read_expiry, read_scopes, read_token_type};
use crate::outbound::{Answer, OutboundError};

/// What a call without a whole answer means. Only what cannot have reached the other end is
/// [`PathError::Unreachable`].
pub(super) fn failed(error: &OutboundError) -> PathError {
    match error {
        error if error.nothing_was_sent() => PathError::Unreachable(error.to_string().into()),
        OutboundError::TimedOut => PathError::TimedOut,
        error => PathError::Unreadable(error.to_string().into()),
    }
}

/// Turns an answer into an outcome. Whatever is neither tokens nor a refusal is
/// [`PathError::Unreadable`], a 503 as well: it does not say that nothing was done.
pub(super) fn read(
    answer: &Answer,
    deny_status: &[u16],
    pointers: &Pointers,
    now: Timestamp,
) -> Result<Outcome, PathError> {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    if deny_status.contains(&answer.status) {
        let told = body.pointer(&pointers.reason).and_then(Value::as_str);
        return Ok(Outcome::Denied(told.map_or(Reason::Unspecified, Reason::foreign)));
    }
    if !(200..300).contains(&answer.status) {
        return Err(PathError::Unreadable(format!("status {}", answer.status).into()));
    }
    let token = |pointer: &str| {
        let text = body.pointer(pointer).and_then(Value::as_str);
        text.filter(|text| !text.is_empty()).map(Token::new)
    };
    let Some(access) = token(&pointers.access_token) else {
        return Err(PathError::Unreadable("an answer without an access token".into()));
    };
    let grant = granted(&access);
    let told = body.pointer(&pointers.expires_in).and_then(Value::as_u64);
    let left = || grant.expires_at.map(|end| end.since(now).as_secs());
    let expires_in_s = told.or_else(left).unwrap_or_default();
    let refresh = token(&pointers.refresh_token);
    Ok(Outcome::Done(Performed { access, refresh, grant, expires_in_s }))
}

/// What the new token says about itself; nothing where it cannot be read. It comes from the one
/// who made it, and so it is not verified.
fn granted(access: &Token) -> Grant {
    match Jws::decode(access).and_then(|jws| jws.claims) {
        Ok(claims) => read_claims(&claims),
        Err(_unreadable) => Grant::default(),
    }
}

fn read_claims(claims: &Members) -> Grant {
    let text = |name| claims.get(name).and_then(Value::as_str);
    let of = |name| claims.get(name).unwrap_or(&Value::Null);
    Grant {
        subject: text("sub").and_then(Subject::parse),
        scopes: read_scopes(of("permissions")).ok(),
        token_type: read_token_type(of("token_type")),
        expires_at: read_expiry(of("exp")).ok().flatten(),
        email: Some(text("email").unwrap_or_default().into()),
    }
}
