//! The manager itself, as a state that is told what happens and when.

use std::collections::{BTreeMap, HashMap};

use super::flush::Flush;
use super::queue::{Queue, Waiting};
use super::registry::Registered;
use super::retry::Retry;
use super::rules::{Hung, Report};
use super::{ManagerCounts, ManagerProfile};
use crate::domain::{
    Addressed, ConnectionId, Delivery, Event, Listening, Standing, Subject, Timestamp,
};

/// Users who have a queue, or a client that has left.
pub(super) const USERS_MAX: usize = 10_000;

/// The manager itself.
#[derive(Debug)]
pub(super) struct Mirror {
    pub(super) profile: ManagerProfile,
    pub(super) registered: Registered,
    pub(super) queues: HashMap<Subject, Queue>,
    pub(super) queued: usize,
    pub(super) flushes: BTreeMap<ConnectionId, (Subject, Flush)>,
    /// By when they are due, and a number.
    pub(super) retries: BTreeMap<(Timestamp, u64), Retry>,
    pub(super) next: u64,
    pub(super) counts: ManagerCounts,
}

impl Mirror {
    pub fn new(profile: ManagerProfile) -> Self {
        Self {
            profile,
            registered: Registered::default(),
            queues: HashMap::new(),
            queued: 0,
            flushes: BTreeMap::new(),
            retries: BTreeMap::new(),
            next: 0,
            counts: ManagerCounts::default(),
        }
    }

    pub const fn counts(&self) -> ManagerCounts {
        self.counts
    }

    pub fn connected(
        &mut self,
        user: &Subject,
        connection: &ConnectionId,
        now: Timestamp,
    ) -> Delivery {
        let replaces = self.profile.owner_checked && self.registered.is_foreign(user, connection);
        if replaces {
            self.disconnected(connection, now);
        }
        let again = self.registered.of_user(user).contains(connection);
        let mut frames = Vec::new();
        let standing = match self.registered.enter(&self.profile, user, connection, now) {
            Standing::Refused => {
                self.counts.refused += 1;
                Standing::Refused
            }
            standing @ (Standing::Connected | Standing::Replaced | Standing::Unknown) => {
                if !again {
                    self.repeat_past(connection, &mut frames);
                }
                self.begin_flush(user, connection, now);
                frames.extend(self.due(Some(user), now));
                if replaces { Standing::Replaced } else { standing }
            }
        };
        Delivery { connection: Some(standing), frames, sequence: None }
    }

    /// What waits for the connection waits for its user, where there is a queue.
    pub fn disconnected(&mut self, connection: &ConnectionId, now: Timestamp) {
        if let Some((_, flush)) = self.flushes.remove(connection) {
            self.counts.ended += flush.into_waiting().len() as u64;
        }
        let before = self.retries.len();
        self.retries.retain(|_, retry| retry.connection != *connection);
        self.counts.ended += (before - self.retries.len()) as u64;
        let Some(socket) = self.registered.leave(connection) else { return };
        let keeps = self.profile.hung == Hung::Waits && self.profile.queue.is_some();
        for text in socket.waiting {
            match socket.owners.first().filter(|_| keeps) {
                Some(owner) => self.enqueue(&owner.clone(), Waiting::again(text, now)),
                None => self.counts.ended += 1,
            }
        }
    }

    /// `None` when the manager cannot read the event.
    pub fn deliver(
        &mut self,
        event: &Event,
        audience: &[Listening],
        now: Timestamp,
    ) -> Option<Delivery> {
        self.registered.note(audience);
        let mut frames = self.due(Some(&event.user), now);
        let before = self.counts.frames;
        self.send(event, now, &mut frames)?;
        match self.profile.reports {
            Report::Truth => {}
            Report::Nothing => self.counts.silent += 1,
            Report::AlwaysSent => {
                self.counts.overstated += u64::from(before == self.counts.frames);
            }
        }
        Some(Delivery { connection: None, frames, sequence: None })
    }

    /// What has become due, for one user or for all.
    pub fn due(&mut self, user: Option<&Subject>, now: Timestamp) -> Vec<Addressed> {
        let concerns = |owner: &Subject| user.is_none_or(|user| user == owner);
        let mut frames = self.flushed(&concerns, now);
        frames.extend(self.retried(&concerns, now));
        frames.sort_by_key(|(at, _)| *at);
        let mut frames: Vec<Addressed> = frames.into_iter().map(|(_, frame)| frame).collect();
        if self.profile.hung == Hung::Waits {
            self.unblocked(user, &mut frames);
        }
        frames
    }
}
