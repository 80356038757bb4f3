//! Charts, drawn on the server as SVG: the same on a page, in a report and on paper.
//!
//! A chart carries no colour and no style of its own, only classes (`charts.css`), so that the
//! content policy holds and each theme has its palette. Its values are there four times over: as
//! lines for the eye, as a title on whatever the pointer is over, as one stop of the keyboard that
//! walks along the time, and as a table. Its size is bounded whatever it is given.
//!
//! Across, places are per cent of the width, so that words keep their size on every screen; only
//! the lines are stretched. Upright, places are pixels.

mod figure;
mod line;
mod marks;
mod number;
mod readings;
mod scale;
mod series;
mod sparkline;
#[cfg(test)]
mod tests;
mod thin;
mod time_axis;
mod words;

use std::fmt;

use askama::filters::HtmlSafe;

use crate::domain::Timestamp;
use crate::ledger::Span;

pub use crate::report::MarkKind;
pub use series::{Series, Stroke};
pub use sparkline::Sparkline;
pub use words::value_text;

/// A chart of values over time: in a template a whole `<figure>`, with its legend and the table
/// of its values.
#[derive(Clone, Debug)]
pub struct Chart {
    /// Its mark in the page, which no other chart of the page has.
    pub id: String,
    /// What it shows.
    pub title: String,
    /// The time it shows; values outside are left out.
    pub span: Span,
    /// What its values are.
    pub unit: Unit,
    /// Its lines, at most [`SERIES_MAX`].
    pub series: Vec<Series>,
    /// Values that should not be crossed.
    pub limits: Vec<Limit>,
    /// What happened meanwhile; the latest [`MARKS_MAX`] are shown.
    pub marks: Vec<Mark>,
}

/// Most lines of one chart; what is more is said to be missing.
pub const SERIES_MAX: usize = 8;

/// Most marks of one chart; what is more is said to be missing.
pub const MARKS_MAX: usize = 16;

/// What the values of a chart are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// How many.
    Count,
    /// Which part: 0.0 is none, 1.0 is all.
    Percent,
    /// How long, in microseconds.
    Micros,
}

/// A value that should not be crossed.
#[derive(Clone, Debug)]
pub struct Limit {
    /// Whose limit it is.
    pub name: String,
    /// The value.
    pub value: f64,
}

/// Something that happened.
#[derive(Clone, Debug)]
pub struct Mark {
    /// When.
    pub at: Timestamp,
    /// What kind of thing.
    pub kind: MarkKind,
    /// What, in a few words.
    pub text: String,
    /// Where more of it is told.
    pub href: Option<String>,
}

impl HtmlSafe for Chart {}

impl fmt::Display for Chart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&figure::Figure::new(self), f)
    }
}
