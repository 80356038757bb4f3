//! The audit log of every change.

use serde::{Deserialize, Serialize};

use super::log::Line;
use super::{Cause, CauseKind, Flag, Linked, Phase, Salt};
use crate::domain::{ComponentId, Revision, Timestamp};
use crate::store::{Row, StoreError, Stored, Table};

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

impl HistoryRow {
    /// True when this change moved the stage or the share, or created the row.
    pub fn changes_stage(&self) -> bool {
        self.before.as_ref().is_none_or(|before| before.stage != self.after.stage)
    }
}

/// Which part of the log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HistoryFilter {
    /// Of one component only.
    pub component: Option<ComponentId>,
    /// Of the components of one phase only.
    pub phase: Option<Phase>,
    /// By this operator only, whether he asked or approved.
    pub actor: Option<String>,
    /// Of this kind of cause only.
    pub cause: Option<CauseKind>,
    /// Not earlier than this.
    pub from: Option<Timestamp>,
    /// Earlier than this.
    pub to: Option<Timestamp>,
    /// Only changes of stage or share.
    pub stage_changes: bool,
    /// Only what is older than this revision: the last one of the page before.
    pub before: Option<Revision>,
    /// Rows of the page; at most [`HISTORY_PAGE_MAX`], which is also what `None` means.
    pub limit: Option<usize>,
}

impl HistoryFilter {
    /// True for a line that is wanted, wherever it stands in the log.
    pub fn wants(&self, line: &HistoryRow) -> bool {
        self.component.as_ref().is_none_or(|id| *id == line.component)
            && self.phase.is_none_or(|phase| phase == line.after.phase)
            && self.actor.as_deref().is_none_or(|actor| line.cause.is_by(actor))
            && self.cause.is_none_or(|kind| kind == line.cause.kind())
            && self.from.is_none_or(|from| line.at >= from)
            && self.to.is_none_or(|to| line.at < to)
            && (!self.stage_changes || line.changes_stage())
    }
}

/// A part of the log.
#[derive(Clone, Debug, PartialEq)]
pub struct HistoryPage {
    /// The lines that are wanted.
    pub lines: Vec<Linked<HistoryRow>>,
    /// From where to go on, if that is not the end. A page may come out short, or empty, and yet
    /// have more behind it: the work of one page is bounded.
    pub next: Option<Revision>,
}

/// Most rows of one page.
pub const HISTORY_PAGE_MAX: usize = 500;

/// Most lines that are looked at for one page.
const SCANNED_MAX: usize = 2000;

/// Most lines that are looked at for one part of the whole log.
const PART_MAX: usize = 250;

impl Line for HistoryRow {
    type Kept = Flag;

    const LOG: &'static str = "history";
    const ROWS: &'static str = "flags";

    fn revision(&self) -> Revision {
        self.revision
    }

    fn row_key(&self) -> String {
        self.component.as_str().to_owned()
    }

    fn continues(&self, before: Option<&Flag>) -> bool {
        self.before.as_ref() == before
    }

    fn leaves(&self) -> Option<Flag> {
        Some(self.after.clone())
    }
}

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

/// A page of the log, oldest first: what is after the one revision and not after the other.
pub(super) fn page_after(
    table: &Table<Linked<HistoryRow>>,
    (after, up_to): (Revision, Revision),
    limit: usize,
) -> Result<Vec<HistoryRow>, StoreError> {
    let from = key(Revision(after.0.saturating_add(1)));
    let wanted = |row: &HistoryRow| row.revision > after && row.revision <= up_to;
    table
        .scan_from("", &from)
        .map(|row| row.map(|(_, stored)| stored.value.into_line()))
        .take_while(|row| row.as_ref().map_or(true, wanted))
        .take(limit)
        .collect()
}

/// A page of the log, newest first.
pub(super) fn page(
    table: &Table<Linked<HistoryRow>>,
    filter: &HistoryFilter,
) -> Result<HistoryPage, StoreError> {
    let before = key(filter.before.unwrap_or(Revision(u64::MAX)));
    let limit = filter.limit.unwrap_or(HISTORY_PAGE_MAX).min(HISTORY_PAGE_MAX);
    gather(table.scan_back_before("", &before), filter, limit, SCANNED_MAX)
}

/// What of the log comes after a revision, oldest first; the filter's `before` and `limit` count,
/// too.
pub(super) fn part(
    table: &Table<Linked<HistoryRow>>,
    filter: &HistoryFilter,
    after: Revision,
) -> Result<HistoryPage, StoreError> {
    let end = filter.before.unwrap_or(Revision(u64::MAX));
    let rows = table.scan_from("", &key(Revision(after.0.saturating_add(1))));
    let rows =
        rows.take_while(|row| row.as_ref().map_or(true, |(_, stored)| stored.value.revision < end));
    gather(rows, filter, filter.limit.unwrap_or(PART_MAX), PART_MAX)
}

fn gather(
    rows: impl Iterator<Item = Result<(String, Stored<Linked<HistoryRow>>), StoreError>>,
    filter: &HistoryFilter,
    limit: usize,
    scanned_max: usize,
) -> Result<HistoryPage, StoreError> {
    let mut rows = rows.peekable();
    let (mut lines, mut last) = (Vec::new(), None);
    for _ in 0..scanned_max {
        if lines.len() >= limit {
            break;
        }
        let Some(row) = rows.next() else { break };
        let line = row?.1.value;
        last = Some(line.revision);
        if filter.wants(&line) {
            lines.push(line);
        }
    }
    let next = last.filter(|_| rows.peek().is_some());
    Ok(HistoryPage { lines, next })
}

/// One line of the log.
pub(super) fn line(
    table: &Table<Linked<HistoryRow>>,
    revision: Revision,
) -> Result<Option<Linked<HistoryRow>>, StoreError> {
    Ok(table.get(&key(revision))?.map(|stored| stored.value))
}

#[cfg(test)]
mod tests {
    use super::super::chain::Chain;
    use super::super::samples::{NOW, canary, flag, id, operator, trip};
    use super::*;
    use crate::flags::Stage;

    fn row(revision: u64, component: &str) -> HistoryRow {
        let before = flag(component);
        let after = Flag { stage: Stage::Shadow, ..before.clone() };
        HistoryRow {
            revision: Revision(revision),
            change: Revision(revision),
            at: NOW.plus_seconds(i64::try_from(revision).expect("small")),
            component: id(component),
            before: Some(before),
            after,
            cause: operator("why"),
        }
    }

    fn gathered(
        filter: &HistoryFilter,
        limit: usize,
        scanned_max: usize,
    ) -> (Vec<u64>, Option<u64>) {
        let mut chain = Chain::new("history");
        let rows: Vec<_> = (1..=10)
            .map(|revision| {
                let component = if revision % 5 == 0 { "rare" } else { "often" };
                let value = chain.add(row(revision, component)).expect("a line");
                Ok((key(Revision(revision)), Stored { revision, value }))
            })
            .collect();
        let page = gather(rows.into_iter().rev(), filter, limit, scanned_max).expect("a page");
        let revisions = page.lines.iter().map(|line| line.revision.0).collect();
        (revisions, page.next.map(|revision| revision.0))
    }

    #[test]
    fn a_page_ends_at_its_limit_at_the_end_or_where_its_work_is_enough() {
        let all = HistoryFilter::default();
        assert_eq!(gathered(&all, 3, 100), (vec![10, 9, 8], Some(8)));
        assert_eq!(gathered(&all, 10, 100).1, None, "there is nothing behind the last");
        let rare = HistoryFilter { component: Some(id("rare")), ..all };
        assert_eq!(gathered(&rare, 5, 4), (vec![10], Some(7)), "short, with more behind it");
        assert_eq!(gathered(&rare, 5, 100), (vec![10, 5], None));
    }

    #[test]
    fn each_part_of_a_filter_counts() {
        let line = row(1, "http-auth");
        let none = HistoryFilter::default;
        let wants = |filter: HistoryFilter| filter.wants(&line);
        assert!(wants(none()));
        assert!(wants(HistoryFilter { component: Some(id("http-auth")), ..none() }));
        assert!(!wants(HistoryFilter { component: Some(id("other")), ..none() }));
        assert!(wants(HistoryFilter { phase: Some(Phase::Tokens), ..none() }));
        assert!(!wants(HistoryFilter { phase: Some(Phase::Sockets), ..none() }));
        assert!(wants(HistoryFilter { actor: Some("ada".to_owned()), ..none() }));
        assert!(!wants(HistoryFilter { actor: Some("bob".to_owned()), ..none() }));
        assert!(wants(HistoryFilter { cause: Some(CauseKind::Operator), ..none() }));
        assert!(!wants(HistoryFilter { cause: Some(CauseKind::Guard), ..none() }));
        assert!(wants(HistoryFilter { from: Some(line.at), ..none() }));
        assert!(!wants(HistoryFilter { to: Some(line.at), ..none() }));
        assert!(wants(HistoryFilter { stage_changes: true, ..none() }));
        let settings = HistoryRow { before: Some(line.after.clone()), ..line.clone() };
        assert!(!HistoryFilter { stage_changes: true, ..none() }.wants(&settings));
        let share = Flag { stage: canary(1), ..line.after.clone() };
        let share = HistoryRow { after: share, cause: trip(), ..settings };
        assert!(HistoryFilter { stage_changes: true, ..none() }.wants(&share));
        assert!(!HistoryFilter { actor: Some("ada".to_owned()), ..none() }.wants(&share));
    }
}
