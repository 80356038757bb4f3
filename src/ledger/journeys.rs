//! Walks of the golden path as they are kept: the last thousand whole, and how many of which kind
//! by hour and by day, step by step. And what was last seen of whether each side lets in what the
//! other signs.
//!
//! A walk is written before it is told of. Everything but old matrices is read from memory.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use super::LedgerError;
use crate::domain::{Journey, JourneyEnd, JourneyStep, Side, SignMatrix, Timestamp};
use crate::store::{Durability, Expect, Row, Store, Table};

/// Walks that are kept whole.
const JOURNEYS_MAX: usize = 1_000;

/// Hours that are kept, for each side.
const HOURS_KEPT: i64 = 14 * 24;

/// Days that are kept, for each side.
const DAYS_KEPT: i64 = 400;

/// Matrices that are kept.
const MATRICES_MAX: u64 = 200;

const HOUR_S: i64 = 3_600;
const DAY_S: i64 = 86_400;

/// A walk and its number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KeptJourney {
    /// Grows by one with every walk.
    pub number: u64,
    /// The walk.
    #[serde(flatten)]
    pub journey: Journey,
}

impl Row for KeptJourney {
    const FORMAT: u8 = 1;
}

impl Row for SignMatrix {
    const FORMAT: u8 = 1;
}

/// What came of the walks of one side in an hour or on a day.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WalkCounts {
    /// Walks to the end.
    pub passed: u32,
    /// Walks that failed by the doing of the side that was walked.
    pub failed: u32,
    /// Walks that ended at a step of the other side's.
    pub astray: u32,
    /// Walks that nobody could be found for.
    pub unplaced: u32,
    /// Step by step.
    pub steps: BTreeMap<JourneyStep, StepCounts>,
}

impl Row for WalkCounts {
    const FORMAT: u8 = 1;
}

/// What came of one step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepCounts {
    /// How often it was taken.
    pub taken: u32,
    /// How often it failed.
    pub failed: u32,
    /// How long it took, all times together, in microseconds.
    pub took_us: u64,
    /// The longest time, in microseconds.
    pub took_us_max: u64,
}

impl WalkCounts {
    fn add(&mut self, journey: &Journey) {
        let counter = match journey.end() {
            JourneyEnd::Passed => &mut self.passed,
            JourneyEnd::Failed(_) => &mut self.failed,
            JourneyEnd::Astray(_) => &mut self.astray,
            JourneyEnd::Unplaced => &mut self.unplaced,
        };
        *counter = counter.saturating_add(1);
        for seen in journey.steps.iter().filter(|seen| !seen.omitted) {
            let step = self.steps.entry(seen.step).or_default();
            let took = u64::try_from(seen.took.as_micros()).unwrap_or(u64::MAX);
            step.taken = step.taken.saturating_add(1);
            step.failed = step.failed.saturating_add(u32::from(seen.fault.is_some()));
            step.took_us = step.took_us.saturating_add(took);
            step.took_us_max = step.took_us_max.max(took);
        }
    }

    /// The same with those of another stretch.
    pub fn merge(&mut self, other: &Self) {
        self.passed = self.passed.saturating_add(other.passed);
        self.failed = self.failed.saturating_add(other.failed);
        self.astray = self.astray.saturating_add(other.astray);
        self.unplaced = self.unplaced.saturating_add(other.unplaced);
        for (step, counts) in &other.steps {
            let step = self.steps.entry(*step).or_default();
            step.taken = step.taken.saturating_add(counts.taken);
            step.failed = step.failed.saturating_add(counts.failed);
            step.took_us = step.took_us.saturating_add(counts.took_us);
            step.took_us_max = step.took_us_max.max(counts.took_us_max);
        }
    }

    /// Walks that say something of their side.
    pub const fn judged(&self) -> u32 {
        self.passed.saturating_add(self.failed)
    }
}

/// How many walks of a side have ended in one way since the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WalkTotal {
    /// The side that was walked.
    pub side: Side,
    /// How they ended.
    pub end: &'static str,
    /// The step that they ended at.
    pub step: Option<JourneyStep>,
    /// How many.
    pub count: u64,
}

/// Walks and matrices on the disk, and in memory for whoever asks.
pub struct Journeys {
    store: Store,
    ring: Table<KeptJourney>,
    counts: Table<WalkCounts>,
    matrices: Table<SignMatrix>,
    held: Mutex<Held>,
    /// Whoever holds it writes.
    writing: tokio::sync::Mutex<()>,
}

/// An hour or a day of a side's, by its number since the epoch.
type Stretch = (i64, Side);

#[derive(Default)]
struct Held {
    next: u64,
    ring: VecDeque<KeptJourney>,
    hours: BTreeMap<Stretch, WalkCounts>,
    days: BTreeMap<Stretch, WalkCounts>,
    matrix: Option<Arc<SignMatrix>>,
    next_matrix: u64,
    totals: BTreeMap<(Side, &'static str, Option<JourneyStep>), u64>,
}

impl Journeys {
    /// Reads what was kept.
    pub fn open(store: &Store) -> Result<Self, LedgerError> {
        let journeys = Self {
            store: store.clone(),
            ring: store.table("ledger_journeys"),
            counts: store.table("ledger_walks"),
            matrices: store.table("ledger_matrices"),
            held: Mutex::default(),
            writing: tokio::sync::Mutex::default(),
        };
        let held = journeys.load()?;
        *journeys.held.lock() = held;
        Ok(journeys)
    }

    fn load(&self) -> Result<Held, LedgerError> {
        let mut held = Held::default();
        for row in self.ring.scan("") {
            let (_, stored) = row?;
            held.next = stored.value.number + 1;
            held.ring.push_back(stored.value);
        }
        for row in self.counts.scan("") {
            let (key, stored) = row?;
            let (is_day, stretch) = read_key(&key).ok_or(LedgerError::Key(key))?;
            let all = if is_day { &mut held.days } else { &mut held.hours };
            all.insert(stretch, stored.value);
        }
        if let Some(row) = self.matrices.scan_back("").next() {
            let (key, stored) = row?;
            let number: u64 = key.parse().map_err(|_| LedgerError::Key(key))?;
            held.next_matrix = number + 1;
            held.matrix = Some(Arc::new(stored.value));
        }
        Ok(held)
    }

    /// Keeps a walk; gives back its number.
    pub async fn keep(&self, journey: Journey) -> Result<u64, LedgerError> {
        let _alone = self.writing.lock().await;
        let (side, at) = (journey.side, journey.begun_at);
        let hour = (at.seconds().div_euclid(HOUR_S), side);
        let day = (at.seconds().div_euclid(DAY_S), side);
        let (kept, of_hour, of_day, past) = {
            let held = self.held.lock();
            let with = |known: Option<&WalkCounts>| {
                let mut counts = known.cloned().unwrap_or_default();
                counts.add(&journey);
                counts
            };
            let (of_hour, of_day) = (with(held.hours.get(&hour)), with(held.days.get(&day)));
            let kept = KeptJourney { number: held.next, journey };
            (kept, of_hour, of_day, held.past(hour.0, day.0))
        };
        let number = kept.number;
        let mut batch = self.store.batch();
        batch.put(&self.ring, &numbered(number), &kept, Expect::Anything, None)?;
        batch.put(&self.counts, &key(false, hour), &of_hour, Expect::Anything, None)?;
        batch.put(&self.counts, &key(true, day), &of_day, Expect::Anything, None)?;
        for old in &past.journeys {
            batch.remove(&self.ring, &numbered(*old), Expect::Anything)?;
        }
        for stretch in &past.hours {
            batch.remove(&self.counts, &key(false, *stretch), Expect::Anything)?;
        }
        for stretch in &past.days {
            batch.remove(&self.counts, &key(true, *stretch), Expect::Anything)?;
        }
        batch.commit(Durability::Relaxed).await?;
        let mut held = self.held.lock();
        held.ring.retain(|each| !past.journeys.contains(&each.number));
        held.hours.retain(|stretch, _| !past.hours.contains(stretch));
        held.days.retain(|stretch, _| !past.days.contains(stretch));
        let end = kept.journey.end();
        *held.totals.entry((side, end.as_str(), end.step())).or_default() += 1;
        held.ring.push_back(kept);
        held.hours.insert(hour, of_hour);
        held.days.insert(day, of_day);
        held.next = number + 1;
        Ok(number)
    }

    /// The latest walks, of one side or of both, newest first.
    pub fn latest(&self, side: Option<Side>, count: usize) -> Vec<KeptJourney> {
        let held = self.held.lock();
        let all = held.ring.iter().rev();
        let of_side = all.filter(|kept| side.is_none_or(|side| kept.journey.side == side));
        of_side.take(count).cloned().collect()
    }

    /// The hours of a side from the one of `from` to the one of `to`, each with its beginning;
    /// those in which nothing was walked are left out.
    pub fn hours(
        &self,
        side: Side,
        (from, to): (Timestamp, Timestamp),
    ) -> Vec<(Timestamp, WalkCounts)> {
        stretches(&self.held.lock().hours, side, (from, to), HOUR_S)
    }

    /// The same of days.
    pub fn days(
        &self,
        side: Side,
        (from, to): (Timestamp, Timestamp),
    ) -> Vec<(Timestamp, WalkCounts)> {
        stretches(&self.held.lock().days, side, (from, to), DAY_S)
    }

    /// How walks have ended since the start.
    pub fn totals(&self) -> Vec<WalkTotal> {
        let held = self.held.lock();
        let total = |(key, count): (&(Side, &'static str, Option<JourneyStep>), &u64)| WalkTotal {
            side: key.0,
            end: key.1,
            step: key.2,
            count: *count,
        };
        held.totals.iter().map(total).collect()
    }

    /// Keeps a matrix.
    pub async fn keep_matrix(&self, matrix: SignMatrix) -> Result<Arc<SignMatrix>, LedgerError> {
        let _alone = self.writing.lock().await;
        let number = self.held.lock().next_matrix;
        let mut batch = self.store.batch();
        batch.put(&self.matrices, &numbered(number), &matrix, Expect::Anything, None)?;
        if let Some(old) = number.checked_sub(MATRICES_MAX) {
            batch.remove(&self.matrices, &numbered(old), Expect::Anything)?;
        }
        batch.commit(Durability::Durable).await?;
        let matrix = Arc::new(matrix);
        let mut held = self.held.lock();
        held.matrix = Some(Arc::clone(&matrix));
        held.next_matrix = number + 1;
        Ok(matrix)
    }

    /// The latest matrix; `None` before the first.
    pub fn matrix(&self) -> Option<Arc<SignMatrix>> {
        self.held.lock().matrix.clone()
    }

    /// The latest matrices, newest first. Reads the disk.
    pub fn matrices(&self, count: usize) -> Result<Vec<SignMatrix>, LedgerError> {
        let rows = self.matrices.scan_back("").take(count);
        rows.map(|row| Ok(row?.1.value)).collect()
    }
}

/// What makes room.
struct Past {
    journeys: Vec<u64>,
    hours: Vec<Stretch>,
    days: Vec<Stretch>,
}

impl Held {
    fn past(&self, hour: i64, day: i64) -> Past {
        let over = (self.ring.len() + 1).saturating_sub(JOURNEYS_MAX);
        let old = |all: &BTreeMap<Stretch, WalkCounts>, oldest: i64| {
            all.keys().take_while(|(number, _)| *number < oldest).copied().collect()
        };
        Past {
            journeys: self.ring.iter().take(over).map(|kept| kept.number).collect(),
            hours: old(&self.hours, hour - HOURS_KEPT),
            days: old(&self.days, day - DAYS_KEPT),
        }
    }
}

fn stretches(
    all: &BTreeMap<Stretch, WalkCounts>,
    side: Side,
    (from, to): (Timestamp, Timestamp),
    length_s: i64,
) -> Vec<(Timestamp, WalkCounts)> {
    let number = |at: Timestamp| at.seconds().div_euclid(length_s);
    let (first, last) = (number(from), number(to));
    let range =
        all.iter().filter(|((number, of), _)| *of == side && (first..=last).contains(number));
    range
        .map(|((number, _), counts)| (Timestamp::from_seconds(number * length_s), counts.clone()))
        .collect()
}

fn numbered(number: u64) -> String {
    format!("{number:020}")
}

fn key(is_day: bool, (number, side): Stretch) -> String {
    format!("{}/{number:010}/{side}", if is_day { "d" } else { "h" })
}

fn read_key(key: &str) -> Option<(bool, Stretch)> {
    let (kind, rest) = key.split_once('/')?;
    let (number, side) = rest.split_once('/')?;
    let side = Side::BOTH.into_iter().find(|each| each.as_str() == side)?;
    let is_day = match kind {
        "d" => true,
        "h" => false,
        _ => return None,
    };
    Some((is_day, (number.parse().ok()?, side)))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::domain::{Provenance, StepSeen};

    const START: Timestamp = Timestamp::from_seconds(1_800_000_000);

    /// A walk that fails at a step, or passes.
    fn journey(side: Side, at: Timestamp, fails_at: Option<JourneyStep>) -> Journey {
        let mut steps = Vec::new();
        for step in JourneyStep::ALL {
            let fault = (fails_at == Some(step)).then(|| "broken".to_owned());
            let ends = fault.is_some();
            let (took, provenance) = (Duration::from_micros(10), Provenance::default());
            steps.push(StepSeen { step, fault, omitted: false, took, provenance });
            if ends {
                break;
            }
        }
        Journey { side, begun_at: at, steps, places: Vec::new(), unplaced: None }
    }

    fn opened(store: &Store) -> Journeys {
        Journeys::open(store).expect("readable")
    }

    #[tokio::test]
    async fn walks_are_counted_by_side_hour_and_step_and_survive_a_restart() {
        let dir = tempfile::tempdir().expect("a directory");
        let store = Store::open(dir.path()).expect("a store");
        let journeys = opened(&store);
        let later = START.plus_seconds(2 * HOUR_S);
        journeys.keep(journey(Side::Ssot, START, None)).await.expect("kept");
        journeys.keep(journey(Side::Ssot, START, Some(JourneyStep::Http))).await.expect("kept");
        journeys.keep(journey(Side::Legacy, later, None)).await.expect("kept");
        for journeys in [journeys, opened(&store)] {
            let hours = journeys.hours(Side::Ssot, (START, later));
            assert_eq!(hours.len(), 1);
            assert_eq!((hours[0].1.passed, hours[0].1.failed), (1, 1));
            let http = hours[0].1.steps[&JourneyStep::Http];
            assert_eq!((http.taken, http.failed, http.took_us), (2, 1, 20));
            assert_eq!(hours[0].1.steps[&JourneyStep::Session].taken, 1);
            assert_eq!(journeys.days(Side::Legacy, (START, later))[0].1.judged(), 1);
            let numbers: Vec<u64> =
                journeys.latest(None, 10).iter().map(|kept| kept.number).collect();
            assert_eq!(numbers, [2, 1, 0], "newest first");
            assert_eq!(journeys.latest(Some(Side::Legacy), 10).len(), 1);
        }
    }

    #[tokio::test]
    async fn only_the_last_thousand_are_kept_whole_and_old_hours_go() {
        let dir = tempfile::tempdir().expect("a directory");
        let store = Store::open(dir.path()).expect("a store");
        let journeys = opened(&store);
        let unplaced = |at| Journey {
            steps: Vec::new(),
            unplaced: Some("nobody".to_owned()),
            ..journey(Side::Ssot, at, None)
        };
        journeys.keep(unplaced(START.plus_seconds(-15 * DAY_S))).await.expect("kept");
        for _ in 0..JOURNEYS_MAX {
            journeys.keep(unplaced(START)).await.expect("kept");
        }
        for journeys in [journeys, opened(&store)] {
            let all = journeys.latest(None, usize::MAX);
            assert_eq!((all.len(), all.last().map(|kept| kept.number)), (JOURNEYS_MAX, Some(1)));
            let past = START.plus_seconds(-20 * DAY_S);
            assert_eq!(journeys.hours(Side::Ssot, (past, START)).len(), 1);
            assert_eq!(journeys.days(Side::Ssot, (past, START)).len(), 2);
        }
    }

    #[tokio::test]
    async fn the_latest_matrix_is_known_after_a_restart() {
        let dir = tempfile::tempdir().expect("a directory");
        let store = Store::open(dir.path()).expect("a store");
        let journeys = opened(&store);
        assert!(journeys.matrix().is_none());
        for second in 0..3 {
            let matrix = SignMatrix { at: START.plus_seconds(second), cells: Vec::new() };
            journeys.keep_matrix(matrix).await.expect("kept");
        }
        let again = opened(&store);
        assert_eq!(again.matrix().expect("one").at, START.plus_seconds(2));
        assert_eq!(again.matrices(2).expect("readable").len(), 2);
    }
}
