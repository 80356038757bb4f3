//! The durable writes that share one fsync.

use std::collections::HashSet;

use tokio::sync::oneshot;

use super::commit::{Commit, Revisions, Write};
use super::disk::{Before, Disk};
use super::error::StoreError;
use super::key::place;
use super::watch::{Happened, Watchers};

/// What a commit did to the rows.
#[derive(Debug, Default)]
pub(super) struct Applied {
    pub revisions: Revisions,
    /// The rows as they were, to take the commit back.
    pub before: Vec<Before>,
    pub happened: Vec<Happened>,
}

type Answer = (oneshot::Sender<Result<Revisions, StoreError>>, Result<Revisions, StoreError>);

/// Durable commits that are applied and not yet confirmed, with the answers they will get.
#[derive(Debug, Default)]
pub(super) struct Round {
    answers: Vec<Answer>,
    before: Vec<Before>,
    happened: Vec<Happened>,
    touched: HashSet<Vec<u8>>,
}

impl Round {
    /// True when the disk has nothing to confirm for this round.
    pub fn is_clean(&self) -> bool {
        self.before.is_empty()
    }

    /// True when a commit would build on a row that may yet be taken back.
    pub fn touches(&self, writes: &[Write]) -> bool {
        !self.touched.is_empty()
            && writes.iter().any(|write| self.touched.contains(&place(write.table, &write.key)))
    }

    /// Keeps a durable commit and its answer until the disk has spoken. A conflict waits too: it
    /// may be with a row that is taken back.
    pub fn push(&mut self, commit: Commit, outcome: Result<Applied, StoreError>) {
        let outcome = outcome.map(|applied| {
            self.touched.extend(applied.before.iter().map(|before| before.place.clone()));
            self.before.extend(applied.before);
            self.happened.extend(applied.happened);
            applied.revisions
        });
        self.answers.push((commit.answer, outcome));
    }

    /// The disk has confirmed: tells the watchers, then whoever asked, so that a caller with his
    /// answer never meets a watcher who has yet to hear of it.
    pub fn acknowledge(self, watchers: &Watchers) {
        watchers.publish(self.happened);
        for (answer, outcome) in self.answers {
            // A caller who no longer waits needs no answer.
            let _ = answer.send(outcome);
        }
    }

    /// The disk has refused: restores the rows, then tells everybody.
    pub fn take_back(self, disk: &Disk, refused: &StoreError) {
        disk.restore(&self.before);
        for (answer, _) in self.answers {
            let _ = answer.send(Err(refused.clone()));
        }
    }
}
