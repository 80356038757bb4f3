//! A name and a row type over the store.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use super::commit::{Change, Durability, Expect, Write};
use super::error::StoreError;
use super::key::{check_length, place, place_after};
use super::row::{Row, Stored, decode, encode};
use super::scan::Scan;
use super::store::Shared;
use super::watch::Watch;

/// A table of rows of type `V`, ordered by key. Cheap to clone.
///
/// Reads are direct and may wait for a page of the disk. Writes go to the writer thread; once
/// started they happen whether or not the caller waits for the answer.
pub struct Table<V> {
    shared: Arc<Shared>,
    name: &'static str,
    row: PhantomData<fn() -> V>,
}

impl<V> Clone for Table<V> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), name: self.name, row: PhantomData }
    }
}

impl<V> fmt::Debug for Table<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table").field("name", &self.name).finish_non_exhaustive()
    }
}

impl<V> Table<V> {
    pub(super) fn new(shared: Arc<Shared>, name: &'static str) -> Self {
        Self { shared, name, row: PhantomData }
    }

    /// The name of the table.
    pub fn name(&self) -> &'static str {
        self.name
    }
}

impl<V: Row> Table<V> {
    /// The row at `key`.
    pub fn get(&self, key: &str) -> Result<Option<Stored<V>>, StoreError> {
        let place = place(self.name, key);
        let row = self.shared.db.get(&place).map_err(|error| StoreError::disk(&error))?;
        let row = self.shared.unrestored.correct(&place, row);
        row.map(|row| decode(self.name, key, &row)).transpose()
    }

    /// The rows whose key starts with `prefix`, by key; all rows for the empty prefix.
    pub fn scan(&self, prefix: &str) -> Scan<V> {
        self.range(place(self.name, prefix), place_after(self.name, prefix))
    }

    /// The same rows, the last key first: newest first where keys grow with time.
    pub fn scan_back(&self, prefix: &str) -> std::iter::Rev<Scan<V>> {
        self.scan(prefix).rev()
    }

    /// The rows whose key starts with `prefix` and is `from` or later.
    pub fn scan_from(&self, prefix: &str, from: &str) -> Scan<V> {
        let start = place(self.name, from).max(place(self.name, prefix));
        self.range(start, place_after(self.name, prefix))
    }

    /// The rows whose key starts with `prefix` and is earlier than `before`, the last key first:
    /// the next page after a page that ended with `before`.
    pub fn scan_back_before(&self, prefix: &str, before: &str) -> std::iter::Rev<Scan<V>> {
        let end = place(self.name, before).min(place_after(self.name, prefix));
        self.range(place(self.name, prefix), end).rev()
    }

    /// Writes a row whether or not there was one; returns its revision.
    pub async fn insert(
        &self,
        key: &str,
        value: &V,
        durability: Durability,
    ) -> Result<u64, StoreError> {
        self.replace(key, Expect::Anything, value, durability).await
    }

    /// Writes a row if it is as `expected`; returns its revision. Otherwise
    /// [`StoreError::Conflict`] tells the revision that is there.
    pub async fn replace(
        &self,
        key: &str,
        expected: Expect,
        value: &V,
        durability: Durability,
    ) -> Result<u64, StoreError> {
        let row = encode(self.name, key, value)?;
        let change = Change::Put { row, revision: None };
        let revisions = self.write(key, expected, change, durability).await?;
        revisions.first().copied().ok_or(StoreError::Closed)
    }

    /// Removes a row if it is as `expected`. That it is not there is fine with
    /// [`Expect::Anything`], which also removes a row that cannot be read.
    pub async fn remove(
        &self,
        key: &str,
        expected: Expect,
        durability: Durability,
    ) -> Result<(), StoreError> {
        self.write(key, expected, Change::Remove, durability).await.map(drop)
    }

    /// Changes, from now on, of the rows whose key starts with `prefix`.
    pub fn watch(&self, prefix: &str) -> Watch<V> {
        self.shared.watchers.watch(self.name, prefix)
    }

    fn range(&self, start: Vec<u8>, end: Vec<u8>) -> Scan<V> {
        // The engine panics on a range that runs backwards.
        let end = end.max(start.clone());
        let rows = self.shared.db.range(start..end);
        Scan::new(self.name, rows, self.shared.unrestored.clone())
    }

    async fn write(
        &self,
        key: &str,
        expect: Expect,
        change: Change,
        durability: Durability,
    ) -> Result<Vec<u64>, StoreError> {
        check_length(self.name, key)?;
        let write = Write { table: self.name, key: key.to_owned(), expect, change };
        self.shared.commit(vec![write], durability).await
    }
}
