//! Each segment in letters that are not canonical base64url (RFC 7515 §2), and signed as it is
//! written where that can be signed.

use crate::authority::specimens::bench::{Bench, quoted, text};
use crate::authority::specimens::kind::{Kind, each};
use crate::domain::Reason::Encoding;
use crate::domain::{Credentials, encode_base64url};

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// JSON of a length that leaves unused bits in its last letter.
fn padded(json: &str) -> String {
    let mut text = String::new();
    while (json.len() + r#","x":"""#.len() + text.len()) % 3 != 1 {
        text.push('~');
    }
    super::duplicate::with(json, &format!(r#""x":{}"#, quoted(&text)))
}

fn segments(bench: &Bench<'_>) -> (String, String) {
    let header = encode_base64url(padded(&bench.own_header().json()).as_bytes());
    (header, encode_base64url(padded(&bench.claims().json()).as_bytes()))
}

fn signed(bench: &Bench<'_>, header: &str, claims: &str) -> Credentials {
    let signed = format!("{header}.{claims}");
    let signature = encode_base64url(&bench.sign(signed.as_bytes()));
    text(&format!("{signed}.{signature}"))
}

fn header(bench: &Bench<'_>, bend: fn(&str) -> String) -> Credentials {
    let (header, claims) = segments(bench);
    signed(bench, &bend(&header), &claims)
}

fn claims(bench: &Bench<'_>, bend: fn(&str) -> String) -> Credentials {
    let (header, claims) = segments(bench);
    signed(bench, &header, &bend(&claims))
}

fn signature(bench: &Bench<'_>, bend: fn(&str) -> String) -> Credentials {
    bench.bent(|header, claims, signature| format!("{header}.{claims}.{}", bend(signature)))
}

fn inside(segment: &str, text: &str) -> String {
    let (start, end) = segment.split_at(segment.len() / 2);
    format!("{start}{text}{end}")
}

/// The unused bits of the last letter are set.
fn unused_bit(segment: &str) -> String {
    let (rest, last) = segment.split_at(segment.len().saturating_sub(1));
    let place = ALPHABET.iter().position(|letter| last.as_bytes() == [*letter]);
    format!("{rest}{}", char::from(ALPHABET[place.unwrap_or(0) | 1]))
}

/// Four letters of the standard alphabet (RFC 4648 §4).
fn standard(segment: &str) -> String {
    let start = segment.len() / 8 * 4;
    format!("{}+/+/{}", &segment[..start], &segment[start..])
}

/// One letter that encodes nothing.
fn lone(segment: &str) -> String {
    let mut text = segment.to_owned();
    while text.len() % 4 != 1 {
        text.push('A');
    }
    text
}

macro_rules! bent {
    ($make:ident, $note:literal, $prefix:literal) => {
        each!(Encoding, $note, $make;
            concat!($prefix, "_padding_one") => |s| format!("{s}="),
            concat!($prefix, "_padding_two") => |s| format!("{s}=="),
            concat!($prefix, "_padding_percent") => |s| format!("{s}%3D%3D"),
            concat!($prefix, "_padding_inside") => |s| inside(s, "="),
            concat!($prefix, "_space_before") => |s| format!(" {s}"),
            concat!($prefix, "_space_after") => |s| format!("{s} "),
            concat!($prefix, "_space_inside") => |s| inside(s, " "),
            concat!($prefix, "_tab_inside") => |s| inside(s, "\t"),
            concat!($prefix, "_line_break_inside") => |s| inside(s, "\r\n"),
            concat!($prefix, "_line_break_after") => |s| format!("{s}\n"),
            concat!($prefix, "_nul_inside") => |s| inside(s, "\0"),
            concat!($prefix, "_delete_inside") => |s| inside(s, "\u{7f}"),
            concat!($prefix, "_cyrillic") => |s| inside(s, "а"),
            concat!($prefix, "_wide") => |s| inside(s, "Ａ"),
            concat!($prefix, "_zero_width") => |s| inside(s, "\u{200b}"),
            concat!($prefix, "_order_mark") => |s| format!("\u{feff}{s}"),
            concat!($prefix, "_no_break_space") => |s| format!("{s}\u{a0}"),
            concat!($prefix, "_standard") => standard,
            concat!($prefix, "_star") => |s| inside(s, "*"),
            concat!($prefix, "_quote") => |s| format!("\"{s}\""),
            concat!($prefix, "_comma") => |s| format!("{s},"),
            concat!($prefix, "_unused_bit") => unused_bit,
            concat!($prefix, "_lone_letter") => lone,
        )
    };
}

pub(super) const HEADER: &[Kind] = bent!(header, "the header in other letters", "header");
pub(super) const CLAIMS: &[Kind] = bent!(claims, "the claims in other letters", "claims");
pub(super) const SIGNATURE: &[Kind] =
    bent!(signature, "the signature in other letters", "signature");
