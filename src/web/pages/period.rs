//! The report of a period: what stands in the middle of its page, and the same as one file.

use std::borrow::Borrow;

use askama::Template;
use askama::filters::HtmlSafe;
use axum::response::Response;

use super::period_charts::charts;
use super::report::{STYLE, html_file};
use crate::domain::{Share, Timestamp};
use crate::report::{
    CardPart, ChangePart, ComponentPart, Document, Entry, Period, SharePart, WalksPart,
    latency_text, percent_text,
};
use crate::web::charts::Chart;

#[derive(Template)]
#[template(path = "pages/period_file.html")]
struct PeriodFile<'a> {
    style: &'static str,
    body: PeriodBody<'a>,
}

/// What a report of a period says.
#[derive(Template)]
#[template(path = "parts/period.html")]
pub(super) struct PeriodBody<'a> {
    pub document: &'a Document,
    pub entry: Option<&'a Entry>,
    pub told: Told<'a>,
}

/// Which of the components with something to tell are told in full.
#[derive(Clone, Copy)]
pub(super) enum Told<'a> {
    /// Every one: a file stands alone.
    All,
    /// Every one as long as they are few; of more, the chosen one, and the table leads to the others.
    Few(&'a str),
}

/// As many components are told in full on one page.
const FEW: usize = 12;

impl HtmlSafe for PeriodBody<'_> {}

/// The report as one HTML page without outside parts, without its seal.
pub fn period_text(document: &Document, entry: Option<&Entry>) -> String {
    let body = PeriodBody { document, entry, told: Told::All };
    let page = PeriodFile { style: &STYLE, body };
    page.render().unwrap_or_else(|error| format!("the report cannot be shown: {error}"))
}

/// A page that brings its own style, as an answer: of everything inline only that is allowed.
pub fn period_file(text: String) -> Response {
    html_file(text)
}

/// A row of the table of latencies.
struct LatencyRow {
    name: &'static str,
    legacy: String,
    ssot: String,
    ratio: String,
}

impl PeriodBody<'_> {
    fn busy(&self) -> impl Iterator<Item = &ComponentPart> {
        self.document.components.iter().filter(|part| part.is_busy())
    }

    /// The component that alone is told in full, or none; `None` where all are.
    fn chosen(&self) -> Option<&str> {
        match self.told {
            Told::Few(chosen) if self.busy().count() > FEW => Some(chosen),
            Told::All | Told::Few(_) => None,
        }
    }

    /// The components that are told in full.
    fn sections(&self) -> Vec<&ComponentPart> {
        let chosen = self.chosen();
        self.busy().filter(|part| chosen.is_none_or(|chosen| part.component == chosen)).collect()
    }

    /// Where a component is told in full.
    fn place(&self, part: &ComponentPart) -> String {
        let name = &part.component;
        match (self.chosen(), self.entry) {
            (None, _) => format!("#{name}"),
            (Some(_), Some(entry)) => format!("/reports/{}?component={name}#{name}", entry.id),
            (Some(_), None) => {
                let Period { from, to, .. } = self.document.period;
                format!("/reports/now?scope=component:{name}&from={from}&to={to}")
            }
        }
    }

    fn charts(part: &ComponentPart, period: &Period) -> Vec<Chart> {
        charts(part, *period)
    }

    /// Sides on which the prober has walked.
    fn walks(document: &Document) -> Vec<(String, WalksPart)> {
        let sides = [("legacy", &document.walks.legacy), ("ssot", &document.walks.ssot)];
        let walked = sides.into_iter().filter(|(_, walks)| walks.passed + walks.failed > 0);
        walked.map(|(side, walks)| (side.to_owned(), walks.clone())).collect()
    }

    fn quiet(document: &Document) -> String {
        let quiet = document.components.iter().filter(|part| !part.is_busy());
        let quiet: Vec<&str> = quiet.map(|part| &*part.component).collect();
        quiet.join(", ")
    }

    fn spared(document: &Document) -> u64 {
        document.components.iter().map(|part| part.harm_prevented.answers_spared).sum()
    }

    fn rollbacks(document: &Document) -> usize {
        let changes = document.components.iter().flat_map(|part| &part.changes);
        changes.filter(|change| change.what == "rolled_back").count()
    }

    fn requests(document: &Document) -> u64 {
        document.components.iter().map(|part| part.requests).sum()
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "templates hand out references")]
    fn share(points: &u16) -> String {
        Share::from_basis_points(*points).unwrap_or(Share::ALL).to_string()
    }

    #[expect(clippy::ref_option, reason = "templates hand out references")]
    fn percent(rate: &Option<f64>) -> String {
        rate.map_or("-".to_owned(), percent_text)
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "templates hand out references")]
    fn part(rate: &f64) -> String {
        percent_text(*rate)
    }

    fn count(count: impl Borrow<u64>) -> String {
        grouped(*count.borrow())
    }

    /// To the minute, for people.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "templates hand out references")]
    fn moment(at: &Timestamp) -> String {
        let text = at.rfc3339();
        text.get(..16).map_or(text.clone(), |minute| format!("{}Z", minute.replace('T', " ")))
    }

    fn decided(part: &ComponentPart, name: &str) -> String {
        grouped(part.decisions.get(name).copied().unwrap_or(0))
    }

    fn latencies(part: &ComponentPart) -> Vec<LatencyRow> {
        let (legacy, ssot) = (&part.latency.legacy, &part.latency.ssot);
        let row = |name, old, new, ratio: Option<f64>| LatencyRow {
            name,
            legacy: latency_text(old),
            ssot: latency_text(new),
            ratio: ratio.map_or("-".to_owned(), |ratio| format!("{ratio:.2}")),
        };
        let ratio = &part.latency_ratio;
        vec![
            row("p50", legacy.p50_us, ssot.p50_us, ratio.p50),
            row("p95", legacy.p95_us, ssot.p95_us, ratio.p95),
            row("p99", legacy.p99_us, ssot.p99_us, ratio.p99),
            row("max", legacy.max_us, ssot.max_us, None),
        ]
    }

    fn failures(part: &ComponentPart) -> Vec<(String, u64, u64)> {
        let ssot = |how: &String| part.failures.ssot.get(how).copied().unwrap_or(0);
        let all = part.failures.legacy.iter();
        all.map(|(how, legacy)| (how.replace('_', " "), *legacy, ssot(how))).collect()
    }

    fn words(code: &str) -> String {
        code.replace('_', " ")
    }

    fn stood(part: &SharePart) -> String {
        if part.stage == "canary" {
            return format!("canary at {}", Self::share(&part.share_basis_points));
        }
        part.stage.clone()
    }

    fn by(change: &ChangePart) -> &str {
        if change.by.is_empty() { &change.cause } else { &change.by }
    }

    fn without(card: &CardPart) -> Option<String> {
        let without = card.without?;
        Some(format!(
            "Without it {} of {:.1} trials a minute would have gone on failing, about {:.0} people \
             an hour.",
            percent_text(without.failure_rate),
            without.trials_per_minute,
            without.people_per_hour
        ))
    }
}

/// A count with a narrow gap between thousands.
fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push('\u{202f}');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_stand_apart() {
        assert_eq!(grouped(7), "7");
        assert_eq!(grouped(1_234), "1\u{202f}234");
        assert_eq!(grouped(1_234_567), "1\u{202f}234\u{202f}567");
    }
}
