//! Which changes of a flag end a stage, and what time a report about it covers.

use super::super::draw::what;
use super::super::{Period, ReportError};
use crate::domain::Timestamp;
use crate::flags::{Cause, Flags, HistoryFilter, HistoryRow, Stage};
use crate::guard::{CardFilter, Deed, Guard};

/// Answers and their shadows of the last moment are counted by then.
const SETTLED_S: i64 = 2;

/// The card of a rollback is there by then, or does not come: what is rolled back along with
/// another component has none.
const CARD_S: i64 = 10;

/// Pages of the history that are looked through for the beginning of a stage, at most.
const PAGES_MAX: usize = 20;

/// What became of a component, when this change ended a stage; `None` for all other changes.
pub(super) fn exit_of(line: &HistoryRow) -> Option<&'static str> {
    let before = line.before.as_ref()?.stage;
    let after = line.after.stage;
    if what(line) == "rolled_back" {
        return Some("was rolled back");
    }
    if before.ssot_serves() && !after.ssot_serves() {
        return Some("was taken back");
    }
    if after <= before {
        return None;
    }
    match after {
        Stage::Live => Some("went live"),
        Stage::Sealed => Some("was sealed"),
        Stage::Complete => Some("is complete"),
        Stage::Off | Stage::Shadow | Stage::Canary(_) => None,
    }
}

/// True when all that a report about it shows is there.
pub(super) fn is_settled(
    line: &HistoryRow,
    guard: &Guard,
    now: Timestamp,
) -> Result<bool, ReportError> {
    let spent = now.seconds() - line.at.seconds();
    if spent < SETTLED_S {
        return Ok(false);
    }
    if spent >= CARD_S || !matches!(line.cause, Cause::Guard { .. }) {
        return Ok(true);
    }
    let component = Some(line.component.clone());
    let cards = guard.cards(&CardFilter { component, before: None, limit: Some(10) })?;
    let is_of_line = |deed: &Deed| matches!(deed, Deed::RolledBack { revision, .. } if *revision == line.revision);
    Ok(cards.iter().any(|card| is_of_line(&card.deed)))
}

/// From when the component was in the stage that it has left, until it did.
pub(super) fn period(
    flags: &Flags,
    line: &HistoryRow,
    now: Timestamp,
) -> Result<Period, ReportError> {
    let left = line.before.as_ref().map_or("", |before| before.stage.name());
    let component = Some(line.component.clone());
    let mut filter =
        HistoryFilter { component, before: Some(line.revision), ..HistoryFilter::default() };
    let mut since = line.at;
    'pages: for _ in 0..PAGES_MAX {
        let page = flags.history_page(&filter)?;
        for earlier in &page.lines {
            if earlier.after.stage.name() != left {
                break 'pages;
            }
            since = earlier.at;
        }
        match page.next {
            Some(next) => filter.before = Some(next),
            None => break,
        }
    }
    let oldest = now.plus_seconds(-399 * 86_400);
    // The change itself is part of it.
    Ok(Period::between(since.max(oldest), line.at.plus_seconds(1), now)?)
}
