//! Too long, too deep, too many.

use crate::authority::specimens::bench::{Bench, quoted, text};
use crate::authority::specimens::kind::{Kind, deny};
use crate::domain::Credentials;
use crate::domain::Reason::{Nesting, Segments, TokenTooLong};

/// Bytes of a claim with which the token has about 8 KiB.
pub(super) fn room(bench: &Bench<'_>) -> usize {
    (8192 - bench.fresh().reveal().len()) / 4 * 3
}

fn deep(open: &str, close: &str, levels: usize) -> String {
    format!("{}1{}", open.repeat(levels), close.repeat(levels))
}

fn claim(bench: &Bench<'_>, open: &str, close: &str, levels: usize) -> Credentials {
    bench.claim("x", deep(open, close, levels))
}

pub(super) const KINDS: &[Kind] = &[
    deny("long_barely", TokenTooLong, "a little over 8 KiB", |b| {
        b.claim("note", quoted(&"x".repeat(room(b) + 24)))
    }),
    deny("long_header", TokenTooLong, "9 KiB of header", |b| {
        b.head("x", quoted(&"x".repeat(9000)))
    }),
    deny("long_signature", TokenTooLong, "9 KiB of signature", |b| {
        b.bent(|header, claims, signature| {
            format!("{header}.{claims}.{signature}{}", "A".repeat(9216))
        })
    }),
    deny("long_permissions", TokenTooLong, "thousands of permissions", |b| {
        b.claim("permissions", format!("[{}\"x\"]", "\"read\",".repeat(2000)))
    }),
    deny("long_dots", TokenTooLong, "9,000 dots", |_| text(&".".repeat(9000))),
    deny("many_dots", Segments, "8,000 dots", |_| text(&".".repeat(8000))),
    deny("many_segments", Segments, "a good token many times", |b| {
        let fresh = b.fresh();
        let times = 8000 / fresh.reveal().len();
        text(&vec![fresh.reveal(); times.max(2)].join("."))
    }),
    deny("deep_lists", Nesting, "lists, one level too deep", |b| claim(b, "[", "]", 8)),
    deny("deep_objects", Nesting, "objects, one level too deep", |b| claim(b, r#"{"x":"#, "}", 8)),
    deny("deep_mixed", Nesting, "both, too deep", |b| claim(b, r#"[{"x":"#, "}]", 4)),
    deny("deep_500", Nesting, "500 lists", |b| claim(b, "[", "]", 500)),
    deny("deep_2500", Nesting, "2,500 lists", |b| claim(b, "[", "]", 2500)),
    deny("deep_open", Nesting, "lists that are never closed", |b| b.claim("x", "[".repeat(2500))),
    deny("deep_header", Nesting, "a header one level too deep", |b| b.head("x", deep("[", "]", 8))),
    deny("deep_header_500", Nesting, "500 lists in the header", |b| {
        b.head("x", deep("[", "]", 500))
    }),
    deny("deep_jwk", Nesting, "a key of many levels", |b| b.head("jwk", deep(r#"{"k":"#, "}", 30))),
];
