//! What can go wrong with a table, as situations.

use std::path::{Path, PathBuf};

use thiserror::Error;

/// Longest text of an outside error that is carried along, in bytes.
const PROBLEM_BYTES_MAX: usize = 200;

/// What can go wrong in the store. Texts are bounded and never quote a row's contents.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum StoreError {
    /// Another process, or another open store of this one, has the directory.
    #[error("open the store in {}: another process is using it; stop that one first", dir.display())]
    InUse {
        /// The directory asked for.
        dir: PathBuf,
    },
    /// The directory cannot be created, locked or read.
    #[error("open the store in {}: {problem}", dir.display())]
    Unopenable {
        /// The directory asked for.
        dir: PathBuf,
        /// What the system said.
        problem: String,
    },
    /// The disk is too full to open the directory in it.
    #[error("open the store in {}: the disk is full", dir.display())]
    Full {
        /// The directory asked for.
        dir: PathBuf,
    },
    /// The directory holds rows, but not ours: the layout row is missing or makes no sense.
    #[error("open the store in {}: it holds data that this program did not write", dir.display())]
    Foreign {
        /// The directory asked for.
        dir: PathBuf,
    },
    /// A newer version of this program wrote the directory.
    #[error(
        "open the store in {}: its layout is version {found}, this program knows up to {known}",
        dir.display()
    )]
    NewerLayout {
        /// The directory asked for.
        dir: PathBuf,
        /// The version found on disk.
        found: u32,
        /// The newest version this program knows.
        known: u32,
    },
    /// A row is there but cannot be read.
    #[error("read row {key:?} of table {table}: {problem}")]
    Unreadable {
        /// The table of the row.
        table: &'static str,
        /// The key of the row.
        key: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A value cannot be written as JSON.
    #[error("write row {key:?} of table {table}: {problem}")]
    Unwritable {
        /// The table of the row.
        table: &'static str,
        /// The key of the row.
        key: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A value is larger than [`VALUE_BYTES_MAX`](super::VALUE_BYTES_MAX).
    #[error("write row {key:?} of table {table}: {bytes} bytes are more than {bytes_max}")]
    ValueTooLarge {
        /// The table of the row.
        table: &'static str,
        /// The key of the row.
        key: String,
        /// Size of the value as JSON, in bytes.
        bytes: usize,
        /// The limit, in bytes.
        bytes_max: usize,
    },
    /// A key is longer than [`KEY_BYTES_MAX`](super::KEY_BYTES_MAX).
    #[error("write to table {table}: key {start:?}.. has {bytes} bytes, more than {bytes_max}")]
    KeyTooLong {
        /// The table written to.
        table: &'static str,
        /// How the key begins.
        start: String,
        /// Length of the key, in bytes.
        bytes: usize,
        /// The limit, in bytes.
        bytes_max: usize,
    },
    /// A batch has more rows or bytes than one batch may have.
    #[error("write to table {table}: the batch is full ({rows} rows, {bytes} bytes)")]
    BatchTooLarge {
        /// The table of the row that did not fit.
        table: &'static str,
        /// Rows it would have.
        rows: usize,
        /// Bytes it would have.
        bytes: usize,
    },
    /// A batch touches one row twice.
    #[error("write row {key:?} of table {table}: it is in the batch already")]
    Repeated {
        /// The table of the row.
        table: &'static str,
        /// The key of the row.
        key: String,
    },
    /// The row is not what the writer expected, or its revision would go down. Nothing changed.
    #[error("write row {key:?} of table {table}: {}", found(*current))]
    Conflict {
        /// The table of the row.
        table: &'static str,
        /// The key of the row.
        key: String,
        /// The revision of the row as it is; `None` when there is no row.
        current: Option<u64>,
    },
    /// A row was given a revision that [`Store::take_revision`](super::Store::take_revision) has
    /// not handed out.
    #[error("write row {key:?} of table {table}: revision {revision} was never taken")]
    RevisionNotTaken {
        /// The table of the row.
        table: &'static str,
        /// The key of the row.
        key: String,
        /// The revision given.
        revision: u64,
    },
    /// The reserved block of revisions is used up and the disk has not confirmed the next one.
    #[error("take a revision: the reserved block is used up, the disk has not confirmed the next")]
    RevisionsExhausted,
    /// The disk did not confirm a durable write: it is not acknowledged and not visible; what is
    /// on the disk is unknown until the store is opened again.
    #[error("make a write durable: the disk refused: {problem}")]
    Refused {
        /// What the system said.
        problem: String,
    },
    /// A note is larger than [`NOTE_BYTES_MAX`](super::NOTE_BYTES_MAX).
    #[error("write the note in place: {bytes} bytes are more than {bytes_max}")]
    NoteTooLarge {
        /// Size of the note, in bytes.
        bytes: usize,
        /// The limit, in bytes.
        bytes_max: usize,
    },
    /// The disk failed while reading or changing rows.
    #[error("reach the rows: {problem}")]
    Disk {
        /// What the system said.
        problem: String,
    },
    /// The store has been closed, or its writer has ended.
    #[error("write to the store: it is closed")]
    Closed,
}

impl StoreError {
    pub(super) fn disk(error: &sled::Error) -> Self {
        Self::Disk { problem: bounded(error.to_string()) }
    }

    pub(super) fn refused(error: &impl ToString) -> Self {
        Self::Refused { problem: bounded(error.to_string()) }
    }

    pub(super) fn unopenable(dir: &Path, error: &impl ToString) -> Self {
        Self::Unopenable { dir: dir.to_owned(), problem: bounded(error.to_string()) }
    }
}

fn found(current: Option<u64>) -> String {
    match current {
        Some(revision) => format!("it is at revision {revision}, not the one expected"),
        None => "it does not exist, though it was expected to".to_owned(),
    }
}

/// `text`, cut to a bounded length at a character's edge.
pub(super) fn bounded(mut text: String) -> String {
    text.truncate(text.floor_char_boundary(PROBLEM_BYTES_MAX));
    text
}
