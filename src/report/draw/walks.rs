//! Walks of the prober within the period.

use super::super::Period;
use super::super::document::WalksPart;
use super::super::rate::{rate, wilson};
use crate::domain::Side;
use crate::ledger::{Journeys, WalkCounts};

/// Longer periods are told by whole days: hours of walks are kept for two weeks.
const BY_HOURS_S: i64 = 7 * 86_400;

/// What came of the walks of a side.
pub(super) fn walks(journeys: &Journeys, side: Side, period: Period) -> WalksPart {
    let span = (period.from, period.to.plus_seconds(-1));
    let stretches = if period.seconds() <= BY_HOURS_S {
        journeys.hours(side, span)
    } else {
        journeys.days(side, span)
    };
    let mut counts = WalkCounts::default();
    for (_, stretch) in &stretches {
        counts.merge(stretch);
    }
    part(&counts)
}

fn part(counts: &WalkCounts) -> WalksPart {
    let (passed, judged) = (u64::from(counts.passed), u64::from(counts.judged()));
    let interval = wilson(passed, judged);
    let steps = counts.steps.iter().filter(|(_, counts)| counts.failed > 0);
    WalksPart {
        passed,
        failed: counts.failed.into(),
        astray: counts.astray.into(),
        unplaced: counts.unplaced.into(),
        pass_rate: rate(passed, judged),
        pass_rate_low: interval.map(|interval| interval.low),
        pass_rate_high: interval.map(|interval| interval.high),
        failed_steps: steps
            .map(|(step, counts)| (step.as_str().to_owned(), u64::from(counts.failed)))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn walks_that_say_nothing_of_their_side_are_in_no_rate() {
        let counts = WalkCounts { passed: 9, failed: 1, astray: 5, ..WalkCounts::default() };
        let part = part(&counts);
        assert_eq!((part.pass_rate, part.astray, part.failed_steps.len()), (Some(0.9), 5, 0));
        assert_eq!(super::part(&WalkCounts::default()).pass_rate, None);
    }
}
