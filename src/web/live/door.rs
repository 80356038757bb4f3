//! `GET /live/...`: the parts of a page that have changed, as they change.
//!
//! One event a round, `parts`: a JSON object with `parts`, each an `id` and the `html` of the
//! element of that id. A page says in `seen` which rendering it shows, and a browser that comes back
//! which event it has heard last: both get what has changed since. Whoever says neither gets all.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::{IntoResponse as _, Response};

use super::{Reach, View};
use crate::access::Permission;
use crate::domain::Revision;
use crate::web::flags::{component_id, unknown};
use crate::web::guard::Signed;
use crate::web::named::Named;
use crate::web::pages::query_value;
use crate::web::streams::{Follow, News, no_place, write_event};
use crate::web::{Listens, Problem, Rooms};

/// `GET /live/overview`
pub async fn overview(
    State(rooms): State<Arc<Rooms>>,
    signed: Signed,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    follow(rooms, signed, (&headers, &uri), &View::Overview)
}

/// `GET /live/components/{component}`, with `span` as the page has it.
pub async fn component(
    State(rooms): State<Arc<Rooms>>,
    signed: Signed,
    Named(component): Named,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let id = component_id(&component)?;
    if rooms.flags.snapshot().flag(id.as_str()).is_none() {
        return Err(unknown(&component));
    }
    let view = View::Component(id, Reach::parse(&query_value(&uri, "span")));
    Ok(follow(rooms, signed, (&headers, &uri), &view))
}

fn follow(
    rooms: Arc<Rooms>,
    signed: Signed,
    (headers, uri): (&HeaderMap, &Uri),
    view: &View,
) -> Response {
    let Some(place) = rooms.streams.enter(Listens::Control) else {
        return no_place().into_response();
    };
    let board = rooms.live.boards.join(view, &rooms);
    let heard = headers.get("last-event-id").and_then(|id| id.to_str().ok());
    let seen = heard.map_or_else(|| query_value(uri, "seen"), str::to_owned);
    let mut seen = rooms.seen_number(&seen);
    let wake = board.watch();
    let house = Arc::clone(&rooms);
    let news = move |_: Revision, text: &mut String| {
        if let Some((number, changed)) = board.after(seen) {
            write_event(text, house.seen(number), "parts", &changed);
            seen = number;
        }
        News::Told
    };
    let may_still = Box::new(move || signed.may_still(&rooms, Permission::Read));
    Follow { place, wake, also: None, may_still, news: Box::new(news) }.into_response()
}
