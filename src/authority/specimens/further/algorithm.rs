//! Algorithms that are none, and algorithms that are not the key's.

use aws_lc_rs::hmac::HMAC_SHA256;

use crate::authority::specimens::bench::{Bench, quoted};
use crate::authority::specimens::kind::{Kind, deny, each};
use crate::authority::specimens::mint::{Mint, hmac_with};
use crate::domain::Credentials;
use crate::domain::Reason::{Algorithm, Signature};

use super::stranger::{jwk, spki, spki_pem};

/// Unsigned, with the name of a good key beside.
fn unsigned(bench: &Bench<'_>, algorithm: &str) -> Credentials {
    let header = bench.own_header().set("alg", algorithm).set("kid", quoted(bench.key_id()));
    bench.forged(&header, |_| Vec::new())
}

/// A good signature under another algorithm's name.
fn renamed(bench: &Bench<'_>, algorithm: &str) -> Credentials {
    bench.head("alg", algorithm)
}

pub(super) const NONE: &[Kind] = each!(Algorithm, "unsigned", unsigned;
    "none_kid" => r#""none""#,
    "none_first_capital" => r#""None""#,
    "none_last_capital" => r#""nonE""#,
    "none_second_capital" => r#""nOne""#,
    "none_capitals" => r#""NONE""#,
    "none_space_after" => r#""none ""#,
    "none_space_before" => r#"" none""#,
    "none_line_break" => r#""none\n""#,
    "none_nul" => r#""none\u0000""#,
    "none_escaped" => r#""n\u006fne""#,
    "none_wide" => r#""ｎｏｎｅ""#,
    "none_zero_width" => r#""no\u200bne""#,
    "none_list" => r#"["none"]"#,
    "none_object" => r#"{"alg":"none"}"#,
    "none_null_text" => r#""null""#,
    "none_plain" => r#""plain""#,
    "none_unsecured" => r#""unsecured""#,
    "none_false" => "false",
);

pub(super) const OTHER: &[Kind] = each!(Algorithm, "an algorithm that is not ours", renamed;
    "named_rs384" => r#""RS384""#,
    "named_rs512" => r#""RS512""#,
    "named_ps384" => r#""PS384""#,
    "named_ps512" => r#""PS512""#,
    "named_es384" => r#""ES384""#,
    "named_es512" => r#""ES512""#,
    "named_es256k" => r#""ES256K""#,
    "named_hs1" => r#""HS1""#,
    "named_hmac" => r#""HMAC-SHA256""#,
    "named_rs1" => r#""RS1""#,
    "named_ed448" => r#""Ed448""#,
    "named_dir" => r#""dir""#,
    "named_rsa_oaep" => r#""RSA-OAEP""#,
    "named_pbes2" => r#""PBES2-HS256+A128KW""#,
    "named_lower_rs256" => r#""rs256""#,
    "named_lower_es256" => r#""es256""#,
    "named_lower_eddsa" => r#""eddsa""#,
    "named_hs256_space" => r#""HS256 ""#,
    "named_true" => "true",
    "named_zero" => "0",
);

/// The next algorithm but some in the list.
fn other(bench: &Bench<'_>, step: usize) -> crate::authority::Algorithm {
    let all = crate::authority::Algorithm::ALL;
    let place = all.iter().position(|one| *one == bench.algorithm()).unwrap_or(0);
    all[(place + step) % all.len()]
}

/// Signed with the own key, and said to be signed with another.
fn mislabelled(bench: &Bench<'_>, step: usize) -> Credentials {
    bench.head("alg", quoted(other(bench, step).as_str()))
}

/// The same, and the own key is named.
fn misnamed(bench: &Bench<'_>, step: usize) -> Credentials {
    let alg = quoted(other(bench, step).as_str());
    bench.with_header(&bench.own_header().set("alg", alg).set("kid", quoted(bench.key_id())))
}

/// Rightly signed, with the name of another algorithm's key.
fn another_key(bench: &Bench<'_>, step: usize) -> Credentials {
    bench.head("kid", quoted(Mint::key_id(other(bench, step))))
}

/// HS256 with what is public of the own key as the secret.
fn confused(bench: &Bench<'_>, public: impl AsRef<[u8]>) -> Credentials {
    bench.forged(&bench.header("HS256"), |signed| hmac_with(HMAC_SHA256, public.as_ref(), signed))
}

/// The same, and the own key is named.
fn confused_by_name(bench: &Bench<'_>, public: impl AsRef<[u8]>) -> Credentials {
    let header = bench.header("HS256").set("kid", quoted(bench.key_id()));
    bench.forged(&header, |signed| hmac_with(HMAC_SHA256, public.as_ref(), signed))
}

pub(super) const KINDS: &[Kind] = &[
    deny("labelled_next", Signature, "another algorithm's name", |b| mislabelled(b, 1)),
    deny("labelled_second", Signature, "another algorithm's name", |b| mislabelled(b, 2)),
    deny("labelled_third", Signature, "another algorithm's name", |b| mislabelled(b, 3)),
    deny("misnamed_next", Algorithm, "another algorithm than the key's", |b| misnamed(b, 1)),
    deny("misnamed_second", Algorithm, "another algorithm than the key's", |b| misnamed(b, 2)),
    deny("misnamed_third", Algorithm, "another algorithm than the key's", |b| misnamed(b, 3)),
    deny("another_key_next", Algorithm, "another algorithm's key", |b| another_key(b, 1)),
    deny("another_key_second", Algorithm, "another algorithm's key", |b| another_key(b, 2)),
    deny("another_key_third", Algorithm, "another algorithm's key", |b| another_key(b, 3)),
    deny("confused_pem", Signature, "HMAC with the public key in PEM", |b| {
        confused(b, spki_pem(b.mint, b.algorithm()))
    })
    .of_pairs(),
    deny("confused_pem_trimmed", Signature, "the same without the last line break", |b| {
        confused(b, spki_pem(b.mint, b.algorithm()).trim_end())
    })
    .of_pairs(),
    deny("confused_der", Signature, "HMAC with the public key in DER", |b| {
        confused(b, spki(b.mint, b.algorithm()))
    })
    .of_pairs(),
    deny("confused_jwk", Signature, "HMAC with the public key as a JWK", |b| {
        confused(b, jwk(b.mint, b.algorithm()))
    })
    .of_pairs(),
    deny("confused_raw", Signature, "HMAC with the public key's bytes", |b| {
        confused(b, b.mint.public(b.algorithm()))
    })
    .of_pairs(),
    deny("confused_pem_kid", Algorithm, "HMAC with the public key that is named", |b| {
        confused_by_name(b, spki_pem(b.mint, b.algorithm()))
    })
    .of_pairs(),
    deny("confused_jwk_kid", Algorithm, "HMAC with the JWK of the key that is named", |b| {
        confused_by_name(b, jwk(b.mint, b.algorithm()))
    })
    .of_pairs(),
    deny("confused_kid", Signature, "HMAC with the key's name", |b| confused(b, b.key_id())),
];
