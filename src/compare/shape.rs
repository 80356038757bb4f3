//! What a token looks like, without what it says: for grouping differences.

use serde_json::Value;

use crate::domain::{Presented, Question};

/// Claims whose names are shown; any other is only counted, since its name is the sender's.
const KNOWN: [&str; 17] = [
    "aud",
    "azp",
    "client_id",
    "email",
    "env",
    "exp",
    "iat",
    "iss",
    "jti",
    "nbf",
    "permissions",
    "role",
    "scope",
    "sub",
    "svc_id",
    "token_type",
    "type",
];

/// The kinds of the presented token's claims, such as `aud:list exp:number sub:string`; in words
/// when there are no claims to look at.
pub fn claim_shape(question: &Question) -> String {
    let claims = match question.presented() {
        Presented::Nothing => return "no token".to_owned(),
        Presented::Conflict => return "two tokens".to_owned(),
        Presented::Opaque(..) => return "opaque token".to_owned(),
        Presented::Jws(_, jws) => match &jws.claims {
            Ok(claims) => claims,
            Err(reason) => return format!("unreadable claims ({})", reason.code()),
        },
    };
    let mut shape: Vec<String> = Vec::new();
    for name in KNOWN {
        if let Some(value) = claims.get(name) {
            shape.push(format!("{name}:{}", kind(value)));
        }
    }
    match claims.iter().filter(|(name, _)| !KNOWN.contains(name)).count() {
        0 => {}
        others => shape.push(format!("+{others}")),
    }
    shape.join(" ")
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "fraction",
        Value::Number(_) => "number",
        Value::String(text) if text.is_empty() => "empty",
        Value::String(_) => "string",
        Value::Array(_) => "list",
        Value::Object(_) => "object",
    }
}
