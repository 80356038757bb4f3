//! Frames that are tried again.

use std::sync::Arc;
use std::time::Duration;

use super::mirror::Mirror;
use super::sending::Wrote;
use crate::domain::{Addressed, ConnectionId, Subject, Timestamp};

/// Frames that wait for a retry.
const RETRIES_MAX: usize = 10_000;

/// A frame that is tried again.
#[derive(Debug)]
pub(super) struct Retry {
    pub user: Subject,
    pub connection: ConnectionId,
    text: Arc<str>,
    tried: u32,
    /// True when it has gone out, although that was not seen.
    written: bool,
}

impl Retry {
    /// Behind the first try.
    pub fn first(
        user: &Subject,
        connection: &ConnectionId,
        text: &Arc<str>,
        written: bool,
    ) -> Self {
        let (user, connection, text) = (user.clone(), connection.clone(), Arc::clone(text));
        Self { user, connection, text, tried: 1, written }
    }
}

impl Mirror {
    pub(super) fn try_again(&mut self, retry: Retry, now: Timestamp) {
        let Some(rules) = self.profile.retry.as_ref() else { return };
        if retry.tried >= rules.tries || self.retries.len() >= RETRIES_MAX {
            self.counts.over_bounds += u64::from(retry.tried < rules.tries);
            self.counts.failed += u64::from(!retry.written);
            return;
        }
        let pause = Duration::from_millis(rules.pause_ms(retry.tried));
        self.next += 1;
        self.retries.insert((now.plus(pause), self.next), retry);
    }

    /// The tries that are due.
    pub(super) fn retried(
        &mut self,
        concerns: &impl Fn(&Subject) -> bool,
        now: Timestamp,
    ) -> Vec<(Timestamp, Addressed)> {
        let mut out = Vec::new();
        while let Some(key) = self.first_due(concerns, now)
            && let Some(retry) = self.retries.remove(&key)
        {
            let (mut frames, at) = (Vec::new(), key.0);
            let Retry { user, connection, text, tried, written } = retry;
            let wrote = self.write(&connection, &text, at, &mut frames);
            let (again, written) = match wrote {
                Wrote::Done | Wrote::Waits => (false, true),
                Wrote::Seemingly => (true, true),
                Wrote::Failed => (true, written),
            };
            self.counts.retried += frames.len() as u64;
            out.extend(frames.into_iter().map(|frame| (at, frame)));
            if again {
                self.try_again(Retry { user, connection, text, tried: tried + 1, written }, at);
            }
        }
        out
    }

    fn first_due(
        &self,
        concerns: &impl Fn(&Subject) -> bool,
        now: Timestamp,
    ) -> Option<(Timestamp, u64)> {
        let mut due = self.retries.range(..=(now, u64::MAX));
        due.find(|(_, retry)| concerns(&retry.user)).map(|(key, _)| *key)
    }
}
