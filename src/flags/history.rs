//! The audit log of every change.

use serde::{Deserialize, Serialize};

use super::{Cause, Flag, Salt};
use crate::domain::{ComponentId, Revision, Timestamp};
use crate::store::{Row, StoreError, Table};

/// One row that was changed. Of one component, `before` is what the row before says under
/// `after`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HistoryRow {
    /// The revision of this row's change; the key of the log.
    pub revision: Revision,
    /// The last revision of the whole change: rows that a rollback took along share it.
    pub change: Revision,
    /// When.
    pub at: Timestamp,
    /// Whose row.
    pub component: ComponentId,
    /// The row as it was; `None` when this change created it.
    pub before: Option<Flag>,
    /// The row as it is since then.
    pub after: Flag,
    /// Why.
    pub cause: Cause,
}

/// Which part of the log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HistoryFilter {
    /// Of one component only.
    pub component: Option<ComponentId>,
    /// Only what is older than this revision: the last one of the page before.
    pub before: Option<Revision>,
    /// Rows of the page; at most [`HISTORY_PAGE_MAX`], which is also what `None` means.
    pub limit: Option<usize>,
}

/// Most rows of one page.
pub const HISTORY_PAGE_MAX: usize = 500;

impl Row for Flag {
    const FORMAT: u8 = 1;
}

impl Row for HistoryRow {
    const FORMAT: u8 = 1;
}

impl Row for Salt {
    const FORMAT: u8 = 1;
}

/// The key of a revision in the log: its digits, padded so that keys sort as numbers do.
pub(super) fn key(revision: Revision) -> String {
    format!("{:020}", revision.0)
}

/// A moment as a row says it: in whole milliseconds.
pub(super) fn to_the_millisecond(moment: Timestamp) -> Timestamp {
    Timestamp::from_micros(moment.micros().div_euclid(1000) * 1000)
}

/// A page of the log, newest first.
pub(super) fn page(
    table: &Table<HistoryRow>,
    filter: &HistoryFilter,
) -> Result<Vec<HistoryRow>, StoreError> {
    let before = key(filter.before.unwrap_or(Revision(u64::MAX)));
    let limit = filter.limit.unwrap_or(HISTORY_PAGE_MAX).min(HISTORY_PAGE_MAX);
    let wanted = |row: &HistoryRow| filter.component.as_ref().is_none_or(|id| *id == row.component);
    table
        .scan_back_before("", &before)
        .map(|row| row.map(|(_, stored)| stored.value))
        .filter(|row| row.as_ref().map_or(true, wanted))
        .take(limit)
        .collect()
}
