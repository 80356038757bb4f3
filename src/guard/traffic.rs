//! What live traffic came to since a plan's step began.
//!
//! The ledger counts by the minute in which a question was asked. A step begins somewhere within a
//! minute, so its traffic is counted from the next whole minute on: nothing that was answered at
//! an earlier share counts for this one. What stood in the book before that minute is taken off
//! the book's totals; it is kept in a row of its own once questions of earlier minutes can no
//! longer arrive late, so that a restart forgets no difference.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use crate::compare::MismatchClass;
use crate::domain::{ComponentId, Revision, Side, Timestamp};
use crate::flags::{Rollout, Traffic};
use crate::ledger::{Book, Counter, Latency, Ledger, Tally};
use crate::store::{Durability, Row, Store, StoreError, Table};

/// Longer than any answer and its shadow take: nothing of an earlier minute arrives after it.
const LATE_MAX: Duration = Duration::from_mins(2);

/// Below so many answers of a side, the slowest hundredth says nothing.
const ANSWERS_MIN: u64 = 100;

/// Answers within a millisecond are fast enough, however much faster the other side is.
const FAST_US: u64 = 1_000;

/// Traffic since the steps of plans began.
pub(super) struct TrafficSince {
    ledger: Arc<Ledger>,
    kept: Table<Ground>,
    grounds: Mutex<BTreeMap<ComponentId, Ground>>,
}

/// What stood in a book when a step began.
#[derive(Clone, Serialize, Deserialize)]
struct Ground {
    /// Which plan and when its step began.
    of: (Revision, Timestamp),
    /// The first minute of the step.
    from: Timestamp,
    /// Counts before that minute; `None` while they may still change.
    before: Option<Tally>,
    /// Answers of both sides until the step began.
    legacy: Latency,
    ssot: Latency,
    #[serde(skip)]
    is_kept: bool,
}

impl Row for Ground {
    const FORMAT: u8 = 1;
}

impl TrafficSince {
    /// Reads what is kept.
    pub fn open(ledger: Arc<Ledger>, store: &Store) -> Result<Self, StoreError> {
        let kept = store.table::<Ground>("rollout_traffic");
        let mut grounds = BTreeMap::new();
        for row in kept.scan("") {
            let (key, stored) = row?;
            if let Ok(component) = ComponentId::parse(&key) {
                grounds.insert(component, Ground { is_kept: true, ..stored.value });
            }
        }
        Ok(Self { ledger, kept, grounds: Mutex::new(grounds) })
    }

    /// What traffic came to since the plan's present step began; `None` before its first whole
    /// minute.
    pub fn of(&self, plan: &Rollout, now: Timestamp) -> Option<Traffic> {
        let book = self.ledger.book(&plan.component);
        let grounds = &mut *self.grounds.lock();
        let ground = grounds.remove(&plan.component).filter(|ground| ground.is_of(plan));
        let ground = ground.unwrap_or_else(|| Ground::begun(plan, &book, plan.position.since));
        let mut ground = ground.settled(&book, now);
        let before = ground.before.clone().or_else(|| book.total_before(ground.from));
        let traffic = if let Some(before) = before {
            (now > ground.from).then(|| ground.traffic(&book, &before, now))
        } else {
            // Nobody can tell any more what came before the step: it counts from now on.
            ground = Ground::begun(plan, &book, now);
            None
        };
        grounds.insert(plan.component.clone(), ground);
        traffic
    }

    /// The same for whoever only wants to see it: nothing begins here.
    pub fn seen(&self, plan: &Rollout, now: Timestamp) -> Option<Traffic> {
        let ground = self.grounds.lock().get(&plan.component).cloned();
        let ground = ground.filter(|ground| ground.is_of(plan) && now > ground.from)?;
        let book = self.ledger.book(&plan.component);
        let before = ground.before.clone().or_else(|| book.total_before(ground.from))?;
        Some(ground.traffic(&book, &before, now))
    }

    /// Keeps what will not change any more, so that a restart begins from there. What is kept
    /// already is not written again.
    pub async fn keep(&self, component: &ComponentId) -> Result<(), StoreError> {
        let stands = |ground: &&Ground| ground.before.is_some() && !ground.is_kept;
        let ground = self.grounds.lock().get(component).filter(stands).cloned();
        let Some(ground) = ground else { return Ok(()) };
        self.kept.insert(component.as_str(), &ground, Durability::Durable).await?;
        if let Some(now) = self.grounds.lock().get_mut(component).filter(|now| now.of == ground.of)
        {
            now.is_kept = true;
        }
        Ok(())
    }
}

impl Ground {
    /// Of a step that has just begun, or that a process before has not kept.
    fn begun(plan: &Rollout, book: &Book, at: Timestamp) -> Self {
        let of = (plan.id, plan.position.since);
        let minute = at.micros().div_euclid(60_000_000);
        let from = Timestamp::from_micros((minute + 1).saturating_mul(60_000_000));
        let copy = |side| book.with_latency(side, Latency::clone);
        let (legacy, ssot) = (copy(Side::Legacy), copy(Side::Ssot));
        Self { of, from, before: None, legacy, ssot, is_kept: false }
    }

    fn is_of(&self, plan: &Rollout) -> bool {
        self.of == (plan.id, plan.position.since)
    }

    /// With the counts before it, once they stand.
    fn settled(self, book: &Book, now: Timestamp) -> Self {
        let stands = self.before.is_none() && now.since(self.from) >= LATE_MAX;
        let before = if stands { book.total_before(self.from) } else { self.before };
        Self { before, ..self }
    }

    fn traffic(&self, book: &Book, before: &Tally, now: Timestamp) -> Traffic {
        let tally = book.total().without(before);
        let mismatches = MismatchClass::ALL.into_iter();
        let mismatches = mismatches
            .map(|class| (class.code().to_owned(), tally.count(Counter::Mismatched(class))));
        let failed = |counter: &Counter| matches!(counter, Counter::Failed(Side::Ssot, _));
        Traffic {
            since: self.from,
            until: now,
            comparisons: tally.conclusive(),
            mismatches: mismatches.filter(|(_, count)| *count > 0).collect(),
            failures: Counter::all().filter(failed).map(|counter| tally.count(counter)).sum(),
            latency_p99_ratio_percent: self.latency_ratio(book),
        }
    }

    /// The slowest hundredth of ssot's answers in percent of legacy's; `None` when there are too
    /// few.
    fn latency_ratio(&self, book: &Book) -> Option<u32> {
        let p99 = |side, before: &Latency| {
            let summary = book.with_latency(side, |now| now.without(before).summary());
            let slow = summary.p99_us.filter(|_| summary.count >= ANSWERS_MIN)?;
            Some(slow.max(FAST_US))
        };
        let (legacy, ssot) = (p99(Side::Legacy, &self.legacy)?, p99(Side::Ssot, &self.ssot)?);
        Some(u32::try_from((ssot * 100).div_ceil(legacy)).unwrap_or(u32::MAX))
    }
}

#[cfg(test)]
mod tests;
