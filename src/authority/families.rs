//! The sessions, and where they are kept: on the disk and not in memory, however many there are.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tokio::sync::OwnedMutexGuard;

use crate::domain::{Fingerprint, Timestamp};
use crate::store::{BATCH_ROWS_MAX, Durability, Expect, Row, Store, StoreError, Stored, Table};

use super::family::{FamilyRow, Holder};
use super::family_id::{FamilyId, end_prefix};
use super::locks::Locks;
use super::seal::{seal, unseal};
use super::{AuthorityError, MasterKey};

/// Which family a refresh token without one was taken into when it was used: a row of the table
/// `adopted-tokens`, whose key is the token's end and its mark.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct AdoptedRow {
    family: String,
}

impl Row for AdoptedRow {
    const FORMAT: u8 = 1;
}

/// Sessions looked at in one sweep for those that nobody refreshes any more.
const SWEEP_ROWS: usize = 20_000;

/// Every session.
pub(super) struct Families {
    shelf: Shelf,
    master: MasterKey,
    /// Held from before a row is read until what replaces it is on the disk: nobody is answered
    /// by what a crash may take back.
    changing: Locks,
    /// Where the search for sessions that nobody refreshes any more goes on.
    swept: Mutex<String>,
    /// Sessions kept, those included that have ended and are not purged yet.
    count: AtomicUsize,
    max: usize,
}

enum Shelf {
    Memory(Mutex<InMemory>),
    Disk(Disk),
}

#[derive(Default)]
struct InMemory {
    revision: u64,
    families: BTreeMap<String, (u64, FamilyRow)>,
    adopted: BTreeMap<String, AdoptedRow>,
}

struct Disk {
    store: Store,
    families: Table<FamilyRow>,
    adopted: Table<AdoptedRow>,
}

/// A family with the revision of its row.
pub(super) type Kept = Stored<FamilyRow>;

/// The right to change a session, or to adopt a token.
pub(super) type Turnstile = OwnedMutexGuard<()>;

impl Families {
    pub(super) fn in_memory(max: usize) -> Self {
        Self::on(Shelf::Memory(Mutex::default()), MasterKey::new(rand::random()), max)
    }

    /// The sessions of `store`, sealed under `master`.
    pub(super) fn open(
        store: &Store,
        master: MasterKey,
        max: usize,
    ) -> Result<Self, AuthorityError> {
        let (families, adopted) = (store.table("families"), store.table("adopted-tokens"));
        let disk = Disk { store: store.clone(), families, adopted };
        let mut count = 0;
        for row in disk.families.scan("") {
            match row {
                // One that cannot be read fails when it is used, and does not keep the rest out.
                Ok(_) | Err(StoreError::Unreadable { .. }) => count += 1,
                Err(error) => return Err(error.into()),
            }
        }
        let families = Self::on(Shelf::Disk(disk), master, max);
        families.count.store(count, Ordering::Release);
        Ok(families)
    }

    fn on(shelf: Shelf, master: MasterKey, max: usize) -> Self {
        let (count, swept) = (AtomicUsize::new(0), Mutex::default());
        Self { shelf, master, changing: Locks::new(), swept, count, max }
    }

    pub(super) fn len(&self) -> usize {
        self.count.load(Ordering::Acquire)
    }

    pub(super) fn is_full(&self) -> bool {
        self.len() >= self.max
    }

    /// Waits for the right to change what goes by this name.
    pub(super) async fn turnstile(&self, name: &str) -> Turnstile {
        self.changing.lock(name).await
    }

    pub(super) fn family(&self, id: &FamilyId) -> Result<Option<Kept>, AuthorityError> {
        match &self.shelf {
            Shelf::Memory(memory) => {
                let known = memory.lock().families.get(id.as_str()).cloned();
                Ok(known.map(|(revision, value)| Stored { revision, value }))
            }
            Shelf::Disk(disk) => Ok(disk.families.get(id.as_str())?),
        }
    }

    /// The family that a token without one was taken into.
    pub(super) fn adopter(
        &self,
        token: &Fingerprint,
        expires_at: Timestamp,
    ) -> Result<Option<FamilyId>, AuthorityError> {
        let name = adoption(token, expires_at);
        let row = match &self.shelf {
            Shelf::Memory(memory) => memory.lock().adopted.get(&name).cloned(),
            Shelf::Disk(disk) => disk.adopted.get(&name)?.map(|stored| stored.value),
        };
        let read = |row: AdoptedRow| FamilyId::parse(&row.family);
        row.map(|row| read(row).ok_or(AuthorityError::FamilyUnreadable)).transpose()
    }

    pub(super) fn seal(&self, id: &FamilyId, holder: &Holder) -> Result<String, AuthorityError> {
        let plain = serde_json::to_vec(holder).map_err(|_| AuthorityError::FamilyUnreadable)?;
        let sealed = seal(&self.master, &place(id), &plain);
        sealed.ok_or_else(|| AuthorityError::Seal("family".into()))
    }

    pub(super) fn holder(&self, id: &FamilyId, row: &FamilyRow) -> Result<Holder, AuthorityError> {
        let plain = unseal(&self.master, &place(id), &row.sealed);
        plain
            .and_then(|plain| serde_json::from_slice(&plain).ok())
            .ok_or(AuthorityError::FamilyUnreadable)
    }

    /// Keeps a new family and, when it comes from a token that had none, that it was used: both
    /// or neither. On the disk when this returns.
    pub(super) async fn add(
        &self,
        id: &FamilyId,
        row: &FamilyRow,
        adopted: Option<(Fingerprint, Timestamp)>,
        turnstile: Option<Turnstile>,
    ) -> Result<(), AuthorityError> {
        if self.count.fetch_add(1, Ordering::AcqRel) >= self.max {
            self.count.fetch_sub(1, Ordering::AcqRel);
            return Err(AuthorityError::FamiliesFull(self.max));
        }
        let written = self.write_new(id, row, adopted, turnstile).await;
        if written.is_err() {
            self.count.fetch_sub(1, Ordering::AcqRel);
        }
        written
    }

    async fn write_new(
        &self,
        id: &FamilyId,
        row: &FamilyRow,
        adopted: Option<(Fingerprint, Timestamp)>,
        turnstile: Option<Turnstile>,
    ) -> Result<(), AuthorityError> {
        let adopted = adopted.map(|(token, expires_at)| {
            (adoption(&token, expires_at), AdoptedRow { family: id.as_str().to_owned() })
        });
        match &self.shelf {
            Shelf::Memory(memory) => {
                let mut memory = memory.lock();
                memory.revision += 1;
                let kept = (memory.revision, row.clone());
                memory.families.insert(id.as_str().to_owned(), kept);
                memory.adopted.extend(adopted);
                Ok(())
            }
            Shelf::Disk(disk) => {
                let mut batch = disk.store.batch();
                batch.put(&disk.families, id.as_str(), row, Expect::Absent, None)?;
                if let Some((name, row)) = adopted {
                    batch.put(&disk.adopted, &name, &row, Expect::Absent, None)?;
                }
                to_its_end(turnstile, batch.commit(Durability::Durable)).await
            }
        }
    }

    /// Replaces the row of a family, if it is still that revision. On the disk when this returns.
    pub(super) async fn replace(
        &self,
        id: &FamilyId,
        row: FamilyRow,
        revision: u64,
        turnstile: Turnstile,
    ) -> Result<(), AuthorityError> {
        match &self.shelf {
            Shelf::Memory(memory) => {
                let mut memory = memory.lock();
                memory.revision += 1;
                let new = (memory.revision, row);
                // One that was removed meanwhile stays so.
                if let Some(known) = memory.families.get_mut(id.as_str()) {
                    *known = new;
                }
                Ok(())
            }
            Shelf::Disk(disk) => {
                let (table, name) = (disk.families.clone(), id.as_str().to_owned());
                to_its_end(Some(turnstile), async move {
                    let expected = Expect::Revision(revision);
                    table.replace(&name, expected, &row, Durability::Durable).await.map(drop)
                })
                .await
            }
        }
    }

    /// Removes a family. On the disk when this returns.
    pub(super) async fn remove(&self, id: &FamilyId) -> Result<(), AuthorityError> {
        let known = self.family(id)?.is_some();
        match &self.shelf {
            Shelf::Memory(memory) => {
                memory.lock().families.remove(id.as_str());
            }
            Shelf::Disk(disk) => {
                disk.families.remove(id.as_str(), Expect::Anything, Durability::Durable).await?;
            }
        }
        if known {
            self.fewer(1);
        }
        Ok(())
    }

    /// Removes what ended before this moment, and says how many families that were. Those whose
    /// refresh token was left to expire are found bit by bit: each call looks at so many.
    pub(super) async fn purge(&self, before: Timestamp) -> Result<usize, AuthorityError> {
        let end = end_prefix(before.seconds());
        let removed = match &self.shelf {
            Shelf::Memory(memory) => memory.lock().remove_before(&end, before),
            Shelf::Disk(disk) => {
                disk.remove_before(&disk.adopted, &end).await?;
                let ended = disk.remove_before(&disk.families, &end).await?;
                ended + self.sweep(disk, before, SWEEP_ROWS).await?
            }
        };
        self.fewer(removed);
        Ok(removed)
    }

    /// Looks at so many rows from where the last sweep ended.
    async fn sweep(
        &self,
        disk: &Disk,
        before: Timestamp,
        rows: usize,
    ) -> Result<usize, AuthorityError> {
        let from = self.swept.lock().clone();
        let mut batch = disk.store.batch();
        let (mut looked_at, mut unreadable) = (0, 0_usize);
        let mut last = String::new();
        for row in disk.families.scan_from("", &from).take(rows) {
            last = match row {
                Ok((name, Stored { revision, value })) => {
                    if value.refresh_ends_at_s < before.seconds() && batch.len() < BATCH_ROWS_MAX {
                        batch.remove(&disk.families, &name, Expect::Revision(revision))?;
                    }
                    name
                }
                Err(StoreError::Unreadable { key, .. }) => {
                    unreadable += 1;
                    key
                }
                Err(error) => return Err(error.into()),
            };
            looked_at += 1;
        }
        if unreadable > 0 {
            tracing::warn!(sessions = unreadable, "kept sessions cannot be read");
        }
        // At the end it begins again.
        *self.swept.lock() = if looked_at < rows { String::new() } else { last };
        let removed = batch.len();
        match batch.commit(Durability::Relaxed).await {
            Ok(()) => Ok(removed),
            Err(StoreError::Conflict { .. }) => Ok(0),
            Err(error) => Err(error.into()),
        }
    }

    fn fewer(&self, by: usize) {
        let fewer = |count: usize| Some(count.saturating_sub(by));
        self.count.fetch_update(Ordering::AcqRel, Ordering::Acquire, fewer).ok();
    }
}

impl InMemory {
    fn remove_before(&mut self, end: &str, before: Timestamp) -> usize {
        let count = self.families.len();
        self.families.retain(|name, (_, row)| {
            name.as_str() >= end && row.refresh_ends_at_s >= before.seconds()
        });
        self.adopted.retain(|name, _| name.as_str() >= end);
        count - self.families.len()
    }
}

impl Disk {
    /// Removes the rows whose names sort before `end`. Does not wait for the disk: should one
    /// come back after a crash, it is over all the same.
    async fn remove_before<V: Row>(
        &self,
        table: &Table<V>,
        end: &str,
    ) -> Result<usize, AuthorityError> {
        let mut removed = 0;
        loop {
            let mut batch = self.store.batch();
            for row in table.scan("").take(BATCH_ROWS_MAX) {
                let name = match row {
                    Ok((name, _)) | Err(StoreError::Unreadable { key: name, .. }) => name,
                    Err(error) => return Err(error.into()),
                };
                if name.as_str() >= end {
                    break;
                }
                batch.remove(table, &name, Expect::Anything)?;
            }
            if batch.is_empty() {
                return Ok(removed);
            }
            removed += batch.len();
            batch.commit(Durability::Relaxed).await?;
        }
    }
}

/// Runs a write to its end even when nobody waits for it any more, and holds the turnstile until
/// then.
async fn to_its_end(
    turnstile: Option<Turnstile>,
    write: impl Future<Output = Result<(), StoreError>> + Send + 'static,
) -> Result<(), AuthorityError> {
    let task = tokio::spawn(async move {
        let written = write.await;
        drop(turnstile);
        written
    });
    Ok(task.await.unwrap_or(Err(StoreError::Closed))?)
}

/// What the holder of a family is sealed in the name of.
fn place(id: &FamilyId) -> String {
    format!("family/{}", id.as_str())
}

/// The row of a token that was adopted: sorted by the end, as families are.
fn adoption(token: &Fingerprint, expires_at: Timestamp) -> String {
    format!("{}-{token}", end_prefix(expires_at.seconds()))
}

impl std::fmt::Debug for Families {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Families({})", self.len())
    }
}
