//! One user: the log, the runs, and who is connected.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use super::entry::Entry;
use super::journal::RowPrefix;
use super::log::Log;
use super::runs::{Anomaly, Runs, Step};
use super::seat::Seat;
use super::settings::Settings;
use crate::domain::{Sequence, Subject, Timestamp};

/// A user whose log is in memory.
#[derive(Debug)]
pub(super) struct User {
    pub subject: Subject,
    pub rows: RowPrefix,
    pub state: Mutex<State>,
}

/// What changes.
#[derive(Debug)]
pub(super) struct State {
    pub log: Log,
    pub runs: Runs,
    pub seats: Vec<Arc<Seat>>,
    /// Forgotten events whose rows are still to be removed.
    pub doomed: Vec<Sequence>,
    pub used_at: Timestamp,
    /// How far connections have come that ended without a position of their own.
    pub left: VecDeque<Left>,
}

/// How far a connection had come when it ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct Left {
    pub watermark: Sequence,
    pub at: Timestamp,
}

/// How long it is remembered where a connection has ended.
const LEFT_KEPT: Duration = Duration::from_mins(5);

/// Ended connections that are remembered.
const LEFT_MAX: usize = 8;

impl User {
    pub fn new(
        subject: Subject,
        rows: RowPrefix,
        (log, runs): (Log, Runs),
        now: Timestamp,
    ) -> Self {
        let (seats, doomed, left) = (Vec::new(), Vec::new(), VecDeque::new());
        let state = State { log, runs, seats, doomed, used_at: now, left };
        Self { subject, rows, state: Mutex::new(state) }
    }
}

impl State {
    /// Appends an entry that is on the disk, and wakes whoever is connected.
    pub fn append(
        &mut self,
        entry: Entry,
        (number, tool): (Option<u64>, Option<&str>),
        settings: &Settings,
    ) -> Vec<Anomaly> {
        let (kind, run, last) = (entry.kind.clone(), entry.run.clone(), entry.sequence);
        self.used_at = entry.at;
        let before = self.log.last();
        if before.0 > 0 && self.log.at(before).is_none() {
            // It was kept only because it was the last.
            self.doomed.push(before);
        }
        self.log.append(entry);
        let step = Step { kind: &kind, run: run.as_ref(), number, tool };
        let anomalies = self.runs.observe(&step);
        let oldest = self.used_at.minus(settings.retained_for);
        self.trim(settings, oldest);
        for seat in &self.seats {
            seat.wake(last, settings.queue_max);
        }
        anomalies
    }

    /// A connection ends at `watermark`.
    pub fn leave(&mut self, watermark: Sequence, now: Timestamp) {
        if self.left.len() == LEFT_MAX {
            self.left.pop_front();
        }
        self.left.push_back(Left { watermark, at: now });
        self.used_at = now;
    }

    /// Where a connection begins that tells no position: where the last one ended that did not
    /// either. `None` where that is not known any more.
    pub fn left(&self, now: Timestamp) -> Option<Sequence> {
        let left = self.left.back().filter(|left| left.at >= now.minus(LEFT_KEPT))?;
        Some(left.watermark)
    }

    /// True while somebody may come back who tells no position.
    pub fn awaits(&self, now: Timestamp) -> bool {
        self.left(now).is_some()
    }

    /// Forgets what is no longer kept. The row of the last event stays.
    pub fn trim(&mut self, settings: &Settings, oldest: Timestamp) {
        let forgotten = self.log.trim((settings.retained_max, settings.retained_bytes_max), oldest);
        let last = self.log.last();
        self.doomed.extend(forgotten.into_iter().filter(|sequence| *sequence != last));
    }
}
