//! Why an answer is no: one machine-readable vocabulary for both sides.

use std::borrow::Cow;
use std::sync::Arc;

/// Why a path denied.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// No token where this path looks for one.
    TokenMissing,
    /// Two different tokens in one request.
    TokenConflict,
    /// Longer than the limit.
    TokenTooLong,
    /// Not three segments, or a shape this path does not read.
    Segments,
    /// Not canonical base64url (RFC 7515 §2, RFC 4648 §3.5).
    Encoding,
    /// The header is not a JSON object.
    HeaderJson,
    /// The claims are not a JSON object.
    ClaimsJson,
    /// A member name occurs twice (RFC 7515 §4, RFC 7519 §4).
    DuplicateMember,
    /// JSON nested deeper than the limit.
    Nesting,
    /// The algorithm is not the key's, or not allowed here (RFC 8725 §3.1).
    Algorithm,
    /// `crit` names something this path does not understand (RFC 7515 §4.1.11).
    CriticalHeader,
    /// `kid` is not a string.
    KeyIdType,
    /// No key of that name.
    KeyUnknown,
    /// `typ` is not the expected one.
    TypeHeader,
    /// The signature does not verify.
    Signature,
    /// A required claim is missing.
    ClaimMissing(&'static str),
    /// A claim has the wrong JSON type or an impossible value.
    ClaimType(&'static str),
    /// A claim is present but empty.
    ClaimEmpty(&'static str),
    /// `exp` has passed.
    Expired,
    /// `nbf` lies ahead.
    NotYetValid,
    /// `iat` lies ahead.
    IssuedInFuture,
    /// Issued longer ago than this path accepts.
    TooOld,
    /// `exp - iat` is over the cap.
    LifetimeTooLong,
    /// `iss` is not an accepted issuer.
    Issuer,
    /// `aud` does not name us.
    Audience,
    /// A refresh, service or id token where another kind is due.
    TokenType,
    /// Bound to another environment.
    Environment,
    /// Revoked.
    Revoked,
    /// A token id that was used before.
    Replayed,
    /// Asked for by another client than the one it was issued to (RFC 6749 §10.4).
    Client,
    /// More scopes are asked for than were granted (RFC 6749 §6).
    Scope,
    /// A rule of the path itself refuses everybody, whatever the token.
    RefusesAll,
    /// The path gives no reason.
    Unspecified,
    /// A reason in a remote path's own words, at most 64 characters of `[A-Za-z0-9_.:-]`.
    Foreign(Arc<str>),
}

/// What kind of rule a reason belongs to. Alarms are graded by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReasonClass {
    /// Where the token was looked for.
    Extraction,
    /// The token is not well-formed.
    Form,
    /// Algorithm, `crit`, `typ`.
    Algorithm,
    /// Key or key id.
    Key,
    /// Signature.
    Signature,
    /// `exp`, `nbf`, `iat`, lifetime, age.
    Time,
    /// Presence, type and content of claims.
    Claims,
    /// Issuer.
    Issuer,
    /// Audience.
    Audience,
    /// Token type or environment.
    Purpose,
    /// Revocation or replay.
    Revocation,
    /// Nothing about the token: everybody is refused.
    Everybody,
    /// Not told, or told in words of its own.
    Unspecified,
}

impl ReasonClass {
    /// The class of the reason with this code, as far as the code tells: a remote path's own words
    /// are of no class that is known.
    pub fn of_code(code: &str) -> Self {
        match code.split(':').next().unwrap_or_default() {
            "token_missing" | "token_conflict" => Self::Extraction,
            "token_too_long" | "segments" | "encoding" | "header_json" | "claims_json"
            | "duplicate_member" | "nesting" => Self::Form,
            "algorithm" | "critical_header" | "type_header" => Self::Algorithm,
            "key_id_type" | "key_unknown" => Self::Key,
            "signature" => Self::Signature,
            "claim_missing" | "claim_type" | "claim_empty" => Self::Claims,
            "expired" | "not_yet_valid" | "issued_in_future" | "too_old" | "lifetime_too_long" => {
                Self::Time
            }
            "issuer" => Self::Issuer,
            "audience" => Self::Audience,
            "token_type" | "environment" | "client" | "scope" => Self::Purpose,
            "revoked" | "replayed" => Self::Revocation,
            "refuses_all" => Self::Everybody,
            _ => Self::Unspecified,
        }
    }
}

impl Reason {
    /// A remote path's own word for it; whatever does not look like a code is left out.
    pub fn foreign(text: &str) -> Self {
        let code: String = text
            .chars()
            .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | ':' | '-'))
            .take(64)
            .collect();
        if code.is_empty() { Self::Unspecified } else { Self::Foreign(code.into()) }
    }

    /// The machine-readable code, stable across releases: `expired`, `claim_missing:exp`.
    pub fn code(&self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::TokenMissing => "token_missing",
            Self::TokenConflict => "token_conflict",
            Self::TokenTooLong => "token_too_long",
            Self::Segments => "segments",
            Self::Encoding => "encoding",
            Self::HeaderJson => "header_json",
            Self::ClaimsJson => "claims_json",
            Self::DuplicateMember => "duplicate_member",
            Self::Nesting => "nesting",
            Self::Algorithm => "algorithm",
            Self::CriticalHeader => "critical_header",
            Self::KeyIdType => "key_id_type",
            Self::KeyUnknown => "key_unknown",
            Self::TypeHeader => "type_header",
            Self::Signature => "signature",
            Self::ClaimMissing(claim) => return format!("claim_missing:{claim}").into(),
            Self::ClaimType(claim) => return format!("claim_type:{claim}").into(),
            Self::ClaimEmpty(claim) => return format!("claim_empty:{claim}").into(),
            Self::Expired => "expired",
            Self::NotYetValid => "not_yet_valid",
            Self::IssuedInFuture => "issued_in_future",
            Self::TooOld => "too_old",
            Self::LifetimeTooLong => "lifetime_too_long",
            Self::Issuer => "issuer",
            Self::Audience => "audience",
            Self::TokenType => "token_type",
            Self::Environment => "environment",
            Self::Revoked => "revoked",
            Self::Replayed => "replayed",
            Self::Client => "client",
            Self::Scope => "scope",
            Self::RefusesAll => "refuses_all",
            Self::Unspecified => "unspecified",
            Self::Foreign(code) => return code.to_string().into(),
        })
    }

    /// What kind of rule this is.
    pub const fn class(&self) -> ReasonClass {
        match self {
            Self::TokenMissing | Self::TokenConflict => ReasonClass::Extraction,
            Self::TokenTooLong
            | Self::Segments
            | Self::Encoding
            | Self::HeaderJson
            | Self::ClaimsJson
            | Self::DuplicateMember
            | Self::Nesting => ReasonClass::Form,
            Self::Algorithm | Self::CriticalHeader | Self::TypeHeader => ReasonClass::Algorithm,
            Self::KeyIdType | Self::KeyUnknown => ReasonClass::Key,
            Self::Signature => ReasonClass::Signature,
            Self::ClaimMissing(_) | Self::ClaimType(_) | Self::ClaimEmpty(_) => ReasonClass::Claims,
            Self::Expired
            | Self::NotYetValid
            | Self::IssuedInFuture
            | Self::TooOld
            | Self::LifetimeTooLong => ReasonClass::Time,
            Self::Issuer => ReasonClass::Issuer,
            Self::Audience => ReasonClass::Audience,
            Self::TokenType | Self::Environment | Self::Client | Self::Scope => {
                ReasonClass::Purpose
            }
            Self::Revoked | Self::Replayed => ReasonClass::Revocation,
            Self::RefusesAll => ReasonClass::Everybody,
            Self::Unspecified | Self::Foreign(_) => ReasonClass::Unspecified,
        }
    }
}

#[cfg(test)]
impl Reason {
    /// One of each kind that is ours.
    pub(crate) fn every() -> Vec<Self> {
        vec![
            Self::TokenMissing,
            Self::TokenConflict,
            Self::TokenTooLong,
            Self::Segments,
            Self::Encoding,
            Self::HeaderJson,
            Self::ClaimsJson,
            Self::DuplicateMember,
            Self::Nesting,
            Self::Algorithm,
            Self::CriticalHeader,
            Self::KeyIdType,
            Self::KeyUnknown,
            Self::TypeHeader,
            Self::Signature,
            Self::ClaimMissing("exp"),
            Self::ClaimType("sub"),
            Self::ClaimEmpty("sub"),
            Self::Expired,
            Self::NotYetValid,
            Self::IssuedInFuture,
            Self::TooOld,
            Self::LifetimeTooLong,
            Self::Issuer,
            Self::Audience,
            Self::TokenType,
            Self::Environment,
            Self::Revoked,
            Self::Replayed,
            Self::Client,
            Self::Scope,
            Self::RefusesAll,
            Self::Unspecified,
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_tells_the_class_of_its_reason() {
        let foreign = Reason::foreign("their.own:word");
        for reason in Reason::every().into_iter().chain([foreign]) {
            assert_eq!(ReasonClass::of_code(&reason.code()), reason.class(), "{reason:?}");
        }
    }

    #[test]
    fn a_foreign_reason_keeps_only_what_looks_like_a_code() {
        assert_eq!(Reason::foreign("token_rejected").code(), "token_rejected");
        assert_eq!(Reason::foreign("<b> \u{1b}[31m").code(), "b31m");
        assert_eq!(Reason::foreign(" \n"), Reason::Unspecified);
        assert_eq!(Reason::foreign(&"x".repeat(500)).code().len(), 64);
    }
}
