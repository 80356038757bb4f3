//! Tokens at the wrong time.

use crate::domain::Reason::{
    ClaimMissing, ClaimType, Expired, IssuedInFuture, LifetimeTooLong, NotYetValid,
};

use super::kind::{Kind, deny};

const HOUR: i64 = 3600;

pub(super) const KINDS: &[Kind] = &[
    deny("expired_now", Expired, "exp is this very second", |b| b.life(-900, 0)),
    deny("expired_1s", Expired, "one second late", |b| b.life(-901, -1)),
    deny("expired_30s", Expired, "inside the usual leeway", |b| b.life(-930, -30)),
    deny("expired_1m", Expired, "at the edge of a library's leeway", |b| b.life(-960, -60)),
    deny("expired_90s", Expired, "outside every leeway", |b| b.life(-990, -90)),
    deny("expired_5h", Expired, "hours late", |b| b.life(-6 * HOUR, -5 * HOUR)),
    deny("exp_zero", Expired, "1970", |b| b.claim("exp", 0)),
    deny("exp_missing", ClaimMissing("exp"), "good for ever", |b| b.lacking("exp")),
    deny("exp_string", ClaimType("exp"), "digits in a string", |b| {
        b.claim("exp", format!("\"{}\"", b.now + 840))
    }),
    deny("exp_date_string", ClaimType("exp"), "a date in a string", |b| {
        b.claim("exp", "\"2099-01-01T00:00:00Z\"")
    }),
    deny("exp_null", ClaimType("exp"), "null is no number", |b| b.claim("exp", "null")),
    deny("exp_true", ClaimType("exp"), "a truth value", |b| b.claim("exp", "true")),
    deny("exp_negative", ClaimType("exp"), "before the epoch", |b| b.claim("exp", -1)),
    deny("exp_milliseconds", ClaimType("exp"), "milliseconds: good for 50,000 years", |b| {
        b.claim("exp", (b.now + 840) * 1000)
    }),
    deny("exp_huge", ClaimType("exp"), "beyond 64 bits", |b| b.claim("exp", "1e300")),
    deny("exp_list", ClaimType("exp"), "a list", |b| b.claim("exp", format!("[{}]", b.now + 840))),
    deny("exp_before_iat", ClaimType("exp"), "ends before it began", |b| b.life(4, 2)),
    deny("iat_missing", ClaimMissing("iat"), "of unknown age", |b| b.lacking("iat")),
    deny("iat_string", ClaimType("iat"), "digits in a string", |b| {
        b.claim("iat", format!("\"{}\"", b.now - 60))
    }),
    deny("iat_null", ClaimType("iat"), "null is no number", |b| b.claim("iat", "null")),
    deny("iat_negative", ClaimType("iat"), "before the epoch", |b| b.claim("iat", -1)),
    deny("iat_future_30s", IssuedInFuture, "more than clocks differ", |b| b.life(30, 930)),
    deny("iat_future_1h", IssuedInFuture, "a clock in another zone", |b| b.life(HOUR, HOUR + 900)),
    deny("nbf_future_30s", NotYetValid, "half a minute early", |b| b.claim("nbf", b.now + 30)),
    deny("nbf_future_1h", NotYetValid, "an hour early", |b| b.claim("nbf", b.now + HOUR)),
    deny("nbf_string", ClaimType("nbf"), "digits in a string", |b| {
        b.claim("nbf", format!("\"{}\"", b.now - 60))
    }),
    deny("nbf_null", ClaimType("nbf"), "null is no number", |b| b.claim("nbf", "null")),
    deny("age_25h", LifetimeTooLong, "issued yesterday, still unexpired", |b| {
        b.life(-25 * HOUR, 840)
    }),
    deny("lifetime_7d", LifetimeTooLong, "a week", |b| b.life(-60, 7 * 24 * HOUR)),
    deny("lifetime_10y", LifetimeTooLong, "ten years", |b| b.life(-60, 87_600 * HOUR)),
];
