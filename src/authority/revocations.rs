//! Which tokens are revoked, for the read path: no lock, and nothing at all while none is.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arc_swap::ArcSwap;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use crate::domain::{Fingerprint, Timestamp};
use crate::store::{BATCH_ROWS_MAX, Durability, Expect, Row, Store, Table};

use super::AuthorityError;

/// A revocation copies one shard, so there are many.
const SHARDS: usize = 256;

/// The bytes of a fingerprint.
type Mark = [u8; 16];

type Shard = HashMap<Mark, Timestamp>;

/// Fingerprints of revoked tokens, with the moment from which each may be forgotten.
pub(super) struct Revocations {
    shards: Box<[ArcSwap<Shard>]>,
    count: AtomicUsize,
    max: usize,
    /// Held while the set is changed; readers never take it.
    changing: Mutex<()>,
    disk: Option<Disk>,
}

/// A row of the table `revocations`, whose key is a fingerprint.
#[derive(Serialize, Deserialize)]
struct RevocationRow {
    /// Microseconds since the epoch.
    forget_at_us: i64,
}

impl Row for RevocationRow {
    const FORMAT: u8 = 1;
}

struct Disk {
    store: Store,
    table: Table<RevocationRow>,
}

impl Disk {
    /// Removes rows without waiting for the disk: should one come back after a crash, it has
    /// expired all the same.
    async fn remove(&self, names: Vec<String>) -> Result<(), AuthorityError> {
        for some in names.chunks(BATCH_ROWS_MAX) {
            let mut batch = self.store.batch();
            for name in some {
                batch.remove(&self.table, name, Expect::Anything)?;
            }
            batch.commit(Durability::Relaxed).await?;
        }
        Ok(())
    }
}

impl Revocations {
    pub(super) fn in_memory(max: usize) -> Self {
        let shards = (0..SHARDS).map(|_| ArcSwap::default()).collect();
        Self { shards, count: AtomicUsize::new(0), max, changing: Mutex::new(()), disk: None }
    }

    /// Loads what is still alive and removes the rest. A row that cannot be read is an error: a
    /// revocation must not get lost.
    pub(super) async fn open(
        store: &Store,
        max: usize,
        now: Timestamp,
    ) -> Result<Self, AuthorityError> {
        let disk = Disk { store: store.clone(), table: store.table("revocations") };
        let mut shards = vec![Shard::new(); SHARDS];
        let mut over = Vec::new();
        for row in disk.table.scan("") {
            let (name, stored) = row?;
            let forget_at = Timestamp::from_micros(stored.value.forget_at_us);
            if forget_at <= now {
                over.push(name);
            } else if let Some(mark) = from_hex(&name) {
                shards[shard_of(&mark)].insert(mark, forget_at);
            } else {
                return Err(AuthorityError::RevocationUnreadable(name));
            }
        }
        if let Err(problem) = disk.remove(over).await {
            // A disk that refuses writes is no reason not to start: they are purged later.
            tracing::warn!(%problem, "expired revocations are not purged");
        }
        let count = shards.iter().map(HashMap::len).sum();
        Ok(Self {
            shards: shards.into_iter().map(ArcSwap::from_pointee).collect(),
            count: AtomicUsize::new(count),
            max,
            changing: Mutex::new(()),
            disk: Some(disk),
        })
    }

    /// False while nothing is revoked, so that no token need be fingerprinted.
    pub(super) fn any(&self) -> bool {
        self.count.load(Ordering::Acquire) > 0
    }

    pub(super) fn holds(&self, token: &Fingerprint) -> bool {
        self.has(token.bytes())
    }

    /// Adds a token: at once for readers, for good when this returns. When the disk refuses, it
    /// stays revoked until the process ends, and the error says that this is all.
    pub(super) async fn revoke(
        &self,
        token: Fingerprint,
        forget_at: Timestamp,
        now: Timestamp,
    ) -> Result<(), AuthorityError> {
        if self.len() >= self.max {
            self.purge(now).await?;
        }
        if !self.add(*token.bytes(), forget_at) {
            return Err(AuthorityError::RevocationsFull(self.max));
        }
        if let Some(disk) = &self.disk {
            // Also when it was known before: its first write may have failed.
            let row = RevocationRow { forget_at_us: forget_at.micros() };
            disk.table.insert(&token.to_string(), &row, Durability::Durable).await?;
        }
        Ok(())
    }

    /// Adds a token in memory; false when the set is full.
    fn add(&self, mark: Mark, forget_at: Timestamp) -> bool {
        let changing = self.changing.lock();
        if self.has(&mark) {
            return true;
        }
        if self.len() >= self.max {
            return false;
        }
        let shard = &self.shards[shard_of(&mark)];
        let mut changed = Shard::clone(&shard.load());
        changed.insert(mark, forget_at);
        shard.store(Arc::new(changed));
        self.count.fetch_add(1, Ordering::AcqRel);
        drop(changing);
        true
    }

    /// Forgets the tokens that have expired by themselves, in memory and on disk, and says how
    /// many that were.
    pub(super) async fn purge(&self, now: Timestamp) -> Result<usize, AuthorityError> {
        let forgotten = self.forget(now);
        let count = forgotten.len();
        if let Some(disk) = &self.disk {
            disk.remove(forgotten.iter().map(hex).collect()).await?;
        }
        Ok(count)
    }

    fn forget(&self, now: Timestamp) -> Vec<Mark> {
        let changing = self.changing.lock();
        let mut forgotten = Vec::new();
        for shard in &*self.shards {
            let known = shard.load();
            let before = forgotten.len();
            let over = known.iter().filter(|(_, forget_at)| **forget_at <= now);
            forgotten.extend(over.map(|(mark, _)| *mark));
            if forgotten.len() > before {
                let mut kept = Shard::clone(&known);
                kept.retain(|_, forget_at| *forget_at > now);
                shard.store(Arc::new(kept));
            }
        }
        self.count.fetch_sub(forgotten.len(), Ordering::AcqRel);
        drop(changing);
        forgotten
    }

    pub(super) fn len(&self) -> usize {
        self.count.load(Ordering::Acquire)
    }

    fn has(&self, mark: &Mark) -> bool {
        self.shards[shard_of(mark)].load().contains_key(mark)
    }
}

fn shard_of(mark: &Mark) -> usize {
    usize::from(mark[0]) % SHARDS
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

    #[tokio::test]
    async fn a_revocation_is_forgotten_when_its_token_has_expired() {
        let at = Timestamp::from_seconds;
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
        let at = Timestamp::from_seconds;
        let revocations = Revocations::in_memory(2);
        revocations.revoke(token(1), at(100), at(0)).await.expect("room");
        revocations.revoke(token(2), at(200), at(0)).await.expect("room");
        let full = revocations.revoke(token(3), at(300), at(99)).await;
        assert!(matches!(full, Err(AuthorityError::RevocationsFull(2))));
        revocations.revoke(token(3), at(300), at(100)).await.expect("room again");
        assert!(!revocations.holds(&token(1)));
    }
}
