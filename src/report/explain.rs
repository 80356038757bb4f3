//! A difference in words: what it is, whom it hurts, what to look at.

use crate::compare::MismatchClass;
use crate::ledger::GroupKey;

/// One or two sentences about a group of differences.
pub fn explain(key: &GroupKey) -> String {
    let Some(class) = key.class() else {
        return format!("a class that this release does not know: {}", key.class);
    };
    match class {
        MismatchClass::Looser => format!(
            "SECURITY: ssot lets in what legacy refuses because {}",
            reason(key.legacy_reason.as_deref())
        ),
        MismatchClass::Stricter => format!(
            "ssot locks out what legacy lets in, because {}",
            reason(key.ssot_reason.as_deref())
        ),
        MismatchClass::SubjectDiffers => {
            "SECURITY: both let the caller in, but as different subjects".to_owned()
        }
        MismatchClass::ScopesDiffer => {
            "both let the same subject in, but grant different scopes".to_owned()
        }
        MismatchClass::ClaimsDiffer => {
            "both let the same subject in, but see another kind of token".to_owned()
        }
        MismatchClass::ReasonDiffers => format!(
            "both refuse: legacy because {}, ssot because {}",
            reason(key.legacy_reason.as_deref()),
            reason(key.ssot_reason.as_deref())
        ),
        MismatchClass::Misdelivered => {
            "SECURITY: an event of one user was written to the socket of another".to_owned()
        }
        MismatchClass::EventLost => {
            "an event did not reach a connection that was open all the while".to_owned()
        }
        MismatchClass::EventRepeated => "an event reached a connection more than once".to_owned(),
        MismatchClass::EventReordered => {
            "an event reached a connection behind a later one of its run".to_owned()
        }
        MismatchClass::BodyDiffers => "an event arrived, with other content".to_owned(),
        MismatchClass::Late => "an event arrived, but late".to_owned(),
        MismatchClass::ConnectionDiffers => {
            "one side takes a connection for what it is not to the other".to_owned()
        }
    }
}

fn reason(code: Option<&str>) -> String {
    let code = code.unwrap_or("unspecified");
    if let Some(claim) = code.strip_prefix("claim_missing:") {
        return format!("the claim `{claim}` is missing");
    }
    if let Some(claim) = code.strip_prefix("claim_type:") {
        return format!("the claim `{claim}` has the wrong type or an impossible value");
    }
    if let Some(claim) = code.strip_prefix("claim_empty:") {
        return format!("the claim `{claim}` is empty");
    }
    let words = match code {
        "token_missing" => "it finds no token where it looks for one",
        "token_conflict" => "the request carries two different tokens",
        "token_too_long" => "the token is too long",
        "segments" => "the token is not three segments",
        "encoding" => "the token is not canonical base64url",
        "header_json" => "the header is no JSON object",
        "claims_json" => "the claims are no JSON object",
        "duplicate_member" => "a member of the token's JSON occurs twice",
        "nesting" => "the token's JSON is nested too deep",
        "algorithm" => "the token's algorithm is not the key's",
        "critical_header" => "the token has a critical header that is not understood",
        "key_id_type" => "the key id is no string",
        "key_unknown" => "there is no key of the token's key id",
        "type_header" => "the header's `typ` is not that of an access token",
        "signature" => "the signature does not verify",
        "expired" => "the token has expired",
        "not_yet_valid" => "the token is not valid yet",
        "issued_in_future" => "the token was issued in the future",
        "too_old" => "the token was issued too long ago",
        "lifetime_too_long" => "the token's lifetime is over the cap",
        "issuer" => "the issuer is not an accepted one",
        "audience" => "the audience does not name this service",
        "token_type" => "it is not an access token",
        "environment" => "the token belongs to another environment",
        "revoked" => "the token was revoked",
        "replayed" => "the token id was used before",
        "client" => "the token was issued to another client",
        "scope" => "more scopes were asked for than were granted",
        "refuses_all" => "it refuses everybody",
        "unspecified" => "of something it does not tell",
        other => return format!("it says `{other}`"),
    };
    words.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Reason;

    #[test]
    fn every_reason_has_words_of_its_own() {
        for each in Reason::every() {
            let words = reason(Some(&each.code()));
            assert!(!words.starts_with("it says"), "{words}");
        }
        assert_eq!(reason(Some("their_code")), "it says `their_code`");
    }
}
