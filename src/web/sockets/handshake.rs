//! `GET /ws`: from a handshake to a socket of the manager's.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};

use super::beside::{Leaving, OldManager};
use super::counts::SocketEvent;
use super::door::{SocketAsked, Whose};
use super::member::Member;
use super::offer::{Offer, in_place_of_ticket};
use super::origins::origin;
use super::refused::NotLetIn;
use super::settings::Refuse;
use super::talk::{Party, talk};
use super::tunnel::Tunnelled;
use super::upgrade::Upgrade;
use crate::domain::{
    Admission, Credentials, Epoch, Position, RequestParts, Sequence, Side, Token, TokenType,
};
use crate::legacy::tunnel::{Source, TunnelSocket, Tunnelled as Tunnelling};
use crate::sockets::{CloseReason, Connection, Resume};
use crate::web::provenance::{self, Decider};
use crate::web::{Problem, Rooms, guard};

/// Opens a socket for whoever shows a token: in `Authorization`, in a subprotocol (`jwt.`,
/// `jwt-auth.` or `bearer.` and the token, as it is or in base64url) or as a one-time ticket
/// (`ticket.` and its id). Beside a subprotocol that carries a token, one without must be offered
/// to answer with: `crossfade`, `jwt-auth`, `jwt` or `bearer`.
#[utoipa::path(get, path = "/ws", tag = "sockets",
    params(("epoch" = Option<u64>, Query, description = "With `after`: the log that the client's position is in"),
           ("after" = Option<u64>, Query, description = "The last event that has arrived: what came behind it is given again"),
           ("resume" = Option<String>, Query, description = "`message`: nothing is given until the first `resume` message, for five seconds at most")),
    responses(
        (status = 101, description = "A socket; its first frame is `connection_established`"),
        (status = 400, description = "A bad handshake, or subprotocols that cannot be answered", body = crate::web::problem::ProblemBody),
        (status = 401, description = "No valid token; WWW-Authenticate says why", body = crate::web::problem::ProblemBody),
        (status = 403, description = "From a page that may not, or the serving side refuses everybody", body = crate::web::problem::ProblemBody),
        (status = 404, description = "The configuration names a component that the flag table does not have", body = crate::web::problem::ProblemBody),
        (status = 409, description = "The component does not answer questions", body = crate::web::problem::ProblemBody),
        (status = 426, description = "Not a WebSocket handshake", body = crate::web::problem::ProblemBody),
        (status = 429, description = "Too many requests of this address, or too many connections of this user", body = crate::web::problem::ProblemBody),
        (status = 503, description = "Neither side can decide, or no connection is taken: come again", body = crate::web::problem::ProblemBody)))]
pub async fn ws(State(rooms): State<Arc<Rooms>>, request: Request) -> Response {
    let mut head = request.into_parts().0;
    let upgrade = match Upgrade::of(&mut head) {
        Ok(upgrade) => upgrade,
        Err(problem) => return rooms.refuse_socket(NotLetIn::Malformed(problem)),
    };
    let settings = &rooms.sockets.settings;
    let offer = match Offer::read(&head.headers) {
        Ok(offer) => offer,
        Err(fault) => return rooms.refuse_socket(NotLetIn::Offer(fault)),
    };
    match shake_hands(&rooms, &head, offer.ticket).await {
        Ok((party, is_service, decider)) => {
            rooms.sockets.counts.count(SocketEvent::Accepted);
            let manners = settings.manners(is_service);
            let wire = rooms.sockets.wire();
            let accepted =
                upgrade.accept(offer.answer, wire, move |wire| talk(wire, party, manners));
            if !provenance::is_asked(&head.headers) {
                return accepted;
            }
            rooms.with_provenance(accepted, &decider)
        }
        Err(refused) => match (settings.refuse, refused.close_reason()) {
            (Refuse::Close, Some(reason)) => {
                rooms.sockets.counts.count(refused.event());
                upgrade.accept(offer.answer, settings.wire(), move |wire| wire.close(reason))
            }
            (Refuse::Status, _) | (Refuse::Close, None) => rooms.refuse_socket(refused),
        },
    }
}

async fn shake_hands(
    rooms: &Arc<Rooms>,
    parts: &Parts,
    ticket: Option<&str>,
) -> Result<(Party, bool, Decider), NotLetIn> {
    let (headers, sockets) = (&parts.headers, &rooms.sockets);
    rooms.pace_data(&parts.extensions, headers).map_err(NotLetIn::Paced)?;
    if !sockets.settings.origins.allow(headers) {
        return Err(NotLetIn::Origin);
    }
    let query = Query::read(parts.uri.query().unwrap_or_default(), rooms)?;
    let credentials = match ticket {
        Some(id) => redeemed(rooms, parts, id, query.token.as_ref())?,
        None => handshake(parts, headers, query.token.clone()),
    };
    let network = rooms.network_at_door(&parts.extensions, headers);
    let shown = match &credentials {
        Credentials::Request(shown) => shown.headers.clone(),
        Credentials::Token(_) => Vec::new(),
    };
    let asked = rooms.ask_for_socket("ws", (credentials, network), Whose::Anybody).await?;
    let SocketAsked { admission, token, seen, decider } = asked;
    let Attached { connection, server, leaving } = rooms.attach(&admission, &query, &shown).await?;
    let watch = sockets.watched.place(connection.id());
    if let Some(token) = &token {
        let shown = (token, admission.subject());
        if !watch.watch(&rooms.authority, shown, (seen, rooms.clock.now())) {
            sockets.manager.close(connection.id(), CloseReason::Revoked);
        }
    }
    let is_service = admission.grant().token_type == Some(TokenType::Service);
    let member = Member::new(connection, Arc::clone(rooms), network, (watch, leaving));
    Ok((party(rooms, member, server), is_service, decider))
}

/// A connection, and what stands beside it.
struct Attached {
    connection: Connection,
    server: Option<TunnelSocket>,
    leaving: Option<Leaving>,
}

/// How long a server has to answer a handshake where SSOT serves.
const SERVER_TIME_BESIDE_SSOT: Duration = Duration::from_millis(500);

fn party(rooms: &Arc<Rooms>, member: Member, server: Option<TunnelSocket>) -> Party {
    match &rooms.sockets.old {
        Some(OldManager { events, tunnel: Some(tunnel), .. }) => {
            let events = Arc::clone(events);
            Party::Tunnelled(Box::new(Tunnelled::new(member, events, tunnel.source(), server)))
        }
        Some(OldManager { tunnel: None, .. }) | None => Party::Member(Box::new(member)),
    }
}

impl Rooms {
    /// Attaches a connection, beside legacy's manager where there is one. `shown` are the headers of
    /// the handshake.
    async fn attach(
        &self,
        admission: &Admission,
        query: &Query,
        shown: &[(Box<str>, Box<str>)],
    ) -> Result<Attached, NotLetIn> {
        let sockets = &self.sockets;
        let Some(beside) = sockets.beside(admission.subject()) else {
            let attached = sockets.manager.attach(admission, query.resume).await;
            let connection = attached.map_err(NotLetIn::NotAttached)?;
            return Ok(Attached { connection, server: None, leaving: None });
        };
        let side = beside.side;
        let attached = sockets.manager.attach_beside(admission, query.resume, beside).await;
        let connection = attached.map_err(NotLetIn::NotAttached)?;
        let server = self.open_tunnel(side, shown, &query.of_others, admission).await;
        let resumes = match query.resume {
            Resume::After(position) => Some(position),
            Resume::Now | Resume::WhenTold => None,
        };
        // From here on legacy is told when the connection is gone, whatever becomes of the handshake.
        let leaving = sockets.leaving(connection.id());
        sockets.connected(connection.id(), connection.user(), resumes).await;
        sockets.server_said(connection.id(), &server);
        Ok(Attached { connection, server: server?, leaving })
    }

    /// Opens the way to the legacy server, where there is one. Its refusal counts where it serves.
    async fn open_tunnel(
        &self,
        side: Side,
        headers: &[(Box<str>, Box<str>)],
        query: &str,
        admission: &Admission,
    ) -> Result<Option<TunnelSocket>, NotLetIn> {
        let Some(OldManager { events, tunnel: Some(tunnel), .. }) = &self.sockets.old else {
            return Ok(None);
        };
        if !events.plan(admission.subject()).asks_legacy {
            return Ok(None);
        }
        // Where SSOT serves, a client does not wait for a server that does not answer.
        let time = match side {
            Side::Legacy => None,
            Side::Ssot => Some(SERVER_TIME_BESIDE_SSOT),
        };
        let refused = match tunnel.open(headers, query, time).await {
            Ok(Tunnelling::Open(server)) => return Ok(Some(server)),
            Ok(Tunnelling::Refused(status)) => {
                tracing::info!(status, side = %side, "the legacy server refuses a handshake");
                NotLetIn::ByServer(status)
            }
            Err(error) => {
                tracing::warn!(%error, side = %side, "the legacy server cannot be reached");
                NotLetIn::ByServer(503)
            }
        };
        // Where SSOT is given what legacy sends, nothing would come without the server.
        match (side, tunnel.source()) {
            (Side::Legacy, _) | (Side::Ssot, Source::Tunnel) => Err(refused),
            (Side::Ssot, Source::App) => Ok(None),
        }
    }
}

/// The token behind a ticket, where a token would stand in a handshake without one.
fn redeemed(
    rooms: &Rooms,
    parts: &Parts,
    id: &str,
    beside: Option<&Token>,
) -> Result<Credentials, NotLetIn> {
    let sockets = &rooms.sockets;
    let token = sockets.tickets.redeem(id, origin(&parts.headers), rooms.clock.now());
    let token = token.ok_or(NotLetIn::Ticket)?;
    sockets.counts.count(SocketEvent::TicketRedeemed);
    let offer = in_place_of_ticket(&parts.headers, token.reveal()).ok_or(NotLetIn::Ticket)?;
    let mut headers = parts.headers.clone();
    headers.insert(header::SEC_WEBSOCKET_PROTOCOL, offer);
    Ok(handshake(parts, &headers, beside.cloned()))
}

/// The handshake as both sides see it; each extracts for itself.
fn handshake(parts: &Parts, headers: &HeaderMap, beside: Option<Token>) -> Credentials {
    let target = parts.uri.path_and_query().map_or("/ws", |target| target.as_str());
    Credentials::Request(RequestParts {
        method: "GET".into(),
        target: target.into(),
        headers: pairs(headers),
        handshake: true,
        beside,
    })
}

/// A handshake that somebody with this token would make. For whoever asks for a ticket: the answer
/// is the one that the ticket will get.
pub(super) fn handshake_with(headers: &HeaderMap, token: &Token) -> Option<Credentials> {
    let mut headers = headers.clone();
    let offer =
        format!("jwt-auth, jwt.{}", crate::domain::encode_base64url(token.reveal().as_bytes()));
    headers.insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_str(&offer).ok()?);
    headers.remove(header::AUTHORIZATION);
    Some(Credentials::Request(RequestParts {
        method: "GET".into(),
        target: "/ws".into(),
        headers: pairs(&headers),
        handshake: true,
        beside: None,
    }))
}

fn pairs(headers: &HeaderMap) -> Vec<(Box<str>, Box<str>)> {
    let of_caller = headers.iter().filter(|(name, _)| !guard::is_ours(name));
    of_caller
        .map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes());
            (name.as_str().into(), value.into_owned().into())
        })
        .collect()
}

/// What the query of a handshake says.
#[derive(Debug)]
struct Query {
    resume: Resume,
    token: Option<Token>,
    /// What is not ours, as it came.
    of_others: String,
}

impl Query {
    fn read(query: &str, rooms: &Rooms) -> Result<Self, NotLetIn> {
        let parameter = rooms.sockets.settings.query_token.as_deref();
        Self::parse(query, parameter)
            .map_err(|problem| NotLetIn::Malformed(Problem::bad_request(problem)))
    }

    /// Other parameters are not ours.
    fn parse(query: &str, token_parameter: Option<&str>) -> Result<Self, &'static str> {
        let (mut epoch, mut after, mut held, mut token) = (None, None, false, None);
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let number =
                || value.parse::<u64>().map_err(|_| "`epoch` and `after` are whole numbers");
            match &*name {
                "epoch" => epoch = Some(number()?),
                "after" => after = Some(number()?),
                "resume" if value == "message" => held = true,
                "resume" => return Err("`resume` is `message`"),
                name if Some(name) == token_parameter => {
                    let this = Token::new(&value);
                    if token.as_ref().is_some_and(|other| *other != this) {
                        return Err("the query holds two tokens");
                    }
                    token = Some(this);
                }
                _ => {}
            }
        }
        let resume = match (epoch, after, held) {
            (None, None, false) => Resume::Now,
            (None, None, true) => Resume::WhenTold,
            (Some(epoch), Some(after), false) => {
                Resume::After(Position { epoch: Epoch(epoch), after: Sequence(after) })
            }
            _ => return Err("a position is `epoch` and `after`, and stands without `resume`"),
        };
        let ours = |pair: &&str| {
            let name = pair.split('=').next().unwrap_or_default();
            matches!(name, "epoch" | "after" | "resume")
        };
        let of_others = query.split('&').filter(|pair| !ours(pair)).collect::<Vec<_>>().join("&");
        Ok(Self { resume, token, of_others })
    }
}

impl Rooms {
    /// Counts a refusal, and says it as a status.
    pub(super) fn refuse_socket(&self, refused: NotLetIn) -> Response {
        self.sockets.counts.count(refused.event());
        if let NotLetIn::Paced(refusal) = &refused {
            self.access.refusals.count(*refusal);
        }
        Problem::from(refused).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resume(query: &str) -> Result<Resume, &'static str> {
        Query::parse(query, None).map(|query| query.resume)
    }

    #[test]
    fn a_position_is_whole_or_not_there() {
        let at = Position { epoch: Epoch(3), after: Sequence(9) };
        assert_eq!(resume(""), Ok(Resume::Now));
        assert_eq!(resume("token=x&v=2"), Ok(Resume::Now), "others' parameters");
        assert_eq!(resume("epoch=3&after=9"), Ok(Resume::After(at)));
        assert_eq!(resume("resume=message"), Ok(Resume::WhenTold));
        for odd in
            ["epoch=3", "after=9", "epoch=-1&after=0", "epoch=3&after=9&resume=message", "resume=x"]
        {
            assert!(resume(odd).is_err(), "{odd}");
        }
    }

    #[test]
    fn a_token_in_the_query_is_taken_only_where_the_deployment_says_so() {
        let token = |query, name| Query::parse(query, name).map(|query| query.token);
        assert_eq!(token("token=a.b.c", None), Ok(None));
        assert_eq!(token("jwt=a.b.c", Some("token")), Ok(None));
        assert_eq!(token("token=a.b%2Ec", Some("token")), Ok(Some(Token::new("a.b.c"))));
        assert!(token("token=a.b.c&token=x.y.z", Some("token")).is_err());
    }
}
