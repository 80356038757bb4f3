//! What must be done from time to time: end what has run out, forget what is old.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use super::journal::RowPrefix;
use super::manager::{Manager, Shared};
use super::user::User;
use crate::domain::{Sequence, Timestamp};
use crate::store::{Durability, StoreError};

/// A log that nobody needs stays in memory for this long.
const UNUSED_KEPT: Duration = Duration::from_mins(1);

/// Rows on the disk that one round looks at.
const LOOKED_MAX: usize = 4_000;

/// Looks of one round, while much is old.
const LOOKS_MAX: usize = 10;

/// Users that are looked at before others get their turn.
const USERS_AT_ONCE: usize = 500;

/// Rows that one round removes of the logs in memory.
const DOOMED_MAX: usize = 2_000;

/// How far the look over the disk has come.
#[derive(Default)]
pub(super) struct Sweep(Mutex<Looking>);

#[derive(Default)]
struct Looking {
    from: String,
    /// The last row that was looked at: only what comes next tells whether it is a user's last.
    before: Option<(RowPrefix, Sequence, Timestamp)>,
}

impl Manager {
    /// Ends connections whose tokens have run out and those that are silent. Looks at everybody;
    /// twice a second is often enough.
    pub fn end_overdue(&self) {
        let shared = self.shared();
        let now = shared.clock.now();
        let silent_since = now.minus(shared.settings.idle_timeout);
        for seat in shared.registry.seats() {
            if let Some(reason) = seat.ends(now, silent_since) {
                seat.close(reason);
            }
        }
    }

    /// Forgets what is older than the retention, in memory and, a part at a time, on the disk.
    /// Once a second is often enough.
    pub async fn forget_old(&self) -> Result<(), StoreError> {
        let shared = self.shared();
        let now = shared.clock.now();
        let oldest = now.minus(shared.settings.retained_for);
        let unused_since = now.minus(UNUSED_KEPT);
        let users = shared.registry.users();
        let removed = shared.remove_doomed(&users, oldest).await;
        for (place, user) in users.into_iter().enumerate() {
            shared.registry.put_away(user, unused_since, now);
            if place % USERS_AT_ONCE == 0 {
                tokio::task::yield_now().await;
            }
        }
        removed?;
        for _ in 0..LOOKS_MAX {
            // As long as much is old, it goes on.
            if shared.sweep(now, oldest).await? < LOOKED_MAX / 2 {
                break;
            }
        }
        Ok(())
    }
}

impl Shared {
    /// Forgets what is old in memory, and removes its rows: all in one batch.
    async fn remove_doomed(
        &self,
        users: &[Arc<User>],
        oldest: Timestamp,
    ) -> Result<(), StoreError> {
        let (mut batch, mut taken) = (self.journal.batch(), Vec::new());
        for (place, user) in users.iter().enumerate() {
            if place % USERS_AT_ONCE == 0 {
                tokio::task::yield_now().await;
            }
            let doomed = {
                let mut state = user.state.lock();
                state.trim(&self.settings, oldest);
                let room = (DOOMED_MAX - batch.len()).min(state.doomed.len());
                state.doomed.drain(..room).collect::<Vec<_>>()
            };
            for sequence in &doomed {
                self.journal.remove(&mut batch, &user.rows, *sequence)?;
            }
            if !doomed.is_empty() {
                taken.push((user, doomed));
            }
        }
        let removed = batch.commit(Durability::Relaxed).await;
        if removed.is_err() {
            for (user, doomed) in taken {
                user.state.lock().doomed.extend(doomed);
            }
        }
        removed
    }

    /// Looks at the next rows on the disk. Old rows go, but for the last of each user; that one
    /// goes, too, when the user is forgotten.
    async fn sweep(&self, now: Timestamp, oldest: Timestamp) -> Result<usize, StoreError> {
        let from = self.sweep.0.lock().from.clone();
        let journal = Arc::clone(&self.journal);
        let looked = tokio::task::spawn_blocking(move || journal.look(&from, LOOKED_MAX)).await;
        let looked = looked.unwrap_or(Err(StoreError::Closed))?;
        let forgotten_before = now.minus(self.settings.forgotten_after);
        let mut before = self.sweep.0.lock().before.take();
        let (mut old, mut forgotten, mut begins) = (Vec::new(), Vec::new(), false);
        let in_memory = self.in_memory();
        let at_end = looked.next.is_none();
        let rows = looked.rows.into_iter().map(Some).chain(at_end.then_some(None));
        for row in rows {
            if let Some((prefix, sequence, at)) = before.take() {
                let is_last = row.as_ref().is_none_or(|(next, _, _)| *next != prefix);
                if !is_last && at < oldest {
                    old.push((prefix, sequence));
                } else if is_last && at < forgotten_before && !in_memory.contains(&prefix) {
                    begins |= self.journal.may_be_of_this_epoch(at);
                    forgotten.push((prefix, sequence));
                }
            }
            before = row;
        }
        *self.sweep.0.lock() = Looking { from: looked.next.unwrap_or_default(), before };
        if begins {
            // First: a log that begins again must not look like the one that was.
            self.journal.begin_epoch(now).await?;
        }
        let removed = old.len() + forgotten.len();
        let mut batch = self.journal.batch();
        for (prefix, sequence) in old.into_iter().chain(forgotten) {
            self.journal.remove(&mut batch, &prefix, sequence)?;
        }
        batch.commit(Durability::Relaxed).await?;
        Ok(removed)
    }

    fn in_memory(&self) -> HashSet<RowPrefix> {
        self.registry.users().iter().map(|user| user.rows.clone()).collect()
    }
}
