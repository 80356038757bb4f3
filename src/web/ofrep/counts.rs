//! What came of the questions, counted.

use std::sync::atomic::{AtomicU64, Ordering};

/// What came of one question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OfrepOutcome {
    /// One component was evaluated.
    Single,
    /// All components were evaluated, and the answer was sent.
    Bulk,
    /// All components were evaluated, and the caller has the answer already.
    NotModified,
    /// The body could not be read, or the context in it.
    Unreadable,
    /// There is no such component.
    NotFound,
    /// The caller was not let in.
    Refused,
    /// Something that should not happen.
    Failed,
}

impl OfrepOutcome {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Single,
        Self::Bulk,
        Self::NotModified,
        Self::Unreadable,
        Self::NotFound,
        Self::Refused,
        Self::Failed,
    ];

    /// Its word in metrics.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Single => "single",
            Self::Bulk => "bulk",
            Self::NotModified => "not_modified",
            Self::Unreadable => "unreadable",
            Self::NotFound => "not_found",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}

/// How often each outcome came.
#[derive(Debug, Default)]
pub struct OfrepCounts([AtomicU64; OfrepOutcome::ALL.len()]);

impl OfrepCounts {
    pub(super) fn count(&self, outcome: OfrepOutcome) {
        self.0[outcome as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// How often it came.
    pub fn of(&self, outcome: OfrepOutcome) -> u64 {
        self.0[outcome as usize].load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_outcome_has_a_place_and_a_word_of_its_own() {
        let counts = OfrepCounts::default();
        for (place, outcome) in (0..).zip(OfrepOutcome::ALL) {
            (0..place).for_each(|_| counts.count(outcome));
        }
        let told: Vec<u64> = OfrepOutcome::ALL.map(|outcome| counts.of(outcome)).into();
        assert_eq!(told, [0, 1, 2, 3, 4, 5, 6]);
        let mut words = OfrepOutcome::ALL.map(OfrepOutcome::code);
        words.sort_unstable();
        assert!(words.is_sorted_by(|one, next| one != next));
    }
}
