//! Headers that ask for more than there is.

use crate::authority::specimens::bench::Bench;
use crate::authority::specimens::kind::{Kind, deny, each};
use crate::domain::Reason::{CriticalHeader, Segments, TypeHeader};
use crate::domain::{Credentials, encode_base64url};

fn critical(bench: &Bench<'_>, raw: &str) -> Credentials {
    bench.head("crit", raw)
}

fn unencoded(bench: &Bench<'_>, raw: &str) -> Credentials {
    bench.head("b64", raw)
}

fn typed(bench: &Bench<'_>, raw: &str) -> Credentials {
    bench.head("typ", raw)
}

fn content(bench: &Bench<'_>, raw: &str) -> Credentials {
    bench.head("cty", raw)
}

pub(super) const CRITICAL: &[Kind] = each!(CriticalHeader, "something must be understood", critical;
    "crit_b64" => r#"["b64"]"#,
    "crit_exp" => r#"["exp"]"#,
    "crit_two" => r#"["alg","typ"]"#,
    "crit_same_twice" => r#"["x","x"]"#,
    "crit_address" => r#"["http://example.invalid/UNDEFINED"]"#,
    "crit_name_empty" => r#"[""]"#,
    "crit_numbers" => "[1]",
    "crit_list_null" => "[null]",
    "crit_nested" => r#"[["exp"]]"#,
    "crit_object" => "{}",
    "crit_true" => "true",
    "crit_false" => "false",
    "crit_zero" => "0",
    "crit_text_empty" => r#""""#,
);

pub(super) const UNENCODED: &[Kind] = each!(CriticalHeader, "b64 in any form", unencoded;
    "b64_true" => "true",
    "b64_null" => "null",
    "b64_zero" => "0",
    "b64_text" => r#""false""#,
    "b64_list" => "[]",
);

pub(super) const TYPES: &[Kind] = each!(TypeHeader, "another kind of token", typed;
    "typ_jwe" => r#""JWE""#,
    "typ_jws" => r#""JWS""#,
    "typ_jose_json" => r#""JOSE+JSON""#,
    "typ_refresh" => r#""refresh+jwt""#,
    "typ_id" => r#""id_token+jwt""#,
    "typ_event" => r#""secevent+jwt""#,
    "typ_introspection" => r#""token-introspection+jwt""#,
    "typ_request" => r#""oauth-authz-req+jwt""#,
    "typ_disclosure" => r#""dc+sd-jwt""#,
    "typ_parameter" => r#""at+jwt;v=1""#,
    "typ_space_after" => r#""JWT ""#,
    "typ_space_before" => r#"" JWT""#,
    "typ_nul" => r#""JWT\u0000""#,
    "typ_prefix_alone" => r#""application/""#,
    "typ_prefix_twice" => r#""application/application/jwt""#,
    "typ_prefix_other" => r#""text/jwt""#,
    "typ_long_s" => r#""AT+JWŤ""#,
    "typ_list" => r#"["JWT"]"#,
    "typ_object" => "{}",
    "typ_true" => "true",
);

pub(super) const CONTENT: &[Kind] = each!(TypeHeader, "a token inside a token", content;
    "cty_lower_case" => r#""jwt""#,
    "cty_mixed_case" => r#""jWt""#,
    "cty_long" => r#""application/jwt""#,
    "cty_long_capitals" => r#""APPLICATION/JWT""#,
    "cty_null" => "null",
    "cty_list" => r#"["JWT"]"#,
    "cty_object" => "{}",
    "cty_true" => "true",
);

/// Header, encrypted key, initial value, cipher text, tag (RFC 7516 §3.1).
fn encrypted(bench: &Bench<'_>, header: &str) -> Credentials {
    let fresh = bench.fresh();
    let parts = [header.as_bytes(), b"", b"twelve bytes", fresh.reveal().as_bytes(), b"tag"];
    super::super::bench::text(&parts.map(encode_base64url).join("."))
}

/// A whole token as the payload of another.
fn nested(bench: &Bench<'_>, content: Option<&str>) -> Credentials {
    let mut header = bench.own_header();
    if let Some(content) = content {
        header = header.set("cty", content);
    }
    let (header, inner) = (header.json(), bench.fresh());
    let algorithm = bench.algorithm();
    Credentials::Token(bench.mint.token(header.as_bytes(), inner.reveal().as_bytes(), algorithm))
}

pub(super) const KINDS: &[Kind] = &[
    deny("jwe_direct", Segments, "encrypted with a shared key", |b| {
        encrypted(b, r#"{"alg":"dir","enc":"A256GCM"}"#)
    }),
    deny("jwe_rsa", Segments, "encrypted with our public key", |b| {
        encrypted(b, r#"{"alg":"RSA-OAEP","enc":"A128CBC-HS256","cty":"JWT"}"#)
    }),
    deny("jwe_passphrase", Segments, "with a count that keeps a verifier busy", |b| {
        encrypted(b, r#"{"alg":"PBES2-HS256+A128KW","enc":"A128GCM","p2c":2147483647,"p2s":"AA"}"#)
    }),
    deny("jwe_own", Segments, "five segments under a header of ours", |b| {
        encrypted(b, &b.own_header().json())
    }),
    deny("nested_told", TypeHeader, "a good token inside, and cty says so", |b| {
        nested(b, Some(r#""JWT""#))
    }),
    deny("nested_untold", crate::domain::Reason::ClaimsJson, "a good token inside", |b| {
        nested(b, None)
    }),
];
