//! The values of a chart in words: for the pointer, the keyboard and the table.

use std::collections::{BTreeMap, BTreeSet};

use super::Unit;
use super::number::{Across, Number};
use super::scale::across;
use super::time_axis::STEPS;
use super::words::{Fineness, moment, value_text};
use crate::domain::Timestamp;
use crate::ledger::Span;

/// All values of one moment, or of a short time.
pub struct Reading {
    /// When, or when it began.
    pub at: String,
    /// One text a line of the chart; where values differ, the lowest and the highest.
    pub values: Vec<String>,
    /// Where it is.
    pub x: Across,
    /// Where the part of the chart begins that is nearest to it, in hundredths of the width.
    pub left: Number,
    /// The width of that part.
    pub width: Number,
}

/// Values of one line.
pub type Points = Vec<(Timestamp, Option<f64>)>;

/// The readings of a span, and how many seconds each stands for; `None` where each is a moment.
pub fn readings(
    span: Span,
    unit: Unit,
    lines: &[Points],
    most: usize,
) -> (Vec<Reading>, Option<i64>) {
    let times: BTreeSet<i64> = lines.iter().flatten().map(|(at, _)| at.seconds()).collect();
    let step = step(&times, most);
    let fineness = fineness(span, &times);
    let mut rows: BTreeMap<i64, Vec<Option<(f64, f64)>>> = BTreeMap::new();
    for (line, points) in lines.iter().enumerate() {
        for (at, value) in points {
            let start = at.seconds().div_euclid(step) * step;
            let row = rows.entry(start).or_insert_with(|| vec![None; lines.len()]);
            if let (Some(seen), Some(value)) = (row.get_mut(line), value) {
                let (low, high) = seen.unwrap_or((*value, *value));
                *seen = Some((low.min(*value), high.max(*value)));
            }
        }
    }
    let rows: Vec<_> = rows
        .into_iter()
        .map(|(start, values)| {
            let at = Timestamp::from_seconds(start).max(span.from);
            let values = values.into_iter().map(|seen| text(unit, seen)).collect();
            (at, moment(at, fineness), values)
        })
        .collect();
    (placed(span, rows), (step > 1).then_some(step))
}

/// The least distance that leaves at most so many readings.
fn step(times: &BTreeSet<i64>, most: usize) -> i64 {
    let parts = |step: i64| {
        let parts: BTreeSet<i64> = times.iter().map(|time| time.div_euclid(step)).collect();
        parts.len()
    };
    let longer = STEPS.last().map(|last| (1..40).map(move |times| last << times));
    let steps = STEPS.into_iter().chain(longer.into_iter().flatten());
    steps.into_iter().find(|step| parts(*step) <= most).unwrap_or(i64::MAX)
}

fn fineness(span: Span, times: &BTreeSet<i64>) -> Fineness {
    let day = 86_400;
    let whole =
        |unit: i64| times.iter().all(|time| time % unit == 0 || *time == span.from.seconds());
    if whole(day) {
        Fineness::Dates
    } else if span.from.seconds().div_euclid(day) != span.to.seconds().div_euclid(day) {
        Fineness::DayAndMinutes
    } else if whole(60) {
        Fineness::Minutes
    } else {
        Fineness::Seconds
    }
}

fn text(unit: Unit, seen: Option<(f64, f64)>) -> String {
    let Some((low, high)) = seen else { return "–".to_owned() };
    let (low, high) = (value_text(unit, low), value_text(unit, high));
    if low == high { low } else { format!("{low} to {high}") }
}

/// Each reading owns the part of the chart that is nearer to it than to its neighbours.
fn placed(span: Span, rows: Vec<(Timestamp, String, Vec<String>)>) -> Vec<Reading> {
    let places: Vec<f64> = rows.iter().map(|(at, ..)| across(span, *at).0).collect();
    let between = |a: usize, b: usize| match (places.get(a), places.get(b)) {
        (Some(a), Some(b)) => f64::midpoint(*a, *b),
        _ => 1.0,
    };
    let reading = |(place, (_, at, values)): (usize, (Timestamp, String, Vec<String>))| {
        let left = if place == 0 { 0.0 } else { between(place - 1, place) };
        let right = between(place, place + 1);
        let x = Across(places.get(place).copied().unwrap_or_default());
        let width = (right - left).max(0.0);
        Reading { at, values, x, left: Number(left * 100.0), width: Number(width * 100.0) }
    };
    rows.into_iter().enumerate().map(reading).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(minutes: i64) -> Span {
        let from = Timestamp::parse("2027-01-03T14:00:00Z").expect("a time");
        Span { from, to: from.plus_seconds(minutes * 60) }
    }

    fn every_minute(minutes: i64) -> Points {
        let from = span(1).from;
        let small = |minute| f64::from(i32::try_from(minute).expect("small"));
        (0..minutes).map(|minute| (from.plus_seconds(minute * 60), Some(small(minute)))).collect()
    }

    #[test]
    fn few_moments_are_told_one_by_one() {
        let lines = [every_minute(4), vec![(span(1).from, None)]];
        let (readings, step) = readings(span(4), Unit::Count, &lines, 40);
        assert_eq!(step, None);
        let told: Vec<_> =
            readings.iter().map(|each| (&each.at[..], each.values.join(" "))).collect();
        assert_eq!(told[0], ("14:00", "0 –".to_owned()));
        assert_eq!(told[3], ("14:03", "3 –".to_owned()));
        let width: f64 = readings.iter().map(|each| each.width.0).sum();
        assert!((width - 100.0).abs() < 1e-9, "together they cover the chart: {width}");
    }

    #[test]
    fn many_moments_are_told_together_with_their_lowest_and_highest() {
        let (readings, step) = readings(span(400), Unit::Count, &[every_minute(400)], 40);
        assert_eq!((readings.len(), step), (40, Some(600)));
        assert_eq!(readings[1].values, ["10 to 19"]);
        assert_eq!(readings[1].at, "14:10");
    }
}
