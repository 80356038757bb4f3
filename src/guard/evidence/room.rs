//! The evidence of all components: on the disk, and in memory for whoever asks.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;

use super::super::Imported;
use super::golden_path::{SHOWN_MAX, Walks};
use super::log::Log;
use super::{
    BASELINE_WALKS_MIN, Baseline, Certificate, Entry, EvidenceError, EvidenceKind, GoldenPath,
    Kept, Record, TestReport, Walked,
};
use crate::domain::{ComponentId, Timestamp};
use crate::flags::{Finding, Flag, PassRate};
use crate::ledger::{Keeper, Ledger};
use crate::store::{Durability, Expect, Store, StoreError, Table};

/// Longest period of a certificate, in seconds. The ledger keeps minutes for longer; what is older
/// says little about what runs now.
const SPAN_S_MAX: u32 = 48 * 3600;

/// Longest validity of a certificate, in seconds.
const LIFETIME_S_MAX: u32 = 30 * 86_400;

/// Old observations that one write removes, at most.
const FORGOTTEN_MAX: usize = 1000;

/// What was imported. Cheap to clone; a change that has begun comes to its end, whether or not
/// whoever asked for it waits.
#[derive(Clone)]
pub struct EvidenceRoom(Arc<Shared>);

struct Shared {
    disk: Disk,
    held: Mutex<Held>,
    /// Held while something is changed; readers never take it.
    changing: tokio::sync::Mutex<()>,
}

struct Disk {
    store: Store,
    entries: Table<Entry>,
    walks: Table<Walked>,
    baselines: Table<Baseline>,
    keeper: Keeper,
}

#[derive(Default)]
struct Held {
    logs: BTreeMap<Place, Log>,
    /// What is about to be withdrawn, and counts no more.
    withdrawing: BTreeSet<Place>,
    /// What was withdrawn although the disk refused: it counts no more, and can be withdrawn again.
    unsaved: BTreeSet<Place>,
    walks: Walks,
    /// Oldest first.
    baselines: VecDeque<(u64, Baseline)>,
}

impl fmt::Debug for EvidenceRoom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EvidenceRoom(..)")
    }
}

impl EvidenceRoom {
    /// The evidence that is kept in `store`.
    pub fn open(store: &Store) -> Result<Self, EvidenceError> {
        let disk = Disk {
            store: store.clone(),
            entries: store.table("evidence"),
            walks: store.table("evidence-walks"),
            baselines: store.table("evidence-baselines"),
            keeper: Keeper::new(store),
        };
        let held = Mutex::new(disk.load()?);
        Ok(Self(Arc::new(Shared { disk, held, changing: tokio::sync::Mutex::default() })))
    }

    /// What holds for a component at a moment.
    pub fn of(&self, component: &ComponentId, now: Timestamp) -> Imported {
        let held = self.0.held.lock();
        Imported {
            certificate: held.finding(component, EvidenceKind::Certificate, now),
            tests: held.finding(component, EvidenceKind::Tests, now),
            golden_path: held.walks.rate(held.baseline(), now),
        }
    }

    /// The same for a step that began at `since`: walks from before it were walked elsewhere.
    pub fn of_step(&self, component: &ComponentId, since: Timestamp, now: Timestamp) -> Imported {
        let held = self.0.held.lock();
        Imported {
            certificate: held.finding(component, EvidenceKind::Certificate, now),
            tests: held.finding(component, EvidenceKind::Tests, now),
            golden_path: held.walks.rate_since(since, held.baseline(), now),
        }
    }

    /// What is held of one kind for a component, and what was before.
    pub fn record(&self, component: &ComponentId, kind: EvidenceKind, now: Timestamp) -> Record {
        let held = self.0.held.lock();
        let log = held.logs.get(&(component.clone(), kind));
        let record = log.map_or_else(Record::default, |log| log.record(now));
        let finding = held.finding(component, kind, now);
        let age_s = finding.as_ref().map(|finding| now.since(finding.at).as_secs());
        Record { finding, age_s, ..record }
    }

    /// The golden path: rate, baseline, and what they were computed from.
    pub fn golden_path(&self, now: Timestamp) -> GoldenPath {
        let held = self.0.held.lock();
        let rate = held.walks.rate(held.baseline(), now);
        GoldenPath {
            permille: rate.as_ref().map(PassRate::permille),
            rate,
            baseline: held.baseline().cloned(),
            baselines: held.baselines.iter().rev().map(|(_, baseline)| baseline.clone()).collect(),
            observations: held.walks.latest(),
        }
    }

    /// What there is to certify about a component as it is now: the comparisons of the last
    /// `span_s` seconds, but none from before its flag last changed.
    pub async fn certify(
        &self,
        issuer: &str,
        (flag, ledger): (&Flag, &Ledger),
        (span_s, valid_for_s): (u32, u32),
        now: Timestamp,
    ) -> Result<Certificate, EvidenceError> {
        if !(60..=SPAN_S_MAX).contains(&span_s) {
            return Err(EvidenceError::Span);
        }
        if !(60..=LIFETIME_S_MAX).contains(&valid_for_s) {
            return Err(EvidenceError::Lifetime);
        }
        let from = now.plus_seconds(-i64::from(span_s)).max(flag.changed_at);
        let from_minute = from.seconds().div_euclid(60);
        let (shared, book) = (Arc::clone(&self.0), ledger.book(&flag.component));
        let counting =
            tokio::task::spawn_blocking(move || shared.disk.keeper.since(&book, from_minute));
        let tally = counting.await.map_err(|_| EvidenceError::Broken)??;
        let period = (Timestamp::from_seconds(from_minute * 60), now);
        Ok(Certificate::of(issuer, flag, &tally, period, valid_for_s.into()))
    }

    /// Takes in a test report.
    pub async fn add_tests(
        &self,
        component: &ComponentId,
        report: TestReport,
        by: &str,
        now: Timestamp,
    ) -> Result<Record, EvidenceError> {
        let entry = Entry { at: now, by: by.to_owned(), kept: Kept::Tests(report) };
        self.add(component, EvidenceKind::Tests, entry).await
    }

    /// Takes in a certificate that somebody has verified. One that is no newer than another of
    /// its issuer is refused: nobody can bring back what was said before.
    pub async fn add_certificate(
        &self,
        component: &ComponentId,
        certificate: Certificate,
        by: &str,
        now: Timestamp,
    ) -> Result<Record, EvidenceError> {
        let entry = Entry { at: now, by: by.to_owned(), kept: Kept::Certificate(certificate) };
        self.add(component, EvidenceKind::Certificate, entry).await
    }

    async fn add(
        &self,
        component: &ComponentId,
        kind: EvidenceKind,
        entry: Entry,
    ) -> Result<Record, EvidenceError> {
        let place = (component.clone(), kind);
        self.change(move |shared| async move {
            check_newer(&shared, &place, &entry)?;
            shared.write(&place, &entry).await?;
            let mut held = shared.held.lock();
            let log = held.push(place, entry.clone());
            Ok(log.record(entry.at))
        })
        .await
    }

    /// Lets what is held of one kind count no more: at once, then on the disk.
    pub async fn withdraw(
        &self,
        component: &ComponentId,
        kind: EvidenceKind,
        (by, note): (&str, String),
        now: Timestamp,
    ) -> Result<Record, EvidenceError> {
        let place = (component.clone(), kind);
        let entry = Entry { at: now, by: by.to_owned(), kept: Kept::Withdrawn { note } };
        // An import may be waiting for the disk: this does not wait for that.
        self.0.held.lock().withdrawing.insert(place.clone());
        self.change(move |shared| async move {
            let is_held = shared.held.lock().logs.get(&place).is_some_and(|log| log.holds(now));
            if !is_held {
                shared.held.lock().withdrawing.remove(&place);
                return Err(EvidenceError::NothingHeld(kind.as_str()));
            }
            let written = shared.write(&place, &entry).await;
            let mut held = shared.held.lock();
            held.withdrawing.remove(&place);
            if let Err(error) = written {
                held.unsaved.insert(place);
                return Err(error.into());
            }
            Ok(held.push(place, entry).record(now))
        })
        .await
    }

    /// Adds walks that somebody has seen.
    pub async fn observe(&self, walked: Walked, now: Timestamp) -> Result<(), EvidenceError> {
        let walked = walked.checked(now)?;
        self.change(move |shared| async move {
            let (key, mut past) = {
                let held = shared.held.lock();
                (held.walks.key_for(walked.at), held.walks.past(now))
            };
            past.truncate(FORGOTTEN_MAX);
            let mut batch = shared.disk.store.batch();
            batch.put(&shared.disk.walks, &key, &walked, Expect::Anything, None)?;
            for key in &past {
                batch.remove(&shared.disk.walks, key, Expect::Anything)?;
            }
            batch.commit(Durability::Durable).await?;
            let mut held = shared.held.lock();
            held.walks.forget(&past);
            held.walks.add(key, walked);
            Ok(())
        })
        .await
    }

    /// Records the present rate as what later ones are held against.
    pub async fn set_baseline(
        &self,
        note: String,
        by: &str,
        now: Timestamp,
    ) -> Result<Baseline, EvidenceError> {
        let by = by.to_owned();
        self.change(move |shared| async move {
            let rate = shared.held.lock().walks.rate(None, now);
            let walks = rate.as_ref().map_or(0, |rate| rate.walks);
            let Some(rate) = rate.filter(|rate| rate.walks >= BASELINE_WALKS_MIN) else {
                return Err(EvidenceError::TooFewWalks { walks, min: BASELINE_WALKS_MIN });
            };
            let (permille, passed) = (rate.permille(), rate.passed);
            let baseline = Baseline { permille, walks, passed, at: now, by, note };
            let (number, over) = shared.held.lock().baseline_places();
            let disk = &shared.disk;
            let mut batch = disk.store.batch();
            batch.put(&disk.baselines, &numbered(number), &baseline, Expect::Anything, None)?;
            for number in &over {
                batch.remove(&disk.baselines, &numbered(*number), Expect::Anything)?;
            }
            batch.commit(Durability::Durable).await?;
            let mut held = shared.held.lock();
            held.baselines.retain(|(number, _)| !over.contains(number));
            held.baselines.push_back((number, baseline.clone()));
            Ok(baseline)
        })
        .await
    }

    /// Makes one change after another, each to its end.
    async fn change<T, F>(
        &self,
        change: impl FnOnce(Arc<Shared>) -> F + Send + 'static,
    ) -> Result<T, EvidenceError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, EvidenceError>> + Send + 'static,
    {
        let shared = Arc::clone(&self.0);
        let changing = tokio::spawn(async move {
            let _alone = shared.changing.lock().await;
            change(Arc::clone(&shared)).await
        });
        changing.await.unwrap_or(Err(EvidenceError::Broken))
    }
}

type Place = (ComponentId, EvidenceKind);

impl Shared {
    /// Adds an entry on the disk, and removes those for which there is no room any more.
    async fn write(&self, place: &Place, entry: &Entry) -> Result<(), StoreError> {
        let (number, over) = self.held.lock().places(place);
        let mut batch = self.disk.store.batch();
        batch.put(&self.disk.entries, &key(place, number), entry, Expect::Anything, None)?;
        for number in over {
            batch.remove(&self.disk.entries, &key(place, number), Expect::Anything)?;
        }
        batch.commit(Durability::Durable).await
    }
}

impl Held {
    fn baseline(&self) -> Option<&Baseline> {
        self.baselines.back().map(|(_, baseline)| baseline)
    }

    fn finding(
        &self,
        component: &ComponentId,
        kind: EvidenceKind,
        now: Timestamp,
    ) -> Option<Finding> {
        let place = (component.clone(), kind);
        if self.withdrawing.contains(&place) || self.unsaved.contains(&place) {
            return None;
        }
        let finding = self.logs.get(&place)?.finding(now)?;
        // The other installation's clock may be ahead.
        Some(Finding { at: finding.at.min(now), ..finding })
    }

    fn push(&mut self, place: Place, entry: Entry) -> &Log {
        self.unsaved.remove(&place);
        let log = self.logs.entry(place).or_default();
        log.push(log.next_number(), entry);
        log
    }

    /// The number of the next entry, and those for which it leaves no room.
    fn places(&self, place: &Place) -> (u64, Vec<u64>) {
        let log = self.logs.get(place);
        log.map_or((0, Vec::new()), |log| (log.next_number(), log.crowded_out()))
    }

    fn baseline_places(&self) -> (u64, Vec<u64>) {
        let next = self.baselines.back().map_or(0, |(number, _)| number + 1);
        let over = (self.baselines.len() + 1).saturating_sub(SHOWN_MAX);
        (next, self.baselines.iter().take(over).map(|(number, _)| *number).collect())
    }
}

fn check_newer(shared: &Shared, place: &Place, entry: &Entry) -> Result<(), EvidenceError> {
    let Kept::Certificate(new) = &entry.kept else { return Ok(()) };
    let held = shared.held.lock();
    let known =
        held.logs.get(place).is_some_and(|log| log.has_certificate_since(&new.iss, new.iat));
    if known { Err(EvidenceError::Older) } else { Ok(()) }
}

impl Disk {
    fn load(&self) -> Result<Held, EvidenceError> {
        let mut held = Held::default();
        for row in self.entries.scan("") {
            let (key, stored) = row?;
            let (place, number) = place_of(&key).ok_or(EvidenceError::Key(key))?;
            held.logs.entry(place).or_default().push(number, stored.value);
        }
        for row in self.walks.scan("") {
            let (key, stored) = row?;
            held.walks.add(key, stored.value);
        }
        for row in self.baselines.scan("") {
            let (key, stored) = row?;
            let number = key.parse().map_err(|_| EvidenceError::Key(key))?;
            held.baselines.push_back((number, stored.value));
        }
        Ok(held)
    }
}

/// Where an entry stands: entries of one component and kind sort by their number.
fn key((component, kind): &Place, number: u64) -> String {
    format!("{component}/{}/{}", kind.as_str(), numbered(number))
}

fn numbered(number: u64) -> String {
    format!("{number:020}")
}

fn place_of(key: &str) -> Option<(Place, u64)> {
    let (component, rest) = key.split_once('/')?;
    let (kind, number) = rest.split_once('/')?;
    let place = (ComponentId::parse(component).ok()?, EvidenceKind::parse(kind)?);
    Some((place, number.parse().ok()?))
}
