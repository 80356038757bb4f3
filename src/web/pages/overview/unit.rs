//! One component on the overview: a whole for the page, and in pieces for whoever has it open, so
//! that a count which moves on does not bring everything beside it again.

use std::sync::Arc;

use askama::Template;

use crate::compare::MismatchClass;
use crate::domain::Timestamp;
use crate::flags::{AcceptedState, Flag};
use crate::web::charts::Sparkline;
use crate::web::live::Part;
use crate::web::pages::known::{Health, Known, Meter, percent, thousands};

use super::part;

/// A component as it stands on the page.
pub(in crate::web) struct UnitParts {
    /// All of it.
    pub html: String,
    /// Its pieces.
    pub pieces: Vec<Part>,
    /// True when it asks for somebody.
    pub is_due: bool,
}

/// What is known of it, in words.
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
    answers: Option<Sparkline>,
    differing: Option<Sparkline>,
}

/// The template, and each of its blocks.
macro_rules! pieces {
    ($($name:ident $(of $block:tt)?),* $(,)?) => {$(
        #[derive(Template)]
        #[template(path = "parts/overview_unit.html" $(, block = $block)?)]
        struct $name<'u> {
            unit: &'u Unit,
        }
    )*};
}

pieces! {
    Whole,
    Name of "name",
    Share of "share",
    HealthLine of "health",
    MeterLine of "meter",
    Evidence of "evidence",
    Rate of "rate",
    Of of "of",
    WorstLine of "worst",
    LegacyRow of "legacy",
    SsotRow of "ssot",
    Past of "past",
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
        let text = |value: Option<u64>| value.map_or_else(|| "–".to_owned(), in_short);
        let summary = summary.copied().unwrap_or_default();
        Self { p50: text(summary.p50_us), p99: text(summary.p99_us) }
    }
}

impl Unit {
    /// Rendered as a whole and in pieces.
    pub fn parts(&self, is_due: bool) -> UnitParts {
        let (unit, id) = (self, |piece: &str| format!("{}.{piece}", self.id));
        UnitParts {
            html: part(&*self.id, &Whole { unit }).html,
            pieces: vec![
                part(id("name"), &Name { unit }),
                part(id("share"), &Share { unit }),
                part(id("health"), &HealthLine { unit }),
                part(id("meter"), &MeterLine { unit }),
                part(id("evidence"), &Evidence { unit }),
                part(id("rate"), &Rate { unit }),
                part(id("of"), &Of { unit }),
                part(id("worst"), &WorstLine { unit }),
                part(id("legacy"), &LegacyRow { unit }),
                part(id("ssot"), &SsotRow { unit }),
                part(id("past"), &Past { unit }),
            ],
            is_due,
        }
    }

    /// True where the guard looks.
    fn is_watched(&self) -> bool {
        self.meter.health != Health::Unwatched
    }

    pub fn new(flag: &Arc<Flag>, depth: usize, known: &Known, now: Timestamp) -> Self {
        let past = known.past.as_ref();
        let spark = |series: &[Option<f64>], what: &str, count: u64| Sparkline {
            series: series.to_vec(),
            label: format!("{} {what} in 24 h", about(count)),
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
            answers: past.map(|past| spark(&past.answers, "answers", past.answered)),
            differing: past.map(|past| spark(&past.differing, "differences", past.differed)),
        }
    }
}

/// Two figures of a number: those that follow move on all the while, and tell nothing here.
fn rounded(number: u64) -> u64 {
    let unit = 10_u64.pow(number.checked_ilog10().unwrap_or(0).saturating_sub(1));
    (number + unit / 2) / unit * unit
}

/// A count, in short where it is large.
fn about(count: u64) -> String {
    if count < 100 { thousands(count) } else { format!("about {}", thousands(rounded(count))) }
}

/// A latency in two figures; its component's page has more.
fn in_short(micros: u64) -> String {
    match rounded(micros) {
        micros @ 0..1_000 => format!("{micros} µs"),
        micros @ 1_000..10_000 => format!("{}.{} ms", micros / 1_000, micros % 1_000 / 100),
        micros @ 10_000..1_000_000 => format!("{} ms", micros / 1_000),
        micros => format!("{}.{} s", micros / 1_000_000, micros % 1_000_000 / 100_000),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_moves_on_all_the_while_is_told_in_two_figures() {
        let latencies = [0, 7, 812, 996, 1_284, 12_843, 602_111, 1_250_000].map(in_short);
        let expected = ["0 µs", "7 µs", "810 µs", "1.0 ms", "1.3 ms", "13 ms", "600 ms", "1.3 s"];
        assert_eq!(latencies, expected);
        let counts = [0, 3, 99, 994, 1_234, 48_999].map(about);
        assert_eq!(counts, ["0", "3", "99", "about 990", "about 1,200", "about 49,000"]);
    }
}
