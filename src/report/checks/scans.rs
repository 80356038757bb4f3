//! Scans of source code that were posted, and what has become of the copies they found.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use parking_lot::RwLock;
use serde::{Deserialize, Serialize};

use crate::domain::Timestamp;
use crate::ledger::CallSite;
use crate::scan::COPIES;
use crate::store::{Durability, Expect, Row, Store, StoreError, Table};

/// Scans that are kept; the oldest go.
pub const SCANS_MAX: usize = 400;

/// Counts of one scan, at most.
pub const COUNTS_MAX: usize = 2_000;

/// Call sites of one scan, at most.
pub const SITES_MAX: usize = 10_000;

/// Counts, or names of call sites, that share a row.
const PER_ROW: usize = 50;

/// A copy that has not called for this long may be deleted.
const UNUSED_S: i64 = 14 * 24 * 3600;

/// Why a scan is not kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScansError {
    /// It is larger than any sound one.
    #[error("a scan has at most {COUNTS_MAX} counts and {SITES_MAX} call sites")]
    TooLarge,
    /// There is a later one already.
    #[error("a scan of {0} is kept already; a new one is later")]
    NotLater(Timestamp),
    /// The store refused.
    #[error("keep the scan: {0}")]
    Store(#[from] StoreError),
}

/// One scan of a source tree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptScan {
    /// When it was made.
    pub at: Timestamp,
    /// What was scanned, in the words of whoever did.
    pub tree: String,
    /// Files that were read.
    pub files: u64,
    /// Files that could not be.
    pub unread: u64,
    /// How much of what was found.
    pub counts: Vec<ScanCount>,
    /// The places of copies, as they call.
    pub sites: Vec<Site>,
}

/// Findings that are alike.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScanCount {
    /// What they are, such as `validator`.
    pub category: String,
    /// `production`, `test`, `tooling` or `generated`.
    pub class: String,
    /// The service in whose source they are.
    pub service: String,
    /// They are in the canonical module, where they may be.
    pub canonical: bool,
    /// How many.
    pub count: u64,
}

/// The place of a copy.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Site {
    /// As it calls: `path:qualified.name`.
    pub name: String,
    /// What was found there.
    pub category: String,
}

/// A part of a scan, small enough for a row.
#[derive(Serialize, Deserialize)]
struct Part {
    at: Timestamp,
    tree: String,
    files: u64,
    unread: u64,
    counts: Vec<ScanCount>,
    sites: Vec<Site>,
}

impl Row for Part {
    const FORMAT: u8 = 1;
}

/// Every kept scan. Call sites are kept of the latest one alone.
pub struct Scans {
    store: Store,
    table: Table<Part>,
    by_time: RwLock<BTreeMap<Timestamp, Arc<KeptScan>>>,
}

impl Scans {
    /// What was kept in `store`.
    pub fn open(store: &Store) -> Result<Self, ScansError> {
        let table: Table<Part> = store.table("report_scans");
        let mut scans: BTreeMap<Timestamp, KeptScan> = BTreeMap::new();
        for row in table.scan("") {
            let Part { at, tree, files, unread, counts, sites } = row?.1.value;
            let new =
                || KeptScan { at, tree, files, unread, counts: Vec::new(), sites: Vec::new() };
            let scan = scans.entry(at).or_insert_with(new);
            scan.counts.extend(counts);
            scan.sites.extend(sites);
        }
        let scans = scans.into_iter().map(|(at, scan)| (at, Arc::new(scan))).collect();
        Ok(Self { store: store.clone(), table, by_time: RwLock::new(scans) })
    }

    /// Keeps a scan that is later than all others; it is on disk when this returns.
    pub async fn keep(&self, scan: KeptScan) -> Result<(), ScansError> {
        if scan.counts.len() > COUNTS_MAX || scan.sites.len() > SITES_MAX {
            return Err(ScansError::TooLarge);
        }
        let (mut batch, mut gone) = (self.store.batch(), Vec::new());
        {
            let scans = self.by_time.read();
            if let Some((latest, before)) = scans.last_key_value() {
                if *latest >= scan.at {
                    return Err(ScansError::NotLater(*latest));
                }
                for (number, _) in before.sites.chunks(PER_ROW).enumerate() {
                    batch.remove(&self.table, &key(before.at, 'b', number), Expect::Anything)?;
                }
            }
            let too_many = (scans.len() + 1).saturating_sub(SCANS_MAX);
            for (at, old) in scans.iter().take(too_many) {
                for number in 0..old.counts.len().div_ceil(PER_ROW).max(1) {
                    batch.remove(&self.table, &key(*at, 'a', number), Expect::Anything)?;
                }
                gone.push(*at);
            }
        }
        for (row, part) in parts(&scan) {
            batch.put(&self.table, &row, &part, Expect::Anything, None)?;
        }
        batch.commit(Durability::Durable).await?;
        let mut scans = self.by_time.write();
        for at in gone {
            scans.remove(&at);
        }
        if let Some(mut before) = scans.last_entry() {
            Arc::make_mut(before.get_mut()).sites.clear();
        }
        scans.insert(scan.at, Arc::new(scan));
        Ok(())
    }

    /// The latest one.
    pub fn latest(&self) -> Option<Arc<KeptScan>> {
        self.by_time.read().last_key_value().map(|(_, scan)| Arc::clone(scan))
    }

    /// Every one, oldest first.
    pub fn all(&self) -> Vec<Arc<KeptScan>> {
        self.by_time.read().values().cloned().collect()
    }
}

/// Counts are in rows of `a`, call sites in rows of `b`.
fn key(at: Timestamp, kind: char, number: usize) -> String {
    format!("{:020}/{kind}{number:04}", at.micros())
}

fn parts(scan: &KeptScan) -> Vec<(String, Part)> {
    let part = |counts: &[ScanCount], sites: &[Site]| Part {
        at: scan.at,
        tree: scan.tree.clone(),
        files: scan.files,
        unread: scan.unread,
        counts: counts.to_vec(),
        sites: sites.to_vec(),
    };
    let mut parts: Vec<(String, Part)> = (scan.counts.chunks(PER_ROW).enumerate())
        .map(|(number, counts)| (key(scan.at, 'a', number), part(counts, &[])))
        .collect();
    if parts.is_empty() {
        parts.push((key(scan.at, 'a', 0), part(&[], &[])));
    }
    let sites = scan.sites.chunks(PER_ROW).enumerate();
    parts.extend(sites.map(|(number, sites)| (key(scan.at, 'b', number), part(&[], sites))));
    parts
}

/// What the call sites of a scan say about deleting copies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unused {
    /// Copies that have not called for 14 days, or never.
    pub sites: Vec<Site>,
    /// Copies that have.
    pub in_use: u64,
    /// Whether any place has called at all for 14 days: without that, silence says nothing.
    pub is_known: bool,
}

impl KeptScan {
    /// Findings of a category in production code outside the canonical module.
    pub fn rivals(&self, category: &str) -> u64 {
        let rivals = self.counts.iter().filter(|count| count.is_rival());
        rivals.filter(|count| count.category == category).map(|count| count.count).sum()
    }

    /// Every service, and how many copies of the authority or the manager are in it.
    pub fn services(&self) -> BTreeMap<String, u64> {
        let mut services = BTreeMap::new();
        for count in &self.counts {
            let copies = services.entry(count.service.clone()).or_insert(0);
            let is_copy = || COPIES.iter().any(|copy| copy.as_str() == count.category);
            if count.is_rival() && is_copy() {
                *copies += count.count;
            }
        }
        services
    }

    /// Copies that may be deleted, by what has called. `called` is every place that has.
    pub fn unused(&self, called: &[CallSite], now: Timestamp) -> Unused {
        let is_late = |at: Timestamp| now.seconds() - at.seconds() > UNUSED_S;
        let calling: BTreeSet<&str> = (called.iter())
            .filter(|site| !is_late(site.last_at))
            .map(|site| site.name.as_str())
            .collect();
        let (in_use, sites): (Vec<Site>, Vec<Site>) =
            self.sites.iter().cloned().partition(|site| calling.contains(site.name.as_str()));
        let is_known = !calling.is_empty() && called.iter().any(|site| is_late(site.first_at));
        Unused { sites, in_use: in_use.len() as u64, is_known }
    }
}

impl ScanCount {
    fn is_rival(&self) -> bool {
        self.class == "production" && !self.canonical
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::scan::{POSTED_COUNTS_MAX, POSTED_SITES_MAX};

    pub fn scan(at: i64, counts: &[(&str, &str, &str, bool, u64)]) -> KeptScan {
        let count =
            |(category, class, service, canonical, count): &(&str, &str, &str, bool, u64)| {
                ScanCount {
                    category: (*category).to_owned(),
                    class: (*class).to_owned(),
                    service: (*service).to_owned(),
                    canonical: *canonical,
                    count: *count,
                }
            };
        KeptScan {
            at: Timestamp::from_seconds(at),
            tree: "the tree".to_owned(),
            files: 10,
            unread: 0,
            counts: counts.iter().map(count).collect(),
            sites: Vec::new(),
        }
    }

    fn open(dir: &tempfile::TempDir) -> Scans {
        Scans::open(&Store::open(dir.path()).expect("a store")).expect("readable")
    }

    #[tokio::test]
    async fn scans_are_kept_in_their_order_and_read_back_whole() {
        let dir = tempfile::tempdir().expect("a directory");
        let scans = open(&dir);
        let mut first = scan(100, &[("validator", "production", "backend", false, 3); 130]);
        first.sites = (0..120)
            .map(|number| Site { name: format!("a.py:f{number}"), category: "validator".into() })
            .collect();
        let second = KeptScan { at: Timestamp::from_seconds(200), ..first.clone() };
        scans.keep(first.clone()).await.expect("kept");
        assert_eq!(scans.keep(first.clone()).await, Err(ScansError::NotLater(first.at)));
        scans.keep(second.clone()).await.expect("kept");
        drop(scans);
        let read: Vec<KeptScan> = open(&dir).all().iter().map(|scan| (**scan).clone()).collect();
        // Call sites of an earlier scan are of no use to anybody.
        assert_eq!(read, [KeptScan { sites: Vec::new(), ..first }, second]);
    }

    #[tokio::test]
    async fn the_oldest_scan_goes_when_there_are_too_many() {
        let dir = tempfile::tempdir().expect("a directory");
        let scans = open(&dir);
        for at in 0..=i64::try_from(SCANS_MAX).expect("few") {
            scans.keep(scan(at, &[])).await.expect("kept");
        }
        drop(scans);
        let kept = open(&dir).all();
        assert_eq!((kept.len(), kept[0].at), (SCANS_MAX, Timestamp::from_seconds(1)));
    }

    #[test]
    fn the_scanner_posts_no_more_than_is_kept() {
        assert_eq!((POSTED_COUNTS_MAX, POSTED_SITES_MAX), (COUNTS_MAX, SITES_MAX));
    }

    #[test]
    fn rivals_are_in_production_and_outside_the_canonical_module() {
        let scan = scan(
            0,
            &[
                ("validator", "production", "backend", false, 3),
                ("validator", "production", "auth", true, 5),
                ("validator", "test", "backend", false, 7),
                ("socket-send", "production", "backend", false, 2),
            ],
        );
        assert_eq!((scan.rivals("validator"), scan.rivals("socket-send")), (3, 2));
        let services = BTreeMap::from([("auth".to_owned(), 0), ("backend".to_owned(), 5)]);
        assert_eq!(scan.services(), services);
    }

    #[test]
    fn a_copy_is_unused_when_it_was_silent_for_14_days_while_others_were_heard() {
        let now = Timestamp::from_seconds(100 * 24 * 3600);
        let called = |name: &str, first: i64, last: i64| CallSite {
            name: name.to_owned(),
            calls: 1,
            first_at: now.plus_seconds(-first * 24 * 3600),
            last_at: now.plus_seconds(-last * 24 * 3600),
        };
        let site = |name: &str| Site { name: name.to_owned(), category: "validator".to_owned() };
        let scan = KeptScan { sites: ["a", "b", "c"].map(site).into(), ..scan(0, &[]) };
        let unused = scan.unused(&[called("a", 20, 0), called("b", 40, 15)], now);
        assert_eq!(unused, Unused { sites: vec![site("b"), site("c")], in_use: 1, is_known: true });
        assert!(!scan.unused(&[called("a", 13, 0)], now).is_known);
        assert!(!scan.unused(&[called("a", 40, 20)], now).is_known);
    }
}
