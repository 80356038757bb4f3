//! The audit log as it grows, for whoever follows it.
//!
//! Lines reach the disk in the order of their revisions, although the table is published in
//! another: a rollback serves before its line is written, and a raise with a smaller revision may
//! still be published after it. So whoever follows changes follows the log and not the revision of
//! the table, which would let him believe that he has seen what is yet to come.

use tokio::sync::watch;

use super::history::{HistoryRow, page_after};
use super::{Flags, FlagsError, HISTORY_PAGE_MAX};
use crate::domain::Revision;

impl Flags {
    /// The newest line of the log, waking its holder when there is another. What a line says is
    /// published by the time it shows here, unless a rollback has overtaken it.
    pub fn watch_log(&self) -> watch::Receiver<Revision> {
        self.room.watch_log()
    }

    /// The lines after one revision and up to another, oldest first; at most `limit` of them.
    /// Reads the disk.
    pub fn history_after(
        &self,
        after: Revision,
        up_to: Revision,
        limit: usize,
    ) -> Result<Vec<HistoryRow>, FlagsError> {
        let limit = limit.min(HISTORY_PAGE_MAX);
        Ok(page_after(&self.room.lines(), (after, up_to), limit)?)
    }

    /// True when the log has a line of exactly this revision.
    pub fn is_logged(&self, revision: Revision) -> Result<bool, FlagsError> {
        let before = Revision(revision.0.saturating_sub(1));
        Ok(!self.history_after(before, revision, 1)?.is_empty())
    }
}
