//! The kept policies on the disk, and the log of their changes.

use std::collections::VecDeque;

use super::super::history::key as digits;
use super::super::log::{Line as _, Log, lines};
use super::super::{HISTORY_PAGE_MAX, HistoryFilter};
use super::row::{PolicyChange, PolicyPlace, PolicyRow};
use crate::domain::{Policy, Revision};
use crate::store::{Durability, Expect, Store, StoreError, Table};

/// Rolled-back rows that may wait for a refusing disk; then the oldest gives way.
const UNSAVED_MAX: usize = 64;

/// Whoever holds it is the only one who changes policies.
pub(super) struct Disk {
    store: Store,
    policies: Table<PolicyRow>,
    log: Log<PolicyChange>,
    /// What serves and is not on the disk yet, oldest first.
    unsaved: VecDeque<PolicyRow>,
}

impl Disk {
    pub fn open(store: &Store) -> Result<Self, StoreError> {
        let (policies, log) = (store.table(PolicyChange::ROWS), Log::open(store)?);
        Ok(Self { store: store.clone(), policies, log, unsaved: VecDeque::new() })
    }

    /// Every row.
    pub fn rows(&self) -> Result<Vec<PolicyRow>, StoreError> {
        self.policies.scan("").map(|row| row.map(|(_, stored)| stored.value)).collect()
    }

    pub fn take_revision(&self) -> Result<Revision, StoreError> {
        self.store.take_revision().map(Revision)
    }

    pub fn unsaved(&self) -> usize {
        self.unsaved.len()
    }

    /// Writes a row and its line in the log, both or neither. What was before is what the disk
    /// has: the lines of a place form a chain, whatever was lost on the way.
    pub async fn write(&mut self, after: &PolicyRow) -> Result<(), StoreError> {
        let (Some(at), Some(cause)) = (after.changed_at, after.cause.clone()) else {
            return Ok(());
        };
        let key = after.place.key();
        let stored = self.policies.get(&key)?;
        let before = stored.map_or(Policy::STRICT, |stored| stored.value.policy);
        let line = PolicyChange {
            revision: after.revision,
            at,
            place: after.place.clone(),
            before,
            after: after.policy,
            cause,
        };
        let row = PolicyRow { previous: Some(before), ..after.clone() };
        let revision = Some(after.revision.0);
        let mut batch = self.store.batch();
        batch.put(&self.policies, &key, &row, Expect::Anything, revision)?;
        let added = self.log.add(&mut batch, vec![line])?;
        batch.commit(Durability::Durable).await?;
        self.log.added(added);
        Ok(())
    }

    /// Queues a row that serves already.
    pub fn keep(&mut self, after: &PolicyRow) {
        if self.unsaved.len() >= UNSAVED_MAX
            && let Some(lost) = self.unsaved.pop_front()
        {
            tracing::error!(policy.place = %lost.place, "a rollback goes without its history line");
        }
        self.unsaved.push_back(after.clone());
    }

    /// Writes what serves and is not on the disk yet, oldest first.
    pub async fn save_unsaved(&mut self) -> Result<(), StoreError> {
        while let Some(after) = self.unsaved.front().cloned() {
            self.write(&after).await?;
            self.unsaved.pop_front();
        }
        Ok(())
    }

    /// A page of the log of one place, newest first.
    pub fn page(
        store: &Store,
        place: &PolicyPlace,
        page: &HistoryFilter,
    ) -> Result<Vec<PolicyChange>, StoreError> {
        let before = page.before.unwrap_or(Revision(u64::MAX));
        let before = format!("{place}/{}", digits(before));
        let limit = page.limit.unwrap_or(HISTORY_PAGE_MAX).min(HISTORY_PAGE_MAX);
        let lines = lines::<PolicyChange>(store).scan_back_before(&format!("{place}/"), &before);
        lines.map(|row| row.map(|(_, stored)| stored.value.into_line())).take(limit).collect()
    }
}
