//! How long to wait before the next attempt.

use std::time::Duration;

/// The longest first wait.
const FIRST: Duration = Duration::from_secs(1);
/// The longest wait of all.
const LONGEST: Duration = Duration::from_mins(5);
/// The longest that `Retry-After` is heeded.
const TOLD_LONGEST: Duration = Duration::from_hours(1);

/// The wait after so many failed attempts (at least one): a random part, `chance` from 0 to 1, of
/// a bound that doubles from one second to five minutes; on top of what the other end asked for.
pub(super) fn wait(failures: u32, told: Option<Duration>, chance: f64) -> Duration {
    let told = told.unwrap_or_default().min(TOLD_LONGEST);
    told + bound(failures).mul_f64(chance.clamp(0.0, 1.0))
}

fn bound(failures: u32) -> Duration {
    let doublings = failures.saturating_sub(1).min(16);
    FIRST.saturating_mul(1 << doublings).min(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_doubles_from_a_second_to_five_minutes() {
        let bounds: Vec<_> = (1..=11).map(|failures| bound(failures).as_secs()).collect();
        assert_eq!(bounds, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
        assert_eq!(bound(u32::MAX), LONGEST);
    }

    #[test]
    fn the_wait_is_any_part_of_the_bound() {
        assert_eq!(wait(3, None, 0.0), Duration::ZERO);
        assert_eq!(wait(3, None, 0.5), Duration::from_secs(2));
        assert_eq!(wait(3, None, 1.0), Duration::from_secs(4));
    }

    #[test]
    fn what_the_other_end_asks_for_is_heeded_up_to_an_hour() {
        let told = |seconds| wait(1, Some(Duration::from_secs(seconds)), 1.0).as_secs();
        assert_eq!((told(0), told(30), told(1_000_000)), (1, 31, 3_601));
    }
}
