//! What was done to a component: each change with before and after.

use crate::domain::{ComponentId, Timestamp};
use crate::flags::{HistoryFilter, HistoryRow, Linked};
use crate::report::changes;
use crate::web::Rooms;
use crate::web::pages::Moment;
use crate::web::pages::words::cause_words;

/// Changes on the page.
const SHOWN: usize = 12;

/// One change.
pub(in crate::web::pages) struct PastChange {
    pub revision: u64,
    pub at: Moment,
    pub before: String,
    pub after: String,
    pub lines: Vec<String>,
    pub by: String,
}

/// The newest changes; `None` where the disk does not tell. Reads the disk.
pub(super) fn past_changes(
    rooms: &Rooms,
    component: &ComponentId,
    now: Timestamp,
) -> Option<Vec<PastChange>> {
    let filter = HistoryFilter {
        component: Some(component.clone()),
        limit: Some(SHOWN),
        ..HistoryFilter::default()
    };
    match rooms.flags.history(&filter) {
        Ok(lines) => {
            let rows = lines.into_iter().map(Linked::into_line);
            Some(rows.map(|row| PastChange::new(&row, now)).collect())
        }
        Err(error) => {
            tracing::error!(%error, "the history of a component cannot be read");
            None
        }
    }
}

impl PastChange {
    pub fn new(row: &HistoryRow, now: Timestamp) -> Self {
        Self {
            revision: row.revision.0,
            at: Moment::new(row.at, now),
            before: row
                .before
                .as_ref()
                .map_or_else(|| "–".to_owned(), |flag| flag.stage.to_string()),
            after: row.after.stage.to_string(),
            lines: changes(row.before.as_ref(), &row.after),
            by: cause_words(&row.cause),
        }
    }
}
