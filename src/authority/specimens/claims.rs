//! Issuer, audience, subject, token id and permissions that are not as they must be.

use crate::domain::Reason::{Audience, ClaimEmpty, ClaimMissing, ClaimType, Issuer, TokenTooLong};

use super::bench::quoted;
use super::kind::{Kind, deny};

pub(super) const KINDS: &[Kind] = &[
    deny("iss_missing", ClaimMissing("iss"), "of unknown origin", |b| b.lacking("iss")),
    deny("iss_other", Issuer, "another issuer", |b| b.claim("iss", "\"https://evil.example\"")),
    deny("iss_empty", Issuer, "empty", |b| b.claim("iss", "\"\"")),
    deny("iss_trailing_slash", Issuer, "with a slash at its end", |b| {
        b.claim("iss", quoted(&format!("{}/", b.mint.issuer)))
    }),
    deny("iss_upper_case", Issuer, "in capitals", |b| {
        b.claim("iss", quoted(&b.mint.issuer.to_uppercase()))
    }),
    deny("iss_list", ClaimType("iss"), "in a list", |b| {
        b.claim("iss", format!("[{}]", quoted(&b.mint.issuer)))
    }),
    deny("iss_null", ClaimType("iss"), "null", |b| b.claim("iss", "null")),
    deny("aud_missing", ClaimMissing("aud"), "for anybody", |b| b.lacking("aud")),
    deny("aud_empty", Audience, "an empty string", |b| b.claim("aud", "\"\"")),
    deny("aud_list_empty", ClaimEmpty("aud"), "an empty list", |b| b.claim("aud", "[]")),
    deny("aud_list_other", Audience, "a list without us", |b| {
        b.claim("aud", r#"["billing","mail"]"#)
    }),
    deny("aud_list_number", ClaimType("aud"), "a list with a number in it", |b| {
        b.claim("aud", format!("[{},7]", quoted(&b.mint.audience)))
    }),
    deny("aud_other", Audience, "another company's service", |b| {
        b.claim("aud", "\"other-service\"")
    }),
    deny("aud_admin", Audience, "the administrators' audience", |b| {
        b.claim("aud", "\"netra-admin\"")
    }),
    deny("aud_services", Audience, "the services' audience", |b| {
        b.claim("aud", "\"netra-services\"")
    }),
    deny("aud_backend", Audience, "the back end's audience", |b| {
        b.claim("aud", "\"netra-backend\"")
    }),
    deny("aud_auth", Audience, "the issuer itself", |b| b.claim("aud", "\"netra-auth\"")),
    deny("aud_test", Audience, "a test's audience", |b| b.claim("aud", "\"test\"")),
    deny("aud_localhost", Audience, "a developer's audience", |b| b.claim("aud", "\"localhost\"")),
    deny("aud_number", ClaimType("aud"), "a number", |b| b.claim("aud", 1)),
    deny("aud_null", ClaimType("aud"), "null", |b| b.claim("aud", "null")),
    deny("aud_object", ClaimType("aud"), "an object", |b| b.claim("aud", "{}")),
    deny("sub_missing", ClaimMissing("sub"), "nobody", |b| b.lacking("sub")),
    deny("sub_empty", ClaimEmpty("sub"), "an empty subject", |b| b.claim("sub", "\"\"")),
    deny("sub_blank", ClaimEmpty("sub"), "a subject of spaces", |b| b.claim("sub", "\"  \"")),
    deny("sub_nul", ClaimType("sub"), "NUL, at which C strings end", |b| {
        b.claim("sub", r#""admin\u0000x""#)
    }),
    deny("sub_line_break", ClaimType("sub"), "a line break, to forge a log line", |b| {
        b.claim("sub", r#""alice\nadmin logged in""#)
    }),
    deny("sub_4k", ClaimType("sub"), "4 KiB long", |b| b.claim("sub", quoted(&"s".repeat(4096)))),
    deny("sub_8k", TokenTooLong, "8 KiB long", |b| b.claim("sub", quoted(&"s".repeat(8192)))),
    deny("sub_number", ClaimType("sub"), "a number", |b| b.claim("sub", 42)),
    deny("sub_null", ClaimType("sub"), "null", |b| b.claim("sub", "null")),
    deny("sub_list", ClaimType("sub"), "two people", |b| b.claim("sub", r#"["alice","bob"]"#)),
    deny("jti_missing", ClaimMissing("jti"), "cannot be told from others", |b| b.lacking("jti")),
    deny("jti_empty", ClaimEmpty("jti"), "an empty token id", |b| b.claim("jti", "\"\"")),
    deny("jti_number", ClaimType("jti"), "a number", |b| b.claim("jti", 7)),
    deny("jti_null", ClaimType("jti"), "null", |b| b.claim("jti", "null")),
    deny("permissions_string", ClaimType("permissions"), "one string, no list", |b| {
        b.claim("permissions", "\"read,write\"")
    }),
    deny("permissions_object", ClaimType("permissions"), "an object", |b| {
        b.claim("permissions", r#"{"admin":true}"#)
    }),
    deny("permissions_null", ClaimType("permissions"), "null", |b| b.claim("permissions", "null")),
    deny("permissions_numbers", ClaimType("permissions"), "numbers in the list", |b| {
        b.claim("permissions", r#"["read",7]"#)
    }),
    deny("scope_list", ClaimType("scope"), "scope as a list", |b| b.claim("scope", r#"["read"]"#)),
];
