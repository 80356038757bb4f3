//! Traffic over time, in steps that leave few enough points.

use std::collections::BTreeMap;

use super::super::Period;
use super::super::document::{BySide, Point, Series};
use super::figures::{asked, by_side};
use super::latency::Merged;
use crate::domain::{MismatchClass, Side, Timestamp};
use crate::ledger::{Counter, Stretch, Tally};

/// Lengths of a point, in minutes or hours.
const MINUTES: [i64; 7] = [1, 2, 5, 10, 15, 30, 60];
const HOURS: [i64; 8] = [1, 2, 4, 6, 12, 24, 48, 24 * 7];

/// What was counted in one step.
#[derive(Default)]
struct Step {
    tally: Tally,
    legacy: Merged,
    ssot: Merged,
}

/// The series of a component, of about `points_max` points.
pub(super) fn series(stretches: &[Stretch], period: Period, points_max: usize) -> Series {
    let length_s = step_s(period, points_max);
    let mut steps: BTreeMap<i64, Step> = BTreeMap::new();
    for stretch in stretches {
        let start = stretch.start.seconds().div_euclid(length_s) * length_s;
        let step = steps.entry(start).or_default();
        step.tally.absorb(&stretch.tally);
        step.legacy.add(&stretch.legacy);
        step.ssot.add(&stretch.ssot);
    }
    let points = steps.into_iter();
    Series { step_s: length_s, points: points.map(|(start, step)| step.point(start)).collect() }
}

fn step_s(period: Period, points_max: usize) -> i64 {
    let steps = if period.grain_s < 3_600 { &MINUTES[..] } else { &HOURS[..] };
    let points_max = i64::try_from(points_max.max(1)).unwrap_or(i64::MAX);
    let fits = |step: &i64| period.seconds() / step <= points_max;
    let mut steps = steps.iter().map(|step| step * period.grain_s);
    let longest = steps.clone().next_back().unwrap_or(period.grain_s);
    steps.find(fits).unwrap_or(longest)
}

impl Step {
    fn point(self, start: i64) -> Point {
        let Self { tally, legacy, ssot } = self;
        let mismatches = MismatchClass::ALL
            .map(|class| (class.code().to_owned(), tally.count(Counter::Mismatched(class))));
        Point {
            at: Timestamp::from_seconds(start),
            requests: tally.requests(),
            served_by: by_side(|side| tally.count(Counter::Served(side))),
            conclusive: tally.conclusive(),
            matched: tally.count(Counter::Matched),
            accepted: tally.accepted(),
            mismatches: mismatches.into_iter().filter(|(_, count)| *count > 0).collect(),
            failures: by_side(|side| tally.failures(side)),
            asked: BySide {
                legacy: asked(&tally, Side::Legacy, legacy.count()),
                ssot: asked(&tally, Side::Ssot, ssot.count()),
            },
            latency: BySide { legacy: legacy.point(), ssot: ssot.point() },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::Preset;
    use super::*;
    use crate::ledger::{Grain, Latency};

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    #[test]
    fn steps_grow_until_the_points_are_few_enough_and_lose_no_request() {
        let day = Period::last(Preset::Day, NOW);
        assert_eq!(step_s(day, 1_440), 60);
        assert_eq!(step_s(day, 400), 300);
        assert_eq!(step_s(day, 3), 3_600);
        assert_eq!(step_s(Period::last(Preset::Month, NOW), 400), 2 * 3_600);
        let mut tally = Tally::default();
        tally.add(Counter::Allowed);
        tally.add(Counter::Served(Side::Legacy));
        let stretches: Vec<Stretch> = (0..1_440)
            .map(|minute| Stretch {
                start: day.from.plus_seconds(minute * 60),
                grain: Grain::Minute,
                tally: tally.clone(),
                legacy: Latency::default(),
                ssot: Latency::default(),
            })
            .collect();
        let series = series(&stretches, day, 400);
        assert!(series.points.len() <= 289, "{}", series.points.len());
        assert_eq!(series.points.iter().map(|point| point.requests).sum::<u64>(), 1_440);
        assert_eq!(series.points.iter().map(|point| point.served_by.legacy).sum::<u64>(), 1_440);
    }
}
