//! One report: as it is kept, as things are now, and as a file.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;

use super::period::PeriodBody;
use super::reports::{failed, with_zone};
use super::{Frame, Unlock, page, query_value};
use crate::access::Permission;
use crate::report::{Document, Entry};
use crate::web::guard::Signed;
use crate::web::named::Named;
use crate::web::reports::{Asked, Format, as_file};
use crate::web::{Problem, Rooms};

#[derive(Template)]
#[template(path = "pages/saved_report.html")]
pub(super) struct SavedReportPage<'a> {
    pub frame: Frame,
    pub body: PeriodBody<'a>,
    pub unlock: Unlock,
    pub may_keep: bool,
}

impl SavedReportPage<'_> {
    /// Formats, with their names for people.
    fn formats() -> [(&'static str, &'static str); 5] {
        Format::ALL.map(|format| (format.as_str(), format.words()))
    }
}

/// `GET /reports/{id}`: a kept report.
pub async fn saved_report(
    State(rooms): State<Arc<Rooms>>,
    signed: Signed,
    Named(id): Named,
    uri: Uri,
) -> Response {
    match rooms.reports.document(&id).await {
        Ok((entry, document, _)) => shown(&rooms, &signed, &document, Some(&entry), &uri),
        Err(error) => failed(&rooms, &signed, error.into()),
    }
}

/// `GET /reports/now`: a report of `scope` and `period`, or `from` and `to`, which is not kept.
pub async fn report_now(State(rooms): State<Arc<Rooms>>, signed: Signed, uri: Uri) -> Response {
    match drawn(&rooms, &signed, &uri).await {
        Ok(document) => shown(&rooms, &signed, &document, None, &uri),
        Err(problem) => failed(&rooms, &signed, problem),
    }
}

async fn drawn(rooms: &Rooms, signed: &Signed, uri: &Uri) -> Result<Document, Problem> {
    let typed = |name| Some(query_value(uri, name)).filter(|text| !text.is_empty());
    let (from, to) = (typed("from"), typed("to"));
    let period = if from.is_some() || to.is_some() { None } else { typed("period") };
    let (from, to) = (from.map(|text| with_zone(&text)), to.map(|text| with_zone(&text)));
    let asked = Asked { scope: typed("scope"), period, from, to };
    let by = signed.session.caller.actor().to_string();
    let wish = asked.wish(by, rooms.clock.now());
    let wish = wish.map_err(|(_, told)| Problem::bad_request(told))?;
    Ok(rooms.reports.draw(wish).await?)
}

fn shown(
    rooms: &Rooms,
    signed: &Signed,
    document: &Document,
    entry: Option<&Entry>,
    uri: &Uri,
) -> Response {
    let shown = SavedReportPage {
        frame: Frame::of(rooms, signed, "reports").after(uri.query()),
        body: PeriodBody { document, entry },
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
