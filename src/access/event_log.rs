//! The audit log on the disk: a line is written together with the change it tells of.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::store::{BATCH_ROWS_MAX, Batch, Durability, Expect, Store, StoreError, Table};

use super::{AccessError, EventRow};

/// Lines that are kept; the oldest go first.
const LINES_MAX: usize = 100_000;

/// Lines that are read at a time.
const PAGE_MAX: usize = 500;

/// The audit log. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct EventLog {
    store: Store,
    table: Table<EventRow>,
    /// No fewer than there are.
    lines: Arc<AtomicUsize>,
    lines_max: usize,
}

impl EventLog {
    /// Opens the log.
    pub fn open(store: &Store) -> Self {
        Self::with_bound(store, LINES_MAX)
    }

    fn with_bound(store: &Store, lines_max: usize) -> Self {
        let table = store.table("access-log");
        let lines = Arc::new(AtomicUsize::new(table.scan("").count()));
        Self { store: store.clone(), table, lines, lines_max }
    }

    /// Adds a line to a batch, so that it is written if and only if the change is.
    pub fn add(&self, batch: &mut Batch, line: &EventRow) -> Result<(), StoreError> {
        // Revisions only grow, so they order the lines, across restarts too.
        let number = self.store.take_revision()?;
        self.lines.fetch_add(1, Ordering::Relaxed);
        batch.put(&self.table, &key(number), line, Expect::Absent, None)
    }

    /// Writes a line of its own.
    pub async fn note(&self, line: &EventRow) -> Result<(), StoreError> {
        let mut batch = self.store.batch();
        self.add(&mut batch, line)?;
        batch.commit(Durability::Durable).await
    }

    /// The newest lines before the number `before`, newest first.
    pub fn newest(
        &self,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<(u64, EventRow)>, AccessError> {
        let rows = match before {
            Some(before) => self.table.scan_back_before("", &key(before)),
            None => self.table.scan_back(""),
        };
        let mut lines = Vec::new();
        for row in rows.take(limit.min(PAGE_MAX)) {
            let (key, stored) = row?;
            lines.push((key.parse().unwrap_or_default(), stored.value));
        }
        Ok(lines)
    }

    /// Removes the oldest lines over the bound, a batch of them at most.
    pub async fn purge(&self) -> Result<(), AccessError> {
        let over = self.lines.load(Ordering::Relaxed).saturating_sub(self.lines_max);
        if over == 0 {
            return Ok(());
        }
        let mut batch = self.store.batch();
        for row in self.table.scan("").take(over.min(BATCH_ROWS_MAX)) {
            batch.remove(&self.table, &row?.0, Expect::Anything)?;
        }
        let removed = batch.len();
        batch.commit(Durability::Relaxed).await?;
        self.lines.fetch_sub(removed, Ordering::Relaxed);
        Ok(())
    }
}

/// Twenty digits, so that the order of keys is the order of numbers.
fn key(number: u64) -> String {
    format!("{number:020}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::{AccessEvent, Actor, Name};
    use crate::domain::Timestamp;

    #[tokio::test]
    async fn the_oldest_lines_go_when_there_are_too_many() {
        let dir = tempfile::tempdir().expect("a directory");
        let store = Store::open(dir.path()).expect("a store");
        let log = EventLog::with_bound(&store, 3);
        for second in 0..5 {
            let name = Name::parse("ada").expect("a name");
            let (at, actor) = (Timestamp::from_seconds(second), Actor::Machine);
            let line = EventRow { at, actor, event: AccessEvent::PasswordSet { name } };
            let mut batch = store.batch();
            log.add(&mut batch, &line).expect("room");
            batch.commit(Durability::Durable).await.expect("written");
        }
        log.purge().await.expect("removed");
        let lines = EventLog::with_bound(&store, 3).newest(None, 10).expect("readable");
        let seconds: Vec<_> = lines.iter().map(|(_, line)| line.at.seconds()).collect();
        assert_eq!(seconds, [4, 3, 2]);
    }
}
