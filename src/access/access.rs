//! The whole room, opened.

use std::sync::Arc;

use crate::domain::{Clock, FingerprintKey};
use crate::store::Store;

use super::event_log::EventLog;
use super::{AccessError, AccessEvent, ActionLinks, ApiTokens, Approvals, ConfiguredToken};
use super::{EventRow, Pass, People, Rates, RefusalCounts, Settings};

/// Who may do what.
pub struct Access {
    /// Operators and their sessions.
    pub people: People,
    /// API tokens.
    pub tokens: ApiTokens,
    /// One-time action links.
    pub links: ActionLinks,
    /// What waits for a second person.
    pub approvals: Approvals,
    /// How many requests an address may send.
    pub rates: Rates,
    /// How often each refusal happened.
    pub refusals: RefusalCounts,
    log: EventLog,
    clock: Arc<dyn Clock>,
}

impl Access {
    /// Loads everything. A row that cannot be read is an error.
    pub async fn open(
        store: &Store,
        settings: Settings,
        configured: Vec<ConfiguredToken>,
        key: FingerprintKey,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, AccessError> {
        let log = EventLog::open(store);
        let now = || Arc::clone(&clock);
        let tokens = ApiTokens::open(store, &settings, configured, &key, now(), log.clone())?;
        let links = ActionLinks::new(store, &settings, &key, now(), log.clone());
        let approvals = Approvals::new(store, &settings, now(), log.clone());
        let rates = Rates::new(&settings);
        let people = People::open(store, settings, key, now(), log.clone()).await?;
        let refusals = RefusalCounts::default();
        Ok(Self { people, tokens, links, approvals, rates, refusals, log, clock })
    }

    /// The log, newest first: at most `limit` lines, 500 at most, before the number `before`.
    pub fn events(
        &self,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<(u64, EventRow)>, AccessError> {
        self.log.newest(before, limit)
    }

    /// Writes down what was done elsewhere in the house, by whoever had the pass for it.
    pub async fn note(&self, pass: &Pass, event: AccessEvent) -> Result<(), AccessError> {
        let row = EventRow { at: self.clock.now(), actor: pass.actor().clone(), event };
        Ok(self.log.note(&row).await?)
    }

    /// Forgets what has ended, and keeps what changed without being written down. To be called
    /// each minute.
    pub async fn purge(&self) -> Result<(), AccessError> {
        self.rates.purge();
        self.people.purge().await?;
        self.tokens.purge().await?;
        self.links.purge().await?;
        self.approvals.purge().await?;
        self.log.purge().await
    }
}

impl std::fmt::Debug for Access {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Access").finish_non_exhaustive()
    }
}
