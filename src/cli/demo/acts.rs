//! The story, act by act.

use std::time::Duration;

use crate::domain::Share;

/// What happens at the beginning of an act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Does {
    /// The component is where it is: in shadow, by its seed.
    Begin,
    /// One stage forward.
    Advance(&'static str, Option<Share>),
    /// Ssot is broken: it panics, and halfway through it begins to hang.
    Break,
    /// The component is rolled back; then ssot is mended.
    RollBack,
}

/// One act.
#[derive(Debug)]
pub struct Act {
    /// For the table.
    pub name: &'static str,
    /// For machines.
    pub code: &'static str,
    /// What happens.
    pub does: Does,
    /// Its part of the whole length, in percent.
    pub percent: u32,
    /// What is to be seen, in two lines of at most 76 characters.
    pub text: [&'static str; 2],
}

impl Act {
    /// How long it takes in a story of this length.
    pub fn length(&self, story: Duration) -> Duration {
        story * self.percent / 100
    }
}

/// All acts; their percentages add up to 100.
pub const ACTS: [Act; 6] = [
    Act {
        name: "shadow",
        code: "shadow",
        does: Does::Begin,
        percent: 22,
        text: [
            "Legacy answers every caller. Behind their backs ssot is asked the same",
            "questions, and the answers are compared.",
        ],
    },
    Act {
        name: "canary 10 %",
        code: "canary_10",
        does: Does::Advance("canary", Share::from_basis_points(1_000)),
        percent: 16,
        text: [
            "Ssot answers one person in ten, always the same ones, and legacy stands by.",
            "Every answer is still compared.",
        ],
    },
    Act {
        name: "canary 50 %",
        code: "canary_50",
        does: Does::Advance("canary", Share::from_basis_points(5_000)),
        percent: 16,
        text: [
            "Half of the people. Whoever was on ssot at 10 % still is: a growing share",
            "never lets go of anybody.",
        ],
    },
    Act {
        name: "live",
        code: "live",
        does: Does::Advance("live", None),
        percent: 14,
        text: [
            "Ssot answers everybody. Legacy is asked for one answer in twenty, to compare,",
            "and stands by.",
        ],
    },
    Act {
        name: "ssot breaks",
        code: "broken",
        does: Does::Break,
        percent: 16,
        text: [
            "Ssot is broken on purpose: it panics, then it hangs. A failure is no answer,",
            "so callers get legacy's instead: rescued. A deny would have been final.",
        ],
    },
    Act {
        name: "rolled back",
        code: "rolled_back",
        does: Does::RollBack,
        percent: 16,
        text: [
            "One POST to /v1/flags/http-auth/rollback: from the next request on legacy",
            "answers. Ssot is mended, and is asked behind the callers' backs again.",
        ],
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_acts_fill_the_whole_story() {
        assert_eq!(ACTS.iter().map(|act| act.percent).sum::<u32>(), 100);
    }

    #[test]
    fn every_line_fits_a_terminal_of_80_columns() {
        for line in ACTS.iter().flat_map(|act| act.text) {
            assert!(line.chars().count() <= 77, "{line}");
        }
    }
}
