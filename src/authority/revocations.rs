//! What is revoked, for the read path: no lock, and nothing at all while nothing is.
//!
//! Single tokens (by what was signed, or by their id) and families are marks in one set; subjects,
//! of which everything issued before a moment is revoked, are in another. A mark is a keyed
//! hash, in memory and on the disk: neither tells whose token it was.

use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};

use crate::domain::{Fingerprint, Timestamp};
use crate::store::{
    BATCH_ROWS_MAX, Batch, Durability, Expect, Row, Store, StoreError, Stored, Table,
};

use super::AuthorityError;
use super::locks::Locks;
use super::marks::{Mark, Marks};

/// Everything that is revoked, with the moment from which each may be forgotten.
pub(super) struct Revocations {
    tokens: Marks<()>,
    /// Microseconds since the epoch: what was issued before is revoked.
    subjects: Marks<i64>,
    max: usize,
    /// Two changes of one mark reach the disk in their order.
    changing: Locks,
    /// Grows before and behind every addition.
    changes: AtomicU64,
    disk: Option<Disk>,
}

/// A row of the table `revocations`, whose key is a mark.
#[derive(Serialize, Deserialize)]
pub(super) struct RevocationRow {
    /// Microseconds since the epoch.
    pub(super) forget_at_us: i64,
}

impl Row for RevocationRow {
    const FORMAT: u8 = 1;
}

/// A row of the table `revoked-subjects`, whose key is a mark.
#[derive(Serialize, Deserialize)]
struct SubjectRow {
    /// Microseconds since the epoch.
    issued_before_us: i64,
    /// Microseconds since the epoch.
    forget_at_us: i64,
}

impl Row for SubjectRow {
    const FORMAT: u8 = 1;
}

/// A row that may be forgotten.
trait Passing: Row {
    fn forget_at(&self) -> Timestamp;
}

impl Passing for RevocationRow {
    fn forget_at(&self) -> Timestamp {
        Timestamp::from_micros(self.forget_at_us)
    }
}

impl Passing for SubjectRow {
    fn forget_at(&self) -> Timestamp {
        Timestamp::from_micros(self.forget_at_us)
    }
}

struct Disk {
    store: Store,
    tokens: Table<RevocationRow>,
    subjects: Table<SubjectRow>,
}

impl Disk {
    fn of(store: &Store) -> Self {
        let (tokens, subjects) = (store.table("revocations"), store.table("revoked-subjects"));
        Self { store: store.clone(), tokens, subjects }
    }

    /// Removes rows that are over, without waiting for the disk: should one come back after a
    /// crash, it is over all the same. One that was written anew meanwhile stays.
    async fn remove<V: Passing>(
        &self,
        table: &Table<V>,
        names: &[String],
        now: Timestamp,
    ) -> Result<(), AuthorityError> {
        for some in names.chunks(BATCH_ROWS_MAX) {
            let mut batch = self.store.batch();
            for name in some {
                remove_if_over(&mut batch, table, name, now)?;
            }
            match batch.commit(Durability::Relaxed).await {
                // Written anew this moment: the others of the batch go at the next start.
                Ok(()) | Err(StoreError::Conflict { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}

fn remove_if_over<V: Passing>(
    batch: &mut Batch,
    table: &Table<V>,
    name: &str,
    now: Timestamp,
) -> Result<(), AuthorityError> {
    if let Some(Stored { revision, value }) = table.get(name)?
        && value.forget_at() <= now
    {
        batch.remove(table, name, Expect::Revision(revision))?;
    }
    Ok(())
}

/// Marks that are still alive, and the names of rows that are over.
type Loaded<T> = (Vec<(Mark, Timestamp, T)>, Vec<String>);

/// Rows of a table that are still alive, and the names of those that are over. A row that cannot
/// be read is an error: a revocation must not get lost.
fn load<V: Passing, T>(
    table: &Table<V>,
    now: Timestamp,
    value: impl Fn(&V) -> T,
) -> Result<Loaded<T>, AuthorityError> {
    let (mut alive, mut over) = (Vec::new(), Vec::new());
    for row in table.scan("") {
        let (name, stored) = row?;
        let forget_at = stored.value.forget_at();
        if forget_at <= now {
            over.push(name);
        } else if let Some(mark) = from_hex(&name) {
            alive.push((mark, forget_at, value(&stored.value)));
        } else {
            return Err(AuthorityError::RevocationUnreadable(name));
        }
    }
    Ok((alive, over))
}

impl Revocations {
    pub(super) fn in_memory(max: usize) -> Self {
        let (tokens, subjects) = (Marks::new(), Marks::new());
        Self::of(tokens, subjects, max, None)
    }

    /// Loads what is still alive and removes the rest.
    pub(super) async fn open(
        store: &Store,
        max: usize,
        now: Timestamp,
    ) -> Result<Self, AuthorityError> {
        let disk = Disk::of(store);
        let (tokens, tokens_over) = load(&disk.tokens, now, |_| ())?;
        let (subjects, subjects_over) = load(&disk.subjects, now, |row| row.issued_before_us)?;
        let removed = match disk.remove(&disk.tokens, &tokens_over, now).await {
            Ok(()) => disk.remove(&disk.subjects, &subjects_over, now).await,
            refused => refused,
        };
        if let Err(problem) = removed {
            // A disk that refuses writes is no reason not to start: they are purged later.
            tracing::warn!(%problem, "expired revocations are not purged");
        }
        let (tokens, subjects) = (Marks::of(tokens), Marks::of(subjects));
        Ok(Self::of(tokens, subjects, max, Some(disk)))
    }

    fn of(tokens: Marks<()>, subjects: Marks<i64>, max: usize, disk: Option<Disk>) -> Self {
        let (changing, changes) = (Locks::new(), AtomicU64::new(0));
        Self { tokens, subjects, max, changing, changes, disk }
    }

    /// False while nothing is revoked, so that no token need be fingerprinted.
    pub(super) fn any(&self) -> bool {
        self.len() > 0
    }

    /// Whether a token or a family is revoked.
    pub(super) fn holds(&self, mark: &Fingerprint) -> bool {
        self.tokens.len() > 0 && self.tokens.value(mark.bytes()).is_some()
    }

    /// The moment before which everything of this subject is revoked.
    pub(super) fn issued_before(&self, subject: &Fingerprint) -> Option<Timestamp> {
        self.subjects.value(subject.bytes()).map(Timestamp::from_micros)
    }

    /// True while no subject is revoked.
    pub(super) fn no_subject(&self) -> bool {
        self.subjects.len() == 0
    }

    /// Adds a token or a family: at once for readers, for good when this returns. When the disk
    /// refuses, it stays revoked until the process ends, and the error says that this is all.
    pub(super) async fn revoke(
        &self,
        mark: Fingerprint,
        forget_at: Timestamp,
        now: Timestamp,
    ) -> Result<(), AuthorityError> {
        self.make_room(now).await?;
        let name = mark.to_string();
        let _guard = self.changing.lock(&name).await;
        self.changes.fetch_add(1, Ordering::AcqRel);
        let kept = self.tokens.add(*mark.bytes(), forget_at, (), self.room(self.subjects.len()));
        self.changes.fetch_add(1, Ordering::AcqRel);
        let (forget_at, ()) = kept.ok_or(AuthorityError::RevocationsFull(self.max))?;
        if let Some(disk) = &self.disk {
            // Also when it was known before: its first write may have failed.
            let row = RevocationRow { forget_at_us: forget_at.micros() };
            disk.tokens.insert(&name, &row, Durability::Durable).await?;
        }
        Ok(())
    }

    /// Revokes what a subject was given before a moment. Of several moments the last holds.
    pub(super) async fn revoke_subject(
        &self,
        mark: Fingerprint,
        issued_before: Timestamp,
        forget_at: Timestamp,
        now: Timestamp,
    ) -> Result<(), AuthorityError> {
        self.make_room(now).await?;
        let name = mark.to_string();
        let _guard = self.changing.lock(&name).await;
        let (before, room) = (issued_before.micros(), self.room(self.tokens.len()));
        self.changes.fetch_add(1, Ordering::AcqRel);
        let kept = self.subjects.add(*mark.bytes(), forget_at, before, room);
        self.changes.fetch_add(1, Ordering::AcqRel);
        let (forget_at, before) = kept.ok_or(AuthorityError::RevocationsFull(self.max))?;
        if let Some(disk) = &self.disk {
            let row = SubjectRow { issued_before_us: before, forget_at_us: forget_at.micros() };
            disk.subjects.insert(&name, &row, Durability::Durable).await?;
        }
        Ok(())
    }

    /// Another number after every addition, and from the moment at which one can be read.
    pub(super) fn changes(&self) -> u64 {
        self.changes.load(Ordering::Acquire)
    }

    /// How many one set may hold beside those of the other.
    const fn room(&self, others: usize) -> usize {
        self.max.saturating_sub(others)
    }

    async fn make_room(&self, now: Timestamp) -> Result<(), AuthorityError> {
        if self.len() >= self.max {
            self.purge(now).await?;
        }
        Ok(())
    }

    /// Forgets what would be refused by itself, in memory and on disk, and says how many marks
    /// that were.
    pub(super) async fn purge(&self, now: Timestamp) -> Result<usize, AuthorityError> {
        let (tokens, subjects) = (self.tokens.forget(now), self.subjects.forget(now));
        if let Some(disk) = &self.disk {
            let names = |marks: &[Mark]| marks.iter().map(hex).collect::<Vec<_>>();
            disk.remove(&disk.tokens, &names(&tokens), now).await?;
            disk.remove(&disk.subjects, &names(&subjects), now).await?;
        }
        Ok(tokens.len() + subjects.len())
    }

    pub(super) fn len(&self) -> usize {
        self.tokens.len() + self.subjects.len()
    }
}

/// As a fingerprint is displayed.
fn hex(mark: &Mark) -> String {
    format!("{:032x}", u128::from_be_bytes(*mark))
}

fn from_hex(text: &str) -> Option<Mark> {
    let digits = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let number = u128::from_str_radix(text, 16).ok().filter(|_| digits)?;
    Some(number.to_be_bytes())
}

impl std::fmt::Debug for Revocations {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Revocations({})", self.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{FingerprintKey, Token};

    fn token(number: u32) -> Fingerprint {
        FingerprintKey::new([1; 32]).of_token(&Token::new(&format!("e30.e30.{number:08}")))
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    #[tokio::test]
    async fn a_revocation_is_forgotten_when_its_token_has_expired() {
        let revocations = Revocations::in_memory(10);
        assert!(!revocations.any());
        for (number, forget_at) in [(1, 100), (1, 100), (2, 200)] {
            revocations.revoke(token(number), at(forget_at), at(0)).await.expect("room");
        }
        assert_eq!(revocations.len(), 2, "twice is once");
        assert_eq!(revocations.purge(at(99)).await.expect("no disk"), 0);
        assert_eq!(revocations.purge(at(100)).await.expect("no disk"), 1);
        assert!(!revocations.holds(&token(1)) && revocations.holds(&token(2)));
    }

    #[test]
    fn a_row_is_named_as_its_fingerprint_is_displayed() {
        let token = token(5);
        assert_eq!(hex(token.bytes()), token.to_string());
        assert_eq!(from_hex(&token.to_string()), Some(*token.bytes()));
        assert_eq!(from_hex("+0000000000000000000000000000001"), None);
    }

    #[tokio::test]
    async fn a_full_set_makes_room_only_from_what_has_expired() {
        let revocations = Revocations::in_memory(2);
        revocations.revoke(token(1), at(100), at(0)).await.expect("room");
        revocations.revoke_subject(token(2), at(0), at(200), at(0)).await.expect("room");
        let full = revocations.revoke(token(3), at(300), at(99)).await;
        assert!(matches!(full, Err(AuthorityError::RevocationsFull(2))));
        revocations.revoke(token(3), at(300), at(100)).await.expect("room again");
        assert!(!revocations.holds(&token(1)));
    }

    #[tokio::test]
    async fn of_two_moments_for_one_subject_the_later_holds_over_a_restart() {
        let dir = tempfile::tempdir().expect("a folder");
        let store = Store::open(dir.path()).expect("a store");
        let revocations = Revocations::open(&store, 10, at(0)).await.expect("opened");
        for before in [50, 70, 60] {
            let added = revocations.revoke_subject(token(1), at(before), at(100 + before), at(0));
            added.await.expect("on the disk");
        }
        for revocations in
            [revocations, Revocations::open(&store, 10, at(0)).await.expect("opened")]
        {
            assert_eq!(revocations.issued_before(&token(1)), Some(at(70)));
            assert_eq!(revocations.purge(at(169)).await.expect("purged"), 0);
        }
    }
}
