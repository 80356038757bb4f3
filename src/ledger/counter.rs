//! Everything that is counted, as one closed list.

use crate::compare::{Inconclusive, MismatchClass};
use crate::domain::{PathError, Side};

/// Something that is counted. Serialised by its [`Counter::code`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Counter {
    /// An answer came from this side.
    Served(Side),
    /// The served answer was an allow.
    Allowed,
    /// The served answer was a deny.
    Denied,
    /// No side could decide: the caller got 503.
    Undecided,
    /// This side failed while serving, and the other answered in its place.
    Rescued(Side),
    /// A rescue was due, but its budget was used up.
    RescueRefused,
    /// This side failed, serving or shadowed.
    Failed(Side, Failure),
    /// This side was taken to fail without being asked: its failure has no latency. How often it
    /// was to answer is this beside the count of its latencies.
    Unasked(Side),
    /// Both sides were asked and agree.
    Matched,
    /// The sides differ.
    Mismatched(MismatchClass),
    /// The sides differ in a way that an operator has accepted.
    Accepted(MismatchClass),
    /// Nothing could be concluded.
    Inconclusive(Inconclusive),
    /// Both sides were asked a second time.
    AskedAgain,
    /// Not compared: outside the sample.
    SampledOut,
    /// Not compared: a target keeps the subject on legacy alone.
    ByTarget,
    /// A deny that SSOT has proved, in the place of what legacy would have answered.
    Enforced,
    /// Nothing was enforced, because SSOT could prove nothing about the token.
    EnforceUndecided,
    /// Not compared: too many shadows in flight.
    Shed,
    /// Not compared: the other side cannot tell what it would do without doing it.
    CannotPlan,
    /// Done by the side that keeps the session, though the other one serves.
    Owned,
    /// The question was older than the oldest minute in memory; no window counts it.
    Late,
    /// A difference that found no room among the samples.
    SampleDropped,
}

/// How a path failed: [`PathError`] without its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Failure {
    /// See [`PathError::TimedOut`].
    TimedOut,
    /// See [`PathError::Unreachable`].
    Unreachable,
    /// See [`PathError::Unreadable`].
    Unreadable,
    /// See [`PathError::Panicked`].
    Panicked,
}

impl Failure {
    pub(super) const ALL: [Self; 4] =
        [Self::TimedOut, Self::Unreachable, Self::Unreadable, Self::Panicked];

    const fn code(self) -> &'static str {
        match self {
            Self::TimedOut => "timed_out",
            Self::Unreachable => "unreachable",
            Self::Unreadable => "unreadable",
            Self::Panicked => "panicked",
        }
    }
}

impl From<&PathError> for Failure {
    fn from(error: &PathError) -> Self {
        match error {
            PathError::TimedOut => Self::TimedOut,
            PathError::Unreachable(_) => Self::Unreachable,
            PathError::Unreadable(_) => Self::Unreadable,
            PathError::Panicked => Self::Panicked,
        }
    }
}

const CLASSES: usize = MismatchClass::ALL.len();
const FAILURES: usize = Failure::ALL.len();
const INCONCLUSIVE: usize = Inconclusive::ALL.len();

/// Counters before those of failures.
const PLAIN: usize = 21;

/// How many counters there are.
pub const COUNTERS: usize = PLAIN + 2 * FAILURES + 2 * CLASSES + INCONCLUSIVE;

impl Counter {
    /// The counter's place in a tally.
    pub(super) fn place(self) -> usize {
        match self {
            Self::Served(side) => side as usize,
            Self::Rescued(side) => 2 + side as usize,
            Self::Allowed => 4,
            Self::Denied => 5,
            Self::Undecided => 6,
            Self::RescueRefused => 7,
            Self::Matched => 8,
            Self::AskedAgain => 9,
            Self::SampledOut => 10,
            Self::Shed => 11,
            Self::Late => 12,
            Self::SampleDropped => 13,
            Self::CannotPlan => 14,
            Self::Owned => 15,
            Self::ByTarget => 16,
            Self::Enforced => 17,
            Self::EnforceUndecided => 18,
            Self::Unasked(side) => 19 + side as usize,
            Self::Failed(side, failure) => PLAIN + side as usize * FAILURES + failure as usize,
            Self::Mismatched(class) => PLAIN + 2 * FAILURES + class as usize,
            Self::Accepted(class) => PLAIN + 2 * FAILURES + CLASSES + class as usize,
            Self::Inconclusive(why) => {
                let place = Inconclusive::ALL.iter().position(|each| *each == why);
                PLAIN + 2 * FAILURES + 2 * CLASSES + place.unwrap_or(0)
            }
        }
    }

    /// Every counter, in the order in which they are shown.
    pub fn all() -> impl Iterator<Item = Self> {
        let plain = [Self::Allowed, Self::Denied, Self::Undecided];
        let rest = [
            Self::RescueRefused,
            Self::AskedAgain,
            Self::Enforced,
            Self::EnforceUndecided,
            Self::SampledOut,
            Self::ByTarget,
            Self::Shed,
            Self::CannotPlan,
            Self::Owned,
            Self::Late,
            Self::SampleDropped,
        ];
        let failed =
            Side::BOTH.into_iter().flat_map(|side| Failure::ALL.map(|how| Self::Failed(side, how)));
        (Side::BOTH.into_iter().map(Self::Served))
            .chain(plain)
            .chain([Self::Matched])
            .chain(MismatchClass::ALL.map(Self::Mismatched))
            .chain(MismatchClass::ALL.map(Self::Accepted))
            .chain(Inconclusive::ALL.map(Self::Inconclusive))
            .chain(failed)
            .chain(Side::BOTH.map(Self::Unasked))
            .chain(Side::BOTH.map(Self::Rescued))
            .chain(rest)
    }

    /// The machine-readable code, such as `mismatched:looser` or `failed:legacy:timed_out`.
    pub fn code(self) -> String {
        match self {
            Self::Served(side) => format!("served:{side}"),
            Self::Allowed => "allowed".to_owned(),
            Self::Denied => "denied".to_owned(),
            Self::Undecided => "undecided".to_owned(),
            Self::Rescued(side) => format!("rescued:{side}"),
            Self::RescueRefused => "rescue_refused".to_owned(),
            Self::Failed(side, failure) => format!("failed:{side}:{}", failure.code()),
            Self::Unasked(side) => format!("unasked:{side}"),
            Self::Matched => "matched".to_owned(),
            Self::Mismatched(class) => format!("mismatched:{}", class.code()),
            Self::Accepted(class) => format!("accepted:{}", class.code()),
            Self::Inconclusive(why) => format!("inconclusive:{}", why.code()),
            Self::AskedAgain => "asked_again".to_owned(),
            Self::SampledOut => "sampled_out".to_owned(),
            Self::ByTarget => "by_target".to_owned(),
            Self::Enforced => "enforced".to_owned(),
            Self::EnforceUndecided => "enforce_undecided".to_owned(),
            Self::Shed => "shed".to_owned(),
            Self::CannotPlan => "cannot_plan".to_owned(),
            Self::Owned => "owned".to_owned(),
            Self::Late => "late".to_owned(),
            Self::SampleDropped => "sample_dropped".to_owned(),
        }
    }

    /// The class that it counts, if it counts one.
    pub const fn class(self) -> Option<MismatchClass> {
        match self {
            Self::Mismatched(class) | Self::Accepted(class) => Some(class),
            Self::Served(_)
            | Self::Allowed
            | Self::Denied
            | Self::Undecided
            | Self::Rescued(_)
            | Self::RescueRefused
            | Self::Failed(..)
            | Self::Unasked(_)
            | Self::Matched
            | Self::Inconclusive(_)
            | Self::AskedAgain
            | Self::SampledOut
            | Self::ByTarget
            | Self::Enforced
            | Self::EnforceUndecided
            | Self::Shed
            | Self::CannotPlan
            | Self::Owned
            | Self::Late
            | Self::SampleDropped => None,
        }
    }

    /// The counter of a code.
    pub fn parse(code: &str) -> Option<Self> {
        Self::all().find(|counter| counter.code() == code)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_counter_has_a_place_and_a_code_of_its_own() {
        let places: HashSet<usize> = Counter::all().map(Counter::place).collect();
        assert_eq!(places, (0..COUNTERS).collect());
        for counter in Counter::all() {
            assert_eq!(Counter::parse(&counter.code()), Some(counter));
        }
    }
}
