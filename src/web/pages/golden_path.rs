//! How the golden path was walked on each side, step by step, and whether anybody would be signed
//! out on the way back.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::{Frame, Moment, page};
use crate::domain::{
    ComponentId, JourneyEnd, JourneyStep, Side, SignMatrix, SignSeen, StepSeen, Timestamp,
    TokenType,
};
use crate::ledger::{KeptJourney, Span, WalkCounts};
use crate::web::Rooms;
use crate::web::api::journeys::{LastDay, last_day};
use crate::web::charts::{Chart, Series, Stroke, Unit};
use crate::web::guard::Signed;

/// Walks of a side that are listed.
const LISTED: usize = 10;

/// How far the trend goes back.
const TREND_S: i64 = 7 * 86_400;

const HOUR_S: i64 = 3_600;

#[derive(Template)]
#[template(path = "pages/golden_path.html")]
pub(super) struct GoldenPathPage {
    pub frame: Frame,
    pub sides: Vec<SideView>,
    /// `None` before the first walk.
    pub trend: Option<Chart>,
    pub matrix: Option<MatrixView>,
}

/// What is known of one side.
pub(super) struct SideView {
    side: Side,
    day: LastDay,
    latest: Option<WalkView>,
    earlier: Vec<WalkLine>,
}

/// A walk, step by step.
pub(super) struct WalkView {
    line: WalkLine,
    steps: Vec<StepLine>,
}

/// A walk in a line.
pub(super) struct WalkLine {
    number: u64,
    at: Moment,
    end: JourneyEnd,
    what: String,
    took: String,
}

/// A step of a walk.
pub(super) struct StepLine {
    step: JourneyStep,
    /// `None`: it was not taken.
    seen: Option<StepSeen>,
    /// Over the last day: how often it failed, of how many, and its mean time.
    lately: String,
}

/// Who lets in whose tokens.
pub(super) struct MatrixView {
    at: Moment,
    red: Option<String>,
    rows: Vec<MatrixRow>,
}

/// One kind of token at one component.
pub(super) struct MatrixRow {
    component: ComponentId,
    kind: TokenType,
    /// In the order of [`COLUMNS`].
    cells: Vec<MatrixCell>,
}

/// What came of one crossing.
pub(super) struct MatrixCell {
    column: &'static str,
    /// Its refusal signs people out on the way back.
    is_way_back: bool,
    seen: Option<SignSeen>,
}

/// Who signs, who is asked, and what that is called: the table's columns. The first is the way back.
const COLUMNS: [(Side, Side, &str); 4] = [
    (Side::Ssot, Side::Legacy, "ssot signs, legacy verifies"),
    (Side::Legacy, Side::Ssot, "legacy signs, ssot verifies"),
    (Side::Legacy, Side::Legacy, "legacy signs, legacy verifies"),
    (Side::Ssot, Side::Ssot, "ssot signs, ssot verifies"),
];

/// `GET /golden-path`
pub async fn golden_path(State(rooms): State<Arc<Rooms>>, signed: Signed) -> Response {
    let now = rooms.clock.now();
    let sides = Side::BOTH.map(|side| {
        let walks = rooms.journeys.latest(Some(side), LISTED);
        SideView::new(last_day(&rooms, side), walks, now)
    });
    let hours = |side| rooms.journeys.hours(side, (now.plus_seconds(-TREND_S), now));
    let shown = GoldenPathPage {
        frame: Frame::of(&rooms, &signed, "golden-path"),
        sides: sides.into(),
        trend: trend([hours(Side::Legacy), hours(Side::Ssot)], now),
        matrix: rooms.journeys.matrix().map(|matrix| MatrixView::new(&matrix, now)),
    };
    page(StatusCode::OK, &shown)
}

impl SideView {
    pub(super) fn new(day: LastDay, walks: Vec<KeptJourney>, now: Timestamp) -> Self {
        let mut walks = walks.into_iter();
        let latest = walks.next().map(|kept| WalkView::new(&kept, &day.counts, now));
        let earlier = walks.map(|kept| WalkLine::new(&kept, now)).collect();
        Self { side: day.side, day, latest, earlier }
    }

    fn rate(&self) -> String {
        let percent = |part: f64| format!("{:.1}", part * 100.0);
        self.day.rate.map_or_else(
            || "no evidence yet".to_owned(),
            |told| {
                format!(
                    "{} % passed ({} to {} %)",
                    percent(told.rate),
                    percent(told.low),
                    percent(told.high)
                )
            },
        )
    }
}

impl WalkView {
    fn new(kept: &KeptJourney, day: &WalkCounts, now: Timestamp) -> Self {
        let line = |step: JourneyStep| {
            let seen = kept.journey.steps.iter().find(|seen| seen.step == step).cloned();
            let lately = day.steps.get(&step).map(|counts| {
                let mean = counts.took_us.checked_div(counts.taken.into()).unwrap_or(0);
                let (failed, taken) = (counts.failed, counts.taken);
                format!("{failed} of {taken} failed, {} on average", millis(mean))
            });
            StepLine { step, seen, lately: lately.unwrap_or_default() }
        };
        let steps = if kept.journey.unplaced.is_some() {
            Vec::new()
        } else {
            JourneyStep::ALL.into_iter().map(line).collect()
        };
        Self { line: WalkLine::new(kept, now), steps }
    }
}

impl WalkLine {
    fn new(kept: &KeptJourney, now: Timestamp) -> Self {
        let journey = &kept.journey;
        let end = journey.end();
        let fault = journey.steps.iter().find_map(|seen| seen.fault.as_deref());
        let what = match end {
            JourneyEnd::Passed => String::new(),
            JourneyEnd::Failed(step) => format!("{step}: {}", fault.unwrap_or("not taken")),
            JourneyEnd::Astray(step) => {
                let other = journey.side.other();
                format!("{step}, which is {other}’s: {}", fault.unwrap_or("not taken"))
            }
            JourneyEnd::Unplaced => journey.unplaced.clone().unwrap_or_default(),
        };
        let took = u64::try_from(journey.took().as_micros()).unwrap_or(u64::MAX);
        let at = Moment::new(journey.begun_at, now);
        Self { number: kept.number, at, end, what, took: millis(took) }
    }
}

impl StepLine {
    fn took(&self) -> String {
        let seen = self.seen.as_ref().filter(|seen| !seen.omitted);
        let micros = seen.map(|seen| u64::try_from(seen.took.as_micros()).unwrap_or(u64::MAX));
        micros.map(millis).unwrap_or_default()
    }

    /// What decided, in a few words.
    fn by(&self) -> String {
        let Some(seen) = &self.seen else { return String::new() };
        let told = &seen.provenance;
        let parts = [
            told.side.map(|side| side.to_string()),
            told.component.as_ref().map(ToString::to_string),
            told.path.as_ref().map(|path| format!("by {path}")),
            told.revision.map(|revision| format!("revision {revision}")),
        ];
        if told.side.is_none() {
            return String::new();
        }
        parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }

    /// The token that was shown, by its fingerprint.
    fn token(&self) -> String {
        let told = self.seen.as_ref().map(|seen| &seen.provenance);
        let token = told.and_then(|told| told.token.as_deref());
        token.map(|token| token.chars().take(12).collect()).unwrap_or_default()
    }

    fn subject(&self) -> &str {
        let told = self.seen.as_ref().map(|seen| &seen.provenance);
        told.and_then(|told| told.subject.as_deref()).unwrap_or_default()
    }
}

impl MatrixView {
    pub(super) fn new(matrix: &SignMatrix, now: Timestamp) -> Self {
        let mut rows = Vec::new();
        for component in matrix.components() {
            for kind in TokenType::ALL {
                let cells = COLUMNS.map(|(signs, verifies, column)| MatrixCell {
                    column,
                    is_way_back: (signs, verifies) == (Side::Ssot, Side::Legacy),
                    seen: matrix.seen(component, kind, (signs, verifies)).cloned(),
                });
                if cells.iter().any(|cell| cell.seen.is_some()) {
                    let cells = cells.into();
                    rows.push(MatrixRow { component: component.clone(), kind, cells });
                }
            }
        }
        Self { at: Moment::new(matrix.at, now), red: matrix.signs_out(), rows }
    }

    /// What its columns are called.
    fn columns() -> [&'static str; 4] {
        COLUMNS.map(|(_, _, name)| name)
    }
}

/// The part that passed, hour by hour, of both sides.
pub(super) fn trend(hours: [Vec<(Timestamp, WalkCounts)>; 2], now: Timestamp) -> Option<Chart> {
    if hours.iter().all(Vec::is_empty) {
        return None;
    }
    let to = Timestamp::from_seconds((now.seconds().div_euclid(HOUR_S) + 1) * HOUR_S);
    let from = to.plus_seconds(-TREND_S);
    let strokes = [(Side::Legacy, Stroke::Legacy), (Side::Ssot, Stroke::Ssot)];
    let series = hours.into_iter().zip(strokes).map(|(hours, (side, stroke))| {
        let point = |(at, counts): &(Timestamp, WalkCounts)| {
            let rate = crate::report::rate(counts.passed.into(), counts.judged().into());
            (*at, rate)
        };
        Series { name: side.to_string(), stroke, points: hours.iter().map(point).collect() }
    });
    Some(Chart {
        id: "walks-passed".to_owned(),
        title: "Walks that passed, by hour".to_owned(),
        span: Span { from, to },
        unit: Unit::Percent,
        series: series.collect(),
        limits: Vec::new(),
        marks: Vec::new(),
    })
}

fn millis(micros: u64) -> String {
    format!("{}.{} ms", micros / 1_000, micros % 1_000 / 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_told_in_milliseconds() {
        assert_eq!(
            [0, 99, 1_250, 12_000_000].map(millis),
            ["0.0 ms", "0.0 ms", "1.2 ms", "12000.0 ms"]
        );
    }

    #[test]
    fn a_trend_begins_with_the_first_walk() {
        let now = Timestamp::from_seconds(1_800_000_000);
        assert!(trend([Vec::new(), Vec::new()], now).is_none());
        let counts = WalkCounts { passed: 3, failed: 1, ..WalkCounts::default() };
        let chart = trend([Vec::new(), vec![(now, counts)]], now).expect("a chart");
        assert_eq!(chart.series[1].points, [(now, Some(0.75))]);
    }
}
