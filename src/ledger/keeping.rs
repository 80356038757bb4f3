//! Books on disk, so that a crash loses about the last second of counts: half until they are
//! written, half until the engine hands them to the system.
//!
//! Every half second the open minutes that changed are written, and those that have closed are
//! added to the kept minutes and hours. A book's total and latencies are written once a minute,
//! when a minute closes, and say up to which minute they count. A total is then the written one
//! plus the minutes from there on. Groups of differences, and how often each accepted one has
//! applied, are written every five seconds.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde::{Deserialize, Serialize};

use super::accepted_use::AcceptedUses;
use super::book::Book;
use super::moving::{Former, Minutes};
use super::pages::{KeptGroup, MINUTES_MAX};
use super::past::{Past, number_of};
use super::samples::GROUPS_MAX;
use super::{Grain, Group, Latency, Ledger, Tally};
use crate::domain::{ComponentId, Timestamp};
use crate::store::{Batch, Durability, Expect, Row, Store, StoreError, Table};

/// Rows written in one batch, about.
const BATCH_ROWS: usize = 256;

/// Rows removed in one round, at most.
const REMOVED_MAX: usize = 2_000;

/// Components looked at in one round of removing.
const PRUNED_BOOKS: usize = 100;

/// Why the ledger cannot be kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    /// The store refused.
    #[error("keep the ledger: {0}")]
    Store(#[from] StoreError),
    /// A row names no component or no minute.
    #[error("keep the ledger: row {0:?} names no component or no minute")]
    Key(String),
    /// The file of comparisons cannot be opened.
    #[error("write comparisons to {}: {problem}", path.display())]
    Comparisons {
        /// The file.
        path: PathBuf,
        /// Why not.
        problem: String,
    },
}

/// A book's counts of all minutes before `through`, and its latencies.
#[derive(Serialize, Deserialize)]
struct TotalRow {
    through: i64,
    tally: Tally,
    legacy: Latency,
    ssot: Latency,
}

impl Row for TotalRow {
    const FORMAT: u8 = 1;
}

impl Row for AcceptedUses {
    const FORMAT: u8 = 1;
}

impl Row for Group {
    const FORMAT: u8 = 1;
}

/// What is written in a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Round {
    /// Minutes, and totals where a minute has closed.
    Minutes,
    /// The same, and groups of differences.
    Groups,
    /// Everything: the service is ending.
    Last,
}

/// Reads books from a store and writes what changed.
pub struct Keeper {
    store: Store,
    totals: Table<TotalRow>,
    pub(super) past: Past,
    former: Former,
    /// Nothing is left to be moved.
    moved: AtomicBool,
    /// How many books have been looked at for what is too old.
    pruned: AtomicUsize,
    groups: Table<Group>,
    accepted: Table<AcceptedUses>,
}

impl Keeper {
    /// A keeper over `store`.
    pub fn new(store: &Store) -> Self {
        Self {
            store: store.clone(),
            totals: store.table("ledger_totals"),
            past: Past::new(store),
            former: Former::new(store),
            moved: AtomicBool::new(false),
            pruned: AtomicUsize::new(0),
            groups: store.table("ledger_groups"),
            accepted: store.table("ledger_accepted"),
        }
    }

    /// Fills an empty ledger with what was kept.
    pub fn load(&self, ledger: &Ledger) -> Result<(), LedgerError> {
        for row in self.totals.scan("") {
            let (key, stored) = row?;
            let id = ComponentId::parse(&key).map_err(|_| LedgerError::Key(key))?;
            let book = ledger.book(&id);
            let mut pages = book.pages();
            pages.through = stored.value.through;
            *pages.before = stored.value.tally;
            pages.legacy = stored.value.legacy;
            pages.ssot = stored.value.ssot;
        }
        self.load_minutes(ledger)?;
        for row in self.groups.scan("") {
            let (key, stored) = row?;
            let id = key.split_once('/').and_then(|(id, _)| ComponentId::parse(id).ok());
            let book = ledger.book(&id.ok_or(LedgerError::Key(key))?);
            let groups = &mut book.pages().groups;
            if groups.len() < GROUPS_MAX {
                let kept = KeptGroup { group: stored.value, changed: false };
                groups.insert(kept.group.key.clone(), kept);
            }
        }
        for row in self.accepted.scan("") {
            let (key, stored) = row?;
            let id = ComponentId::parse(&key).map_err(|_| LedgerError::Key(key))?;
            ledger.book(&id).pages().accepted = stored.value;
        }
        Ok(())
    }

    /// Puts back open minutes, and in memory those of the last hour and those that no total
    /// counts yet.
    fn load_minutes(&self, ledger: &Ledger) -> Result<(), LedgerError> {
        let mut open = self.former.minutes()?;
        for component in open.keys() {
            ledger.book(component).pages().mark_total();
        }
        for row in self.past.open.scan("") {
            let (key, stored) = row?;
            let id = key.split_once('/').and_then(|(id, _)| ComponentId::parse(id).ok());
            let (Some(id), Some(number)) = (id, number_of(&key)) else {
                return Err(LedgerError::Key(key));
            };
            ledger.book(&id).pages().open.restore(number, &stored.value);
            open.entry(id).or_default().entry(number).or_default().absorb(&stored.value.tally);
        }
        for book in ledger.books() {
            let mut minutes = open.remove(book.component()).unwrap_or_default();
            self.add_recent(&book, &mut minutes)?;
            let mut pages = book.pages();
            for (number, tally) in minutes {
                pages.restore(number, tally);
            }
        }
        Ok(())
    }

    /// Adds the kept minutes that a book holds in memory.
    fn add_recent(&self, book: &Book, minutes: &mut Minutes) -> Result<(), LedgerError> {
        let kept = self.past.newest(book.component())?;
        let Some(newest) = kept.max(minutes.keys().next_back().copied()) else { return Ok(()) };
        let in_memory = i64::try_from(MINUTES_MAX).unwrap_or(i64::MAX);
        let from = (newest - in_memory + 1).min(book.pages().through);
        self.past.each(book.component(), (from, newest + 1), Grain::Minute, |number, counts| {
            minutes.entry(number).or_default().absorb(&counts.tally);
        })
    }

    /// Writes what changed. What cannot be written now stays marked as changed and is tried
    /// again with the next round.
    pub async fn write(&self, ledger: &Ledger, round: Round) -> Result<(), LedgerError> {
        if !self.moved.load(Ordering::Relaxed) {
            self.former.move_to(&self.past).await?;
            self.moved.store(true, Ordering::Relaxed);
        }
        let mut writing = Writing { batch: self.store.batch(), done: Vec::new() };
        for book in ledger.books_in_order() {
            self.put_minutes(&mut writing, &book)?;
            self.put_total(&mut writing, &book, round)?;
            if round != Round::Minutes {
                self.put_groups(&mut writing, ledger, &book)?;
                self.put_accepted(&mut writing, &book)?;
            }
            if writing.batch.len() >= BATCH_ROWS {
                writing = writing.commit(&self.store).await?;
            }
        }
        writing.commit(&self.store).await.map(drop)
    }

    fn put_minutes(&self, writing: &mut Writing, book: &Arc<Book>) -> Result<(), LedgerError> {
        let (changed, closing, joined) = {
            let mut pages = book.pages();
            let from = pages.open_from();
            let (closing, joined) = pages.open.begin_closing(from);
            let (closing, joined) = (closing.to_vec(), joined.to_vec());
            (pages.open.take_changed(from), closing, joined)
        };
        if !closing.is_empty() || !joined.is_empty() {
            writing.done.push(Done::Closed(Arc::clone(book)));
        }
        for minute in &changed {
            writing.done.push(Done::Minute(Arc::clone(book), minute.number));
        }
        let component = book.component();
        self.past.put_closed(&mut writing.batch, component, &closing, &joined)?;
        Ok(self.past.put_open(&mut writing.batch, component, &changed)?)
    }

    fn put_total(
        &self,
        writing: &mut Writing,
        book: &Arc<Book>,
        round: Round,
    ) -> Result<(), LedgerError> {
        let row = {
            let mut pages = book.pages();
            if !pages.total_is_due(round == Round::Last) {
                return Ok(());
            }
            let tally = pages.close();
            let (legacy, ssot) = (pages.legacy.clone(), pages.ssot.clone());
            TotalRow { through: pages.through, tally, legacy, ssot }
        };
        writing.done.push(Done::Total(book.clone()));
        let key = book.component().as_str();
        Ok(writing.batch.put(&self.totals, key, &row, Expect::Anything, None)?)
    }

    fn put_groups(
        &self,
        writing: &mut Writing,
        ledger: &Ledger,
        book: &Arc<Book>,
    ) -> Result<(), LedgerError> {
        let mut pages = book.pages();
        for kept in pages.groups.values_mut().filter(|kept| kept.changed) {
            kept.changed = false;
            writing.done.push(Done::Group(book.clone(), kept.group.key.clone()));
            let name = serde_json::to_string(&kept.group.key).unwrap_or_default();
            let key = format!("{}/{}", book.component(), ledger.fingerprints.of_text(&name));
            writing.batch.put(&self.groups, &key, &kept.group, Expect::Anything, None)?;
        }
        Ok(())
    }

    fn put_accepted(&self, writing: &mut Writing, book: &Arc<Book>) -> Result<(), LedgerError> {
        let mut pages = book.pages();
        if !std::mem::take(&mut pages.accepted_changed) {
            return Ok(());
        }
        writing.done.push(Done::Accepted(book.clone()));
        let key = book.component().as_str();
        Ok(writing.batch.put(&self.accepted, key, &pages.accepted, Expect::Anything, None)?)
    }

    /// Removes minutes that are older than 30 days and hours that are older than 400, of some
    /// components and a bounded number of rows at a time.
    pub async fn prune(&self, ledger: &Ledger, now: Timestamp) -> Result<(), LedgerError> {
        let books = ledger.books_in_order();
        let looked_at = books.len().min(PRUNED_BOOKS);
        let first = self.pruned.fetch_add(looked_at, Ordering::Relaxed);
        let mut batch = self.store.batch();
        let mut left = REMOVED_MAX;
        for place in first..first + looked_at {
            let book = &books[place % books.len()];
            left -= self.past.prune(&mut batch, book, now, left)?;
        }
        if batch.is_empty() { Ok(()) } else { Ok(batch.commit(Durability::Relaxed).await?) }
    }
}

/// A batch on its way, and what to mark as changed again should it not arrive.
struct Writing {
    batch: Batch,
    done: Vec<Done>,
}

enum Done {
    Minute(Arc<Book>, i64),
    Closed(Arc<Book>),
    Total(Arc<Book>),
    Group(Arc<Book>, super::GroupKey),
    Accepted(Arc<Book>),
}

impl Writing {
    /// Commits, and begins anew.
    async fn commit(mut self, store: &Store) -> Result<Self, LedgerError> {
        let batch = std::mem::replace(&mut self.batch, store.batch());
        if !batch.is_empty() {
            batch.commit(Durability::Relaxed).await?;
        }
        for done in self.done.drain(..) {
            if let Done::Closed(book) = done {
                book.pages().open.end_closing();
                book.tell_closed();
            }
        }
        Ok(self)
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        for done in self.done.drain(..) {
            match done {
                Done::Minute(book, number) => book.pages().open.mark(number),
                Done::Closed(book) => {
                    book.pages().open.undo_closing();
                    book.tell_closed();
                }
                Done::Total(book) => book.pages().mark_total(),
                Done::Accepted(book) => book.pages().accepted_changed = true,
                Done::Group(book, key) => {
                    if let Some(kept) = book.pages().groups.get_mut(&key) {
                        kept.changed = true;
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::compare::{Observation, Verdict};
    use crate::domain::{
        Credentials, Decision, FingerprintKey, Question, Reason, RequestId, Side, Token,
    };
    use crate::ledger::{Counter, Enforcement, Entry, Finding, Outcome};

    const KEY: FingerprintKey = FingerprintKey::new([3; 32]);

    fn id(text: &str) -> ComponentId {
        ComponentId::parse(text).expect("an id")
    }

    fn record(ledger: &Ledger, component: &str, minute: i64) {
        let question = Question::new(
            RequestId::new(1, 1),
            id(component),
            Timestamp::from_seconds(minute * 60),
            Credentials::Token(Token::new("x")),
        );
        let answer = Ok(Decision::deny(Reason::Segments));
        let seen = Observation { answer, took: Duration::from_micros(7) };
        ledger.book(&id(component)).record(
            &question,
            &Entry {
                served_by: Side::Legacy,
                outcome: Outcome::Denied,
                rescued: None,
                rescue_refused: false,
                owned: false,
                legacy: Some(&seen),
                ssot: Some(&seen),
                enforcement: Enforcement::Nothing,
                finding: Finding::Compared {
                    verdict: &Verdict::Match,
                    accepted: false,
                    asked_again: false,
                },
            },
        );
    }

    fn matched(ledger: &Ledger, component: &str) -> u64 {
        ledger.book(&id(component)).total().count(Counter::Matched)
    }

    fn reloaded(store: &Store) -> Ledger {
        let ledger = Ledger::new(KEY);
        Keeper::new(store).load(&ledger).expect("readable");
        ledger
    }

    #[tokio::test]
    async fn totals_survive_restarts_at_every_point_of_a_minute() {
        let dir = tempfile::tempdir().expect("a directory");
        let store = Store::open(dir.path()).expect("a store");
        let mut ledger = Ledger::new(KEY);
        let mut expected = 0;
        // Minutes on time, late ones, gaps, and a restart after every round.
        for minute in [100, 100, 101, 100, 102, 101, 102, 110, 102, 110, 111, 40, 172, 112] {
            record(&ledger, "a", minute);
            record(&ledger, "b", minute);
            expected += 1;
            let round = if minute % 2 == 0 { Round::Minutes } else { Round::Last };
            Keeper::new(&store).write(&ledger, round).await.expect("written");
            ledger = reloaded(&store);
            assert_eq!(matched(&ledger, "a"), expected, "after minute {minute}");
            assert_eq!(matched(&ledger, "b"), expected, "after minute {minute}");
        }
        let hour = ledger
            .book(&id("a"))
            .window(Duration::from_hours(1), Timestamp::from_seconds(172 * 60));
        assert_eq!(hour.count(Counter::Matched), 1);
    }

    #[tokio::test]
    async fn how_often_a_difference_was_accepted_survives_a_restart_with_its_rate() {
        let dir = tempfile::tempdir().expect("a directory");
        let store = Store::open(dir.path()).expect("a store");
        let ledger = Ledger::new(KEY);
        let at = Timestamp::from_seconds(6_000);
        assert!(ledger.book(&id("a")).accept("audience", Some(1), at));
        Keeper::new(&store).write(&ledger, Round::Groups).await.expect("written");
        let book = reloaded(&store).book(&id("a"));
        assert_eq!(book.accepted_uses()["audience"].count, 1);
        assert!(!book.accept("audience", Some(1), at), "nothing is left of this hour");
    }

    #[tokio::test]
    async fn what_the_disk_refuses_is_written_with_the_next_round() {
        let dir = tempfile::tempdir().expect("a directory");
        let store = Store::open(dir.path()).expect("a store");
        let ledger = Ledger::new(KEY);
        record(&ledger, "a", 100);
        let keeper = Keeper::new(&store);
        let mut writing = Writing { batch: store.batch(), done: Vec::new() };
        keeper.put_minutes(&mut writing, &ledger.book(&id("a"))).expect("fits");
        drop(writing);
        keeper.write(&ledger, Round::Minutes).await.expect("written");
        assert_eq!(matched(&reloaded(&store), "a"), 1);
    }

    #[tokio::test]
    async fn old_minutes_and_hours_are_pruned_and_totals_stay() {
        /// Midnight of some day.
        const MINUTES: i64 = 20_000 * 1_440;
        let dir = tempfile::tempdir().expect("a directory");
        let store = Store::open(dir.path()).expect("a store");
        let ledger = Ledger::new(KEY);
        let ages = [401 * 1_440, 400 * 1_440, 31 * 1_440, 1_440, 0];
        let keeper = Keeper::new(&store);
        for age in ages {
            record(&ledger, "a", MINUTES - age);
            keeper.write(&ledger, Round::Last).await.expect("written");
        }
        let now = Timestamp::from_seconds(MINUTES * 60);
        keeper.prune(&ledger, now).await.expect("pruned");
        let kept = |grain| {
            let kept = keeper.past.read(&id("a"), (0, i64::MAX), grain).expect("readable");
            kept.into_keys().collect::<Vec<_>>()
        };
        assert_eq!(kept(Grain::Minute), [MINUTES - 1_440]);
        assert_eq!(kept(Grain::Hour), [400, 31, 1].map(|days| MINUTES / 60 - days * 24));
        assert_eq!(matched(&reloaded(&store), "a"), 5);
    }
}
