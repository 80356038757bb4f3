//! The rows of the plans on the disk, and the log of their changes.

use std::collections::BTreeMap;

use super::super::history::key;
use super::super::log::{Line as _, Log, lines};
use super::super::{HISTORY_PAGE_MAX, HistoryFilter};
use super::{Position, Rollout, RolloutChange};
use crate::domain::{ComponentId, Revision};
use crate::store::{Durability, Expect, Store, StoreError, Table};

/// Whoever holds it is the only one who changes plans.
pub(super) struct Disk {
    store: Store,
    rollouts: Table<Rollout>,
    log: Log<RolloutChange>,
    /// Where running plans stand, as far as the flags' history has been read: under which revision
    /// of the plan, and at what place. Not worth a row: it is read again after a start.
    pub walked: BTreeMap<ComponentId, (Revision, Position)>,
}

impl Disk {
    pub fn open(store: &Store) -> Result<Self, StoreError> {
        Ok(Self {
            store: store.clone(),
            rollouts: store.table(RolloutChange::ROWS),
            log: Log::open(store)?,
            walked: BTreeMap::new(),
        })
    }

    /// Every plan.
    pub fn rows(&self) -> Result<Vec<Rollout>, StoreError> {
        self.rollouts.scan("").map(|row| row.map(|(_, stored)| stored.value)).collect()
    }

    pub fn take_revision(&self) -> Result<Revision, StoreError> {
        self.store.take_revision().map(Revision)
    }

    /// Writes a plan and its line in the log, both or neither.
    pub async fn write(
        &mut self,
        before: Option<&Rollout>,
        after: &Rollout,
    ) -> Result<(), StoreError> {
        let expect = before.map_or(Expect::Absent, |before| Expect::Revision(before.revision.0));
        let revision = Some(after.revision.0);
        let line = RolloutChange {
            revision: after.revision,
            at: after.changed_at,
            component: after.component.clone(),
            before: before.cloned(),
            after: after.clone(),
            cause: after.cause.clone(),
        };
        let mut batch = self.store.batch();
        batch.put(&self.rollouts, after.component.as_str(), after, expect, revision)?;
        let added = self.log.add(&mut batch, vec![line])?;
        batch.commit(Durability::Durable).await?;
        self.log.added(added);
        Ok(())
    }
}

/// A page of the log, newest first.
pub(super) fn page(
    store: &Store,
    filter: &HistoryFilter,
) -> Result<Vec<RolloutChange>, StoreError> {
    let before = key(filter.before.unwrap_or(Revision(u64::MAX)));
    let limit = filter.limit.unwrap_or(HISTORY_PAGE_MAX).min(HISTORY_PAGE_MAX);
    let wanted =
        |row: &RolloutChange| filter.component.as_ref().is_none_or(|id| *id == row.component);
    lines::<RolloutChange>(store)
        .scan_back_before("", &before)
        .map(|row| row.map(|(_, stored)| stored.value.into_line()))
        .filter(|row| row.as_ref().map_or(true, wanted))
        .take(limit)
        .collect()
}
