//! One report: as it is kept, as things are now, and as a file.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;

use super::complaint::Outcome;
use super::period::{PeriodBody, Told};
use super::reports::{failed, with_zone};
use super::{Complaint, Frame, Unlock, page, query_value};
use crate::access::Permission;
use crate::report::{Document, Entry, Wish};
use crate::web::guard::Signed;
use crate::web::named::Named;
use crate::web::reports::{Asked, Format, as_file};
use crate::web::{Problem, Rooms};

#[derive(Template)]
#[template(path = "pages/saved_report.html")]
pub(super) struct SavedReportPage<'a> {
    pub frame: Frame,
    pub report: &'a ShownReport,
    pub entry: Option<&'a Entry>,
    pub unlock: Unlock,
    pub may_keep: bool,
}

impl SavedReportPage<'_> {
    /// Formats, with their names for people.
    fn formats() -> [(&'static str, &'static str); 5] {
        Format::ALL.map(|format| (format.as_str(), format.words()))
    }
}

/// A report as pages show it.
pub(in crate::web) struct ShownReport {
    pub title: String,
    /// What it says, in HTML.
    pub html: String,
    pub scope: String,
    pub from: String,
    pub to: String,
}

impl ShownReport {
    pub(super) fn of(document: &Document, entry: Option<&Entry>, chosen: &str) -> Self {
        let body = PeriodBody { document, entry, told: Told::Few(chosen) };
        let html = body.render().unwrap_or_else(|error| {
            tracing::error!(%error, "a report cannot be rendered");
            "the report cannot be shown".to_owned()
        });
        let period = document.period;
        Self {
            title: document.title(),
            html,
            scope: document.scope.to_string(),
            from: period.from.to_string(),
            to: period.to.to_string(),
        }
    }
}

/// `GET /reports/{id}`: a kept report. Of one about many components that of the query is told in
/// full.
pub async fn saved_report(
    State(rooms): State<Arc<Rooms>>,
    signed: Signed,
    Named(id): Named,
    uri: Uri,
) -> Response {
    match rooms.reports.document(&id).await {
        Ok((entry, document, _)) => {
            let report = ShownReport::of(&document, Some(&entry), &query_value(&uri, "component"));
            shown(&rooms, &signed, &report, Some(&entry), &uri)
        }
        Err(error) => failed(&rooms, &signed, error.into()),
    }
}

/// `GET /reports/now`: a report of `scope` and `period`, or `from` and `to`, which is not kept.
/// Where it takes long to put together there is word of that, and the page asks again.
pub async fn report_now(State(rooms): State<Arc<Rooms>>, signed: Signed, uri: Uri) -> Response {
    let by = signed.session.caller.actor().to_string();
    match rooms.report_now(asked(&uri), by).await.as_deref().map(|(_, report)| report) {
        Some(Ok(report)) => shown(&rooms, &signed, report, None, &uri),
        Some(Err(complaint)) => {
            complaint.clone().page(Frame::of(&rooms, &signed, "reports"), "No report")
        }
        None => {
            let frame = Frame::of(&rooms, &signed, "reports");
            page(StatusCode::OK, &ReportWaitingPage { frame })
        }
    }
}

/// Says that a report is still being put together.
#[derive(Template)]
#[template(path = "pages/report_waiting.html")]
pub(super) struct ReportWaitingPage {
    pub frame: Frame,
}

fn asked(uri: &Uri) -> Asked {
    let typed = |name| Some(query_value(uri, name)).filter(|text| !text.is_empty());
    let (from, to) = (typed("from"), typed("to"));
    let period = if from.is_some() || to.is_some() { None } else { typed("period") };
    let (from, to) = (from.map(|text| with_zone(&text)), to.map(|text| with_zone(&text)));
    Asked { scope: typed("scope"), period, from, to }
}

/// What somebody wants to have put together, or what is wrong with it.
pub(in crate::web) fn wish_of(rooms: &Rooms, asked: &Asked, by: String) -> Outcome<Wish> {
    let wish = asked.wish(by, rooms.clock.now());
    wish.map_err(|(_, told)| Complaint::from(Problem::bad_request(told)))
}

/// A report that is not kept, as pages show it.
pub(in crate::web) fn shown_now(document: &Document) -> ShownReport {
    ShownReport::of(document, None, "")
}

fn shown(
    rooms: &Rooms,
    signed: &Signed,
    report: &ShownReport,
    entry: Option<&Entry>,
    uri: &Uri,
) -> Response {
    let shown = SavedReportPage {
        frame: Frame::of(rooms, signed, "reports").after(uri.query()),
        report,
        entry,
        unlock: Unlock::of(rooms, signed, Permission::Administer),
        may_keep: Unlock::of(rooms, signed, Permission::Lower).is_open(),
    };
    page(StatusCode::OK, &shown)
}

/// `GET /reports/{id}/file`: a kept report to save, in the `format` of the query.
pub async fn report_download(
    State(rooms): State<Arc<Rooms>>,
    signed: Signed,
    Named(id): Named,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let name = Some(query_value(&uri, "format")).filter(|name| !name.is_empty());
    let sent = async {
        let format = Format::wanted(name.as_deref(), &headers)?;
        let (entry, document, text) = rooms.reports.document(&id).await?;
        let response = rooms.sent(&document, Some((&entry, &text)), format)?;
        Ok(as_file(response, &document, format))
    };
    sent.await.unwrap_or_else(|problem| failed(&rooms, &signed, problem))
}
