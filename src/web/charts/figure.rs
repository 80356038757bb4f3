//! A whole chart with what belongs to it.

use askama::Template;

use super::line::{Place, path, shaped};
use super::marks::{Placed, placed};
use super::number::{Across, Number};
use super::readings::{Points, Reading, readings};
use super::scale::{HEAD, Upright, across};
use super::thin::thin;
use super::time_axis::{TimeTick, ticks};
use super::words::{Fineness, cut, moment, value_text};
use super::{Chart, SERIES_MAX, Series, Unit};
use crate::ledger::Span;

/// Most points of all lines together.
const POINTS_MAX: usize = 480;

/// Most points of one line.
const POINTS_OF_LINE_MAX: usize = 240;

/// Most values in words, of all lines together.
const VALUES_MAX: usize = 60;

/// Most readings.
const READINGS_MAX: usize = 30;

/// Most shapes of all lines together.
const SHAPES_MAX: usize = 24;

/// Most characters of a name.
const NAME_MAX: usize = 40;

#[derive(Template)]
#[template(path = "parts/chart.html")]
pub struct Figure<'c> {
    id: String,
    title: String,
    period: String,
    said: String,
    lines: Vec<Line<'c>>,
    more_lines: usize,
    ticks: Vec<Level>,
    times: Vec<TimeTick>,
    limits: Vec<Level>,
    marks: Vec<Placed<'c>>,
    more_marks: usize,
    readings: Vec<Reading>,
    each: Option<String>,
}

/// A line right across the chart with its words.
struct Level {
    y: Number,
    /// Where its words stand.
    words_y: Number,
    text: String,
}

struct Line<'c> {
    name: String,
    stroke: &'static str,
    /// Which of the lines of this stroke it is; they differ in their dashes.
    dash: usize,
    shape: &'c str,
    d: String,
    shapes: Vec<(Across, Number)>,
    summary: Summary,
}

/// What a line came to.
struct Summary {
    latest: String,
    range: String,
}

impl<'c> Figure<'c> {
    /// Draws a chart.
    pub fn new(chart: &'c Chart) -> Self {
        let shown = &chart.series[..chart.series.len().min(SERIES_MAX)];
        let values: Vec<Points> = shown.iter().map(|series| series.within(chart.span)).collect();
        let count = shown.len().max(1);
        let axis = Upright::of(chart, values.iter().flatten().filter_map(|(_, value)| *value));
        let lines = shown.iter().zip(&values).enumerate().map(|(number, (series, points))| {
            let before = shown.iter().take(number);
            Line {
                name: cut(&series.name, NAME_MAX),
                stroke: series.stroke.as_str(),
                dash: before.filter(|other| other.stroke == series.stroke).count(),
                ..Line::drawn(series, chart, &axis, (points, count))
            }
        });
        let lines: Vec<Line> = lines.collect();
        let most = (VALUES_MAX / count).clamp(12, READINGS_MAX);
        let (readings, step) = readings(chart.span, chart.unit, &values, most);
        let (marks, more_marks) = placed(chart);
        Self {
            id: identifier(&chart.id),
            title: cut(&chart.title, 3 * NAME_MAX),
            period: period(chart.span),
            said: said(&lines),
            lines,
            more_lines: chart.series.len() - shown.len(),
            ticks: axis.ticks().into_iter().map(|tick| Level::at(tick.y, tick.text)).collect(),
            times: ticks(chart.span),
            limits: limits(chart, &axis),
            marks,
            more_marks,
            readings,
            each: step.map(length),
        }
    }
}

impl Level {
    fn at(y: f64, text: String) -> Self {
        Self { y: Number(HEAD + y), words_y: Number(HEAD + y - 4.0), text }
    }
}

impl Line<'_> {
    fn drawn(
        series: &Series,
        chart: &Chart,
        axis: &Upright,
        (points, count): (&Points, usize),
    ) -> Self {
        let thinned = thin(points, (POINTS_MAX / count).min(POINTS_OF_LINE_MAX));
        let places: Vec<Place> = thinned
            .iter()
            .map(|(at, value)| (across(chart.span, *at), value.map(|value| axis.place(value))))
            .collect();
        let shapes = shaped(&places, (SHAPES_MAX / count).clamp(1, 8)).into_iter();
        Self {
            name: String::new(),
            stroke: "",
            dash: 0,
            shape: series.stroke.shape(),
            d: path(&places),
            shapes: shapes.map(|(x, y)| (x, Number(HEAD + y.0))).collect(),
            summary: Summary::of(chart.unit, points),
        }
    }
}

impl Summary {
    fn of(unit: Unit, points: &Points) -> Self {
        let known = || points.iter().filter_map(|(_, value)| *value);
        let text = |value: Option<f64>| {
            value.map_or_else(|| "none".to_owned(), |value| value_text(unit, value))
        };
        let (low, high) = (known().reduce(f64::min), known().reduce(f64::max));
        let range = match (low, high) {
            (Some(_), Some(_)) => format!("{} to {}", text(low), text(high)),
            _ => String::new(),
        };
        Self { latest: text(known().next_back()), range }
    }
}

/// One sentence for whoever does not see the lines.
fn said(lines: &[Line]) -> String {
    let mut parts = Vec::new();
    for Line { name, summary, .. } in lines {
        if summary.range.is_empty() {
            parts.push(format!("{name}: no values"));
        } else {
            parts.push(format!("{name}: latest {}, from {}", summary.latest, summary.range));
        }
    }
    if parts.is_empty() { "No values.".to_owned() } else { format!("{}.", parts.join("; ")) }
}

fn limits(chart: &Chart, axis: &Upright) -> Vec<Level> {
    let known = chart.limits.iter().filter(|limit| limit.value.is_finite()).take(SERIES_MAX);
    let text = |limit: &super::Limit| {
        format!("{}: {}", cut(&limit.name, NAME_MAX), value_text(chart.unit, limit.value))
    };
    known
        .map(|limit| Level {
            // Words above the line, but for a line at the very top.
            words_y: match axis.place(limit.value) {
                y if y < 12.0 => Number(HEAD + y + 13.0),
                y => Number(HEAD + y - 4.0),
            },
            ..Level::at(axis.place(limit.value), text(limit))
        })
        .collect()
}

/// `3 Jan 14:00 to 15:00 UTC`.
fn period(span: Span) -> String {
    let from = moment(span.from, Fineness::DayAndMinutes);
    let day = |at| moment(at, Fineness::Dates);
    let same_day = day(span.from) == day(span.to);
    let fineness = if same_day { Fineness::Minutes } else { Fineness::DayAndMinutes };
    format!("{from} to {} UTC", moment(span.to, fineness))
}

/// A length of time in the largest unit that suits it.
fn length(seconds: i64) -> String {
    let units = [(86_400, "d"), (3_600, "h"), (60, "min")];
    let unit = units.into_iter().find(|(unit, _)| seconds % unit == 0);
    let (unit, name) = unit.unwrap_or((1, "s"));
    format!("{} {name}", seconds / unit)
}

/// A word that may stand for a place in the page (HTML §3.2.6), whatever was given.
fn identifier(id: &str) -> String {
    let kept = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' };
    let id: String = id.chars().take(NAME_MAX).map(kept).collect();
    if id.is_empty() { "chart".to_owned() } else { id }
}

impl Figure<'_> {
    /// Whether there is anything to draw.
    fn is_empty(&self) -> bool {
        self.lines.iter().all(|line| line.d.is_empty())
    }

    /// The text of a reading, as the pointer and the keyboard tell it.
    fn told(&self, reading: &Reading) -> String {
        let values = self.lines.iter().zip(&reading.values);
        let values = values.map(|(line, value)| format!("\n{}: {value}", line.name));
        format!("{} UTC{}", reading.at, values.collect::<String>())
    }

    fn told_last(&self) -> String {
        self.readings.last().map(|last| self.told(last)).unwrap_or_default()
    }

    /// Where the readings stand in per cent, for the script.
    fn places(&self) -> String {
        let places = self.readings.iter().map(|reading| Number(reading.x.0 * 100.0).to_string());
        places.collect::<Vec<_>>().join(" ")
    }
}
