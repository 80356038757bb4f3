//! One component on the overview.

use std::sync::Arc;

use askama::Template;

use crate::compare::MismatchClass;
use crate::domain::Timestamp;
use crate::flags::{AcceptedState, Flag};
use crate::report::latency_text;
use crate::web::charts::Sparkline;
use crate::web::pages::Moment;
use crate::web::pages::known::{Known, Meter, percent, thousands};

#[derive(Template)]
#[template(path = "parts/overview_unit.html")]
pub(super) struct Unit {
    id: String,
    component: String,
    depth: usize,
    requires: Vec<String>,
    stage: &'static str,
    share: String,
    points: u16,
    marks: Vec<(&'static str, String)>,
    meter: Meter,
    match_rate: String,
    compared: String,
    worst: Option<Worst>,
    legacy: Sides,
    ssot: Sides,
    since: Option<Moment>,
    answers: Option<Sparkline>,
    differing: Option<Sparkline>,
}

struct Worst {
    class: MismatchClass,
    count: String,
}

struct Sides {
    p50: String,
    p99: String,
}

impl Sides {
    fn of(summary: Option<&crate::ledger::LatencySummary>) -> Self {
        let text =
            |value: Option<u64>| value.map_or_else(|| "–".to_owned(), |us| latency_text(Some(us)));
        let summary = summary.copied().unwrap_or_default();
        Self { p50: text(summary.p50_us), p99: text(summary.p99_us) }
    }
}

impl Unit {
    pub fn new(flag: &Arc<Flag>, depth: usize, known: &Known, now: Timestamp) -> Self {
        let past = known.past.as_ref();
        let spark = |series: &[Option<f64>], what: &str, count: u64| Sparkline {
            series: series.to_vec(),
            label: format!("{} {what} in 24 h", thousands(count)),
        };
        Self {
            id: format!("c-{}", flag.component),
            component: flag.component.to_string(),
            depth,
            requires: flag.requires.iter().map(ToString::to_string).collect(),
            stage: flag.stage.name(),
            share: flag.stage.share().to_string(),
            points: flag.stage.share().basis_points(),
            marks: marks(flag, now),
            meter: known.meter.clone(),
            match_rate: percent(known.hour.match_rate()),
            compared: thousands(known.hour.conclusive()),
            worst: known.worst(flag).map(|(class, count)| Worst { class, count: thousands(count) }),
            legacy: Sides::of(past.map(|past| &past.legacy)),
            ssot: Sides::of(past.map(|past| &past.ssot)),
            since: past.map(|past| Moment::new(past.since, now)),
            answers: past.map(|past| spark(&past.answers, "answers", past.answered)),
            differing: past.map(|past| spark(&past.differing, "differences", past.differed)),
        }
    }
}

/// What stands against it, in a few words each; the class of its mark first.
fn marks(flag: &Flag, now: Timestamp) -> Vec<(&'static str, String)> {
    let mut marks = Vec::new();
    if flag.latch.is_some() {
        marks.push(("hot", "rolled back".to_owned()));
    }
    if flag.hold.is_some() {
        marks.push(("warm", "held".to_owned()));
    }
    let ending = flag.accepted.iter().filter(|one| one.state(now) != AcceptedState::Active).count();
    if ending > 0 {
        marks.push(("warm", format!("{ending} accepted end")));
    }
    marks
}
