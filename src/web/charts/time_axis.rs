//! The moments that are written under a chart.

use super::number::Across;
use super::scale::across;
use super::words::{Fineness, moment};
use crate::domain::Timestamp;
use crate::ledger::Span;

const MINUTE: i64 = 60;
const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;

/// Distances that people count in, in seconds.
pub(super) const STEPS: [i64; 23] = [
    1,
    2,
    5,
    10,
    15,
    30,
    MINUTE,
    2 * MINUTE,
    5 * MINUTE,
    10 * MINUTE,
    15 * MINUTE,
    30 * MINUTE,
    HOUR,
    2 * HOUR,
    3 * HOUR,
    4 * HOUR,
    6 * HOUR,
    12 * HOUR,
    DAY,
    2 * DAY,
    7 * DAY,
    14 * DAY,
    28 * DAY,
];

/// Most moments: they must stand beside each other on a telephone.
const TICKS_MAX: i64 = 7;

/// Days are written to this length; beyond it, the beginnings of months.
const DAYS_MAX: i64 = 60 * DAY;

/// Months are written to this length; beyond it, a few dates.
const MONTHS_MAX: i64 = 1_500 * DAY;

/// The first Monday of the epoch, from which weeks are counted.
const MONDAY: i64 = 4 * DAY;

/// A moment with its place.
pub struct TimeTick {
    /// Where.
    pub x: Across,
    /// When, in words.
    pub text: String,
    /// At which end of its text its place is: `start`, `middle` or `end`.
    pub anchor: &'static str,
}

/// The moments of a span, the earliest first.
pub fn ticks(span: Span) -> Vec<TimeTick> {
    let length = span.to.seconds().saturating_sub(span.from.seconds());
    let moments = match length {
        ..=0 => Vec::new(),
        1..=DAYS_MAX => evenly(span, length),
        _ if length <= MONTHS_MAX => months(span, length),
        _ => few(span, length),
    };
    moments.into_iter().map(|(at, fineness)| tick(span, at, fineness)).collect()
}

fn tick(span: Span, at: Timestamp, fineness: Fineness) -> TimeTick {
    let x = across(span, at);
    let anchor = match x.0 {
        place if place < 0.05 => "start",
        place if place > 0.95 => "end",
        _ => "middle",
    };
    TimeTick { x, text: moment(at, fineness), anchor }
}

fn evenly(span: Span, length: i64) -> Vec<(Timestamp, Fineness)> {
    let step = STEPS.into_iter().find(|step| length <= step * TICKS_MAX).unwrap_or(28 * DAY);
    let offset = if step >= 7 * DAY { MONDAY } else { 0 };
    let first = (span.from.seconds() - offset + step - 1).div_euclid(step);
    let last = (span.to.seconds() - offset).div_euclid(step);
    (first..=last)
        .map(|number| number * step + offset)
        .map(|second| {
            let fineness = match step {
                _ if second.rem_euclid(DAY) == 0 => Fineness::Days,
                ..MINUTE => Fineness::Seconds,
                _ => Fineness::Minutes,
            };
            (Timestamp::from_seconds(second), fineness)
        })
        .collect()
}

/// Beginnings of months, so many apart that there is room for them.
fn months(span: Span, length: i64) -> Vec<(Timestamp, Fineness)> {
    let apart =
        [1, 2, 3, 4, 6, 12].into_iter().find(|apart| length / (apart * 30 * DAY) <= TICKS_MAX);
    let apart = apart.unwrap_or(12);
    let first = span.from.seconds().div_euclid(DAY) + 1;
    (first..=span.to.seconds().div_euclid(DAY))
        .map(|day| Timestamp::from_seconds(day * DAY))
        .filter(|at| begins_month(*at, apart))
        .map(|at| (at, Fineness::Dates))
        .collect()
}

/// True on the first of each `apart`-th month of a year.
fn begins_month(day: Timestamp, apart: i64) -> bool {
    let whole = day.rfc3339();
    let date = whole.split('T').next().unwrap_or_default();
    let mut parts = date.rsplit('-');
    let (day, month) = (parts.next(), parts.next());
    let month = month.and_then(|month| month.parse::<i64>().ok());
    day == Some("01") && month.is_some_and(|month| (month - 1) % apart == 0)
}

fn few(span: Span, length: i64) -> Vec<(Timestamp, Fineness)> {
    let step = length / 3;
    let dates = (0..=3).map(|number| (span.from.plus_seconds(number * step), Fineness::Dates));
    dates.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(from: &str, seconds: i64) -> Vec<String> {
        let from = Timestamp::parse(from).expect("a time");
        let ticks = ticks(Span { from, to: from.plus_seconds(seconds) });
        ticks.into_iter().map(|tick| tick.text).collect()
    }

    #[test]
    fn a_quarter_of_an_hour_and_an_hour_are_told_in_minutes() {
        assert_eq!(read("2027-01-03T14:03:00Z", 900), ["14:05", "14:10", "14:15"]);
        let hour = read("2027-01-03T14:00:00Z", HOUR);
        assert_eq!(hour, ["14:00", "14:10", "14:20", "14:30", "14:40", "14:50", "15:00"]);
        assert_eq!(
            read("2027-01-03T14:00:10Z", 30),
            ["14:00:10", "14:00:15", "14:00:20", "14:00:25", "14:00:30", "14:00:35", "14:00:40"]
        );
    }

    #[test]
    fn a_day_names_the_midnight_by_its_date() {
        let day = read("2027-01-03T14:30:00Z", DAY);
        assert_eq!(day, ["16:00", "20:00", "4 Jan", "04:00", "08:00", "12:00"]);
    }

    #[test]
    fn weeks_begin_on_monday_and_a_year_is_told_in_months() {
        let month = read("2027-01-01T00:00:00Z", 30 * DAY);
        assert_eq!(month, ["4 Jan", "11 Jan", "18 Jan", "25 Jan"]);
        let year = read("2027-01-15T00:00:00Z", 400 * DAY);
        assert_eq!(year[..2], ["1 Mar 2027", "1 May 2027"]);
        assert_eq!(read("2027-01-15T00:00:00Z", 9_000 * DAY).len(), 4);
    }

    #[test]
    fn words_at_the_ends_stay_inside() {
        let from = Timestamp::from_seconds(0);
        let ticks = ticks(Span { from, to: from.plus_seconds(HOUR) });
        let anchors: Vec<_> = ticks.iter().map(|tick| tick.anchor).collect();
        assert_eq!(anchors, ["start", "middle", "middle", "middle", "middle", "middle", "end"]);
    }
}
