//! Times of the wrong type, negative, absurd, ahead.

use crate::authority::specimens::bench::Bench;
use crate::authority::specimens::kind::{Kind, deny, each};
use crate::domain::Credentials;
use crate::domain::Reason::{ClaimType, Expired, IssuedInFuture, LifetimeTooLong, NotYetValid};

fn expires(bench: &Bench<'_>, raw: &str) -> Credentials {
    bench.claim("exp", raw)
}

fn issued(bench: &Bench<'_>, raw: &str) -> Credentials {
    bench.claim("iat", raw)
}

fn not_before(bench: &Bench<'_>, raw: &str) -> Credentials {
    bench.claim("nbf", raw)
}

macro_rules! no_moment {
    ($make:ident, $claim:literal) => {
        each!(ClaimType($claim), "no moment", $make;
            concat!($claim, "_empty_text") => r#""""#,
            concat!($claim, "_word") => r#""tomorrow""#,
            concat!($claim, "_digits") => r#""9999999999""#,
            concat!($claim, "_date") => r#""2030-01-01T00:00:00Z""#,
            concat!($claim, "_false") => "false",
            concat!($claim, "_true_value") => "true",
            concat!($claim, "_object") => r#"{"$date":9999999999}"#,
            concat!($claim, "_list_empty") => "[]",
            concat!($claim, "_list_one") => "[9999999999]",
            concat!($claim, "_minus_one") => "-1",
            concat!($claim, "_minus_fraction") => "-0.5",
            concat!($claim, "_minus_huge") => "-1e300",
            concat!($claim, "_least") => "-9223372036854775808",
            concat!($claim, "_milliseconds_13") => "1790000000000",
            concat!($claim, "_year_5138") => "100000000000",
            concat!($claim, "_largest") => "9223372036854775807",
            concat!($claim, "_beyond_signed") => "9223372036854775808",
            concat!($claim, "_unsigned") => "18446744073709551615",
            concat!($claim, "_beyond") => "18446744073709551616",
            concat!($claim, "_digits_many") => "99999999999999999999999999999999999999",
            concat!($claim, "_exponent") => "1e300",
        )
    };
}

pub(super) const EXPIRES: &[Kind] = no_moment!(expires, "exp");
pub(super) const ISSUED: &[Kind] = no_moment!(issued, "iat");
pub(super) const NOT_BEFORE: &[Kind] = no_moment!(not_before, "nbf");

const DAY: i64 = 86_400;

pub(super) const KINDS: &[Kind] = &[
    deny("exp_one", Expired, "a second after 1970 began", |b| b.claim("exp", 1)),
    deny("exp_fraction_zero", Expired, "0.0", |b| b.claim("exp", "0.0")),
    deny("exp_minus_zero", Expired, "-0", |b| b.claim("exp", "-0")),
    deny("exp_tiny", Expired, "a very small number", |b| b.claim("exp", "1e-300")),
    deny("exp_10m", Expired, "ten minutes late", |b| b.life(-1500, -600)),
    deny("exp_fraction_past", Expired, "an eighth of a second late", |b| {
        b.claim("exp", format!("{}.125", b.now))
    }),
    deny("exp_year_2286", LifetimeTooLong, "for centuries, as an exponent", |b| {
        b.claim("exp", "1e10")
    }),
    deny("iat_zero", LifetimeTooLong, "issued in 1970", |b| b.claim("iat", 0)),
    deny("iat_ahead_6s", IssuedInFuture, "a second over the tolerance", |b| b.life(6, 900)),
    deny("iat_ahead_5_5s", IssuedInFuture, "a quarter of a second over it", |b| {
        b.claim("iat", format!("{}.5", b.now + 5))
    }),
    deny("iat_ahead_1d", IssuedInFuture, "tomorrow's", |b| b.life(DAY, DAY + 900)),
    deny("iat_ahead_2286", IssuedInFuture, "issued in another century", |b| {
        b.life(8_000_000_000, 8_000_000_900)
    }),
    deny("nbf_ahead_6s", NotYetValid, "a second over the tolerance", |b| b.claim("nbf", b.now + 6)),
    deny("nbf_ahead_5_5s", NotYetValid, "a quarter of a second over it", |b| {
        b.claim("nbf", format!("{}.5", b.now + 5))
    }),
    deny("nbf_ahead_1d", NotYetValid, "tomorrow's", |b| b.claim("nbf", b.now + DAY)),
    deny("nbf_after_exp", NotYetValid, "never valid", |b| b.claim("nbf", b.now + 3600)),
    deny("lifetime_barely", LifetimeTooLong, "a second over 24 hours", |b| b.life(-60, DAY - 59)),
    deny("lifetime_fraction", LifetimeTooLong, "half a second over 24 hours", |b| {
        b.claim("exp", format!("{}.5", b.now - 60 + DAY))
    }),
    deny("lifetime_1y", LifetimeTooLong, "a year", |b| b.life(-60, 365 * DAY)),
    deny("lifetime_5000", LifetimeTooLong, "until the year 5000", |b| {
        b.claim("exp", 95_617_584_000_i64)
    }),
];
