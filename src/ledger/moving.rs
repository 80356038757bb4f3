//! Minutes as former releases kept them: counts without latencies, many components to a row. They
//! are moved once, with the first round after the start, to where minutes and hours are kept now.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::counts::Counts;
use super::past::Past;
use super::{LedgerError, Tally};
use crate::domain::ComponentId;
use crate::store::{Durability, Expect, Row, Store, Table};

/// Rows removed in one batch, at most.
const REMOVED_MAX: usize = 2_000;

/// Minutes of a component by their numbers.
pub(super) type Minutes = BTreeMap<i64, Tally>;

/// One minute of several components.
#[derive(Default, Serialize, Deserialize)]
#[serde(transparent)]
struct FormerRow(BTreeMap<ComponentId, Tally>);

impl Row for FormerRow {
    const FORMAT: u8 = 1;
}

/// A component's former minutes are moved; in the same batch as they are.
#[derive(Serialize, Deserialize)]
struct Moved {}

impl Row for Moved {
    const FORMAT: u8 = 1;
}

/// The former tables.
pub(super) struct Former {
    store: Store,
    minutes: Table<FormerRow>,
    moved: Table<Moved>,
}

impl Former {
    pub(super) fn new(store: &Store) -> Self {
        let (minutes, moved) = (store.table("ledger_minutes"), store.table("ledger_moved"));
        Self { store: store.clone(), minutes, moved }
    }

    /// The former minutes of every component whose are not moved yet. Where two rows tell of the
    /// same one, since a start has put the components into other rows, the later row is right.
    pub(super) fn minutes(&self) -> Result<BTreeMap<ComponentId, Minutes>, LedgerError> {
        let mut latest: BTreeMap<ComponentId, BTreeMap<i64, (u64, Tally)>> = BTreeMap::new();
        for row in self.minutes.scan("") {
            let (key, stored) = row?;
            let number = minute_of(&key).ok_or(LedgerError::Key(key))?;
            for (component, tally) in stored.value.0 {
                let known = latest.entry(component).or_default().entry(number).or_default();
                if stored.revision > known.0 {
                    *known = (stored.revision, tally);
                }
            }
        }
        let mut unmoved = BTreeMap::new();
        for (component, minutes) in latest {
            if self.moved.get(component.as_str())?.is_none() {
                let minutes = minutes.into_iter().map(|(number, (_, tally))| (number, tally));
                unmoved.insert(component, minutes.collect());
            }
        }
        Ok(unmoved)
    }

    /// Moves all of them. Where it ends half way, the next call goes on.
    pub(super) async fn move_to(&self, past: &Past) -> Result<(), LedgerError> {
        for (component, minutes) in self.minutes()? {
            let mut batch = self.store.batch();
            let minutes: Vec<(i64, Counts)> =
                minutes.into_iter().map(|(number, tally)| (number, tally.into())).collect();
            let counts = minutes.iter().map(|(number, counts)| (*number, counts));
            past.add(&mut batch, &component, counts)?;
            batch.put(&self.moved, component.as_str(), &Moved {}, Expect::Anything, None)?;
            batch.commit(Durability::Relaxed).await?;
        }
        remove_all(&self.store, &self.minutes).await?;
        remove_all(&self.store, &self.moved).await
    }
}

async fn remove_all<V: Row>(store: &Store, table: &Table<V>) -> Result<(), LedgerError> {
    loop {
        let mut batch = store.batch();
        for row in table.scan("").take(REMOVED_MAX) {
            batch.remove(table, &row?.0, Expect::Anything)?;
        }
        if batch.is_empty() {
            return Ok(());
        }
        batch.commit(Durability::Relaxed).await?;
    }
}

/// Former rows sort by time, then by a number of their own.
fn minute_of(key: &str) -> Option<i64> {
    key.split_once('/')?.0.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::FingerprintKey;
    use crate::ledger::{Counter, Keeper, Ledger, Round};

    fn former_row(counts: &[(&str, u64)]) -> FormerRow {
        let row = counts.iter().map(|(id, count)| {
            let mut tally = Tally::default();
            (0..*count).for_each(|_| tally.add(Counter::Matched));
            (ComponentId::parse(id).expect("an id"), tally)
        });
        FormerRow(row.collect())
    }

    async fn put(store: &Store, key: &str, row: &FormerRow) {
        let table = store.table("ledger_minutes");
        table.insert(key, row, Durability::Relaxed).await.expect("written");
    }

    fn reloaded(store: &Store) -> (Ledger, Keeper) {
        let (ledger, keeper) = (Ledger::new(FingerprintKey::new([1; 32])), Keeper::new(store));
        keeper.load(&ledger).expect("readable");
        (ledger, keeper)
    }

    fn since(ledger: &Ledger, keeper: &Keeper, id: &str, from: i64) -> (u64, u64) {
        let book = ledger.book(&ComponentId::parse(id).expect("an id"));
        let kept = keeper.since(&book, from).expect("counted");
        (kept.count(Counter::Matched), book.total().count(Counter::Matched))
    }

    #[tokio::test]
    async fn minutes_of_a_former_release_are_moved_once_and_stay_in_memory() {
        let dir = tempfile::tempdir().expect("a directory");
        let store = Store::open(dir.path()).expect("a store");
        put(&store, "000000001000/0000", &former_row(&[("a", 5), ("b", 1)])).await;
        // A start has put `a` into another row; what was written later is right.
        put(&store, "000000001000/0001", &former_row(&[("a", 7)])).await;
        put(&store, "000000001001/0001", &former_row(&[("a", 2)])).await;
        for _ in 0..3 {
            let (ledger, keeper) = reloaded(&store);
            keeper.write(&ledger, Round::Minutes).await.expect("written");
            assert_eq!(since(&ledger, &keeper, "a", 1000), (9, 9));
            assert_eq!(since(&ledger, &keeper, "a", 1001), (2, 9));
            assert_eq!(since(&ledger, &keeper, "b", 1000), (1, 1));
        }
        assert_eq!(store.table::<FormerRow>("ledger_minutes").scan("").count(), 0);
        assert_eq!(store.table::<Moved>("ledger_moved").scan("").count(), 0);
    }

    #[tokio::test]
    async fn a_move_that_ended_half_way_goes_on_without_doubling_anything() {
        let dir = tempfile::tempdir().expect("a directory");
        let store = Store::open(dir.path()).expect("a store");
        let row = former_row(&[("a", 5), ("b", 1)]);
        put(&store, "000000001000/0000", &row).await;
        let (ledger, keeper) = reloaded(&store);
        keeper.write(&ledger, Round::Minutes).await.expect("written");
        // The row is there again and only `a` is moved, as after a crash before its removal.
        put(&store, "000000001000/0000", &row).await;
        let past = Past::new(&store);
        let b = past.minutes.scan("b/").next().expect("a row").expect("readable").0;
        past.minutes.remove(&b, Expect::Anything, Durability::Relaxed).await.expect("removed");
        let moved = store.table("ledger_moved");
        moved.insert("a", &Moved {}, Durability::Relaxed).await.expect("written");
        let (ledger, keeper) = reloaded(&store);
        assert_eq!(
            ledger.book(&ComponentId::parse("b").expect("an id")).total().count(Counter::Matched),
            1
        );
        keeper.write(&ledger, Round::Minutes).await.expect("written");
        assert_eq!(since(&ledger, &keeper, "a", 1000), (5, 5));
        assert_eq!(since(&ledger, &keeper, "b", 1000), (1, 1));
    }
}
