//! Many events, one fsync.
//!
//! One task takes what waits, numbers it, has the disk keep all of it in one round, and only then
//! appends it to the logs and wakes the sockets. While the disk is busy the next round gathers. So
//! a log never holds what the disk does not, and there is nothing to take back when it refuses.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::{Notify, mpsc, oneshot};

use super::counts::{Counts, count};
use super::entry::Entry;
use super::error::PublishError;
use super::journal::Journal;
use super::manager::Published;
use super::settings::Settings;
use super::user::User;
use super::wire::FrameHead;
use crate::domain::{EventId, EventKind, Position, RunId, Sequence, Timestamp};
use crate::store::{BATCH_BYTES_MAX, BATCH_ROWS_MAX, Durability, StoreError};

/// Events of one round, at most. Half of a batch's rows: the others remove what is forgotten.
const ROUND_MAX: usize = BATCH_ROWS_MAX / 2;

/// Bytes of frames in one round, at most; the rest of a batch is for keys.
const ROUND_BYTES_MAX: usize = BATCH_BYTES_MAX - 1024 * 1024;

/// An event that is to be kept.
pub(super) struct Draft {
    pub at: Timestamp,
    pub id: EventId,
    pub kind: EventKind,
    pub run: Option<RunId>,
    pub number: Option<u64>,
    pub tool: Option<String>,
    pub head: FrameHead,
}

/// An event, whose it is, and who waits for it.
pub(super) struct Job {
    pub user: Arc<User>,
    pub draft: Draft,
    pub answer: oneshot::Sender<Result<Published, PublishError>>,
}

pub(super) struct Committer {
    pub jobs: mpsc::Receiver<Job>,
    pub journal: Arc<Journal>,
    pub settings: Settings,
    pub counts: Arc<Counts>,
    /// Takes no job any more once this is notified.
    pub ending: Arc<Notify>,
}

/// A job with its place; on the disk, but not in the log yet.
struct Placed {
    user: Arc<User>,
    entry: Entry,
    number: Option<u64>,
    tool: Option<String>,
    answer: oneshot::Sender<Result<Published, PublishError>>,
}

/// What one round does.
#[derive(Default)]
struct Round {
    placed: Vec<Placed>,
    /// Published again in the round in which they were first published.
    repeated: Vec<(Published, oneshot::Sender<Result<Published, PublishError>>)>,
    /// Up to where each user's log will come, and the names that it gets; by the user's address.
    ends: HashMap<usize, (Sequence, HashMap<EventId, Sequence>)>,
    /// Rows that go, for each user.
    removed: Vec<(Arc<User>, Vec<Sequence>)>,
}

impl Committer {
    /// Works until nobody can publish any more, or it is told to end, and everything is kept.
    pub async fn run(mut self) {
        let mut waiting: Vec<Job> = Vec::new();
        loop {
            if waiting.is_empty() {
                tokio::select! {
                    received = self.jobs.recv_many(&mut waiting, ROUND_MAX) => {
                        if received == 0 {
                            return;
                        }
                    }
                    () = self.ending.notified() => self.jobs.close(),
                }
            }
            if waiting.is_empty() {
                continue;
            }
            while waiting.len() < ROUND_MAX
                && let Ok(job) = self.jobs.try_recv()
            {
                waiting.push(job);
            }
            let mut bytes = 0;
            let fits = waiting.iter().take_while(|job| {
                bytes += job.draft.head.len() + 256;
                bytes <= ROUND_BYTES_MAX
            });
            let rest = waiting.split_off(fits.count().max(1));
            self.round(std::mem::replace(&mut waiting, rest)).await;
        }
    }

    async fn round(&self, jobs: Vec<Job>) {
        let mut round = Round::default();
        for job in jobs {
            self.place(job, &mut round);
        }
        let kept = self.keep(&mut round).await;
        count(&self.counts.rounds);
        match kept {
            Ok(()) => self.finish(round),
            Err(error) => self.refuse(round, &error),
        }
    }

    /// Gives the event its place behind what the log and the round have.
    fn place(&self, job: Job, round: &mut Round) {
        let Job { user, draft, answer } = job;
        let state = user.state.lock();
        let epoch = state.log.epoch();
        let published = |sequence, duplicate| Published {
            position: Position { epoch, after: sequence },
            event: draft.id.clone(),
            duplicate,
            anomalies: Vec::new(),
        };
        if let Some(sequence) = state.log.place_of(&draft.id) {
            count(&self.counts.duplicates);
            // A publisher that no longer waits needs no answer, here and below.
            let _heard = answer.send(Ok(published(sequence, true)));
            return;
        }
        let (last, ids) = round
            .ends
            .entry(Arc::as_ptr(&user).addr())
            .or_insert_with(|| (state.log.last(), HashMap::new()));
        drop(state);
        if let Some(sequence) = ids.get(&draft.id) {
            count(&self.counts.duplicates);
            round.repeated.push((published(*sequence, true), answer));
            return;
        }
        let sequence = last.next();
        *last = sequence;
        ids.insert(draft.id.clone(), sequence);
        let entry = Entry {
            sequence,
            at: draft.at,
            id: draft.id,
            kind: draft.kind,
            run: draft.run,
            frame: draft.head.finish(epoch, sequence),
        };
        round.placed.push(Placed { user, entry, number: draft.number, tool: draft.tool, answer });
    }

    /// Has the disk keep the round, and remove what its users' logs have forgotten.
    async fn keep(&self, round: &mut Round) -> Result<(), StoreError> {
        let mut batch = self.journal.batch();
        for placed in &round.placed {
            self.journal.put(&mut batch, &placed.user.rows, &placed.entry)?;
        }
        for placed in &round.placed {
            let doomed = {
                let mut state = placed.user.state.lock();
                let room = (BATCH_ROWS_MAX - batch.len()).min(state.doomed.len());
                state.doomed.drain(..room).collect::<Vec<_>>()
            };
            for sequence in &doomed {
                self.journal.remove(&mut batch, &placed.user.rows, *sequence)?;
            }
            if !doomed.is_empty() {
                round.removed.push((Arc::clone(&placed.user), doomed));
            }
        }
        batch.commit(Durability::Durable).await
    }

    fn finish(&self, round: Round) {
        for Placed { user, entry, number, tool, answer } in round.placed {
            let event = entry.id.clone();
            let mut state = user.state.lock();
            let position = Position { epoch: state.log.epoch(), after: entry.sequence };
            let anomalies = state.append(entry, (number, tool.as_deref()), &self.settings);
            drop(state);
            count(&self.counts.published);
            self.counts.anomalies(&anomalies);
            let _heard =
                answer.send(Ok(Published { position, event, duplicate: false, anomalies }));
        }
        for (published, answer) in round.repeated {
            let _heard = answer.send(Ok(published));
        }
    }

    fn refuse(&self, round: Round, error: &StoreError) {
        tracing::error!(%error, events = round.placed.len(), "events could not be kept");
        for (user, sequences) in round.removed {
            user.state.lock().doomed.extend(sequences);
        }
        let placed = round.placed.into_iter().map(|placed| placed.answer);
        for answer in placed.chain(round.repeated.into_iter().map(|(_, answer)| answer)) {
            count(&self.counts.refused);
            let _heard = answer.send(Err(PublishError::Store(error.clone())));
        }
    }
}
