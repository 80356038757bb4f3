//! An event in its user's log.

use std::sync::Arc;

use bytes::Bytes;

use crate::domain::{EventId, EventKind, RunId, Sequence, Timestamp};

/// An event in its user's log.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub sequence: Sequence,
    /// When it was accepted.
    pub at: Timestamp,
    pub id: EventId,
    pub kind: EventKind,
    pub run: Option<RunId>,
    /// The whole frame, as every socket gets it.
    pub frame: Bytes,
}

/// Shared by the log and by whoever is about to write it.
pub(super) type SharedEntry = Arc<Entry>;
