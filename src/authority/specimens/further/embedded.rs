//! Keys, certificates and addresses of keys that a token brings along.

use crate::authority::specimens::bench::{Bench, quoted};
use crate::authority::specimens::kind::{Kind, deny};
use crate::domain::Reason::{KeyUnknown, Signature};
use crate::domain::{Credentials, encode_base64url};

use super::stranger::{jwk, spki, stranger};

/// Signed by a stranger under the own algorithm, with one more header member.
fn by_stranger(bench: &Bench<'_>, name: &str, raw: &str) -> Credentials {
    let header = bench.own_header().set(name, raw);
    bench.forged(&header, |signed| stranger().sign(bench.algorithm(), signed))
}

/// The same, with the name of our own key.
fn under_our_name(bench: &Bench<'_>, name: &str, raw: &str) -> Credentials {
    let header = bench.own_header().set("kid", quoted(bench.key_id())).set(name, raw);
    bench.forged(&header, |signed| stranger().sign(bench.algorithm(), signed))
}

fn strangers_jwk(bench: &Bench<'_>) -> String {
    jwk(stranger(), bench.algorithm())
}

pub(super) const KINDS: &[Kind] = &[
    deny("brought_nothing", Signature, "a stranger's key", |b| by_stranger(b, "x", "1")),
    deny("brought_kid", KeyUnknown, "a stranger's key by its name", |b| {
        by_stranger(b, "kid", r#""strangers""#)
    }),
    deny("brought_jwk", Signature, "brings its key along", |b| {
        by_stranger(b, "jwk", &strangers_jwk(b))
    }),
    deny("brought_jwk_kid", Signature, "brings it under our key's name", |b| {
        under_our_name(b, "jwk", &strangers_jwk(b))
    }),
    deny("brought_jwk_named", Signature, "the key itself has our key's name", |b| {
        let named = strangers_jwk(b).replacen('{', &format!(r#"{{"kid":"{}","#, b.key_id()), 1);
        under_our_name(b, "jwk", &named)
    }),
    deny("brought_jwk_text", Signature, "the key as a string", |b| {
        by_stranger(b, "jwk", &quoted(&strangers_jwk(b)))
    }),
    deny("brought_jwks", Signature, "brings a whole set", |b| {
        by_stranger(b, "jwks", &format!(r#"{{"keys":[{}]}}"#, strangers_jwk(b)))
    }),
    deny("brought_epk", Signature, "an ephemeral key", |b| {
        by_stranger(b, "epk", &strangers_jwk(b))
    }),
    deny("brought_x5c", Signature, "brings a certificate along", |b| {
        let certificate = encode_base64url(&spki(stranger(), b.algorithm()));
        under_our_name(b, "x5c", &format!("[{}]", quoted(&certificate)))
    }),
    deny("brought_x5t", Signature, "the thumbprint of a certificate", |b| {
        under_our_name(b, "x5t", r#""AAAAAAAAAAAAAAAAAAAAAAAAAAA""#)
    }),
    deny("brought_jku", Signature, "an address of keys", |b| {
        by_stranger(b, "jku", r#""https://evil.example/.well-known/jwks.json""#)
    }),
    deny("brought_jku_kid", Signature, "the same under our key's name", |b| {
        under_our_name(b, "jku", r#""https://evil.example/.well-known/jwks.json""#)
    }),
    deny("brought_jku_own", Signature, "our own address, with a way out of it", |b| {
        let jku = format!("{}/../@evil.example/keys", b.mint.issuer);
        by_stranger(b, "jku", &quoted(&jku))
    }),
    deny("brought_jku_file", Signature, "a file", |b| {
        by_stranger(b, "jku", r#""file:///etc/passwd""#)
    }),
    deny("brought_jku_data", Signature, "a key in its address", |b| {
        by_stranger(b, "jku", &quoted(&format!("data:application/json,{}", strangers_jwk(b))))
    }),
    deny("brought_jku_loopback", Signature, "an address inside", |b| {
        by_stranger(b, "jku", r#""http://127.0.0.1:1/keys""#)
    }),
    deny("brought_x5u", Signature, "an address of a certificate", |b| {
        by_stranger(b, "x5u", r#""https://evil.example/cert.pem""#)
    }),
    deny("brought_x5u_kid", Signature, "the same under our key's name", |b| {
        under_our_name(b, "x5u", r#""https://evil.example/cert.pem""#)
    }),
];
