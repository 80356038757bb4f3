//! `GET /v1/events`: every change of a flag as it happens, for operators and their tools.
//!
//! One event a line of the audit log, in the order of the log; the id is the line's revision. A
//! client that says what it has last seen goes on from there. One that does not, or that names what
//! the log does not have, is first told to read the table: by then the table shows every line
//! before, and every later line is told.
//!
//! Between them, what the guard did: one event a decision card, see [`cards`].

mod cards;

use std::fmt::Display;
use std::sync::Arc;

use axum::Extension;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use self::cards::{Cards, CardsAfter};
use crate::access::Permission;
use crate::domain::{Revision, Timestamp};
use crate::flags::{Cause, Flag, HistoryRow, Stage};
use crate::web::answers::QueryRefused;
use crate::web::guard::{Signed, bearer};
use crate::web::streams::{Follow, News, Place, no_place, write_event};
use crate::web::{Listens, Problem, Rooms};

/// Lines read at a time.
const PAGE: usize = 50;

/// Where to go on.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct EventsQuery {
    /// The id of the last event that was seen, for clients that cannot send `Last-Event-ID`; 0 for
    /// the whole log.
    after: Option<String>,
}

/// The data of an event `change`.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChangeEvent<'a> {
    /// The revision of the change.
    revision: u64,
    /// The last revision of the whole change: what a rollback took along shares it.
    change: u64,
    /// Whose flag.
    component: &'a str,
    /// How far it has come.
    stage: &'static str,
    /// The share that ssot serves, in basis points.
    share: u16,
    /// How far it had come before; absent for its first row.
    #[serde(skip_serializing_if = "Option::is_none")]
    stage_before: Option<&'static str>,
    /// The share that ssot served before.
    #[serde(skip_serializing_if = "Option::is_none")]
    share_before: Option<u16>,
    /// True while it is rolled back and not released.
    latched: bool,
    /// True while it is held.
    held: bool,
    /// Who or what did it, and why.
    #[schema(value_type = Object)]
    cause: &'a Cause,
    /// When.
    #[schema(value_type = String)]
    at: Timestamp,
}

/// The data of an event `reset`.
#[derive(Debug, Serialize, ToSchema)]
pub struct ResetEvent {
    /// `new`: nothing was named to go on from. `unknown`: the log has no such line.
    reason: &'static str,
    /// The newest line of the log. What comes after it will be told.
    revision: u64,
    /// The newest decision card, if there is one. What comes after it will be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    card: Option<String>,
}

/// Every change of a flag as it happens, and what the guard did.
#[utoipa::path(get, path = "/v1/events", tag = "control", security(("control" = [])),
    params(EventsQuery, ("Last-Event-ID" = Option<String>, Header,
        description = "The id of the last event that was seen; goes before `after`")),
    responses(
        (status = 200, description = "Events: `change`, `guard` (its id is `revision.card`), and `reset` when the table is to be read anew",
         content_type = "text/event-stream", body = ChangeEvent),
        QueryRefused))]
pub async fn events(
    State(rooms): State<Arc<Rooms>>,
    query: Result<Query<EventsQuery>, QueryRejection>,
    signed: Option<Extension<Signed>>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let bad_query = "the query takes `after`, the id of an event";
    let Query(query) = query.map_err(|_| Problem::bad_request(bad_query))?;
    let after = match query.after.as_deref() {
        Some(text) => Some(Last::parse(text).ok_or_else(|| Problem::bad_request(bad_query))?),
        None => None,
    };
    let begin = begin(&rooms, &headers, after)?;
    let signed = signed.map(|Extension(signed)| signed);
    match rooms.streams.enter(Listens::Control) {
        Some(place) => {
            let token = bearer(&headers).map(str::to_owned);
            Ok(follow(rooms, place, (signed, token), begin).into_response())
        }
        None => Ok(no_place().into_response()),
    }
}

/// What a client has last seen: a line of the log, or a card after it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Last {
    line: Revision,
    card: Option<String>,
}

impl Last {
    /// Reads `revision` or `revision.card`.
    fn parse(text: &str) -> Option<Self> {
        let (line, card) = match text.split_once('.') {
            Some((_, "")) => return None,
            Some((line, card)) => (line, Some(card.to_owned())),
            None => (text, None),
        };
        Some(Self { line: Revision(line.parse().ok()?), card })
    }
}

/// Where a stream begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Begin {
    After(Revision),
    Reset(&'static str),
}

fn begin(
    rooms: &Rooms,
    headers: &HeaderMap,
    after: Option<Last>,
) -> Result<(Begin, CardsAfter), Problem> {
    let last = match headers.get("last-event-id") {
        Some(id) => id.to_str().ok().and_then(Last::parse),
        None => match after {
            Some(after) => Some(after),
            None => return Ok((Begin::Reset("new"), CardsAfter::Now)),
        },
    };
    let Some(Last { line, card }) = last else {
        return Ok((Begin::Reset("unknown"), CardsAfter::Now));
    };
    let from = if line == Revision(0) {
        CardsAfter::Nothing
    } else {
        let before = Revision(line.0.saturating_sub(1));
        match &*rooms.flags.history_after(before, line, 1)? {
            [line] => CardsAfter::line(line.at),
            _ => return Ok((Begin::Reset("unknown"), CardsAfter::Now)),
        }
    };
    let known = card.filter(|card| rooms.guard.card(card).is_ok());
    Ok((Begin::After(line), known.map_or(from, CardsAfter::Card)))
}

fn follow(
    rooms: Arc<Rooms>,
    place: Place,
    (signed, token): (Option<Signed>, Option<String>),
    (begin, from): (Begin, CardsAfter),
) -> Follow {
    let (wake, also) = (rooms.flags.watch_log(), Some(rooms.guard.watch()));
    let listener = Arc::clone(&rooms);
    let may_still = move || match (&signed, &token) {
        (Some(signed), _) => signed.may_still(&listener, Permission::Read),
        (None, Some(token)) => listener.access.tokens.may_still(token, Permission::Read),
        (None, None) => false,
    };
    let (mut begin, mut cards) = (begin, Cards::new(&rooms.guard, from));
    let news = move |up_to, text: &mut String| tell(&rooms, &mut begin, &mut cards, up_to, text);
    Follow { place, wake, also, may_still: Box::new(may_still), news: Box::new(news) }
}

/// Writes the next page of the log, else of the cards, and where to go on.
fn tell(
    rooms: &Rooms,
    begin: &mut Begin,
    cards: &mut Cards,
    up_to: Revision,
    text: &mut String,
) -> News {
    let after = match *begin {
        Begin::After(after) => after,
        Begin::Reset(reason) => {
            let card = match cards.skip_to_newest() {
                Ok(newest) => newest,
                Err(error) => return unreadable(&error),
            };
            let reset = ResetEvent { reason, revision: up_to.0, card };
            write_event(text, up_to, "reset", &serde_json::to_string(&reset).unwrap_or_default());
            *begin = Begin::After(up_to);
            return News::Told;
        }
    };
    let lines = match rooms.flags.history_after(after, up_to, PAGE) {
        Ok(lines) => lines,
        Err(error) => return unreadable(&error),
    };
    for line in &lines {
        let json = serde_json::to_string(&ChangeEvent::of(line)).unwrap_or_default();
        write_event(text, line.revision, "change", &json);
        *begin = Begin::After(line.revision);
    }
    if lines.len() >= PAGE {
        return News::More;
    }
    let after = lines.last().map_or(after, |line| line.revision);
    match cards.tell(after, text) {
        Ok(true) => News::More,
        Ok(false) => News::Told,
        Err(error) => unreadable(&error),
    }
}

fn unreadable(error: &dyn Display) -> News {
    tracing::error!(%error, "what is new cannot be read; a stream ends");
    News::Over
}

impl<'a> ChangeEvent<'a> {
    fn of(line: &'a HistoryRow) -> Self {
        let Flag { stage, latch, hold, .. } = &line.after;
        let before = line.before.as_ref().map(|before| before.stage);
        let share = |stage: Stage| stage.share().basis_points();
        Self {
            revision: line.revision.0,
            change: line.change.0,
            component: line.component.as_str(),
            stage: stage.name(),
            share: share(*stage),
            stage_before: before.map(Stage::name),
            share_before: before.map(share),
            latched: latch.is_some(),
            held: hold.is_some(),
            cause: &line.cause,
            at: line.at,
        }
    }
}
