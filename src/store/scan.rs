//! Rows of a table in key order.

use std::marker::PhantomData;

use sled::IVec;

use super::error::StoreError;
use super::key::key_at;
use super::row::{Row, Stored, decode};
use super::unrestored::Unrestored;

/// Rows of a table in the order of their keys' bytes, from either end.
///
/// Not a snapshot: a row written meanwhile may be met or not. A row that cannot be read is an
/// `Err` item in its place. A row whose removal was refused and could not be taken back is missing
/// until the store is opened again. After a failure of the disk the scan ends.
pub struct Scan<V> {
    table: &'static str,
    rows: sled::Iter,
    unrestored: Unrestored,
    ended: bool,
    row: PhantomData<fn() -> V>,
}

impl<V: Row> Scan<V> {
    pub(super) fn new(table: &'static str, rows: sled::Iter, unrestored: Unrestored) -> Self {
        Self { table, rows, unrestored, ended: false, row: PhantomData }
    }

    /// The next row that readers see, in the direction of `pull`.
    fn item(
        &mut self,
        pull: impl Fn(&mut sled::Iter) -> Option<sled::Result<(IVec, IVec)>>,
    ) -> Option<<Self as Iterator>::Item> {
        while !self.ended {
            match pull(&mut self.rows) {
                Some(Ok((place, row))) => {
                    if let Some(row) = self.unrestored.correct(&place, Some(row)) {
                        return Some(self.read(&place, &row));
                    }
                }
                Some(Err(error)) => {
                    self.ended = true;
                    return Some(Err(StoreError::disk(&error)));
                }
                None => self.ended = true,
            }
        }
        None
    }

    fn read(&self, place: &[u8], row: &[u8]) -> Result<(String, Stored<V>), StoreError> {
        let key = key_at(self.table, place).map_err(|key| StoreError::Unreadable {
            table: self.table,
            key,
            problem: "its key is not UTF-8".to_owned(),
        })?;
        let stored = decode(self.table, &key, row)?;
        Ok((key, stored))
    }
}

impl<V: Row> Iterator for Scan<V> {
    type Item = Result<(String, Stored<V>), StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.item(sled::Iter::next)
    }
}

impl<V: Row> DoubleEndedIterator for Scan<V> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.item(sled::Iter::next_back)
    }
}
