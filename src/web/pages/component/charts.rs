//! A component's past in charts, with what was done to it as marks.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::compare::MismatchClass;
use crate::domain::{ComponentId, Side};
use crate::flags::{Flag, HistoryFilter, HistoryRow, Linked};
use crate::ledger::{Counter, Grain, LatencySummary, Span, Stretch};
use crate::report::{marks, rate};
use crate::web::Rooms;
use crate::web::charts::{Chart, Limit, Mark, Series, Stroke, Unit};
use crate::web::live::Reach;

/// Changes that are looked at for marks.
const CHANGES_MAX: usize = 100;

/// Classes that have a line of their own.
const CLASSES_MAX: usize = 6;

/// The charts as HTML. Reads the disk.
pub(in crate::web) fn chart_part(rooms: &Rooms, component: &ComponentId, reach: Reach) -> String {
    let (span, grain) = (reach.span(rooms.clock.now()), reach.grain());
    let snapshot = rooms.flags.snapshot();
    let Some(flag) = snapshot.flag(component.as_str()) else { return String::new() };
    let stretches = match rooms.timeline.of(component, span, grain) {
        Ok(stretches) => stretches,
        Err(error) => {
            tracing::error!(%error, "the past of a component cannot be read");
            return unreadable();
        }
    };
    let filter = HistoryFilter {
        component: Some(component.clone()),
        from: Some(span.from),
        limit: Some(CHANGES_MAX),
        ..HistoryFilter::default()
    };
    let history: Vec<HistoryRow> = match rooms.flags.history(&filter) {
        Ok(lines) => lines.into_iter().map(Linked::into_line).collect(),
        Err(error) => {
            tracing::error!(%error, "the history of a component cannot be read");
            return unreadable();
        }
    };
    let drawn = Drawn { flag, stretches: &stretches, span, grain, marks: marked(&history, span) };
    let mut html = String::new();
    for chart in drawn.charts() {
        // Writing to a string never fails.
        let _ = write!(html, "{chart}");
    }
    html
}

fn unreadable() -> String {
    "<p class=\"notice hot\">The past cannot be read from the disk: the service’s log says why. Live \
     figures above are from memory.</p>"
        .to_owned()
}

fn marked(history: &[HistoryRow], span: Span) -> Vec<Mark> {
    let mark = |(at, kind, text)| Mark { at, kind, text, href: Some("#history".to_owned()) };
    marks(history, span).into_iter().map(mark).collect()
}

/// What the charts are drawn from.
pub(in crate::web::pages) struct Drawn<'a> {
    pub flag: &'a Flag,
    pub stretches: &'a [Stretch],
    pub span: Span,
    pub grain: Grain,
    pub marks: Vec<Mark>,
}

impl Drawn<'_> {
    pub fn charts(&self) -> Vec<Chart> {
        vec![self.requests(), self.agreement(), self.classes(), self.errors(), self.latency()]
    }

    fn requests(&self) -> Chart {
        let line = |name, stroke, side| {
            self.line((name, stroke), Some(0.0), |stretch| {
                Some(float(stretch.tally.count(Counter::Served(side))))
            })
        };
        let series = vec![
            line("legacy", Stroke::Legacy, Side::Legacy),
            line("SSOT", Stroke::Ssot, Side::Ssot),
        ];
        self.chart("requests", "Answers by side", Unit::Count, series)
    }

    fn agreement(&self) -> Chart {
        let series = vec![
            self.line(("match rate", Stroke::Good), None, |stretch| stretch.tally.match_rate()),
        ];
        self.chart("agreement", "Match rate", Unit::Percent, series)
    }

    /// Differences by class: those that occurred, the gravest first.
    fn classes(&self) -> Chart {
        let mut totals: BTreeMap<usize, u64> = BTreeMap::new();
        let all = self.flag.kind.classes();
        for stretch in self.stretches {
            for (place, class) in all.iter().enumerate() {
                let count = stretch.tally.count(Counter::Mismatched(*class));
                *totals.entry(place).or_default() += count;
            }
        }
        let occurred = totals.into_iter().filter(|(_, count)| *count > 0);
        let series = occurred.take(CLASSES_MAX).map(|(place, _)| {
            let class = all[place];
            self.line((class.code(), stroke_of(class)), Some(0.0), |stretch| {
                Some(float(stretch.tally.count(Counter::Mismatched(class))))
            })
        });
        let mut series: Vec<Series> = series.collect();
        if series.is_empty() {
            series.push(self.line(("all classes", Stroke::Quiet), None, |stretch| {
                (stretch.tally.conclusive() > 0).then(|| float(stretch.tally.mismatches()))
            }));
        }
        self.chart("classes", "Differences by class", Unit::Count, series)
    }

    fn errors(&self) -> Chart {
        let line = |name, stroke, side| {
            self.line((name, stroke), None, |stretch: &Stretch| {
                let failed = stretch.tally.failures(side);
                let latency = match side {
                    Side::Legacy => &stretch.legacy,
                    Side::Ssot => &stretch.ssot,
                };
                // A side that was taken to fail without being asked has no time.
                rate(failed, latency.summary().count.max(failed))
            })
        };
        let series = vec![
            line("legacy", Stroke::Legacy, Side::Legacy),
            line("SSOT", Stroke::Ssot, Side::Ssot),
        ];
        let limit = self
            .flag
            .limits
            .error_rate
            .map(|limit| Limit { name: "limit of the guard".to_owned(), value: limit.fraction() });
        let chart = self.chart("errors", "Error rates", Unit::Percent, series);
        Chart { limits: limit.into_iter().collect(), ..chart }
    }

    fn latency(&self) -> Chart {
        type Value = fn(&LatencySummary) -> Option<u64>;
        let quantiles: [(&str, Value); 3] = [
            ("p50", |latency| latency.p50_us),
            ("p95", |latency| latency.p95_us),
            ("p99", |latency| latency.p99_us),
        ];
        let sides = [("legacy", Stroke::Legacy, Side::Legacy), ("SSOT", Stroke::Ssot, Side::Ssot)];
        let mut series = Vec::new();
        for (side_name, stroke, side) in sides {
            for (name, value) in quantiles {
                series.push(self.line((&format!("{side_name} {name}"), stroke), None, |stretch| {
                    let latency = match side {
                        Side::Legacy => &stretch.legacy,
                        Side::Ssot => &stretch.ssot,
                    };
                    value(&latency.summary()).map(float)
                }));
            }
        }
        let limit = self
            .flag
            .limits
            .slow_ms
            .map(|limit| Limit { name: "slow".to_owned(), value: f64::from(limit) * 1_000.0 });
        let chart = self.chart("latency", "Latency of both sides", Unit::Micros, series);
        // A limit far above all that was seen would flatten what was.
        let highest = chart.series.iter().flat_map(|series| &series.points);
        let highest = highest.filter_map(|(_, value)| *value).fold(0.0, f64::max);
        let limit = limit.filter(|limit| limit.value <= highest * 4.0);
        Chart { limits: limit.into_iter().collect(), ..chart }
    }

    fn line(
        &self,
        (name, stroke): (&str, Stroke),
        missing: Option<f64>,
        value: impl Fn(&Stretch) -> Option<f64>,
    ) -> Series {
        Series::of((name, stroke), self.stretches, (self.span, self.grain), missing, value)
    }

    fn chart(&self, id: &str, title: &str, unit: Unit, series: Vec<Series>) -> Chart {
        Chart {
            id: id.to_owned(),
            title: title.to_owned(),
            span: self.span,
            unit,
            series,
            limits: Vec::new(),
            marks: self.marks.clone(),
        }
    }
}

const fn stroke_of(class: MismatchClass) -> Stroke {
    match class {
        MismatchClass::Looser | MismatchClass::SubjectDiffers | MismatchClass::Misdelivered => {
            Stroke::Hot
        }
        MismatchClass::Stricter | MismatchClass::EventLost | MismatchClass::ScopesDiffer => {
            Stroke::Warm
        }
        MismatchClass::ClaimsDiffer
        | MismatchClass::ReasonDiffers
        | MismatchClass::EventRepeated
        | MismatchClass::EventReordered
        | MismatchClass::BodyDiffers
        | MismatchClass::Late
        | MismatchClass::ConnectionDiffers => Stroke::Quiet,
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
const fn float(count: u64) -> f64 {
    count as f64
}
