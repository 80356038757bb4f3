//! Signed links that do one thing, once.

mod action;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use self::action::LinkAction;
use super::event_log::EventLog;
use super::mark::{Mark, Marker, short_id};
use super::standing::Begun;
use super::{AccessError, AccessEvent, Actor, Caller, EventRow, Name};
use super::{Refusal, Secret, Settings};
use crate::domain::{Clock, FingerprintKey, Timestamp};
use crate::store::{Durability, Expect, Row, Store, StoreError, Stored, Table};

/// Links there may be, used ones included until they expire.
const LINKS_MAX: usize = 1_000;

/// A link that was just made.
#[derive(Clone, Debug)]
pub struct NewLink {
    /// What whoever uses the link has to show.
    pub secret: Secret,
    /// Its name in the log; not secret.
    pub id: String,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// A link, as people see it before they use it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkView {
    /// Its name in the log.
    pub id: String,
    /// What it does.
    pub action: LinkAction,
    /// Who made it.
    pub maker: Actor,
    /// When it was made.
    pub made_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// The action links.
///
/// The secret of a link is its id and a keyed hash (BLAKE3, 128 bits) of all there is to it: who
/// only knows the id, or can only write to the store, has no link. Its row stays until the link
/// expires, and says whether it was used.
pub struct ActionLinks {
    store: Store,
    table: Table<LinkRow>,
    signer: Marker,
    valid_for_max: Duration,
    clock: Arc<dyn Clock>,
    log: EventLog,
    /// Held while links are counted and made.
    making: tokio::sync::Mutex<()>,
}

/// A row of `action-links`, whose key is the id.
#[derive(Debug, Serialize, Deserialize)]
struct LinkRow {
    action: LinkAction,
    maker: Actor,
    made_at: Timestamp,
    expires_at: Timestamp,
    used_at: Option<Timestamp>,
}

impl Row for LinkRow {
    const FORMAT: u8 = 1;
}

impl ActionLinks {
    pub(super) fn new(
        store: &Store,
        settings: &Settings,
        key: &FingerprintKey,
        clock: Arc<dyn Clock>,
        log: EventLog,
    ) -> Self {
        Self {
            store: store.clone(),
            table: store.table("action-links"),
            signer: Marker::new(key, "action links"),
            valid_for_max: settings.action_link,
            clock,
            log,
            making: tokio::sync::Mutex::new(()),
        }
    }

    /// Makes a link for something that its maker, an operator or an API token, may do himself;
    /// only an operator makes one that leads to an approval. It is valid for as long as the
    /// settings say, or for less.
    pub async fn make(
        &self,
        maker: &Caller,
        action: LinkAction,
        valid_for: Option<Duration>,
    ) -> Result<NewLink, AccessError> {
        let now = self.clock.now();
        maker.permit(action.permission(), now)?;
        may_make(maker, &action)?;
        let action = action.checked()?;
        let expires_at = now.plus(self.valid_for(valid_for)?);
        let row = LinkRow {
            action,
            maker: maker.actor().clone(),
            made_at: now,
            expires_at,
            used_at: None,
        };
        let id = short_id();
        let making = self.making.lock().await;
        if self.table.scan("").count() >= LINKS_MAX {
            return Err(AccessError::Full { what: "action links", max: LINKS_MAX });
        }
        self.write(&id, &row, Expect::Absent, now).await?;
        drop(making);
        let secret = Secret::new(format!("{id}.{}", self.signature(&id, &row)?.to_base64url()));
        Ok(NewLink { secret, id, expires_at })
    }

    /// What a link would do; it is not used up.
    pub fn look(&self, secret: &Secret) -> Result<LinkView, AccessError> {
        let (id, Stored { value, .. }) = self.find(secret, self.clock.now())?;
        let LinkRow { action, maker, made_at, expires_at, used_at: _ } = value;
        Ok(LinkView { id, action, maker, made_at, expires_at })
    }

    /// Uses a link up, durably, if `still_may` says that its maker still has the right; only then
    /// may what it does begin.
    pub(super) async fn take(
        &self,
        secret: &Secret,
        still_may: impl FnOnce(Begun<'_>) -> bool,
    ) -> Result<(Caller, LinkAction), AccessError> {
        let now = self.clock.now();
        let (id, Stored { revision, value }) = self.find(secret, now)?;
        let by = &value.maker;
        let begun = Begun { by, permission: value.action.permission(), at: value.made_at };
        let name = maker_name(by).filter(|_| still_may(begun)).ok_or(Refusal::LinkOver)?.clone();
        let used = LinkRow { used_at: Some(now), ..value };
        match self.write(&id, &used, Expect::Revision(revision), now).await {
            Ok(()) => Ok((Caller::link(name, used.action.grants()), used.action)),
            Err(AccessError::Store(StoreError::Conflict { .. })) => Err(Refusal::LinkOver.into()),
            Err(error) => Err(error),
        }
    }

    /// Forgets links that have expired.
    pub(super) async fn purge(&self) -> Result<(), AccessError> {
        let now = self.clock.now();
        let mut batch = self.store.batch();
        // What cannot be read is named wherever it is needed; here it only must not hold up others.
        for (id, stored) in self.table.scan("").filter_map(Result::ok) {
            if now >= stored.value.expires_at {
                batch.remove(&self.table, &id, Expect::Anything)?;
            }
        }
        Ok(batch.commit(Durability::Relaxed).await?)
    }

    /// The row of a link that is good.
    fn find(
        &self,
        secret: &Secret,
        now: Timestamp,
    ) -> Result<(String, Stored<LinkRow>), AccessError> {
        let (id, signature) = secret.reveal().split_once('.').ok_or(Refusal::LinkOver)?;
        let stored = self.table.get(id)?.ok_or(Refusal::LinkOver)?;
        let row = &stored.value;
        let genuine = self.signature(id, row)?.is_written(signature);
        if !genuine || row.used_at.is_some() || now >= row.expires_at {
            return Err(Refusal::LinkOver.into());
        }
        Ok((id.to_owned(), stored))
    }

    /// Writes a link and the line in the log, both or none.
    async fn write(
        &self,
        id: &str,
        row: &LinkRow,
        expect: Expect,
        at: Timestamp,
    ) -> Result<(), AccessError> {
        let (id_shown, action) = (id.to_owned(), row.action.to_string());
        let (actor, event) = match (row.used_at, maker_name(&row.maker)) {
            (Some(_), Some(name)) => {
                (Actor::Link(name.clone()), AccessEvent::LinkUsed { id: id_shown, action })
            }
            (_, _) => (row.maker.clone(), AccessEvent::LinkMade { id: id_shown, action }),
        };
        let mut batch = self.store.batch();
        batch.put(&self.table, id, row, expect, None)?;
        self.log.add(&mut batch, &EventRow { at, actor, event })?;
        Ok(batch.commit(Durability::Durable).await?)
    }

    fn signature(&self, id: &str, row: &LinkRow) -> Result<Mark, AccessError> {
        let signed = (id, &row.action, &row.maker, row.made_at, row.expires_at);
        let signed = serde_json::to_string(&signed);
        let signed = signed.map_err(|error| AccessError::Unusable(error.to_string()))?;
        Ok(self.signer.of(&signed))
    }

    fn valid_for(&self, wish: Option<Duration>) -> Result<Duration, AccessError> {
        let valid_for = wish.unwrap_or(self.valid_for_max);
        if valid_for.is_zero() || valid_for > self.valid_for_max {
            let most = self.valid_for_max.as_secs();
            return Err(AccessError::Unusable(format!("a link is valid for 1 to {most} seconds")));
        }
        Ok(valid_for)
    }
}

/// Links make no links, and only a person leads another to an approval.
fn may_make(maker: &Caller, action: &LinkAction) -> Result<(), Refusal> {
    match (maker.actor(), action) {
        (Actor::Link(_) | Actor::Machine, _) => Err(Refusal::NotPermitted(action.permission())),
        (Actor::Token(_), LinkAction::Approve { .. }) => Err(Refusal::NeedsPerson),
        (Actor::Operator(_) | Actor::Token(_), _) => Ok(()),
    }
}

fn maker_name(maker: &Actor) -> Option<&Name> {
    match maker {
        Actor::Operator(name) | Actor::Token(name) => Some(name),
        Actor::Link(_) | Actor::Machine => None,
    }
}

impl fmt::Debug for ActionLinks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ActionLinks(..)")
    }
}
