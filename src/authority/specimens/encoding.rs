//! Tokens whose bytes are right and whose letters are not: each decodes to a valid token where
//! decoding is lenient.

use crate::domain::Credentials;
use crate::domain::Reason::{Encoding, Segments, TokenTooLong};

use super::bench::{Bench, quoted};
use super::kind::{Kind, deny};

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The same signature with its two unused bits set.
fn unused_bits(bench: &Bench<'_>) -> Credentials {
    bench.bent(|header, claims, signature| {
        let (rest, last) = signature.split_at(signature.len().saturating_sub(1));
        let place = ALPHABET.iter().position(|letter| last.as_bytes().contains(letter));
        let last = char::from(ALPHABET[place.unwrap_or(0) | 3]);
        format!("{header}.{claims}.{rest}{last}")
    })
}

pub(super) const KINDS: &[Kind] = &[
    deny("padding_signature", Encoding, "= after the signature", |b| {
        b.bent(|header, claims, signature| format!("{header}.{claims}.{signature}="))
    }),
    deny("padding_all", Encoding, "= after every segment", |b| {
        b.bent(|header, claims, signature| format!("{header}=.{claims}==.{signature}="))
    }),
    deny("alphabet_standard", Encoding, "+ and / for - and _", |b| {
        b.resigned(|header, claims| {
            format!("{header}.{}", claims.replace('-', "+").replace('_', "/"))
        })
    }),
    deny("unused_bits", Encoding, "unused bits of the signature are set", unused_bits),
    deny("junk_signature", Encoding, "four characters that lenient decoders skip", |b| {
        b.bent(|header, claims, signature| {
            let (start, end) = signature.split_at(8);
            format!("{header}.{claims}.{start}!*~ {end}")
        })
    }),
    deny("junk_claims", Encoding, "the same in the claims, and signed so", |b| {
        b.resigned(|header, claims| format!("{header}.!!!!{claims}"))
    }),
    deny("padding_claims", Encoding, "= after the claims, and signed so", |b| {
        b.resigned(|header, claims| format!("{header}.{claims}="))
    }),
    deny("space_inside", Encoding, "a space in the signature", |b| {
        b.bent(|header, claims, signature| format!("{header}.{claims}. {signature}"))
    }),
    deny("line_break_inside", Encoding, "a line break in the signature", |b| {
        b.bent(|header, claims, signature| {
            let (start, end) = signature.split_at(8);
            format!("{header}.{claims}.{start}\n{end}")
        })
    }),
    deny("line_break_end", Encoding, "read from a file with its line break", |b| {
        b.bent(|header, claims, signature| format!("{header}.{claims}.{signature}\n"))
    }),
    deny("space_before", Encoding, "a space before the token", |b| {
        b.bent(|header, claims, signature| format!(" {header}.{claims}.{signature}"))
    }),
    deny("quoted", Encoding, "in quotation marks", |b| {
        b.bent(|header, claims, signature| format!("\"{header}.{claims}.{signature}\""))
    }),
    deny("non_ascii", Encoding, "letters that only look like ours", |b| {
        b.bent(|header, claims, signature| {
            format!("{header}.{claims}.{}", signature.replacen(|_: char| true, "а", 1))
        })
    }),
    deny("zero_width", Encoding, "an invisible character", |b| {
        b.bent(|header, claims, signature| format!("{header}.{claims}.\u{200b}{signature}"))
    }),
    deny("nul_byte", Encoding, "NUL after the token", |b| {
        b.bent(|header, claims, signature| format!("{header}.{claims}.{signature}\0"))
    }),
    deny("percent_encoded", Segments, "dots as %2E", |b| {
        b.bent(|header, claims, signature| format!("{header}%2E{claims}%2E{signature}"))
    }),
    deny("bearer_inside", Encoding, "with its scheme before it", |b| {
        b.bent(|header, claims, signature| format!("Bearer {header}.{claims}.{signature}"))
    }),
    deny("mock_prefix", Encoding, "mock_ before a good token", |b| {
        b.bent(|header, claims, signature| format!("mock_!{header}.{claims}.{signature}"))
    }),
    deny("over_8k", TokenTooLong, "over 8 KiB", |b| b.claim("note", quoted(&"x".repeat(9000)))),
];
