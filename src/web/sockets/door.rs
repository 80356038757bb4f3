//! What the doors to sockets share: the manager behind them, and how somebody is asked about.

use std::sync::Arc;

use axum::http::StatusCode;
use tokio::sync::Semaphore;

use super::beside::OldManager;
use super::counts::{SocketCounts, SocketEvent};
use super::refused::NotLetIn;
use super::settings::SocketSettings;
use super::tickets::Tickets;
use super::watched::Watched;
use crate::authority::Authority;
use crate::domain::{
    Admission, ClientNetwork, Credentials, Decision, Question, Reason, Timestamp, Token, TokenType,
};
use crate::sockets::{Forwarder, Manager};
use crate::web::Rooms;
use crate::web::decide::log;
use crate::web::doors::{kind_of, of_kind};
use crate::web::provenance::Decider;

/// Batches of events that legacy may be asked about while nobody waits.
const ASKING_MAX: usize = 256;

/// What is behind the doors to sockets.
pub struct SocketDoor {
    /// Who is connected, and what reaches them.
    pub manager: Manager,
    /// How sockets are opened and kept.
    pub settings: SocketSettings,
    /// What became of handshakes, tickets and messages.
    pub counts: SocketCounts,
    /// Passes on what is for somebody behind the manager.
    pub forwarder: Option<Forwarder>,
    /// The legacy manager, while there is one.
    pub old: Option<OldManager>,
    pub(super) tickets: Tickets,
    pub(super) watched: Arc<Watched>,
    /// Batches of events that legacy may be asked about while nobody waits.
    pub(super) asking: Arc<Semaphore>,
    /// Bytes of events that may be read at once, in units of [`super::events::UNIT`].
    pub(super) reading: Semaphore,
}

impl SocketDoor {
    /// Doors to this manager.
    pub fn new(
        manager: Manager,
        settings: SocketSettings,
        forwarder: Option<Forwarder>,
        old: Option<OldManager>,
    ) -> Self {
        Self {
            manager,
            counts: SocketCounts::default(),
            forwarder,
            old,
            tickets: Tickets::new(settings.tickets_max),
            watched: Arc::default(),
            asking: Arc::new(Semaphore::new(ASKING_MAX)),
            reading: Semaphore::new(super::events::UNITS),
            settings,
        }
    }

    /// Ends what has run out: tokens, silent connections, tickets, and what was revoked. Twice a
    /// second is often enough. Looks at everybody: for a thread that may take a moment.
    pub fn end_overdue(&self, authority: &Authority, now: Timestamp) {
        self.watched.sweep(authority, &self.manager, now);
        self.manager.end_overdue();
        self.assign();
        let expired = self.tickets.expire(now);
        self.counts.add(SocketEvent::TicketExpired, u64::try_from(expired).unwrap_or(u64::MAX));
    }

    /// How many tickets wait to be redeemed.
    pub fn tickets_waiting(&self) -> usize {
        self.tickets.waiting()
    }
}

/// Whose tokens open a door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whose {
    /// Users' and services'.
    Anybody,
    /// Users' alone.
    Users,
}

/// Somebody who may come in.
pub(super) struct SocketAsked {
    /// The proof.
    pub admission: Admission,
    /// The token that SSOT looks at, if there is one.
    pub token: Option<Token>,
    /// How many revocations there were before the decision.
    pub seen: u64,
    /// What decided.
    pub decider: Decider,
}

impl Rooms {
    /// May the owner of these credentials have a socket? The same walk as for every other
    /// question.
    pub(super) async fn ask_for_socket(
        &self,
        route: &'static str,
        (credentials, network): (Credentials, Option<ClientNetwork>),
        whose: Whose,
    ) -> Result<SocketAsked, NotLetIn> {
        let (id, asked_at) = (self.request_ids.next(), self.clock.now());
        let component = &self.sockets.settings.component;
        // A service's token is looked at as what it is.
        let service = |kind: &TokenType| whose == Whose::Anybody && *kind == TokenType::Service;
        let kind = kind_of(&credentials).filter(service);
        let question =
            Question::new(id, component.clone(), asked_at, credentials).from_network(network);
        let question = match kind {
            Some(service) => question.wanting(service),
            None => question,
        };
        let token = question.presented().token().cloned();
        // Not verified: it can only shorten what the serving side grants.
        let told_end = question.presented().claims().and_then(|claims| claims.get("exp")?.as_i64());
        let seen = self.authority.revocations_seen();
        let mut served = self.shadow.decide(question).await.map_err(NotLetIn::NotAsked)?;
        served.decision = served.decision.map(|decision| of_kind(decision, kind, kind));
        let status = match &served.decision {
            Some(Decision::Allow(_)) => StatusCode::SWITCHING_PROTOCOLS,
            Some(Decision::Deny(denial)) if denial.reason == Reason::RefusesAll => {
                StatusCode::FORBIDDEN
            }
            Some(Decision::Deny(_)) => StatusCode::UNAUTHORIZED,
            None => StatusCode::SERVICE_UNAVAILABLE,
        };
        let took = self.clock.now().since(asked_at);
        log(self, route, status, (id, asked_at, took), component, &served);
        match served.decision {
            None => Err(NotLetIn::Undecided(id)),
            Some(Decision::Deny(denial)) => Err(NotLetIn::Denied(denial, id)),
            Some(allow) => {
                let admission = allow.admit().ok_or(NotLetIn::Nameless(id))?;
                let admission = admission.until(told_end.map(Timestamp::from_seconds));
                let (side, revision) = (served.by, served.revision);
                let decider = Decider { side, component: component.clone(), revision };
                Ok(SocketAsked { admission, token, seen, decider })
            }
        }
    }
}
