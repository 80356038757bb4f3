//! A component's period in charts.

use crate::domain::Timestamp;
use crate::report::{ChangePart, ComponentPart, MarkKind, Period, Point, PointLatency, rate};
use crate::web::charts::{Chart, Mark, Series, Stroke, Unit};

/// The charts of a component; none where nothing was counted.
pub(super) fn charts(part: &ComponentPart, period: Period) -> Vec<Chart> {
    if part.series.points.is_empty() {
        return Vec::new();
    }
    let drawn = Drawn { part, period };
    let requests = [
        drawn.line("legacy", Stroke::Legacy, |point| Some(count(point.served_by.legacy))),
        drawn.line("ssot", Stroke::Ssot, |point| Some(count(point.served_by.ssot))),
    ];
    let agreement = [
        drawn.line("match rate", Stroke::Good, |point| {
            rate(point.matched + point.accepted, point.conclusive)
        }),
        drawn.line("differences", Stroke::Hot, |point| {
            rate(point.mismatches.values().sum(), point.conclusive)
        }),
    ];
    let failures = [
        drawn.line("legacy", Stroke::Legacy, |point| {
            rate(point.failures.legacy, point.asked.legacy)
        }),
        drawn.line("ssot", Stroke::Ssot, |point| rate(point.failures.ssot, point.asked.ssot)),
    ];
    let of = |latency: &PointLatency| latency.p50_us.map(count);
    let slow = |latency: &PointLatency| latency.p99_us.map(count);
    let latency = [
        drawn.line("legacy p50", Stroke::Legacy, |point| of(&point.latency.legacy)),
        drawn.line("legacy p99", Stroke::Legacy, |point| slow(&point.latency.legacy)),
        drawn.line("ssot p50", Stroke::Ssot, |point| of(&point.latency.ssot)),
        drawn.line("ssot p99", Stroke::Ssot, |point| slow(&point.latency.ssot)),
    ];
    let mut charts = vec![drawn.chart("requests", "Requests by side", Unit::Count, requests)];
    if part.conclusive > 0 {
        charts.push(drawn.chart("agreement", "Matches and differences", Unit::Percent, agreement));
    }
    if part.asked.legacy + part.asked.ssot > 0 {
        charts.push(drawn.chart("failures", "Error rates", Unit::Percent, failures));
    }
    if part.latency.legacy.count + part.latency.ssot.count > 0 {
        charts.push(drawn.chart("latency", "Latency", Unit::Micros, latency));
    }
    charts
}

struct Drawn<'a> {
    part: &'a ComponentPart,
    period: Period,
}

impl Drawn<'_> {
    /// A line with a gap wherever nothing was counted between two points.
    fn line(&self, name: &str, stroke: Stroke, value: impl Fn(&Point) -> Option<f64>) -> Series {
        let step_s = self.part.series.step_s;
        let mut points: Vec<(Timestamp, Option<f64>)> = Vec::new();
        for point in &self.part.series.points {
            let at = point.at.max(self.period.from);
            if let Some((before, _)) = points.last()
                && at.seconds() - before.seconds() > step_s
            {
                points.push((before.plus_seconds(step_s), None));
            }
            points.push((at, value(point)));
        }
        Series { name: name.to_owned(), stroke, points }
    }

    fn chart<const N: usize>(
        &self,
        id: &str,
        title: &str,
        unit: Unit,
        series: [Series; N],
    ) -> Chart {
        Chart {
            id: format!("{id}-{}", self.part.component),
            title: title.to_owned(),
            span: self.period.span(),
            unit,
            series: series.into(),
            limits: Vec::new(),
            marks: self.part.changes.iter().map(mark).collect(),
        }
    }
}

fn mark(change: &ChangePart) -> Mark {
    let kind = match &*change.what {
        "raised" => MarkKind::Raised,
        "lowered" => MarkKind::Lowered,
        "rolled_back" => MarkKind::RolledBack,
        "held" => MarkKind::Held,
        "released" => MarkKind::Released,
        _ => MarkKind::Other,
    };
    let by = if change.by.is_empty() { &change.cause } else { &change.by };
    let text = format!("{} to {} by {by}", change.what.replace('_', " "), change.after.stage);
    Mark { at: change.at, kind, text, href: None }
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
const fn count(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testing::document;

    #[test]
    fn a_pause_in_the_traffic_is_a_gap_and_nothing_at_all_is_no_chart() {
        let document = document("why", Timestamp::from_seconds(1_800_000_000));
        let mut part = document.components[0].clone();
        let drawn = charts(&part, document.period);
        let ids: Vec<&str> = drawn.iter().map(|chart| &*chart.id).collect();
        let expected = ["requests", "agreement", "failures", "latency"];
        assert_eq!(ids, expected.map(|id| format!("{id}-http-auth")));
        let values: Vec<_> = drawn[0].series[1].points.iter().map(|point| point.1).collect();
        assert_eq!(values, [Some(10.0), None, Some(10.0)]);
        assert_eq!(drawn[0].marks[0].kind, MarkKind::RolledBack);
        part.series.points.clear();
        assert!(charts(&part, document.period).is_empty());
    }
}
