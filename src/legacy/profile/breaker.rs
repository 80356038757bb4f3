//! A circuit breaker as the original has it: revoked tokens trip it for everybody.

use parking_lot::Mutex;
use serde::Deserialize;

use crate::domain::{Decision, PathError, Reason, Timestamp};

/// When the path stops answering.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BreakerRules {
    /// Failures in a row that open it.
    pub failures: u32,
    /// How long it stays open, in seconds.
    pub recovery_s: u32,
    /// A revoked token counts as a failure.
    #[serde(default)]
    pub revoked_counts: bool,
}

pub(super) struct Breaker {
    rules: BreakerRules,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    failures: u32,
    closed_from: Option<Timestamp>,
}

impl Breaker {
    pub(super) fn new(rules: BreakerRules) -> Self {
        Self { rules, state: Mutex::default() }
    }

    /// The error is [`PathError::Unreachable`] while open.
    pub(super) fn check(&self, now: Timestamp) -> Result<(), PathError> {
        if self.state.lock().closed_from.is_some_and(|end| now < end) {
            return Err(PathError::Unreachable("circuit breaker is open".into()));
        }
        Ok(())
    }

    /// Counts an answer. After the recovery time one more failure opens it again.
    pub(super) fn note(&self, decision: &Decision, now: Timestamp) {
        let mut state = self.state.lock();
        let failed = match decision {
            Decision::Deny(denial) => self.rules.revoked_counts && denial.reason == Reason::Revoked,
            Decision::Allow(_) => false,
        };
        if !failed {
            *state = State::default();
            return;
        }
        state.failures = state.failures.saturating_add(1);
        if state.failures >= self.rules.failures {
            state.closed_from = Some(now.plus_seconds(self.rules.recovery_s.into()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_000);

    #[test]
    fn three_revoked_tokens_in_a_row_shut_everybody_out_for_a_while() {
        let rules = BreakerRules { failures: 3, recovery_s: 10, revoked_counts: true };
        let breaker = Breaker::new(rules);
        let revoked = Decision::deny(Reason::Revoked);
        breaker.note(&revoked, NOW);
        breaker.note(&revoked, NOW);
        breaker.note(&Decision::deny(Reason::Signature), NOW);
        breaker.note(&revoked, NOW);
        breaker.note(&revoked, NOW);
        assert!(breaker.check(NOW).is_ok());
        breaker.note(&revoked, NOW);
        assert!(breaker.check(NOW.plus_seconds(9)).is_err());
        assert!(breaker.check(NOW.plus_seconds(10)).is_ok());
        breaker.note(&revoked, NOW.plus_seconds(10));
        assert!(breaker.check(NOW.plus_seconds(19)).is_err());
    }
}
