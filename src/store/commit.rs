//! What a caller asks of the writer.

use tokio::sync::oneshot;

use super::error::StoreError;

/// When a write is acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// After flush and fsync: it survives the power going out.
    Durable,
    /// After it is visible: it survives neither a crash nor a power cut of the next half second.
    Relaxed,
}

/// What a write expects to find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// A row or none.
    Anything,
    /// No row.
    Absent,
    /// A row of this revision.
    Revision(u64),
}

impl Expect {
    /// True when a row at `current` is what was expected.
    pub(super) fn holds(self, current: Option<u64>) -> bool {
        match self {
            Self::Anything => true,
            Self::Absent => current.is_none(),
            Self::Revision(expected) => current == Some(expected),
        }
    }
}

/// One row to change.
#[derive(Debug)]
pub(super) struct Write {
    pub table: &'static str,
    pub key: String,
    pub expect: Expect,
    pub change: Change,
}

/// What becomes of the row.
#[derive(Debug)]
pub(super) enum Change {
    /// The encoded row, and its revision unless the writer is to take one.
    Put { row: Vec<u8>, revision: Option<u64> },
    /// The row goes.
    Remove,
}

/// Rows to change as a whole or not at all.
#[derive(Debug)]
pub(super) struct Commit {
    pub writes: Vec<Write>,
    pub durability: Durability,
    pub answer: oneshot::Sender<Result<Revisions, StoreError>>,
}

/// The revisions of the rows put, in the order of the writes.
pub(super) type Revisions = Vec<u64>;

/// What the writer is woken for.
#[derive(Debug)]
pub(super) enum Job {
    Commit(Commit),
    /// Revisions run low.
    TopUp,
    /// Make everything durable and end.
    Close(oneshot::Sender<Result<(), StoreError>>),
}
