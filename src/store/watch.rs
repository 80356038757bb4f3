//! Being told of changes after they are committed.

use std::collections::HashMap;
use std::marker::PhantomData;

use parking_lot::Mutex;
use sled::IVec;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use super::commit::Write;
use super::row::{Row, Stored, decode};

/// How many changes of a table a watcher may lag behind before it misses some.
pub const WATCH_BACKLOG_CHANGES: usize = 1024;

/// What a watcher is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WatchEvent<V> {
    /// A row was written.
    Changed {
        /// Its key.
        key: String,
        /// The row as written.
        stored: Stored<V>,
    },
    /// A row was removed.
    Removed {
        /// Its key.
        key: String,
    },
    /// This many changes of the table went by untold, matching the prefix or not: the watcher was
    /// slow, or a row was not of its type. Read the table again.
    Missed(u64),
}

/// Changes of a table, in the order in which they were committed.
///
/// To follow a table without a gap, watch first and scan then. A relaxed write of another row may
/// be told before a durable one that was made earlier and still waited for its fsync.
#[derive(Debug)]
pub struct Watch<V> {
    table: &'static str,
    prefix: String,
    changes: broadcast::Receiver<Happened>,
    row: PhantomData<fn() -> V>,
}

impl<V: Row> Watch<V> {
    /// The next change; `None` once the store is closed. Nothing is lost when the future is
    /// dropped before it is ready.
    pub async fn next(&mut self) -> Option<WatchEvent<V>> {
        loop {
            match self.changes.recv().await {
                Ok(happened) if happened.key.starts_with(&self.prefix) => {
                    return Some(self.event(happened));
                }
                Ok(_) => {}
                Err(RecvError::Lagged(missed)) => return Some(WatchEvent::Missed(missed)),
                Err(RecvError::Closed) => return None,
            }
        }
    }

    fn event(&self, happened: Happened) -> WatchEvent<V> {
        let Happened { key, row, .. } = happened;
        match row.map(|row| decode(self.table, &key, &row)) {
            None => WatchEvent::Removed { key },
            Some(Ok(stored)) => WatchEvent::Changed { key, stored },
            // The scan that a miss asks for meets the row and names what is wrong with it.
            Some(Err(_)) => WatchEvent::Missed(1),
        }
    }
}

/// One committed change of a row.
#[derive(Clone, Debug)]
pub(super) struct Happened {
    table: &'static str,
    key: String,
    /// The row as it is now; `None` when it is gone.
    row: Option<IVec>,
}

impl Happened {
    pub fn put(write: &Write, row: IVec) -> Self {
        Self { table: write.table, key: write.key.clone(), row: Some(row) }
    }

    pub fn removed(write: &Write) -> Self {
        Self { table: write.table, key: write.key.clone(), row: None }
    }
}

/// Who watches which table.
#[derive(Debug, Default)]
pub(super) struct Watchers(Mutex<Channels>);

#[derive(Debug, Default)]
struct Channels {
    by_table: HashMap<&'static str, broadcast::Sender<Happened>>,
    closed: bool,
}

impl Watchers {
    pub fn watch<V>(&self, table: &'static str, prefix: &str) -> Watch<V> {
        let mut channels = self.0.lock();
        let changes = if channels.closed {
            broadcast::channel(1).1
        } else {
            let sender = channels.by_table.entry(table);
            sender.or_insert_with(|| broadcast::Sender::new(WATCH_BACKLOG_CHANGES)).subscribe()
        };
        Watch { table, prefix: prefix.to_owned(), changes, row: PhantomData }
    }

    pub fn publish(&self, happened: Vec<Happened>) {
        let channels = self.0.lock();
        for change in happened {
            if let Some(sender) = channels.by_table.get(change.table) {
                // An error means that nobody watches any more.
                let _ = sender.send(change);
            }
        }
    }

    /// Ends every watch, now and later.
    pub fn close(&self) {
        *self.0.lock() = Channels { by_table: HashMap::new(), closed: true };
    }
}
