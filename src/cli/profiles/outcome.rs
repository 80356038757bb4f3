//! What a verdict comes to, in one letter.

use crate::compare::{MismatchClass, Verdict};

/// What a verdict comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The sides agree.
    Match,
    /// They differ, in this way.
    Differs(MismatchClass),
    /// Nothing can be concluded.
    Inconclusive,
}

impl Outcome {
    /// Every outcome, in the order in which they are shown.
    pub const ALL: [Self; 8] = [
        Self::Match,
        Self::Differs(MismatchClass::OF_DECISIONS[0]),
        Self::Differs(MismatchClass::OF_DECISIONS[1]),
        Self::Differs(MismatchClass::OF_DECISIONS[2]),
        Self::Differs(MismatchClass::OF_DECISIONS[3]),
        Self::Differs(MismatchClass::OF_DECISIONS[4]),
        Self::Differs(MismatchClass::OF_DECISIONS[5]),
        Self::Inconclusive,
    ];

    /// The outcome of a verdict.
    pub const fn of(verdict: &Verdict) -> Self {
        match verdict {
            Verdict::Match => Self::Match,
            Verdict::Mismatch(mismatch) => Self::Differs(mismatch.class),
            Verdict::Inconclusive(_) => Self::Inconclusive,
        }
    }

    /// The letter in a matrix.
    pub const fn letter(self) -> char {
        match self {
            Self::Match => '.',
            Self::Differs(MismatchClass::Looser) => 'L',
            Self::Differs(MismatchClass::Stricter) => 'S',
            Self::Differs(MismatchClass::SubjectDiffers) => 'I',
            Self::Differs(MismatchClass::ScopesDiffer) => 'c',
            Self::Differs(MismatchClass::ClaimsDiffer) => 't',
            Self::Differs(MismatchClass::ReasonDiffers) => 'r',
            // Of events and connections; no validator comes to these.
            Self::Differs(
                MismatchClass::Misdelivered
                | MismatchClass::EventLost
                | MismatchClass::EventRepeated
                | MismatchClass::EventReordered
                | MismatchClass::BodyDiffers
                | MismatchClass::Late
                | MismatchClass::ConnectionDiffers,
            ) => '!',
            Self::Inconclusive => '?',
        }
    }

    /// The head of a narrow column.
    pub const fn head(self) -> &'static str {
        match self {
            Self::Match => "match",
            Self::Differs(MismatchClass::Looser) => "looser",
            Self::Differs(MismatchClass::Stricter) => "stricter",
            Self::Differs(MismatchClass::SubjectDiffers) => "subject",
            Self::Differs(MismatchClass::ScopesDiffer) => "scopes",
            Self::Differs(MismatchClass::ClaimsDiffer) => "type",
            Self::Differs(MismatchClass::ReasonDiffers) => "reason",
            // Of events and connections; no validator comes to these.
            Self::Differs(
                MismatchClass::Misdelivered
                | MismatchClass::EventLost
                | MismatchClass::EventRepeated
                | MismatchClass::EventReordered
                | MismatchClass::BodyDiffers
                | MismatchClass::Late
                | MismatchClass::ConnectionDiffers,
            ) => "other",
            Self::Inconclusive => "unclear",
        }
    }

    /// The machine-readable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Match => "match",
            Self::Differs(class) => class.code(),
            Self::Inconclusive => "inconclusive",
        }
    }

    /// The outcome in words, for people.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Match => "both answer the same",
            Self::Differs(class) => class.meaning(),
            Self::Inconclusive => "they differ within two seconds of a time in the token",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_outcome_has_a_letter_of_its_own() {
        let letters: BTreeSet<char> = Outcome::ALL.map(Outcome::letter).into();
        assert_eq!(letters.len(), Outcome::ALL.len());
    }
}
