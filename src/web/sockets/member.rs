//! What a connection of the manager's does with what its client says.

use std::sync::Arc;

use serde_json::json;

use super::beside::Leaving;
use super::counts::SocketEvent;
use super::door::{SocketAsked, SocketDoor, Whose};
use super::watched::Watch;
use crate::domain::{ClientNetwork, Credentials, Event, Timestamp, Token};
use crate::sockets::{ClientMessage, CloseReason, Connection, NotForwarded};
use crate::web::Rooms;

/// A connection, and what its client's messages need.
pub(super) struct Member {
    pub connection: Connection,
    rooms: Arc<Rooms>,
    network: Option<ClientNetwork>,
    watch: Watch,
    forwarded: u64,
    /// Tells the legacy manager, if there is one, when the connection is gone.
    leaving: Option<Leaving>,
}

impl Member {
    pub fn new(
        connection: Connection,
        rooms: Arc<Rooms>,
        network: Option<ClientNetwork>,
        (watch, leaving): (Watch, Option<Leaving>),
    ) -> Self {
        Self { connection, rooms, network, watch, forwarded: 0, leaving }
    }

    /// The doors behind which it is.
    pub fn sockets(&self) -> Arc<SocketDoor> {
        Arc::clone(&self.rooms.sockets)
    }

    /// Counts an event of legacy's server that SSOT could not be given.
    pub fn count_not_fed(&self) {
        self.rooms.sockets.counts.count(SocketEvent::NotFed);
    }

    /// Ends the connection.
    pub fn end(self, reason: CloseReason) {
        let Self { connection, watch, leaving, .. } = self;
        connection.end(reason);
        drop((watch, leaving));
    }

    /// Acts on a message.
    pub async fn received(&mut self, text: &str) -> Result<(), CloseReason> {
        use crate::sockets::Received;
        match self.connection.received(text) {
            Received::Done => {}
            Received::Publish(event) => self.publish(*event).await,
            Received::Renew(token) => return self.renew(token).await,
            Received::Forward(message) => self.forward(&message).await,
        }
        Ok(())
    }

    async fn publish(&mut self, event: Event) {
        let id = event.id.clone();
        let taken = self.rooms.sockets.publish(vec![event]).await.pop();
        let error = match taken {
            Some(Ok(taken)) => {
                let mut reply = json!(super::events::PublishedEvent::of(&taken));
                reply["type"] = "published".into();
                self.connection.reply(reply.to_string());
                return;
            }
            Some(Err(error)) => error,
            None => return,
        };
        self.rooms.sockets.counts.count(SocketEvent::EventUnkept);
        let (code, detail) = super::events::unkept(&error);
        let reply = json!({
            "type": "error",
            "code": code,
            "detail": detail,
            "event_id": id.as_ref().map(crate::domain::EventId::as_str),
        });
        self.connection.reply(reply.to_string());
    }

    /// A fresh token of the same user lets the connection stay. One that is denied changes
    /// nothing; one of somebody else ends it, for nobody knows any more whose it is.
    async fn renew(&mut self, token: Token) -> Result<(), CloseReason> {
        let rooms = Arc::clone(&self.rooms);
        let asking = (Credentials::Token(token.clone()), self.network);
        let asked = rooms.ask_for_socket("ws_authenticate", asking, Whose::Anybody).await;
        let refused = match asked {
            Ok(SocketAsked { admission, seen, .. }) => {
                if self.connection.renew(&admission).is_err() {
                    rooms.sockets.counts.count(SocketEvent::NotRenewed);
                    return Err(CloseReason::Forbidden);
                }
                let shown = (&token, admission.subject());
                let about = (seen, rooms.clock.now());
                let stands = self.watch.watch(&rooms.authority, shown, about);
                if !stands {
                    return Err(CloseReason::Revoked);
                }
                rooms.sockets.counts.count(SocketEvent::Renewed);
                let expires_at = admission.grant().expires_at.map(Timestamp::rfc3339);
                let reply = json!({ "type": "authenticated", "expires_at": expires_at });
                self.connection.reply(reply.to_string());
                return Ok(());
            }
            Err(refused) => refused,
        };
        rooms.sockets.counts.count(SocketEvent::NotRenewed);
        let (code, detail) = refused.said();
        self.connection.refuse(code, &detail);
        Ok(())
    }

    async fn forward(&mut self, message: &ClientMessage) {
        let counts = &self.rooms.sockets.counts;
        let Some(forwarder) = &self.rooms.sockets.forwarder else {
            counts.count(SocketEvent::NotForwarded);
            self.connection.refuse("not_forwarded", "nobody here takes messages of this type");
            return;
        };
        self.forwarded += 1;
        let (user, id) = (self.connection.user(), self.connection.id());
        match forwarder.forward(user, id, self.forwarded, message).await {
            Ok(()) => {
                counts.count(SocketEvent::Forwarded);
                let number = self.forwarded;
                let reply =
                    json!({ "type": "ack", "received_type": message.kind, "number": number });
                self.connection.reply(reply.to_string());
            }
            Err(error) => {
                counts.count(SocketEvent::NotForwarded);
                let code = match error {
                    NotForwarded::Busy => "busy",
                    NotForwarded::TooLarge => "too_large",
                    NotForwarded::Unkept => "unavailable",
                };
                self.connection.refuse(code, &error.to_string());
            }
        }
    }
}
