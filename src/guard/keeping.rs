//! What the guard knows, on the disk: a crash loses a few seconds of it, which only slows a rule.
//!
//! Who has failed in an attempt is written no later than the evidence that counts it: a failure
//! must not count twice.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::watched::{Watched, WatchedRow};
use crate::domain::{ComponentId, SubjectKey, Timestamp};
use crate::flags::Flag;
use crate::store::{Durability, Expect, Row, Store, StoreError, Table};

/// Subjects of one row.
const ROW_SUBJECTS: usize = 1_000;

/// Rows of one batch, at most.
const BATCH_ROWS: usize = 512;

/// Who has left: keyed hashes and what they failed at.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
struct LeftRow(Vec<(SubjectKey, u8)>);

impl Row for LeftRow {
    const FORMAT: u8 = 1;
}

/// The tables of the guard's evidence.
pub(super) struct Evidences {
    store: Store,
    cases: Table<WatchedRow>,
    left: Table<LeftRow>,
    /// The number of the next row of those who have left.
    next: parking_lot::Mutex<u64>,
}

/// What of one component is to be written.
pub(super) struct Unkept {
    pub component: ComponentId,
    pub attempt: u32,
    pub row: WatchedRow,
    pub left: Vec<(SubjectKey, u8)>,
}

impl Evidences {
    pub(super) fn open(store: &Store) -> Result<Self, StoreError> {
        let left: Table<LeftRow> = store.table("guard_left");
        let mut next = 0;
        for row in left.scan("") {
            let Some((key, _)) = readable(row)? else { continue };
            let number = key.rsplit_once('/').and_then(|(_, number)| number.parse().ok());
            next = number.map_or(next, |number: u64| next.max(number + 1));
        }
        let (store, cases) = (store.clone(), store.table("guard_cases"));
        Ok(Self { store, cases, left, next: parking_lot::Mutex::new(next) })
    }

    /// A component as it was kept; `None` where nothing was, or cannot be read.
    pub(super) fn load(&self, flag: &Flag, now: Timestamp) -> Result<Option<Watched>, StoreError> {
        let kept = match self.cases.get(flag.component.as_str()) {
            Ok(kept) => kept,
            Err(problem @ StoreError::Unreadable { .. }) => {
                tracing::error!(flag.component = %flag.component, %problem,
                    "the guard's evidence cannot be read, and begins anew");
                None
            }
            Err(error) => return Err(error),
        };
        let Some(kept) = kept else { return Ok(None) };
        let mut left = Vec::new();
        for row in self.left.scan(&prefix(&flag.component, kept.value.attempt())) {
            left.extend(readable(row)?.into_iter().flat_map(|(_, stored)| stored.value.0));
        }
        Ok(Some(Watched::restored(kept.value, left, flag, now)))
    }

    /// Writes what has changed, and forgets who left in earlier attempts.
    pub(super) async fn write(
        &self,
        unkept: Unkept,
        durability: Durability,
    ) -> Result<(), StoreError> {
        let mut rows: BTreeMap<String, LeftRow> = BTreeMap::new();
        for part in unkept.left.chunks(ROW_SUBJECTS) {
            rows.insert(self.next_key(&unkept), LeftRow(part.to_vec()));
        }
        let mut rows = rows.into_iter();
        loop {
            let mut batch = self.store.batch();
            for (key, row) in rows.by_ref().take(BATCH_ROWS) {
                batch.put(&self.left, &key, &row, Expect::Anything, None)?;
            }
            let ends = batch.len() < BATCH_ROWS;
            if ends {
                let key = unkept.component.as_str();
                batch.put(&self.cases, key, &unkept.row, Expect::Anything, None)?;
                self.forget_earlier(&unkept, &mut batch)?;
            }
            batch.commit(durability).await?;
            if ends {
                return Ok(());
            }
        }
    }

    fn next_key(&self, unkept: &Unkept) -> String {
        let mut next = self.next.lock();
        *next += 1;
        format!("{}{:012}", prefix(&unkept.component, unkept.attempt), *next)
    }

    fn forget_earlier(
        &self,
        unkept: &Unkept,
        batch: &mut crate::store::Batch,
    ) -> Result<(), StoreError> {
        let of_component = format!("{}/", unkept.component);
        let present = prefix(&unkept.component, unkept.attempt);
        for row in self.left.scan(&of_component).take(BATCH_ROWS) {
            let Some((key, _)) = readable(row)? else { continue };
            if key >= present {
                break;
            }
            batch.remove(&self.left, &key, Expect::Anything)?;
        }
        Ok(())
    }
}

/// A row, unless it cannot be read: evidence that is lost keeps nobody from starting.
pub(super) fn readable<T>(row: Result<T, StoreError>) -> Result<Option<T>, StoreError> {
    match row {
        Ok(row) => Ok(Some(row)),
        Err(problem @ StoreError::Unreadable { .. }) => {
            tracing::error!(%problem, "a row of the guard's evidence cannot be read");
            Ok(None)
        }
        Err(problem) => Err(problem),
    }
}

/// Before the number of a row.
fn prefix(component: &ComponentId, attempt: u32) -> String {
    format!("{component}/{attempt:010}/")
}
