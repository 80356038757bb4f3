//! Texts that are no token, and tokens that are no claims.

use crate::domain::Credentials;
use crate::domain::Reason::{
    ClaimsJson, DuplicateMember, Encoding, HeaderJson, Nesting, Segments, TokenMissing,
};

use super::bench::{Bench, text};
use super::kind::{Kind, deny};

/// A good header and a good signature over claims of any bytes.
fn claims_of(bench: &Bench<'_>, bytes: &[u8]) -> Credentials {
    Credentials::Token(bench.mint.token(
        bench.own_header().json().as_bytes(),
        bytes,
        bench.algorithm(),
    ))
}

fn header_of(bench: &Bench<'_>, bytes: &[u8]) -> Credentials {
    Credentials::Token(bench.mint.token(bytes, bench.claims().json().as_bytes(), bench.algorithm()))
}

pub(super) const KINDS: &[Kind] = &[
    deny("text_empty", TokenMissing, "an empty text", |_| text("")),
    deny("text_null", Segments, "null", |_| text("null")),
    deny("text_undefined", Segments, "undefined", |_| text("undefined")),
    deny("text_object", Segments, "what JavaScript makes of an object", |_| {
        text("[object Object]")
    }),
    deny("text_test_token", Segments, "holds test_token", |_| text("my_test_token_1")),
    deny("text_mock_token", Segments, "starts with mock_", |_| text("mock_token_alice")),
    deny("text_admin_token", Segments, "a literal somebody checks for", |_| text("admin-token")),
    deny("text_opaque", Segments, "a session id", |_| text("c2Vzc2lvbi0wMDAwMDAwMQ")),
    deny("text_dots", Encoding, "two dots and words", |_| text("header!.payload!.signature!")),
    deny("text_only_dots", HeaderJson, "two dots", |_| text("..")),
    deny("segments_1", Segments, "the claims alone", |b| b.bent(|_, claims, _| claims.into())),
    deny("segments_2", Segments, "without a signature", |b| {
        b.bent(|header, claims, _| format!("{header}.{claims}"))
    }),
    deny("segments_4", Segments, "a dot too many", |b| {
        b.bent(|header, claims, signature| format!("{header}.{claims}.{signature}."))
    }),
    deny("segments_5", Segments, "an encrypted token's five", |b| {
        b.bent(|header, claims, signature| format!("{header}.AA.AA.{claims}.{signature}"))
    }),
    deny("header_list", HeaderJson, "a list as the header", |b| header_of(b, b"[]")),
    deny("header_not_json", HeaderJson, "no JSON", |b| header_of(b, b"alg=HS256")),
    deny("header_bom", HeaderJson, "a byte order mark before the header", |b| {
        header_of(b, format!("\u{feff}{}", b.own_header().json()).as_bytes())
    }),
    deny("header_empty", crate::domain::Reason::Algorithm, "an empty object", |b| {
        header_of(b, b"{}")
    }),
    deny("header_deep", Nesting, "a deeply nested header", |b| {
        let deep = format!("{}1{}", "[".repeat(40), "]".repeat(40));
        b.with_header(&b.own_header().set("x", deep))
    }),
    deny("claims_list", ClaimsJson, "a list as the claims", |b| claims_of(b, b"[]")),
    deny("claims_string", ClaimsJson, "a string as the claims", |b| claims_of(b, b"\"alice\"")),
    deny("claims_null", ClaimsJson, "null as the claims", |b| claims_of(b, b"null")),
    deny("claims_number", ClaimsJson, "a number as the claims", |b| claims_of(b, b"42")),
    deny("claims_none", ClaimsJson, "nothing as the claims", |b| claims_of(b, b"")),
    deny("claims_empty", crate::domain::Reason::ClaimMissing("exp"), "an empty object", |b| {
        claims_of(b, b"{}")
    }),
    deny("claims_utf8", ClaimsJson, "a byte that is not UTF-8", |b| {
        let claims = b.claims().json();
        let mut bytes = claims.into_bytes();
        bytes.truncate(bytes.len() - 1);
        bytes.extend(b",\"note\":\"\xff\"}");
        claims_of(b, &bytes)
    }),
    deny("claims_surrogate", ClaimsJson, "half a character", |b| b.claim("note", r#""\ud800""#)),
    deny("claims_bom", ClaimsJson, "a byte order mark before the claims", |b| {
        claims_of(b, format!("\u{feff}{}", b.claims().json()).as_bytes())
    }),
    deny("claims_garbage", ClaimsJson, "letters behind the claims", |b| {
        claims_of(b, format!("{}x", b.claims().json()).as_bytes())
    }),
    deny("claims_two", ClaimsJson, "a second object behind the claims", |b| {
        claims_of(b, format!("{}{{\"sub\":\"admin\"}}", b.claims().json()).as_bytes())
    }),
    deny("claims_comment", ClaimsJson, "a comment", |b| {
        claims_of(b, format!("/**/{}", b.claims().json()).as_bytes())
    }),
    deny("claims_nan", ClaimsJson, "NaN, which is no JSON", |b| b.claim("exp", "NaN")),
    deny("claims_infinity", ClaimsJson, "a number beyond every double", |b| {
        b.claim("exp", "1e999")
    }),
    deny("claims_deep", Nesting, "nested too deep", |b| {
        b.claim("x", format!("{}1{}", r#"{"x":"#.repeat(40), "}".repeat(40)))
    }),
    deny("duplicate_sub", DuplicateMember, "sub twice: whose token is it?", |b| {
        Credentials::Token(b.signed(&b.claims().again("sub", "\"admin\"")))
    }),
    deny("duplicate_exp", DuplicateMember, "exp twice", |b| {
        Credentials::Token(b.signed(&b.claims().again("exp", b.now + 86_000)))
    }),
    deny("duplicate_inner", DuplicateMember, "twice, further in", |b| {
        b.claim("device", r#"{"os":"a","os":"b"}"#)
    }),
];
