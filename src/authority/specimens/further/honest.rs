//! What honest issuers and callers do beyond the ordinary.

use crate::authority::specimens::bench::{Bench, quoted};
use crate::authority::specimens::kind::{Kind, allow};
use crate::domain::Credentials;

use super::duplicate::with;
use super::length::room;

/// The claims as another writer of JSON would write them.
fn written(bench: &Bench<'_>, write: fn(&str) -> String) -> Credentials {
    let (header, claims) = (bench.own_header().json(), write(&bench.claims().json()));
    let algorithm = bench.algorithm();
    Credentials::Token(bench.mint.token(header.as_bytes(), claims.as_bytes(), algorithm))
}

/// The same for the header.
fn headed(bench: &Bench<'_>, write: fn(&str) -> String) -> Credentials {
    let (header, claims) = (write(&bench.own_header().json()), bench.claims().json());
    let algorithm = bench.algorithm();
    Credentials::Token(bench.mint.token(header.as_bytes(), claims.as_bytes(), algorithm))
}

pub(super) const KINDS: &[Kind] = &[
    allow("fresh", "an access token as the issuer makes them", |b| Credentials::Token(b.fresh())),
    allow("fresh_kid", "names its key", |b| b.head("kid", quoted(b.key_id()))),
    allow("fresh_kid_first", "kid before alg", |b| {
        let (kid, alg) = (quoted(b.key_id()), quoted(b.algorithm().as_str()));
        let header = format!(r#"{{"kid":{kid},"typ":"JWT","alg":{alg}}}"#);
        let claims = b.claims().json();
        Credentials::Token(b.mint.token(header.as_bytes(), claims.as_bytes(), b.algorithm()))
    }),
    allow("claims_spaced", "with blanks, as some writers do", |b| {
        written(b, |j| j.replace("\":", "\" : ").replace(",\"", ",\n  \""))
    }),
    allow("claims_blanks_around", "with blanks around", |b| {
        written(b, |j| format!(" \r\n\t{j} \n"))
    }),
    allow("header_spaced", "the header with blanks", |b| {
        headed(b, |j| j.replace("\":", "\": ").replace(",\"", ", \""))
    }),
    allow("header_escaped", "the header with an escape", |b| {
        headed(b, |j| j.replace("JWT", r"\u004aWT"))
    }),
    allow("claims_name_escaped", "a name written with an escape", |b| {
        written(b, |j| j.replace("\"sub\"", r#""s\u0075b""#))
    }),
    allow("claims_slash_escaped", "a slash written with an escape", |b| {
        written(b, |j| with(j, r#""url":"https:\/\/example.com\/""#))
    }),
    allow("claims_emoji", "a character beyond the basic plane, as two escapes", |b| {
        written(b, |j| with(j, r#""note":"\ud83d\ude00""#))
    }),
    allow("claims_proto", "a member that means something elsewhere", |b| {
        written(b, |j| with(j, r#""__proto__":{"admin":true}"#))
    }),
    allow("claims_name_empty", "a member without a name", |b| written(b, |j| with(j, r#""":1"#))),
    allow("claims_null_unknown", "null in a claim that we do not read", |b| {
        written(b, |j| with(j, r#""nickname":null,"amr":["pwd"],"acr":1.5"#))
    }),
    allow("claims_number_big", "a number of many digits that we do not read", |b| {
        written(b, |j| with(j, r#""account":123456789012345678901234567890"#))
    }),
    allow("claims_deep_8", "as deep as allowed", |b| b.claim("x", "[[[[[[[1]]]]]]]")),
    allow("claims_act", "who acts for the subject", |b| {
        b.claim("act", r#"{"sub":"service-a","act":{"sub":"service-b"}}"#)
    }),
    allow("claims_cnf", "bound to a key that we do not look at", |b| {
        b.claim("cnf", r#"{"jkt":"AAAA"}"#)
    }),
    allow("exp_with_exponent", "a time with an exponent", |b| {
        b.claim("exp", format!("{}e-1", (b.now + 840) * 10))
    }),
    allow("exp_fraction_zero_last", "a time with .0, as some writers do", |b| {
        b.claim("exp", format!("{}.0", b.now + 840))
    }),
    allow("exp_in_1s", "about to expire", |b| b.life(-899, 1)),
    allow("exp_in_a_fraction", "about to expire, in fractions", |b| {
        b.claim("exp", format!("{}.75", b.now))
    }),
    allow("iat_ahead_5s", "as far ahead as tolerated", |b| b.life(5, 900)),
    allow("nbf_ahead_5s", "as far ahead as tolerated", |b| b.claim("nbf", b.now + 5)),
    allow("nbf_zero", "valid since 1970", |b| b.claim("nbf", 0)),
    allow("nbf_fraction", "a fraction of a second", |b| b.claim("nbf", format!("{}.5", b.now))),
    allow("lifetime_exactly_24h", "issued now, as long-lived as allowed", |b| b.life(0, 86_400)),
    allow("aud_list_first", "ours before others", |b| {
        b.claim("aud", format!("[{},\"billing\",\"mail\"]", quoted(&b.mint.audience)))
    }),
    allow("aud_list_twice", "ours twice", |b| {
        let ours = quoted(&b.mint.audience);
        b.claim("aud", format!("[{ours},{ours}]"))
    }),
    allow("aud_list_empty_beside", "ours beside an empty string", |b| {
        b.claim("aud", format!("[\"\",{}]", quoted(&b.mint.audience)))
    }),
    allow("sub_spaces_inside", "a name of two words", |b| b.claim("sub", r#""Ada Lovelace""#)),
    allow("sub_punctuation", "every sign there is", |b| {
        b.claim("sub", quoted("!#$%&'()*+,-./:;<=>?@[]^_`{|}~\"\\"))
    }),
    allow("sub_emoji", "a picture", |b| b.claim("sub", r#""\ud83d\ude00""#)),
    allow("sub_254_bytes_wide", "127 letters of two bytes", |b| {
        b.claim("sub", quoted(&"é".repeat(127)))
    }),
    allow("sub_right_to_left", "an Arabic name", |b| b.claim("sub", "\"مريم\"")),
    allow("jti_uuid", "a UUID", |b| b.claim("jti", r#""550e8400-e29b-41d4-a716-446655440000""#)),
    allow("jti_long", "1 KiB", |b| b.claim("jti", quoted(&"j".repeat(1024)))),
    allow("jti_one", "one letter", |b| b.claim("jti", r#""1""#)),
    allow("permissions_many", "two hundred", |b| {
        let names: Vec<_> = (0..200).map(|number| format!("\"scope:{number}\"")).collect();
        b.claim("permissions", format!("[{}]", names.join(",")))
    }),
    allow("scope_spaces", "two blanks between scopes", |b| b.claim("scope", r#""read  write""#)),
    allow("scope_empty", "no scope", |b| b.claim("scope", r#""""#)),
    allow("email_null", "an e-mail address of null", |b| b.claim("email", "null")),
    allow("typ_mixed_case", "a media type in mixed case", |b| b.head("typ", r#""Jwt""#)),
    allow("typ_at_jwt_capitals", "an access token in capitals", |b| b.head("typ", r#""AT+JWT""#)),
    allow("typ_jwt_long", "the media type in full", |b| b.head("typ", r#""application/jwt""#)),
    allow("cty_json", "the payload's type, which is no token", |b| b.head("cty", r#""json""#)),
    allow("x5t_ignored", "a thumbprint that we do not look at", |b| {
        b.head("x5t", r#""AAAAAAAAAAAAAAAAAAAAAAAAAAA""#)
    }),
    allow("jwk_ignored", "a key in an honest token is not looked at", |b| {
        b.head("jwk", r#"{"kty":"oct","k":"AA"}"#)
    }),
    allow("long_almost", "a little under 8 KiB", |b| {
        b.claim("note", quoted(&"x".repeat(room(b) - 24)))
    }),
];
