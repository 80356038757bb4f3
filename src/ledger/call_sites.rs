//! Which places in other services' source code still call.
//!
//! A service that is being migrated names the place that asks, `path:qualified.name` as the scanner
//! does, in a header of its questions. A copy that nobody has called for weeks can be deleted. When
//! each was called last is written every few seconds; a crash loses that much of it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use super::LedgerError;
use crate::domain::{FingerprintKey, Timestamp};
use crate::store::{Durability, Expect, Row, Store, Table};

/// Places that are remembered, at most; of further ones the calls are counted as dropped.
pub const CALL_SITES_MAX: usize = 10_000;

/// Longest name of a place, in bytes.
const NAME_MAX: usize = 200;

/// A place that has not called for this long is forgotten.
const KEPT_S: i64 = 400 * 24 * 3600;

/// Rows written in one batch, at most.
const BATCH_ROWS: usize = 256;

/// What is known of a place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallSite {
    /// Its name, such as `app/routes/chat.py:ChatRoute.post`.
    pub name: String,
    /// How often it has called.
    pub calls: u64,
    /// When it called first.
    pub first_at: Timestamp,
    /// When it called last.
    pub last_at: Timestamp,
}

impl Row for CallSite {
    const FORMAT: u8 = 1;
}

/// Every place that has called.
pub struct CallSites {
    sites: Mutex<HashMap<Box<str>, Known>>,
    dropped: AtomicU64,
    store: Store,
    table: Table<CallSite>,
}

struct Known {
    site: CallSite,
    changed: bool,
}

impl CallSites {
    /// What was kept in `store`.
    pub fn open(store: &Store) -> Result<Self, LedgerError> {
        let table: Table<CallSite> = store.table("ledger_call_sites");
        let mut sites = HashMap::new();
        for row in table.scan("").take(CALL_SITES_MAX) {
            let (_, stored) = row?;
            let name = stored.value.name.as_str().into();
            sites.insert(name, Known { site: stored.value, changed: false });
        }
        let (sites, dropped) = (Mutex::new(sites), AtomicU64::default());
        Ok(Self { sites, dropped, store: store.clone(), table })
    }

    /// Counts a call from a place of this name. What is no name, or finds no room, is dropped and
    /// counted.
    pub fn called(&self, name: &str, at: Timestamp) {
        let fits = |byte: u8| byte.is_ascii_graphic();
        let sound = !name.is_empty() && name.len() <= NAME_MAX && name.bytes().all(fits);
        let mut sites = self.sites.lock();
        if sound && let Some(known) = sites.get_mut(name) {
            known.site.calls += 1;
            known.site.last_at = known.site.last_at.max(at);
            known.changed = true;
        } else if sound && sites.len() < CALL_SITES_MAX {
            let site = CallSite { name: name.to_owned(), calls: 1, first_at: at, last_at: at };
            sites.insert(name.into(), Known { site, changed: true });
        } else {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Every place, by name.
    pub fn list(&self) -> Vec<CallSite> {
        let mut list: Vec<CallSite> =
            self.sites.lock().values().map(|known| known.site.clone()).collect();
        list.sort_by(|a, b| a.name.cmp(&b.name));
        list
    }

    /// Calls that were not remembered: their names were none, or there was no room.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Writes what changed and forgets what has not called for 400 days. What cannot be written now
    /// is tried again with the next round.
    pub async fn keep(&self, now: Timestamp) -> Result<(), LedgerError> {
        loop {
            let (changed, old) = self.take_some(now);
            if changed.is_empty() && old.is_empty() {
                return Ok(());
            }
            let mut batch = self.store.batch();
            for site in &changed {
                batch.put(&self.table, &key(&site.name), site, Expect::Anything, None)?;
            }
            for name in &old {
                batch.remove(&self.table, &key(name), Expect::Anything)?;
            }
            if let Err(error) = batch.commit(Durability::Relaxed).await {
                let mut sites = self.sites.lock();
                for site in changed {
                    if let Some(known) = sites.get_mut(site.name.as_str()) {
                        known.changed = true;
                    }
                }
                return Err(error.into());
            }
        }
    }

    /// Some of what is to be written, marked as written, and of what is to be removed.
    fn take_some(&self, now: Timestamp) -> (Vec<CallSite>, Vec<String>) {
        let mut sites = self.sites.lock();
        let is_old = |known: &Known| now.seconds() - known.site.last_at.seconds() > KEPT_S;
        let old: Vec<String> = (sites.values().filter(|known| is_old(known)))
            .take(BATCH_ROWS)
            .map(|known| known.site.name.clone())
            .collect();
        for name in &old {
            sites.remove(name.as_str());
        }
        let changed = sites.values_mut().filter(|known| known.changed).take(BATCH_ROWS);
        let changed = changed.map(|known| {
            known.changed = false;
            known.site.clone()
        });
        (changed.collect(), old)
    }
}

/// Names hold bytes that keys may not. The hash's key is no secret.
fn key(name: &str) -> String {
    FingerprintKey::new([0; 32]).of_text(name).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(1_800_000_000 + seconds)
    }

    fn open(dir: &tempfile::TempDir) -> CallSites {
        CallSites::open(&Store::open(dir.path()).expect("a store")).expect("readable")
    }

    #[tokio::test]
    async fn calls_are_counted_and_known_after_a_restart() {
        let dir = tempfile::tempdir().expect("a directory");
        let sites = open(&dir);
        for (name, second) in [("a.py:f", 5), ("b.py:C.g", 7), ("a.py:f", 9)] {
            sites.called(name, at(second));
        }
        sites.keep(at(10)).await.expect("written");
        let before = sites.list();
        assert_eq!(before[0].calls, 2);
        assert_eq!((before[0].first_at, before[0].last_at), (at(5), at(9)));
        drop(sites);
        assert_eq!(open(&dir).list(), before);
    }

    #[tokio::test]
    async fn what_is_no_name_or_finds_no_room_is_dropped_and_counted() {
        let dir = tempfile::tempdir().expect("a directory");
        let sites = open(&dir);
        for name in ["", "two words", "line\nbreak", &"x".repeat(NAME_MAX + 1)] {
            sites.called(name, at(0));
        }
        assert_eq!((sites.list().len(), sites.dropped()), (0, 4));
        for number in 0..=CALL_SITES_MAX {
            sites.called(&format!("a.py:f{number}"), at(0));
        }
        sites.called("a.py:f0", at(1));
        assert_eq!((sites.list().len(), sites.dropped()), (CALL_SITES_MAX, 5));
        assert_eq!(sites.list()[0].calls, 2);
    }

    #[tokio::test]
    async fn a_place_that_has_not_called_for_very_long_is_forgotten() {
        let dir = tempfile::tempdir().expect("a directory");
        let sites = open(&dir);
        sites.called("a.py:f", at(0));
        sites.called("a.py:g", at(100));
        sites.keep(at(0)).await.expect("written");
        sites.keep(at(KEPT_S + 50)).await.expect("written");
        let names =
            |sites: &CallSites| sites.list().into_iter().map(|site| site.name).collect::<Vec<_>>();
        assert_eq!(names(&sites), ["a.py:g"]);
        drop(sites);
        assert_eq!(names(&open(&dir)), ["a.py:g"]);
    }
}
