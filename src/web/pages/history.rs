//! The audit log of every change of every flag, and whether it is whole.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use form_urlencoded::Serializer;
use serde::Deserialize;

use super::complaint::Outcome;
use super::figure::thousands;
use super::{Complaint, Frame, Moment, page};
use crate::domain::{ComponentId, Revision, Timestamp};
use crate::flags::{
    Cause, CauseKind, FlagsError, HistoryFilter, HistoryPage as Part, HistoryRow, LogHead, Verdict,
};
use crate::report::changes;
use crate::web::Rooms;
use crate::web::guard::Signed;

/// Changes of one page.
const LINES: usize = 50;

/// A day, in seconds.
const DAY: i64 = 86_400;

#[derive(Template)]
#[template(path = "pages/history.html")]
pub(super) struct HistoryPage {
    pub frame: Frame,
    pub complaint: Complaint,
    pub wish: HistoryWish,
    pub components: Vec<String>,
    pub lines: Vec<ChangeLine>,
    /// The address of the next page.
    pub next: Option<String>,
    /// What came of going through the logs, where that was asked for.
    pub verified: Option<Verified>,
}

/// What stands in the address.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct HistoryWish {
    pub component: String,
    /// An operator's name.
    pub who: String,
    /// A kind of cause.
    pub kind: String,
    /// A day, or a moment.
    pub from: String,
    /// A day, which is meant to its end, or a moment.
    pub to: String,
    /// `yes`: only what moved a stage or a share.
    pub moves: String,
    pub before: Option<u64>,
    /// `yes`: go through the logs.
    pub verify: String,
}

pub(super) struct ChangeLine {
    pub revision: u64,
    /// The last revision of the change that it is part of, where there are several.
    pub part_of: Option<u64>,
    pub component: String,
    pub at: Moment,
    pub who: String,
    pub kind: &'static str,
    pub note: String,
    pub changes: Vec<String>,
}

/// What came of going through the logs.
pub(super) enum Verified {
    Whole(Vec<LogHead>),
    Broken { log: String, revision: Option<u64>, problem: String },
}

impl ChangeLine {
    pub fn new(row: &HistoryRow, now: Timestamp) -> Self {
        let (who, note) = told(&row.cause);
        Self {
            revision: row.revision.0,
            part_of: (row.change != row.revision).then_some(row.change.0),
            component: row.component.to_string(),
            at: Moment::new(row.at, now),
            who,
            kind: kind_text(row.cause.kind()),
            note,
            changes: changes(row.before.as_ref(), &row.after),
        }
    }
}

impl HistoryPage {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "templates hand out references")]
    fn grouped(number: &u64) -> String {
        thousands(*number)
    }

    fn kinds() -> impl Iterator<Item = (&'static str, &'static str)> {
        CauseKind::ALL.into_iter().map(|kind| (kind.as_str(), kind_text(kind)))
    }
}

const fn kind_text(kind: CauseKind) -> &'static str {
    match kind {
        CauseKind::Operator => "operator",
        CauseKind::TwoPeople => "two people",
        CauseKind::Seed => "seed file",
        CauseKind::Guard => "guard",
        CauseKind::Schedule => "rollout plan",
    }
}

/// Who it was, and what is said about it.
fn told(cause: &Cause) -> (String, String) {
    match cause {
        Cause::Operator { name, note } => (name.clone(), note.clone()),
        Cause::TwoPeople { asked_by, approved_by, note } => {
            (format!("{asked_by}, approved by {approved_by}"), note.clone())
        }
        Cause::Seed => ("the seed file".to_owned(), String::new()),
        Cause::Guard { trip } => ("the guard".to_owned(), trip.clone()),
        Cause::Schedule { plan } => (format!("the plan {plan}"), String::new()),
    }
}

impl HistoryWish {
    fn read(uri: &Uri) -> Outcome<Self> {
        let wish = Query::<Self>::try_from_uri(uri).map(|Query(wish)| wish);
        wish.map_err(|_| {
            let known = "The address takes component, who, kind, from, to, moves, before (a \
                         revision) and verify, each once.";
            Complaint::typed("page", known)
        })
    }

    fn filter(&self, rooms: &Rooms) -> Outcome<HistoryFilter> {
        let wanted = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let component = wanted(&self.component).map(|text| {
            let known = ComponentId::parse(&text).ok();
            let known = known.filter(|id| rooms.flags.snapshot().flag(id.as_str()).is_some());
            known.ok_or_else(|| Complaint::typed("page", "There is no such component. Choose one."))
        });
        let cause = wanted(&self.kind).map(|text| {
            let problem = "There is no such kind of change. Choose one.";
            CauseKind::parse(&text).ok_or_else(|| Complaint::typed("page", problem))
        });
        Ok(HistoryFilter {
            component: component.transpose()?,
            phase: None,
            actor: wanted(&self.who),
            cause: cause.transpose()?,
            from: wanted(&self.from).map(|text| moment(&text, 0)).transpose()?,
            to: wanted(&self.to).map(|text| moment(&text, DAY)).transpose()?,
            stage_changes: !self.moves.is_empty(),
            before: self.before.map(Revision),
            limit: Some(LINES),
        })
    }

    /// The filter alone, as the query of this page.
    fn query(&self) -> String {
        let fields = [
            ("component", &self.component),
            ("who", &self.who),
            ("kind", &self.kind),
            ("from", &self.from),
            ("to", &self.to),
            ("moves", &self.moves),
        ];
        encoded(fields.into_iter().map(|(name, value)| (name, value.clone())))
    }

    /// The filter as the API takes it, with the form of an export.
    pub fn export(&self, format: &str) -> String {
        let moment = |text: &str, more| {
            moment(text.trim(), more).map(Timestamp::rfc3339).unwrap_or_default()
        };
        let moves = if self.moves.is_empty() { "" } else { "true" };
        encoded([
            ("format", format.to_owned()),
            ("component", self.component.clone()),
            ("actor", self.who.clone()),
            ("cause", self.kind.clone()),
            ("from", moment(&self.from, 0)),
            ("to", moment(&self.to, DAY)),
            ("stage_changes", moves.to_owned()),
        ])
    }

    /// True when something is left out.
    fn is_filtered(&self) -> bool {
        !self.query().is_empty()
    }
}

fn encoded(fields: impl IntoIterator<Item = (&'static str, String)>) -> String {
    let mut query = Serializer::new(String::new());
    for (name, value) in fields.into_iter().filter(|(_, value)| !value.is_empty()) {
        query.append_pair(name, &value);
    }
    query.finish()
}

/// A moment, or the beginning of a day and `more` seconds.
fn moment(text: &str, more: i64) -> Outcome<Timestamp> {
    let day = || Timestamp::parse(&format!("{text}T00:00:00Z")).map(|day| day.plus_seconds(more));
    let is_day = text.len() == 10;
    let read = if is_day { day() } else { Timestamp::parse(text) };
    read.ok_or_else(|| {
        Complaint::typed(
            "page",
            "A day is written like 2027-01-15, a moment like 2027-01-15T08:00:00Z.",
        )
    })
}

/// `GET /history`: the changes, newest first.
pub async fn history(State(rooms): State<Arc<Rooms>>, signed: Signed, uri: Uri) -> Response {
    let (wish, read) = match HistoryWish::read(&uri) {
        Ok(wish) => {
            let part = part(&rooms, &wish).await;
            (wish, part)
        }
        Err(complaint) => (HistoryWish::default(), Err(complaint)),
    };
    let (part, complaint) = match read {
        Ok(part) => (part, Complaint::none()),
        Err(complaint) => (Part { lines: Vec::new(), next: None }, complaint),
    };
    let (verified, complaint) = match verify(&rooms, &wish).await {
        Ok(verified) => (verified, complaint),
        Err(failed) => (None, failed),
    };
    let (snapshot, now) = (rooms.flags.snapshot(), rooms.clock.now());
    let status = if complaint.text().is_empty() { StatusCode::OK } else { complaint.status() };
    let shown = HistoryPage {
        frame: Frame::of(&rooms, &signed, "history"),
        complaint,
        components: snapshot.sorted().iter().map(|flag| flag.component.to_string()).collect(),
        lines: part.lines.iter().map(|line| ChangeLine::new(line, now)).collect(),
        next: part.next.map(|Revision(next)| {
            let filter = wish.query();
            let mark = if filter.is_empty() { "" } else { "&" };
            format!("/history?{filter}{mark}before={next}")
        }),
        verified,
        wish,
    };
    page(status, &shown)
}

/// Reads the disk where nobody else waits for it.
async fn part(rooms: &Rooms, wish: &HistoryWish) -> Outcome<Part> {
    let (flags, filter) = (Arc::clone(&rooms.flags), wish.filter(rooms)?);
    let read = tokio::task::spawn_blocking(move || flags.history_page(&filter)).await;
    read.unwrap_or(Err(FlagsError::Ending)).map_err(unread)
}

async fn verify(rooms: &Rooms, wish: &HistoryWish) -> Outcome<Option<Verified>> {
    if wish.verify.is_empty() {
        return Ok(None);
    }
    Ok(Some(match rooms.flags.verify(&[]).await.map_err(unread)? {
        Verdict::Verified(heads) => Verified::Whole(heads),
        Verdict::Broken(broken) => Verified::Broken {
            log: broken.log,
            revision: broken.revision.map(|revision| revision.0),
            problem: broken.fault.to_string(),
        },
    }))
}

fn unread(error: FlagsError) -> Complaint {
    Complaint::from(crate::web::Problem::from(error))
}

#[cfg(test)]
pub(super) mod samples {
    use super::*;

    pub fn page(frame: Frame, text: &str, verified: Option<Verified>) -> HistoryPage {
        let now = Timestamp::from_seconds(1_800_000_000);
        let line = |revision, kind| ChangeLine {
            revision,
            part_of: (revision == 7).then_some(8),
            component: "http-auth".to_owned(),
            at: Moment::new(now.plus_seconds(-4_000), now),
            who: text.to_owned(),
            kind,
            note: text.to_owned(),
            changes: vec![
                "stage: shadow, 0 % on ssot to canary, 5 % on ssot".to_owned(),
                text.into(),
            ],
        };
        HistoryPage {
            frame,
            complaint: Complaint::typed("page", text),
            wish: HistoryWish { who: text.to_owned(), ..HistoryWish::default() },
            components: vec!["http-auth".to_owned()],
            lines: vec![line(8, "operator"), line(7, "guard")],
            next: Some("/history?before=7".to_owned()),
            verified,
        }
    }

    pub fn empty(frame: Frame, who: &str) -> HistoryPage {
        let wish = HistoryWish { who: who.to_owned(), ..HistoryWish::default() };
        let (complaint, lines) = (Complaint::none(), Vec::new());
        HistoryPage { wish, complaint, lines, next: None, ..page(frame, "", None) }
    }

    pub fn broken(text: &str) -> Verified {
        Verified::Broken { log: text.to_owned(), revision: Some(7), problem: text.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_meant_from_its_beginning_to_its_end() {
        let read = |text, more| moment(text, more).map(Timestamp::rfc3339).ok();
        assert_eq!(read("2027-01-15", 0).as_deref(), Some("2027-01-15T00:00:00.000Z"));
        assert_eq!(read("2027-01-15", DAY).as_deref(), Some("2027-01-16T00:00:00.000Z"));
        let moment = "2027-01-15T08:00:00.000Z";
        assert_eq!(read(moment, DAY).as_deref(), Some(moment));
        for odd in ["", "yesterday", "2027-13-01", "15.01.2027"] {
            assert_eq!(read(odd, 0), None, "{odd}");
        }
    }

    #[test]
    fn a_filter_goes_into_the_address_encoded() {
        let wish = HistoryWish {
            who: "a&b\"<".to_owned(),
            to: "2027-01-15".to_owned(),
            moves: "yes".to_owned(),
            ..HistoryWish::default()
        };
        assert_eq!(wish.query(), "who=a%26b%22%3C&to=2027-01-15&moves=yes");
        let export = wish.export("csv");
        assert!(export.starts_with("format=csv&actor=a%26b%22%3C&to=2027-01-16T00"), "{export}");
        assert!(export.ends_with("&stage_changes=true"), "{export}");
        assert!(!HistoryWish::default().is_filtered());
    }
}
