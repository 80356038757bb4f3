//! Decision cards on the disk, and in memory as long as the disk refuses them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;

use super::keeping::readable;
use super::{CardFilter, DecisionCard, GuardError};
use crate::domain::Timestamp;
use crate::store::{Durability, Expect, Store, StoreError, Table};

/// Cards kept; the oldest go.
const CARDS_MAX: usize = 10_000;

/// Cards that wait in memory for a refusing disk.
const UNSAVED_MAX: usize = 1_000;

/// Cards on one page, at most.
const PAGE_MAX: usize = 1_000;

/// Cards on a page unless said otherwise.
const PAGE: usize = 100;

/// All cards.
pub(super) struct Cards {
    store: Store,
    table: Table<DecisionCard>,
    unsaved: Mutex<BTreeMap<String, DecisionCard>>,
    /// The number of the newest card.
    newest: Mutex<i64>,
    /// How many are on the disk, about.
    kept: AtomicUsize,
}

impl Cards {
    pub(super) fn open(store: &Store) -> Result<Self, StoreError> {
        let table: Table<DecisionCard> = store.table("guard_cards");
        let (mut newest, mut kept) = (0, 0);
        for row in table.scan("") {
            kept += 1;
            let Some((key, _)) = readable(row)? else { continue };
            newest = key.parse().unwrap_or(newest);
        }
        let (store, unsaved) = (store.clone(), Mutex::default());
        Ok(Self { store, table, unsaved, newest: Mutex::new(newest), kept: AtomicUsize::new(kept) })
    }

    /// An id above all that were given: the moment, unless another card has it.
    pub(super) fn next_id(&self, now: Timestamp) -> String {
        let mut newest = self.newest.lock();
        *newest = now.micros().max(*newest + 1);
        format!("{:020}", *newest)
    }

    /// The number of the newest card.
    pub(super) fn newest(&self) -> u64 {
        u64::try_from(*self.newest.lock()).unwrap_or(0)
    }

    /// Shows a card from now on, and makes it durable. What the disk refuses is shown all the same
    /// and tried again.
    pub(super) async fn keep(&self, card: DecisionCard) -> Result<(), StoreError> {
        {
            let mut unsaved = self.unsaved.lock();
            if unsaved.len() >= UNSAVED_MAX {
                unsaved.pop_first();
            }
            unsaved.insert(card.id.clone(), card);
        }
        self.save().await
    }

    /// Writes what waits, oldest first.
    pub(super) async fn save(&self) -> Result<(), StoreError> {
        loop {
            let Some(card) = self.unsaved.lock().first_key_value().map(|(_, card)| card.clone())
            else {
                return Ok(());
            };
            let mut batch = self.store.batch();
            batch.put(&self.table, &card.id, &card, Expect::Anything, None)?;
            if let Some(oldest) = self.too_old()? {
                batch.remove(&self.table, &oldest, Expect::Anything)?;
            }
            let changes = batch.len();
            batch.commit(Durability::Durable).await?;
            if changes == 1 {
                self.kept.fetch_add(1, Ordering::Relaxed);
            }
            let mut unsaved = self.unsaved.lock();
            // It may have been told anew meanwhile.
            if unsaved.get(&card.id) == Some(&card) {
                unsaved.remove(&card.id);
            }
        }
    }

    /// Cards that the disk does not have yet.
    pub(super) fn unsaved(&self) -> usize {
        self.unsaved.lock().len()
    }

    fn too_old(&self) -> Result<Option<String>, StoreError> {
        if self.kept.load(Ordering::Relaxed) < CARDS_MAX {
            return Ok(None);
        }
        for row in self.table.scan("") {
            if let Some((key, _)) = readable(row)? {
                return Ok(Some(key));
            }
        }
        Ok(None)
    }

    pub(super) fn card(&self, id: &str) -> Result<DecisionCard, GuardError> {
        if let Some(card) = self.unsaved.lock().get(id) {
            return Ok(card.clone());
        }
        let found = if is_id(id) { self.table.get(id)? } else { None };
        found.map(|stored| stored.value).ok_or_else(|| GuardError::UnknownCard(id.to_owned()))
    }

    pub(super) fn page(&self, filter: &CardFilter) -> Result<Vec<DecisionCard>, GuardError> {
        let limit = filter.limit.unwrap_or(PAGE).min(PAGE_MAX);
        let before = filter.before.as_deref().unwrap_or("~");
        let wanted = |card: &DecisionCard| {
            card.id.as_str() < before
                && filter.component.as_ref().is_none_or(|component| *component == card.component)
        };
        let mut page: BTreeMap<String, DecisionCard> = self
            .unsaved
            .lock()
            .values()
            .filter(|card| wanted(card))
            .map(|card| (card.id.clone(), card.clone()))
            .collect();
        let mut found = 0;
        for row in self.table.scan_back_before("", before) {
            let Some((key, stored)) = readable(row)? else { continue };
            if !wanted(&stored.value) {
                continue;
            }
            page.entry(key).or_insert(stored.value);
            found += 1;
            if found >= limit {
                break;
            }
        }
        Ok(page.into_values().rev().take(limit).collect())
    }
}

fn is_id(text: &str) -> bool {
    text.len() == 20 && text.bytes().all(|byte| byte.is_ascii_digit())
}
