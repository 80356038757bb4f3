//! From values and moments to places in the chart.

use super::number::{Across, float};
use super::words::tick_text;
use super::{Chart, Unit};
use crate::domain::Timestamp;
use crate::ledger::Span;

/// Height of the part in which lines are drawn, in pixels.
pub const HEIGHT: f64 = 180.0;

/// Height of what stands above it, where marks have their shapes and words.
pub const HEAD: f64 = 24.0;

/// Most steps of the upright axis.
const STEPS_MAX: f64 = 4.0;

/// Where a moment stands: 0 at the beginning of the span, 1 at its end.
pub fn across(span: Span, at: Timestamp) -> Across {
    let width = (span.to.seconds_f64() - span.from.seconds_f64()).max(1e-6);
    let place = (at.seconds_f64() - span.from.seconds_f64()) / width;
    Across(place.clamp(0.0, 1.0))
}

/// The upright axis.
#[derive(Clone, Copy, Debug)]
pub struct Upright {
    low: f64,
    high: f64,
    step: f64,
    unit: Unit,
}

/// A line across the chart with its value.
pub struct Tick {
    /// Where, in pixels below the top of the lines' part.
    pub y: f64,
    /// The value in words.
    pub text: String,
}

impl Upright {
    /// The axis in which all of a chart's values and limits find their place, beginning and
    /// ending with a round number. It begins with zero, but for parts that are all large: there
    /// the difference between 99 % and 100 % is what counts.
    pub fn of(chart: &Chart, values: impl Iterator<Item = f64>) -> Self {
        let limits = chart.limits.iter().map(|limit| limit.value).filter(|value| value.is_finite());
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for value in values.chain(limits).map(super::series::tame) {
            (low, high) = (low.min(value), high.max(value));
        }
        if low > high {
            (low, high) = (0.0, 0.0);
        }
        let unit = chart.unit;
        match unit {
            Unit::Percent if low > 0.5 => high = high.max(1.0),
            Unit::Percent | Unit::Count | Unit::Micros => {
                (low, high) = (low.min(0.0), high.max(0.0));
            }
        }
        let least = match unit {
            Unit::Count => STEPS_MAX,
            Unit::Percent => 0.001,
            Unit::Micros => 100.0,
        };
        let step = round_step((high - low).max(least) / STEPS_MAX);
        let low = (low / step).floor() * step;
        let high = ((high / step - 1e-9).ceil() * step).max(low + step);
        Self { low, high, step, unit }
    }

    /// Where a value stands, in pixels below the top.
    pub fn place(&self, value: f64) -> f64 {
        let part = (value - self.low) / (self.high - self.low);
        HEIGHT * (1.0 - part.clamp(0.0, 1.0))
    }

    /// The lines across, the lowest first.
    pub fn ticks(&self) -> Vec<Tick> {
        (0..=8_usize)
            .map(|number| self.low + self.step * float(number))
            .take_while(|value| *value <= self.high + self.step / 2.0)
            .map(|value| Tick {
                y: self.place(value),
                text: tick_text(self.unit, value, self.step),
            })
            .collect()
    }
}

/// The least of 1, 2 and 5 times a power of ten that is not below `step`.
fn round_step(step: f64) -> f64 {
    let power = 10_f64.powf(step.log10().floor());
    let factor = [1.0, 2.0, 5.0].into_iter().find(|factor| factor * power >= step * 0.999_999);
    factor.unwrap_or(10.0) * power
}

#[cfg(test)]
mod tests {
    use super::super::Limit;
    use super::*;

    fn ticks(unit: Unit, values: &[f64], limit: Option<f64>) -> Vec<String> {
        let span = Span { from: Timestamp::from_seconds(0), to: Timestamp::from_seconds(60) };
        let limits = limit.map(|value| Limit { name: String::new(), value });
        let chart = Chart {
            id: String::new(),
            title: String::new(),
            span,
            unit,
            series: Vec::new(),
            limits: limits.into_iter().collect(),
            marks: Vec::new(),
        };
        let axis = Upright::of(&chart, values.iter().copied());
        axis.ticks().into_iter().map(|tick| tick.text).collect()
    }

    #[test]
    fn values_stand_on_round_steps() {
        assert_eq!(ticks(Unit::Count, &[3.0, 870.0], None), ["0", "500", "1k"]);
        assert_eq!(ticks(Unit::Count, &[1.0], None), ["0", "1"]);
        assert_eq!(ticks(Unit::Count, &[], None), ["0", "1"]);
        let micros = ticks(Unit::Micros, &[320.0, 1_700.0], None);
        assert_eq!(micros, ["0 µs", "500 µs", "1 ms", "1.5 ms", "2 ms"]);
    }

    #[test]
    fn a_limit_has_its_place_and_large_parts_are_seen_closely() {
        assert_eq!(ticks(Unit::Percent, &[0.002], Some(0.01)), ["0 %", "0.5 %", "1 %"]);
        assert_eq!(ticks(Unit::Percent, &[0.991, 0.999], None), ["99 %", "99.5 %", "100 %"]);
        assert_eq!(ticks(Unit::Percent, &[0.2, 1.0], None), ["0 %", "50 %", "100 %"]);
    }

    #[test]
    fn the_ends_of_the_span_are_the_ends_of_the_chart() {
        let at = Timestamp::from_seconds;
        let span = Span { from: at(100), to: at(200) };
        let places = [at(0), at(100), at(150), at(200), at(300)].map(|at| across(span, at).0);
        assert_eq!(places.map(|place| format!("{place}")), ["0", "0", "0.5", "1", "1"]);
    }
}
