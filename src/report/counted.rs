//! A part of a whole that was counted, and how sure that is.

use serde::Serialize;

use super::rate::{rate, wilson};

/// So many of so many.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Rate {
    /// Those that are meant.
    pub good: u64,
    /// All of them.
    pub all: u64,
    /// The rate, 0 to 1.
    pub rate: f64,
    /// The lower end of its 95 % confidence interval.
    pub low: f64,
    /// The upper end of it.
    pub high: f64,
}

impl Rate {
    /// The rate with Wilson's interval. `None` of nothing.
    pub fn of(good: u64, all: u64) -> Option<Self> {
        let (rate, interval) = rate(good, all).zip(wilson(good, all))?;
        Some(Self { good, all, rate, low: interval.low, high: interval.high })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_nothing_is_no_rate_and_all_of_something_is_uncertain_below() {
        assert_eq!(Rate::of(0, 0), None);
        let all = Rate::of(20, 20).expect("counted");
        assert!(all.low < 0.84 && (all.high - 1.0).abs() < f64::EPSILON, "{all:?}");
    }
}
