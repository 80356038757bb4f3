//! What is kept for who is not there, and what comes of it.

use serde_json::{Map, Value};

use super::flush::Flush;
use super::mirror::{Mirror, USERS_MAX};
use super::queue::Waiting;
use crate::domain::{Addressed, Condition, ConnectionId, Event, Subject, Timestamp};

/// Frames in all queues.
const QUEUED_MAX: usize = 100_000;

impl Mirror {
    /// False when there is no queue.
    pub(super) fn queue_for(
        &mut self,
        user: &Subject,
        frame: &Map<String, Value>,
        event: &Event,
        now: Timestamp,
    ) -> bool {
        let Some(rules) = &self.profile.queue else { return false };
        let waiting = Waiting::new(frame, event.kind.as_str(), rules, now);
        self.enqueue(user, waiting);
        true
    }

    pub(super) fn enqueue(&mut self, user: &Subject, waiting: Waiting) {
        let Some(rules) = &self.profile.queue else { return };
        let new = !self.queues.contains_key(user) && self.queues.len() >= USERS_MAX;
        if new || self.queued >= QUEUED_MAX {
            self.counts.over_bounds += 1;
            return;
        }
        let queue = self.queues.entry(user.clone()).or_default();
        let before = queue.len();
        self.counts.overflowed += queue.push(waiting, rules);
        self.queued += queue.len() - before;
    }

    pub(super) fn begin_flush(
        &mut self,
        user: &Subject,
        connection: &ConnectionId,
        now: Timestamp,
    ) {
        let Some(rules) = &self.profile.queue else { return };
        let Some(queue) = self.queues.remove(user) else { return };
        self.queued -= queue.len();
        let (waiting, expired) = queue.into_outgoing(rules, now);
        self.counts.expired += expired;
        let flush = Flush::new(waiting, &self.profile.flush, now);
        if let Some((_, old)) = self.flushes.insert(connection.clone(), (user.clone(), flush)) {
            self.counts.cut_short += old.into_waiting().len() as u64;
        }
    }

    /// What has gone out of queues by now.
    pub(super) fn flushed(
        &mut self,
        concerns: &impl Fn(&Subject) -> bool,
        now: Timestamp,
    ) -> Vec<(Timestamp, Addressed)> {
        let mut out = Vec::new();
        for (connection, (user, mut flush)) in std::mem::take(&mut self.flushes) {
            if concerns(&user) {
                let socket = self.registered.socket(&connection);
                let condition = socket.map_or(Condition::Ready, |socket| socket.condition);
                let (gone, lost) = flush.advance(&self.profile.flush, condition, now);
                self.counts.cut_short += lost;
                for (at, text) in gone {
                    let mut frames = Vec::new();
                    self.hand_over(&connection, &text, &mut frames);
                    out.extend(frames.into_iter().map(|frame| (at, frame)));
                }
            }
            if !flush.is_over() {
                self.flushes.insert(connection, (user, flush));
            }
        }
        out
    }

    /// What waited on sockets that take something again.
    pub(super) fn unblocked(&mut self, user: Option<&Subject>, frames: &mut Vec<Addressed>) {
        for connection in self.registered.unblocked(user) {
            let Some(socket) = self.registered.socket(&connection) else { continue };
            for text in std::mem::take(&mut socket.waiting) {
                self.hand_over(&connection, &text, frames);
            }
        }
    }

    /// Who comes again is given the last frames once more.
    pub(super) fn repeat_past(&mut self, connection: &ConnectionId, frames: &mut Vec<Addressed>) {
        let past = self.registered.socket(connection).map(|socket| socket.client.past());
        for text in past.into_iter().flatten() {
            self.hand_over(connection, &text, frames);
        }
    }
}
