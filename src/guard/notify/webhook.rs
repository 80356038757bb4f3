//! Who is told, by HTTP.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::NoticeKind;
use super::notice::{Notice, notice_id};
use crate::domain::{Clock, ComponentId, Timestamp};
use crate::guard::DecisionCard;
use crate::outbound::{Method, OutboxError, Parcel, ParcelId, SecretSource, Url, WebhookKey};

/// What the ids of parcels with notices begin with.
pub const PARCEL_PREFIX: &str = "webhook:";

/// Most webhooks.
pub const WEBHOOKS_MAX: usize = 8;

/// Longest name of a webhook, in characters.
const NAME_MAX: usize = 32;

/// How long a notice is worth sending.
const WORTH_S: i64 = 3 * 86_400;

/// An endpoint that is told what the guard did.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// Its name: see [`Webhook::is_name`].
    pub name: String,
    /// Where it is. Stands on the disk in the clear while a notice waits, and so holds no secret.
    pub url: Url,
    /// What its notices are signed with.
    pub key: WebhookKey,
    /// What it is told of.
    pub events: BTreeSet<NoticeKind>,
    /// Of which components; empty: of all.
    pub components: BTreeSet<ComponentId>,
}

impl Webhook {
    /// True for 1 to 32 of a-z, 0-9, `-` and `_`.
    pub fn is_name(text: &str) -> bool {
        let plain = |byte: u8| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_')
        };
        !text.is_empty() && text.len() <= NAME_MAX && text.bytes().all(plain)
    }

    /// True when it wants to know of a card.
    pub(super) fn wants(&self, card: &DecisionCard) -> bool {
        let concerns = self.components.is_empty() || self.components.contains(&card.component);
        concerns && self.events.iter().any(|kind| kind.fits(card))
    }

    /// What the ids of its parcels begin with, and what is at the same time the name of its secret
    /// source.
    pub(super) fn purpose(&self) -> String {
        format!("{PARCEL_PREFIX}{}:", self.name)
    }

    /// A card as a parcel. The same card is the same parcel.
    pub(super) fn parcel(
        &self,
        card: &DecisionCard,
        now: Timestamp,
    ) -> Result<Parcel, OutboxError> {
        let body = serde_json::to_vec(&Notice::of(card)).unwrap_or_default();
        Ok(Parcel {
            id: ParcelId::parse(&format!("{}{}", self.purpose(), notice_id(card)))?,
            url: self.url.clone(),
            method: Method::Post,
            headers: vec![("content-type".to_owned(), "application/json".to_owned())],
            body: body.into(),
            secrets: Some(self.purpose()),
            landed: None,
            expires_at: now.plus_seconds(WORTH_S),
        })
    }
}

/// What the outbox must know to send notices to these webhooks.
pub fn webhook_sources(
    webhooks: &[Webhook],
    clock: &Arc<dyn Clock>,
) -> impl Iterator<Item = (String, SecretSource)> {
    webhooks.iter().map(|webhook| {
        let purpose = webhook.purpose();
        let source = webhook.key.source(&purpose, Arc::clone(clock));
        (purpose, source)
    })
}
