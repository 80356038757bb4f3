//! How far the migration has come: twelve checks, five rates, and what they are judged from.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::{Frame, Moment, page};
use crate::domain::Timestamp;
use crate::ledger::AnswersDiffer;
use crate::report::Rate;
use crate::report::checks::{Check, Checks, Judged, KeptScan, Unused};
use crate::web::Rooms;
use crate::web::api::checks::judged;
use crate::web::guard::Signed;

/// Copies that are named on the page, at most.
const SHOWN_MAX: usize = 100;

#[derive(Template)]
#[template(path = "pages/checks.html")]
pub(super) struct ChecksPage {
    pub frame: Frame,
    pub passed: usize,
    pub failed: usize,
    pub unknown: usize,
    pub phases: Vec<PhaseChecks>,
    pub rates: Vec<RateLine>,
    pub differing: Vec<DifferLine>,
    pub source: Option<SourceView>,
}

pub(super) struct PhaseChecks {
    number: u8,
    checks: Vec<Check>,
}

pub(super) struct RateLine {
    name: &'static str,
    means: &'static str,
    rate: Option<Rate>,
}

pub(super) struct DifferLine {
    at: Moment,
    differ: AnswersDiffer,
}

pub(super) struct SourceView {
    at: Moment,
    tree: String,
    files: u64,
    unread: u64,
    categories: Vec<CategoryLine>,
    services: Vec<(String, u64)>,
    unused: Unused,
}

/// A category's findings in production code outside the canonical modules, and their past.
pub(super) struct CategoryLine {
    name: String,
    count: u64,
    first: u64,
    elsewhere: u64,
}

impl ChecksPage {
    pub(super) fn new(
        frame: Frame,
        checks: &Checks,
        scans: &[Arc<KeptScan>],
        unused: Option<Unused>,
        examples: Vec<AnswersDiffer>,
        now: Timestamp,
    ) -> Self {
        let phases = (1..=3).map(|number| PhaseChecks {
            number,
            checks: checks.checks.iter().filter(|check| check.phase == number).cloned().collect(),
        });
        let rates = checks.metrics.named().into_iter();
        let source = scans.last().zip(unused).map(|(latest, unused)| SourceView {
            at: Moment::new(latest.at, now),
            tree: latest.tree.clone(),
            files: latest.files,
            unread: latest.unread,
            categories: categories(latest, scans),
            services: latest.services().into_iter().collect(),
            unused,
        });
        Self {
            frame,
            passed: checks.count(Judged::Passed),
            failed: checks.count(Judged::Failed),
            unknown: checks.count(Judged::NoEvidence),
            phases: phases.collect(),
            rates: rates.map(|(name, rate)| RateLine { name, means: means(name), rate }).collect(),
            differing: (examples.into_iter().rev())
                .map(|differ| DifferLine { at: Moment::new(differ.at, now), differ })
                .collect(),
            source,
        }
    }
}

impl SourceView {
    fn shown(&self) -> impl Iterator<Item = &crate::report::checks::Site> {
        self.unused.sites.iter().take(SHOWN_MAX)
    }

    fn hidden(&self) -> usize {
        self.unused.sites.len().saturating_sub(SHOWN_MAX)
    }
}

impl RateLine {
    fn text(&self) -> String {
        self.rate.map_or_else(
            || "no evidence yet".to_owned(),
            |rate| {
                let percent = |part: f64| format!("{:.1}", part * 100.0);
                let (low, high) = (percent(rate.low), percent(rate.high));
                format!("{} % ({low} to {high} %)", percent(rate.rate))
            },
        )
    }

    fn of(&self) -> String {
        self.rate.map(|rate| format!("{} of {}", rate.good, rate.all)).unwrap_or_default()
    }
}

fn means(rate: &str) -> &'static str {
    match rate {
        "jwt_consistency" => "tokens that got one answer wherever they were shown",
        "authority_coverage" => "decisions by SSOT's authority",
        "manager_consistency" => "frames by SSOT's manager",
        "auth_consistency" => "sessions that were one person throughout",
        "compliance" => "services without a rival of authority or manager",
        _ => "",
    }
}

fn categories(latest: &KeptScan, scans: &[Arc<KeptScan>]) -> Vec<CategoryLine> {
    let mut names: Vec<&str> = latest.counts.iter().map(|count| &*count.category).collect();
    let first = scans.first().map_or(latest, |scan| scan);
    names.extend(first.counts.iter().map(|count| &*count.category));
    names.sort_unstable();
    names.dedup();
    let line = |name: &str| {
        let all: u64 = (latest.counts.iter())
            .filter(|count| count.category == name)
            .map(|count| count.count)
            .sum();
        let count = latest.rivals(name);
        let (first, elsewhere) = (first.rivals(name), all - count);
        CategoryLine { name: name.to_owned(), count, first, elsewhere }
    };
    names.into_iter().map(line).collect()
}

/// `GET /checks`: the twelve checks.
pub async fn checks(State(rooms): State<Arc<Rooms>>, signed: Signed) -> Response {
    let now = rooms.clock.now();
    let unused = rooms.scans.latest().map(|scan| scan.unused(&rooms.call_sites.list(), now));
    let examples = rooms.ledger.sightings().summary(Timestamp::from_seconds(0), now).examples;
    let frame = Frame::of(&rooms, &signed, "checks");
    let (checks, scans) = (judged(&rooms), rooms.scans.all());
    page(StatusCode::OK, &ChecksPage::new(frame, &checks, &scans, unused, examples, now))
}
