//! Tokens in the store.

use std::collections::HashMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::TokenView;
use super::held::Held;
use crate::access::event_log::EventLog;
use crate::access::mark::Mark;
use crate::access::{AccessEvent, Actor, EventRow, Name, Scopes};
use crate::domain::Timestamp;
use crate::store::{BATCH_ROWS_MAX, Durability, Expect, Row, Store, StoreError, Stored, Table};

/// A row of `api-tokens`, whose key is the token's name.
#[derive(Debug, Serialize, Deserialize)]
struct TokenRow {
    mark: Mark,
    scopes: Scopes,
    made_by: String,
    made_at: Timestamp,
    expires_at: Timestamp,
}

impl Row for TokenRow {
    const FORMAT: u8 = 1;
}

/// A row of `api-token-uses`: when the token of that name and mark was last let in. Apart from
/// the token, so that noting a use cannot bring a revoked token back.
#[derive(Debug, Serialize, Deserialize)]
struct UseRow {
    mark: Mark,
    at: Timestamp,
}

impl Row for UseRow {
    const FORMAT: u8 = 1;
}

#[derive(Debug)]
pub(super) struct Disk {
    store: Store,
    tokens: Table<TokenRow>,
    uses: Table<UseRow>,
    log: EventLog,
}

impl Disk {
    pub fn new(store: &Store, log: EventLog) -> Self {
        let (tokens, uses) = (store.table("api-tokens"), store.table("api-token-uses"));
        Self { store: store.clone(), tokens, uses, log }
    }

    /// All tokens that were made. A row that cannot be read is an error, not a token less.
    pub fn load(&self) -> Result<Vec<(Mark, TokenView)>, StoreError> {
        let token = |row: Result<(String, Stored<TokenRow>), StoreError>| {
            let (name, stored) = row?;
            let name = Name::parse(&name).ok_or_else(|| self.misnamed(&name))?;
            Ok((stored.value.mark, stored.value.view(name)))
        };
        self.tokens.scan("").map(token).collect()
    }

    /// When each token was last let in. What cannot be read is never.
    pub fn last_uses(&self) -> HashMap<(String, Mark), Timestamp> {
        let rows = self.uses.scan("").filter_map(Result::ok);
        rows.map(|(name, stored)| ((name, stored.value.mark), stored.value.at)).collect()
    }

    pub async fn add(&self, held: &Held, actor: &Actor, at: Timestamp) -> Result<(), StoreError> {
        let TokenView { name, scopes, made_by, made_at, expires_at, .. } = held.made().clone();
        let expires_at = expires_at.unwrap_or(at);
        let event =
            AccessEvent::TokenMade { name: name.clone(), scopes: scopes.clone(), expires_at };
        let row = TokenRow { mark: held.mark, scopes, made_by, made_at, expires_at };
        let mut batch = self.store.batch();
        batch.put(&self.tokens, name.as_str(), &row, Expect::Absent, None)?;
        self.log.add(&mut batch, &EventRow { at, actor: actor.clone(), event })?;
        batch.commit(Durability::Durable).await
    }

    pub async fn revoke(
        &self,
        name: &Name,
        actor: &Actor,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let event = AccessEvent::TokenRevoked { name: name.clone() };
        let mut batch = self.store.batch();
        batch.remove(&self.tokens, name.as_str(), Expect::Anything)?;
        batch.remove(&self.uses, name.as_str(), Expect::Anything)?;
        self.log.add(&mut batch, &EventRow { at, actor: actor.clone(), event })?;
        batch.commit(Durability::Durable).await
    }

    /// Forgets tokens without waiting for the disk: should one come back, it has ended all the
    /// same.
    pub async fn forget(&self, names: &[Name]) -> Result<(), StoreError> {
        for some in names.chunks(BATCH_ROWS_MAX / 2) {
            let mut batch = self.store.batch();
            for name in some {
                batch.remove(&self.tokens, name.as_str(), Expect::Anything)?;
                batch.remove(&self.uses, name.as_str(), Expect::Anything)?;
            }
            batch.commit(Durability::Relaxed).await?;
        }
        Ok(())
    }

    /// Notes the last use of each, where it is news.
    pub async fn note_uses(&self, all: impl Iterator<Item = &Arc<Held>>) -> Result<(), StoreError> {
        let news: Vec<_> = all.filter_map(|held| Some((held, held.unwritten_use()?))).collect();
        for some in news.chunks(BATCH_ROWS_MAX) {
            let mut batch = self.store.batch();
            for (held, at) in some {
                let row = UseRow { mark: held.mark, at: *at };
                batch.put(&self.uses, &held.label, &row, Expect::Anything, None)?;
            }
            batch.commit(Durability::Relaxed).await?;
            for (held, at) in some {
                held.wrote_use(*at);
            }
        }
        Ok(())
    }

    fn misnamed(&self, key: &str) -> StoreError {
        StoreError::Unreadable {
            table: self.tokens.name(),
            key: key.to_owned(),
            problem: "its key is no name".to_owned(),
        }
    }
}

impl TokenRow {
    fn view(self, name: Name) -> TokenView {
        TokenView {
            name,
            scopes: self.scopes,
            made_by: self.made_by,
            made_at: self.made_at,
            expires_at: Some(self.expires_at),
            last_used: None,
            configured: false,
        }
    }
}
