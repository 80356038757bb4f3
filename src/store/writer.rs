//! The one thread that changes rows: in order, and with one fsync for all who wait.

use std::ops::ControlFlow;
use std::sync::Arc;

use sled::IVec;
use tokio::sync::mpsc;

use super::commit::{Change, Commit, Durability, Expect, Job, Write};
use super::disk::{Before, Disk};
use super::error::StoreError;
use super::key::place;
use super::revisions::Revisions;
use super::round::{Applied, Round};
use super::row;
use super::stats::{Counts, count};
use super::watch::{Happened, Watchers};

/// Jobs of one round at most, so that the first of them is not kept waiting by the last.
const ROUND_JOBS_MAX: usize = 256;

pub(super) struct Writer {
    pub disk: Disk,
    pub revisions: Arc<Revisions>,
    pub watchers: Arc<Watchers>,
    pub counts: Arc<Counts>,
    pub jobs: mpsc::Receiver<Job>,
    /// The disk refused last time; said once, not every round.
    pub refused: bool,
}

impl Writer {
    /// Works until the store is closed or its last handle is gone.
    pub fn run(mut self) {
        while let Some(job) = self.jobs.blocking_recv() {
            if self.run_round(job).is_break() {
                break;
            }
        }
        self.watchers.close();
    }

    fn run_round(&mut self, first: Job) -> ControlFlow<()> {
        let mut round = Round::default();
        let mut next = Some(first);
        let mut jobs = 0;
        while let Some(job) = next {
            match job {
                Job::Commit(commit) => self.take(commit, &mut round),
                Job::TopUp => {}
                Job::Close(answer) => {
                    self.finish(round);
                    let _ = answer.send(self.confirm());
                    return ControlFlow::Break(());
                }
            }
            jobs += 1;
            next = if jobs < ROUND_JOBS_MAX { self.jobs.try_recv().ok() } else { None };
        }
        self.finish(round);
        ControlFlow::Continue(())
    }

    fn take(&mut self, commit: Commit, round: &mut Round) {
        match commit.durability {
            Durability::Durable => {
                let outcome = self.apply(&commit.writes);
                round.push(commit, outcome);
            }
            Durability::Relaxed => {
                // It is answered at once, so it must not stand on what may be taken back.
                if round.touches(&commit.writes) {
                    self.finish(std::mem::take(round));
                }
                let outcome = self.apply(&commit.writes).map(|applied| {
                    self.watchers.publish(applied.happened);
                    applied.revisions
                });
                let _ = commit.answer.send(outcome);
            }
        }
    }

    /// Has the disk confirm the round, and another block of revisions when they run low.
    fn finish(&mut self, round: Round) {
        self.revisions.asked();
        let confirmed = if self.revisions.is_low() {
            self.top_up()
        } else if round.is_clean() {
            Ok(())
        } else {
            self.confirm()
        };
        match confirmed {
            // A refused block of revisions is no reason to withhold answers that changed nothing.
            Err(refused) if !round.is_clean() => round.take_back(&self.disk, &refused),
            Ok(()) | Err(_) => round.acknowledge(&self.watchers),
        }
    }

    fn confirm(&mut self) -> Result<(), StoreError> {
        let confirmed = self.disk.confirm();
        if let Err(problem) = &confirmed
            && !self.refused
        {
            tracing::error!(%problem, "the disk refused a round of writes");
        }
        self.refused = confirmed.is_err();
        confirmed
    }

    fn top_up(&mut self) -> Result<(), StoreError> {
        let end = self.revisions.end_of_next_block();
        self.disk.write_reserved_end(end)?;
        self.confirm()?;
        self.revisions.extend_to(end);
        Ok(())
    }

    /// Checks every expectation, then changes all rows at once.
    fn apply(&mut self, writes: &[Write]) -> Result<Applied, StoreError> {
        let mut applied = Applied::default();
        let mut batch = sled::Batch::default();
        for write in writes {
            let place = place(write.table, &write.key);
            let before = self.disk.get(&place)?;
            let current = self.check(write, before.as_ref())?;
            match &write.change {
                Change::Put { row, revision } => {
                    let revision = self.revision_for(write, *revision, current)?;
                    let mut row = row.clone();
                    row::stamp(&mut row, revision);
                    let row = IVec::from(row);
                    batch.insert(place.clone(), row.clone());
                    applied.revisions.push(revision);
                    applied.happened.push(Happened::put(write, row));
                }
                Change::Remove if before.is_none() => continue,
                Change::Remove => {
                    batch.remove(place.clone());
                    applied.happened.push(Happened::removed(write));
                }
            }
            applied.before.push(Before { place, row: before });
        }
        self.disk.apply(batch, &applied.before)?;
        count(&self.counts.commits);
        Ok(applied)
    }

    /// The revision of the row as it is, when that is what the write expects.
    fn check(&self, write: &Write, row: Option<&IVec>) -> Result<Option<u64>, StoreError> {
        let is_repair = matches!(write.change, Change::Remove) && write.expect == Expect::Anything;
        if is_repair {
            // The way to get rid of a row that cannot be read.
            return Ok(None);
        }
        let current = row.map(|row| row::revision_of(write.table, &write.key, row)).transpose()?;
        if write.expect.holds(current) { Ok(current) } else { Err(self.conflict(write, current)) }
    }

    fn conflict(&self, write: &Write, current: Option<u64>) -> StoreError {
        count(&self.counts.conflicts);
        StoreError::Conflict { table: write.table, key: write.key.clone(), current }
    }

    fn revision_for(
        &mut self,
        write: &Write,
        given: Option<u64>,
        current: Option<u64>,
    ) -> Result<u64, StoreError> {
        let revision = match given {
            Some(revision) if !self.revisions.has_taken(revision) => {
                let (table, key) = (write.table, write.key.clone());
                return Err(StoreError::RevisionNotTaken { table, key, revision });
            }
            Some(revision) => revision,
            None => self.next_revision()?,
        };
        // Equal is allowed: a write that the disk refused may be tried again as it was.
        if current.is_some_and(|current| current > revision) {
            return Err(self.conflict(write, current));
        }
        Ok(revision)
    }

    /// Unlike a caller, the writer can wait for the disk to confirm another block.
    fn next_revision(&mut self) -> Result<u64, StoreError> {
        if let Some(revision) = self.revisions.take() {
            return Ok(revision);
        }
        self.top_up()?;
        self.revisions.take().ok_or(StoreError::RevisionsExhausted)
    }
}
