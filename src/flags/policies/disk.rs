//! The kept policies on the disk, and the log of their changes.

use std::collections::VecDeque;

use super::super::history::key as digits;
use super::super::{HISTORY_PAGE_MAX, HistoryFilter};
use super::row::{PolicyChange, PolicyPlace, PolicyRow};
use crate::domain::Revision;
use crate::store::{Durability, Expect, Store, StoreError, Table};

const POLICIES: &str = "policies";
const HISTORY: &str = "policy_history";

/// Rolled-back rows that may wait for a refusing disk; then the oldest gives way.
const UNSAVED_MAX: usize = 64;

/// Whoever holds it is the only one who changes policies.
pub(super) struct Disk {
    store: Store,
    policies: Table<PolicyRow>,
    history: Table<PolicyChange>,
    /// What serves and is not on the disk yet, oldest first: the row before and the row after.
    unsaved: VecDeque<(PolicyRow, PolicyRow)>,
}

impl Disk {
    pub fn new(store: &Store) -> Self {
        let (policies, history) = (store.table(POLICIES), store.table(HISTORY));
        Self { store: store.clone(), policies, history, unsaved: VecDeque::new() }
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

    /// Writes a row and its line in the log, both or neither.
    pub async fn write(&self, before: &PolicyRow, after: &PolicyRow) -> Result<(), StoreError> {
        let (Some(at), Some(cause)) = (after.changed_at, after.cause.clone()) else {
            return Ok(());
        };
        let line = PolicyChange {
            revision: after.revision,
            at,
            place: after.place.clone(),
            before: before.policy,
            after: after.policy,
            cause,
        };
        let revision = Some(after.revision.0);
        let mut batch = self.store.batch();
        batch.put(&self.policies, &after.place.key(), after, Expect::Anything, revision)?;
        let key = line_key(&after.place, after.revision);
        batch.put(&self.history, &key, &line, Expect::Anything, revision)?;
        batch.commit(Durability::Durable).await
    }

    /// Queues a row that serves already.
    pub fn keep(&mut self, before: &PolicyRow, after: &PolicyRow) {
        if self.unsaved.len() >= UNSAVED_MAX
            && let Some((_, lost)) = self.unsaved.pop_front()
        {
            tracing::error!(policy.place = %lost.place, "a rollback goes without its history line");
        }
        self.unsaved.push_back((before.clone(), after.clone()));
    }

    /// Writes what serves and is not on the disk yet, oldest first.
    pub async fn save_unsaved(&mut self) -> Result<(), StoreError> {
        while let Some((before, after)) = self.unsaved.front() {
            self.write(before, after).await?;
            self.unsaved.pop_front();
        }
        Ok(())
    }

    /// A page of the log of one place, newest first.
    pub fn page(
        &self,
        place: &PolicyPlace,
        page: &HistoryFilter,
    ) -> Result<Vec<PolicyChange>, StoreError> {
        let before = line_key(place, page.before.unwrap_or(Revision(u64::MAX)));
        let limit = page.limit.unwrap_or(HISTORY_PAGE_MAX).min(HISTORY_PAGE_MAX);
        let lines = self.history.scan_back_before(&format!("{place}/"), &before);
        lines.map(|row| row.map(|(_, stored)| stored.value)).take(limit).collect()
    }
}

/// Where a change of a place stands in the log.
fn line_key(place: &PolicyPlace, revision: Revision) -> String {
    format!("{place}/{}", digits(revision))
}
