//! `GET /ofrep/v1/events`: tells that evaluations may have changed.
//!
//! An event says that something changed, not what: the client asks again. So events that a slow
//! client has missed are one, and a client that comes back is always told to ask again, whatever
//! its `Last-Event-ID`: the revision alone does not say that nothing was published since.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use super::failure::Failure;
use crate::access::Permission;
use crate::domain::{Revision, Timestamp};
use crate::web::streams::{Follow, News, Place, no_place, write_event};
use crate::web::{DataAccess, Listens, Rooms};

/// Where it is.
pub(super) const PATH: &str = "/ofrep/v1/events";

/// The data of an event.
#[derive(Debug, Serialize, ToSchema)]
pub struct OfrepEvent {
    /// `refetchEvaluation`.
    #[serde(rename = "type")]
    kind: &'static str,
    /// The table's revision as an entity tag, for `flagConfigEtag`.
    etag: String,
    /// When the table last changed, in seconds since the epoch, for `flagConfigLastModified`.
    #[serde(rename = "lastModified")]
    last_modified: i64,
}

/// Tells that evaluations may have changed: one event at the start, one after every change.
#[utoipa::path(get, path = "/ofrep/v1/events", tag = "ofrep",
    security((), ("token" = [])),
    responses(
        (status = 200, description = "Events, each with the table's revision as its id",
         body = OfrepEvent, content_type = "text/event-stream"),
        (status = 401, description = "No API token, or none that is known", body = super::failure::OfrepFailure),
        (status = 403, description = "The API token is for something else", body = super::failure::OfrepFailure),
        (status = 429, description = "Too many requests of this token or address", body = super::failure::OfrepFailure),
        (status = 503, description = "All places are taken", body = super::failure::OfrepFailure)))]
pub async fn events(State(rooms): State<Arc<Rooms>>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    if let Err(failure) = super::admit(&rooms, &parts) {
        return failure.into_response(&rooms.ofrep, None);
    }
    match rooms.streams.enter(Listens::Data) {
        Some(place) => follow(rooms, place, super::shown(&parts)).into_response(),
        None => Failure::Refused(no_place()).into_response(&rooms.ofrep, None),
    }
}

fn follow(rooms: Arc<Rooms>, place: Place, token: Option<&str>) -> Follow {
    let (listener, token) = (Arc::clone(&rooms), token.map(str::to_owned));
    let may_still = move || match (listener.network.data_access, &token) {
        (DataAccess::Open, _) => true,
        (DataAccess::Token, None) => false,
        (DataAccess::Token, Some(token)) => {
            listener.access.tokens.may_still(token, Permission::Evaluate)
        }
    };
    let wake = rooms.flags.watch();
    let news = move |_: Revision, text: &mut String| {
        let (revision, event) = event(&rooms);
        let json = serde_json::to_string(&event).unwrap_or_default();
        write_event(text, revision, "message", &json);
        News::Told
    };
    let may_still = Box::new(may_still);
    Follow { place, wake, also: None, may_still, news: Box::new(news) }
}

fn event(rooms: &Rooms) -> (Revision, OfrepEvent) {
    let snapshot = rooms.flags.snapshot();
    let changes = snapshot.iter().map(|flag| flag.changed_at);
    let changes = changes.chain(snapshot.segments().into_iter().map(|segment| segment.changed_at));
    let event = OfrepEvent {
        kind: "refetchEvaluation",
        etag: format!("\"{}\"", snapshot.revision()),
        last_modified: changes.max().map_or(0, Timestamp::seconds),
    };
    (snapshot.revision(), event)
}
