//! Changes of several rows, of one table or many, that happen together.

use std::collections::HashSet;
use std::sync::Arc;

use super::commit::{Change, Durability, Expect, Write};
use super::error::StoreError;
use super::key::{check_length, place};
use super::row::{Row, encode};
use super::store::Shared;
use super::table::Table;

/// Rows that one batch may change.
pub const BATCH_ROWS_MAX: usize = 4096;

/// Bytes of keys and rows that one batch may hold.
pub const BATCH_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Changes that happen all or not at all: when one expectation does not hold, nothing changes.
#[must_use = "nothing changes before `commit`"]
pub struct Batch {
    shared: Arc<Shared>,
    writes: Vec<Write>,
    places: HashSet<Vec<u8>>,
    bytes: usize,
}

impl Batch {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, writes: Vec::new(), places: HashSet::new(), bytes: 0 }
    }

    /// Adds a row to write. Without a `revision` it gets the next one; a given one must have been
    /// taken with [`Store::take_revision`](super::Store::take_revision) and be no lower than the
    /// row's at the time of the commit, or the batch is a conflict. A removed row has no memory.
    pub fn put<V: Row>(
        &mut self,
        table: &Table<V>,
        key: &str,
        value: &V,
        expect: Expect,
        revision: Option<u64>,
    ) -> Result<(), StoreError> {
        let row = encode(table.name(), key, value)?;
        let bytes = row.len();
        self.push(table.name(), key, expect, Change::Put { row, revision }, bytes)
    }

    /// Adds a row to remove. That it is not there is fine with [`Expect::Anything`].
    pub fn remove<V: Row>(
        &mut self,
        table: &Table<V>,
        key: &str,
        expect: Expect,
    ) -> Result<(), StoreError> {
        self.push(table.name(), key, expect, Change::Remove, 0)
    }

    /// How many rows the batch changes so far.
    pub fn len(&self) -> usize {
        self.writes.len()
    }

    /// True when the batch changes nothing.
    pub fn is_empty(&self) -> bool {
        self.writes.is_empty()
    }

    /// Changes all rows, or none. Once started it happens whether or not the caller waits.
    pub async fn commit(self, durability: Durability) -> Result<(), StoreError> {
        self.shared.commit(self.writes, durability).await.map(drop)
    }

    fn push(
        &mut self,
        table: &'static str,
        key: &str,
        expect: Expect,
        change: Change,
        row_bytes: usize,
    ) -> Result<(), StoreError> {
        check_length(table, key)?;
        let place = place(table, key);
        let (rows, bytes) = (self.writes.len() + 1, self.bytes + place.len() + row_bytes);
        if rows > BATCH_ROWS_MAX || bytes > BATCH_BYTES_MAX {
            return Err(StoreError::BatchTooLarge { table, rows, bytes });
        }
        if !self.places.insert(place) {
            return Err(StoreError::Repeated { table, key: key.to_owned() });
        }
        self.bytes = bytes;
        self.writes.push(Write { table, key: key.to_owned(), expect, change });
        Ok(())
    }
}
