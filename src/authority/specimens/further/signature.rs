//! Signatures that were good once.

use crate::authority::specimens::bench::Bench;
use crate::authority::specimens::kind::{Kind, deny};
use crate::domain::Reason::Signature;
use crate::domain::{Credentials, decode_base64url, encode_base64url};

use super::stranger::stranger;

/// The own signature over the own text, changed.
pub(super) fn changed(bench: &Bench<'_>, change: fn(Vec<u8>) -> Vec<u8>) -> Credentials {
    bench.forged(&bench.own_header(), |signed| change(bench.sign(signed)))
}

/// The own signature over another text.
fn over(bench: &Bench<'_>, other: fn(&str) -> Vec<u8>) -> Credentials {
    bench.forged(&bench.own_header(), |signed| {
        bench.sign(&other(std::str::from_utf8(signed).unwrap_or_default()))
    })
}

fn parts(signed: &str) -> (&str, &str) {
    signed.split_once('.').unwrap_or_default()
}

/// The good signature of another token.
fn swapped(bench: &Bench<'_>, name: &str, raw: &str) -> Credentials {
    let other = bench.signed(&bench.claims().set(name, raw));
    let signature = other.reveal().rsplit('.').next().unwrap_or_default();
    bench.forged(&bench.own_header(), |_| decode_base64url(signature).unwrap_or_default())
}

fn flipped(mut signature: Vec<u8>, place: usize, bit: u8) -> Vec<u8> {
    let place = place.min(signature.len().saturating_sub(1));
    signature[place] ^= bit;
    signature
}

pub(super) const KINDS: &[Kind] = &[
    deny("good_then_empty", Signature, "none any more", |b| changed(b, |_| Vec::new())),
    deny("good_half", Signature, "its first half", |b| changed(b, |s| s[..s.len() / 2].to_vec())),
    deny("good_second_half", Signature, "its second half", |b| {
        changed(b, |s| s[s.len() / 2..].to_vec())
    }),
    deny("good_but_last", Signature, "without its last byte", |b| {
        changed(b, |s| s[..s.len() - 1].to_vec())
    }),
    deny("good_but_first", Signature, "without its first byte", |b| {
        changed(b, |s| s[1..].to_vec())
    }),
    deny("good_and_zero", Signature, "a zero after it", |b| {
        changed(b, |s| [&s[..], &[0]].concat())
    }),
    deny("zero_and_good", Signature, "a zero before it", |b| {
        changed(b, |s| [&[0], &s[..]].concat())
    }),
    deny("good_and_more", Signature, "64 bytes after it", |b| {
        changed(b, |s| [&s[..], &[0x41; 64]].concat())
    }),
    deny("good_twice", Signature, "twice", |b| changed(b, |s| s.repeat(2))),
    deny("good_reversed", Signature, "backwards", |b| {
        changed(b, |s| s.into_iter().rev().collect())
    }),
    deny("good_halves_swapped", Signature, "its halves in the other order", |b| {
        changed(b, |s| {
            let (start, end) = s.split_at(s.len() / 2);
            [end, start].concat()
        })
    }),
    deny("good_inverted", Signature, "every bit is wrong", |b| {
        changed(b, |s| s.into_iter().map(|byte| !byte).collect())
    }),
    deny("good_first_bit", Signature, "the first bit is wrong", |b| {
        changed(b, |s| flipped(s, 0, 0x80))
    }),
    deny("good_middle_bit", Signature, "a bit in the middle is wrong", |b| {
        changed(b, |s| {
            let middle = s.len() / 2;
            flipped(s, middle, 1)
        })
    }),
    deny("good_last_bit", Signature, "the last bit is wrong", |b| {
        changed(b, |s| flipped(s, usize::MAX, 1))
    }),
    deny("all_zeros", Signature, "zeros", |b| changed(b, |s| vec![0; s.len()])),
    deny("all_ones", Signature, "ones", |b| changed(b, |s| vec![0xff; s.len()])),
    deny("one", Signature, "the number one", |b| {
        changed(b, |s| flipped(vec![0; s.len()], usize::MAX, 1))
    }),
    deny("one_byte", Signature, "one byte", |b| changed(b, |_| vec![1])),
    deny("sized_20", Signature, "the size of SHA-1", |b| changed(b, |_| vec![7; 20])),
    deny("sized_48", Signature, "the size of HS384", |b| changed(b, |_| vec![7; 48])),
    deny("sized_96", Signature, "the size of ES384", |b| changed(b, |_| vec![7; 96])),
    deny("sized_114", Signature, "the size of Ed448", |b| changed(b, |_| vec![7; 114])),
    deny("sized_132", Signature, "the size of ES512", |b| changed(b, |_| vec![7; 132])),
    deny("sized_512", Signature, "the size of RSA with 4096 bits", |b| {
        changed(b, |_| vec![7; 512])
    }),
    deny("good_as_hex", Signature, "in hexadecimal digits", |b| {
        changed(b, |s| s.iter().flat_map(|byte| format!("{byte:02x}").into_bytes()).collect())
    }),
    deny("good_encoded_twice", Signature, "encoded twice", |b| {
        changed(b, |s| encode_base64url(&s).into_bytes())
    }),
    deny("over_claims", Signature, "over the claims alone", |b| over(b, |s| parts(s).1.into())),
    deny("over_header", Signature, "over the header alone", |b| over(b, |s| parts(s).0.into())),
    deny("over_nothing", Signature, "over nothing", |b| over(b, |_| Vec::new())),
    deny("over_dot", Signature, "over a dot", |b| over(b, |_| b".".to_vec())),
    deny("over_and_dot", Signature, "over a dot more", |b| {
        over(b, |s| format!("{s}.").into_bytes())
    }),
    deny("over_no_dot", Signature, "over a dot less", |b| over(b, |s| s.replace('.', "").into())),
    deny("over_reversed", Signature, "over claims and header", |b| {
        over(b, |s| format!("{}.{}", parts(s).1, parts(s).0).into_bytes())
    }),
    deny("over_decoded", Signature, "over the JSON itself", |b| {
        over(b, |s| {
            let decoded = |text| decode_base64url(text).unwrap_or_default();
            [decoded(parts(s).0), b".".to_vec(), decoded(parts(s).1)].concat()
        })
    }),
    deny("swapped_sub", Signature, "of another subject's token", |b| {
        swapped(b, "sub", r#""admin""#)
    }),
    deny("swapped_exp", Signature, "of a token that has ended", |b| {
        swapped(b, "exp", "1700000000")
    }),
    deny("swapped_jti", Signature, "of a token with another id", |b| {
        swapped(b, "jti", r#""other""#)
    }),
    deny("by_stranger_kid", Signature, "a stranger's under our key's name", |b| {
        let header =
            b.own_header().set("kid", crate::authority::specimens::bench::quoted(b.key_id()));
        b.forged(&header, |signed| stranger().sign(b.algorithm(), signed))
    }),
    deny("detached_after", Signature, "the claims were taken out", |b| {
        b.bent(|header, _, signature| format!("{header}..{signature}"))
    }),
    deny("header_taken_out", crate::domain::Reason::HeaderJson, "the header was taken out", |b| {
        b.bent(|_, claims, signature| format!(".{claims}.{signature}"))
    }),
];
