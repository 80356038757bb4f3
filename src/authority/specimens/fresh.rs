//! Tokens that well-meaning callers send, and that must be let in.

use crate::authority::Algorithm::{self, EdDsa, Es256, Hs256, Rs256};
use crate::domain::Credentials;

use super::bench::{Bench, quoted};
use super::kind::{Kind, allow};
use super::mint::Mint;

fn by(bench: &Bench<'_>, algorithm: Algorithm) -> Credentials {
    let header = bench.header(algorithm.as_str());
    Credentials::Token(bench.token(&header, &bench.claims(), algorithm))
}

fn by_name(bench: &Bench<'_>, algorithm: Algorithm) -> Credentials {
    let header = bench.header(algorithm.as_str()).set("kid", quoted(Mint::key_id(algorithm)));
    Credentials::Token(bench.token(&header, &bench.claims(), algorithm))
}

pub(super) const KINDS: &[Kind] = &[
    allow("fresh_hs256", "an access token as the issuer makes them", |b| by(b, Hs256)),
    allow("fresh_rs256", "the same under RS256", |b| by(b, Rs256)),
    allow("fresh_es256", "the same under ES256", |b| by(b, Es256)),
    allow("fresh_eddsa", "the same under EdDSA", |b| by(b, EdDsa)),
    allow("fresh_hs256_kid", "names its key", |b| by_name(b, Hs256)),
    allow("fresh_rs256_kid", "names its key", |b| by_name(b, Rs256)),
    allow("fresh_es256_kid", "names its key", |b| by_name(b, Es256)),
    allow("fresh_eddsa_kid", "names its key", |b| by_name(b, EdDsa)),
    allow("typ_missing", "typ may be left out", |b| b.with_header(&b.own_header().without("typ"))),
    allow("typ_lower_case", "typ is a media type: case does not matter", |b| {
        b.head("typ", "\"jwt\"")
    }),
    allow("typ_at_jwt", "an access token by RFC 9068", |b| b.head("typ", "\"at+jwt\"")),
    allow("typ_at_jwt_long", "the media type in full", |b| b.head("typ", "\"application/at+jwt\"")),
    allow("typ_at_jwt_only", "RFC 9068: the type is in the header alone", |b| {
        let claims = b.claims().without("token_type").without("type");
        let header = b.own_header().set("typ", "\"at+jwt\"");
        Credentials::Token(b.token(&header, &claims, b.algorithm()))
    }),
    allow("token_type_only", "token_type without type", |b| b.lacking("type")),
    allow("type_only", "type without token_type", |b| b.lacking("token_type")),
    allow("header_unknown_member", "an unknown header member is ignored", |b| {
        b.head("x-trace", "\"1\"")
    }),
    allow("jku_ignored", "a key address in an honest token is not looked at", |b| {
        b.head("jku", "\"https://keys.example/jwks.json\"")
    }),
    allow("claim_unknown", "unknown claims are ignored", |b| {
        b.claim("device", r#"{"os":"linux","tags":["a","b"]}"#)
    }),
    allow("email_missing", "no e-mail address", |b| b.lacking("email")),
    allow("env_missing", "not bound to an environment", |b| b.lacking("env")),
    allow("svc_id_missing", "not bound to a service", |b| b.lacking("svc_id")),
    allow("aud_list_one", "the audience as a list of one", |b| {
        b.claim("aud", format!("[{}]", quoted(&b.mint.audience)))
    }),
    allow("aud_list_last", "ours among other audiences", |b| {
        b.claim("aud", format!("[\"billing\",{}]", quoted(&b.mint.audience)))
    }),
    allow("exp_float", "a fraction of a second in exp", |b| {
        b.claim("exp", format!("{}.5", b.now + 840))
    }),
    allow("iat_float", "a fraction of a second in iat", |b| {
        b.claim("iat", format!("{}.25", b.now - 60))
    }),
    allow("exp_in_2s", "about to expire", |b| b.life(-898, 2)),
    allow("iat_now", "issued this second", |b| b.life(0, 900)),
    allow("iat_future_2s", "the issuer's clock is two seconds ahead", |b| b.life(2, 902)),
    allow("lifetime_24h", "as long-lived as allowed", |b| b.life(-60, 86_340)),
    allow("nbf_past", "valid since a while", |b| b.claim("nbf", b.now - 60)),
    allow("nbf_now", "valid from this second", |b| b.claim("nbf", b.now)),
    allow("nbf_future_2s", "valid in two seconds: the clocks differ", |b| {
        b.claim("nbf", b.now + 2)
    }),
    allow("sub_unicode", "a subject beyond ASCII", |b| b.claim("sub", "\"名前-ñandú\"")),
    allow("sub_escaped", "the same written with an escape", |b| {
        b.claim("sub", r#""\u0061lice-\u00e9""#)
    }),
    allow("sub_email", "an e-mail address", |b| b.claim("sub", "\"alice@example.com\"")),
    allow("sub_uuid", "a UUID", |b| b.claim("sub", "\"550e8400-e29b-41d4-a716-446655440000\"")),
    allow("sub_digits", "a number, written as a string", |b| b.claim("sub", "\"42\"")),
    allow("sub_auth0", "an identity provider's form", |b| b.claim("sub", "\"auth0|x\"")),
    allow("sub_255_bytes", "the longest subject", |b| b.claim("sub", quoted(&"s".repeat(255)))),
    allow("permissions_missing", "no permissions at all", |b| b.lacking("permissions")),
    allow("permissions_empty", "an empty list", |b| b.claim("permissions", "[]")),
    allow("permissions_twice", "the same permission twice", |b| {
        b.claim("permissions", r#"["read","read"]"#)
    }),
    allow("scope_string", "OAuth's scope instead of permissions", |b| {
        let claims = b.claims().without("permissions").set("scope", "\"read write\"");
        Credentials::Token(b.signed(&claims))
    }),
    allow("scope_and_permissions", "both: their union", |b| {
        b.claim("scope", "\"admin:read read\"")
    }),
];
