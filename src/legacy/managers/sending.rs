//! Live events.

use std::sync::Arc;

use serde_json::Value;

use super::mirror::Mirror;
use super::retry::Retry;
use super::rules::{Failed, Hung};
use super::{ManagerProfile, wire};
use crate::domain::{Addressed, Condition, ConnectionId, Event, Timestamp};

/// Frames that wait on one socket.
const WAITING_MAX: usize = 1_000;

/// How writing to a socket went.
pub(super) enum Wrote {
    /// Went out.
    Done,
    /// Went out, and seems not to have.
    Seemingly,
    /// Waits on the socket.
    Waits,
    /// Did not go out.
    Failed,
}

impl Mirror {
    pub(super) fn send(
        &mut self,
        event: &Event,
        now: Timestamp,
        frames: &mut Vec<Addressed>,
    ) -> Option<()> {
        let types = &self.profile.types;
        if types.swallow(&event.kind) || (types.needs_run && event.run.is_none()) {
            self.counts.swallowed += 1;
            return Some(());
        }
        let (user, mut targets) = self.registered.targets(&self.profile, event);
        let ManagerProfile { shape, names_events, .. } = self.profile;
        let mut frame = wire::frame(event, shape, types.name(&event.kind), names_events, now)?;
        self.profile.rewrites.apply(&mut frame, &user);
        targets.retain(|connection| !self.forget_stale(connection, now));
        if targets.is_empty() {
            if !self.queue_for(&event.user, &frame, event, now) {
                self.counts.unregistered += 1;
            }
            return Some(());
        }
        let mut hung = |connection: &ConnectionId| {
            let socket = self.registered.socket(connection);
            socket.is_some_and(|socket| socket.condition == Condition::Hung)
        };
        if self.profile.hung == Hung::BlocksUser && targets.iter().any(&mut hung) {
            self.counts.blocked += 1;
            return Some(());
        }
        let text: Arc<str> = Value::Object(frame.clone()).to_string().into();
        let mut failed = 0;
        for connection in &targets {
            match self.write(connection, &text, now, frames) {
                Wrote::Done | Wrote::Waits => {}
                Wrote::Seemingly => {
                    self.try_again(Retry::first(&user, connection, &text, true), now);
                }
                Wrote::Failed if self.profile.retry.is_some() => {
                    self.try_again(Retry::first(&user, connection, &text, false), now);
                }
                Wrote::Failed => failed += 1,
            }
        }
        let rule = match failed {
            0 => return Some(()),
            _ if failed == targets.len() => self.profile.all_failed,
            _ => self.profile.partial_failure,
        };
        let queued = rule == Failed::Queued && self.queue_for(&event.user, &frame, event, now);
        self.counts.failed += if queued { 0 } else { failed as u64 };
        Some(())
    }

    /// One attempt. A broken socket is forgotten, unless it is tried again.
    pub(super) fn write(
        &mut self,
        connection: &ConnectionId,
        text: &Arc<str>,
        now: Timestamp,
        frames: &mut Vec<Addressed>,
    ) -> Wrote {
        let retries = self.profile.retry.is_some();
        let Some(socket) = self.registered.socket(connection) else { return Wrote::Failed };
        let takes = matches!(socket.condition, Condition::Ready | Condition::Slow);
        if self.profile.hung == Hung::Waits && !(takes && socket.waiting.is_empty()) {
            if socket.waiting.len() == WAITING_MAX {
                self.counts.over_bounds += 1;
                return Wrote::Failed;
            }
            socket.waiting.push_back(Arc::clone(text));
            return Wrote::Waits;
        }
        match socket.condition {
            Condition::Hung => return Wrote::Failed,
            Condition::Broken => {
                if !retries {
                    self.registered.leave(connection);
                }
                return Wrote::Failed;
            }
            Condition::Ready | Condition::Slow => {}
        }
        let slow = socket.condition == Condition::Slow;
        socket.busy_at = now;
        self.hand_over(connection, text, frames);
        if slow && retries { Wrote::Seemingly } else { Wrote::Done }
    }

    /// The client gets a frame, and may not look at it.
    pub(super) fn hand_over(
        &mut self,
        connection: &ConnectionId,
        text: &Arc<str>,
        frames: &mut Vec<Addressed>,
    ) {
        self.counts.frames += 1;
        if let Some(socket) = self.registered.socket(connection)
            && !socket.client.take(text, &self.profile.client)
        {
            self.counts.not_looked_at += 1;
            return;
        }
        frames.push(Addressed { connection: connection.clone(), text: Arc::clone(text) });
    }

    fn forget_stale(&mut self, connection: &ConnectionId, now: Timestamp) -> bool {
        let stale = self.registered.is_stale(&self.profile, connection, now);
        if stale {
            self.registered.leave(connection);
            self.counts.stale += 1;
        }
        stale
    }
}
