//! The logs on the disk.
//!
//! One row an event, in the order of its user's log. The last row of a user stays beyond the
//! retention, for it tells how far the log has come; when it goes, too, logs that begin from then
//! on are of another epoch, so that a client's old position is known for what it is.

use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::entry::Entry;
use super::log::Log;
use super::runs::{Runs, Step};
use super::wire::FrameFacts;
use crate::domain::{Epoch, Fingerprint, Sequence, Subject, Timestamp};
use crate::store::{Batch, Durability, Expect, Row, Store, StoreError, Table};

/// The tables of the room.
pub(super) struct Journal {
    store: Store,
    rows: Table<EventRow>,
    epochs: Table<EpochRow>,
    /// The epoch of logs that begin now.
    epoch: AtomicU64,
}

/// An event on the disk.
#[derive(Serialize, Deserialize)]
pub(super) struct EventRow {
    at: i64,
    frame: Box<RawValue>,
}

impl Row for EventRow {
    const FORMAT: u8 = 1;
}

/// The epoch of logs that begin now.
#[derive(Serialize, Deserialize)]
struct EpochRow {
    epoch: u64,
}

impl Row for EpochRow {
    const FORMAT: u8 = 1;
}

const EPOCH: &str = "epoch";

/// How the rows of one user begin. What a user is called may be too long for a key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct RowPrefix(Box<str>);

impl RowPrefix {
    pub fn of(user: &Subject) -> Self {
        Self(format!("{}/", Fingerprint::of_content(user.as_str().as_bytes())).into())
    }

    fn key(&self, sequence: Sequence) -> String {
        format!("{}{:016x}", self.0, sequence.0)
    }

    /// The prefix and the place of a row's key.
    fn split(key: &str) -> Option<(Self, Sequence)> {
        let at = key.find('/')? + 1;
        let sequence = u64::from_str_radix(&key[at..], 16).ok()?;
        Some((Self(key[..at].into()), Sequence(sequence)))
    }
}

impl Journal {
    /// Opens the tables. Events of an empty store are of an epoch that no store before had.
    pub async fn open(store: &Store, now: Timestamp) -> Result<Self, StoreError> {
        let epochs: Table<EpochRow> = store.table("event-epoch");
        let kept = epochs.get(EPOCH)?.map(|row| row.value.epoch);
        let epoch = kept.unwrap_or_else(|| epoch_of(now));
        if kept.is_none() {
            epochs.insert(EPOCH, &EpochRow { epoch }, Durability::Durable).await?;
        }
        let (store, rows) = (store.clone(), store.table("events"));
        Ok(Self { store, rows, epochs, epoch: AtomicU64::new(epoch) })
    }

    /// The epoch of logs that begin now.
    pub fn epoch(&self) -> Epoch {
        Epoch(self.epoch.load(Ordering::Acquire))
    }

    /// A user's log and runs, as they are on the disk. Waits for the disk.
    pub fn load(&self, prefix: &RowPrefix, oldest: Timestamp) -> Result<(Log, Runs), StoreError> {
        let mut log: Option<Log> = None;
        let mut runs = Runs::default();
        for row in self.rows.scan(&prefix.0) {
            let read =
                row.and_then(|(key, row)| read_entry(&row.value).ok_or_else(|| unreadable(&key)));
            let (entry, facts) = match read {
                Ok(read) => read,
                // What is behind it is still worth having; the hole is told as a gap.
                Err(error @ StoreError::Unreadable { .. }) => {
                    tracing::error!(%error, "an event on the disk is lost");
                    continue;
                }
                Err(error) => return Err(error),
            };
            let kept = entry.at >= oldest;
            let last = Sequence(entry.sequence.0.saturating_sub(1));
            let continues = log.as_ref().is_some_and(|log| log.last() == last);
            let epoch = facts.epoch;
            // A hole is one that removing the oldest rows has left: what is before it is old.
            let log = match &mut log {
                Some(log) if continues && log.epoch() == epoch => log,
                log => log.insert(Log::new(epoch, last)),
            };
            let tool = facts.tool();
            // That an event breaks a rule was told when it came.
            let _told = runs.observe(&Step {
                kind: &entry.kind,
                run: entry.run.as_ref(),
                number: facts.seq,
                tool: tool.as_deref(),
            });
            if kept {
                log.append(entry);
            } else {
                *log = Log::new(epoch, entry.sequence);
            }
        }
        Ok((log.unwrap_or_else(|| Log::new(self.epoch(), Sequence(0))), runs))
    }

    /// Changes that happen together.
    pub fn batch(&self) -> Batch {
        self.store.batch()
    }

    /// Adds an event to a batch.
    pub fn put(
        &self,
        batch: &mut Batch,
        prefix: &RowPrefix,
        entry: &Entry,
    ) -> Result<(), StoreError> {
        let key = prefix.key(entry.sequence);
        let frame = std::str::from_utf8(&entry.frame).ok();
        let frame = frame.and_then(|frame| RawValue::from_string(frame.to_owned()).ok());
        let frame = frame.ok_or_else(|| unreadable(&key))?;
        let row = EventRow { at: entry.at.micros(), frame };
        batch.put(&self.rows, &key, &row, Expect::Anything, None)
    }

    /// Adds the removal of an event to a batch.
    pub fn remove(
        &self,
        batch: &mut Batch,
        prefix: &RowPrefix,
        sequence: Sequence,
    ) -> Result<(), StoreError> {
        batch.remove(&self.rows, &prefix.key(sequence), Expect::Anything)
    }

    /// Looks at rows from `after` on, `rows_max` at most. Waits for the disk.
    pub fn look(&self, after: &str, rows_max: usize) -> Result<Looked, StoreError> {
        let mut looked = Looked { rows: Vec::new(), next: None };
        for row in self.rows.scan_from("", after).take(rows_max + 1) {
            let (key, at) = match row {
                Ok((key, row)) => (key, Some(row.value.at)),
                // Whoever loads the user's log says what is wrong with it.
                Err(StoreError::Unreadable { key, .. }) => (key, None),
                Err(error) => return Err(error),
            };
            if looked.rows.len() == rows_max {
                looked.next = Some(key);
                break;
            }
            if let (Some((prefix, sequence)), Some(at)) = (RowPrefix::split(&key), at) {
                looked.rows.push((prefix, sequence, Timestamp::from_micros(at)));
            }
        }
        Ok(looked)
    }

    /// True when a log whose last event is of `at` may be of the epoch of logs that begin now.
    pub fn may_be_of_this_epoch(&self, at: Timestamp) -> bool {
        epoch_of(at) >= self.epoch().0
    }

    /// From now on, logs that begin are of another epoch.
    pub async fn begin_epoch(&self, now: Timestamp) -> Result<(), StoreError> {
        let epoch = epoch_of(now).max(self.epoch().0 + 1);
        self.epochs.insert(EPOCH, &EpochRow { epoch }, Durability::Durable).await?;
        self.epoch.store(epoch, Ordering::Release);
        Ok(())
    }
}

/// Rows that were looked at, and from where to look on.
pub(super) struct Looked {
    pub rows: Vec<(RowPrefix, Sequence, Timestamp)>,
    pub next: Option<String>,
}

/// Milliseconds: a number that JavaScript, too, can hold.
fn epoch_of(now: Timestamp) -> u64 {
    u64::try_from(now.micros() / 1_000).unwrap_or(0)
}

fn read_entry(row: &EventRow) -> Option<(Entry, FrameFacts)> {
    let facts = FrameFacts::read(row.frame.get())?;
    let entry = Entry {
        sequence: facts.sequence,
        at: Timestamp::from_micros(row.at),
        id: facts.id()?,
        kind: facts.kind()?,
        run: facts.run(),
        frame: Bytes::copy_from_slice(row.frame.get().as_bytes()),
    };
    Some((entry, facts))
}

fn unreadable(key: &str) -> StoreError {
    let problem = "the frame makes no sense".to_owned();
    StoreError::Unreadable { table: "events", key: key.to_owned(), problem }
}
