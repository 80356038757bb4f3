//! How much of the bounded probability of a false rollback each rule may use.
//!
//! One in a thousand a component, for ever: divided between the statistical rules, and of each
//! rule's part `6 / (π² k²)` for the attempt `k`, which sums to the whole over all attempts. Rules
//! that are not statistical are outside this bound.

use std::f64::consts::PI;

/// Of the regression test against legacy.
pub const REGRESSION: f64 = 3e-4;
/// Of the limit of the error rate.
pub const ERROR_RATE: f64 = 3e-4;
/// Of the paired test for differences.
pub const DIVERGENCE: f64 = 2e-4;
/// Of the two tests of latency together.
pub const LATENCY: f64 = 1e-4;
/// Of the deliveries of sockets.
pub const SOCKETS: f64 = 1e-4;

/// A rule's part in the attempt of this number, the first of which is 1.
pub fn of_attempt(whole: f64, attempt: u32) -> f64 {
    whole * 6.0 / (PI * f64::from(attempt.max(1))).powi(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_rules_of_all_attempts_stay_below_one_in_a_thousand() {
        let whole = REGRESSION + ERROR_RATE + DIVERGENCE + LATENCY + SOCKETS;
        let used: f64 = (1..100_000).map(|attempt| of_attempt(whole, attempt)).sum();
        assert!(used < 1e-3 && used > 0.9999e-3, "{used}");
    }
}
