//! How many rescues a component may have in a second.

use parking_lot::Mutex;

use crate::domain::Timestamp;

/// Counts rescues in the current second. A failing side must not push its whole load onto the
/// other one.
#[derive(Debug, Default)]
pub struct Budget(Mutex<(i64, u32)>);

impl Budget {
    /// True while this second has used fewer than `per_second_max`; uses one.
    pub fn take(&self, now: Timestamp, per_second_max: u32) -> bool {
        let mut spent = self.0.lock();
        if spent.0 != now.seconds() {
            *spent = (now.seconds(), 0);
        }
        let allowed = spent.1 < per_second_max;
        if allowed {
            spent.1 += 1;
        }
        allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_used_up_and_comes_back_with_the_next_second() {
        let budget = Budget::default();
        let at = Timestamp::from_seconds;
        assert!(budget.take(at(1), 2) && budget.take(at(1), 2));
        assert!(!budget.take(at(1), 2));
        assert!(budget.take(at(2), 2));
        assert!(!budget.take(at(2), 0));
    }
}
