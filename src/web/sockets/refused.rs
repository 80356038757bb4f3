//! Why somebody gets no socket, and how that is said: as a status, or as a close code.

use axum::http::{HeaderValue, StatusCode, header};

use super::counts::SocketEvent;
use super::offer::OfferFault;
use crate::access::Refusal;
use crate::domain::{Denial, Reason, RequestId};
use crate::shadow::ShadowError;
use crate::sockets::{AttachError, CloseReason};
use crate::web::{Problem, forward_auth};

/// Why somebody gets no socket and no ticket.
#[derive(Debug)]
pub(super) enum NotLetIn {
    /// Asks too often.
    Paced(Refusal),
    /// Cannot be read, or is no handshake.
    Malformed(Problem),
    /// From a page that may not.
    Origin,
    /// Subprotocols that cannot be answered.
    Offer(OfferFault),
    /// A ticket that is not known, or another page's.
    Ticket,
    /// No token that opens this door.
    Denied(Denial, RequestId),
    /// Whoever serves does not say who it is.
    Nameless(RequestId),
    /// Neither side can decide.
    Undecided(RequestId),
    /// The component cannot be asked.
    NotAsked(ShadowError),
    /// The manager does not take the connection.
    NotAttached(AttachError),
    /// The legacy server, which serves, answers with this status.
    ByServer(u16),
}

impl NotLetIn {
    /// The word under which it is counted.
    pub fn event(&self) -> SocketEvent {
        match self {
            Self::Paced(_) => SocketEvent::TooOften,
            Self::Malformed(_) => SocketEvent::Malformed,
            Self::Origin => SocketEvent::Origin,
            Self::Offer(_) => SocketEvent::Subprotocol,
            Self::Ticket => SocketEvent::Ticket,
            Self::Denied(..) | Self::Nameless(_) => SocketEvent::Denied,
            Self::Undecided(_) | Self::NotAsked(_) => SocketEvent::Undecided,
            Self::ByServer(_) => SocketEvent::ByServer,
            Self::NotAttached(AttachError::TooMany | AttachError::TooManyOfUser) => {
                SocketEvent::TooMany
            }
            Self::NotAttached(
                AttachError::TooManyUsers | AttachError::ShuttingDown | AttachError::Store(_),
            ) => SocketEvent::Unavailable,
        }
    }

    /// The close reason behind an answer that switches protocols; `None` for what can only be
    /// refused by a status.
    pub fn close_reason(&self) -> Option<CloseReason> {
        Some(match self {
            Self::Malformed(_) | Self::Offer(_) => return None,
            Self::Paced(_) | Self::NotAttached(AttachError::TooManyOfUser) => {
                CloseReason::TooManyConnections
            }
            Self::Denied(denial, _) if denial.reason == Reason::RefusesAll => {
                CloseReason::Forbidden
            }
            Self::Ticket | Self::Denied(..) | Self::ByServer(401) => CloseReason::Unauthorized,
            Self::Origin | Self::Nameless(_) | Self::ByServer(403) => CloseReason::Forbidden,
            Self::NotAttached(AttachError::ShuttingDown) => CloseReason::Restart,
            Self::Undecided(_)
            | Self::NotAsked(_)
            | Self::ByServer(_)
            | Self::NotAttached(
                AttachError::TooMany | AttachError::TooManyUsers | AttachError::Store(_),
            ) => CloseReason::Unavailable,
        })
    }

    /// Code and detail for whoever has a socket already.
    pub fn said(&self) -> (&'static str, String) {
        match self {
            Self::Denied(denial, _) => ("denied", denial.reason.code().into_owned()),
            Self::Undecided(_) => ("undecided", "neither side can decide; ask again".to_owned()),
            Self::Nameless(_) => ("denied", "the serving side does not say who it is".to_owned()),
            Self::Paced(_)
            | Self::Malformed(_)
            | Self::Origin
            | Self::Offer(_)
            | Self::Ticket
            | Self::NotAsked(_)
            | Self::NotAttached(_)
            | Self::ByServer(_) => ("unavailable", "nobody can be asked".to_owned()),
        }
    }
}

impl From<NotLetIn> for Problem {
    fn from(refused: NotLetIn) -> Self {
        match refused {
            NotLetIn::Paced(refusal) => refusal.into(),
            NotLetIn::Malformed(problem) => problem,
            NotLetIn::Origin => Self::new(
                StatusCode::FORBIDDEN,
                "origin",
                "Not from this page",
                "the `Origin` of the page is not on the list `sockets.origins`",
            ),
            NotLetIn::Offer(fault) => {
                Self::bad_request(format!("the subprotocols of `Sec-WebSocket-Protocol` {fault}"))
            }
            NotLetIn::Ticket => Self::new(
                StatusCode::UNAUTHORIZED,
                "ticket",
                "No valid ticket",
                "the ticket is not known, was redeemed, has expired, or is another page's",
            )
            .with_header(header::WWW_AUTHENTICATE, challenge()),
            NotLetIn::Denied(denial, id) => forward_auth::refusal(&denial, id),
            NotLetIn::Nameless(id) => Self::new(
                StatusCode::FORBIDDEN,
                "nameless",
                "Whose socket?",
                "the serving side lets the token in and does not say whose it is",
            )
            .with_request(id),
            NotLetIn::Undecided(id) => Self::undecided(id),
            NotLetIn::NotAsked(error) => error.into(),
            NotLetIn::NotAttached(error) => error.into(),
            NotLetIn::ByServer(status) => by_server(status),
        }
    }
}

/// What legacy's server says about who may come in is said on; what else it says is its own affair.
fn by_server(status: u16) -> Problem {
    let status = match status {
        401 => StatusCode::UNAUTHORIZED,
        403 => StatusCode::FORBIDDEN,
        404 => StatusCode::NOT_FOUND,
        429 => StatusCode::TOO_MANY_REQUESTS,
        _ => StatusCode::SERVICE_UNAVAILABLE,
    };
    let detail = "legacy serves, and its server takes no socket";
    let problem = Problem::new(status, "legacy", "No socket", detail);
    match status {
        StatusCode::UNAUTHORIZED => problem.with_header(header::WWW_AUTHENTICATE, challenge()),
        StatusCode::SERVICE_UNAVAILABLE => {
            problem.with_header(header::RETRY_AFTER, HeaderValue::from_static("1"))
        }
        _ => problem,
    }
}

fn challenge() -> HeaderValue {
    HeaderValue::from_static("Bearer realm=\"crossfade\"")
}

impl From<AttachError> for Problem {
    fn from(error: AttachError) -> Self {
        let detail = error.to_string();
        let (status, code, retry_s) = match error {
            AttachError::TooManyOfUser => (StatusCode::TOO_MANY_REQUESTS, "too-many", 10),
            AttachError::TooMany | AttachError::TooManyUsers => {
                (StatusCode::SERVICE_UNAVAILABLE, "full", 10)
            }
            AttachError::ShuttingDown => (StatusCode::SERVICE_UNAVAILABLE, "ending", 1),
            AttachError::Store(error) => {
                tracing::error!(%error, "a user's log of events cannot be read");
                let detail = "the user's log cannot be read; the log has the reason";
                return Self::new(StatusCode::SERVICE_UNAVAILABLE, "store", "No socket", detail)
                    .with_header(header::RETRY_AFTER, HeaderValue::from_static("10"));
            }
        };
        Self::new(status, code, "No socket", detail)
            .with_header(header::RETRY_AFTER, HeaderValue::from(retry_s))
    }
}
