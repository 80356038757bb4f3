//! Marks by which providers tell their kinds of token apart, where `token_type` is not theirs.

use serde_json::Value;

use crate::domain::Members;

/// Claims that only other kinds have: ID tokens (OpenID Connect Core §3.1.3.6, §3.3.2.11),
/// security events and logout tokens (RFC 8417 §2.2).
const FOREIGN_TO_ACCESS: [&str; 4] = ["at_hash", "c_hash", "s_hash", "events"];

/// True when a token says that it is no access token: by a claim of another kind, or in a word
/// that some provider has for it.
pub(super) fn is_other_kind(claims: &Members) -> bool {
    if FOREIGN_TO_ACCESS.iter().any(|name| claims.get(name).is_some()) {
        return true;
    }
    let says = |name| claims.get(name).and_then(Value::as_str);
    let other_use = says("token_use").is_some_and(|word| word != "access");
    let other_type = says("typ").is_some_and(|word| {
        ["id", "refresh", "offline", "logout"].iter().any(|kind| word.eq_ignore_ascii_case(kind))
    });
    other_use || other_type
}
