//! Headers that ask for too much.

use crate::authority::Algorithm::EdDsa;
use crate::domain::Reason::{
    CriticalHeader, DuplicateMember, KeyIdType, KeyUnknown, Signature, TypeHeader,
};
use crate::domain::{Credentials, encode_base64url};

use super::bench::{Bench, quoted};
use super::kind::{Kind, deny};
use super::mint::Mint;

/// Signed by a stranger whose key, or its address, is in the header.
fn brought_along(bench: &Bench<'_>, name: &str, raw: impl ToString) -> Credentials {
    let stranger = Mint::seeded(0xbad);
    let header = bench.header(EdDsa.as_str()).set(name, raw);
    bench.forged(&header, |signed| stranger.sign(EdDsa, signed))
}

fn strangers_jwk() -> String {
    let stranger = Mint::seeded(0xbad);
    let x = encode_base64url(stranger.public(EdDsa));
    format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{x}"}}"#)
}

pub(super) const KINDS: &[Kind] = &[
    deny("kid_unknown", KeyUnknown, "no such key", |b| b.head("kid", "\"key-2019\"")),
    deny("kid_empty", KeyUnknown, "an empty name", |b| b.head("kid", "\"\"")),
    deny("kid_path", KeyUnknown, "a path", |b| b.head("kid", "\"../../etc/passwd\"")),
    deny("kid_sql", KeyUnknown, "a piece of SQL", |b| b.head("kid", quoted("x' OR '1'='1"))),
    deny("kid_integer", KeyIdType, "a number", |b| b.head("kid", 1)),
    deny("kid_null", KeyIdType, "null", |b| b.head("kid", "null")),
    deny("kid_list", KeyIdType, "a list", |b| b.head("kid", format!("[{}]", quoted(b.key_id())))),
    deny("crit_unknown", CriticalHeader, "an extension that must be understood", |b| {
        b.with_header(&b.own_header().set("crit", r#"["exp-ext"]"#).set("exp-ext", 1))
    }),
    deny("crit_empty", CriticalHeader, "an empty list, which is not allowed", |b| {
        b.head("crit", "[]")
    }),
    deny("crit_string", CriticalHeader, "no list", |b| b.head("crit", "\"exp\"")),
    deny("crit_null", CriticalHeader, "null", |b| b.head("crit", "null")),
    deny("crit_registered", CriticalHeader, "a registered name, which is not allowed", |b| {
        b.head("crit", r#"["alg"]"#)
    }),
    deny("b64_false", CriticalHeader, "an unencoded payload", |b| {
        b.with_header(&b.own_header().set("b64", "false").set("crit", r#"["b64"]"#))
    }),
    deny("b64_uncritical", CriticalHeader, "the same without crit", |b| b.head("b64", "false")),
    deny("typ_jose", TypeHeader, "JOSE", |b| b.head("typ", "\"JOSE\"")),
    deny("typ_logout", TypeHeader, "a logout token", |b| b.head("typ", "\"logout+jwt\"")),
    deny("typ_dpop", TypeHeader, "a proof of possession", |b| b.head("typ", "\"dpop+jwt\"")),
    deny("typ_empty", TypeHeader, "empty", |b| b.head("typ", "\"\"")),
    deny("typ_number", TypeHeader, "a number", |b| b.head("typ", 1)),
    deny("typ_null", TypeHeader, "null", |b| b.head("typ", "null")),
    deny("cty_jwt", TypeHeader, "a token inside a token", |b| b.head("cty", "\"JWT\"")),
    deny("cty_number", TypeHeader, "a number", |b| b.head("cty", 1)),
    deny("jwk_embedded", Signature, "brings its own key along", |b| {
        brought_along(b, "jwk", strangers_jwk())
    }),
    deny("jku_embedded", Signature, "says where to fetch its key", |b| {
        brought_along(b, "jku", "\"https://evil.example/jwks.json\"")
    }),
    deny("jku_inside", Signature, "sends us to an address inside", |b| {
        brought_along(b, "jku", "\"http://169.254.169.254/latest/meta-data\"")
    }),
    deny("x5u_embedded", Signature, "says where to fetch its certificate", |b| {
        brought_along(b, "x5u", "\"https://evil.example/cert.pem\"")
    }),
    deny("x5c_embedded", Signature, "brings its own certificate along", |b| {
        brought_along(b, "x5c", r#"["MIIB"]"#)
    }),
    deny("duplicate_alg", DuplicateMember, "alg twice", |b| {
        b.with_header(&b.own_header().again("alg", "\"none\""))
    }),
    deny("duplicate_kid", DuplicateMember, "kid twice", |b| {
        let name = quoted(b.key_id());
        b.with_header(&b.own_header().set("kid", &name).again("kid", &name))
    }),
];
