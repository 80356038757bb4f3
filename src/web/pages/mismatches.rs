//! What differed, by fingerprint, the most severe first.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use form_urlencoded::Serializer;

use super::figure::thousands;
use super::{Complaint, Frame, Moment, page};
use crate::compare::{Inconclusive, MismatchClass};
use crate::domain::Timestamp;
use crate::ledger::{Counter, Ledger};
use crate::report::{
    Cause, MismatchFilter, MismatchReport, Severity, UngroupedReport, cause_of_inconclusive,
    mismatches as found,
};
use crate::web::Rooms;
use crate::web::api::mismatches::MismatchWish;
use crate::web::guard::Signed;

/// Groups of one page: what is worst is on it.
const SHOWN_MAX: usize = 100;

#[derive(Template)]
#[template(path = "pages/mismatches.html")]
pub(super) struct MismatchesPage {
    pub frame: Frame,
    pub complaint: Complaint,
    /// What the filter says.
    pub wanted: Wanted,
    /// The components that can be chosen.
    pub components: Vec<String>,
    pub groups: Vec<GroupLine>,
    /// How many more there are.
    pub left_out: usize,
    pub ungrouped: Vec<UngroupedLine>,
    pub inconclusive: Vec<InconclusiveLine>,
    /// Comparisons from which something follows.
    pub compared: String,
    /// True once anything was compared.
    pub any_evidence: bool,
}

/// What stands in the fields of the filter.
#[derive(Default)]
pub(super) struct Wanted {
    pub component: String,
    pub class: String,
    pub side: String,
}

/// A group as a line, and at the head of its own page.
pub(super) struct GroupLine {
    pub component: String,
    pub fingerprint: String,
    pub class: String,
    pub status: &'static str,
    pub status_text: &'static str,
    pub explanation: String,
    pub legacy: String,
    pub ssot: String,
    pub claim_shape: String,
    pub cause: Option<&'static Cause>,
    pub accepted: bool,
    pub count: String,
    pub first: Moment,
    pub last: Moment,
}

pub(super) struct UngroupedLine {
    component: String,
    class: &'static str,
    meaning: &'static str,
    status: &'static str,
    status_text: &'static str,
    count: String,
    accepted: String,
    /// Where it is watched: the sockets, or the component.
    href: String,
}

pub(super) struct InconclusiveLine {
    component: String,
    why: &'static str,
    count: String,
    cause: Option<&'static Cause>,
}

impl GroupLine {
    pub fn new(group: &MismatchReport, now: Timestamp) -> Self {
        let (status, status_text) = status(group.severity, group.accepted);
        Self {
            component: group.component.clone(),
            fingerprint: group.fingerprint.to_string(),
            class: group.class.clone(),
            status,
            status_text,
            explanation: group.explanation.clone(),
            legacy: answer(group.legacy_reason.as_deref()),
            ssot: answer(group.ssot_reason.as_deref()),
            claim_shape: group.claim_shape.clone(),
            cause: group.cause,
            accepted: group.accepted,
            count: thousands(group.count),
            first: Moment::new(group.first_at, now),
            last: Moment::new(group.last_at, now),
        }
    }
}

/// A side's answer: a reason where it denies. Of events neither side answers.
fn answer(reason: Option<&str>) -> String {
    reason.map_or_else(|| "allow".to_owned(), |reason| format!("deny: {reason}"))
}

/// Class of the style sheet, and the word that carries the meaning.
const fn status(severity: Severity, accepted: bool) -> (&'static str, &'static str) {
    if accepted {
        return ("calm", "accepted");
    }
    match severity {
        Severity::Alarm => ("hot", "alarm"),
        Severity::Harm => ("warm", "harm"),
        Severity::Difference => ("calm", "difference"),
        Severity::Words => ("calm", "words only"),
    }
}

impl UngroupedLine {
    pub fn new(one: UngroupedReport) -> Self {
        let (status, status_text) = status(one.severity, one.count == 0);
        let of_decisions = MismatchClass::parse(one.class)
            .is_some_and(|class| MismatchClass::OF_DECISIONS.contains(&class));
        let href = if of_decisions {
            format!("/components/{}", one.component)
        } else {
            "/sockets#comparison".to_owned()
        };
        Self {
            class: one.class,
            meaning: one.meaning,
            status,
            status_text,
            count: thousands(one.count),
            accepted: thousands(one.accepted),
            component: one.component,
            href,
        }
    }
}

impl MismatchesPage {
    /// The classes that can be chosen: code and meaning.
    fn classes() -> impl Iterator<Item = (&'static str, &'static str)> {
        MismatchClass::ALL.into_iter().map(|class| (class.code(), class.meaning()))
    }

    /// True when the filter leaves something out.
    fn is_filtered(&self) -> bool {
        let Wanted { component, class, side } = &self.wanted;
        [component, class, side].into_iter().any(|text| !text.is_empty())
    }
}

impl Wanted {
    /// The filter as the query of an address.
    fn query(&self) -> String {
        let mut query = Serializer::new(String::new());
        for (name, value) in
            [("component", &self.component), ("class", &self.class), ("side", &self.side)]
        {
            if !value.is_empty() {
                query.append_pair(name, value);
            }
        }
        query.finish()
    }
}

/// `GET /mismatches`: what differed; `?component=&class=&side=` leaves the rest out.
pub async fn mismatches(State(rooms): State<Arc<Rooms>>, signed: Signed, uri: Uri) -> Response {
    let wish = Query::<MismatchWish>::try_from_uri(&uri);
    let (wish, read) = if let Ok(Query(wish)) = wish {
        let filter = wish.filter(&rooms).map_err(Complaint::from);
        (wish, filter)
    } else {
        let problem = "The address takes component, class and side, each once.";
        (MismatchWish::default(), Err(Complaint::typed("page", problem)))
    };
    let (filter, complaint) = match read {
        Ok(filter) => (filter, Complaint::none()),
        Err(complaint) => (MismatchFilter::default(), complaint.at("page")),
    };
    let MismatchWish { component, class, side } = wish;
    let wanted = Wanted {
        component: component.unwrap_or_default(),
        class: class.unwrap_or_default(),
        side: side.unwrap_or_default(),
    };
    let status = if complaint.text().is_empty() { StatusCode::OK } else { complaint.status() };
    page(
        status,
        &shown(&rooms, Frame::of(&rooms, &signed, "mismatches"), complaint, (wanted, &filter)),
    )
}

fn shown(
    rooms: &Rooms,
    frame: Frame,
    complaint: Complaint,
    (wanted, filter): (Wanted, &MismatchFilter),
) -> MismatchesPage {
    let (snapshot, now) = (rooms.flags.snapshot(), rooms.clock.now());
    let all = found(&rooms.ledger, filter);
    let left_out = all.groups.len().saturating_sub(SHOWN_MAX);
    let books = rooms.ledger.books();
    let compared: u64 = books.iter().map(|book| book.total().conclusive()).sum();
    MismatchesPage {
        frame,
        complaint,
        wanted,
        components: snapshot.sorted().iter().map(|flag| flag.component.to_string()).collect(),
        groups: all.groups.iter().take(SHOWN_MAX).map(|group| GroupLine::new(group, now)).collect(),
        left_out,
        ungrouped: all.ungrouped.into_iter().map(UngroupedLine::new).collect(),
        inconclusive: inconclusive(&rooms.ledger, filter),
        compared: thousands(compared),
        any_evidence: compared > 0,
    }
}

/// Comparisons from which nothing follows: they are no differences, and yet somebody may look for
/// them here.
fn inconclusive(ledger: &Ledger, filter: &MismatchFilter) -> Vec<InconclusiveLine> {
    if filter.class.is_some() || filter.side.is_some() {
        return Vec::new();
    }
    let mut lines = Vec::new();
    for book in ledger.books() {
        let component = book.component().to_string();
        if filter.component.as_ref().is_some_and(|wanted| *wanted != component) {
            continue;
        }
        let total = book.total();
        for why in Inconclusive::ALL {
            let count = total.count(Counter::Inconclusive(why));
            if count > 0 {
                let (count, cause) = (thousands(count), cause_of_inconclusive(why));
                let component = component.clone();
                lines.push(InconclusiveLine { component, why: why.code(), count, cause });
            }
        }
    }
    lines
}

#[cfg(test)]
pub(super) mod samples {
    use super::*;
    use crate::domain::{Fingerprint, Side};
    use crate::ledger::{Exemplar, SampleSide};
    use crate::report::cause;

    pub fn group(text: &str, class: MismatchClass, accepted: bool) -> MismatchReport {
        let now = Timestamp::from_seconds(1_800_000_000);
        let side = |answer: &str| SampleSide {
            answer: answer.to_owned(),
            subject: Some(text.to_owned()),
            scopes: Some(2),
            took_us: 812,
        };
        let exemplar = Exemplar {
            request_id: text.to_owned(),
            asked_at: now.plus_seconds(-75),
            token: Some(text.to_owned()),
            legacy: side("allow"),
            ssot: side(text),
        };
        MismatchReport {
            component: "http-auth".to_owned(),
            fingerprint: Fingerprint::of_content(class.code().as_bytes()),
            class: class.code().to_owned(),
            severity: Severity::Alarm,
            explanation: format!("ssot locks out what legacy lets in, because {text}"),
            legacy_reason: Some(text.to_owned()),
            ssot_reason: None,
            claim_shape: text.to_owned(),
            cause: cause(class, Some("signature"), Some("signature"), ""),
            accepted,
            count: 12_345,
            first_at: now.plus_seconds(-90_000),
            last_at: now.plus_seconds(-75),
            exemplars: vec![exemplar],
        }
    }

    pub fn page(frame: Frame, complaint: Complaint, text: &str) -> MismatchesPage {
        let now = Timestamp::from_seconds(1_800_000_000);
        let group = |class, accepted| GroupLine::new(&group(text, class, accepted), now);
        let ungrouped = |class: MismatchClass| {
            UngroupedLine::new(UngroupedReport {
                component: "event-delivery".to_owned(),
                class: class.code(),
                meaning: class.meaning(),
                severity: Severity::Harm,
                count: 3,
                accepted: 1,
            })
        };
        let line = InconclusiveLine {
            component: "http-auth".to_owned(),
            why: Inconclusive::Failed(Side::Ssot).code(),
            count: "7".to_owned(),
            cause: cause_of_inconclusive(Inconclusive::Failed(Side::Ssot)),
        };
        MismatchesPage {
            frame,
            complaint,
            wanted: Wanted { component: text.to_owned(), ..Wanted::default() },
            components: vec!["http-auth".to_owned(), text.to_owned()],
            groups: vec![
                group(MismatchClass::Looser, false),
                group(MismatchClass::Stricter, false),
                group(MismatchClass::ReasonDiffers, true),
            ],
            left_out: 4,
            ungrouped: vec![ungrouped(MismatchClass::EventLost), ungrouped(MismatchClass::Looser)],
            inconclusive: vec![line],
            compared: "1,000,000".to_owned(),
            any_evidence: true,
        }
    }

    pub fn empty(frame: Frame, any_evidence: bool, component: &str) -> MismatchesPage {
        MismatchesPage {
            frame,
            complaint: Complaint::none(),
            wanted: Wanted { component: component.to_owned(), ..Wanted::default() },
            components: vec!["http-auth".to_owned()],
            groups: Vec::new(),
            left_out: 0,
            ungrouped: Vec::new(),
            inconclusive: Vec::new(),
            compared: "0".to_owned(),
            any_evidence,
        }
    }
}
