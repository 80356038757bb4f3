//! A line the size of a word.

use std::fmt;

use askama::Template;
use askama::filters::HtmlSafe;

use super::line::{Place, path};
use super::number::{Across, float};
use super::series::tame;
use super::thin::thin;

/// Most points: a sparkline is about a hundred pixels wide.
const POINTS_MAX: usize = 120;

/// Its height in pixels, and the room for half the line's width above and below.
const HEIGHT: f64 = 24.0;
const MARGIN: f64 = 2.0;

/// A line the size of a word: how something went lately. It stands on zero.
#[derive(Clone, Debug)]
pub struct Sparkline {
    /// Its values at equal distances, the oldest first; `None` is a gap.
    pub series: Vec<Option<f64>>,
    /// What it says, for whoever does not see it.
    pub label: String,
}

#[derive(Template)]
#[template(
    source = r#"<svg class="spark" viewBox="0 0 1000 48" preserveAspectRatio="none" role="img"><title>{{ label }}</title><path class="spark-ground" d="M0 44H1000"/>{% if !d.is_empty() %}<path class="spark-line" d="{{ d }}"/>{% endif %}</svg>"#,
    ext = "html"
)]
struct Drawn<'s> {
    label: &'s str,
    d: String,
}

impl HtmlSafe for Sparkline {}

impl fmt::Display for Sparkline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&Drawn { label: &self.label, d: path(&self.places()) }, f)
    }
}

impl Sparkline {
    fn places(&self) -> Vec<Place> {
        let last = float(self.series.len().saturating_sub(1)).max(1.0);
        let number = |value: &Option<f64>| value.filter(|value| value.is_finite()).map(tame);
        let points: Vec<_> = self
            .series
            .iter()
            .enumerate()
            .map(|(place, value)| (Across(float(place) / last), number(value)))
            .collect();
        let points = thin(&points, POINTS_MAX);
        let known = || points.iter().filter_map(|(_, value)| *value);
        let (low, high) = known()
            .fold((0.0, 0.0), |(low, high), value| (f64::min(low, value), f64::max(high, value)));
        let height = if high > low { high - low } else { 1.0 };
        let y = |value: f64| HEIGHT - MARGIN - (value - low) / height * (HEIGHT - 2.0 * MARGIN);
        points.iter().map(|(x, value)| (*x, value.map(y))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(series: &[Option<f64>]) -> String {
        let label = "requests <b> a minute".to_owned();
        Sparkline { series: series.to_vec(), label }.to_string()
    }

    #[test]
    fn it_stands_on_zero_and_shows_gaps() {
        let line = drawn(&[Some(0.0), Some(10.0), None, Some(5.0)]);
        assert!(line.contains(r#"d="M0 44l333 -40M1000 24l0 0""#), "{line}");
        assert!(line.contains("requests &#60;b&#62; a minute"), "{line}");
    }

    #[test]
    fn nothing_and_the_same_all_along_are_drawn_too() {
        assert!(!drawn(&[]).contains("spark-line"));
        assert!(drawn(&[Some(0.0), Some(0.0)]).contains(r#"d="M0 44l1000 0""#));
        let long = drawn(&vec![Some(f64::MAX); 100_000]);
        assert!(long.len() < 2_500 && !long.contains("NaN") && !long.contains("inf"));
    }
}
