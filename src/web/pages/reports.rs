//! Kept reports: which there are, making and removing one.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;

use super::complaint::Outcome;
use super::{Complaint, Frame, Moment, Unlock, page, permit, query_value, see_other};
use crate::access::Permission;
use crate::domain::Timestamp;
use crate::report::{Entry, Preset, Scope};
use crate::web::form::Form;
use crate::web::guard::Signed;
use crate::web::reports::Asked;
use crate::web::{Problem, Rooms};

/// Reports on one page.
const PAGE: usize = 50;

#[derive(Template)]
#[template(path = "pages/reports.html")]
pub(super) struct ReportsPage {
    pub frame: Frame,
    pub complaint: Complaint,
    pub may_make: bool,
    pub reports: Vec<ReportLine>,
    pub next: Option<String>,
    pub scopes: Vec<Choice>,
    pub periods: Vec<Choice>,
    pub from: String,
    pub to: String,
    pub schedule: Vec<String>,
    pub keep_days: u32,
    pub keep_max: u32,
}

/// Something to choose.
pub(super) struct Choice {
    pub value: String,
    pub words: String,
    pub chosen: bool,
}

pub(super) struct ReportLine {
    id: String,
    scope: String,
    from: String,
    to: String,
    occasion: String,
    made: Moment,
    by: String,
    alarm: bool,
    signed: bool,
}

impl ReportLine {
    pub fn new(entry: &Entry, now: Timestamp) -> Self {
        Self {
            id: entry.id.clone(),
            scope: entry.scope.words(),
            from: minute(entry.period.from),
            to: minute(entry.period.to),
            occasion: entry.occasion.words(),
            made: Moment::new(entry.made_at, now),
            by: entry.made_by.clone(),
            alarm: entry.alarm,
            signed: entry.seal.jws.is_some(),
        }
    }
}

/// `2027-01-15 08:00Z`
pub(super) fn minute(at: Timestamp) -> String {
    let text = at.rfc3339();
    text.get(..16).map_or(text.clone(), |minute| format!("{}Z", minute.replace('T', " ")))
}

/// What stands in the fields of the form.
#[derive(Default)]
struct Typed {
    scope: String,
    period: String,
    from: String,
    to: String,
}

impl Typed {
    fn of(form: &Form) -> Self {
        let text = |name| form.text(name).to_owned();
        Self { scope: text("scope"), period: text("period"), from: text("from"), to: text("to") }
    }

    fn asked(&self) -> Asked {
        let some = |text: &String| {
            let text = text.trim();
            (!text.is_empty()).then(|| text.to_owned())
        };
        let from = some(&self.from).map(|text| with_zone(&text));
        let to = some(&self.to).map(|text| with_zone(&text));
        // Whoever types a beginning means it, whatever is chosen above.
        let period = if from.is_some() || to.is_some() { None } else { some(&self.period) };
        Asked { scope: some(&self.scope), period, from, to }
    }
}

/// Browsers send the moment of a field without seconds and zone: it is meant in UTC.
pub(super) fn with_zone(text: &str) -> String {
    match text.len() {
        16 if !text.ends_with('Z') => format!("{text}:00Z"),
        19 if !text.ends_with('Z') => format!("{text}Z"),
        _ => text.to_owned(),
    }
}

impl ReportsPage {
    async fn new(
        rooms: &Rooms,
        signed: &Signed,
        before: Option<String>,
        typed: Typed,
    ) -> Result<Self, Problem> {
        let now = rooms.clock.now();
        let mut entries = rooms.reports.list(before, PAGE + 1).await?;
        let is_more = entries.len() > PAGE;
        entries.truncate(PAGE);
        let settings = rooms.reports.settings();
        Ok(Self {
            frame: Frame::of(rooms, signed, "reports"),
            complaint: Complaint::none(),
            may_make: Unlock::of(rooms, signed, Permission::Lower).is_open(),
            next: entries.last().filter(|_| is_more).map(|entry| entry.id.clone()),
            reports: entries.iter().map(|entry| ReportLine::new(entry, now)).collect(),
            scopes: scopes(rooms, &typed.scope),
            periods: periods(&typed.period),
            from: typed.from,
            to: typed.to,
            schedule: settings.schedule.iter().map(ToString::to_string).collect(),
            keep_days: settings.keep_days,
            keep_max: settings.keep_max,
        })
    }
}

/// Everything, the phases, each component.
pub(super) fn scopes(rooms: &Rooms, chosen: &str) -> Vec<Choice> {
    let snapshot = rooms.flags.snapshot();
    let mut phases: Vec<_> = snapshot.iter().map(|flag| flag.phase).collect();
    phases.sort_unstable();
    phases.dedup();
    let components = snapshot.sorted().into_iter().map(|flag| flag.component.clone());
    let all = [Scope::All].into_iter();
    let all = all.chain(phases.into_iter().map(Scope::Phase));
    all.chain(components.map(Scope::Component)).map(|scope| choice(&scope, chosen)).collect()
}

fn choice(scope: &Scope, chosen: &str) -> Choice {
    let value = scope.to_string();
    Choice { words: scope.words(), chosen: value == chosen, value }
}

pub(super) fn periods(chosen: &str) -> Vec<Choice> {
    let chosen = Preset::parse(chosen).unwrap_or_default();
    let choice = |preset: Preset| Choice {
        value: preset.as_str().to_owned(),
        words: preset.words().to_owned(),
        chosen: preset == chosen,
    };
    Preset::ALL.map(choice).into()
}

/// `GET /reports`: which reports there are; `?before=` an id for older ones.
pub async fn reports(State(rooms): State<Arc<Rooms>>, signed: Signed, uri: Uri) -> Response {
    let before = Some(query_value(&uri, "before")).filter(|id| (1..=40).contains(&id.len()));
    match ReportsPage::new(&rooms, &signed, before, Typed::default()).await {
        Ok(mut shown) => {
            shown.frame = shown.frame.after(uri.query());
            page(shown.complaint.status(), &shown)
        }
        Err(problem) => failed(&rooms, &signed, problem),
    }
}

/// `POST /reports/make`: `scope`, and `period` or `from` and `to`. Leads to the report.
pub async fn make_report(State(rooms): State<Arc<Rooms>>, signed: Signed, form: Form) -> Response {
    match make(&rooms, &signed, &form).await {
        Ok(entry) => see_other(&format!("/reports/{}?done=kept", entry.id)),
        Err(complaint) => again(&rooms, &signed, complaint, Typed::of(&form)).await,
    }
}

async fn make(rooms: &Rooms, signed: &Signed, form: &Form) -> Outcome<Entry> {
    let pass = permit(rooms, signed, Permission::Lower)?;
    let wish = Typed::of(form).asked().wish(pass.actor().to_string(), rooms.clock.now());
    let wish = wish.map_err(|(place, told)| Complaint::typed(place, sentence(&told)))?;
    let made = rooms.reports.make(wish).await;
    made.map_err(|error| Complaint::from(Problem::from(error)))
}

fn sentence(told: &str) -> String {
    let mut rest = told.chars();
    let first = rest.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", rest.as_str())
}

/// `POST /reports/remove`: `id`.
pub async fn remove_report(
    State(rooms): State<Arc<Rooms>>,
    signed: Signed,
    form: Form,
) -> Response {
    let removed = async {
        let pass = permit(&rooms, &signed, Permission::Administer)?;
        let id = form.text("id");
        let removed = rooms.reports.remove(id).await;
        removed.map_err(|error| Complaint::from(Problem::from(error)))?;
        tracing::warn!(report.id = %id, actor = %pass.actor(), "a report was removed");
        Ok(())
    };
    match removed.await {
        Ok(()) => see_other("/reports?done=report-removed"),
        Err(complaint) => again(&rooms, &signed, complaint, Typed::default()).await,
    }
}

/// The page with what was wrong on it.
async fn again(rooms: &Rooms, signed: &Signed, complaint: Complaint, typed: Typed) -> Response {
    match ReportsPage::new(rooms, signed, None, typed).await {
        Ok(shown) => complaint.answer("/reports", |complaint| {
            page(complaint.status(), &ReportsPage { complaint, ..shown })
        }),
        Err(problem) => failed(rooms, signed, problem),
    }
}

/// A page that says why there is none.
pub(super) fn failed(rooms: &Rooms, signed: &Signed, problem: Problem) -> Response {
    let frame = Frame::of(rooms, signed, "reports");
    Complaint::from(problem).page(frame, "No report")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_from_a_field_is_meant_in_utc() {
        assert_eq!(with_zone("2027-01-15T08:00"), "2027-01-15T08:00:00Z");
        assert_eq!(with_zone("2027-01-15T08:00:07"), "2027-01-15T08:00:07Z");
        assert_eq!(with_zone("2027-01-15T08:00:07Z"), "2027-01-15T08:00:07Z");
    }
}
