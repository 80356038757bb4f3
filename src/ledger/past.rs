//! Kept minutes and hours, and rows of open minutes.
//!
//! A row of minutes holds fifteen of one component, a row of hours one: what is read together
//! stands together, and no row gets big. A minute that finds no room in its row gets one of its own.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::columns::MinutesRow;
use super::counts::Counts;
use super::open::OpenMinute;
use super::{Book, Grain, LedgerError};
use crate::domain::{ComponentId, Timestamp};
use crate::store::{Batch, Expect, Row, Store, StoreError, Table};

/// Minutes that share a row.
const MINUTES_PER_ROW: i64 = 15;

/// A row that has reached this takes no other minute. Many rows share a page of the engine.
const ROW_BYTES_MAX: usize = 16 * 1024;

/// How long minutes and hours are kept, in days.
const MINUTES_KEPT_D: i64 = 30;
const HOURS_KEPT_D: i64 = 400;

impl Row for Counts {
    const FORMAT: u8 = 1;
}

/// The tables of the past.
#[derive(Clone)]
pub(super) struct Past {
    pub(super) open: Table<Counts>,
    pub(super) minutes: Table<MinutesRow>,
    pub(super) hours: Table<Counts>,
}

impl Past {
    pub(super) fn new(store: &Store) -> Self {
        Self {
            open: store.table("ledger_open"),
            minutes: store.table("ledger_past_minutes"),
            hours: store.table("ledger_past_hours"),
        }
    }

    /// Writes open minutes as they are.
    pub(super) fn put_open(
        &self,
        batch: &mut Batch,
        component: &ComponentId,
        minutes: &[OpenMinute],
    ) -> Result<(), StoreError> {
        for minute in minutes {
            let key = key(component, minute.number);
            batch.put(&self.open, &key, &minute.counts, Expect::Anything, None)?;
        }
        Ok(())
    }

    /// Adds closed minutes to the kept ones, and removes their rows and those of `joined`.
    pub(super) fn put_closed(
        &self,
        batch: &mut Batch,
        component: &ComponentId,
        minutes: &[OpenMinute],
        joined: &[i64],
    ) -> Result<(), StoreError> {
        let counts = minutes.iter().map(|minute| (minute.number, &minute.counts));
        self.add(batch, component, counts)?;
        let kept = minutes.iter().filter(|minute| minute.kept).map(|minute| minute.number);
        for number in kept.chain(joined.iter().copied()) {
            batch.remove(&self.open, &key(component, number), Expect::Anything)?;
        }
        Ok(())
    }

    /// Adds counts to kept minutes and hours.
    pub(super) fn add<'a>(
        &self,
        batch: &mut Batch,
        component: &ComponentId,
        minutes: impl Iterator<Item = (i64, &'a Counts)>,
    ) -> Result<(), StoreError> {
        let mut rows: BTreeMap<i64, MinutesRow> = BTreeMap::new();
        let mut hours: BTreeMap<i64, Counts> = BTreeMap::new();
        for (number, counts) in minutes {
            self.add_minute(&mut rows, component, number, counts)?;
            let hour = number.div_euclid(60);
            if let std::collections::btree_map::Entry::Vacant(e) = hours.entry(hour) {
                let kept = self.hours.get(&key(component, hour))?;
                e.insert(kept.map(|kept| kept.value).unwrap_or_default());
            }
            hours.entry(hour).or_default().absorb(counts);
        }
        for (number, row) in &rows {
            batch.put(&self.minutes, &key(component, *number), row, Expect::Anything, None)?;
        }
        for (number, counts) in &hours {
            batch.put(&self.hours, &key(component, *number), counts, Expect::Anything, None)?;
        }
        Ok(())
    }

    fn add_minute(
        &self,
        rows: &mut BTreeMap<i64, MinutesRow>,
        component: &ComponentId,
        number: i64,
        counts: &Counts,
    ) -> Result<(), StoreError> {
        let first = first_of_row(number);
        let bytes = self.row(rows, component, first)?.bytes();
        let start =
            if bytes > 0 && bytes + counts.bytes() > ROW_BYTES_MAX { number } else { first };
        let row = self.row(rows, component, start)?;
        let offset = u8::try_from(number - start).unwrap_or_default();
        row.0.entry(offset).or_default().absorb(counts);
        Ok(())
    }

    /// The row that begins with that minute, read when it is not among `rows` yet.
    fn row<'a>(
        &self,
        rows: &'a mut BTreeMap<i64, MinutesRow>,
        component: &ComponentId,
        start: i64,
    ) -> Result<&'a mut MinutesRow, StoreError> {
        if let std::collections::btree_map::Entry::Vacant(e) = rows.entry(start) {
            let kept = self.minutes.get(&key(component, start))?;
            e.insert(kept.map(|kept| kept.value).unwrap_or_default());
        }
        Ok(rows.entry(start).or_default())
    }

    /// The kept minutes or hours of a component, by their numbers since the epoch, from `from` on
    /// and before `to`.
    pub(super) fn read(
        &self,
        component: &ComponentId,
        span: (i64, i64),
        grain: Grain,
    ) -> Result<BTreeMap<i64, Counts>, LedgerError> {
        let mut found = BTreeMap::new();
        self.each(component, span, grain, |number, counts| match found.entry(number) {
            Entry::Vacant(place) => {
                place.insert(counts);
            }
            Entry::Occupied(known) => known.into_mut().absorb(&counts),
        })?;
        Ok(found)
    }

    /// Shows each of them, one after another; a minute may come in several parts.
    pub(super) fn each(
        &self,
        component: &ComponentId,
        (from, to): (i64, i64),
        grain: Grain,
        mut show: impl FnMut(i64, Counts),
    ) -> Result<(), LedgerError> {
        let prefix = format!("{component}/");
        match grain {
            Grain::Minute => {
                for row in self.minutes.scan_from(&prefix, &key(component, first_of_row(from))) {
                    let (key, stored) = row?;
                    let start = number_of(&key).ok_or(LedgerError::Key(key))?;
                    if start >= to {
                        break;
                    }
                    let minutes = stored.value.0.into_iter();
                    minutes
                        .map(|(offset, counts)| (start + i64::from(offset), counts))
                        .filter(|(number, _)| (from..to).contains(number))
                        .for_each(|(number, counts)| show(number, counts));
                }
            }
            Grain::Hour => {
                for row in self.hours.scan_from(&prefix, &key(component, from)) {
                    let (key, stored) = row?;
                    let number = number_of(&key).ok_or(LedgerError::Key(key))?;
                    if number >= to {
                        break;
                    }
                    show(number, stored.value);
                }
            }
        }
        Ok(())
    }

    /// The newest kept minute of a component.
    pub(super) fn newest(&self, component: &ComponentId) -> Result<Option<i64>, LedgerError> {
        let Some(row) = self.minutes.scan_back(&format!("{component}/")).next() else {
            return Ok(None);
        };
        let (key, stored) = row?;
        let start = number_of(&key).ok_or(LedgerError::Key(key))?;
        Ok(stored.value.0.keys().next_back().map(|offset| start + i64::from(*offset)))
    }

    /// Removes a component's minutes older than 30 days and hours older than 400, at most `max`
    /// rows; tells how many.
    pub(super) fn prune(
        &self,
        batch: &mut Batch,
        book: &Book,
        now: Timestamp,
        max: usize,
    ) -> Result<usize, LedgerError> {
        let today = now.seconds().div_euclid(86_400);
        let before = (today - MINUTES_KEPT_D) * 1_440;
        let minutes = remove_before(batch, &self.minutes, (book.component(), before), max)?;
        let before = (today - HOURS_KEPT_D) * 24;
        let left = max - minutes;
        Ok(minutes + remove_before(batch, &self.hours, (book.component(), before), left)?)
    }
}

fn remove_before<V: Row>(
    batch: &mut Batch,
    table: &Table<V>,
    (component, before): (&ComponentId, i64),
    max: usize,
) -> Result<usize, LedgerError> {
    let mut removed = 0;
    for row in table.scan(&format!("{component}/")).take(max) {
        let (key, _) = row?;
        if number_of(&key).is_some_and(|number| number >= before) {
            break;
        }
        batch.remove(table, &key, Expect::Anything)?;
        removed += 1;
    }
    Ok(removed)
}

/// Rows of a component sort by time.
pub(super) fn key(component: &ComponentId, number: i64) -> String {
    format!("{component}/{number:012}")
}

/// The minute or hour in a row's key.
pub(super) fn number_of(key: &str) -> Option<i64> {
    key.split_once('/')?.1.parse().ok()
}

const fn first_of_row(number: i64) -> i64 {
    number.div_euclid(MINUTES_PER_ROW) * MINUTES_PER_ROW
}
