//! One line of a chart.

use std::collections::BTreeMap;

use crate::domain::Timestamp;
use crate::ledger::{Grain, Span, Stretch};

/// One line of a chart.
#[derive(Clone, Debug)]
pub struct Series {
    /// What it shows.
    pub name: String,
    /// How it is drawn.
    pub stroke: Stroke,
    /// Its values, the oldest first; `None` is a gap.
    pub points: Vec<(Timestamp, Option<f64>)>,
}

/// How a line is drawn. Each has a colour and a shape of its points; lines of one chart that share
/// a stroke differ in their dashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stroke {
    /// The old way.
    Legacy,
    /// The new way.
    Ssot,
    /// What should be.
    Good,
    /// What deserves a look.
    Warm,
    /// What must not be.
    Hot,
    /// What stands beside it.
    Quiet,
}

/// Most values that are filled in: 400 days of hours, or 30 of minutes.
const FILLED_MAX: i64 = 50_000;

impl Series {
    /// The values of a component's past, one a minute or hour of the span; `missing` where nothing
    /// was counted. What has not begun by the end of the span is not there.
    pub fn of(
        (name, stroke): (&str, Stroke),
        stretches: &[Stretch],
        (span, grain): (Span, Grain),
        missing: Option<f64>,
        value: impl Fn(&Stretch) -> Option<f64>,
    ) -> Self {
        let known: BTreeMap<i64, &Stretch> =
            stretches.iter().map(|stretch| (stretch.start.seconds(), stretch)).collect();
        let first = span.from.seconds().div_euclid(grain.seconds());
        let end = span.to.seconds().div_euclid(grain.seconds());
        let numbers = (first..=end.min(first.saturating_add(FILLED_MAX)))
            .map(|number| number * grain.seconds())
            .filter(|start| *start < span.to.seconds());
        let points = numbers
            .map(|start| {
                // The first stretch began before the span.
                let at = Timestamp::from_seconds(start).max(span.from);
                (at, known.get(&start).map_or(missing, |stretch| value(stretch)))
            })
            .collect();
        Self { name: name.to_owned(), stroke, points }
    }

    /// The values within the span, oldest first; what is no number is a gap.
    pub(super) fn within(&self, span: Span) -> Vec<(Timestamp, Option<f64>)> {
        let inside = |at: &Timestamp| (span.from..=span.to).contains(at);
        let mut points: Vec<_> = self
            .points
            .iter()
            .filter(|(at, _)| inside(at))
            .map(|(at, value)| (*at, value.filter(|value| value.is_finite()).map(tame)))
            .collect();
        points.sort_by_key(|(at, _)| *at);
        points
    }
}

/// Values beyond these are drawn as these: differences between them stay numbers.
const VALUE_MAX: f64 = 1e15;

pub(super) fn tame(value: f64) -> f64 {
    value.clamp(-VALUE_MAX, VALUE_MAX)
}

impl Stroke {
    /// The part of its class names.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Legacy => "legacy",
            Self::Ssot => "ssot",
            Self::Good => "good",
            Self::Warm => "warm",
            Self::Hot => "hot",
            Self::Quiet => "quiet",
        }
    }

    /// The outline of its points, around their middle.
    pub(super) const fn shape(self) -> &'static str {
        match self {
            Self::Legacy => "M-3-3H3V3H-3z",
            Self::Ssot => "M-3.5 0a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0-7 0z",
            Self::Good => "M0-4L4 3H-4z",
            Self::Warm => "M0-4.5L4.5 0L0 4.5L-4.5 0z",
            Self::Hot => "M0 4L4-3H-4z",
            Self::Quiet => "M-3.5-1H3.5V1H-3.5z",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{Latency, Tally};

    #[test]
    fn minutes_in_which_nothing_was_counted_are_filled_in() {
        let stretch = |minute: i64| Stretch {
            start: Timestamp::from_seconds(minute * 60),
            grain: Grain::Minute,
            tally: Tally::default(),
            legacy: Latency::default(),
            ssot: Latency::default(),
        };
        let span = Span { from: Timestamp::from_seconds(90), to: Timestamp::from_seconds(5 * 60) };
        let series = Series::of(
            ("requests", Stroke::Ssot),
            &[stretch(1), stretch(3)],
            (span, Grain::Minute),
            None,
            |_| Some(7.0),
        );
        let read: Vec<_> =
            series.points.iter().map(|(at, value)| (at.seconds(), value.is_some())).collect();
        assert_eq!(read, [(90, true), (120, false), (180, true), (240, false)]);
    }

    #[test]
    fn what_lies_outside_or_is_no_number_is_not_drawn() {
        let at = Timestamp::from_seconds;
        let points = [(200, 1.0), (100, f64::NAN), (150, 2e20), (99, 1.0), (201, 1.0)];
        let points = points.map(|(seconds, value)| (at(seconds), Some(value))).to_vec();
        let series = Series { name: String::new(), stroke: Stroke::Hot, points };
        let within = series.within(Span { from: at(100), to: at(200) });
        assert_eq!(within, [(at(100), None), (at(150), Some(1e15)), (at(200), Some(1.0))]);
    }
}
