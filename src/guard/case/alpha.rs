//! How much of the bounded probability of a false rollback each rule may use.
//!
//! One in a thousand a component, for ever: divided between the statistical rules, and of each
//! rule's part `6 / (π² k²)` for the attempt `k`, which sums to the whole over all attempts. Rules
//! that are not statistical are outside this bound. What a rule has that can never fire for a kind of
//! component is R2's: a component that delivers no events has no deliveries to go wrong.

use std::f64::consts::PI;

use crate::flags::Kind;

/// Of the regression test against legacy.
pub const REGRESSION: f64 = 3e-4;
/// Of the limit of the error rate, where every rule can fire.
const ERROR_RATE: f64 = 3e-4;
/// Of the paired test for differences.
pub const DIVERGENCE: f64 = 2e-4;
/// Of the two tests of latency together.
pub const LATENCY: f64 = 1e-4;
/// Of the deliveries of sockets.
pub const SOCKETS: f64 = 1e-4;

/// Of the limit of the error rate of such a component.
pub const fn error_rate(kind: Kind) -> f64 {
    match kind {
        Kind::Connections | Kind::Events => ERROR_RATE,
        Kind::Auth | Kind::Session | Kind::Tokens => ERROR_RATE + SOCKETS,
    }
}

/// A rule's part in the attempt of this number, the first of which is 1.
pub fn of_attempt(whole: f64, attempt: u32) -> f64 {
    whole * 6.0 / (PI * f64::from(attempt.max(1))).powi(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_rules_of_all_attempts_stay_below_one_in_a_thousand() {
        let others = REGRESSION + DIVERGENCE + LATENCY;
        for (kind, sockets) in [(Kind::Events, SOCKETS), (Kind::Auth, 0.0)] {
            let whole = others + error_rate(kind) + sockets;
            let used: f64 = (1..100_000).map(|attempt| of_attempt(whole, attempt)).sum();
            assert!(used < 1e-3 && used > 0.9999e-3, "{kind:?}: {used}");
        }
    }
}
