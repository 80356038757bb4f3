//! Rates with how sure one may be of them.

/// The quantile of the normal distribution that leaves 2.5 % on each side.
const Z: f64 = 1.959_963_984_540_054;

/// Between what a rate lies, at 95 % confidence.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// Its lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

/// `hits` in `of`, 0 to 1; `None` of none.
pub fn rate(hits: u64, of: u64) -> Option<f64> {
    (of > 0).then(|| float(hits) / float(of))
}

/// Wilson's score interval of `hits` in `of`, at 95 % confidence: unlike the plain one it stays
/// within 0 to 1 and says something where nothing, or everything, was hit. `None` of none.
pub fn wilson(hits: u64, of: u64) -> Option<Interval> {
    let share = rate(hits.min(of), of)?;
    let n = float(of);
    let middle = share + Z * Z / (2.0 * n);
    let reach = Z * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
    let scale = 1.0 + Z * Z / n;
    let low = if hits == 0 { 0.0 } else { ((middle - reach) / scale).clamp(0.0, share) };
    let high = if hits >= of { 1.0 } else { ((middle + reach) / scale).clamp(share, 1.0) };
    Some(Interval { low, high })
}

/// Where nothing was hit in `of`: what the rate is below, at 95 % confidence (the rule of three).
pub fn rule_of_three(of: u64) -> Option<f64> {
    (of > 0).then(|| (3.0 / float(of)).min(1.0))
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
pub(super) const fn float(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn near(a: f64, b: f64) -> bool {
        (a - b).abs() < 5e-5
    }

    #[test]
    fn the_interval_is_the_one_of_the_books() {
        // 81 of 263: 0.2553 to 0.3662 (Newcombe 1998, method 3); 0 of 20 and 20 of 20 from the
        // formula by hand.
        let some = wilson(81, 263).expect("an interval");
        assert!(near(some.low, 0.2553) && near(some.high, 0.3662), "{some:?}");
        let none = wilson(0, 20).expect("an interval");
        assert!(near(none.low, 0.0) && near(none.high, 0.1611), "{none:?}");
        let all = wilson(20, 20).expect("an interval");
        assert!(near(all.low, 0.8389) && near(all.high, 1.0), "{all:?}");
        assert_eq!(wilson(0, 0), None);
    }

    #[test]
    fn the_rule_of_three_says_what_nothing_in_so_many_proves() {
        assert_eq!(rule_of_three(0), None);
        assert_eq!(rule_of_three(2), Some(1.0));
        assert_eq!(rule_of_three(300), Some(0.01));
    }

    proptest! {
        #[test]
        fn an_interval_holds_its_rate_and_lies_within_zero_and_one(
            of in 1_u64..1_000_000_000, part in 0.0_f64..=1.0
        ) {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count")]
            let hits = ((float(of) * part) as u64).min(of);
            let found = wilson(hits, of).expect("an interval");
            let share = rate(hits, of).expect("a rate");
            prop_assert!(0.0 <= found.low && found.low <= share);
            prop_assert!(share <= found.high && found.high <= 1.0);
        }

        #[test]
        fn more_of_the_same_makes_it_narrower(hits in 0_u64..1000, more in 1_u64..1000) {
            let of = hits + more;
            let few = wilson(hits, of).expect("an interval");
            let many = wilson(hits * 10, of * 10).expect("an interval");
            prop_assert!(many.high - many.low < few.high - few.low);
        }
    }
}
