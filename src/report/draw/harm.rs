//! What rollbacks have spared people, estimated so that it is rather too little.

use super::super::ReportError;
use super::super::document::{BySide, HarmOf, HarmPart};
use super::super::rate::{float, wilson};
use super::figures::asked;
use super::latency::Merged;
use super::past::Rollback;
use crate::domain::{MismatchClass, Side, Timestamp};
use crate::flags::Flag;
use crate::ledger::{Counter, Grain, Span, Stretch, Tally, Timeline};

/// How it is estimated, in words.
pub(super) const METHOD: &str = "For each rollback by the guard: SSOT's rate of failures and \
    wrong refusals in the time at the share that was rolled back, one hour at most, of which the \
    lower end of the 95 % interval is taken (Wilson); without the upper end of the same interval \
    of legacy's failures; zero where that is negative. That rate times the answers which legacy \
    gave in the hour after the rollback (from its first whole minute, until SSOT served again) \
    times the share, each product rounded down.";

/// What it leaves out.
pub(super) const NOT_COUNTED: [&str; 6] = [
    "what SSOT would have let in wrongly: a security alarm is no failed answer",
    "rollbacks by people, and holds",
    "what would have come after the first hour",
    "people: one person may have asked often",
    "that answers of other components depend on these",
    "that legacy stands by in canary and live, and would have made good some of the failures \
     (wrong refusals never), later and within its budget: so much may be too much",
];

/// What rollbacks of one component have spared people.
pub(super) fn prevented(
    timeline: &Timeline,
    flag: &Flag,
    rollbacks: Vec<Rollback>,
    now: Timestamp,
) -> Result<HarmPart, ReportError> {
    let mut harm = HarmPart::default();
    for rollback in rollbacks {
        let seen_from = rollback.at.plus_seconds(-3_600).max(rollback.since);
        let hour = rollback.at.plus_seconds(3_600);
        let counted_until = rollback.served_again.map_or(hour, |again| again.min(hour));
        let of = |from, to| timeline.of(&flag.component, Span { from, to }, Grain::Minute);
        let before = Seen::of(&of(seen_from, rollback.at)?);
        let first_whole = minute_after(rollback.at);
        let after =
            if first_whole < counted_until { of(first_whole, counted_until)? } else { Vec::new() };
        let served = after.iter().filter(|stretch| stretch.start >= first_whole);
        let served = served.map(|stretch| stretch.tally.count(Counter::Served(Side::Legacy))).sum();
        let part = estimate(&rollback, &before, served, (seen_from, counted_until), now);
        harm.answers_spared += part.answers_spared;
        harm.rollbacks.push(part);
    }
    Ok(harm)
}

fn minute_after(at: Timestamp) -> Timestamp {
    Timestamp::from_seconds((at.seconds().div_euclid(60) + 1) * 60)
}

/// What was seen of both sides before a rollback.
struct Seen {
    asked: BySide<u64>,
    failed: BySide<u64>,
    wrongly_refused: u64,
}

impl Seen {
    fn of(stretches: &[Stretch]) -> Self {
        let mut tally = Tally::default();
        let (mut legacy, mut ssot) = (Merged::default(), Merged::default());
        for stretch in stretches {
            tally.absorb(&stretch.tally);
            legacy.add(&stretch.legacy);
            ssot.add(&stretch.ssot);
        }
        Self {
            asked: BySide {
                legacy: asked(&tally, Side::Legacy, legacy.count()),
                ssot: asked(&tally, Side::Ssot, ssot.count()),
            },
            failed: BySide {
                legacy: tally.failures(Side::Legacy),
                ssot: tally.failures(Side::Ssot),
            },
            wrongly_refused: tally.count(Counter::Mismatched(MismatchClass::Stricter)),
        }
    }
}

fn estimate(
    rollback: &Rollback,
    seen: &Seen,
    served_by_legacy: u64,
    (seen_from, counted_until): (Timestamp, Timestamp),
    now: Timestamp,
) -> HarmOf {
    let bad = seen.failed.ssot + seen.wrongly_refused;
    let ssot_rate_low = wilson(bad, seen.asked.ssot).map_or(0.0, |interval| interval.low);
    // Where legacy was not asked nothing is known in SSOT's disfavour.
    let legacy = wilson(seen.failed.legacy, seen.asked.legacy);
    let legacy_rate_high = legacy.map_or(1.0, |interval| interval.high);
    let excess_rate = (ssot_rate_low - legacy_rate_high).max(0.0);
    let share = u64::from(rollback.share_basis_points);
    let would_be_ssot = served_by_legacy.saturating_mul(share) / 10_000;
    HarmOf {
        at: rollback.at,
        revision: rollback.revision,
        share_basis_points: rollback.share_basis_points,
        seen_from,
        asked: seen.asked,
        failed: seen.failed,
        wrongly_refused: seen.wrongly_refused,
        ssot_rate_low,
        legacy_rate_high,
        excess_rate,
        counted_until,
        is_over: counted_until <= now,
        served_by_legacy,
        would_be_ssot,
        answers_spared: floor(float(would_be_ssot) * excess_rate),
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a part of a count: not negative, and no larger than the count"
)]
fn floor(value: f64) -> u64 {
    value as u64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::Revision;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    fn part(share: u16, seen: &Seen, served: u64) -> HarmOf {
        let rollback = Rollback {
            at: NOW,
            revision: Revision(7),
            share_basis_points: share,
            since: NOW.plus_seconds(-900),
            served_again: None,
        };
        estimate(&rollback, seen, served, (NOW.plus_seconds(-900), NOW.plus_seconds(3_600)), NOW)
    }

    fn seen(asked: (u64, u64), failed: (u64, u64), wrongly_refused: u64) -> Seen {
        Seen {
            asked: BySide { legacy: asked.0, ssot: asked.1 },
            failed: BySide { legacy: failed.0, ssot: failed.1 },
            wrongly_refused,
        }
    }

    #[test]
    fn what_is_spared_is_the_sure_excess_of_what_ssot_would_have_answered() {
        let part = part(2_500, &seen((1_000, 1_000), (0, 180), 20), 4_000);
        // 200 of 1,000 is surely above 17.6 %, 0 of 1,000 surely below 0.4 %.
        assert!((part.ssot_rate_low - 0.1764).abs() < 1e-3, "{part:?}");
        assert!((part.legacy_rate_high - 0.0038).abs() < 1e-3, "{part:?}");
        assert_eq!((part.would_be_ssot, part.answers_spared), (1_000, 172), "{part:?}");
        assert!(!part.is_over);
    }

    #[test]
    fn where_legacy_is_no_better_or_was_not_asked_nothing_was_spared() {
        assert_eq!(part(10_000, &seen((100, 100), (50, 50), 0), 9_999).answers_spared, 0);
        assert_eq!(part(10_000, &seen((0, 100), (0, 100), 0), 9_999).answers_spared, 0);
        assert_eq!(part(10_000, &seen((0, 0), (0, 0), 0), 9_999).answers_spared, 0);
    }

    proptest! {
        #[test]
        fn never_more_is_spared_than_would_have_been_ssots(
            asked in (0_u64..10_000, 0_u64..10_000), parts in (0_u64..10_000, 0_u64..10_000),
            share in 0_u16..=10_000, served in 0_u64..1_000_000,
        ) {
            let failed = (parts.0.min(asked.0), parts.1.min(asked.1));
            let part = part(share, &seen(asked, failed, 0), served);
            prop_assert!(part.answers_spared <= part.would_be_ssot);
            prop_assert!(part.would_be_ssot <= served);
            prop_assert!((0.0..=1.0).contains(&part.excess_rate));
        }
    }
}
