//! The report since the ledger began, as one file that can be kept and mailed.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use askama::Template;
use askama::filters::HtmlSafe;
use aws_lc_rs::digest::{SHA256, digest};
use axum::http::{HeaderValue, header};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::secured::secured;
use super::see_other;
use super::static_files::{APP_CSS, CHARTS_CSS, REPORT_CSS};
use crate::compare::MismatchClass;
use crate::domain::Share;
use crate::report::{ComponentReport, Report, latency_text, quiet_components};

#[derive(Template)]
#[template(path = "pages/report_file.html")]
struct ReportFile<'a> {
    style: &'static str,
    body: ReportBody<'a>,
}

#[derive(Template)]
#[template(path = "parts/report.html")]
pub(super) struct ReportBody<'a> {
    pub report: &'a Report,
}

impl HtmlSafe for ReportBody<'_> {}

/// All that a page on its own needs.
pub(super) static STYLE: LazyLock<String> =
    LazyLock::new(|| format!("{APP_CSS}{REPORT_CSS}{CHARTS_CSS}"));

/// `GET /report`: where reports are since there are many.
pub async fn report() -> Response {
    see_other("/reports")
}

/// The report as one HTML page without outside parts, so that it can be kept and mailed.
pub fn report_page(report: &Report) -> String {
    let page = ReportFile { style: &STYLE, body: ReportBody { report } };
    page.render().unwrap_or_else(|error| format!("the report cannot be shown: {error}"))
}

/// The same as an answer: of everything inline, only its own style is allowed.
pub fn report_file(report: &Report) -> Response {
    html_file(report_page(report))
}

/// A page that brings its own style, and nothing else.
pub(super) fn html_file(text: String) -> Response {
    let hash = STANDARD.encode(digest(&SHA256, STYLE.as_bytes()));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{hash}'; frame-ancestors 'none'; base-uri 'none'"
    );
    let kind = HeaderValue::from_static("text/html; charset=utf-8");
    let mut response = secured(([(header::CONTENT_TYPE, kind)], text));
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

impl ReportBody<'_> {
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
        let count = |map: &BTreeMap<&'static str, u64>, class: MismatchClass| {
            map.get(class.code()).copied().unwrap_or(0)
        };
        let classes = component.total.classes();
        classes
            .map(|class| {
                let differed = count(&component.total.mismatches, class);
                let accepted = count(&component.total.accepted, class);
                (class.code(), class.meaning(), differed, accepted)
            })
            .collect()
    }
}
