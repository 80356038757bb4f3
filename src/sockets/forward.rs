//! What clients say that is for somebody behind the manager: kept on the disk until the backend
//! has taken it.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde_json::value::RawValue;
use tokio::sync::Semaphore;

use super::message::ClientMessage;
use crate::domain::{Clock, ConnectionId, Subject, Timestamp};
use crate::outbound::{
    Method, Outbox, OutboxError, Parcel, ParcelId, SecretSource, Url, WebhookKey,
};

/// What the ids of parcels with messages begin with; at the same time the name of the source that
/// signs them.
pub const FORWARD_PURPOSE: &str = "socket-message:";

/// Where messages go.
#[derive(Clone, Debug)]
pub struct ForwardSettings {
    /// The backend. Stands on the disk in the clear while a message waits, and so holds no secret.
    pub url: Url,
    /// What messages are signed with.
    pub key: WebhookKey,
    /// How long a message is worth sending.
    pub kept_for: Duration,
    /// Messages that may be on their way to the disk at once.
    pub in_flight_max: u32,
}

impl ForwardSettings {
    /// What the outbox must know to send messages.
    pub fn source(&self, clock: &Arc<dyn Clock>) -> (String, SecretSource) {
        let source = self.key.source(FORWARD_PURPOSE, Arc::clone(clock));
        (FORWARD_PURPOSE.to_owned(), source)
    }
}

/// Passes messages on.
pub struct Forwarder {
    settings: ForwardSettings,
    outbox: Outbox,
    places: Semaphore,
}

/// Why a message is not passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotForwarded {
    /// Too many messages wait for the backend.
    #[error("too many messages wait; say it again later")]
    Busy,
    /// It does not fit a parcel.
    #[error("the message is too large to be passed on")]
    TooLarge,
    /// It cannot be kept.
    #[error("the message cannot be kept; say it again later")]
    Unkept,
}

/// The body of a parcel, in the form that Standard Webhooks recommends.
#[derive(Serialize)]
struct Body<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    timestamp: Timestamp,
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    user_id: &'a str,
    connection_id: &'a str,
    /// Counts the messages of the connection, from 1: parcels keep no order.
    number: u64,
    message: &'a RawValue,
}

impl Forwarder {
    /// Passes messages on by this outbox, which must have been opened with the
    /// [source](ForwardSettings::source).
    pub fn new(settings: ForwardSettings, outbox: Outbox) -> Self {
        let places = Semaphore::new(settings.in_flight_max as usize);
        Self { settings, outbox, places }
    }

    /// Passes a message on: the `number`th of its connection. It is on the disk when this returns.
    pub async fn forward(
        &self,
        user: &Subject,
        connection: &ConnectionId,
        number: u64,
        message: &ClientMessage,
    ) -> Result<(), NotForwarded> {
        // Half of the outbox is for what must not be lost.
        if !self.outbox.is_half_free() {
            return Err(NotForwarded::Busy);
        }
        let _place = self.places.try_acquire().map_err(|_| NotForwarded::Busy)?;
        let parcel = self.parcel(user, connection, number, message)?;
        self.outbox.send_later(parcel).await.map_err(|error| match error {
            OutboxError::Full { .. } => NotForwarded::Busy,
            OutboxError::TooLarge { .. } => NotForwarded::TooLarge,
            error => {
                tracing::warn!(%error, "a client's message cannot be kept for the backend");
                NotForwarded::Unkept
            }
        })
    }

    fn parcel(
        &self,
        user: &Subject,
        connection: &ConnectionId,
        number: u64,
        message: &ClientMessage,
    ) -> Result<Parcel, NotForwarded> {
        let now = self.outbox.now();
        let body = Body {
            kind: "socket.message",
            timestamp: now,
            data: Data {
                user_id: user.as_str(),
                connection_id: connection.as_str(),
                number,
                message: serde_json::from_str(&message.text).map_err(|_| NotForwarded::Unkept)?,
            },
        };
        let body = serde_json::to_vec(&body).map_err(|_| NotForwarded::Unkept)?;
        let id = format!("{FORWARD_PURPOSE}{connection}-{number}");
        Ok(Parcel {
            id: ParcelId::parse(&id).map_err(|_| NotForwarded::Unkept)?,
            url: self.settings.url.clone(),
            method: Method::Post,
            headers: vec![("content-type".to_owned(), "application/json".to_owned())],
            body: body.into(),
            secrets: Some(FORWARD_PURPOSE.to_owned()),
            landed: None,
            expires_at: now.plus(self.settings.kept_for),
        })
    }
}

impl std::fmt::Debug for Forwarder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Forwarder({})", self.settings.url)
    }
}
