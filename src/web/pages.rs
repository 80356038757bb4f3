//! Pages for people.

use askama::Template;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};

use crate::compare::MismatchClass;
use crate::domain::Share;
use crate::report::{ComponentReport, Report, latency_text, quiet_components};

#[derive(Template)]
#[template(path = "pages/report.html")]
struct ReportPage<'a> {
    report: &'a Report,
    style: &'static str,
}

const STYLE: &str = include_str!("../../templates/static/report.css");

/// The report as one HTML page without outside parts, so that it can be kept and mailed.
pub fn report_page(report: &Report) -> String {
    let page = ReportPage { report, style: STYLE };
    page.render().unwrap_or_else(|error| format!("the report cannot be shown: {error}"))
}

/// The stylesheet of the pages.
pub async fn stylesheet() -> Response {
    let kind = HeaderValue::from_static("text/css; charset=utf-8");
    ([(header::CONTENT_TYPE, kind)], STYLE).into_response()
}

impl ReportPage<'_> {
    /// Components in which something happens or has happened.
    fn busy(report: &Report) -> impl Iterator<Item = &ComponentReport> {
        report.components.iter().filter(|component| component.is_busy())
    }

    fn quiet(report: &Report) -> String {
        quiet_components(report).join(", ")
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "templates hand out references")]
    fn share(points: &u16) -> String {
        Share::from_basis_points(*points).unwrap_or(Share::ALL).to_string()
    }

    #[expect(clippy::ref_option, reason = "templates hand out references")]
    fn percent(rate: &Option<f64>) -> String {
        rate.map_or("-".to_owned(), |rate| format!("{:.2} %", rate * 100.0))
    }

    #[expect(clippy::ref_option, reason = "templates hand out references")]
    fn micros(value: &Option<u64>) -> String {
        latency_text(*value)
    }

    fn classes(component: &ComponentReport) -> Vec<(&'static str, &'static str, u64, u64)> {
        let count = |map: &std::collections::BTreeMap<&'static str, u64>, class: MismatchClass| {
            map.get(class.code()).copied().unwrap_or(0)
        };
        MismatchClass::ALL
            .into_iter()
            .map(|class| {
                let differed = count(&component.total.mismatches, class);
                let accepted = count(&component.total.accepted, class);
                (class.code(), class.meaning(), differed, accepted)
            })
            .collect()
    }
}
