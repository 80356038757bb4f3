//! The rows of the segments on the disk, and the log of their changes.

use std::sync::Arc;

use parking_lot::Mutex;

use super::super::history::key;
use super::super::log::{Line as _, Log, lines};
use super::super::{FlagsError, HISTORY_PAGE_MAX, HistoryFilter, Segment};
use super::SegmentChange;
use crate::domain::{Revision, SegmentId};
use crate::store::{Durability, Expect, Store, StoreError, Table};

/// The tables of the segments. Only the holder of the room's disk writes to them.
pub struct Segments {
    store: Store,
    rows: Table<Segment>,
    log: Mutex<Log<SegmentChange>>,
}

impl Segments {
    pub fn open(store: &Store) -> Result<Self, StoreError> {
        let (rows, log) = (store.table(SegmentChange::ROWS), Mutex::new(Log::open(store)?));
        Ok(Self { store: store.clone(), rows, log })
    }

    /// Every row.
    pub fn rows(&self) -> Result<Vec<Arc<Segment>>, StoreError> {
        self.rows.scan("").map(|row| row.map(|(_, stored)| Arc::new(stored.value))).collect()
    }

    /// Writes the rows of new segments.
    pub async fn create(&self, segments: Vec<Segment>) -> Result<Vec<Arc<Segment>>, FlagsError> {
        let mut created = Vec::new();
        for segment in segments {
            let revision = Revision(self.store.take_revision()?);
            let segment = Segment { revision, ..segment };
            self.write(&SegmentChange::of(None, &segment)).await?;
            created.push(Arc::new(segment));
        }
        Ok(created)
    }

    /// Writes what a change makes of the row, and its line in the log, both or neither.
    pub async fn write(&self, change: &SegmentChange) -> Result<(), StoreError> {
        let expect = match &change.before {
            Some(before) => Expect::Revision(before.revision.0),
            None => Expect::Absent,
        };
        let (name, revision) = (change.name.as_str(), Some(change.revision.0));
        let mut batch = self.store.batch();
        match &change.after {
            Some(after) => batch.put(&self.rows, name, after, expect, revision)?,
            None => batch.remove(&self.rows, name, expect)?,
        }
        let added = self.log.lock().add(&mut batch, vec![change.clone()])?;
        batch.commit(Durability::Durable).await?;
        self.log.lock().added(added);
        Ok(())
    }

    /// A page of the log of one segment, newest first.
    pub fn page(
        &self,
        name: &SegmentId,
        page: &HistoryFilter,
    ) -> Result<Vec<SegmentChange>, StoreError> {
        let before = key(page.before.unwrap_or(Revision(u64::MAX)));
        let limit = page.limit.unwrap_or(HISTORY_PAGE_MAX).min(HISTORY_PAGE_MAX);
        lines::<SegmentChange>(&self.store)
            .scan_back_before("", &before)
            .map(|row| row.map(|(_, stored)| stored.value.into_line()))
            .filter(|row| row.as_ref().map_or(true, |change| change.name == *name))
            .take(limit)
            .collect()
    }
}
