//! Headers and claims in what is almost JSON (RFC 8259), rightly encoded and signed.

use crate::authority::specimens::bench::Bench;
use crate::authority::specimens::kind::{Kind, each};
use crate::domain::Credentials;
use crate::domain::Reason::{ClaimsJson, HeaderJson};

use super::duplicate::with;

fn header(bench: &Bench<'_>, bend: fn(&str) -> Vec<u8>) -> Credentials {
    let (header, claims) = (bend(&bench.own_header().json()), bench.claims().json());
    Credentials::Token(bench.mint.token(&header, claims.as_bytes(), bench.algorithm()))
}

fn claims(bench: &Bench<'_>, bend: fn(&str) -> Vec<u8>) -> Credentials {
    let (header, claims) = (bench.own_header().json(), bend(&bench.claims().json()));
    Credentials::Token(bench.mint.token(header.as_bytes(), &claims, bench.algorithm()))
}

/// With one more member.
fn more(json: &str, member: &str) -> Vec<u8> {
    with(json, member).into_bytes()
}

/// With one more member whose value is bytes of any kind.
fn bytes(json: &str, value: &[u8]) -> Vec<u8> {
    [json.trim_end_matches('}').as_bytes(), b",\"x\":\"", value, b"\"}"].concat()
}

fn utf16(json: &str) -> Vec<u8> {
    json.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

macro_rules! almost {
    ($make:ident, $reason:expr, $note:literal, $prefix:literal) => {
        each!($reason, $note, $make;
            concat!($prefix, "_comma_last") => |j| more(j, ""),
            concat!($prefix, "_comma_first") => |j| j.replacen('{', "{,", 1).into_bytes(),
            concat!($prefix, "_quotes_single") => |j| j.replace('"', "'").into_bytes(),
            concat!($prefix, "_name_bare") => |j| more(j, "x:1"),
            concat!($prefix, "_name_number") => |j| more(j, "1:1"),
            concat!($prefix, "_value_missing") => |j| more(j, "\"x\":"),
            concat!($prefix, "_number_octal") => |j| more(j, "\"x\":01"),
            concat!($prefix, "_number_plus") => |j| more(j, "\"x\":+1"),
            concat!($prefix, "_number_dot") => |j| more(j, "\"x\":1."),
            concat!($prefix, "_number_dot_first") => |j| more(j, "\"x\":.5"),
            concat!($prefix, "_number_hex") => |j| more(j, "\"x\":0x10"),
            concat!($prefix, "_number_nan") => |j| more(j, "\"x\":NaN"),
            concat!($prefix, "_number_infinity") => |j| more(j, "\"x\":-Infinity"),
            concat!($prefix, "_number_beyond") => |j| more(j, "\"x\":1e999"),
            concat!($prefix, "_undefined") => |j| more(j, "\"x\":undefined"),
            concat!($prefix, "_true_capital") => |j| more(j, "\"x\":True"),
            concat!($prefix, "_surrogate_high") => |j| more(j, r#""x":"\ud800""#),
            concat!($prefix, "_surrogate_low") => |j| more(j, r#""x":"\udc00""#),
            concat!($prefix, "_surrogates_reversed") => |j| more(j, r#""x":"\ude00\ud83d""#),
            concat!($prefix, "_surrogate_name") => |j| more(j, r#""\ud800":1"#),
            concat!($prefix, "_escape_short") => |j| more(j, r#""x":"\u00""#),
            concat!($prefix, "_escape_unknown") => |j| more(j, r#""x":"\x41""#),
            concat!($prefix, "_line_break_raw") => |j| more(j, "\"x\":\"\n\""),
            concat!($prefix, "_nul_raw") => |j| more(j, "\"x\":\"\0\""),
            concat!($prefix, "_comment_line") => |j| format!("{j}//x").into_bytes(),
            concat!($prefix, "_comment_hash") => |j| format!("#x\n{j}").into_bytes(),
            concat!($prefix, "_nul_after") => |j| format!("{j}\0").into_bytes(),
            concat!($prefix, "_nul_before") => |j| format!("\0{j}").into_bytes(),
            concat!($prefix, "_no_break_space") => |j| format!("\u{a0}{j}").into_bytes(),
            concat!($prefix, "_twice") => |j| format!("{j}{j}").into_bytes(),
            concat!($prefix, "_listed") => |j| format!("[{j}]").into_bytes(),
            concat!($prefix, "_quoted") => |j| format!("{j:?}").into_bytes(),
            concat!($prefix, "_encoded_twice") => |j| {
                crate::domain::encode_base64url(j.as_bytes()).into_bytes()
            },
            concat!($prefix, "_cut") => |j| j.trim_end_matches('}').into(),
            concat!($prefix, "_brace_extra") => |j| format!("{j}}}").into_bytes(),
            concat!($prefix, "_utf16") => utf16,
            concat!($prefix, "_latin_1") => |j| bytes(j, b"\xe9"),
            concat!($prefix, "_utf8_overlong") => |j| bytes(j, b"\xc0\xaf"),
            concat!($prefix, "_utf8_surrogate") => |j| bytes(j, b"\xed\xa0\x80"),
            concat!($prefix, "_utf8_cut") => |j| bytes(j, b"\xf0\x9f\x98"),
            concat!($prefix, "_utf8_beyond") => |j| bytes(j, b"\xf5\x80\x80\x80"),
        )
    };
}

pub(super) const HEADER: &[Kind] = almost!(header, HeaderJson, "no JSON header", "header_json");
pub(super) const CLAIMS: &[Kind] = almost!(claims, ClaimsJson, "no JSON claims", "claims_json");
