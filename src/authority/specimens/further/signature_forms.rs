//! Signatures that are wrong as numbers: of one algorithm each.

use crate::authority::Algorithm::{EdDsa, Es256, Hs256, Rs256};
use crate::authority::specimens::bench::Bench;
use crate::authority::specimens::kind::{Kind, allow, deny};
use crate::authority::specimens::mint::hmac_with;
use crate::domain::Credentials;
use crate::domain::Reason::Signature;
use aws_lc_rs::hmac::HMAC_SHA256;

use super::signature::changed;
use super::stranger::modulus;

/// The order of P-256.
const N: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

/// The order of Ed25519's group, least significant byte first.
const L: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

/// `order - number`, most significant byte first.
fn subtracted(number: &[u8]) -> Vec<u8> {
    let mut borrow = 0_i16;
    let mut digits: Vec<u8> = Vec::new();
    for (digit, order) in number.iter().zip(N).rev() {
        let difference = i16::from(order) - i16::from(*digit) - borrow;
        borrow = i16::from(difference < 0);
        digits.push(u8::try_from(difference.rem_euclid(256)).unwrap_or_default());
    }
    digits.into_iter().rev().collect()
}

/// `number + order`, least significant byte first.
fn added(number: &[u8]) -> Vec<u8> {
    let mut carry = 0_u16;
    let sum = number.iter().zip(L).map(|(digit, order)| {
        let sum = u16::from(*digit) + u16::from(order) + carry;
        carry = sum >> 8;
        sum.to_le_bytes()[0]
    });
    sum.collect()
}

/// A good ES256 signature's two numbers, one of them replaced.
fn halves(r: Option<&[u8]>, s: Option<&[u8]>, good: &[u8]) -> Vec<u8> {
    let (own_r, own_s) = good.split_at(good.len() / 2);
    [r.unwrap_or(own_r), s.unwrap_or(own_s)].concat()
}

fn hmac(bench: &Bench<'_>, secret: &[u8]) -> Credentials {
    bench.forged(&bench.header("HS256"), |signed| hmac_with(HMAC_SHA256, secret, signed))
}

/// Signed with the modulus, or something close to it, as the signature.
fn number(bench: &Bench<'_>, change: fn(Vec<u8>) -> Vec<u8>) -> Credentials {
    let public = bench.mint.public(bench.algorithm());
    bench.forged(&bench.own_header(), |_| change(modulus(public).to_vec()))
}

pub(super) const KINDS: &[Kind] = &[
    allow("es256_other_s", "the other valid signature, (r, n - s): of the same token", |b| {
        changed(b, |good| halves(None, Some(&subtracted(&good[32..])), &good))
    })
    .only(Es256),
    deny("es256_r_zero", Signature, "r is zero", |b| {
        changed(b, |good| halves(Some(&[0; 32]), None, &good))
    })
    .only(Es256),
    deny("es256_s_zero", Signature, "s is zero", |b| {
        changed(b, |good| halves(None, Some(&[0; 32]), &good))
    })
    .only(Es256),
    deny("es256_r_order", Signature, "r is the order", |b| {
        changed(b, |good| halves(Some(&N), None, &good))
    })
    .only(Es256),
    deny("es256_s_order", Signature, "s is the order", |b| {
        changed(b, |good| halves(None, Some(&N), &good))
    })
    .only(Es256),
    deny("es256_both_order", Signature, "both are the order", |b| {
        changed(b, |good| halves(Some(&N), Some(&N), &good))
    })
    .only(Es256),
    deny("es256_r_negative", Signature, "(n - r, s)", |b| {
        changed(b, |good| halves(Some(&subtracted(&good[..32])), None, &good))
    })
    .only(Es256),
    deny("es256_wide", Signature, "each half with a zero before it", |b| {
        changed(b, |good| [&[0], &good[..32], &[0], &good[32..]].concat())
    })
    .only(Es256),
    deny("es256_as_p384", Signature, "in halves of 48 bytes", |b| {
        changed(b, |good| [&[0; 16], &good[..32], &[0; 16], &good[32..]].concat())
    })
    .only(Es256),
    deny("eddsa_plus_order", Signature, "s and the order: the same to careless verifiers", |b| {
        changed(b, |good| [&good[..32], &added(&good[32..])].concat())
    })
    .only(EdDsa),
    deny("eddsa_s_zero", Signature, "s is zero", |b| {
        changed(b, |good| [&good[..32], &[0; 32]].concat())
    })
    .only(EdDsa),
    deny("eddsa_s_order", Signature, "s is the order", |b| {
        changed(b, |good| [&good[..32], &L].concat())
    })
    .only(EdDsa),
    deny("eddsa_neutral", Signature, "the neutral element, and s is zero", |b| {
        changed(b, |_| {
            let mut signature = vec![0; 64];
            signature[0] = 1;
            signature
        })
    })
    .only(EdDsa),
    deny("rs256_modulus", Signature, "the modulus", |b| number(b, |n| n)).only(Rs256),
    deny("rs256_modulus_but_one", Signature, "the modulus less one", |b| {
        number(b, |mut n| {
            n[255] -= 1;
            n
        })
    })
    .only(Rs256),
    deny("rs256_padding_bare", Signature, "the padded digest, not signed", |b| {
        number(b, |_| [&[0, 1], &[0xff; 202][..], &[0], &[0x30; 51]].concat())
    })
    .only(Rs256),
    deny("secret_password", Signature, "password", |b| hmac(b, b"password")),
    deny("secret_jwt", Signature, "jwt_secret", |b| hmac(b, b"jwt_secret")),
    deny("secret_256_bit", Signature, "the secret of a web page", |b| {
        hmac(b, b"your-256-bit-secret")
    }),
    deny("secret_changeme", Signature, "changeme", |b| hmac(b, b"changeme")),
    deny("secret_nul", Signature, "a zero byte", |b| hmac(b, b"\0")),
    deny("secret_zeros", Signature, "32 zeros", |b| hmac(b, &[0; 32])),
    deny("secret_null", Signature, "null", |b| hmac(b, b"null")),
    deny("secret_half", Signature, "the first half of ours", |b| hmac(b, &b.mint.secret()[..16])),
    deny("secret_and_more", Signature, "ours and a letter", |b| {
        hmac(b, &[b.mint.secret(), b"x"].concat())
    }),
    deny("secret_encoded", Signature, "ours in base64url", |b| {
        hmac(b, crate::domain::encode_base64url(b.mint.secret()).as_bytes())
    })
    .only(Hs256),
];
