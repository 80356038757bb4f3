//! `POST /v1/socket-ticket`: a one-time ticket for a page, which then needs no token in its
//! handshake.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::counts::SocketEvent;
use super::door::{SocketAsked, Whose};
use super::handshake::handshake_with;
use super::origins::origin;
use super::refused::NotLetIn;
use super::tickets::{LIFE, NoTicket};
use crate::domain::{Denial, Presented, Reason};
use crate::web::doors::request_credentials;
use crate::web::session::uncached;
use crate::web::{Problem, Rooms};

/// A ticket.
#[derive(Serialize, ToSchema)]
pub struct TicketAnswer {
    /// Offered as the subprotocol `ticket.<this>` beside `crossfade`; good once.
    ticket: String,
    /// Seconds for which it is good.
    expires_in: u64,
}

/// A one-time ticket for `GET /ws`, for the page that asks; the token stands in `Authorization`.
/// Decided on now, and again when the ticket is shown.
#[utoipa::path(post, path = "/v1/socket-ticket", tag = "sockets",
    responses(
        (status = 200, description = "A ticket", body = TicketAnswer),
        (status = 401, description = "No valid token; WWW-Authenticate says why", body = crate::web::problem::ProblemBody),
        (status = 403, description = "From a page that may not, or the serving side refuses everybody", body = crate::web::problem::ProblemBody),
        (status = 404, description = "The configuration names a component that the flag table does not have", body = crate::web::problem::ProblemBody),
        (status = 409, description = "The component does not answer questions", body = crate::web::problem::ProblemBody),
        (status = 429, description = "Too many requests of this address, or too many tickets of this user", body = crate::web::problem::ProblemBody),
        (status = 503, description = "Neither side can decide, or too many tickets wait: ask again", body = crate::web::problem::ProblemBody)))]
pub async fn socket_ticket(State(rooms): State<Arc<Rooms>>, request: Request) -> Response {
    let parts = request.into_parts().0;
    if !rooms.sockets.settings.origins.allow(&parts.headers) {
        return rooms.refuse_socket(NotLetIn::Origin);
    }
    let answer = match ticket(&rooms, &parts).await {
        Ok(ticket) => {
            rooms.sockets.counts.count(SocketEvent::TicketMade);
            uncached(Json(TicketAnswer { ticket, expires_in: LIFE.as_secs() }).into_response())
        }
        Err(refused) => refused,
    };
    shared(answer, &parts.headers)
}

/// What a browser asks before it sends a page's request to another host.
#[utoipa::path(options, path = "/v1/socket-ticket", tag = "sockets",
    responses(
        (status = 204, description = "The page may ask for a ticket"),
        (status = 403, description = "From a page that may not", body = crate::web::problem::ProblemBody)))]
pub async fn socket_ticket_preflight(
    State(rooms): State<Arc<Rooms>>,
    headers: HeaderMap,
) -> Response {
    if !rooms.sockets.settings.origins.allow(&headers) {
        return rooms.refuse_socket(NotLetIn::Origin);
    }
    let mut answer = StatusCode::NO_CONTENT.into_response();
    let told = [
        (header::ACCESS_CONTROL_ALLOW_METHODS, "POST"),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "authorization, content-type"),
        (header::ACCESS_CONTROL_MAX_AGE, "600"),
    ];
    let told = told.map(|(name, value)| (name, HeaderValue::from_static(value)));
    answer.headers_mut().extend(told);
    shared(answer, &headers)
}

async fn ticket(rooms: &Rooms, parts: &Parts) -> Result<String, Response> {
    let headers = &parts.headers;
    let refuse = |refused| rooms.refuse_socket(refused);
    let paced = rooms.pace_data(&parts.extensions, headers);
    paced.map_err(|refusal| refuse(NotLetIn::Paced(refusal)))?;
    let denied = |reason| {
        let denial = Denial { reason, disclosed: true };
        refuse(NotLetIn::Denied(denial, rooms.request_ids.next()))
    };
    let token = match request_credentials(headers).presented() {
        Presented::Nothing => return Err(denied(Reason::TokenMissing)),
        Presented::Conflict => return Err(denied(Reason::TokenConflict)),
        Presented::Opaque(token, _) | Presented::Jws(token, _) => token,
    };
    let credentials = handshake_with(headers, &token);
    let credentials = credentials.ok_or_else(|| denied(Reason::Encoding))?;
    let network = rooms.network_at_door(&parts.extensions, headers);
    let asked = rooms.ask_for_socket("ws_ticket", (credentials, network), Whose::Users).await;
    let SocketAsked { admission, .. } = asked.map_err(refuse)?;
    let page = origin(headers).cloned();
    let tickets = &rooms.sockets.tickets;
    let made = tickets.make(&token, admission.subject(), page, rooms.clock.now());
    made.map_err(|none| too_many(rooms, none).into_response())
}

fn too_many(rooms: &Rooms, none: NoTicket) -> Problem {
    rooms.sockets.counts.count(SocketEvent::TooOften);
    let (status, detail) = match none {
        NoTicket::Full => (StatusCode::SERVICE_UNAVAILABLE, "too many tickets wait to be redeemed"),
        NoTicket::FullOfUser => {
            (StatusCode::TOO_MANY_REQUESTS, "too many tickets of this user wait to be redeemed")
        }
    };
    Problem::new(status, "too-many", "Too many tickets", detail)
        .with_header(header::RETRY_AFTER, HeaderValue::from(LIFE.as_secs()))
}

/// Lets the page that asks read the answer, whatever it is.
fn shared(mut answer: Response, headers: &HeaderMap) -> Response {
    let told = answer.headers_mut();
    told.append(header::VARY, HeaderValue::from_static("origin"));
    if let Some(origin) = origin(headers) {
        told.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    }
    answer
}
